//! `/v1/orders`.

use actix_web::{HttpResponse, web};
use contracts::Amount;
use contracts::problem::Document;
use serde::{Deserialize, Serialize};
use service::Problem;
use service::extract::{Json, Query, Uid};
use service::id::canonical;
use service::idempotent::{IdempotencyKey, respond};
use service::page::{Page, Wanted, moment, or_missing};
use service::problem::Kind;
use service::viewer::Viewer;
use utoipa::{IntoParams, ToSchema};

use super::state::State;
use crate::domain::order::{self, NewOrder, description_fault};
use crate::flows;
use crate::store::orders::{self, Filter};

/// An order to place.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// UUID of the user who pays; a user's key may leave it out.
    user: Option<String>,
    /// How much, more than zero, in the user's currency.
    amount: Amount,
    /// What for: one line of text.
    #[schema(min_length = 1, max_length = 200, example = "A book")]
    description: String,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Order {
    /// UUIDv7; that of its invoice, too.
    id: String,
    /// Who pays.
    user: String,
    /// How much.
    amount: Amount,
    /// What for.
    description: String,
    /// `PLACED`, `CANCELLING`, `CONFIRMED` (paid), `REJECTED` or `CANCELLED` (not charged).
    state: &'static str,
    /// Why it was not charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// RFC 3339.
    placed_at: String,
    /// When it came to stand there, RFC 3339.
    changed_at: String,
}

fn show(order: &order::Order) -> Order {
    Order {
        id: order.id.clone(),
        user: order.is.user.clone(),
        amount: Amount(order.is.amount),
        description: order.is.description.clone(),
        state: order.state.as_str(),
        reason: order.reason.clone(),
        placed_at: moment(order.placed_at),
        changed_at: moment(order.changed_at),
    }
}

fn json(order: &order::Order) -> String {
    serde_json::to_string(&show(order)).unwrap_or_default()
}

/// Place an order. It is charged once, to the user's balance, in the background.
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders", request_body = PlaceOrder,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same answer.")),
    responses(
        (status = 201, body = Order),
        (status = 400, body = Document, content_type = "application/problem+json", description = "Not JSON."),
        (status = 403, body = Document, content_type = "application/problem+json", description = "A user's key names another user."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "Names the field."),
    ),
)]
pub async fn place_order(
    state: web::Data<State>,
    viewer: Viewer,
    key: IdempotencyKey,
    Json(body): Json<PlaceOrder>,
) -> Result<HttpResponse, Problem> {
    let (keyed, new) = (key.of(&body)?, checked(body, &viewer)?);
    let now = state.clock.now();
    let (db, counts) = (&state.db, &state.counts);
    let outcome = flows::place_order::place_order(db, new, keyed, now, json, counts).await?;
    state.wake.notify_one();
    respond(outcome, |never| match never {})
}

fn checked(body: PlaceOrder, viewer: &Viewer) -> Result<NewOrder, Problem> {
    let user = payer(body.user.as_deref(), viewer)?;
    if body.amount.0.minor <= 0 {
        return Err(Problem::field(Kind::Invalid, "amount.value", "give more than zero"));
    }
    if let Some(fault) = description_fault(&body.description) {
        return Err(Problem::field(Kind::Invalid, "description", fault));
    }
    Ok(NewOrder { user, amount: body.amount.0, description: body.description })
}

/// Who pays: whom a team names, or whose key it is.
fn payer(named: Option<&str>, viewer: &Viewer) -> Result<String, Problem> {
    let user = named.or(viewer.user());
    let user = user.and_then(canonical).ok_or_else(|| {
        Problem::field(Kind::Invalid, "user", "give the UUID that the user got when it registered")
    })?;
    if viewer.user().is_some_and(|own| own != user) {
        return Err(Problem::field(Kind::Forbidden, "user", "a user's key places orders of that user only"));
    }
    Ok(user)
}

/// Which orders to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrdersQuery {
    /// Only those of this user.
    user: Option<String>,
    /// Only those in this state.
    #[param(pattern = "^(PLACED|CANCELLING|CONFIRMED|REJECTED|CANCELLED)$")]
    state: Option<String>,
    /// `next_cursor` of the page before; from the beginning when not given.
    cursor: Option<String>,
    /// 1 to 1,000 items; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// List orders in the order in which they were placed. A user's key lists its own.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", params(OrdersQuery), responses((status = 200, body = Page<Order>)))]
pub async fn list_orders(
    state: web::Data<State>,
    viewer: Viewer,
    Query(query): Query<OrdersQuery>,
) -> Result<web::Json<Page<Order>>, Problem> {
    let wanted = Wanted::read(query.cursor.as_deref(), query.limit)?;
    let known = |name: &String| {
        order::State::parse(name)
            .ok_or_else(|| Problem::field(Kind::Malformed, "state", "there is no such state"))
    };
    let standing = query.state.as_ref().map(known).transpose()?;
    let Some(user) = viewer.narrowed(query.user) else {
        return Ok(web::Json(wanted.page(Vec::new(), |order: &order::Order| &order.id, show)));
    };
    let filter = Filter { user, state: standing };
    let (after, rows) = (wanted.after.clone(), wanted.rows());
    let rows = state.db.read(move |conn| orders::page(conn, &filter, &after, rows)).await?;
    Ok(web::Json(wanted.page(rows, |order| &order.id, show)))
}

/// Get an order.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders", params(("id" = String, Path, description = "UUID.")),
    responses((status = 200, body = Order), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn get_order(
    state: web::Data<State>,
    viewer: Viewer,
    Uid(id): Uid,
) -> Result<web::Json<Order>, Problem> {
    let found = state.db.read(move |conn| orders::get(conn, viewer.user(), &id)).await;
    found.map(|order| web::Json(show(&order))).map_err(|e| or_missing(e, "order"))
}

/// Ask for an order's cancellation. Where the money was taken first, the order is confirmed all the same.
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "orders", params(("id" = String, Path, description = "UUID.")),
    responses(
        (status = 200, body = Order, description = "Asked for, now or before, or cancelled already."),
        (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It is confirmed or rejected."),
    ),
)]
pub async fn cancel_order(
    state: web::Data<State>,
    viewer: Viewer,
    Uid(id): Uid,
) -> Result<web::Json<Order>, Problem> {
    let (user, now) = (viewer.user().map(str::to_owned), state.clock.now());
    let done = flows::cancel_order::cancel_order(&state.db, user, id, now, &state.counts).await;
    state.wake.notify_one();
    match done.map_err(|e| or_missing(e, "order"))? {
        Ok(order) => Ok(web::Json(show(&order))),
        Err(decided) => Err(Problem::because(Kind::Conflict, format!("the order is {}", decided.as_str()))),
    }
}

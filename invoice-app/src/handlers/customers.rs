//! `/v1/customers`.

use actix_web::{HttpResponse, web};
use contracts::Currency;
use contracts::charge::Method;
use contracts::problem::Document;
use gate::token::Subject;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use service::Problem;
use service::extract::{Id, Json, Query};
use service::idempotent::{IdempotencyKey, respond};
use service::problem::Kind;
use service::viewer::Viewer;
use utoipa::{IntoParams, ToSchema};

use super::page::{Page, PageQuery, moment, or_missing, page};
use super::state::State;
use crate::domain::customer::{self, NewCustomer};
use crate::flows;
use crate::store::customers;

/// A customer to create.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCustomer {
    /// ISO 4217 code of what the customer pays in.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Currency,
    /// How the customer pays; `card` when not given.
    method: Option<Method>,
    /// IANA time zone of the customer's days; `UTC` when not given.
    #[schema(example = "Europe/Copenhagen")]
    time_zone: Option<String>,
    /// The user whose it is, who may see it with an API key of `user:ID`: 1 to 64 of a-z 0-9 . _ -
    #[schema(max_length = 64, pattern = "^[a-z0-9._-]+$")]
    user: Option<String>,
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Customer {
    /// Number, also in URLs.
    id: i64,
    /// UUIDv7.
    uid: String,
    /// ISO 4217 code of what the customer pays in.
    #[schema(value_type = String)]
    currency: Currency,
    /// How the customer pays.
    method: Method,
    /// IANA time zone of the customer's days.
    time_zone: String,
    /// RFC 3339.
    created_at: String,
    /// The user whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
}

fn show(customer: &customer::Customer) -> Customer {
    Customer {
        id: customer.id,
        uid: customer.uid.clone(),
        currency: customer.currency,
        method: customer.method,
        time_zone: customer.time_zone.clone(),
        created_at: moment(customer.created_at),
        user: customer.user.clone(),
    }
}

fn json(customer: &customer::Customer) -> String {
    serde_json::to_string(&show(customer)).unwrap_or_default()
}

/// Create a customer.
#[utoipa::path(
    post, path = "/v1/customers", tag = "customers", request_body = CreateCustomer,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same answer.")),
    responses(
        (status = 201, body = Customer),
        (status = 400, body = Document, content_type = "application/problem+json", description = "Not JSON."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "Names the field."),
    ),
)]
pub async fn create_customer(
    state: web::Data<State>,
    key: IdempotencyKey,
    Json(body): Json<CreateCustomer>,
) -> Result<HttpResponse, Problem> {
    let keyed = key.of(&body)?;
    let time_zone = body.time_zone.unwrap_or_else(|| "UTC".into());
    if TimeZone::get(&time_zone).is_err() {
        let message = "give an IANA time zone such as Europe/Copenhagen";
        return Err(Problem::field(Kind::Invalid, "time_zone", message));
    }
    let user = body.user.map(|user| known_user(&user)).transpose()?;
    let method = body.method.unwrap_or(Method::Card);
    let new = NewCustomer { currency: body.currency, method, time_zone, user };
    let now = state.clock.now();
    let outcome = flows::create_customer::create_customer(&state.db, new, keyed, now, json).await?;
    respond(outcome, |never| match never {})
}

/// A user's id, as API keys can name it.
fn known_user(user: &str) -> Result<String, Problem> {
    match format!("user:{user}").parse() {
        Ok(Subject::User(id)) => Ok(id),
        Ok(Subject::Team(_)) | Err(_) => {
            Err(Problem::field(Kind::Invalid, "user", "give 1 to 64 of a-z 0-9 . _ -"))
        }
    }
}

/// Which customers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomersQuery {
    /// Only those of this user.
    user: Option<String>,
    /// `next_cursor` of the page before; from the beginning when not given.
    cursor: Option<String>,
    /// 1 to 1,000 items; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// List customers. A user's key lists its own.
#[utoipa::path(get, path = "/v1/customers", tag = "customers", params(CustomersQuery), responses((status = 200, body = Page<Customer>)))]
pub async fn list_customers(
    state: web::Data<State>,
    viewer: Viewer,
    Query(query): Query<CustomersQuery>,
) -> Result<web::Json<Page<Customer>>, Problem> {
    let (after, limit) = PageQuery { cursor: query.cursor, limit: query.limit }.bounds()?;
    if viewer.user().is_some() && query.user.is_some() && viewer.user() != query.user.as_deref() {
        return Ok(web::Json(page(Vec::new(), limit, |customer: &customer::Customer| customer.id, show)));
    }
    let user = viewer.user().map(str::to_owned).or(query.user);
    let rows = state.db.read(move |conn| customers::page(conn, user.as_deref(), after, limit + 1)).await?;
    Ok(web::Json(page(rows, limit, |customer| customer.id, show)))
}

/// Get a customer.
#[utoipa::path(
    get, path = "/v1/customers/{id}", tag = "customers", params(("id" = i64, Path)),
    responses((status = 200, body = Customer), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn get_customer(
    state: web::Data<State>,
    viewer: Viewer,
    Id(id): Id,
) -> Result<web::Json<Customer>, Problem> {
    let found = state.db.read(move |conn| customers::get_of(conn, viewer.user(), id)).await;
    found.map(|customer| web::Json(show(&customer))).map_err(|e| or_missing(e, "customer"))
}

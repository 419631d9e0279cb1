//! `/v1/users`.

use actix_web::{HttpResponse, web};
use contracts::problem::{Document, FieldError};
use contracts::{Currency, Locale};
use db::idempotency::Outcome;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use service::Problem;
use service::extract::{Json, Query, Uid};
use service::idempotent::{IdempotencyKey, respond};
use service::page::{Page, Wanted, moment, or_missing};
use service::problem::Kind;
use service::viewer::Viewer;
use utoipa::{IntoParams, ToSchema};

use super::state::State;
use crate::domain::user::{self, NewUser, email_fault, name_fault};
use crate::flows;
use crate::store::users;

/// A user to register.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterUser {
    /// How it wants to be called: one line of text.
    #[schema(min_length = 1, max_length = 200, example = "Ada Lovelace")]
    name: String,
    /// Where it is written to.
    #[schema(max_length = 254, format = Email, example = "ada@example.org")]
    email: String,
    /// ISO 4217 code of what it pays in.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Currency,
    /// Language in which it is written to; `en` when not given.
    #[schema(value_type = Option<String>, pattern = "^(en|de|fr)$")]
    locale: Option<Locale>,
    /// IANA time zone of its days; `UTC` when not given.
    #[schema(example = "Europe/Copenhagen")]
    time_zone: Option<String>,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// UUIDv7: the same in all services, and in the `sub` of its API keys (`user:ID`).
    id: String,
    /// How it wants to be called.
    name: String,
    /// Where it is written to.
    email: String,
    /// ISO 4217 code of what it pays in.
    #[schema(value_type = String)]
    currency: Currency,
    /// Language in which it is written to.
    #[schema(value_type = String)]
    locale: Locale,
    /// IANA time zone of its days.
    time_zone: String,
    /// RFC 3339.
    registered_at: String,
}

fn show(user: &user::User) -> User {
    User {
        id: user.id.clone(),
        name: user.is.name.clone(),
        email: user.is.email.clone(),
        currency: user.is.currency,
        locale: user.is.locale,
        time_zone: user.is.time_zone.clone(),
        registered_at: moment(user.registered_at),
    }
}

fn json(user: &user::User) -> String {
    serde_json::to_string(&show(user)).unwrap_or_default()
}

/// Register a user. It gets a customer account with a wallet shortly after.
#[utoipa::path(
    post, path = "/v1/users", tag = "users", request_body = RegisterUser,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same answer.")),
    responses(
        (status = 201, body = User),
        (status = 400, body = Document, content_type = "application/problem+json", description = "Not JSON."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "Names the fields."),
    ),
)]
pub async fn register_user(
    state: web::Data<State>,
    key: IdempotencyKey,
    Json(body): Json<RegisterUser>,
) -> Result<HttpResponse, Problem> {
    let (keyed, new) = (key.of(&body)?, checked(body)?);
    let now = state.clock.now();
    let outcome = flows::register_user::register_user(&state.db, new, keyed, now, json).await?;
    state.wake.notify_one();
    if matches!(outcome, Outcome::Done(_)) {
        state.registered.inc();
    }
    respond(outcome, |never| match never {})
}

fn checked(body: RegisterUser) -> Result<NewUser, Problem> {
    let time_zone = body.time_zone.unwrap_or_else(|| "UTC".into());
    let zone = TimeZone::get(&time_zone).is_err();
    let zone = zone.then(|| "give an IANA time zone such as Europe/Copenhagen".to_owned());
    let faults = [("name", name_fault(&body.name)), ("email", email_fault(&body.email)), ("time_zone", zone)];
    let error = |(field, fault): (&str, Option<String>)| {
        fault.map(|message| FieldError { field: field.to_owned(), message })
    };
    let errors: Vec<FieldError> = faults.into_iter().filter_map(error).collect();
    if !errors.is_empty() {
        return Err(Problem::fields(Kind::Invalid, errors));
    }
    let RegisterUser { name, email, currency, locale, .. } = body;
    Ok(NewUser { name, email, currency, locale: locale.unwrap_or_default(), time_zone })
}

/// Which users to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// `next_cursor` of the page before; from the beginning when not given.
    cursor: Option<String>,
    /// 1 to 1,000 items; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// List users in the order in which they registered. A user's key lists that user alone.
#[utoipa::path(get, path = "/v1/users", tag = "users", params(UsersQuery), responses((status = 200, body = Page<User>)))]
pub async fn list_users(
    state: web::Data<State>,
    viewer: Viewer,
    Query(query): Query<UsersQuery>,
) -> Result<web::Json<Page<User>>, Problem> {
    let wanted = Wanted::read(query.cursor.as_deref(), query.limit)?;
    let (after, rows) = (wanted.after.clone(), wanted.rows());
    let rows = state.db.read(move |conn| users::page(conn, viewer.user(), &after, rows)).await?;
    Ok(web::Json(wanted.page(rows, |user| &user.id, show)))
}

/// Get a user.
#[utoipa::path(
    get, path = "/v1/users/{id}", tag = "users", params(("id" = String, Path, description = "UUID.")),
    responses((status = 200, body = User), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn get_user(
    state: web::Data<State>,
    viewer: Viewer,
    Uid(id): Uid,
) -> Result<web::Json<User>, Problem> {
    let found = state.db.read(move |conn| users::get(conn, viewer.user(), &id)).await;
    found.map(|user| web::Json(show(&user))).map_err(|e| or_missing(e, "user"))
}

//! What was captured: listed and added up, for reconciliation.

use actix_web::web;
use contracts::capture::{Captures, Totals};
use contracts::problem::Document;
use serde::Deserialize;
use service::Problem;
use service::extract::Query;
use utoipa::IntoParams;

use super::page::{after, cursor, cut, limit};
use super::state::State;
use crate::store::captures;

/// Which captures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CapturesQuery {
    /// Taken at or after this moment, microseconds since 1970 UTC; from the beginning when not given.
    #[serde(default)]
    captured_from: i64,
    /// Taken before this moment; to the end when not given.
    captured_to: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 1,000 items; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// List captures in the order in which they were taken.
#[utoipa::path(
    get, path = "/pp/rest/v1/charges", tag = "captures", params(CapturesQuery),
    responses((status = 200, body = Captures), (status = 400, body = Document, content_type = "application/problem+json", description = "Names the parameter.")),
)]
pub async fn list_captures(
    state: web::Data<State>,
    Query(query): Query<CapturesQuery>,
) -> Result<web::Json<Captures>, Problem> {
    let after = after(query.cursor.as_deref(), query.captured_from)?;
    let (before, limit) = (query.captured_to.unwrap_or(i64::MAX), limit(query.limit)?);
    let rows = state.db.read(move |conn| captures::page(conn, after, before, limit + 1)).await?;
    let (items, next_cursor) = cut(rows, limit, |last| cursor(last.captured_at, &last.invoice));
    Ok(web::Json(Captures { items, next_cursor }))
}

/// Which window.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TotalsQuery {
    /// From this moment on, microseconds since 1970 UTC.
    from: i64,
    /// Until before this moment.
    to: i64,
}

/// Add up what was captured in a window of time.
#[utoipa::path(
    get, path = "/pp/rest/v1/totals", tag = "captures", params(TotalsQuery),
    responses((status = 200, body = Totals), (status = 400, body = Document, content_type = "application/problem+json", description = "Names the parameter.")),
)]
pub async fn totals(
    state: web::Data<State>,
    Query(query): Query<TotalsQuery>,
) -> Result<web::Json<Totals>, Problem> {
    let totals = state.db.read(move |conn| captures::totals(conn, query.from..query.to)).await?;
    Ok(web::Json(Totals { totals }))
}

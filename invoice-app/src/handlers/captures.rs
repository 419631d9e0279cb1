//! `/v1/captures`: what the payment provider says that it captured, to be held against the invoices.

use actix_web::web;
use contracts::capture::Capture;
use contracts::problem::Document;
use contracts::{Amount, Money};
use serde::Serialize;
use service::Problem;
use service::extract::Query;
use service::problem::Kind;
use utoipa::ToSchema;

use super::page::{Page, PageQuery, moment};
use super::state::State;
use crate::clients::provider::CallError;

/// Money that the payment provider took.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownCapture {
    /// UUID of the invoice.
    invoice: String,
    /// The key under which it was charged.
    key: String,
    /// How much.
    amount: Amount,
    /// RFC 3339, by the provider's clock.
    captured_at: String,
}

fn show(capture: Capture) -> ShownCapture {
    let Capture { invoice, key, amount, currency, captured_at } = capture;
    ShownCapture {
        invoice,
        key,
        amount: Amount(Money { minor: amount, currency }),
        captured_at: moment(captured_at),
    }
}

/// List what the payment provider captured, asked from it now, in the order in which it was captured.
#[utoipa::path(
    get, path = "/v1/captures", tag = "reconciliation", params(PageQuery),
    responses(
        (status = 200, body = Page<ShownCapture>),
        (status = 409, body = Document, content_type = "application/problem+json", description = "The payment provider is a legacy one, which lists nothing."),
        (status = 503, body = Document, content_type = "application/problem+json", description = "The payment provider does not answer."),
    ),
)]
pub async fn list_captures(
    state: web::Data<State>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<Page<ShownCapture>>, Problem> {
    let limit = query.length()?;
    must_list(&state)?;
    let page =
        state.provider.peer().captures(None, query.cursor.as_deref(), limit).await.map_err(no_answer)?;
    let items = page.items.into_iter().map(show).collect();
    Ok(web::Json(Page { items, next_cursor: page.next_cursor }))
}

/// Whether the question or the provider is to blame.
pub(super) fn no_answer(error: CallError) -> Problem {
    match error {
        CallError::Unreadable(_) => {
            Problem::field(Kind::Malformed, "cursor", "give the next_cursor of a page")
        }
        CallError::NotAttempted { why, .. } | CallError::Unknown(why) => {
            tracing::warn!(why, "the payment provider did not list its captures");
            Problem::because(Kind::Unavailable, "the payment provider does not answer; ask again")
        }
    }
}

/// A legacy provider cannot say what it captured.
pub(super) fn must_list(state: &State) -> Result<(), Problem> {
    if state.provider.peer().lists_captures() {
        return Ok(());
    }
    Err(Problem::because(Kind::Conflict, "the payment provider is a legacy one, which lists nothing"))
}

//! `/v1/reconciliation`: what the provider's books and ours do not agree on.

use actix_web::web;
use contracts::problem::Document;
use contracts::{Amount, Money};
use serde::Serialize;
use service::Problem;
use utoipa::ToSchema;

use super::captures::{must_list, no_answer};
use super::page::moment;
use super::state::State;
use crate::domain::difference;
use crate::flows::reconcile::{ReconcileError, reconcile};
use crate::store::reconciliation;

/// Most differences that are shown.
const MOST: i64 = 100;

/// How it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reconciliation {
    /// Everything that was captured before this was compared, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    reconciled_to: Option<String>,
    /// When it was compared for the last time, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<String>,
    /// The money of open differences, one per currency; none when all is well.
    unreconciled: Vec<Amount>,
    /// The open ones first, then the newest; at most 100.
    differences: Vec<Difference>,
}

/// One invoice on which the two sides do not, or did not, agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct Difference {
    /// UUID of the invoice.
    invoice: String,
    /// `captured_not_paid`, `amount_differs`, `unknown_invoice`, `captured_void`, `paid_not_captured` or
    /// `captured_twice`.
    kind: &'static str,
    /// What was captured; for `paid_not_captured`, what we hold to be paid.
    amount: Amount,
    /// RFC 3339.
    found_at: String,
    /// `open`: a person has to look. `repaired`: it is paid now. `parked`: it is not charged until somebody has looked.
    state: &'static str,
}

fn show(found: difference::Difference) -> Difference {
    Difference {
        kind: found.kind.as_str(),
        amount: Amount(found.amount),
        found_at: moment(found.found_at),
        state: found.standing.as_str(),
        invoice: found.invoice_uid,
    }
}

/// See what the provider's books and ours do not agree on.
#[utoipa::path(get, path = "/v1/reconciliation", tag = "reconciliation", responses((status = 200, body = Reconciliation)))]
pub async fn get_reconciliation(state: web::Data<State>) -> Result<web::Json<Reconciliation>, Problem> {
    let found = state.db.read(|conn| {
        let times = (reconciliation::reconciled_to(conn)?, reconciliation::checked_at(conn)?);
        Ok((times, reconciliation::unreconciled(conn)?, reconciliation::differences(conn, MOST)?))
    });
    let ((to, at), sums, differences) = found.await?;
    Ok(web::Json(Reconciliation {
        reconciled_to: to.map(moment),
        checked_at: at.map(moment),
        unreconciled: sums.into_iter().map(|(currency, minor)| Amount(Money { minor, currency })).collect(),
        differences: differences.into_iter().map(show).collect(),
    }))
}

/// Compare now, instead of at the next time that is planned.
#[utoipa::path(
    post, path = "/v1/reconciliation", tag = "reconciliation",
    responses(
        (status = 200, body = Reconciliation),
        (status = 409, body = Document, content_type = "application/problem+json", description = "The payment provider is a legacy one, which lists nothing."),
        (status = 503, body = Document, content_type = "application/problem+json", description = "The payment provider does not answer."),
    ),
)]
pub async fn reconcile_now(state: web::Data<State>) -> Result<web::Json<Reconciliation>, Problem> {
    must_list(&state)?;
    reconcile(&state.reconciling, state.clock.now()).await.map_err(|error| match error {
        ReconcileError::Store(error) => error.into(),
        ReconcileError::Provider(error) => no_answer(error),
    })?;
    get_reconciliation(state).await
}

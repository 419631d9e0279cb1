//! The batch charge API.

use std::collections::HashSet;

use actix_web::web;
use contracts::charge::{ChargeBatch, ChargeResults, MAX_ITEMS};
use contracts::problem::Document;
use prometheus::IntCounterVec;
use service::extract::Json;
use service::problem::Kind;
use service::{Clock, Problem};

use crate::domain::acquirer::Acquirer;
use crate::flows;

/// Largest batch in bytes: 1,000 items of full length.
const BATCH_LIMIT: usize = 1024 * 1024;

/// What the handlers work with.
pub struct State {
    /// Rows.
    pub db: db::Db,
    /// Time.
    pub clock: Clock,
    /// Who decides.
    pub acquirer: Acquirer,
    /// `provider_charges_total{verdict}`.
    pub charges: IntCounterVec,
}

/// Charge a batch: one verdict per item, in the order of the items, the same for ever under the same key.
#[utoipa::path(
    post, path = "/pp/rest/v1/charges", tag = "charges", request_body = ChargeBatch,
    responses(
        (status = 200, body = ChargeResults, description = "One result per item."),
        (status = 400, body = Document, content_type = "application/problem+json", description = "Not JSON."),
        (status = 401, body = Document, content_type = "application/problem+json", description = "No good identity or token."),
        (status = 403, body = Document, content_type = "application/problem+json", description = "Another workload."),
        (status = 413, body = Document, content_type = "application/problem+json", description = "Over 1 MiB."),
        (status = 415, body = Document, content_type = "application/problem+json", description = "Not application/json."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "The batch breaks a rule; nothing was done."),
        (status = 503, body = Document, content_type = "application/problem+json", description = "`busy`: nothing was done; `unavailable`: unknown, ask again with the same keys."),
    ),
)]
pub async fn charge_batch(
    state: web::Data<State>,
    Json(batch): Json<ChargeBatch, BATCH_LIMIT>,
) -> Result<web::Json<ChargeResults>, Problem> {
    check(&batch)?;
    let now = state.clock.now();
    let results =
        flows::charge_batch::charge_batch(&state.db, batch.items, || state.acquirer.decide(), now).await?;
    count(&state.charges, &results);
    Ok(web::Json(results))
}

fn check(batch: &ChargeBatch) -> Result<(), Problem> {
    let refuse = |message: String| Err(Problem::field(Kind::Invalid, "items", message));
    if batch.items.is_empty() || batch.items.len() > MAX_ITEMS {
        return refuse(format!("send 1 to {MAX_ITEMS} items"));
    }
    let mut keys = HashSet::new();
    match batch.items.iter().find(|item| !keys.insert(&item.key)) {
        Some(twice) => refuse(format!("the key {:?} stands twice in this batch", twice.key)),
        None => Ok(()),
    }
}

/// Counts verdicts that are new; a repeated answer moves no money.
pub fn count(counter: &IntCounterVec, results: &ChargeResults) {
    use contracts::charge::Verdict;
    for result in results.results.iter().filter(|result| !result.replayed) {
        let verdict = match result.verdict {
            Verdict::Captured => "captured",
            Verdict::Declined { .. } => "declined",
            Verdict::AlreadyCaptured { .. } => "already_captured",
            Verdict::Conflict { .. } => "conflict",
            Verdict::Invalid { .. } => "invalid",
        };
        counter.with_label_values(&[verdict]).inc();
    }
}

/// Health of the provider, for its one caller.
pub async fn health() -> &'static str {
    "ok"
}

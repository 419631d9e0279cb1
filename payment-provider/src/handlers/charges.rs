//! The batch charge API.

use std::collections::HashSet;

use actix_web::web;
use contracts::charge::{Charge, ChargeBatch, ChargeResult, ChargeResults, MAX_ITEMS};
use contracts::problem::Document;
use db::StoreError;
use service::Problem;
use service::extract::{Empty, Json};
use service::problem::Kind;

use super::state::State;
use crate::clients::acquirer::Unreachable;
use crate::domain::charge::{Stored, name_fault};
use crate::store::captures::ANTAEUS;
use crate::store::charges;

/// Largest batch in bytes: 1,000 items of full length.
pub const BATCH_LIMIT: usize = 1024 * 1024;

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
    let asked = state.acquirer.authorize(batch.items).await?;
    Ok(web::Json(state.charge(asked, ANTAEUS).await?))
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

impl From<Unreachable> for Problem {
    fn from(down: Unreachable) -> Self {
        Self::because(Kind::Busy, down.to_string())
    }
}

/// Ask what became of a charge.
#[utoipa::path(
    get, path = "/pp/rest/v1/charges/{key}", tag = "charges", params(("key" = String, Path, description = "Percent-encoded.")),
    responses((status = 200, body = Charge), (status = 404, body = Document, content_type = "application/problem+json", description = "Never heard of.")),
)]
pub async fn get_charge(
    state: web::Data<State>,
    key: web::Path<String>,
) -> Result<web::Json<Charge>, Problem> {
    let key = key.into_inner();
    let charge = state.db.read(move |conn| {
        let found = charges::find(conn, &[key.as_str()])?.remove(&key).ok_or(StoreError::NotFound)?;
        let result = found.replayed(key).ok_or(StoreError::NotFound)?;
        let item = match found.stored {
            Stored::Charge(decided, _) => Some(decided.item),
            Stored::Abandoned => None,
        };
        Ok(Charge { item, result, decided_at: found.decided_at })
    });
    Ok(web::Json(charge.await?))
}

/// Give up a key: charged before, it keeps its verdict; not charged before, it never will be.
#[utoipa::path(
    post, path = "/pp/rest/v1/charges/{key}/abandon", tag = "charges", params(("key" = String, Path, description = "Percent-encoded.")),
    responses(
        (status = 200, body = ChargeResult, description = "The verdict that the key has from now on."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "No key can look like this."),
    ),
)]
pub async fn abandon_charge(
    state: web::Data<State>,
    key: web::Path<String>,
    _: Empty,
) -> Result<web::Json<ChargeResult>, Problem> {
    if name_fault("key", &key).is_some() {
        return Err(Problem::field(Kind::Invalid, "key", "give 1 to 100 visible ASCII characters"));
    }
    Ok(web::Json(state.abandon(key.into_inner()).await?))
}

/// Health of the provider, for its one caller.
pub async fn health() -> &'static str {
    "ok"
}

//! Charges a batch in one transaction; per item the same key has the same verdict for ever.

use std::collections::{HashMap, HashSet};

use contracts::charge::{ChargeItem, ChargeResult, ChargeResults, Verdict};
use db::{AnyConnection, Db, StoreError};

use crate::domain::acquirer::Decision;
use crate::domain::charge::{Decided, fault};
use crate::store::charges;

/// Judges every item by `decide` unless its key was judged before. Keys within a batch are distinct.
pub async fn charge_batch(
    db: &Db,
    items: Vec<ChargeItem>,
    decide: impl Fn() -> Decision,
    now: i64,
) -> Result<ChargeResults, StoreError> {
    // Decided once, before the transaction, which may be run again when a rival was in the way.
    let mut candidates: Vec<Decided> =
        items.iter().filter(|item| fault(item).is_none()).map(|item| candidate(item, decide())).collect();
    // Rivals insert in the same order, so that none waits for another in a circle.
    candidates.sort_by(|a, b| a.item.key.cmp(&b.item.key));
    let (stored, new) = db.write(move |conn| judge(conn, &candidates, now)).await?;
    let stored: HashMap<&str, &Decided> = stored.iter().map(|row| (row.item.key.as_str(), row)).collect();
    let results = items.iter().map(|item| answer(item, &stored, &new)).collect::<Result<_, _>>()?;
    Ok(ChargeResults { results })
}

fn candidate(item: &ChargeItem, decision: Decision) -> Decided {
    let verdict = match decision {
        Decision::Approved => Verdict::Captured,
        Decision::Declined(code) => Verdict::Declined { code: code.to_owned() },
    };
    Decided { item: item.clone(), verdict }
}

type Judged = (Vec<Decided>, HashSet<String>);

/// The key is taken first, so one key has one verdict; then the invoice, so one invoice has one capture.
fn judge(conn: &mut AnyConnection, candidates: &[Decided], now: i64) -> Result<Judged, StoreError> {
    let new: HashSet<String> = charges::insert_charges(conn, candidates, now)?.into_iter().collect();
    let mut capturing: Vec<&ChargeItem> = candidates
        .iter()
        .filter(|charge| charge.verdict == Verdict::Captured && new.contains(&charge.item.key))
        .map(|charge| &charge.item)
        .collect();
    capturing.sort_by(|a, b| a.invoice.cmp(&b.invoice));
    let captured: HashSet<String> = charges::insert_captures(conn, &capturing, now)?.into_iter().collect();
    for item in capturing.iter().filter(|item| !captured.contains(&item.key)) {
        charges::mark_already_captured(conn, &item.key, &item.invoice)?;
    }
    // A separate statement: what a rival committed while we waited is visible only to a new snapshot.
    let keys: Vec<String> = candidates.iter().map(|charge| charge.item.key.clone()).collect();
    Ok((charges::find(conn, &keys)?, new))
}

fn answer(
    item: &ChargeItem,
    stored: &HashMap<&str, &Decided>,
    new: &HashSet<String>,
) -> Result<ChargeResult, StoreError> {
    let key = item.key.clone();
    if let Some(reason) = fault(item) {
        return Ok(ChargeResult { key, verdict: Verdict::Invalid { reason }, replayed: false });
    }
    let row =
        stored.get(key.as_str()).ok_or_else(|| StoreError::Bug(format!("charge {key} was not stored")))?;
    let replayed = !new.contains(&key);
    Ok(ChargeResult { verdict: row.answer(item), key, replayed })
}

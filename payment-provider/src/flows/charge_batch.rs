//! Charges a batch in one transaction; per item the same key has the same verdict for ever.

use std::collections::{BTreeMap, HashMap};

use contracts::charge::{ChargeItem, ChargeResult, ChargeResults, Method, Verdict};
use db::{AnyConnection, Db, StoreError};

use crate::domain::charge::{Asked, fault};
use crate::domain::wallet::Balances;
use crate::store::charges::{Decided, Found};
use crate::store::{captures, charges, wallets};

/// Gives every item its verdict. Keys within a batch are distinct; what is captured is credited to `merchant`.
pub async fn charge_batch(
    db: &Db,
    asked: Vec<Asked>,
    merchant: &'static str,
    now: i64,
) -> Result<ChargeResults, StoreError> {
    let mut results: Vec<Option<ChargeResult>> = asked.iter().map(|asked| invalid(&asked.item)).collect();
    let mut valid: Vec<(usize, Asked)> =
        asked.into_iter().enumerate().filter(|(place, _)| results[*place].is_none()).collect();
    // Rivals insert in the same order, so that none waits for another in a circle.
    valid.sort_by(|(_, a), (_, b)| a.item.key.cmp(&b.item.key));
    let (places, asked): (Vec<usize>, Vec<Asked>) = valid.into_iter().unzip();
    let judged = if asked.is_empty() {
        Vec::new()
    } else if asked.iter().all(|asked| asked.decision.is_some()) {
        db.write_statement(move |conn| judge(conn, &asked, merchant, now)).await?
    } else {
        db.write(move |conn| judge(conn, &asked, merchant, now)).await?
    };
    for (place, result) in places.into_iter().zip(judged) {
        results[place] = Some(result);
    }
    let results: Option<Vec<_>> = results.into_iter().collect();
    let results = results.ok_or_else(|| StoreError::Bug("a charge was left without a verdict".into()))?;
    Ok(ChargeResults { results })
}

fn invalid(item: &ChargeItem) -> Option<ChargeResult> {
    let verdict = Verdict::Invalid { reason: fault(item)? };
    Some(ChargeResult { key: item.key.clone(), verdict, replayed: false, captured_at: None })
}

/// The key is taken first, so one key has one verdict; then the invoice, so one invoice has one capture.
fn judge(
    conn: &mut AnyConnection,
    asked: &[Asked],
    merchant: &str,
    now: i64,
) -> Result<Vec<ChargeResult>, StoreError> {
    let decided = decide(conn, asked)?;
    let inserted = charges::insert(conn, &decided, merchant, now)?;
    let new: HashMap<&str, bool> = inserted.iter().map(|new| (new.key.as_str(), new.captured)).collect();
    take(conn, asked, &new)?;
    let told = |(item, decision): &Decided<'_>| {
        let key = item.key.as_str();
        decision.verdict(key, new.get(key)?.then_some(key))
    };
    let verdicts: Vec<Option<Verdict>> = decided.iter().map(told).collect();
    let open = decided.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_none());
    let found = read_back(conn, &open.map(|((item, _), _)| item.key.as_str()).collect::<Vec<_>>())?;
    let result = |((item, _), verdict): (&Decided<'_>, Option<Verdict>)| {
        let key = item.key.as_str();
        let (stored, replayed) = (found.get(key), !new.contains_key(key));
        // A verdict that was not read back is this batch's own.
        let captured_at = match &verdict {
            Some(_) => (new.get(key) == Some(&true)).then_some(now),
            None => stored.and_then(|found| found.captured_at),
        };
        let verdict = verdict.or_else(|| stored?.stored.answer(item));
        let verdict = verdict.ok_or_else(|| StoreError::Bug(format!("charge {key} was not stored")))?;
        let captured_at = captured_at.filter(|_| verdict.is_capture());
        Ok(ChargeResult { key: key.to_owned(), verdict, replayed, captured_at })
    };
    decided.iter().zip(verdicts).map(result).collect()
}

/// The acquirer's decisions as they are; a wallet's charges by its balance, which is locked from here on.
fn decide<'a>(conn: &mut AnyConnection, asked: &'a [Asked]) -> Result<Vec<Decided<'a>>, StoreError> {
    let of_wallets: Vec<&ChargeItem> =
        asked.iter().filter(|asked| asked.decision.is_none()).map(|asked| &asked.item).collect();
    let mut balances = lock(conn, &of_wallets)?;
    let decided = asked
        .iter()
        .map(|Asked { item, decision }| (item, decision.clone().unwrap_or_else(|| balances.decide(item))));
    Ok(decided.collect())
}

fn lock(conn: &mut AnyConnection, items: &[&ChargeItem]) -> Result<Balances, StoreError> {
    if items.is_empty() {
        return Ok(Balances::default());
    }
    let customers: Vec<&str> = items.iter().map(|item| item.customer.as_str()).collect();
    let wallets = wallets::lock(conn, &customers)?;
    let invoices: Vec<&str> = items.iter().map(|item| item.invoice.as_str()).collect();
    let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
    Ok(Balances::new(wallets, captures::among(conn, &invoices)?, charges::among(conn, &keys)?))
}

/// Lowers the balances by what was captured, and by nothing else.
fn take(conn: &mut AnyConnection, asked: &[Asked], new: &HashMap<&str, bool>) -> Result<(), StoreError> {
    let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
    for Asked { item, .. } in asked.iter().filter(|asked| asked.item.method == Method::Wallet) {
        if new.get(item.key.as_str()) == Some(&true) {
            *taken.entry(&item.customer).or_default() += item.amount;
        }
    }
    taken.into_iter().try_for_each(|(customer, amount)| wallets::change(conn, customer, -amount))
}

/// A statement of its own: what a rival committed while we waited is visible only to a new snapshot.
fn read_back(conn: &mut AnyConnection, keys: &[&str]) -> Result<HashMap<String, Found>, StoreError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    // By now the batch may be committed: `busy` would tell the caller that nothing was done.
    charges::find(conn, keys).map_err(|error| match error {
        StoreError::Busy(why) => StoreError::Unavailable(why),
        other => other,
    })
}

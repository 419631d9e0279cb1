//! Charges a batch in one transaction; per item the same key has the same verdict for ever.

use std::collections::{BTreeMap, HashMap, HashSet};

use contracts::charge::{ChargeItem, ChargeResult, ChargeResults, Method, Verdict};
use db::{AnyConnection, Db, StoreError};

use crate::domain::charge::{Asked, Decided, fault};
use crate::domain::wallet::Balances;
use crate::store::charges::Inserted;
use crate::store::{captures, charges, wallets};

/// Gives every item its verdict. Keys within a batch are distinct; what is captured is credited to `merchant`.
pub async fn charge_batch(
    db: &Db,
    mut asked: Vec<Asked>,
    merchant: &'static str,
    now: i64,
) -> Result<ChargeResults, StoreError> {
    let order: Vec<(String, Option<String>)> =
        asked.iter().map(|asked| (asked.item.key.clone(), fault(&asked.item))).collect();
    asked.retain(|asked| fault(&asked.item).is_none());
    // Rivals insert in the same order, so that none waits for another in a circle.
    asked.sort_by(|a, b| a.item.key.cmp(&b.item.key));
    let mut judged = HashMap::new();
    if !asked.is_empty() {
        judged = db.write(move |conn| judge(conn, &asked, merchant, now)).await?;
    }
    let answer = |(key, fault): (String, Option<String>)| match fault {
        Some(reason) => Ok(ChargeResult { key, verdict: Verdict::Invalid { reason }, replayed: false }),
        None => judged.remove(&key).ok_or_else(|| StoreError::Bug(format!("charge {key} was not stored"))),
    };
    Ok(ChargeResults { results: order.into_iter().map(answer).collect::<Result<_, _>>()? })
}

type Results = HashMap<String, ChargeResult>;

/// The key is taken first, so one key has one verdict; then the invoice, so one invoice has one capture.
fn judge(conn: &mut AnyConnection, asked: &[Asked], merchant: &str, now: i64) -> Result<Results, StoreError> {
    let decided = decide(conn, asked)?;
    let inserted = charges::insert(conn, &decided, merchant, now)?;
    take(conn, &decided, &inserted)?;
    let mut results = told(&decided, &inserted);
    if results.len() < decided.len() {
        let new: HashSet<&str> = inserted.iter().map(|new| new.key.as_str()).collect();
        let rest: Vec<&ChargeItem> = decided
            .iter()
            .map(|charge| &charge.item)
            .filter(|item| !results.contains_key(&item.key))
            .collect();
        results.extend(read_back(conn, &rest, &new)?);
    }
    Ok(results)
}

/// The acquirer's decisions as they are; a wallet's charges by its balance, which is locked from here on.
fn decide(conn: &mut AnyConnection, asked: &[Asked]) -> Result<Vec<Decided>, StoreError> {
    let of_wallets: Vec<&ChargeItem> =
        asked.iter().filter(|asked| asked.decision.is_none()).map(|asked| &asked.item).collect();
    let mut balances = if of_wallets.is_empty() { None } else { Some(lock(conn, &of_wallets)?) };
    let mut decided = Vec::with_capacity(asked.len());
    for Asked { item, decision } in asked {
        let decision = match (decision, &mut balances) {
            (Some(decision), _) => decision.clone(),
            (None, Some(balances)) => balances.decide(item),
            (None, None) => return Err(StoreError::Bug(format!("nobody decides about charge {}", item.key))),
        };
        decided.push(Decided { item: item.clone(), decision });
    }
    Ok(decided)
}

fn lock(conn: &mut AnyConnection, items: &[&ChargeItem]) -> Result<Balances, StoreError> {
    let customers: Vec<&str> = items.iter().map(|item| item.customer.as_str()).collect();
    let wallets = wallets::lock(conn, &customers)?;
    let invoices: Vec<&str> = items.iter().map(|item| item.invoice.as_str()).collect();
    let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
    Ok(Balances::new(wallets, captures::among(conn, &invoices)?, charges::among(conn, &keys)?))
}

/// Lowers the balances by what was captured, and by nothing else.
fn take(conn: &mut AnyConnection, decided: &[Decided], inserted: &[Inserted]) -> Result<(), StoreError> {
    let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
    let wallet = decided.iter().filter(|charge| charge.item.method == Method::Wallet);
    for Decided { item, .. } in wallet {
        if inserted.iter().any(|new| new.captured && new.key == item.key) {
            *taken.entry(&item.customer).or_default() += item.amount;
        }
    }
    taken.into_iter().try_for_each(|(customer, amount)| wallets::change(conn, customer, -amount))
}

/// The verdicts that need no further look: of new keys, unless another key has the capture.
fn told(decided: &[Decided], inserted: &[Inserted]) -> Results {
    let captured: HashMap<&str, bool> = inserted.iter().map(|new| (new.key.as_str(), new.captured)).collect();
    let result = |charge: &Decided| {
        let key = charge.item.key.as_str();
        let verdict = charge.verdict(captured.get(key)?.then_some(key))?;
        Some((key.to_owned(), ChargeResult { key: key.to_owned(), verdict, replayed: false }))
    };
    decided.iter().filter_map(result).collect()
}

/// A statement of its own: what a rival committed while we waited is visible only to a new snapshot.
fn read_back(
    conn: &mut AnyConnection,
    items: &[&ChargeItem],
    new: &HashSet<&str>,
) -> Result<Results, StoreError> {
    let keys: Vec<String> = items.iter().map(|item| item.key.clone()).collect();
    let found = charges::find(conn, &keys)?;
    let result = |item: &&ChargeItem| {
        let verdict = found.get(&item.key).and_then(|found| found.stored.answer(item));
        let verdict =
            verdict.ok_or_else(|| StoreError::Bug(format!("charge {} was not stored", item.key)))?;
        let replayed = !new.contains(item.key.as_str());
        Ok((item.key.clone(), ChargeResult { key: item.key.clone(), verdict, replayed }))
    };
    items.iter().map(result).collect()
}

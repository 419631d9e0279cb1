//! Charges as rows.

use contracts::charge::{ChargeItem, Method, Verdict};
use db::{AnyConnection, StoreError};
use diesel::prelude::*;

use super::schema::{captures, charges};
use crate::domain::charge::Decided;

pub use super::hot::{insert_captures, insert_charges};

#[derive(Queryable)]
struct Row {
    key: String,
    invoice: String,
    customer: String,
    amount: i64,
    currency: String,
    method: String,
    verdict: String,
    decline_code: Option<String>,
    captured_by: Option<String>,
    _decided_at: i64,
}

/// The stored charges among these keys.
pub fn find(conn: &mut AnyConnection, keys: &[String]) -> Result<Vec<Decided>, StoreError> {
    let rows: Vec<Row> = charges::table.filter(charges::key.eq_any(keys)).load(conn)?;
    rows.into_iter().map(Decided::try_from).collect()
}

/// Notes on a charge of this transaction that its invoice was captured before, under another key.
pub fn mark_already_captured(conn: &mut AnyConnection, key: &str, invoice: &str) -> Result<(), StoreError> {
    let by: String = captures::table.find(invoice).select(captures::key).first(conn)?;
    diesel::update(charges::table.find(key))
        .set((charges::verdict.eq("already_captured"), charges::captured_by.eq(by)))
        .execute(conn)?;
    Ok(())
}

impl TryFrom<Row> for Decided {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("charge {} has an unreadable {what}", row.key));
        let verdict = match row.verdict.as_str() {
            "captured" => Verdict::Captured,
            "declined" => Verdict::Declined { code: row.decline_code.ok_or_else(|| bug("decline code"))? },
            "already_captured" => {
                Verdict::AlreadyCaptured { by: row.captured_by.ok_or_else(|| bug("capture"))? }
            }
            _ => return Err(bug("verdict")),
        };
        let method = Method::parse(&row.method).ok_or_else(|| bug("method"))?;
        let currency = row.currency.parse().map_err(|_| bug("currency"))?;
        let (invoice, customer, amount) = (row.invoice, row.customer, row.amount);
        Ok(Self { item: ChargeItem { key: row.key, invoice, customer, amount, currency, method }, verdict })
    }
}

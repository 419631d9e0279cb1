//! Charges as rows.

use std::collections::{HashMap, HashSet};

use contracts::charge::{ChargeItem, ChargeResult, Method};
use db::{AnyConnection, StoreError};
use diesel::prelude::*;

use super::movements::CAPTURE;
use super::schema::{charges, transfers};
use crate::domain::charge::{self, Decision, Stored};

pub use super::hot::{Decided, Inserted, abandon, insert};

#[derive(Queryable)]
struct Row {
    key: String,
    invoice: Option<String>,
    customer: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    method: Option<String>,
    decision: String,
    decline_code: Option<String>,
    decided_at: i64,
}

/// A charge as stored, and when it was decided.
#[derive(Debug, Clone)]
pub struct Found {
    /// What is stored.
    pub stored: Stored,
    /// Microseconds since 1970 UTC.
    pub decided_at: i64,
    /// When its invoice was captured, under this key or another.
    pub captured_at: Option<i64>,
}

impl Found {
    /// The stored verdict, as it is told whenever it is asked for again.
    #[must_use]
    pub fn replayed(&self, key: String) -> Option<ChargeResult> {
        let verdict = self.stored.verdict()?;
        let captured_at = self.captured_at.filter(|_| verdict.is_capture());
        Some(ChargeResult { key, verdict, replayed: true, captured_at })
    }
}

/// What is stored under these keys, by key.
pub fn find(conn: &mut AnyConnection, keys: &[&str]) -> Result<HashMap<String, Found>, StoreError> {
    let capture = transfers::kind.eq(CAPTURE).and(transfers::reference.nullable().eq(charges::invoice));
    let rows: Vec<(Row, Option<String>, Option<i64>)> = charges::table
        .left_join(transfers::table.on(capture))
        .filter(charges::key.eq_any(keys))
        .select((charges::all_columns, transfers::charge.nullable(), transfers::at.nullable()))
        .load(conn)?;
    rows.into_iter().map(|(row, by, at)| Ok((row.key.clone(), row.found(by, at)?))).collect()
}

/// Which of these keys are known.
pub fn among(conn: &mut AnyConnection, keys: &[&str]) -> Result<HashSet<String>, StoreError> {
    let found: Vec<String> =
        charges::table.filter(charges::key.eq_any(keys)).select(charges::key).load(conn)?;
    Ok(found.into_iter().collect())
}

impl Row {
    fn found(self, captured_by: Option<String>, captured_at: Option<i64>) -> Result<Found, StoreError> {
        let decided_at = self.decided_at;
        if self.decision == "abandoned" {
            return Ok(Found { stored: Stored::Abandoned, decided_at, captured_at: None });
        }
        let bug = || StoreError::Bug(format!("charge {} cannot be read", self.key));
        let decided = self.decided().ok_or_else(bug)?;
        let stored = Stored::Charge(decided, captured_by);
        // No transaction leaves an approval without a capture behind.
        if stored.verdict().is_none() { Err(bug()) } else { Ok(Found { stored, decided_at, captured_at }) }
    }

    fn decided(&self) -> Option<charge::Decided> {
        let decision = match self.decision.as_str() {
            "approved" => Decision::Approved,
            "declined" => Decision::Declined(self.decline_code.clone()?),
            "unknown_customer" => Decision::UnknownCustomer,
            "currency_mismatch" => Decision::CurrencyMismatch,
            _ => return None,
        };
        let item = ChargeItem {
            key: self.key.clone(),
            invoice: self.invoice.clone()?,
            customer: self.customer.clone()?,
            amount: self.amount?,
            currency: self.currency.as_deref()?.parse().ok()?,
            method: Method::parse(self.method.as_deref()?)?,
        };
        Some(charge::Decided { item, decision })
    }
}

/// A decision as stored: its name, and the decline code.
pub(super) fn columns(decision: &Decision) -> (&'static str, Option<&str>) {
    match decision {
        Decision::Approved => ("approved", None),
        Decision::Declined(code) => ("declined", Some(code)),
        Decision::UnknownCustomer => ("unknown_customer", None),
        Decision::CurrencyMismatch => ("currency_mismatch", None),
    }
}

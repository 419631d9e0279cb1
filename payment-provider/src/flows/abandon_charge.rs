//! Gives up a key: charged before, it keeps its verdict; not charged before, it never will be.

use contracts::charge::{ChargeResult, Verdict};
use db::{Db, StoreError};

use crate::store::charges;

/// The verdict that the key has from now on. A tombstone in the same primary key decides the race with a charge.
pub async fn abandon_charge(db: &Db, key: String, now: i64) -> Result<ChargeResult, StoreError> {
    db.write(move |conn| {
        if charges::abandon(conn, &key, now)? {
            return Ok(ChargeResult { key: key.clone(), verdict: Verdict::Abandoned, replayed: false });
        }
        let found = charges::find(conn, &[key.as_str()])?.remove(&key);
        let verdict = found.and_then(|found| found.stored.verdict()).ok_or(StoreError::NotFound)?;
        Ok(ChargeResult { key: key.clone(), verdict, replayed: true })
    })
    .await
}

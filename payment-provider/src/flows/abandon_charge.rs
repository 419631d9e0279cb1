//! Gives up a key: charged before, it keeps its verdict; not charged before, it never will be.

use contracts::charge::{ChargeResult, Verdict};
use db::{Db, StoreError};

use crate::store::charges;

/// The verdict that the key has from now on. A tombstone in the same primary key decides the race with a charge.
pub async fn abandon_charge(db: &Db, key: String, now: i64) -> Result<ChargeResult, StoreError> {
    db.write(move |conn| {
        if charges::abandon(conn, &key, now)? {
            let (key, verdict) = (key.clone(), Verdict::Abandoned);
            return Ok(ChargeResult { key, verdict, replayed: false, captured_at: None });
        }
        let found = charges::find(conn, &[key.as_str()])?.remove(&key);
        found.and_then(|found| found.replayed(key.clone())).ok_or(StoreError::NotFound)
    })
    .await
}

//! Identifiers.

use crate::clock::Micros;

/// A new UUIDv7 (RFC 9562) for this moment, as text.
#[must_use]
pub fn uuid(now: Micros) -> String {
    let seconds = now.div_euclid(1_000_000).unsigned_abs();
    let nanos = u32::try_from(now.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)).to_string()
}

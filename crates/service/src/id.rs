//! Identifiers.

use uuid::{ContextV7, Timestamp, Uuid};

use crate::clock::Micros;

/// UUIDv7s in the order in which they were asked for, also those of one moment (RFC 9562, 6.2): rows that are made
/// together stand together in every index.
pub struct Uuids(ContextV7);

impl Default for Uuids {
    fn default() -> Self {
        Self(ContextV7::new().with_additional_precision())
    }
}

impl Uuids {
    /// The next one, for this moment, as text.
    #[must_use]
    pub fn next(&self, now: Micros) -> String {
        let seconds = now.div_euclid(1_000_000).unsigned_abs();
        let nanos = u32::try_from(now.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(&self.0, seconds, nanos)).to_string()
    }
}

/// A new UUIDv7 (RFC 9562) for this moment, as text.
#[must_use]
pub fn uuid(now: Micros) -> String {
    Uuids::default().next(now)
}

/// A UUID in the one spelling in which ids are kept; nothing when the text is none.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    // Without hyphens, in braces or as a URN it is a UUID too, but not as we write them.
    let uuid = Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
    Some(uuid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = "0193b0a0-0000-7000-8000-00000000000a";
        assert_eq!(canonical(id).as_deref(), Some(id));
        assert_eq!(canonical(&id.to_uppercase()).as_deref(), Some(id));
        for other in ["", "1", "0193b0a000007000800000000000000a", &format!("urn:uuid:{id}"), "user-1"] {
            assert_eq!(canonical(other), None, "{other}");
        }
    }

    #[test]
    fn those_of_one_moment_are_in_order_and_differ() {
        let uuids = Uuids::default();
        let made: Vec<String> = (0..10_000).map(|_| uuids.next(1_700_000_000_123_456)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_later_microsecond_gives_a_greater_one() {
        let made: Vec<String> = (0..1_000).map(|at| uuid(1_700_000_000_000_000 + at)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]), "{made:?}");
    }
}

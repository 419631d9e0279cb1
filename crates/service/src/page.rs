//! Lists in pages, in the order of their ids: a page ends with the cursor of the next one, however long the list is.

use db::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Micros;
use crate::id;
use crate::problem::{Kind, Problem};

const MOST: i64 = 1_000;
const USUAL: i64 = 100;

/// Which page of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The last id of the page before; empty for the first page.
    pub after: String,
    /// How long it is at most.
    pub limit: i64,
}

impl Wanted {
    /// From the query `cursor` and `limit`.
    pub fn read(cursor: Option<&str>, limit: Option<i64>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::field(Kind::Malformed, "limit", format!("give 1 to {MOST}")));
        }
        let after = cursor.map_or(Some(String::new()), id::canonical);
        let after = after
            .ok_or_else(|| Problem::field(Kind::Malformed, "cursor", "give the next_cursor of a page"))?;
        Ok(Self { after, limit })
    }

    /// How many rows to read: the extra one says that there is a next page.
    #[must_use]
    pub fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// The page, from what was read.
    #[must_use]
    pub fn page<D, T>(&self, mut rows: Vec<D>, id: fn(&D) -> &str, show: impl Fn(&D) -> T) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(1);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| id(last).to_owned());
        Page { items: rows.iter().map(show).collect(), next_cursor }
    }
}

/// A page.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// In the order of their ids, which is that of time.
    pub items: Vec<T>,
    /// For the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A moment as RFC 3339.
#[must_use]
pub fn moment(at: Micros) -> String {
    jiff::Timestamp::from_microsecond(at).map_or_else(|_| String::new(), |at| at.to_string())
}

/// 404 that says what was looked for.
#[must_use]
pub fn or_missing(error: StoreError, what: &str) -> Problem {
    match error {
        StoreError::NotFound => Problem::because(Kind::NotFound, format!("there is no such {what}")),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0193b0a0-0000-7000-8000-000000000001";

    #[test]
    fn the_row_too_many_becomes_the_cursor() {
        let wanted = Wanted::read(None, Some(2)).unwrap();
        assert_eq!((wanted.rows(), wanted.after.as_str()), (3, ""));
        let rows = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let cut = |ids: &[&str]| wanted.page(rows(ids), |id: &String| id, Clone::clone);
        assert_eq!(cut(&["a", "b", "c"]).next_cursor.as_deref(), Some("b"));
        assert_eq!(cut(&["a", "b", "c"]).items, ["a", "b"]);
        assert_eq!(cut(&["a", "b"]).next_cursor, None);
    }

    #[test]
    fn bounds_and_cursors_are_looked_at() {
        for limit in [0, -1, 1_001] {
            assert_eq!(Wanted::read(None, Some(limit)).unwrap_err().errors[0].field, "limit");
        }
        for cursor in ["", "1", "' OR 1", "0193b0a0000070008000000000000001"] {
            assert_eq!(Wanted::read(Some(cursor), None).unwrap_err().errors[0].field, "cursor");
        }
        assert_eq!(Wanted::read(Some(&ID.to_uppercase()), None).unwrap().after, ID);
    }
}

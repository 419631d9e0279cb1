//! Lists in pages: a page ends with the cursor of the next one, however long the list is.

use service::Problem;
use service::problem::Kind;

use crate::store::movements::After;

const MOST: i64 = 1_000;

/// How long a page is.
pub fn limit(limit: Option<i64>) -> Result<i64, Problem> {
    let limit = limit.unwrap_or(100);
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::field(Kind::Malformed, "limit", format!("give 1 to {MOST}")))
}

/// Where a page in order of time begins: after its cursor, or at a moment.
pub fn after(cursor: Option<&str>, from: i64) -> Result<After, Problem> {
    let Some(cursor) = cursor else { return Ok((from, String::new())) };
    let parts = cursor.split_once('~').and_then(|(at, name)| Some((at.parse().ok()?, name.to_owned())));
    parts.ok_or_else(|| Problem::field(Kind::Malformed, "cursor", "give the next_cursor of a page"))
}

/// The cursor after something that happened at a moment.
pub fn cursor(at: i64, name: &str) -> String {
    format!("{at}~{name}")
}

/// A page from one item more than it may hold: the extra one says that there is a next page.
pub fn cut<T>(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(1);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}

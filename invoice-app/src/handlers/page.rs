//! Lists in pages: a page ends with the cursor of the next one, however long the list is.

use db::StoreError;
use serde::{Deserialize, Serialize};
use service::Problem;
use service::clock::Micros;
use service::problem::Kind;
use utoipa::{IntoParams, ToSchema};

const MOST: i64 = 1_000;

/// Where a page begins and how long it is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before; from the beginning when not given.
    pub cursor: Option<String>,
    /// 1 to 1,000 items; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<i64>,
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// In the order of their numbers.
    pub items: Vec<T>,
    /// For the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl PageQuery {
    /// The length.
    pub fn length(&self) -> Result<i64, Problem> {
        let limit = self.limit.unwrap_or(100);
        if (1..=MOST).contains(&limit) {
            return Ok(limit);
        }
        Err(Problem::field(Kind::Malformed, "limit", format!("give 1 to {MOST}")))
    }

    /// The last number of the page before, and the length.
    pub fn bounds(&self) -> Result<(i64, i64), Problem> {
        let limit = self.length()?;
        let after = self.cursor.as_deref().map_or(Ok(0), str::parse);
        let after =
            after.map_err(|_| Problem::field(Kind::Malformed, "cursor", "give the next_cursor of a page"))?;
        Ok((after, limit))
    }
}

/// A page from one item more than it may hold: the extra one says that there is a next page.
pub fn page<D, T>(mut rows: Vec<D>, limit: i64, id: fn(&D) -> i64, show: fn(&D) -> T) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(1);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|last| id(last).to_string());
    Page { items: rows.iter().map(show).collect(), next_cursor }
}

/// A moment as RFC 3339.
pub fn moment(at: Micros) -> String {
    jiff::Timestamp::from_microsecond(at).map_or_else(|_| String::new(), |at| at.to_string())
}

/// 404 that says what was looked for.
pub fn or_missing(error: StoreError, what: &str) -> Problem {
    match error {
        StoreError::NotFound => Problem::because(Kind::NotFound, format!("there is no such {what}")),
        other => other.into(),
    }
}

//! Rows read in pages, so that a database of any size fits.

use db::{AnyConnection, Db, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

/// Rows per page.
const PAGE: i64 = 1_000;

/// An amount under the name of its invoice.
#[derive(QueryableByName, Debug, Clone)]
pub(super) struct Payment {
    /// The invoice.
    #[diesel(sql_type = Text)]
    pub invoice: String,
    /// Minor units.
    #[diesel(sql_type = BigInt)]
    pub amount: i64,
    /// ISO 4217 code.
    #[diesel(sql_type = Text)]
    pub currency: String,
    /// State of the invoice, or key of the capture.
    #[diesel(sql_type = Text)]
    pub detail: String,
}

impl Payment {
    pub(super) fn money(&self) -> (i64, &str) {
        (self.amount, &self.currency)
    }
}

/// The next page after a name: `sql` has `{after}` and `{limit}` to be filled in.
fn page(db: &Db, sql: &'static str, after: String) -> Result<Vec<Payment>, StoreError> {
    db.read_blocking(move |conn| {
        let (after_is, limit_is) = places(conn);
        let sql = sql.replace("{after}", after_is).replace("{limit}", limit_is);
        Ok(diesel::sql_query(sql).bind::<Text, _>(after).bind::<BigInt, _>(PAGE).load(conn)?)
    })
}

/// Looks at all rows of `sql`, page by page in the order of their names.
pub(super) fn each_page(
    db: &Db,
    sql: &'static str,
    mut look: impl FnMut(&[Payment]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let rows = page(db, sql, after)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.invoice.clone();
        look(&rows)?;
    }
}

/// The rows with these names: `sql` ends where the list of names follows.
pub(super) fn among(db: &Db, sql: &'static str, names: Vec<String>) -> Result<Vec<Payment>, StoreError> {
    db.read_blocking(move |conn| match conn {
        AnyConnection::Postgres(conn) => {
            let query = diesel::sql_query(format!("{sql} = ANY($1)"));
            Ok(query.bind::<Array<Text>, _>(names).load(conn)?)
        }
        AnyConnection::Sqlite(conn) => {
            // One bound JSON list: as many names as there are, and one statement.
            let query = diesel::sql_query(format!("{sql} IN (SELECT value FROM json_each(?))"));
            let names = serde_json::to_string(&names).map_err(|e| StoreError::Bug(e.to_string()))?;
            Ok(query.bind::<Text, _>(names).load(conn)?)
        }
    })
}

fn places(conn: &AnyConnection) -> (&'static str, &'static str) {
    match conn {
        AnyConnection::Postgres(_) => ("$1", "$2"),
        AnyConnection::Sqlite(_) => ("?1", "?2"),
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    about: String,
    #[diesel(sql_type = Nullable<Text>)]
    seen: Option<String>,
}

/// What a query finds that looks for what must not be: the columns `about` and `seen`.
pub(super) fn findings(db: &Db, sql: &'static str) -> Result<Vec<(String, String)>, StoreError> {
    let lines: Vec<Line> = db.read_blocking(|conn| Ok(diesel::sql_query(sql).load(conn)?))?;
    Ok(lines.into_iter().map(|line| (line.about, line.seen.unwrap_or_default())).collect())
}

//! One number for all rows of a database, to see that nothing changed.
#![expect(clippy::expect_used, reason = "a proof that cannot look has failed")]

use std::hash::{DefaultHasher, Hash, Hasher};

use db::{AnyConnection, Db, StoreError};
use diesel::prelude::*;
use diesel::sql_types::Text;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const TABLES_POSTGRES: &str =
    "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
const TABLES_SQLITE: &str =
    "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1";

/// The checksum over every row of every table, whichever tables there are.
#[must_use]
pub fn of(db: &Db) -> u64 {
    db.read_blocking(|conn| {
        let mut hasher = DefaultHasher::new();
        let tables = match conn {
            AnyConnection::Postgres(_) => TABLES_POSTGRES,
            AnyConnection::Sqlite(_) => TABLES_SQLITE,
        };
        let tables = lines(conn, tables)?;
        assert!(tables.len() > 1, "no tables were found");
        for table in tables {
            let rows = rows(conn, &table)?;
            (table, lines(conn, &rows)?).hash(&mut hasher);
        }
        Ok(hasher.finish())
    })
    .expect("rows")
}

fn lines(conn: &mut AnyConnection, sql: &str) -> Result<Vec<String>, StoreError> {
    let lines: Vec<Line> = diesel::sql_query(sql).load(conn)?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}

fn rows(conn: &mut AnyConnection, table: &str) -> Result<String, StoreError> {
    if let AnyConnection::Postgres(_) = conn {
        return Ok(format!("SELECT t::text AS line FROM \"{table}\" t ORDER BY 1"));
    }
    let columns = lines(conn, &format!("SELECT name AS line FROM pragma_table_info('{table}')"))?;
    let columns: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
    Ok(format!("SELECT {} AS line FROM \"{table}\" ORDER BY 1", columns.join(" || ',' || ")))
}

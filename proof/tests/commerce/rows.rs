//! A look at the rows of one service.

use db::{AnyConnection, Db};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// A number that a query gives in a column `n`.
pub fn number(db: &Db, sql: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    db.read_blocking(|conn| Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.n)).unwrap()
}

/// Every row of every table.
pub fn all(db: &Db) -> Vec<String> {
    let tables = db.read_blocking(|conn| {
        let sql = match conn {
            AnyConnection::Postgres(_) => {
                "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'"
            }
            AnyConnection::Sqlite(_) => "SELECT name AS line FROM sqlite_master WHERE type = 'table'",
        };
        Ok(diesel::sql_query(sql).load::<Line>(conn)?)
    });
    let mut found = Vec::new();
    for Line { line: table } in tables.unwrap() {
        found.extend(of(db, &table).into_iter().map(|row| format!("{table} {row}")));
    }
    found.sort();
    assert!(found.len() > 1, "no row was found at all");
    found
}

fn of(db: &Db, table: &str) -> Vec<String> {
    let rows = db.read_blocking(|conn| {
        let sql = match conn {
            AnyConnection::Postgres(_) => format!("SELECT t::text AS line FROM {table} t"),
            AnyConnection::Sqlite(conn) => {
                let of = format!("SELECT 'quote(' || name || ')' AS line FROM pragma_table_info('{table}')");
                let columns: Vec<Line> = diesel::sql_query(of).load(conn)?;
                let columns: Vec<String> = columns.into_iter().map(|column| column.line).collect();
                format!("SELECT {} AS line FROM {table}", columns.join(" || ',' || "))
            }
        };
        Ok(diesel::sql_query(sql).load::<Line>(conn)?)
    });
    rows.unwrap().into_iter().map(|row| row.line).collect()
}

/// Runs statements, whatever they break.
pub fn execute(db: &Db, sql: &str) {
    use diesel::connection::SimpleConnection;
    let run = |conn: &mut AnyConnection| match conn {
        AnyConnection::Postgres(conn) => Ok(conn.batch_execute(sql)?),
        AnyConnection::Sqlite(conn) => Ok(conn.batch_execute(sql)?),
    };
    db.write_blocking(run).unwrap();
}

//! A look at all rows, to see that nothing changed.

use db::{AnyConnection, Db};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const INVOICE_APP: &[&str] =
    &["customers", "invoices", "attempts", "billing_runs", "run_tallies", "idempotency_keys"];
const PROVIDER: &[&str] = &["charges", "transfers", "wallets"];

/// Every row of both databases as text.
pub fn all(invoices: &Db, provider: &Db) -> Vec<String> {
    let mut lines = of(invoices, INVOICE_APP);
    lines.extend(of(provider, PROVIDER));
    lines
}

fn of(db: &Db, tables: &[&str]) -> Vec<String> {
    db.read_blocking(|conn| {
        let mut lines = Vec::new();
        for table in tables {
            let rows: Vec<Line> = diesel::sql_query(query(conn, table)).load(conn)?;
            lines.extend(rows.into_iter().map(|row| format!("{table} {}", row.line)));
        }
        Ok(lines)
    })
    .unwrap()
}

fn query(conn: &mut AnyConnection, table: &str) -> String {
    match conn {
        AnyConnection::Postgres(_) => format!("SELECT t::text AS line FROM {table} t ORDER BY 1"),
        AnyConnection::Sqlite(conn) => {
            let columns: Vec<Line> =
                diesel::sql_query(format!("SELECT name AS line FROM pragma_table_info('{table}')"))
                    .load(conn)
                    .unwrap();
            let columns: Vec<String> =
                columns.iter().map(|column| format!("quote({})", column.line)).collect();
            format!("SELECT {} AS line FROM {table} ORDER BY 1", columns.join(" || ',' || "))
        }
    }
}

/// The texts that a query gives, in a column `line`.
pub fn lines(db: &Db, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = db.read_blocking(|conn| Ok(diesel::sql_query(sql).load(conn)?)).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// A number that a query gives.
pub fn number(db: &Db, sql: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    db.read_blocking(|conn| Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.n)).unwrap()
}

/// Runs statements, whatever they break.
pub fn execute(db: &Db, sql: &str) {
    let sql = sql.to_owned();
    let run = |conn: &mut AnyConnection| match conn {
        AnyConnection::Postgres(conn) => Ok(conn.batch_execute(&sql)?),
        AnyConnection::Sqlite(conn) => Ok(conn.batch_execute(&sql)?),
    };
    db.write_blocking(run).unwrap();
}

/// The moment that it is for the services.
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(service::Clock::system().now()).unwrap()
}

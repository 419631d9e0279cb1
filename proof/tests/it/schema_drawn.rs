//! A schema as a Mermaid diagram, made from the tables that the migrations make.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use db::{Db, Migrations};

use crate::rows::lines;

pub const SERVICES: [&str; 5] = ["invoice-app", "payment-provider", "users", "orders", "notifications"];

/// Tables that several services have, each in its own database; they are drawn once.
const SHARED: [&str; 6] =
    ["outbox", "inbox", "held_events", "relay_lease", "idempotency_keys", "revoked_keys"];

const OURS: &str =
    "m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND m.name NOT LIKE '!_!_%' ESCAPE '!'";

pub fn migrations(name: &str) -> Migrations {
    match name {
        "invoice-app" => invoice_app::store::MIGRATIONS,
        "payment-provider" => payment_provider::store::MIGRATIONS,
        "users" => users::store::MIGRATIONS,
        "orders" => orders::store::MIGRATIONS,
        _ => notifications::store::MIGRATIONS,
    }
}

/// The tables of a SQLite database that are a service's own.
pub fn drawn(db: &Db) -> String {
    draw(db, |table| !SHARED.contains(&table))
}

/// The tables of a SQLite database that are the same in several services.
pub fn drawn_shared(db: &Db) -> String {
    draw(db, |table| SHARED.contains(&table))
}

fn draw(db: &Db, wanted: impl Fn(&str) -> bool) -> String {
    let unique = marks(
        db,
        &format!(
            "SELECT m.name || '|' || i.name AS line FROM sqlite_master m JOIN pragma_index_list(m.name) l
             JOIN pragma_index_info(l.name) i
             WHERE {OURS} AND l.origin = 'u' AND (SELECT COUNT(*) FROM pragma_index_info(l.name)) = 1"
        ),
    );
    let references = lines(
        db,
        &format!(
            "SELECT m.name || '|' || f.\"from\" || '|' || f.\"table\" AS line
             FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE {OURS} ORDER BY 1"
        ),
    );
    let refers: BTreeSet<String> =
        references.iter().map(|line| line.rsplit_once('|').unwrap().0.to_owned()).collect();
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    let mut nullable = BTreeSet::new();
    for line in lines(db, &columns_of(true)) {
        let [table, name, kind, not_null, key] = line.split('|').collect::<Vec<_>>().try_into().unwrap();
        let place = format!("{table}|{name}");
        let marked = [(key != "0", "PK"), (refers.contains(&place), "FK"), (unique.contains(&place), "UK")];
        let marked: Vec<&str> = marked.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
        let mut column = format!("    {kind} {name} {}", marked.join(", ")).trim_end().to_owned();
        if not_null == "0" {
            column.push_str(" \"or NULL\"");
            nullable.insert(place);
        }
        writeln!(tables.entry(table.to_owned()).or_default(), "{column}").unwrap();
    }
    let mut diagram = "erDiagram\n".to_owned();
    for (table, columns) in tables.iter().filter(|(table, _)| wanted(table)) {
        write!(diagram, "  {table} {{\n{columns}  }}\n").unwrap();
    }
    for reference in references {
        let [table, column, to] = reference.split('|').collect::<Vec<_>>().try_into().unwrap();
        let one = if nullable.contains(&format!("{table}|{column}")) { "|o" } else { "||" };
        if wanted(table) {
            writeln!(diagram, "  {to} {one}--o{{ {table} : {column}").unwrap();
        }
    }
    diagram
}

fn marks(db: &Db, sql: &str) -> BTreeSet<String> {
    lines(db, sql).into_iter().collect()
}

fn columns_of(sqlite: bool) -> String {
    if sqlite {
        format!(
            "SELECT m.name || '|' || p.name || '|' || p.type || '|' || p.\"notnull\" || '|' || p.pk AS line
             FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE {OURS} ORDER BY m.name, p.cid"
        )
    } else {
        "SELECT c.table_name || '|' || c.column_name AS line FROM information_schema.columns c
         JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name NOT LIKE '!_!_%' ESCAPE '!'"
            .to_owned()
    }
}

/// `table|column` of every table, on either database.
pub fn columns(db: &Db) -> BTreeSet<String> {
    let is_sqlite = db.read_blocking(|conn| Ok(matches!(conn, db::AnyConnection::Sqlite(_)))).unwrap();
    let short = |line: String| line.split('|').take(2).collect::<Vec<_>>().join("|");
    lines(db, &columns_of(is_sqlite)).into_iter().map(short).collect()
}

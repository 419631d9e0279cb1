//! The diagrams in docs/EVENTS.md and docs/TABLES.md say what the code and the migrations say.

use std::collections::{BTreeMap, BTreeSet};

use contracts::event::Kind;
use serde_json::Value;
use testkit::{Database, Engine, Home, engines};

use crate::schema_drawn::{SERVICES, columns, drawn, drawn_shared, migrations};

fn read(path: &str) -> String {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// An arrow of a sequence diagram.
struct Step {
    from: String,
    arrow: &'static str,
    to: String,
    says: String,
}

/// All sequence diagrams, with whole names in the place of short ones.
fn steps() -> Vec<Step> {
    let text = read("docs/EVENTS.md");
    let diagrams = text.split("```mermaid\nsequenceDiagram\n").skip(1);
    diagrams.flat_map(|diagram| of_one(diagram.split("```").next().unwrap())).collect()
}

fn of_one(diagram: &str) -> Vec<Step> {
    let lines = || diagram.lines().map(str::trim);
    let short: BTreeMap<&str, &str> =
        lines().filter_map(|line| line.strip_prefix("participant ")?.split_once(" as ")).collect();
    let long = |name: &str| (*short.get(name).unwrap_or(&name)).to_owned();
    let step = |line: &str| {
        let arrow = ["-)", "-->>", "->>"].into_iter().find(|arrow| line.contains(arrow))?;
        let (from, rest) = line.split_once(arrow)?;
        let (to, says) = rest.split_once(": ")?;
        Some(Step { from: long(from), arrow, to: long(to), says: says.to_owned() })
    };
    lines().filter_map(step).collect()
}

#[test]
fn the_diagrams_show_every_event_from_its_sender_to_each_subscriber_and_no_other() {
    let of = |kind: Kind| kind.receivers().iter().map(move |to| (kind.sender(), *to, kind.name()));
    let wanted: BTreeSet<(&str, &str, &str)> = Kind::ALL.into_iter().flat_map(of).collect();
    let steps = steps();
    let events = steps.iter().filter(|step| step.arrow == "-)");
    // Behind the type may stand what comes of it.
    let shown: BTreeSet<(&str, &str, &str)> =
        events.map(|step| (&*step.from, &*step.to, step.says.split(' ').next().unwrap())).collect();
    assert_eq!(shown, wanted, "docs/EVENTS.md and contracts::event::Kind");
}

#[test]
fn the_calls_in_the_diagrams_are_those_of_the_apis() {
    let document = |name: &str| -> Value {
        let folder = if ["invoice-app", "payment-provider"].contains(&name) { "" } else { "commerce/" };
        serde_json::from_str(&read(&format!("{folder}{name}/openapi.json"))).unwrap()
    };
    let mut seen = 0;
    for Step { arrow, to, says, .. } in steps() {
        let Some((method, path)) = says.split_once(' ').filter(|_| arrow == "->>") else { continue };
        if !["GET", "POST", "PUT"].contains(&method) {
            continue;
        }
        let there = &document(&to)["paths"][path][method.to_lowercase()];
        assert!(there.is_object(), "{to} has no {method} {path}");
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

/// The diagram behind a marker.
fn shown(text: &str, marker: &str) -> String {
    let marker = format!("<!-- tables: {marker} -->\n```mermaid\n");
    let (_, behind) = text.split_once(&marker).unwrap_or_else(|| panic!("{marker} is missing"));
    behind.split("```").next().unwrap().to_owned()
}

#[test]
fn the_tables_that_are_drawn_are_those_of_the_migrations() {
    let (text, home) = (read("docs/TABLES.md"), Home::new());
    let mut wanted = BTreeMap::new();
    for name in SERVICES {
        let database = Database::fresh(&home, Engine::Sqlite, name, migrations(name));
        wanted.insert(name, drawn(&database.open()));
        if name == "orders" {
            wanted.insert("every service", drawn_shared(&database.open()));
        }
    }
    for (name, wanted) in wanted {
        assert!(shown(&text, name) == wanted, "docs/TABLES.md, {name}; it should be:\n{wanted}");
    }
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    for name in SERVICES {
        let home = Home::new();
        let of = |engine| columns(&Database::fresh(&home, engine, name, migrations(name)).open());
        let all: Vec<BTreeSet<String>> = engines().into_iter().map(of).collect();
        assert!(!all[0].is_empty() && all.iter().all(|columns| *columns == all[0]), "{name}: {all:#?}");
    }
}

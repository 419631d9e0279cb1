//! Who reaches whom, as a table for people.

use std::collections::BTreeSet;

use crate::check::{TokenKind, World, host_of, tokens_for};
use crate::explain::judge;
use crate::graph::Call;
use crate::layer::Answer;
use crate::pattern::example;
use crate::place::{Origin, POD_ADDRESS, Place};
use crate::request::{Identity, Request};
use crate::universe::{STRANGE_NAMESPACE, UNLABELLED, Universe};

/// A caller: how it is called, where it is, and whom it shows to be.
struct Row {
    name: String,
    place: Place,
    identity: Option<Identity>,
}

/// A column: its head, and a cell for each row.
struct Column {
    head: String,
    cells: Vec<String>,
}

/// The table in Markdown. In a cell stand the layers that refuse the call, each of them alone; each caller knows the
/// best request and has stolen the right token. Ports that nobody reaches are a line below.
#[must_use]
pub fn markdown(world: &World<'_>) -> String {
    let rows = rows(world);
    let column = |(callee, port): &(&Place, u16)| Column {
        head: format!("{}:{port}", short(&callee.name)),
        cells: rows.iter().map(|row| cell(world, row, callee, *port)).collect(),
    };
    let all: Vec<Column> = columns(world).iter().map(column).collect();
    let (open, closed): (Vec<_>, Vec<_>) =
        all.iter().partition(|column| column.cells.iter().any(|cell| cell == YES));
    let heads: Vec<String> = open.iter().map(|column| column.head.clone()).collect();
    let mut lines = vec![line("caller", &heads), line("---", &vec!["---".into(); heads.len()])];
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = open.iter().map(|column| column.cells[at].clone()).collect();
        lines.push(line(&row.name, &cells));
    }
    if !closed.is_empty() {
        let ports: Vec<String> = closed.iter().map(|column| refused(column)).collect();
        lines.extend([String::new(), format!("Nobody reaches {}.", ports.join(", "))]);
    }
    lines.join("\n")
}

/// A port that nobody reaches, with the layers that refuse every caller.
fn refused(column: &Column) -> String {
    let refusing = |letter: &&char| {
        column.cells.iter().filter(|cell| is_judged(cell)).all(|cell| cell.contains(**letter))
    };
    let letters: Vec<String> = LETTERS.iter().filter(refusing).map(ToString::to_string).collect();
    format!("{} ({})", column.head, letters.join(" "))
}

fn is_judged(cell: &str) -> bool {
    cell.contains(LETTERS)
}

const YES: &str = "**yes**";
/// In the order of the layers.
const LETTERS: [char; 3] = ['N', 'M', 'A'];

fn line(first: &str, cells: &[String]) -> String {
    format!("| {first} | {} |", cells.join(" | "))
}

fn short(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, short)| short)
}

/// The ports of our pods, the sidecar's of the guarded, and what is called elsewhere over TCP by our own workloads.
fn columns<'a>(world: &World<'a>) -> Vec<(&'a Place, u16)> {
    let mut columns = Vec::new();
    let ours = world.universe.ours().filter(|place| place.origin == Origin::Workload);
    for place in ours {
        let ports: BTreeSet<u16> = place.own_ports().map(|port| port.number).collect();
        let sidecar = world.graph.guarded.contains(&place.name).then_some(15_020);
        columns.extend(ports.into_iter().chain(sidecar).map(|port| (place, port)));
    }
    let outside = world.universe.places.iter().filter(|place| !place.known_in.is_empty());
    for place in outside {
        let ports = world.graph.calls.iter().filter(|call| call.callee == place.name).map(|call| call.port);
        columns.extend(ports.collect::<BTreeSet<u16>>().into_iter().map(|port| (place, port)));
    }
    columns
}

fn rows(world: &World<'_>) -> Vec<Row> {
    let universe = world.universe;
    let own =
        |place: &Place| Row { name: place.name.clone(), identity: place.identity(), place: place.clone() };
    let mut rows: Vec<Row> =
        universe.ours().filter(|place| place.origin == Origin::Workload).map(own).collect();
    let doors = world.graph.elsewhere.iter().filter(|elsewhere| elsewhere.door);
    rows.extend(doors.filter_map(|door| universe.place(&door.name)).map(own));
    for caller in guarded_callers(world) {
        let Some(place) = universe.place(caller) else { continue };
        let default = Identity::new(&place.namespace, "default");
        rows.push(Row {
            name: format!("another account under the label of {caller}"),
            place: place.clone(),
            identity: Some(default),
        });
        rows.push(Row {
            name: "the same without a sidecar (plaintext)".into(),
            place: place.clone(),
            identity: None,
        });
        rows.extend(same_account(universe, place));
    }
    let strange = format!("{STRANGE_NAMESPACE}/{UNLABELLED}");
    if let Some(place) = universe.place(&strange) {
        let identity = Some(Identity::new(STRANGE_NAMESPACE, "default"));
        rows.push(Row { name: "another namespace, in the mesh".into(), place: place.clone(), identity });
        rows.push(Row { name: "another namespace, plaintext".into(), place: place.clone(), identity: None });
    }
    rows
}

/// A pod that took the account, and not the label.
fn same_account(universe: &Universe, place: &Place) -> Option<Row> {
    let bare = universe.place(&format!("{}/{UNLABELLED}", place.namespace))?;
    let name = format!("the account of {} without its label", place.name);
    Some(Row { name, place: bare.clone(), identity: place.identity() })
}

/// The first caller of each guarded callee.
fn guarded_callers<'a>(world: &World<'a>) -> BTreeSet<&'a String> {
    let calls = world.graph.calls.iter().filter(|call| world.graph.guarded.contains(&call.callee));
    calls.filter_map(|call| call.callers.first()).collect()
}

fn cell(world: &World<'_>, row: &Row, callee: &Place, port: u16) -> String {
    if row.name == callee.name {
        return "·".into();
    }
    // Neither end is ours to judge.
    if [&row.place, callee].iter().all(|place| !world.universe.own.contains(&place.namespace)) {
        return "–".into();
    }
    let request = best(world, callee, port);
    let place = Place { address: POD_ADDRESS, ..row.place.clone() };
    let steps = judge(world, &place, row.identity.as_ref(), callee, port, &request);
    let refusing: BTreeSet<char> =
        steps.iter().filter(|step| step.answer == Answer::Refuses).map(|step| step.layer.letter()).collect();
    if refusing.is_empty() {
        return YES.into();
    }
    LETTERS
        .into_iter()
        .filter(|letter| refusing.contains(letter))
        .map(String::from)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first request of the first call to a port, with its token.
fn best(world: &World<'_>, callee: &Place, port: u16) -> Request {
    let calls = world.graph.calls.iter().filter(|call| call.callee == callee.name && call.port == port);
    let call: Option<&Call> = calls.into_iter().find(|call| !call.paths.is_empty());
    let first = |list: Option<&Vec<String>>, other: &str| {
        list.and_then(|list| list.first()).map_or_else(|| other.to_owned(), |text| example(text))
    };
    let token = tokens_for(world, callee, port).into_iter().find(|(kind, _)| *kind == TokenKind::Right);
    Request {
        method: first(call.map(|call| &call.methods), "GET"),
        path: first(call.map(|call| &call.paths), "/"),
        host: host_of(world, callee, port),
        token: token.and_then(|(_, token)| token),
    }
}

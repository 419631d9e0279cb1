//! Where panels stand: nobody has to count columns.

use serde_json::{Value, json};

use crate::source::{Kind, Panel, Row};

/// Columns of Grafana's grid.
const COLUMNS: usize = 24;

/// Something that has its place.
pub(super) struct Placed<'a> {
    pub at: Value,
    pub what: What<'a>,
}

/// What is placed.
pub(super) enum What<'a> {
    Headline(&'a str),
    Panel(&'a Panel),
}

/// Puts rows below each other, and panels beside each other.
pub(super) fn place(rows: &[Row]) -> Vec<Placed<'_>> {
    let (mut placed, mut y) = (Vec::new(), 0);
    for row in rows {
        placed.push(Placed { at: at(0, y, COLUMNS, 1), what: What::Headline(&row.title) });
        y += 1;
        for alike in row.panels.chunk_by(|one, next| size(one) == size(next)) {
            for line in lines(alike) {
                let height = size(&line[0]).0;
                placed.extend(beside(line, y, height));
                y += height;
            }
        }
    }
    placed
}

/// As few lines as there is room for, each with about as many panels.
fn lines(panels: &[Panel]) -> impl Iterator<Item = &[Panel]> {
    let most = panels.first().map_or(1, |panel| size(panel).1);
    let count = panels.len().div_ceil(most);
    (0..count).map(move |line| &panels[line * panels.len() / count..(line + 1) * panels.len() / count])
}

fn beside(line: &[Panel], y: usize, height: usize) -> impl Iterator<Item = Placed<'_>> {
    let edge = move |index: usize| index * COLUMNS / line.len();
    line.iter().enumerate().map(move |(index, panel)| {
        let at = at(edge(index), y, edge(index + 1) - edge(index), height);
        Placed { at, what: What::Panel(panel) }
    })
}

/// How high a panel is, and how many of it go beside each other.
fn size(panel: &Panel) -> (usize, usize) {
    match panel.kind {
        Kind::Stat => (4, 6),
        Kind::Timeseries => (8, 3),
        Kind::Bargauge | Kind::Table => (8, 2),
        Kind::State => (5, 2),
    }
}

fn at(x: usize, y: usize, w: usize, h: usize) -> Value {
    json!({ "x": x, "y": y, "w": w, "h": h })
}

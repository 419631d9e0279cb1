//! `antaeusctl policies mutants`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use policy::mutant::{Equivalent, Row, Tally, replays, run as judge};
use policy::render::Render;

use super::source::{GraphArgs, text};
use crate::output::Output;
use crate::table::{Column, table};

/// Change the policies in every way there is, and see that each change is noticed.
#[derive(Debug, Args)]
pub struct Mutants {
    /// Files with rendered manifests, - for standard input.
    #[arg(long, required = true, num_args = 1..)]
    rendered: Vec<PathBuf>,
    /// Changes that change nothing, each with its reason.
    #[arg(long, default_value = "policies/equivalent-mutants.yaml")]
    equivalents: PathBuf,
    /// Print this many changes for a live cluster instead, one JSON object a line: what to apply, and the call whose
    /// answer must change.
    #[arg(long)]
    live: Option<usize>,
    #[command(flatten)]
    graph: GraphArgs,
    /// How to answer.
    #[arg(short, long, default_value = "text")]
    output: Output,
}

/// False when a change was not noticed, or the list of equivalents is no longer true.
pub fn run(command: &Mutants, out: &mut dyn Write) -> Result<bool, String> {
    let graph = command.graph.read()?;
    let renders = command.rendered.iter().map(|path| {
        let render = Render::read(&text(path)?).map_err(|e| e.to_string())?;
        Ok((path.display().to_string(), render))
    });
    let renders = renders.collect::<Result<Vec<_>, String>>()?;
    if let Some(number) = command.live {
        for replay in renders.iter().flat_map(|(_, render)| replays(render, &graph, number)) {
            let line = serde_json::to_string(&replay).map_err(|e| e.to_string())?;
            writeln!(out, "{line}").map_err(|e| e.to_string())?;
        }
        return Ok(true);
    }
    let equivalents = Equivalent::read(&text(&command.equivalents)?).map_err(|e| e.to_string())?;
    let tally = judge(&renders, &graph, &equivalents);
    let printed = match command.output {
        Output::Json => serde_json::to_string_pretty(&tally).map_err(|e| e.to_string())?,
        Output::Text => shown(&tally),
    };
    writeln!(out, "{printed}").map_err(|e| e.to_string())?;
    Ok(tally.is_well())
}

fn shown(tally: &Tally) -> String {
    let heads = ["made", "by a call", "by a rule", "unreadable", "equivalent", "survived"];
    let columns: Vec<Column> =
        std::iter::once(Column::Left("operator")).chain(heads.map(Column::Right)).collect();
    let sum = tally.sum();
    let rows = tally.rows.iter().map(|(operator, counts)| row(operator, counts));
    let rows: Vec<_> = rows.chain([row("all", &sum)]).collect();
    let survivors = tally.survivors.iter().map(|survivor| format!("survived: {survivor}"));
    let stale = tally.stale.iter().map(|entry| format!("stale: {entry}"));
    std::iter::once(table(&columns, &rows)).chain(survivors).chain(stale).collect::<Vec<_>>().join("\n")
}

fn row(operator: &str, row: &Row) -> Vec<String> {
    let counts = [row.made(), row.by_call, row.by_rule, row.unreadable, row.equivalent, row.survived];
    std::iter::once(operator.to_owned()).chain(counts.map(|count| count.to_string())).collect()
}

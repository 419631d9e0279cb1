//! `antaeusctl policies check`.

use std::io::Write;

use clap::Args;
use policy::check::{Report, check};
use policy::finding::Finding;
use serde::Serialize;

use super::source::SourceArgs;
use crate::output::Output;

/// More lines of text would not be read.
const SHOWN: usize = 40;

/// Hold what was rendered against the call graph and the rules of the house.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    source: SourceArgs,
    /// How to answer.
    #[arg(short, long, default_value = "text")]
    output: Output,
}

#[derive(Serialize)]
struct Json<'a> {
    findings: &'a [Finding],
    notes: &'a [String],
}

/// False when something differs.
pub fn run(command: &Check, out: &mut dyn Write) -> Result<bool, String> {
    let (render, graph) = command.source.read()?;
    let report = check(&render, &graph);
    let printed = match command.output {
        Output::Json => json(&report)?,
        Output::Text => text(&report),
    };
    writeln!(out, "{printed}").map_err(|e| e.to_string())?;
    Ok(report.findings.is_empty())
}

fn json(report: &Report) -> Result<String, String> {
    let json = Json { findings: &report.findings, notes: &report.notes };
    serde_json::to_string_pretty(&json).map_err(|e| e.to_string())
}

fn text(report: &Report) -> String {
    let notes = report.notes.iter().map(|note| format!("note: {note}"));
    let findings = report.findings.iter().take(SHOWN).map(ToString::to_string);
    let count = report.findings.len();
    let more = (count > SHOWN).then(|| format!("... and {} more: -o json shows all", count - SHOWN));
    let last = match count {
        0 => "every layer answers as the call graph says".to_owned(),
        count => format!("{count} findings"),
    };
    notes.chain(findings).chain(more).chain([last]).collect::<Vec<_>>().join("\n")
}

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
    let groups = grouped(&report.findings);
    let shown = groups.iter().take(SHOWN).map(|(first, others)| match others {
        0 => first.to_string(),
        others => format!("{first} (and {others} more calls like it)"),
    });
    let more = groups
        .len()
        .checked_sub(SHOWN + 1)
        .map(|rest| format!("... and {} more: -o json shows all", rest + 1));
    let last = match report.findings.len() {
        0 => "every layer answers as the call graph says".to_owned(),
        count => format!("{count} findings"),
    };
    notes.chain(shown).chain(more).chain([last]).collect::<Vec<_>>().join("\n")
}

/// The first finding about each caller and callee, with the number of others.
fn grouped(findings: &[Finding]) -> Vec<(&Finding, usize)> {
    let mut groups: Vec<(&Finding, usize)> = Vec::new();
    let ends = |finding: &Finding| {
        let call = finding.call.as_ref()?;
        Some((call.layer, call.allowed, call.caller.clone(), call.callee.clone(), call.port.clone()))
    };
    for finding in findings {
        match groups.iter_mut().find(|(first, _)| finding.call.is_some() && ends(first) == ends(finding)) {
            Some((_, others)) => *others += 1,
            None => groups.push((finding, 0)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use policy::finding::Shown;
    use policy::layer::Layer;

    use super::*;

    fn finding(caller: &str, path: &str) -> Finding {
        let call = Shown {
            caller: caller.into(),
            identity: None,
            callee: "b/c".into(),
            port: "1".into(),
            method: None,
            path: Some(path.into()),
            token: None,
            layer: Layer::Mesh,
            allowed: true,
        };
        Finding {
            rule: "call-graph-mesh",
            object: None,
            sentence: format!("{caller} {path}"),
            call: Some(call),
        }
    }

    #[test]
    fn calls_that_differ_in_their_paths_are_one_line() {
        let findings = vec![finding("a", "/1"), finding("a", "/2"), finding("d", "/1")];
        let report = Report { findings, notes: vec!["look here".into()] };
        assert_eq!(
            text(&report),
            "note: look here
call-graph-mesh a /1 (and 1 more calls like it)
call-graph-mesh d /1
3 findings"
        );
    }

    #[test]
    fn nothing_found_is_said() {
        let report = Report { findings: Vec::new(), notes: Vec::new() };
        assert_eq!(text(&report), "every layer answers as the call graph says");
    }
}

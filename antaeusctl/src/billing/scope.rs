//! What a run is to charge: asked for in words, previewed or started.

use std::io::Write;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::run::Run;
use super::{PATH, show, watch};
use crate::money::Amount;
use crate::output::Ask;

/// Say what a run would charge; nothing is charged.
#[derive(Debug, Args)]
pub struct PreviewCommand {
    #[command(flatten)]
    ask: Ask,
    #[command(flatten)]
    which: Which,
}

/// Start a run.
#[derive(Debug, Args)]
pub struct RunCommand {
    #[command(flatten)]
    ask: Ask,
    #[command(flatten)]
    which: Which,
    /// Name of this run's occasion: there is one run for each, however often it is asked for.
    #[arg(long)]
    scope_key: Option<String>,
    /// Stay until it has ended: exit 1 when it was cancelled.
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, Args)]
struct Which {
    /// Which invoices.
    #[arg(long, default_value = "due")]
    scope: Scope,
    /// Just these, such as 1,2.
    #[arg(long, value_delimiter = ',', conflicts_with = "scope")]
    ids: Vec<i64>,
}

#[derive(Debug, Clone, Copy, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Scope {
    /// Those that are due and wait for an attempt.
    Due,
    /// Those that were declined and may be tried again.
    Retryable,
    /// All that are not paid.
    Unpaid,
    #[value(skip)]
    Ids,
}

/// The body of the request.
#[derive(Serialize)]
struct Order<'a> {
    scope: Scope,
    #[serde(skip_serializing_if = "<[i64]>::is_empty")]
    ids: &'a [i64],
    #[serde(skip_serializing_if = "Option::is_none")]
    scope_key: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

impl Which {
    fn order<'a>(&'a self, scope_key: Option<&'a str>, dry_run: bool) -> Order<'a> {
        let scope = if self.ids.is_empty() { self.scope } else { Scope::Ids };
        Order { scope, ids: &self.ids, scope_key, dry_run }
    }
}

#[derive(Deserialize)]
struct Preview {
    scope: String,
    cutoff_at: String,
    invoices: u64,
    #[serde(default)]
    amounts: Vec<Amount>,
}

/// Prints what a run would charge.
pub(super) async fn preview(command: &PreviewCommand, out: &mut dyn Write) -> Result<bool, String> {
    let answer = command.ask.api()?.post(PATH, Some(&command.which.order(None, true))).await?;
    let preview = answer.read()?;
    command.ask.print(out, &answer.text, || text(&preview))?;
    Ok(true)
}

/// Starts a run, and stays when that was asked for.
pub(super) async fn start(
    command: &RunCommand,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<bool, String> {
    let api = command.ask.api()?;
    let order = command.which.order(command.scope_key.as_deref(), false);
    let answer = api.post(PATH, Some(&order)).await?;
    let run: Run = answer.read()?;
    if answer.status.as_u16() == 200 {
        let _ = writeln!(err, "there was a run of this key already: {}", run.headline());
    }
    if command.watch {
        return watch::watch(&command.ask, &api, run.id, out, err).await;
    }
    command.ask.print(out, &answer.text, || show::show(&run))?;
    Ok(true)
}

fn text(preview: &Preview) -> String {
    let Preview { scope, cutoff_at, invoices, amounts } = preview;
    let amounts: Vec<String> = amounts.iter().map(Amount::to_string).collect();
    let amounts = if amounts.is_empty() { "nothing".into() } else { amounts.join(", ") };
    format!("{scope}, cutoff {cutoff_at}: {invoices} invoices, {amounts}")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        command: RunCommand,
    }

    fn body(words: &[&str], dry_run: bool) -> String {
        let line = Line::try_parse_from(std::iter::once(&"run").chain(words)).unwrap().command;
        serde_json::to_string(&line.which.order(line.scope_key.as_deref(), dry_run)).unwrap()
    }

    #[test]
    fn what_is_not_asked_for_is_not_in_the_order() {
        assert_eq!(body(&[], false), r#"{"scope":"due"}"#);
        assert_eq!(body(&["--scope", "retryable"], true), r#"{"scope":"retryable","dry_run":true}"#);
        assert_eq!(
            body(&["--ids", "1,2", "--scope-key", "k"], false),
            r#"{"scope":"ids","ids":[1,2],"scope_key":"k"}"#
        );
    }

    #[test]
    fn some_invoices_and_a_scope_are_not_both_given() {
        assert!(Line::try_parse_from(["run", "--ids", "1", "--scope", "due"]).is_err());
        assert!(Line::try_parse_from(["run", "--scope", "ids"]).is_err());
    }

    #[test]
    fn a_preview_is_one_line() {
        let json = r#"{"scope": "due", "cutoff_at": "2026-12-01T05:00:00Z", "invoices": 10, "new": 1,
            "amounts": [{"value": 4, "currency": "EUR"}, {"value": 120, "currency": "JPY"}]}"#;
        let shown = text(&serde_json::from_str(json).unwrap());
        assert_eq!(shown, "due, cutoff 2026-12-01T05:00:00Z: 10 invoices, 4.00 EUR, 120 JPY");
    }
}

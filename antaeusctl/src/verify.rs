//! `antaeusctl verify`: does what invoice-app and the payment provider keep agree, to the cent and for ever?
//!
//! The questions are asked in SQL of their own and not by the services' code, which is what is being checked.

mod attempts;
mod by_api;
mod ledger;
mod payments;
mod rows;

use std::io::Write;
use std::time::Duration;

use clap::Args;
use db::{DatabaseUrl, Db, PoolSettings, StoreError};
use serde::Serialize;

use crate::api::{Api, ApiArgs};
use crate::database::{self, Given};
use crate::http::run_async;
use crate::output::Output;

/// Compare both databases, invoice by invoice; with one URL look at what that database promises by itself; with --api
/// compare what invoice-app and the payment provider tell.
#[derive(Debug, Args)]
pub struct VerifyCommand {
    /// Ask invoice-app at --url instead of reading databases: its invoices against the provider's captures.
    #[arg(long)]
    api: bool,
    #[command(flatten)]
    at: ApiArgs,
    /// invoice-app's database.
    #[arg(long, env = "INVOICE_APP_DATABASE_URL", hide_env_values = true)]
    invoices_url: Option<DatabaseUrl>,
    /// File that holds that URL.
    #[arg(long)]
    invoices_url_file: Option<std::path::PathBuf>,
    /// The payment provider's database.
    #[arg(long, env = "PAYMENT_PROVIDER_DATABASE_URL", hide_env_values = true)]
    provider_url: Option<DatabaseUrl>,
    /// File that holds that URL.
    #[arg(long)]
    provider_url_file: Option<std::path::PathBuf>,
    /// Nothing is in flight: an attempt that is still open is a finding as well.
    #[arg(long)]
    settled: bool,
    /// How to answer.
    #[arg(short, long, default_value = "text")]
    output: Output,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The invariant that it breaks: `I1`, `I3`, `I4` or `I5`.
    pub invariant: &'static str,
    /// The invoice, the charge or the account.
    pub about: String,
    /// What was seen.
    pub seen: String,
}

/// What was looked at and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Invoices that were compared with the provider's captures.
    pub paid: i64,
    /// Captures that were compared with invoices.
    pub captures: i64,
    /// Captures whose invoice still waits for the answer: no finding while something is in flight.
    pub in_flight: i64,
    /// What must not be; the first ones of each kind.
    pub findings: Vec<Finding>,
}

/// Most findings of one kind that are kept; where everything is wrong the first ones say enough.
const KEPT: usize = 1_000;

impl Report {
    fn found(&mut self, invariant: &'static str, about: impl Into<String>, seen: impl Into<String>) {
        if self.findings.iter().filter(|finding| finding.invariant == invariant).count() < KEPT {
            self.findings.push(Finding { invariant, about: about.into(), seen: seen.into() });
        }
    }
}

/// Compares both databases. With `settled` nothing may be in flight.
///
/// # Errors
/// When a database cannot be read.
pub fn verify(invoices: &Db, provider: &Db, settled: bool) -> Result<Report, StoreError> {
    let mut report = Report::default();
    payments::compare(invoices, provider, settled, &mut report)?;
    ledger::check(provider, &mut report)?;
    attempts::check(invoices, provider, settled, &mut report)?;
    Ok(report)
}

/// Runs the command; false when something was found.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &VerifyCommand, out: &mut dyn Write) -> Result<bool, String> {
    let report = if command.api {
        let api = Api::new(&command.at)?;
        run_async(by_api::compare(&api, command.settled))?
    } else {
        by_databases(command)?
    };
    let text = match command.output {
        Output::Json => serde_json::to_string_pretty(&report).map_err(|e| e.to_string())?,
        Output::Text => text(&report),
    };
    writeln!(out, "{text}").map_err(|e| e.to_string())?;
    Ok(report.findings.is_empty())
}

/// Both databases, or the one that whoever asks may read: then what it promises by itself.
fn by_databases(command: &VerifyCommand) -> Result<Report, String> {
    let invoices = open(command.invoices_url.as_ref(), command.invoices_url_file.as_deref())?;
    let provider = open(command.provider_url.as_ref(), command.provider_url_file.as_deref())?;
    let mut report = Report::default();
    let looked = match (&invoices, &provider) {
        (Some(invoices), Some(provider)) => return both(invoices, provider, command.settled),
        (Some(invoices), None) => attempts::check_history(invoices, command.settled, &mut report),
        (None, Some(provider)) => ledger::check(provider, &mut report),
        (None, None) => return Err("give --invoices-url, --provider-url or both; or --api".into()),
    };
    looked.map_err(|e| e.to_string())?;
    Ok(report)
}

fn both(invoices: &Db, provider: &Db, settled: bool) -> Result<Report, String> {
    verify(invoices, provider, settled).map_err(|e| e.to_string())
}

fn open(url: Option<&DatabaseUrl>, file: Option<&std::path::Path>) -> Result<Option<Db>, String> {
    if url.is_none() && file.is_none() {
        return Ok(None);
    }
    let url = database::url(Given { url, file, names: "a URL" })?;
    Ok(Some(Db::new(&url, PoolSettings { size: 1, wait: Duration::from_secs(10) })))
}

fn text(report: &Report) -> String {
    let line = |finding: &Finding| format!("{} {}: {}\n", finding.invariant, finding.about, finding.seen);
    let lines: String = report.findings.iter().map(line).collect();
    let Report { paid, captures, in_flight, findings } = report;
    let said =
        if findings.is_empty() { "they agree".to_owned() } else { format!("{} findings", findings.len()) };
    format!("{lines}{paid} paid invoices, {captures} captures, {in_flight} in flight: {said}")
}

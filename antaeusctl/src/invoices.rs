//! `antaeusctl invoices`: invoices as invoice-app shows them.

mod invoice;
mod list;

use std::io::Write;

use clap::{Args, Subcommand};

use crate::api::Api;
use crate::http::run_async;
use crate::output::{Ask, OneCommand};
use crate::pages::{ROWS, first, with_query};
use invoice::{Attempts, Invoice, explanation, show};

/// Invoices: list them, look at one, count them.
#[derive(Debug, Subcommand)]
pub enum InvoicesCommand {
    /// Show the first invoices as a table.
    List(ListCommand),
    /// Show an invoice.
    Show(OneCommand),
    /// Say what happens to an invoice next and why, and show its attempts.
    Explain(OneCommand),
    /// Count invoices in a state.
    Count(CountCommand),
}

/// Show the first invoices as a table.
#[derive(Debug, Args)]
pub struct ListCommand {
    #[command(flatten)]
    ask: Ask,
    /// Only those in this state: PENDING, CHARGING, PAID, VOID or PARKED.
    #[arg(long)]
    state: Option<String>,
    /// Only those of this customer.
    #[arg(long)]
    customer: Option<i64>,
    /// Longest table.
    #[arg(long, default_value_t = ROWS)]
    limit: usize,
}

/// Count invoices in a state.
#[derive(Debug, Args)]
pub struct CountCommand {
    #[command(flatten)]
    ask: Ask,
    /// PENDING, CHARGING, PAID, VOID or PARKED.
    #[arg(long)]
    state: String,
}

/// Runs the command.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &InvoicesCommand, out: &mut dyn Write) -> Result<(), String> {
    match command {
        InvoicesCommand::List(command) => run_async(list(command, out)),
        InvoicesCommand::Show(command) => run_async(show_one(command, out)),
        InvoicesCommand::Explain(command) => run_async(explain(command, out)),
        InvoicesCommand::Count(command) => run_async(count(command, out)),
    }
}

async fn list(command: &ListCommand, out: &mut dyn Write) -> Result<(), String> {
    let customer = command.customer.map(|id| id.to_string());
    let only = [("state", command.state.as_deref()), ("customer_id", customer.as_deref())];
    let query: Vec<_> = only.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let invoices = first(&command.ask.api()?, "/v1/invoices", &query, command.limit).await?;
    let rows = invoices.read()?;
    command.ask.print(out, &invoices.json(), || list::table(&rows, invoices.more))
}

async fn show_one(command: &OneCommand, out: &mut dyn Write) -> Result<(), String> {
    let answer = command.ask.api()?.get(&format!("/v1/invoices/{}", command.id)).await?;
    let invoice: Invoice = answer.read()?;
    command.ask.print(out, &answer.text, || show(&invoice))
}

async fn explain(command: &OneCommand, out: &mut dyn Write) -> Result<(), String> {
    let (api, id) = (command.ask.api()?, command.id);
    let invoice: Invoice = api.get(&format!("/v1/invoices/{id}")).await?.read()?;
    let attempts = api.get(&format!("/v1/invoices/{id}/attempts")).await?;
    let history: Attempts = attempts.read()?;
    let sentence = serde_json::to_string(&invoice.explanation).map_err(|e| e.to_string())?;
    let json = format!(r#"{{"explanation":{sentence},"attempts":{}}}"#, history.items.get());
    let history = history.read()?;
    command.ask.print(out, &json, || explanation(&invoice, &history))
}

async fn count(command: &CountCommand, out: &mut dyn Write) -> Result<(), String> {
    let (api, mut count): (Api, u64) = (command.ask.api()?, 0);
    let path = with_query("/v1/invoices", [("state", command.state.as_str())]);
    api.each(&path, |_| count += 1).await?;
    command.ask.print(out, &format!(r#"{{"count":{count}}}"#), || count.to_string())
}

//! `antaeusctl count` and `antaeusctl table`: invoices as invoice-app shows them.

use std::io::Write;

use clap::Args;
use serde_json::Value;

use crate::api::{Api, ApiArgs};
use crate::http::run_async;

/// Longest table.
const ROWS: usize = 30;

/// Count invoices in a state.
#[derive(Debug, Args)]
pub struct CountCommand {
    #[command(flatten)]
    api: ApiArgs,
    /// PENDING, CHARGING, PAID, VOID or PARKED.
    #[arg(long)]
    state: String,
}

/// Show the first invoices as a table.
#[derive(Debug, Args)]
pub struct TableCommand {
    #[command(flatten)]
    api: ApiArgs,
}

/// Runs `count`.
///
/// # Errors
/// When invoice-app does not answer.
pub fn count(command: &CountCommand, out: &mut dyn Write) -> Result<(), String> {
    let (api, mut count) = (Api::new(&command.api)?, 0_u64);
    let path = format!("/v1/invoices?state={}", command.state);
    run_async(api.each(&path, |_| count += 1))?;
    writeln!(out, "{count}").map_err(|e| e.to_string())
}

/// Runs `table`.
///
/// # Errors
/// When invoice-app does not answer.
pub fn table(command: &TableCommand, out: &mut dyn Write) -> Result<(), String> {
    let api = Api::new(&command.api)?;
    let page = run_async(api.get(&format!("/v1/invoices?limit={ROWS}")))?;
    let mut lines = vec![format!(
        "{:>8} {:>9} {:>14} {:<4} {:<8} {:>8}",
        "invoice", "customer", "amount", "", "state", "attempts"
    )];
    for invoice in page["items"].as_array().into_iter().flatten() {
        lines.push(line(invoice));
    }
    if page["next_cursor"].is_string() {
        lines.push("     ... and more: GET /v1/invoices".into());
    }
    writeln!(out, "{}", lines.join("\n")).map_err(|e| e.to_string())
}

fn line(invoice: &Value) -> String {
    let amount = &invoice["amount"];
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{:>8} {:>9} {:>14} {:<4} {:<8} {:>8}",
        format!("I{}", invoice["id"]),
        invoice["customer_id"].to_string(),
        amount["value"].to_string(),
        words(&amount["currency"]),
        words(&invoice["state"]),
        invoice["attempts"].to_string()
    )
}

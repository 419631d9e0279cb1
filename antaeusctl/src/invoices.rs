//! `antaeusctl count` and `antaeusctl table`: invoices as invoice-app shows them.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::probe::client;

/// Longest table.
const ROWS: usize = 30;

/// Count invoices in a state.
#[derive(Debug, Args)]
pub struct CountCommand {
    /// Base URL of invoice-app.
    #[arg(long, default_value = "http://localhost:8081")]
    url: String,
    /// PENDING, CHARGING, PAID, VOID or PARKED.
    #[arg(long)]
    state: String,
}

/// Show the first invoices as a table.
#[derive(Debug, Args)]
pub struct TableCommand {
    /// Base URL of invoice-app.
    #[arg(long, default_value = "http://localhost:8081")]
    url: String,
}

/// Runs `count`.
///
/// # Errors
/// When invoice-app does not answer.
pub fn count(command: &CountCommand, out: &mut dyn Write) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let count = runtime.map_err(|e| e.to_string())?.block_on(async {
        let (mut count, mut cursor) = (0, None);
        loop {
            let filter = format!("state={}&limit=1000", command.state);
            let page = page(&command.url, &filter, cursor.as_deref()).await?;
            count += page["items"].as_array().map_or(0, Vec::len);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok::<usize, String>(count),
            }
        }
    })?;
    writeln!(out, "{count}").map_err(|e| e.to_string())
}

/// Runs `table`.
///
/// # Errors
/// When invoice-app does not answer.
pub fn table(command: &TableCommand, out: &mut dyn Write) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let filter = format!("limit={ROWS}");
    let page = runtime.map_err(|e| e.to_string())?.block_on(page(&command.url, &filter, None))?;
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

async fn page(url: &str, filter: &str, cursor: Option<&str>) -> Result<Value, String> {
    let cursor = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    let request = client(Duration::from_secs(10))?.get(format!("{url}/v1/invoices?{filter}{cursor}"));
    let answer = request.send().await.map_err(|e| format!("{url} does not answer: {e}"))?;
    let status = answer.status();
    let body: Value = answer.json().await.map_err(|e| format!("{url} answered with something else: {e}"))?;
    if status.is_success() { Ok(body) } else { Err(format!("{url} answered {status}: {body}")) }
}

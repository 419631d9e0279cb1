//! `antaeusctl customers`: customers as invoice-app shows them.

use std::io::Write;

use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::http::run_async;
use crate::output::{Ask, OneCommand};
use crate::pages::{ROWS, first};
use crate::table::{Column, facts, table};

/// Customers: list them, look at one.
#[derive(Debug, Subcommand)]
pub enum CustomersCommand {
    /// Show the first customers as a table.
    List(ListCommand),
    /// Show a customer.
    Show(OneCommand),
}

/// Show the first customers as a table.
#[derive(Debug, Args)]
pub struct ListCommand {
    #[command(flatten)]
    ask: Ask,
    /// Longest table.
    #[arg(long, default_value_t = ROWS)]
    limit: usize,
}

#[derive(Debug, Deserialize)]
struct Customer {
    id: i64,
    uid: String,
    currency: String,
    method: String,
    time_zone: String,
    created_at: String,
    user: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &CustomersCommand, out: &mut dyn Write) -> Result<(), String> {
    match command {
        CustomersCommand::List(command) => run_async(list(command, out)),
        CustomersCommand::Show(command) => run_async(show(command, out)),
    }
}

async fn list(command: &ListCommand, out: &mut dyn Write) -> Result<(), String> {
    let customers = first(&command.ask.api()?, "/v1/customers", &[], command.limit).await?;
    let rows = customers.read()?;
    command.ask.print(out, &customers.json(), || lines(&rows, customers.more))
}

async fn show(command: &OneCommand, out: &mut dyn Write) -> Result<(), String> {
    let answer = command.ask.api()?.get(&format!("/v1/customers/{}", command.id)).await?;
    let customer = answer.read()?;
    command.ask.print(out, &answer.text, || one(&customer))
}

fn lines(customers: &[Customer], more: bool) -> String {
    let columns = [
        Column::Right("customer"),
        Column::Left("currency"),
        Column::Left("method"),
        Column::Left("time zone"),
        Column::Left("user"),
    ];
    let row = |customer: &Customer| {
        let Customer { id, currency, method, time_zone, user, .. } = customer;
        let user = user.clone().unwrap_or_else(|| "-".into());
        vec![id.to_string(), currency.clone(), method.clone(), time_zone.clone(), user]
    };
    let rows: Vec<_> = customers.iter().map(row).collect();
    let more = if more { "\n     ... and more: --limit" } else { "" };
    format!("{}{more}", table(&columns, &rows))
}

fn one(customer: &Customer) -> String {
    let known = facts(&[
        ("uid", customer.uid.clone()),
        ("currency", customer.currency.clone()),
        ("method", customer.method.clone()),
        ("time zone", customer.time_zone.clone()),
        ("user", customer.user.clone().unwrap_or_else(|| "-".into())),
        ("created", customer.created_at.clone()),
    ]);
    format!("customer {}\n{known}", customer.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer() -> Customer {
        let json = r#"{"id": 4, "uid": "0193", "currency": "DKK", "method": "card", "new": [1],
            "time_zone": "Europe/Copenhagen", "created_at": "2026-11-21T00:00:00Z"}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn customers_are_listed_with_their_days_and_currency() {
        assert_eq!(
            lines(&[customer()], true),
            "\
customer  currency  method  time zone          user
       4  DKK       card    Europe/Copenhagen  -
     ... and more: --limit"
        );
    }

    #[test]
    fn a_customer_is_shown_with_all_that_is_known() {
        assert_eq!(
            one(&customer()),
            "\
customer 4
  uid        0193
  currency   DKK
  method     card
  time zone  Europe/Copenhagen
  user       -
  created    2026-11-21T00:00:00Z"
        );
    }
}

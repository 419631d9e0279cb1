//! `antaeusctl reconcile`: do the invoices agree with what the payment provider captured?

use std::io::Write;

use clap::Args;
use serde::Deserialize;

use crate::http::run_async;
use crate::money::Amount;
use crate::output::Ask;
use crate::table::{Column, facts, table};

const PATH: &str = "/v1/reconciliation";

/// Show how far invoices and captures are reconciled, and what differs: exit 1 when something does.
#[derive(Debug, Args)]
pub struct ReconcileCommand {
    #[command(flatten)]
    ask: Ask,
    /// Make a pass now, instead of telling what the last one found.
    #[arg(long)]
    now: bool,
}

#[derive(Debug, Deserialize)]
struct Reconciliation {
    reconciled_to: Option<String>,
    checked_at: Option<String>,
    #[serde(default)]
    unreconciled: Vec<Amount>,
    #[serde(default)]
    differences: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
struct Difference {
    invoice: String,
    kind: String,
    amount: Option<Amount>,
    found_at: Option<String>,
    state: String,
}

/// Runs the command; false when something is not reconciled or a difference is open.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &ReconcileCommand, out: &mut dyn Write) -> Result<bool, String> {
    let api = command.ask.api()?;
    let answer = run_async(async {
        if command.now { api.post(PATH, None::<&()>).await } else { api.get(PATH).await }
    })?;
    let found: Reconciliation = answer.read()?;
    command.ask.print(out, &answer.text, || show(&found))?;
    Ok(well(&found))
}

fn well(found: &Reconciliation) -> bool {
    let open = found.differences.iter().any(|difference| difference.state == "open");
    !open && found.unreconciled.iter().all(|amount| amount.value.is_zero())
}

fn show(found: &Reconciliation) -> String {
    let or_never = |at: &Option<String>| at.clone().unwrap_or_else(|| "never".into());
    let unreconciled: Vec<String> = found.unreconciled.iter().map(Amount::to_string).collect();
    let unreconciled = if unreconciled.is_empty() { "nothing".into() } else { unreconciled.join(", ") };
    let head = facts(&[
        ("reconciled to", or_never(&found.reconciled_to)),
        ("checked", or_never(&found.checked_at)),
        ("unreconciled", unreconciled),
    ]);
    if found.differences.is_empty() {
        return format!("{head}\n\nno differences");
    }
    let columns = [
        Column::Left("invoice"),
        Column::Left("kind"),
        Column::Right("amount"),
        Column::Left("found"),
        Column::Left("state"),
    ];
    let rows: Vec<_> = found.differences.iter().map(row).collect();
    format!("{head}\n\n{}", table(&columns, &rows))
}

fn row(difference: &Difference) -> Vec<String> {
    let Difference { invoice, kind, amount, found_at, state } = difference;
    let amount = amount.as_ref().map_or_else(|| "-".into(), Amount::to_string);
    let found_at = found_at.clone().unwrap_or_else(|| "-".into());
    vec![invoice.clone(), kind.clone(), amount, found_at, state.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(unreconciled: &str, state: &str) -> Reconciliation {
        let json = format!(
            r#"{{"reconciled_to": "2026-12-01T05:00:00Z", "checked_at": "2026-12-01T05:01:00Z", "new": 1,
                "unreconciled": [{{"value": 0, "currency": "EUR"}}, {{"value": {unreconciled}, "currency": "JPY"}}],
                "differences": [{{"invoice": "0193", "kind": "captured_not_paid", "new": 2, "state": "{state}",
                "amount": {{"value": 12.1, "currency": "EUR"}}, "found_at": "2026-12-01T05:00:30Z"}}]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn differences_are_shown_as_a_table() {
        assert_eq!(
            show(&found("120", "open")),
            "  reconciled to  2026-12-01T05:00:00Z
  checked        2026-12-01T05:01:00Z
  unreconciled   0.00 EUR, 120 JPY

invoice  kind                  amount  found                 state
0193     captured_not_paid  12.10 EUR  2026-12-01T05:00:30Z  open"
        );
    }

    #[test]
    fn nothing_to_show_is_said() {
        let nothing: Reconciliation = serde_json::from_str("{}").unwrap();
        assert!(show(&nothing).ends_with("  unreconciled   nothing\n\nno differences"));
        assert!(well(&nothing));
    }

    #[test]
    fn an_open_difference_or_money_not_reconciled_is_a_finding() {
        assert!(well(&found("0", "repaired")) && well(&found("0", "parked")));
        assert!(!well(&found("0", "open")));
        assert!(!well(&found("-1", "repaired")));
    }
}

//! The table of invoices.

use serde_json::Value;

/// A head, a line for each invoice, and whether there are more.
pub(super) fn table(invoices: &[Value], more: bool) -> String {
    let mut lines = vec![format!(
        "{:>8} {:>9} {:>14} {:<4} {:<8} {:>8}",
        "invoice", "customer", "amount", "", "state", "attempts"
    )];
    lines.extend(invoices.iter().map(line));
    if more {
        lines.push("     ... and more: GET /v1/invoices".into());
    }
    lines.join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_invoice_and_says_when_there_are_more() {
        let invoice = serde_json::json!({
            "id": 13, "uid": "u", "customer_id": 2, "amount": {"value": 184.04, "currency": "USD"},
            "state": "PAID", "attempts": 1
        });
        let shown = table(&[invoice], true);
        assert_eq!(
            shown,
            " invoice  customer         amount      state    attempts\
             \n     I13         2         184.04 USD  PAID            1\
             \n     ... and more: GET /v1/invoices"
        );
    }
}

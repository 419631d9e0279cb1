//! I1 and I3 from outside, where nobody may read both databases: the invoices as invoice-app shows them, and the
//! captures as it is told them by the payment provider.

use std::collections::HashMap;

use serde_json::Value;

use super::Report;
use crate::api::Api;

/// State and amount of each invoice that was not imported as paid.
type Invoices = HashMap<String, (String, String)>;

pub(super) async fn compare(api: &Api, settled: bool) -> Result<Report, String> {
    let mut report = Report::default();
    // Captures first: by the time the invoices are listed each of these is paid, or its answer is still to come.
    let mut captures: HashMap<String, String> = HashMap::new();
    api.each("/v1/captures?", |capture| {
        let invoice = text(&capture["invoice"]);
        report.captures += 1;
        if captures.insert(invoice.clone(), capture["amount"].to_string()).is_some() {
            report.found("I1", invoice, "captured twice");
        }
    })
    .await?;
    let mut invoices = Invoices::new();
    api.each("/v1/invoices?", |invoice| {
        if invoice["attempts"].as_i64() > Some(0) {
            invoices.insert(text(&invoice["uid"]), (text(&invoice["state"]), invoice["amount"].to_string()));
        }
    })
    .await?;
    for (invoice, amount) in &captures {
        captured_is_paid(invoice, amount, &invoices, settled, &mut report);
    }
    let mut missing: HashMap<&String, &String> = HashMap::new();
    for (invoice, (_, amount)) in invoices.iter().filter(|(_, (state, _))| state == "PAID") {
        report.paid += 1;
        if !captures.contains_key(invoice) {
            missing.insert(invoice, amount);
        }
    }
    if !missing.is_empty() {
        // What was captured between the two lists is in a list that is asked for now.
        api.each("/v1/captures?", |capture| {
            missing.remove(&text(&capture["invoice"]));
        })
        .await?;
    }
    for (invoice, amount) in missing {
        report.found("I3", invoice, format!("PAID {amount}, never captured"));
    }
    Ok(report)
}

fn captured_is_paid(invoice: &str, amount: &str, invoices: &Invoices, settled: bool, report: &mut Report) {
    match invoices.get(invoice) {
        Some((state, due)) if state == "PAID" && due == amount => {}
        Some((state, due)) if state == "PAID" => {
            report.found("I3", invoice, format!("PAID {due}, captured {amount}"));
        }
        Some((state, _)) if state == "CHARGING" && !settled => report.in_flight += 1,
        Some((state, _)) => report.found("I3", invoice, format!("captured, and {state}")),
        None => report.found("I3", invoice, "captured, and unknown to invoice-app"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

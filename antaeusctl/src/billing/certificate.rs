//! What a run that has ended can prove.

use std::io::Write;

use serde::Deserialize;

use super::PATH;
use super::run::Run;
use super::show::show;
use crate::money::Decimal;
use crate::output::Ask;
use crate::table::{Column, facts, table};

#[derive(Debug, Deserialize)]
struct Certificate {
    run: Run,
    history: History,
    provider: Provider,
    reconciled: bool,
    issued_at: String,
}

#[derive(Debug, Deserialize)]
struct History {
    agrees: bool,
}

#[derive(Debug, Deserialize)]
struct Provider {
    agrees: bool,
    #[serde(default)]
    amounts: Vec<Compared>,
}

#[derive(Debug, Deserialize)]
struct Compared {
    currency: String,
    #[serde(default)]
    ours: Decimal,
    #[serde(default)]
    provider: Decimal,
    #[serde(default)]
    invoices_ours: u64,
    #[serde(default)]
    invoices_provider: u64,
}

/// Prints a run's certificate; false when it is not reconciled.
pub(super) async fn certificate(ask: &Ask, id: i64, out: &mut dyn Write) -> Result<bool, String> {
    let answer = ask.api()?.get(&format!("{PATH}/{id}/certificate")).await?;
    let certificate: Certificate = answer.read()?;
    ask.print(out, &answer.text, || text(&certificate))?;
    Ok(certificate.reconciled)
}

fn text(certificate: &Certificate) -> String {
    let Certificate { run, history, provider, reconciled, issued_at } = certificate;
    let agrees = |yes: bool| if yes { "agrees" } else { "DIFFERS" }.to_owned();
    let verdict = facts(&[
        ("history", agrees(history.agrees)),
        ("provider", agrees(provider.agrees)),
        ("reconciled", if *reconciled { "yes" } else { "NO" }.into()),
        ("issued", issued_at.clone()),
    ]);
    let columns = [
        Column::Left("currency"),
        Column::Right("ours"),
        Column::Right("provider"),
        Column::Right("invoices ours"),
        Column::Right("invoices provider"),
    ];
    let row = |c: &Compared| {
        let money = [c.currency.clone(), c.ours.of(&c.currency), c.provider.of(&c.currency)];
        money.into_iter().chain([c.invoices_ours, c.invoices_provider].map(|n| n.to_string())).collect()
    };
    let rows: Vec<_> = provider.amounts.iter().map(row).collect();
    format!("{}\n\n{}\n\ncertificate\n{verdict}", show(run), table(&columns, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::sample;

    #[test]
    fn a_certificate_shows_both_sides_and_the_verdict() {
        let json = format!(
            r#"{{"run": {}, "history": {{"agrees": true, "new": 1}}, "provider": {{"agrees": false, "amounts": [
                {{"currency": "EUR", "ours": 4.00, "provider": 3.9, "invoices_ours": 400, "invoices_provider": 399}}]}},
                "reconciled": false, "issued_at": "2026-12-01T06:00:00Z", "new": null}}"#,
            sample::json("finished")
        );
        let certificate = serde_json::from_str(&json).unwrap();
        let shown = text(&certificate);
        assert!(shown.starts_with("billing run 7: finished\n"));
        let end = "\
currency  ours  provider  invoices ours  invoices provider
EUR       4.00      3.90            400                399

certificate
  history     agrees
  provider    DIFFERS
  reconciled  NO
  issued      2026-12-01T06:00:00Z";
        assert!(shown.ends_with(end), "{shown}");
    }
}

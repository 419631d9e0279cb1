//! All that is known of a run, and what may be done to it.

use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::PATH;
use super::pace::span;
use super::run::{Amounts, Invoices, Run};
use crate::output::Ask;
use crate::table::{Column, facts, table};

/// Prints a run.
pub(super) async fn one(ask: &Ask, id: i64, out: &mut dyn Write) -> Result<bool, String> {
    let answer = ask.api()?.get(&format!("{PATH}/{id}")).await?;
    let run = answer.read()?;
    ask.print(out, &answer.text, || show(&run))?;
    Ok(true)
}

/// Pauses, resumes or cancels a run.
pub(super) async fn steer(ask: &Ask, id: i64, how: &str, out: &mut dyn Write) -> Result<bool, String> {
    let answer = ask.api()?.post(&format!("{PATH}/{id}/{how}"), None::<&()>).await?;
    let run: Run = answer.read()?;
    ask.print(out, &answer.text, || run.headline())?;
    Ok(true)
}

/// All that is known of a run; once it has ended, its summary.
pub(super) fn show(run: &Run) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let known = facts(&[
        (
            "scope",
            run.scope_key.as_ref().map_or(run.scope.clone(), |key| format!("{}, key {key}", run.scope)),
        ),
        ("started by", or_none(&run.started_by)),
        ("cutoff", or_none(&run.cutoff_at)),
        ("created", run.created_at.clone()),
        ("ended", ended(run)),
        ("invoices", counts(&run.invoices)),
    ]);
    let mut parts = vec![format!("{}\n{known}", run.headline())];
    if !run.amounts.is_empty() {
        parts.push(amounts(&run.amounts));
    }
    if !run.failures.is_empty() {
        let rows: Vec<_> =
            run.failures.iter().map(|f| vec![f.reason.clone(), f.invoices.to_string()]).collect();
        parts.push(table(&[Column::Left("failure"), Column::Right("invoices")], &rows));
    }
    parts.join("\n\n")
}

fn ended(run: &Run) -> String {
    let Some(ended_at) = &run.ended_at else { return "-".into() };
    let between = |from: Timestamp, to: Timestamp| Duration::try_from(to.duration_since(from)).ok();
    let took =
        run.created_at.parse().ok().zip(ended_at.parse().ok()).and_then(|(from, to)| between(from, to));
    took.map_or_else(|| ended_at.clone(), |took| format!("{ended_at}, after {}", span(took)))
}

fn counts(invoices: &Invoices) -> String {
    let Invoices { expected, captured, declined, parked, unknown, in_flight, remaining } = invoices;
    let open = match (unknown, in_flight) {
        (0, 0) => String::new(),
        _ => format!(" ({in_flight} in flight, {unknown} unknown)"),
    };
    format!(
        "{expected} expected: {captured} captured, {declined} declined, {parked} parked, {remaining} remaining{open}"
    )
}

fn amounts(amounts: &[Amounts]) -> String {
    let columns = [
        Column::Left("currency"),
        Column::Right("expected"),
        Column::Right("captured"),
        Column::Right("declined"),
        Column::Right("parked"),
        Column::Right("unknown"),
        Column::Right("remaining"),
    ];
    let row = |a: &Amounts| {
        let cells = [&a.expected, &a.captured, &a.declined, &a.parked, &a.unknown, &a.remaining];
        std::iter::once(a.currency.clone()).chain(cells.map(|value| value.of(&a.currency))).collect()
    };
    table(&columns, &amounts.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;

//! The table of runs.

use std::io::Write;

use super::PATH;
use super::run::Run;
use crate::output::Ask;
use crate::pages::first;
use crate::table::{Column, table};

/// Prints the newest runs.
pub(super) async fn list(ask: &Ask, limit: usize, out: &mut dyn Write) -> Result<bool, String> {
    let runs = first(&ask.api()?, PATH, &[], limit).await?;
    let rows: Vec<Run> = runs.read()?;
    ask.print(out, &runs.json(), || lines(&rows, runs.more))?;
    Ok(true)
}

fn lines(runs: &[Run], more: bool) -> String {
    let columns = [
        Column::Right("run"),
        Column::Left("state"),
        Column::Left("scope"),
        Column::Left("created"),
        Column::Right("expected"),
        Column::Right("captured"),
        Column::Right("declined"),
        Column::Right("parked"),
        Column::Right("remaining"),
    ];
    let row = |run: &Run| {
        let words = [run.id.to_string(), run.state.clone(), run.scope.clone(), run.created_at.clone()];
        let i = &run.invoices;
        let counts = [i.expected, i.captured, i.declined, i.parked, i.remaining];
        words.into_iter().chain(counts.map(|count| count.to_string())).collect()
    };
    let more = if more { "\n     ... and more: --limit" } else { "" };
    format!("{}{more}", table(&columns, &runs.iter().map(row).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::sample;

    #[test]
    fn runs_are_listed_a_line_each() {
        assert_eq!(
            lines(&[sample::run("paused")], true),
            "\
run  state   scope  created               expected  captured  declined  parked  remaining
  7  paused  due    2026-12-01T05:00:01Z      1000       400       380       3        217
     ... and more: --limit"
        );
    }
}

//! How far a run is, in one line or below a bar.

use super::run::Run;
use crate::table::plain;

/// In one line; `pace` is how fast it goes.
pub(super) fn line(run: &Run, pace: Option<&str>) -> String {
    let i = &run.invoices;
    let mut parts = vec![
        format!("{} of {} invoices ({} %)", i.done(), i.expected, percent(run)),
        format!("{} captured, {} declined, {} parked", i.captured, i.declined, i.parked),
    ];
    parts.extend(captured(run));
    parts.extend(pace.map(str::to_owned));
    parts.extend(failures(run));
    plain(&format!("{}: {}", run.headline(), parts.join("; ")))
}

/// Beside and below a bar that shows the counts itself.
pub(super) fn beside_bar(run: &Run, pace: Option<&str>) -> String {
    let first = [Some(format!("{} %", percent(run))), pace.map(str::to_owned)];
    let first = first.into_iter().flatten().collect::<Vec<_>>().join("  ");
    let below = [captured(run), failures(run)].into_iter().flatten();
    std::iter::once(first)
        .chain(below.map(|line| format!("  {}", plain(&line))))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whole per cent, never 100 before the end.
fn percent(run: &Run) -> u64 {
    let i = &run.invoices;
    (i.done() * 100).checked_div(i.expected).map_or(100, |percent| percent.min(100))
}

fn captured(run: &Run) -> Option<String> {
    let money = |a: &super::run::Amounts| format!("{} {}", a.captured.of(&a.currency), a.currency);
    let money: Vec<String> = run.amounts.iter().map(money).collect();
    (!money.is_empty()).then(|| format!("{} captured", money.join(", ")))
}

fn failures(run: &Run) -> Option<String> {
    let kinds: Vec<String> = run.failures.iter().map(|f| format!("{} {}", f.reason, f.invoices)).collect();
    (!kinds.is_empty()).then(|| format!("failures: {}", kinds.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::sample;

    #[test]
    fn a_line_tells_invoices_money_pace_and_failures() {
        assert_eq!(
            line(&sample::run("running"), Some("13.0/s, about 16 s left")),
            "billing run 7: running: 783 of 1000 invoices (78 %); 400 captured, 380 declined, 3 parked; \
             4.00 EUR, 120 JPY captured; 13.0/s, about 16 s left; failures: insufficient_funds 300, stolen_card 3"
        );
    }

    #[test]
    fn the_bar_has_the_rest_beside_and_below_it() {
        assert_eq!(
            beside_bar(&sample::run("paused"), Some("paused")),
            "78 %  paused\n  4.00 EUR, 120 JPY captured\n  failures: insufficient_funds 300, stolen_card 3"
        );
    }

    #[test]
    fn a_run_over_nothing_is_all_done() {
        let json = r#"{"id": 1, "scope": "due", "state": "running", "created_at": "2026-12-01T05:00:01Z"}"#;
        let run = serde_json::from_str(json).unwrap();
        assert_eq!(
            line(&run, None),
            "billing run 1: running: 0 of 0 invoices (100 %); 0 captured, 0 declined, 0 parked"
        );
        assert_eq!(beside_bar(&run, None), "100 %");
    }
}

use super::*;
use crate::billing::sample;

#[test]
fn a_run_that_has_ended_is_summed_up_with_money_of_several_currencies() {
    assert_eq!(
        show(&sample::run("finished")),
        "\
billing run 7: finished
  scope       due, key due/2026-12-01T05:00Z
  started by  schedule
  cutoff      2026-12-01T05:00:00Z
  created     2026-12-01T05:00:01Z
  ended       2026-12-01T05:10:04Z, after 10 min
  invoices    1000 expected: 400 captured, 380 declined, 3 parked, 217 remaining (100 in flight, 2 unknown)

currency           expected  captured  declined  parked  unknown          remaining
EUR                   10.00      4.00      3.80    0.03     0.02               2.17
JPY       90071992547409931       120         0       0        0  90071992547409811

failure             invoices
insufficient_funds       300
stolen_card                3"
    );
}

#[test]
fn a_run_that_has_just_begun_is_shown_without_empty_tables() {
    let json = r#"{"id": 1, "scope": "ids", "state": "running", "created_at": "2026-12-01T05:00:01Z"}"#;
    let run = serde_json::from_str(json).unwrap();
    assert_eq!(
        show(&run),
        "\
billing run 1: running
  scope       ids
  started by  -
  cutoff      -
  created     2026-12-01T05:00:01Z
  ended       -
  invoices    0 expected: 0 captured, 0 declined, 0 parked, 0 remaining"
    );
}

#[test]
fn a_time_that_cannot_be_read_is_shown_as_it_is() {
    let mut run = sample::run("finished");
    run.ended_at = Some("yesterday".into());
    assert!(show(&run).contains("  ended       yesterday\n"));
    run.ended_at = Some("2026-11-01T00:00:00Z".into());
    assert!(show(&run).contains("  ended       2026-11-01T00:00:00Z\n"), "a clock that was put back");
}

//! A run, as tests need it.

use super::run::Run;

/// A run in this state, as the API writes it; with fields that nobody here knows.
pub(super) fn json(state: &str) -> String {
    let ended = if matches!(state, "finished" | "cancelled") {
        r#""ended_at": "2026-12-01T05:10:04Z", "#
    } else {
        ""
    };
    format!(
        r#"{{"id": 7, "scope_key": "due/2026-12-01T05:00Z", "scope": "due", "state": "{state}", "new": [],
            "started_by": "schedule", "cutoff_at": "2026-12-01T05:00:00Z", "created_at": "2026-12-01T05:00:01Z", {ended}
            "invoices": {{"expected": 1000, "captured": 400, "declined": 380, "parked": 3, "unknown": 2,
                "in_flight": 100, "remaining": 217, "new": 1}},
            "amounts": [
                {{"currency": "EUR", "expected": 10.00, "captured": 4.00, "declined": 3.80, "parked": 0.03,
                  "unknown": 0.02, "remaining": 2.17, "new": 1}},
                {{"currency": "JPY", "expected": 90071992547409931, "captured": 120, "declined": 0, "parked": 0,
                  "unknown": 0, "remaining": 90071992547409811}}],
            "failures": [{{"reason": "insufficient_funds", "invoices": 300, "new": 1}},
                {{"reason": "stolen_card", "invoices": 3}}]}}"#
    )
    .replace('\n', "")
}

pub(super) fn run(state: &str) -> Run {
    serde_json::from_str(&json(state)).unwrap()
}

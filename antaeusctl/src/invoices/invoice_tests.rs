use super::*;

const INVOICE: &str = r#"{"id": 5, "uid": "0193", "customer_id": 2, "amount": {"value": 12.1, "currency": "EUR"},
    "due_on": "2026-12-01", "state": "PENDING", "status": "ERROR_NO_BALANCE", "attempts": 2, "new": {},
    "next_at": "2026-12-03T05:00:00Z", "created_at": "2026-11-21T00:00:00Z", "explanation": "It is tried again."}"#;

const ATTEMPTS: &str = r#"{"items": [
    {"attempt": 1, "started_at": "2026-12-01T05:00:00Z", "ended_at": "2026-12-01T05:00:01Z", "outcome": "unknown"},
    {"attempt": 2, "run_id": 7, "started_at": "2026-12-02T05:00:00Z", "ended_at": "2026-12-02T05:00:01Z",
     "outcome": "declined", "decline_code": "insufficient_funds", "next_at": "2026-12-03T05:00:00Z", "new": 1}]}"#;

#[test]
fn an_invoice_is_shown_with_what_happens_next() {
    let invoice: Invoice = serde_json::from_str(INVOICE).unwrap();
    assert_eq!(
        show(&invoice),
        "\
invoice I5: PENDING
  uid       0193
  customer  2
  amount    12.10 EUR
  due on    2026-12-01
  attempts  2
  next      2026-12-03T05:00:00Z
  paid      -
  created   2026-11-21T00:00:00Z
It is tried again."
    );
}

#[test]
fn an_explanation_is_the_sentence_and_the_attempts() {
    let invoice: Invoice = serde_json::from_str(INVOICE).unwrap();
    let attempts: Attempts = serde_json::from_str(ATTEMPTS).unwrap();
    assert_eq!(
        explanation(&invoice, &attempts.read().unwrap()),
        "\
It is tried again.

attempt  run  started               ended                 outcome   why                 next
      1    -  2026-12-01T05:00:00Z  2026-12-01T05:00:01Z  unknown   -                   -
      2    7  2026-12-02T05:00:00Z  2026-12-02T05:00:01Z  declined  insufficient_funds  2026-12-03T05:00:00Z"
    );
}

#[test]
fn an_invoice_without_attempts_says_so() {
    let invoice: Invoice = serde_json::from_str(INVOICE).unwrap();
    assert_eq!(explanation(&invoice, &[]), "It is tried again.\nNo attempt is over.");
}

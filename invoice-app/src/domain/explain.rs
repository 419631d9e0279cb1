//! Why an invoice stands where it stands, and what happens next, in one sentence.

use service::clock::Micros;

use super::attempt::Attempt;
use super::invoice::{Invoice, State};

/// The sentence; `last` is the last attempt with a verdict, `retries` how many the policy grants after declines.
#[must_use]
pub fn explain(invoice: &Invoice, last: Option<&Attempt>, retries: usize) -> String {
    let next = invoice.next_at.map(moment).unwrap_or_default();
    let because = last.map_or_else(String::new, |last| format!(" because {}", last.reason()));
    match invoice.state {
        State::Pending if invoice.attempt == 0 => {
            format!("due on {}: a run may charge it from {next} on", invoice.due_on)
        }
        State::Pending => {
            format!("next attempt {next}{because}, retry {} of {retries}", invoice.attempt)
        }
        State::Charging => format!(
            "attempt {} is open: its outcome is not known yet, and is asked about with the same key from {next} on",
            invoice.attempt
        ),
        State::Paid if invoice.attempt == 0 => "was paid elsewhere, and imported as paid".to_owned(),
        State::Paid => {
            let paid = invoice.paid_at.map(moment).unwrap_or_default();
            format!("paid at {paid} in attempt {}", invoice.attempt)
        }
        State::Void => "was voided: it will never be charged".to_owned(),
        State::Parked => {
            format!(
                "set aside after attempt {}{because}: correct what is wrong, then release it",
                invoice.attempt
            )
        }
    }
}

/// A moment as RFC 3339.
fn moment(at: Micros) -> String {
    jiff::Timestamp::from_microsecond(at).map_or_else(|_| String::new(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::invoice::Origin;

    fn invoice(state: State, attempt: i32) -> Invoice {
        Invoice {
            id: 1,
            uid: "u".into(),
            customer_id: 1,
            amount: contracts::Money { minor: 1, currency: "EUR".parse().unwrap() },
            due_on: "2026-12-01".parse().unwrap(),
            state,
            origin: Origin::Api,
            attempt,
            epoch: 0,
            last_outcome: None,
            last_code: None,
            created_at: 0,
            paid_at: (state == State::Paid).then_some(0),
            next_at: (!matches!(state, State::Paid | State::Void | State::Parked)).then_some(0),
        }
    }

    fn declined(code: &str) -> Attempt {
        let code = Some(code.to_owned());
        Attempt {
            attempt: 1,
            run_id: None,
            started_at: 0,
            ended_at: 0,
            outcome: "declined".into(),
            decline_code: code,
            next_at: None,
        }
    }

    #[test]
    fn every_state_says_what_happens_next() {
        let funds = declined("insufficient_funds");
        let cases = [
            (State::Pending, 0, None, "due on 2026-12-01: a run may charge it from 1970-01-01T00:00:00Z on"),
            (
                State::Pending,
                1,
                Some(&funds),
                "next attempt 1970-01-01T00:00:00Z because insufficient_funds, retry 1 of 4",
            ),
            (
                State::Charging,
                2,
                None,
                "attempt 2 is open: its outcome is not known yet, and is asked about with the same key from 1970-01-01T00:00:00Z on",
            ),
            (State::Paid, 0, None, "was paid elsewhere, and imported as paid"),
            (State::Paid, 2, None, "paid at 1970-01-01T00:00:00Z in attempt 2"),
            (State::Void, 1, Some(&funds), "was voided: it will never be charged"),
            (
                State::Parked,
                1,
                Some(&funds),
                "set aside after attempt 1 because insufficient_funds: correct what is wrong, then release it",
            ),
        ];
        for (state, attempt, last, sentence) in cases {
            assert_eq!(explain(&invoice(state, attempt), last, 4), sentence);
        }
    }
}

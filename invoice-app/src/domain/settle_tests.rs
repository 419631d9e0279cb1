use super::*;

const NOW: Micros = 1_000_000_000;

fn charge(attempt: i32, resend: bool) -> OpenCharge {
    let amount = Money { minor: 1215, currency: "EUR".parse().unwrap() };
    let (invoice_uid, customer_uid) = ("i".to_owned(), "c".to_owned());
    OpenCharge {
        invoice_id: 1,
        invoice_uid,
        customer_id: 1,
        customer_uid,
        amount,
        method: Method::Card,
        attempt,
        epoch: 7,
        resend,
    }
}

fn after(charge: &OpenCharge, outcome: &Outcome) -> Settlement {
    settle(charge, outcome, NOW, &Policy::standard(300_000_000), 0)
}

fn declined(code: &str) -> Outcome {
    Outcome::Verdict(Verdict::Declined { code: code.into() })
}

#[test]
fn a_capture_pays_under_whichever_key_it_was_made() {
    for verdict in [Verdict::Captured, Verdict::AlreadyCaptured { by: "i:1".into() }] {
        let settled = after(&charge(2, false), &Outcome::Verdict(verdict));
        assert_eq!((settled.state, settled.paid_at, settled.next_at), (State::Paid, Some(NOW), None));
    }
}

#[test]
fn soft_declines_climb_the_ladder_and_hard_ones_park() {
    for (attempt, days) in [(1, 1), (2, 3), (3, 5), (4, 7), (9, 7)] {
        let settled = after(&charge(attempt, false), &declined("insufficient_funds"));
        assert_eq!((settled.state, settled.next_at), (State::Pending, Some(NOW + days * DAY)));
    }
    let settled = after(&charge(1, false), &declined("stolen_card"));
    assert_eq!((settled.state, settled.last_outcome), (State::Parked, Some(LastOutcome::Declined)));
}

#[test]
fn an_unknown_outcome_stays_open_under_the_same_key() {
    let settled = after(&charge(3, false), &Outcome::Unknown);
    assert_eq!((settled.state, settled.attempt, settled.history), (State::Charging, 3, None));
    assert!(settled.next_at.is_some_and(|at| at > NOW));
}

#[test]
fn being_turned_away_costs_no_attempt_unless_an_earlier_request_may_have_been_carried_out() {
    let first = after(&charge(1, false), &Outcome::NotAttempted(5));
    assert_eq!((first.state, first.attempt, first.next_at), (State::Pending, 0, Some(NOW + 5)));
    for outcome in [Outcome::NotAttempted(5), Outcome::Unreadable] {
        let again = after(&charge(1, true), &outcome);
        assert_eq!((again.state, again.attempt), (State::Charging, 1), "{outcome:?}");
    }
}

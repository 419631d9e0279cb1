use std::collections::BTreeSet;

use super::*;

/// 2026-12-01T12:00:00Z.
const NOW: Micros = 1_796_126_400 * SECOND;
const HOUR: Micros = 3_600 * SECOND;

fn charge(attempt: i32, resend: bool) -> OpenCharge {
    OpenCharge {
        invoice_id: 1,
        invoice_uid: "i".into(),
        customer_id: 1,
        customer_uid: "c".into(),
        user: None,
        origin: Origin::Api,
        traceparent: None,
        time_zone: "Europe/Berlin".into(),
        amount: Money { minor: 1215, currency: "EUR".parse().unwrap() },
        method: Method::Card,
        attempt,
        epoch: 7,
        run_id: Some(3),
        resend,
        asked: 0,
        place: String::new(),
        before: Before { due_at: NOW - HOUR, outcome: None, code: None },
    }
}

fn settled(charge: &OpenCharge, outcome: &Outcome, random: u32, allowed_from: Option<Micros>) -> Settlement {
    let policy = RetryPolicy::standard();
    settle(charge, outcome, &Settling { now: NOW, policy: &policy, random, allowed_from })
}

fn after(charge: &OpenCharge, outcome: &Outcome) -> Settlement {
    settled(charge, outcome, 0, None)
}

fn verdict(verdict: Verdict) -> Outcome {
    Outcome::Verdict(verdict, None)
}

fn declined(code: &str) -> Outcome {
    verdict(Verdict::Declined { code: code.into() })
}

#[test]
fn a_capture_pays_under_whichever_key_it_was_made_and_when_the_provider_made_it() {
    for captured in [Verdict::Captured, Verdict::AlreadyCaptured { by: "i:1".into() }] {
        let settled = after(&charge(2, false), &Outcome::Verdict(captured.clone(), Some(5)));
        assert_eq!((settled.state, settled.paid_at, settled.next_at), (State::Paid, Some(5), None));
        assert_eq!(after(&charge(2, false), &verdict(captured)).paid_at, Some(NOW));
        assert_eq!(settled.counted(false), Some(("captured", "")));
    }
}

#[test]
fn soft_declines_climb_the_ladder_to_the_customers_mornings_and_then_park() {
    // 8 o'clock in Berlin is 7 o'clock UTC, five hours before noon.
    for (attempt, days) in [(1, 1), (2, 3), (3, 5), (4, 7)] {
        let settled = after(&charge(attempt, false), &declined("insufficient_funds"));
        let at = NOW + days * service::clock::DAY - 5 * HOUR;
        assert_eq!((settled.state, settled.next_at), (State::Pending, Some(at)));
        assert_eq!(settled.counted(false), Some(("declined", "insufficient_funds")));
    }
    let settled = after(&charge(5, false), &declined("insufficient_funds"));
    assert_eq!((settled.state, settled.next_at), (State::Parked, None));
    assert_eq!(settled.event(), Some(Kind::InvoiceUncollectible));
}

#[test]
fn of_an_orders_invoice_there_is_one_attempt_and_what_is_not_paid_by_then_is_void() {
    let order = OpenCharge { origin: Origin::Order, run_id: None, ..charge(1, false) };
    for (outcome, code) in [
        (declined("insufficient_funds"), "insufficient_funds"),
        (verdict(Verdict::UnknownCustomer), "unknown_customer"),
        (verdict(Verdict::CurrencyMismatch), "currency_mismatch"),
        (Outcome::Unreadable, "unreadable"),
    ] {
        let settled = after(&order, &outcome);
        assert_eq!((settled.state, settled.next_at, settled.attempt), (State::Void, None, 1), "{outcome:?}");
        assert_eq!((settled.event(), settled.last_code.as_deref()), (Some(Kind::InvoiceVoided), Some(code)));
        assert_eq!(settled.counted(false), Some(("declined", code)));
    }
    assert_eq!(after(&order, &verdict(Verdict::Captured)).event(), Some(Kind::InvoicePaid));
    let unknown = after(&order, &Outcome::Unknown);
    assert_eq!((unknown.state, unknown.event()), (State::Charging, None), "it may have been paid");
    let away = after(&order, &Outcome::NotAttempted(SECOND));
    assert_eq!((away.state, away.attempt, away.next_at), (State::Pending, 0, Some(NOW - HOUR)));
    assert_eq!(away.event(), None);
}

#[test]
fn retries_of_one_morning_are_spread_over_an_hour() {
    let at =
        |random| settled(&charge(1, false), &declined("insufficient_funds"), random, None).next_at.unwrap();
    let morning = at(0);
    let places: BTreeSet<Micros> = (0..64).map(|part| at(part << 26) - morning).collect();
    assert!(places.iter().all(|place| (0..=HOUR).contains(place)) && places.len() == 64);
}

#[test]
fn a_hard_decline_parks_at_once() {
    let settled = after(&charge(1, false), &declined("stolen_card"));
    assert_eq!((settled.state, settled.last_outcome), (State::Parked, Some(LastOutcome::Declined)));
    assert_eq!(settled.history, Some("declined"));
}

#[test]
fn the_card_networks_are_not_asked_more_often_than_they_allow() {
    let allowed = NOW + 20 * service::clock::DAY;
    let settled = settled(&charge(2, false), &declined("insufficient_funds"), 0, Some(allowed));
    assert_eq!(settled.next_at, Some(allowed));
}

#[test]
fn an_unknown_outcome_stays_open_under_the_same_key_and_is_counted_once() {
    let settled = after(&charge(3, false), &Outcome::Unknown);
    assert_eq!((settled.state, settled.attempt, settled.history), (State::Charging, 3, None));
    assert!(settled.next_at.is_some_and(|at| at > NOW));
    assert_eq!((settled.counted(false), settled.counted(true)), (Some(("unknown", "")), None));
}

#[test]
fn being_turned_away_changes_nothing_unless_an_earlier_request_may_have_been_carried_out() {
    let mut before = charge(2, false);
    before.before.outcome = Some(LastOutcome::Declined);
    before.before.code = Some("do_not_honor".into());
    let first = after(&before, &Outcome::NotAttempted(5));
    assert_eq!((first.state, first.attempt, first.next_at), (State::Pending, 1, Some(before.before.due_at)));
    assert_eq!((first.last_outcome, first.last_code), (before.before.outcome, before.before.code));
    for outcome in [Outcome::NotAttempted(5), Outcome::Unreadable] {
        let again = after(&charge(1, true), &outcome);
        assert_eq!((again.state, again.attempt), (State::Charging, 1), "{outcome:?}");
    }
}

#[test]
fn what_a_person_has_to_correct_is_parked_with_its_reason() {
    let wrong = [
        (verdict(Verdict::UnknownCustomer), "unknown_customer"),
        (verdict(Verdict::CurrencyMismatch), "currency_mismatch"),
        (verdict(Verdict::Abandoned), "abandoned"),
        (verdict(Verdict::Conflict { fields: vec![] }), "conflict"),
        (verdict(Verdict::Invalid { reason: String::new() }), "invalid"),
        (Outcome::Unreadable, "unreadable"),
    ];
    for (outcome, reason) in wrong {
        let settled = after(&charge(1, false), &outcome);
        assert_eq!((settled.state, settled.last_code.as_deref()), (State::Parked, Some(reason)));
        assert_eq!(settled.counted(false), Some(("parked", reason)));
    }
}

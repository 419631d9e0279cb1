use contracts::Money;
use contracts::event::Kind;

use super::*;

fn order(state: State) -> Order {
    let is = NewOrder {
        user: "u".into(),
        amount: Money { minor: 999, currency: "EUR".parse().unwrap() },
        description: "a book".into(),
    };
    let reason = matches!(state, State::Rejected | State::Cancelled).then(|| "before".to_owned());
    Order { id: "o".into(), is, state, reason, version: 5, placed_at: 1, changed_at: 1 }
}

fn ended(state: State, verdict: Verdict) -> Result<Option<(State, i64, Kind)>, State> {
    let settled = order(state).settle(verdict, 9).map_err(|Contradiction(state)| state)?;
    Ok(settled.map(|(order, kind)| (order.state, order.version, kind)))
}

fn voided(reason: &str) -> Verdict {
    Verdict::Voided(Some(reason.into()))
}

#[test]
fn the_invoice_decides_an_open_order() {
    for open in [State::Placed, State::Cancelling] {
        assert_eq!(ended(open, Verdict::Paid), Ok(Some((State::Confirmed, 6, Kind::OrderConfirmed))));
        let declined = voided("insufficient_funds");
        assert_eq!(ended(open, declined), Ok(Some((State::Rejected, 6, Kind::OrderRejected))));
        assert_eq!(ended(open, voided(CANCELLED)), Ok(Some((State::Cancelled, 6, Kind::OrderCancelled))));
        let silent = order(open).settle(Verdict::Voided(None), 9).unwrap().unwrap().0;
        assert_eq!((silent.state, silent.reason.as_deref()), (State::Rejected, Some("voided")));
    }
}

#[test]
fn what_is_decided_stays_decided() {
    assert_eq!(ended(State::Confirmed, Verdict::Paid), Ok(None));
    assert_eq!(ended(State::Rejected, voided("insufficient_funds")), Ok(None));
    assert_eq!(ended(State::Cancelled, voided(CANCELLED)), Ok(None));
    assert_eq!(ended(State::Confirmed, voided(CANCELLED)), Err(State::Confirmed));
    assert_eq!(ended(State::Rejected, Verdict::Paid), Err(State::Rejected));
    assert_eq!(ended(State::Cancelled, Verdict::Paid), Err(State::Cancelled));
}

#[test]
fn cancellation_is_asked_for_once_and_only_in_time() {
    let (asked, kind) = order(State::Placed).ask_to_cancel(9).unwrap().unwrap();
    assert_eq!((asked.state, asked.version, kind), (State::Cancelling, 6, Kind::OrderCancelRequested));
    for already in [State::Cancelling, State::Cancelled] {
        assert_eq!(order(already).ask_to_cancel(9), Ok(None));
    }
    for late in [State::Confirmed, State::Rejected] {
        assert_eq!(order(late).ask_to_cancel(9), Err(late));
    }
}

#[test]
fn an_event_tells_the_whole_order() {
    let (rejected, _) = order(State::Placed).settle(voided("insufficient_funds"), 9).unwrap().unwrap();
    let told = rejected.told();
    assert_eq!((told.order.as_str(), told.user.as_str(), told.state), ("o", "u", State::Rejected));
    assert_eq!(told.reason.as_deref(), Some("insufficient_funds"));
}

#[test]
fn a_description_is_one_line_of_text() {
    assert_eq!(description_fault("2 × tea, large"), None);
    for bad in ["", " ", "a\nb", "\u{7}", &"x".repeat(201)] {
        assert!(description_fault(bad).is_some(), "{bad:?}");
    }
}

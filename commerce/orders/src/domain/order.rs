//! An order: it is charged once, and ends in exactly one of `CONFIRMED`, `REJECTED` and `CANCELLED`.

use contracts::event::{self, Kind};
use contracts::{Amount, Money};
use service::clock::Micros;

pub use contracts::event::OrderState as State;

/// Longest description, in characters.
pub const LONGEST_DESCRIPTION: usize = 200;
/// The reason with which an invoice is voided because its order was cancelled.
pub const CANCELLED: &str = "cancelled";
/// The reason that is shown where an invoice was voided without one.
const VOIDED: &str = "voided";

/// An order to place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Who pays.
    pub user: String,
    /// How much, more than zero.
    pub amount: Money,
    /// What for, in one line.
    pub description: String,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// UUIDv7; that of its invoice, too.
    pub id: String,
    /// What was ordered.
    pub is: NewOrder,
    /// Where it stands.
    pub state: State,
    /// Why it was not charged.
    pub reason: Option<String>,
    /// Grows with each change.
    pub version: i64,
    /// When it was placed.
    pub placed_at: Micros,
    /// When it came to stand there.
    pub changed_at: Micros,
}

/// What became of an order's invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is paid.
    Paid,
    /// It never will be, and why.
    Voided(Option<String>),
}

/// A change, and the event that tells of it.
pub type Change = (Order, Kind);

/// The invoice and the order say different things; a person has to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction(pub State);

impl Order {
    /// An order as it is placed.
    #[must_use]
    pub fn placed(id: String, is: NewOrder, now: Micros) -> Change {
        let order =
            Self { id, is, state: State::Placed, reason: None, version: 1, placed_at: now, changed_at: now };
        (order, Kind::OrderPlaced)
    }

    /// Asks for cancellation: nothing to do where it was asked for or granted before, too late where it was decided.
    pub fn ask_to_cancel(self, now: Micros) -> Result<Option<Change>, State> {
        match self.state {
            State::Placed => Ok(Some((self.now(State::Cancelling, None, now), Kind::OrderCancelRequested))),
            State::Cancelling | State::Cancelled => Ok(None),
            decided @ (State::Confirmed | State::Rejected) => Err(decided),
        }
    }

    /// Ends the order as its invoice ended. The invoice is right: whoever asked for cancellation after the money was
    /// taken has bought.
    pub fn settle(self, verdict: Verdict, now: Micros) -> Result<Option<Change>, Contradiction> {
        let (state, reason, kind) = match verdict {
            Verdict::Paid => (State::Confirmed, None, Kind::OrderConfirmed),
            Verdict::Voided(Some(reason)) if reason == CANCELLED => {
                (State::Cancelled, Some(reason), Kind::OrderCancelled)
            }
            Verdict::Voided(reason) => {
                (State::Rejected, Some(reason.unwrap_or_else(|| VOIDED.into())), Kind::OrderRejected)
            }
        };
        if self.state == state {
            return Ok(None);
        }
        if is_final(self.state) {
            return Err(Contradiction(self.state));
        }
        Ok(Some((self.now(state, reason, now), kind)))
    }

    fn now(self, state: State, reason: Option<String>, now: Micros) -> Self {
        Self { state, reason, version: self.version + 1, changed_at: now, ..self }
    }

    /// What the other services are told: all of it.
    #[must_use]
    pub fn told(&self) -> event::Order {
        event::Order {
            order: self.id.clone(),
            user: self.is.user.clone(),
            amount: Amount(self.is.amount),
            description: self.is.description.clone(),
            state: self.state,
            reason: self.reason.clone(),
        }
    }
}

fn is_final(state: State) -> bool {
    matches!(state, State::Confirmed | State::Rejected | State::Cancelled)
}

/// What is wrong with a description, if anything is.
#[must_use]
pub fn description_fault(description: &str) -> Option<String> {
    let length = description.chars().count();
    let good = (1..=LONGEST_DESCRIPTION).contains(&length) && !description.chars().any(char::is_control);
    (!good || description.trim().is_empty())
        .then(|| format!("give 1 to {LONGEST_DESCRIPTION} characters, none of them a control character"))
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;

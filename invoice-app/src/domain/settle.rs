//! What an answer of the provider, or the lack of one, makes of an invoice.

use contracts::Money;
use contracts::charge::{ChargeItem, Method, Verdict};
use contracts::event::Kind;
use jiff::tz::TimeZone;
use service::clock::{Micros, SECOND};

use super::calendar::{morning, today};
use super::failure::Failure;
use super::invoice::{LastOutcome, Origin, State};
use super::policy::{Ladder, RetryPolicy};

/// Retries of one morning are spread over this long.
const SPREAD: Micros = 3_600 * SECOND;

/// An open attempt: the frozen request, and what fences its settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCharge {
    /// The invoice.
    pub invoice_id: i64,
    /// Its UUID, which is part of the key.
    pub invoice_uid: String,
    /// Number of who pays.
    pub customer_id: i64,
    /// UUID of who pays.
    pub customer_uid: String,
    /// The user whose customer it is.
    pub user: Option<String>,
    /// Where the invoice came from.
    pub origin: Origin,
    /// W3C trace context of what caused an order's invoice.
    pub traceparent: Option<String>,
    /// Where the customer's days begin.
    pub time_zone: String,
    /// How much.
    pub amount: Money,
    /// How.
    pub method: Method,
    /// Number of the attempt, which is part of the key.
    pub attempt: i32,
    /// Grows with every claim; a settlement with an older one changes nothing.
    pub epoch: i64,
    /// The run that opened the attempt.
    pub run_id: Option<i64>,
    /// An earlier request with this key may have been carried out.
    pub resend: bool,
    /// How often it was asked about again.
    pub asked: i32,
    /// How the invoice stood before it was claimed.
    pub before: Before,
    /// Where PostgreSQL keeps the claimed row (its ctid), so that it is found again without an index; empty on SQLite.
    pub place: String,
}

/// What a claim covers up, and what comes back when nothing was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// When it was due.
    pub due_at: Micros,
    /// What the last attempt had come to.
    pub outcome: Option<LastOutcome>,
    /// Why.
    pub code: Option<String>,
}

impl OpenCharge {
    /// The idempotency key: the same for as long as the attempt is open.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.invoice_uid, self.attempt)
    }

    /// The request as it goes to the provider.
    #[must_use]
    pub fn item(&self) -> ChargeItem {
        ChargeItem {
            key: self.key(),
            invoice: self.invoice_uid.clone(),
            customer: self.customer_uid.clone(),
            amount: self.amount.minor,
            currency: self.amount.currency,
            method: self.method,
        }
    }
}

/// What came back for one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A definitive verdict, and when the money was taken, if it was and the provider says so.
    Verdict(Verdict, Option<Micros>),
    /// No answer, or one that proves nothing.
    Unknown,
    /// Turned away before anything was tried; come back after so long.
    NotAttempted(Micros),
    /// The provider cannot read this item, alone in its request.
    Unreadable,
}

/// What a settlement hangs on besides the charge and its outcome.
#[derive(Debug, Clone, Copy)]
pub struct Settling<'a> {
    /// Now.
    pub now: Micros,
    /// When to try again.
    pub policy: &'a RetryPolicy,
    /// Spreads what would otherwise come back all at once.
    pub random: u32,
    /// From when on the card networks allow a further attempt, if not now.
    pub allowed_from: Option<Micros>,
}

/// The invoice's next state, and the attempt's history row if the attempt is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The invoice.
    pub invoice_id: i64,
    /// The claim that this settles.
    pub epoch: i64,
    /// Where the invoice stands now.
    pub state: State,
    /// Number of the last attempt that counts.
    pub attempt: i32,
    /// When something happens next.
    pub next_at: Option<Micros>,
    /// What the attempt came to.
    pub last_outcome: Option<LastOutcome>,
    /// Why the money was not taken.
    pub last_code: Option<String>,
    /// When the money was taken.
    pub paid_at: Option<Micros>,
    /// Outcome for the history, when the attempt is over.
    pub history: Option<&'static str>,
    /// Why no money was taken, for who counts.
    pub failure: Failure,
    /// How much it was about.
    pub amount: Money,
}

/// Settles one open attempt.
#[must_use]
pub fn settle(charge: &OpenCharge, outcome: &Outcome, settling: &Settling<'_>) -> Settlement {
    let wait = settling.policy.unknown_wait(charge.asked, settling.random);
    let stays = Settlement {
        invoice_id: charge.invoice_id,
        epoch: charge.epoch,
        state: State::Charging,
        attempt: charge.attempt,
        next_at: Some(settling.now + wait),
        last_outcome: Some(LastOutcome::Unknown),
        last_code: None,
        paid_at: None,
        history: None,
        failure: failure(outcome, settling.policy),
        amount: charge.amount,
    };
    let settled = match outcome {
        Outcome::Verdict(verdict, at) => settle_verdict(charge, verdict, *at, settling, stays),
        Outcome::Unknown => stays,
        // An earlier request with this key may have been carried out: that this one was not, or cannot be read, proves
        // nothing about it.
        Outcome::NotAttempted(_) | Outcome::Unreadable if charge.resend => stays,
        Outcome::NotAttempted(_) => Settlement {
            state: State::Pending,
            attempt: charge.attempt - 1,
            // As if it had not been claimed: it stays in the scope of its run.
            next_at: Some(charge.before.due_at),
            last_outcome: charge.before.outcome,
            last_code: charge.before.code.clone(),
            ..stays
        },
        Outcome::Unreadable => parked(stays, "unreadable"),
    };
    if charge.origin == Origin::Order { once(settled) } else { settled }
}

fn failure(outcome: &Outcome, policy: &RetryPolicy) -> Failure {
    match outcome {
        Outcome::Verdict(verdict, _) => Failure::of(verdict, policy),
        Outcome::Unknown => Failure::Network,
        Outcome::NotAttempted(_) => Failure::TurnedAway,
        Outcome::Unreadable => Failure::Unreadable,
    }
}

/// Of an order's invoice there is one attempt: what was not paid by then never will be.
fn once(settled: Settlement) -> Settlement {
    let is_over = settled.history.is_some() && settled.state != State::Paid;
    if is_over { Settlement { state: State::Void, next_at: None, ..settled } } else { settled }
}

fn settle_verdict(
    charge: &OpenCharge,
    verdict: &Verdict,
    captured_at: Option<Micros>,
    settling: &Settling<'_>,
    stays: Settlement,
) -> Settlement {
    let paid = |outcome| Settlement {
        state: State::Paid,
        next_at: None,
        last_outcome: None,
        paid_at: Some(captured_at.unwrap_or(settling.now)),
        history: Some(outcome),
        ..stays.clone()
    };
    match verdict {
        Verdict::Captured => paid("captured"),
        Verdict::AlreadyCaptured { .. } => paid("already_captured"),
        Verdict::Declined { code } => declined(charge, code, settling, stays),
        Verdict::UnknownCustomer => parked(stays, "unknown_customer"),
        Verdict::CurrencyMismatch => parked(stays, "currency_mismatch"),
        Verdict::Abandoned => parked(stays, "abandoned"),
        Verdict::Conflict { .. } => parked(stays, "conflict"),
        Verdict::Invalid { .. } => parked(stays, "invalid"),
    }
}

fn declined(charge: &OpenCharge, code: &str, settling: &Settling<'_>, stays: Settlement) -> Settlement {
    let days = match settling.policy.after_decline(charge.attempt) {
        Ladder::Retry(days) if !settling.policy.is_hard(code) => Some(days),
        Ladder::Retry(_) | Ladder::Park => None,
    };
    let next_at = days.map(|days| retry_at(charge, days, settling));
    Settlement {
        state: if next_at.is_some() { State::Pending } else { State::Parked },
        next_at,
        last_outcome: Some(LastOutcome::Declined),
        last_code: Some(code.to_owned()),
        history: Some("declined"),
        ..stays
    }
}

/// The customer's morning after so many days, and not before the card networks allow it.
fn retry_at(charge: &OpenCharge, days: u16, settling: &Settling<'_>) -> Micros {
    let Settling { now, policy, random, allowed_from } = *settling;
    let zone = TimeZone::get(&charge.time_zone).unwrap_or(TimeZone::UTC);
    let hour = i8::try_from(policy.soft_decline.morning).unwrap_or_default();
    let at = today(now, &zone).and_then(|today| morning(today, days.into(), &zone, hour));
    let at = at.unwrap_or(now + i64::from(days) * service::clock::DAY);
    let spread = SPREAD * i64::from(random >> 16) / i64::from(u16::MAX);
    (at + spread).max(allowed_from.unwrap_or(at))
}

fn parked(stays: Settlement, why: &'static str) -> Settlement {
    Settlement {
        state: State::Parked,
        next_at: None,
        last_outcome: Some(LastOutcome::Error),
        last_code: Some(why.to_owned()),
        history: Some(why),
        ..stays
    }
}

impl Settlement {
    /// What it is counted as: outcome and reason; `None` for an unknown outcome that was counted as one before.
    #[must_use]
    pub fn counted(&self, was_unknown: bool) -> Option<(&'static str, &str)> {
        let reason = self.last_code.as_deref().unwrap_or_default();
        match self.state {
            State::Paid => Some(("captured", "")),
            State::Parked => Some(("parked", reason)),
            State::Charging => (!was_unknown).then_some(("unknown", "")),
            State::Pending | State::Void if self.history.is_some() => Some(("declined", reason)),
            State::Pending | State::Void => Some(("not_attempted", "")),
        }
    }

    /// The event that tells of it, if it is to be told.
    #[must_use]
    pub fn event(&self) -> Option<Kind> {
        match self.state {
            State::Paid => Some(Kind::InvoicePaid),
            State::Parked => Some(Kind::InvoiceUncollectible),
            State::Void => Some(Kind::InvoiceVoided),
            State::Pending if self.history.is_some() => Some(Kind::InvoiceDeclined),
            State::Pending | State::Charging => None,
        }
    }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;

//! What an answer of the provider, or the lack of one, makes of an invoice.

use contracts::Money;
use contracts::charge::{ChargeItem, Method, Verdict};
use service::clock::{DAY, Micros};

use super::invoice::{LastOutcome, State};
use super::run::Tally;

/// An open attempt: the frozen request, and what fences its settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCharge {
    /// The invoice.
    pub invoice_id: i64,
    /// Its UUID, which is part of the key.
    pub invoice_uid: String,
    /// Number of the customer, by which a legacy provider knows who pays.
    pub customer_id: i64,
    /// Who pays.
    pub customer_uid: String,
    /// How much.
    pub amount: Money,
    /// How.
    pub method: Method,
    /// Number of the attempt, which is part of the key.
    pub attempt: i32,
    /// Grows with every claim; a settlement with an older one changes nothing.
    pub epoch: i64,
    /// An earlier request with this key may have been carried out.
    pub resend: bool,
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
    /// A definitive verdict.
    Verdict(Verdict),
    /// No answer, or one that proves nothing.
    Unknown,
    /// Turned away before anything was tried; come back after so long.
    NotAttempted(Micros),
    /// The provider cannot read this item, alone in its request.
    Unreadable,
}

/// When to try again.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Waits after the first, second, ... soft decline; after the last one its wait is repeated.
    pub soft_declines: Vec<Micros>,
    /// Decline codes after which the invoice is never tried again by itself.
    pub hard_codes: Vec<&'static str>,
    /// Longest wait before an unknown outcome is asked about.
    pub unknown: Micros,
}

impl Policy {
    /// 1, 3, 5 and 7 days after soft declines.
    #[must_use]
    pub fn standard(unknown: Micros) -> Self {
        let hard_codes = vec!["stolen_card", "lost_card", "account_closed", "fraudulent", "pickup_card"];
        Self { soft_declines: vec![DAY, 3 * DAY, 5 * DAY, 7 * DAY], hard_codes, unknown }
    }
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
    /// When it was paid.
    pub paid_at: Option<Micros>,
    /// Outcome and decline code for the history.
    pub history: Option<(&'static str, Option<String>)>,
}

/// Settles one open attempt. `random` spreads what would otherwise come back all at once.
#[must_use]
pub fn settle(
    charge: &OpenCharge,
    outcome: &Outcome,
    now: Micros,
    policy: &Policy,
    random: u32,
) -> Settlement {
    let stays = Settlement {
        invoice_id: charge.invoice_id,
        epoch: charge.epoch,
        state: State::Charging,
        attempt: charge.attempt,
        next_at: Some(now + jittered(policy.unknown, random)),
        last_outcome: Some(LastOutcome::Unknown),
        paid_at: None,
        history: None,
    };
    match outcome {
        Outcome::Verdict(verdict) => settle_verdict(charge, verdict, now, policy, stays),
        Outcome::Unknown => stays,
        // An earlier request with this key may have been carried out: that this one was not proves nothing.
        Outcome::NotAttempted(wait) if charge.resend => Settlement { next_at: Some(now + wait), ..stays },
        Outcome::NotAttempted(wait) => Settlement {
            state: State::Pending,
            attempt: charge.attempt - 1,
            next_at: Some(now + wait),
            // What was tried before and is to be charged again had been declined.
            last_outcome: (charge.attempt > 1).then_some(LastOutcome::Declined),
            ..stays
        },
        // Unreadable says nothing about an earlier request either.
        Outcome::Unreadable if charge.resend => stays,
        Outcome::Unreadable => parked(stays, "unreadable", None),
    }
}

fn settle_verdict(
    charge: &OpenCharge,
    verdict: &Verdict,
    now: Micros,
    policy: &Policy,
    stays: Settlement,
) -> Settlement {
    let paid = |outcome| Settlement {
        state: State::Paid,
        next_at: None,
        last_outcome: None,
        paid_at: Some(now),
        history: Some((outcome, None)),
        ..stays.clone()
    };
    match verdict {
        Verdict::Captured => paid("captured"),
        Verdict::AlreadyCaptured { .. } => paid("already_captured"),
        Verdict::Declined { code } if policy.hard_codes.contains(&code.as_str()) => {
            let declined = parked(stays, "declined", Some(code.clone()));
            Settlement { last_outcome: Some(LastOutcome::Declined), ..declined }
        }
        Verdict::Declined { code } => Settlement {
            state: State::Pending,
            next_at: Some(now + soft_wait(policy, charge.attempt)),
            last_outcome: Some(LastOutcome::Declined),
            history: Some(("declined", Some(code.clone()))),
            ..stays
        },
        Verdict::UnknownCustomer => parked(stays, "unknown_customer", None),
        Verdict::CurrencyMismatch => parked(stays, "currency_mismatch", None),
        Verdict::Abandoned => parked(stays, "abandoned", None),
        Verdict::Conflict { .. } => parked(stays, "conflict", None),
        Verdict::Invalid { .. } => parked(stays, "invalid", None),
    }
}

fn parked(stays: Settlement, outcome: &'static str, code: Option<String>) -> Settlement {
    Settlement {
        state: State::Parked,
        next_at: None,
        last_outcome: Some(LastOutcome::Error),
        history: Some((outcome, code)),
        ..stays
    }
}

fn soft_wait(policy: &Policy, attempt: i32) -> Micros {
    let at =
        usize::try_from(attempt - 1).unwrap_or_default().min(policy.soft_declines.len().saturating_sub(1));
    policy.soft_declines.get(at).copied().unwrap_or(DAY)
}

/// From half the wait to all of it.
fn jittered(wait: Micros, random: u32) -> Micros {
    let half = wait / 2;
    half + half * i64::from(random % 1_000) / 1_000
}

impl Settlement {
    /// Counts this settlement.
    pub fn count(&self, tally: &mut Tally) {
        let field = match self.state {
            State::Paid => &mut tally.captured,
            State::Parked => &mut tally.parked,
            State::Charging => &mut tally.unknown,
            State::Pending if self.history.is_some() => &mut tally.declined,
            State::Pending | State::Void => &mut tally.not_attempted,
        };
        *field += 1;
    }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;

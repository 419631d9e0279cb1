//! What our books and the provider's do not agree on.

use contracts::Money;
use service::clock::Micros;

use super::invoice::{State, words};

words! {
    /// In which way.
    Kind {
        /// The provider captured it, and we did not know.
        CapturedNotPaid => "captured_not_paid",
        /// It captured another amount.
        AmountDiffers => "amount_differs",
        /// It captured an invoice that we never had.
        UnknownInvoice => "unknown_invoice",
        /// It captured an invoice that we had voided.
        CapturedVoid => "captured_void",
        /// We hold it to be paid, and the provider did not capture it.
        PaidNotCaptured => "paid_not_captured",
        /// It lists more than one capture of the invoice.
        CapturedTwice => "captured_twice",
    }
}

words! {
    /// What became of it.
    Standing {
        /// A person has to look.
        Open => "open",
        /// Our books were put right.
        Repaired => "repaired",
        /// The invoice was set aside, so that it is not charged until somebody has looked.
        Parked => "parked",
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// UUID of the invoice.
    pub invoice_uid: String,
    /// In which way.
    pub kind: Kind,
    /// What the provider captured, the last time; for what it did not capture, what we hold to be paid.
    pub amount: Money,
    /// What became of it.
    pub standing: Standing,
    /// When it was found.
    pub found_at: Micros,
}

/// What a capture means for an invoice that is to be as `ours` says; `None` when they agree.
#[must_use]
pub fn judge(captured: Money, ours: Option<(State, Money)>) -> Option<Kind> {
    match ours {
        None => Some(Kind::UnknownInvoice),
        Some((_, amount)) if amount != captured => Some(Kind::AmountDiffers),
        Some((State::Paid, _)) => None,
        Some((State::Void, _)) => Some(Kind::CapturedVoid),
        Some((State::Pending | State::Charging | State::Parked, _)) => Some(Kind::CapturedNotPaid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_paid_invoice_of_the_same_amount_agrees_with_a_capture() {
        let money = |minor| Money { minor, currency: "EUR".parse().unwrap() };
        let judged = |state| judge(money(5), Some((state, money(5))));
        assert_eq!(judged(State::Paid), None);
        assert_eq!(judged(State::Void), Some(Kind::CapturedVoid));
        for state in [State::Pending, State::Charging, State::Parked] {
            assert_eq!(judged(state), Some(Kind::CapturedNotPaid));
        }
        assert_eq!(judge(money(5), Some((State::Paid, money(6)))), Some(Kind::AmountDiffers));
        assert_eq!(judge(money(5), None), Some(Kind::UnknownInvoice));
    }
}

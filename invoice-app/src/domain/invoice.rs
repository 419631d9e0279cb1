//! What is to be paid, and where it stands.

use contracts::Money;
use jiff::civil::Date;
use service::clock::Micros;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word in the database and on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value that a word stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where an invoice stands.
    State {
        /// To be charged when `next_at` comes.
        Pending => "PENDING",
        /// An attempt is open; its outcome may be unknown.
        Charging => "CHARGING",
        /// Paid; final.
        Paid => "PAID",
        /// Cancelled; final.
        Void => "VOID",
        /// Needs a person or a correction.
        Parked => "PARKED",
    }
}

words! {
    /// What the last attempt came to, when it did not come to a payment.
    LastOutcome {
        /// The money was not there.
        Declined => "declined",
        /// No answer; it will be asked about with the same key.
        Unknown => "unknown",
        /// The provider could not take it as it is.
        Error => "error",
    }
}

words! {
    /// Where an invoice came from.
    Origin {
        /// Created through the API.
        Api => "api",
        /// Brought in by an import; a paid one was paid elsewhere.
        Import => "import",
        /// Of an order, whose UUID it has: charged at once and once, by no run.
        Order => "order",
    }
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Number, also in URLs.
    pub id: i64,
    /// UUIDv7, which the provider sees and which outlives re-seeding.
    pub uid: String,
    /// Who pays.
    pub customer_id: i64,
    /// How much.
    pub amount: Money,
    /// On which of the customer's days it falls due.
    pub due_on: Date,
    /// Where it stands.
    pub state: State,
    /// Where it came from.
    pub origin: Origin,
    /// Number of the last attempt; 0 before the first.
    pub attempt: i32,
    /// What the last attempt came to.
    pub last_outcome: Option<LastOutcome>,
    /// Why: the decline code, or what the provider could not take.
    pub last_code: Option<String>,
    /// When it was created.
    pub created_at: Micros,
    /// When it was paid.
    pub paid_at: Option<Micros>,
    /// When something happens next.
    pub next_at: Option<Micros>,
    /// Grows with every claim, and with what is decided without one.
    pub epoch: i64,
}

/// Why an order's invoice is void before it was charged.
pub const CANCELLED: &str = "cancelled";
/// Why an invoice is void that a person voided.
pub const VOIDED: &str = "voided";

impl Invoice {
    /// The status as older clients know it.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match (self.state, self.last_outcome) {
            (State::Paid, _) => "PAID",
            (_, Some(LastOutcome::Declined)) => "ERROR_NO_BALANCE",
            (_, Some(LastOutcome::Unknown)) => "ERROR_NETWORK",
            (_, Some(LastOutcome::Error)) => match self.last_code.as_deref() {
                Some("unknown_customer") => "ERROR_CUSTOMER_NOT_FOUND",
                Some("currency_mismatch") => "ERROR_CURRENCY_MISMATCH",
                _ => "ERROR_UNKNOWN",
            },
            (State::Void, None) => "VOID",
            (State::Pending | State::Charging | State::Parked, None) => "PENDING",
        }
    }
}

/// An invoice to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvoice {
    /// Who pays.
    pub customer_id: i64,
    /// How much; more than zero.
    pub amount: Money,
    /// On which of the customer's days it falls due; today when not given.
    pub due_on: Option<Date>,
}

//! The payment provider: ours, which takes batches, or a legacy one, which is asked for one charge at a time.

use std::ops::Range;

use contracts::capture::{Captures, Total};
use service::Clock;
use service::clock::Micros;
use service::metrics::Calls;
use service::reload::Reloaded;

use super::batch::Batch;
use super::caller::{Caller, LegacyCaller};
use super::legacy::Legacy;
use crate::domain::settle::{OpenCharge, Outcome};

pub use super::answer::CallError;
pub use super::legacy::LegacyPath;

/// Where a provider is, what it speaks, and who we are to it.
#[derive(Debug, Clone)]
pub enum Access {
    /// Our batch API.
    Batch {
        /// Scheme, host and port.
        base: String,
        /// Who we are.
        caller: Reloaded<Caller>,
    },
    /// A legacy provider.
    Legacy {
        /// Scheme, host and port.
        base: String,
        /// What it speaks.
        path: LegacyPath,
        /// Who we are.
        caller: Reloaded<LegacyCaller>,
    },
}

/// A client of the payment provider.
pub enum Provider {
    /// Takes batches.
    Batch(Batch),
    /// Takes one charge at a time.
    Legacy(Legacy),
}

impl Provider {
    /// A client of whatever is there.
    #[must_use]
    pub fn new(access: Access, clock: Clock, calls: Calls) -> Self {
        match access {
            Access::Batch { base, caller } => Self::Batch(Batch::new(base, caller, clock, calls)),
            Access::Legacy { base, path, caller } => Self::Legacy(Legacy::new(base, path, caller, calls)),
        }
    }

    /// How many invoices to claim at a time. A claim holds for one request, which for a legacy provider is one charge.
    #[must_use]
    pub fn per_claim(&self, batch: i64) -> i64 {
        match self {
            Self::Batch(_) => batch,
            Self::Legacy(_) => 1,
        }
    }

    /// Asks for these charges; as many outcomes as charges, in their order. An error is about all of them together,
    /// and comes from the batch API alone.
    pub async fn charge(&self, charges: &[OpenCharge]) -> Result<Vec<Outcome>, CallError> {
        match self {
            Self::Batch(provider) => provider.charge(charges).await,
            Self::Legacy(provider) => Ok(provider.charge(charges).await),
        }
    }

    /// Whether it can say what it captured.
    #[must_use]
    pub fn lists_captures(&self) -> bool {
        matches!(self, Self::Batch(_))
    }

    /// What it captured for us within a window of time, per currency, in the order of their codes.
    pub async fn totals(&self, window: Range<Micros>) -> Result<Vec<Total>, CallError> {
        match self {
            Self::Batch(provider) => provider.totals(window).await,
            Self::Legacy(_) => Legacy::lists_nothing(),
        }
    }

    /// The next captures that it made for us, all or within a window of time, in the order in which it made them.
    pub async fn captures(
        &self,
        window: Option<Range<Micros>>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Captures, CallError> {
        match self {
            Self::Batch(provider) => provider.captures(window, cursor, limit).await,
            Self::Legacy(_) => Legacy::lists_nothing(),
        }
    }

    /// Whether the provider answers us.
    pub async fn is_healthy(&self) -> Result<(), CallError> {
        match self {
            Self::Batch(provider) => provider.is_healthy().await,
            Self::Legacy(provider) => provider.is_healthy().await,
        }
    }
}

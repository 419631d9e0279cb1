//! What the handlers work with.

use contracts::charge::{ChargeResults, Verdict};
use prometheus::IntCounterVec;
use service::{Clock, Problem};

use crate::clients::acquirer::Acquirer;
use crate::domain::charge::Asked;
use crate::flows;

/// Shared by all handlers.
pub struct State {
    /// Rows.
    pub db: db::Db,
    /// Time.
    pub clock: Clock,
    /// Who decides about cards.
    pub acquirer: Acquirer,
    /// `provider_charges_total{verdict}`.
    pub charges: IntCounterVec,
}

impl State {
    /// Charges a batch and counts its new verdicts; a repeated answer moves no money.
    pub async fn charge(&self, asked: Vec<Asked>, merchant: &'static str) -> Result<ChargeResults, Problem> {
        let results = flows::charge_batch::charge_batch(&self.db, asked, merchant, self.clock.now()).await?;
        for result in results.results.iter().filter(|result| !result.replayed) {
            self.charges.with_label_values(&[label(&result.verdict)]).inc();
        }
        Ok(results)
    }
}

fn label(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Captured => "captured",
        Verdict::Declined { .. } => "declined",
        Verdict::AlreadyCaptured { .. } => "already_captured",
        Verdict::UnknownCustomer => "unknown_customer",
        Verdict::CurrencyMismatch => "currency_mismatch",
        Verdict::Abandoned => "abandoned",
        Verdict::Conflict { .. } => "conflict",
        Verdict::Invalid { .. } => "invalid",
    }
}

//! What the handlers work with.

use contracts::charge::{ChargeResult, ChargeResults, Verdict};
use contracts::{Currency, Money};
use prometheus::{IntCounter, IntCounterVec};
use service::metrics::Metrics;
use service::{Clock, ConfigError, Problem};

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
    /// What is counted of charges.
    pub counts: Counts,
}

impl State {
    /// Charges a batch and counts what it came to.
    pub async fn charge(&self, asked: Vec<Asked>, merchant: &'static str) -> Result<ChargeResults, Problem> {
        let of = |asked: &Asked| Money { minor: asked.item.amount, currency: asked.item.currency };
        let amounts: Vec<Money> = asked.iter().map(of).collect();
        let results = flows::charge_batch::charge_batch(&self.db, asked, merchant, self.clock.now()).await?;
        self.counts.judged(&results.results, &amounts);
        Ok(results)
    }

    /// Gives up a key and counts what it came to.
    pub async fn abandon(&self, key: String) -> Result<ChargeResult, Problem> {
        let result = flows::abandon_charge::abandon_charge(&self.db, key, self.clock.now()).await?;
        self.counts.judged(std::slice::from_ref(&result), &[]);
        Ok(result)
    }
}

/// `provider_charges_total`, `provider_captured_amount_total` and `provider_replays_total`.
pub struct Counts {
    charges: IntCounterVec,
    captured: IntCounterVec,
    replays: IntCounter,
}

impl Counts {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Result<Self, ConfigError> {
        let help = "Charges that got a verdict which their key did not have before, by verdict.";
        let charges = metrics.counter("provider_charges_total", help, &["verdict"]);
        let help = "Money that was captured, minor units.";
        let captured = metrics.counter("provider_captured_amount_total", help, &["currency"]);
        let help = "Charges that got the verdict again which their key had; they move no money.";
        let replays = metrics.total("provider_replays_total", help);
        Ok(Self {
            charges: charges.map_err(ConfigError::internal)?,
            captured: captured.map_err(ConfigError::internal)?,
            replays: replays.map_err(ConfigError::internal)?,
        })
    }

    /// Counts results, of which the charges had these amounts: whatever is alike in a batch at once.
    fn judged(&self, results: &[ChargeResult], amounts: &[Money]) {
        let mut verdicts: Vec<(&'static str, u64)> = Vec::new();
        let mut captured: Vec<(Currency, u64)> = Vec::new();
        // A key's conflict is not the verdict that it keeps.
        let is_new =
            |result: &ChargeResult| !result.replayed || matches!(result.verdict, Verdict::Conflict { .. });
        for result in results.iter().filter(|result| is_new(result)) {
            add(&mut verdicts, label(&result.verdict), 1);
        }
        let new = results.iter().zip(amounts).filter(|(result, _)| !result.replayed);
        for (_, amount) in new.filter(|(result, _)| result.verdict == Verdict::Captured) {
            add(&mut captured, amount.currency, amount.minor.unsigned_abs());
        }
        let new = results.iter().filter(|result| is_new(result)).count();
        self.replays.inc_by((results.len() - new) as u64);
        for (verdict, count) in verdicts {
            self.charges.with_label_values(&[verdict]).inc_by(count);
        }
        for (currency, amount) in captured {
            self.captured.with_label_values(&[currency.code()]).inc_by(amount);
        }
    }
}

fn add<K: PartialEq>(sums: &mut Vec<(K, u64)>, key: K, more: u64) {
    match sums.iter_mut().find(|(of, _)| *of == key) {
        Some((_, sum)) => *sum += more,
        None => sums.push((key, more)),
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

//! What is counted of attempts: once per batch and kind, however many invoices are in it.

use contracts::Currency;
use prometheus::IntCounterVec;
use service::ConfigError;
use service::metrics::Metrics;

use crate::domain::failure::Failure;
use crate::domain::settle::Settlement;

/// `invoice_charges_total` and `invoice_charged_amount_total`.
pub struct Counts {
    charges: IntCounterVec,
    amounts: IntCounterVec,
}

/// Attempts of a batch that came to the same.
struct Alike {
    what: (&'static str, Failure, Currency),
    invoices: u64,
    amount: u64,
}

impl Counts {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Result<Self, ConfigError> {
        let help = "Attempts that were settled, by outcome and by kind of failure.";
        let charges = metrics.counter("invoice_charges_total", help, &["outcome", "kind"]);
        let help = "Money of attempts that were captured or declined, minor units.";
        let amounts = metrics.counter("invoice_charged_amount_total", help, &["outcome", "currency"]);
        Ok(Self {
            charges: charges.map_err(ConfigError::internal)?,
            amounts: amounts.map_err(ConfigError::internal)?,
        })
    }

    /// Counts a batch that was settled.
    pub fn settled(&self, settled: &[Settlement]) {
        for Alike { what: (outcome, failure, currency), invoices, amount } in alike(settled) {
            self.charges.with_label_values(&[outcome, failure.as_str()]).inc_by(invoices);
            if ["captured", "declined"].contains(&outcome) {
                self.amounts.with_label_values(&[outcome, currency.code()]).inc_by(amount);
            }
        }
    }
}

fn alike(settled: &[Settlement]) -> Vec<Alike> {
    let mut sums: Vec<Alike> = Vec::new();
    for one in settled {
        let Some((outcome, _)) = one.counted(false) else { continue };
        let what = (outcome, one.failure, one.amount.currency);
        let amount = one.amount.minor.unsigned_abs();
        match sums.iter_mut().find(|sum| sum.what == what) {
            Some(sum) => {
                sum.invoices += 1;
                sum.amount += amount;
            }
            None => sums.push(Alike { what, invoices: 1, amount }),
        }
    }
    sums
}

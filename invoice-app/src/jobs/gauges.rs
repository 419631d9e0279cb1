//! Gauges of what the rows say. `serve` alone sets them: the rows are the same for every process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use contracts::Currency;
use db::{AnyConnection, Db, StoreError};
use prometheus::{Gauge, IntGauge, IntGaugeVec};
use service::clock::Micros;
use service::metrics::{Metrics, look_every_few_seconds};
use service::server::Shutdown;
use service::{Clock, ConfigError};

use crate::domain::difference::{Kind, Standing};
use crate::domain::progress::{Count, Line, Progress};
use crate::domain::run::RunState;
use crate::store::{measures, reconciliation, runs, tallies};

/// One number of a run's progress.
type Pick = fn(&Line) -> Count;

/// Numbers of progress that are shown in invoices and in money.
const COUNTS: [(&str, Pick); 6] = [
    ("expected", |line| line.expected),
    ("captured", |line| line.captured),
    ("declined", |line| line.declined),
    ("parked", |line| line.parked),
    ("unknown", |line| line.unknown),
    ("remaining", Line::remaining),
];
/// In an empty house there is one currency, so that there is a series to watch.
const FIRST: &str = "EUR";

/// The job.
pub struct Gauges {
    db: Db,
    clock: Clock,
    oldest_due: Gauge,
    oldest_unknown: Gauge,
    runs: IntGaugeVec,
    invoices: IntGaugeVec,
    amounts: IntGaugeVec,
    unreconciled: IntGaugeVec,
    reconciled_until: Gauge,
    differences: IntGaugeVec,
    duplicates: IntGauge,
    /// Currencies so far, so that what is there no more is 0; held for as long as it takes to copy them.
    currencies: Mutex<BTreeSet<Currency>>,
}

/// What a look finds.
struct Seen {
    oldest_due: Option<Micros>,
    oldest_unknown: Option<Micros>,
    runs: Vec<(i64, RunState)>,
    progress: Progress,
    unreconciled: BTreeMap<Currency, i64>,
    reconciled_to: Option<Micros>,
    differences: Vec<(Kind, Standing, i64)>,
    currencies: BTreeSet<Currency>,
}

impl Gauges {
    /// Registers them, and looks for the first time: whoever asks at once is told how it stands.
    pub fn new(db: &Db, clock: &Clock, metrics: &Metrics) -> Result<Self, ConfigError> {
        let gauges = Self::register(db, clock, metrics).map_err(ConfigError::internal)?;
        let now = clock.now();
        let seen = db.read_blocking(|conn| look(conn, now));
        let seen = seen.map_err(|e| ConfigError::new(format!("cannot read what the gauges say: {e}")))?;
        gauges.show(&seen, now);
        Ok(gauges)
    }

    fn register(db: &Db, clock: &Clock, metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let due = "How long ago the oldest invoice fell due that nobody has claimed; 0: there is none.";
        let unknown =
            "How long ago the attempt was made whose outcome has been unknown for longest; 0: there is none.";
        let amounts = "Money of runs that have not ended, by how it stands with it, minor units.";
        let unreconciled = "Money on which the provider's books and ours disagree, minor units; must be 0.";
        let until = "The books are compared up to here, as a Unix time; 0: never yet.";
        let duplicates =
            "Invoices of which the provider lists a second capture, and nobody has cleared it; must be 0.";
        Ok(Self {
            db: db.clone(),
            clock: clock.clone(),
            oldest_due: metrics.seconds("oldest_due_invoice_seconds", due)?,
            oldest_unknown: metrics.seconds("oldest_unknown_outcome_seconds", unknown)?,
            runs: metrics.gauge("billing_runs", "Runs that have not ended.", &["state"])?,
            invoices: metrics.gauge(
                "billing_run_invoices",
                "Invoices of runs that have not ended, by how it stands with them.",
                &["state"],
            )?,
            amounts: metrics.gauge("billing_run_amount", amounts, &["state", "currency"])?,
            unreconciled: metrics.gauge("unreconciled_amount", unreconciled, &["currency"])?,
            reconciled_until: metrics.seconds("reconciled_until_seconds", until)?,
            differences: metrics.gauge(
                "reconciliation_differences",
                "Invoices on which the books differ or differed, counted up to 100000.",
                &["kind", "standing"],
            )?,
            duplicates: metrics.level("duplicate_captures", duplicates)?,
            currencies: Mutex::new(FIRST.parse().into_iter().collect()),
        })
    }

    /// Looks until the stop is asked for.
    pub async fn run(self, shutdown: Shutdown) {
        look_every_few_seconds(shutdown, || self.look()).await;
    }

    async fn look(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let seen = self.db.read(move |conn| look(conn, now)).await?;
        self.show(&seen, now);
        Ok(())
    }

    fn show(&self, seen: &Seen, now: Micros) {
        let ago = |at: Option<Micros>| seconds(at.map_or(0, |at| now - at));
        self.oldest_due.set(ago(seen.oldest_due));
        self.oldest_unknown.set(ago(seen.oldest_unknown));
        self.reconciled_until.set(seconds(seen.reconciled_to.unwrap_or_default()));
        for state in [RunState::Running, RunState::Paused] {
            let count = seen.runs.iter().filter(|(_, of)| *of == state).count();
            self.runs.with_label_values(&[state.as_str()]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.show_differences(&seen.differences);
        self.show_progress(&seen.progress);
        for currency in self.known(seen) {
            let amount = seen.unreconciled.get(&currency).copied().unwrap_or_default();
            self.unreconciled.with_label_values(&[currency.code()]).set(amount);
            let line = seen.progress.lines.get(&currency).copied().unwrap_or_default();
            for (state, pick) in COUNTS {
                self.amounts.with_label_values(&[state, currency.code()]).set(pick(&line).amount);
            }
        }
    }

    fn show_progress(&self, progress: &Progress) {
        for (state, pick) in COUNTS {
            self.invoices.with_label_values(&[state]).set(progress.invoices(pick));
        }
        self.invoices.with_label_values(&["in_flight"]).set(progress.in_flight());
    }

    fn show_differences(&self, found: &[(Kind, Standing, i64)]) {
        for kind in Kind::ALL.iter().copied() {
            for standing in Standing::ALL.iter().copied() {
                let of = found.iter().find(|(of, stands, _)| (*of, *stands) == (kind, standing));
                let series = self.differences.with_label_values(&[kind.as_str(), standing.as_str()]);
                series.set(of.map_or(0, |(.., count)| *count));
            }
        }
        let twice = found.iter().filter(|of| of.0 == Kind::CapturedTwice && of.1 != Standing::Repaired);
        self.duplicates.set(twice.map(|(.., count)| count).sum());
    }

    /// Currencies that were ever seen.
    fn known(&self, seen: &Seen) -> BTreeSet<Currency> {
        let mut known = self.currencies.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(&seen.currencies);
        known.extend(seen.unreconciled.keys().chain(seen.progress.lines.keys()));
        known.clone()
    }
}

fn look(conn: &mut AnyConnection, now: Micros) -> Result<Seen, StoreError> {
    let runs = runs::open(conn)?;
    let numbers: Vec<i64> = runs.iter().map(|(id, _)| *id).collect();
    Ok(Seen {
        oldest_due: measures::oldest_due(conn, now)?,
        oldest_unknown: measures::oldest_unknown(conn)?,
        progress: tallies::open_progress(conn, &numbers)?,
        runs,
        unreconciled: reconciliation::unreconciled(conn)?,
        reconciled_to: reconciliation::reconciled_to(conn)?,
        differences: measures::differences(conn)?,
        currencies: measures::currencies(conn)?,
    })
}

fn seconds(micros: Micros) -> f64 {
    Duration::from_micros(micros.max(0).unsigned_abs()).as_secs_f64()
}

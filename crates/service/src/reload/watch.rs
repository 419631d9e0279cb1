//! The one thread of a process that looks at the files.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use prometheus::{IntCounterVec, IntGaugeVec};

use super::{Credential, Look, Reloaded};
use crate::Clock;
use crate::metrics::Metrics;
use crate::settings::ConfigError;

/// Everything that one process reloads.
pub struct Reloads {
    clock: Clock,
    outcomes: IntCounterVec,
    expiry: IntGaugeVec,
    watched: Vec<Box<dyn Watched>>,
}

/// Files are looked at for as long as this is held.
#[must_use]
pub struct Reloading(#[expect(dead_code, reason = "dropping it ends the thread")] mpsc::Sender<()>);

/// A [`Reloaded`] of any kind.
trait Watched: Send {
    fn what(&self) -> &'static str;
    fn look(&self, now: i64) -> Look;
    fn expires_at(&self) -> Option<i64>;
}

impl<T: Credential> Watched for Reloaded<T> {
    fn what(&self) -> &'static str {
        self.0.what
    }

    fn look(&self, now: i64) -> Look {
        Self::look(self, now)
    }

    fn expires_at(&self) -> Option<i64> {
        self.get().expires_at()
    }
}

impl Reloads {
    /// Nothing yet.
    pub fn new(metrics: &Metrics, clock: &Clock) -> Result<Self, ConfigError> {
        let help = "Changed keys and certificates, by what was changed and whether it was taken over.";
        let outcomes = metrics.counter("identity_reloads_total", help, &["what", "result"]);
        let help = "When the certificate in force ends, as a Unix time.";
        let expiry = metrics.gauge("certificate_expiry_seconds", help, &["what"]);
        Ok(Self {
            clock: clock.clone(),
            outcomes: outcomes.map_err(ConfigError::internal)?,
            expiry: expiry.map_err(ConfigError::internal)?,
            watched: Vec::new(),
        })
    }

    /// Adds a credential, which must be good now: an expired one is one sentence at the start.
    pub fn watch<T: Credential>(&mut self, credential: &Reloaded<T>) -> Result<(), ConfigError> {
        credential.get().check(self.clock.seconds())?;
        for result in ["taken_over", "refused"] {
            self.outcomes.with_label_values(&[credential.0.what, result]).inc_by(0);
        }
        self.export(credential);
        self.watched.push(Box::new(credential.clone()));
        Ok(())
    }

    /// Looks at the files every so often, in a thread of its own: reading them blocks, and requests must not wait.
    pub fn start(self, every: Duration) -> Result<Reloading, ConfigError> {
        let (stop, stopped) = mpsc::channel();
        let looks = move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                self.look();
            }
        };
        std::thread::Builder::new().name("reload".to_owned()).spawn(looks).map_err(ConfigError::internal)?;
        Ok(Reloading(stop))
    }

    // The counters last: who sees one move finds the log line and the new end there.
    fn look(&self) {
        for one in &self.watched {
            let what = one.what();
            match one.look(self.clock.seconds()) {
                Look::Unchanged => {}
                Look::TakenOver => {
                    self.export(one.as_ref());
                    tracing::info!(what, expires_at = one.expires_at(), "changed files were taken over");
                    self.outcomes.with_label_values(&[what, "taken_over"]).inc();
                }
                Look::Refused(error) => {
                    tracing::warn!(what, %error, "changed files cannot be used; what was in force stays in force");
                    self.outcomes.with_label_values(&[what, "refused"]).inc();
                }
            }
        }
    }

    fn export(&self, one: &dyn Watched) {
        if let Some(end) = one.expires_at() {
            self.expiry.with_label_values(&[one.what()]).set(end);
        }
    }
}

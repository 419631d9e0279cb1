//! Connections to the database, and how long callers wait for one. Names are OpenTelemetry's, but for
//! `db_client_connection_count`, which looks like a histogram's series to Prometheus.

use db::{Db, Waited};
use prometheus::Error;

use super::{Described, Metrics, histograms};

const WAITS: &str = "db_client_connection_wait_time_seconds";
const WAITS_HELP: &str = "Time until a caller had a connection to the database.";

impl Metrics {
    /// Measures the pools of a database.
    pub fn pools(&self, db: &Db) -> Result<(), Error> {
        let (seen, help) = (db.clone(), "Connections to the database, by whether somebody uses them.");
        self.asked("db_client_connections", help, &["state"], move |gauge| {
            let connections = seen.connections();
            gauge.with_label_values(&["used"]).set(connections.used.into());
            gauge.with_label_values(&["idle"]).set(connections.idle.into());
        })?;
        let (seen, help) = (db.clone(), "Most connections to the database that this process opens.");
        self.asked_level("db_client_connection_max", help, move || seen.connections().max.into())?;
        let help = "Callers that had no connection to the database in time.";
        let timeouts = self.total("db_client_connection_timeouts_total", help)?;
        let waits = histograms(WAITS, WAITS_HELP, &[])?;
        self.register(Described::histogram(WAITS, WAITS_HELP, &[]), waits.clone())?;
        let waits = waits.with_label_values(&[] as &[&str]);
        db.on_wait(move |waited| match waited {
            Waited::For(took) => waits.observe(took.as_secs_f64()),
            Waited::InVain => timeouts.inc(),
        });
        Ok(())
    }
}

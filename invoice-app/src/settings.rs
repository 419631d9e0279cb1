//! Settings of invoice-app.

mod billing;
mod endpoint;
mod policy;
mod provider;

use std::net::SocketAddr;
use std::time::Duration;

use events::EventSettings;
use events::broker::{self, Access};
use service::api_auth::ApiAuth;
use service::database::DatabaseSettings;
use service::identity::IdentitySettings;
use service::server::ServerSettings;
use service::{ConfigError, Var, Vars};
use service::{reload, revocations};

use crate::handlers::events::CONSUMES;

pub use billing::BillingSettings;
pub use provider::ProviderSettings;

/// What others call this service.
const NAME: &str = "invoice-app";
/// Who this service is, unless told otherwise.
const WORKLOAD: &str = "spiffe://cluster.local/ns/antaeus/sa/invoice-app";
/// Addresses, unless told otherwise.
const LISTEN: &str = "127.0.0.1:8081";
const ADMIN_LISTEN: &str = "127.0.0.1:9081";
/// Where the rows are, unless told otherwise.
pub const DATABASE: &str = "sqlite://invoice-app.sqlite";

/// Everything that invoice-app can be told.
pub struct Settings {
    /// Listeners.
    pub server: ServerSettings,
    /// What charges.
    pub engine: EngineSettings,
    /// Who may call the public API.
    pub auth: ApiAuth,
    /// How often the list of revoked API keys is read.
    pub revocations: Duration,
    /// Who this service is.
    pub identity: IdentitySettings,
    /// Whom we tell what happened, and who tells us.
    pub events: EventSettings,
}

/// Everything that a worker can be told: it has no public port, and nobody calls it.
pub struct WorkerSettings {
    /// Probes and metrics.
    pub admin: SocketAddr,
    /// How long readiness fails before the admin port closes.
    pub drain: Duration,
    /// What charges.
    pub engine: EngineSettings,
}

/// What every role that charges can be told.
pub struct EngineSettings {
    /// Rows.
    pub database: DatabaseSettings,
    /// The payment provider, and who we are to it.
    pub provider: ProviderSettings,
    /// How often keys and certificates are looked at.
    pub reload: Duration,
    /// How invoices are charged.
    pub billing: BillingSettings,
    /// Where work is handed out, if it is.
    pub queue: Option<Access>,
}

impl Settings {
    /// Reads and checks everything.
    pub fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let server = ServerSettings::read(vars, LISTEN, ADMIN_LISTEN)?;
        let identity = IdentitySettings::read(vars, WORKLOAD)?;
        let events = EventSettings::read(vars, &identity, NAME, CONSUMES)?;
        let engine = EngineSettings::read(vars, &identity)?;
        if (events.sending.is_some() || events.broker.is_some()) && !engine.billing.tells {
            return Err(ConfigError::new(
                "EVENTS=off contradicts EVENTS_TO and BROKER_URL: remove one of them",
            ));
        }
        Ok(Self {
            engine,
            auth: ApiAuth::read(vars, server.listen)?,
            revocations: revocations::every(vars)?,
            server,
            identity,
            events,
        })
    }
}

impl WorkerSettings {
    /// Reads and checks everything.
    pub fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let server = ServerSettings::read(vars, LISTEN, ADMIN_LISTEN)?;
        let identity = IdentitySettings::read(vars, WORKLOAD)?;
        Ok(Self { admin: server.admin, drain: server.drain, engine: EngineSettings::read(vars, &identity)? })
    }
}

impl EngineSettings {
    fn read(vars: &Vars, identity: &IdentitySettings) -> Result<Self, ConfigError> {
        Ok(Self {
            database: DatabaseSettings::read(vars, DATABASE)?,
            provider: ProviderSettings::read(vars, identity)?,
            reload: reload::every(vars)?,
            billing: BillingSettings::read(vars)?,
            queue: broker::queue_access(vars, NAME)?,
        })
    }
}

/// The variables, for the tables.
#[must_use]
pub fn vars() -> Vec<Var> {
    let mut vars = service::server::vars(LISTEN, ADMIN_LISTEN).to_vec();
    vars.extend(ApiAuth::vars());
    vars.push(revocations::POLL);
    vars.extend(service::database::vars(DATABASE));
    vars.extend(service::identity::vars(WORKLOAD));
    vars.extend(provider::VARS);
    vars.extend(billing::VARS);
    vars.extend(events::settings::SENDING);
    vars.extend(events::settings::RECEIVING);
    vars.extend(events::settings::BROKER);
    vars.push(broker::QUEUE);
    vars.extend([reload::EVERY, service::run::LOG]);
    vars.extend(service::telemetry::VARS);
    vars
}

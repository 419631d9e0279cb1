//! Settings of invoice-app.

mod billing;
mod endpoint;
mod provider;

use std::time::Duration;

use service::api_auth::ApiAuth;
use service::database::DatabaseSettings;
use service::identity::IdentitySettings;
use service::server::ServerSettings;
use service::{ConfigError, Var, Vars};
use service::{reload, revocations};

pub use billing::BillingSettings;
pub use provider::ProviderSettings;

/// Who this service is, unless told otherwise.
const WORKLOAD: &str = "spiffe://cluster.local/ns/antaeus/sa/invoice-app";
/// Where the rows are, unless told otherwise.
pub const DATABASE: &str = "sqlite://invoice-app.sqlite";

/// Everything that invoice-app can be told.
pub struct Settings {
    /// Listeners.
    pub server: ServerSettings,
    /// Rows.
    pub database: DatabaseSettings,
    /// Own identity.
    pub identity: IdentitySettings,
    /// The payment provider.
    pub provider: ProviderSettings,
    /// How often keys and certificates are looked at.
    pub reload: Duration,
    /// How invoices are charged.
    pub billing: BillingSettings,
    /// Who may call the public API.
    pub auth: ApiAuth,
    /// How often the list of revoked API keys is read.
    pub revocations: Duration,
}

impl Settings {
    /// Reads and checks everything.
    pub fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let server = ServerSettings::read(vars, "127.0.0.1:8081", "127.0.0.1:9081")?;
        let identity = IdentitySettings::read(vars, WORKLOAD)?;
        Ok(Self {
            database: DatabaseSettings::read(vars, DATABASE)?,
            provider: ProviderSettings::read(vars, &identity)?,
            reload: reload::every(vars)?,
            billing: BillingSettings::read(vars)?,
            auth: ApiAuth::read(vars, server.listen)?,
            revocations: revocations::every(vars)?,
            server,
            identity,
        })
    }
}

/// The variables, for the tables.
#[must_use]
pub fn vars() -> Vec<Var> {
    let mut vars = service::server::vars("127.0.0.1:8081", "127.0.0.1:9081").to_vec();
    vars.extend(ApiAuth::vars());
    vars.push(revocations::POLL);
    vars.extend(service::database::vars(DATABASE));
    vars.extend(service::identity::vars(WORKLOAD));
    vars.extend(provider::VARS);
    vars.extend(billing::VARS);
    vars.extend([reload::EVERY, service::run::LOG]);
    vars
}

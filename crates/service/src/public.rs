//! Settings that every service with a public API has.

use std::time::Duration;

use crate::api_auth::ApiAuth;
use crate::database::{self, DatabaseSettings};
use crate::server::{self, ServerSettings};
use crate::settings::{ConfigError, Var, Vars};
use crate::{reload, revocations};

/// What holds in a service unless it is told otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// Address of the public port.
    pub listen: &'static str,
    /// Address of the admin port.
    pub admin: &'static str,
    /// Where the rows are.
    pub database: &'static str,
}

/// Ports, rows, and who may call.
pub struct PublicSettings {
    /// Listeners.
    pub server: ServerSettings,
    /// Rows.
    pub database: DatabaseSettings,
    /// Who may call the public API.
    pub auth: ApiAuth,
    /// How often the list of revoked API keys is read.
    pub revocations: Duration,
    /// How often keys and certificates are looked at.
    pub reload: Duration,
}

impl PublicSettings {
    /// Reads and checks them.
    pub fn read(vars: &Vars, defaults: Defaults) -> Result<Self, ConfigError> {
        let server = ServerSettings::read(vars, defaults.listen, defaults.admin)?;
        Ok(Self {
            auth: ApiAuth::read(vars, server.listen)?,
            revocations: revocations::every(vars)?,
            database: DatabaseSettings::read(vars, defaults.database)?,
            reload: reload::every(vars)?,
            server,
        })
    }
}

/// The variables that [`PublicSettings::read`] reads, for the tables.
#[must_use]
pub fn vars(defaults: Defaults) -> Vec<Var> {
    let mut vars = server::vars(defaults.listen, defaults.admin).to_vec();
    vars.extend(ApiAuth::vars());
    vars.push(revocations::POLL);
    vars.extend(database::vars(defaults.database));
    vars.push(reload::EVERY);
    vars
}

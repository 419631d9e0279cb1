//! Settings of notifications.

mod mail;

use events::{EventSettings, settings as event_settings};
use service::identity::{self, IdentitySettings};
use service::public::{self, Defaults, PublicSettings};
use service::reload::Reloaded;
use service::{ConfigError, Var, Vars};

use crate::clients::mailer::Mailer;
use crate::handlers::events::KINDS;

/// What others know this service by.
const NAME: &str = "notifications";
/// Who it is, unless told otherwise.
const WORKLOAD: &str = "spiffe://cluster.local/ns/commerce/sa/notifications";
/// What holds unless told otherwise.
pub const DEFAULTS: Defaults =
    Defaults { listen: "127.0.0.1:8085", admin: "127.0.0.1:9085", database: "sqlite://notifications.sqlite" };

/// Everything that notifications can be told.
pub struct Settings {
    /// Ports, rows, and who may call.
    pub public: PublicSettings,
    /// Own identity.
    pub identity: IdentitySettings,
    /// Events, in and out.
    pub events: EventSettings,
    /// How e-mails leave.
    pub mailer: Reloaded<Mailer>,
}

impl Settings {
    /// Reads and checks everything.
    pub fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let identity = IdentitySettings::read(vars, WORKLOAD)?;
        Ok(Self {
            public: PublicSettings::read(vars, DEFAULTS)?,
            events: EventSettings::read(vars, &identity, NAME, KINDS)?,
            identity,
            mailer: mail::mailer(vars)?,
        })
    }
}

/// The variables, for the tables.
#[must_use]
pub fn vars() -> Vec<Var> {
    let mut vars = public::vars(DEFAULTS);
    vars.extend(identity::vars(WORKLOAD));
    vars.extend(event_settings::vars(NAME, KINDS));
    vars.extend(mail::VARS);
    vars.push(service::run::LOG);
    vars.extend(service::telemetry::VARS);
    vars
}

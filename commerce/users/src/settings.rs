//! Settings of users.

use events::{EventSettings, settings as event_settings};
use service::identity::{self, IdentitySettings};
use service::public::{self, Defaults, PublicSettings};
use service::{ConfigError, Var, Vars};

/// What others know this service by.
const NAME: &str = "users";
/// Who it is, unless told otherwise.
const WORKLOAD: &str = "spiffe://cluster.local/ns/commerce/sa/users";
/// What holds unless told otherwise.
pub const DEFAULTS: Defaults =
    Defaults { listen: "127.0.0.1:8083", admin: "127.0.0.1:9083", database: "sqlite://users.sqlite" };

/// Everything that users can be told.
pub struct Settings {
    /// Ports, rows, and who may call.
    pub public: PublicSettings,
    /// Own identity.
    pub identity: IdentitySettings,
    /// Events, in and out.
    pub events: EventSettings,
}

impl Settings {
    /// Reads and checks everything.
    pub fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let identity = IdentitySettings::read(vars, WORKLOAD)?;
        Ok(Self {
            public: PublicSettings::read(vars, DEFAULTS)?,
            events: EventSettings::read(vars, &identity, NAME, &[])?,
            identity,
        })
    }
}

/// The variables, for the tables.
#[must_use]
pub fn vars() -> Vec<Var> {
    let mut vars = public::vars(DEFAULTS);
    vars.extend(identity::vars(WORKLOAD));
    vars.extend(event_settings::vars(NAME, &[]));
    vars.push(service::run::LOG);
    vars.extend(service::telemetry::VARS);
    vars
}

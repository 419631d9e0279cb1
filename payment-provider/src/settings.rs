//! Settings of the payment provider.

mod acquirer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gate::SpiffeId;
use gate::keys::VerifyingKeys;
use gate::token::charge::{AUDIENCE, ChargeVerifier, ISSUER};
use service::api_auth::ApiAuth;
use service::database::DatabaseSettings;
use service::identity::IdentitySettings;
use service::reload::{self, Reloaded};
use service::revocations;
use service::server::ServerSettings;
use service::settings::read;
use service::{ConfigError, Var, Vars};

use crate::clients::acquirer::Acquirer;

/// Who this service is, unless told otherwise.
const WORKLOAD: &str = "spiffe://cluster.local/ns/payments/sa/payment-provider";
/// Where the rows are, unless told otherwise.
pub const DATABASE: &str = "sqlite://payment-provider.sqlite";

const ALLOWED: Var = Var::new(
    "ALLOWED_CALLER",
    "spiffe://cluster.local/ns/antaeus/sa/invoice-app",
    "SPIFFE id of the one workload that may charge",
);
const JWKS: Var =
    Var::unset("CHARGE_JWKS_FILE", "JWKS with the public charge keys, by which signed requests are judged");
const COMPAT: Var = Var::unset(
    "COMPAT_LISTEN",
    "address of the older charge paths, plain HTTP and loopback only (beyond it with `INSECURE_PUBLIC_API=allow`); off when not set",
);

/// Everything that the payment provider can be told.
pub struct Settings {
    /// Listeners.
    pub server: ServerSettings,
    /// Rows.
    pub database: DatabaseSettings,
    /// Own identity.
    pub identity: IdentitySettings,
    /// Judges signed requests: the one caller and its public keys.
    pub verifier: Reloaded<ChargeVerifier>,
    /// How often keys and certificates are looked at.
    pub reload: Duration,
    /// The simulated acquirer.
    pub acquirer: Acquirer,
    /// The older paths, if wanted.
    pub compat: Option<Compat>,
}

/// The older charge paths.
pub struct Compat {
    /// Where they are served.
    pub listen: SocketAddr,
    /// Who may call them.
    pub auth: ApiAuth,
    /// How often the list of revoked API keys is read.
    pub revocations: Duration,
}

impl Settings {
    /// Reads and checks everything.
    pub fn read(vars: &Vars) -> Result<Self, ConfigError> {
        Ok(Self {
            server: ServerSettings::read(vars, "127.0.0.1:8082", "127.0.0.1:9082")?,
            database: DatabaseSettings::read(vars, DATABASE)?,
            identity: IdentitySettings::read(vars, WORKLOAD)?,
            verifier: verifier(vars)?,
            reload: reload::every(vars)?,
            acquirer: acquirer::read(vars)?,
            compat: vars.optional(&COMPAT)?.map(|listen| compat(vars, listen)).transpose()?,
        })
    }
}

fn verifier(vars: &Vars) -> Result<Reloaded<ChargeVerifier>, ConfigError> {
    let allowed: SpiffeId = vars.required(&ALLOWED)?;
    let path: PathBuf = vars.required(&JWKS)?;
    Reloaded::read("charge_jwks", vec![path.clone()], move || {
        let keys = VerifyingKeys::from_jwks_json(&read(&JWKS, &path)?);
        Ok(ChargeVerifier {
            keys: keys.map_err(|e| ConfigError::bad(&JWKS, "the file", e))?,
            issuer: ISSUER.into(),
            audience: AUDIENCE.into(),
            allowed: allowed.clone(),
        })
    })
}

fn compat(vars: &Vars, listen: SocketAddr) -> Result<Compat, ConfigError> {
    let auth = ApiAuth::read(vars, listen)?;
    if !listen.ip().is_loopback() && !service::api_auth::insecure_allowed(vars) {
        let problem = "these paths are plain HTTP and may not be reached from elsewhere";
        return Err(ConfigError::bad(&COMPAT, &listen.to_string(), problem));
    }
    Ok(Compat { listen, auth, revocations: revocations::every(vars)? })
}

/// The variables in the order in which they are read, for the tables.
#[must_use]
pub fn vars() -> Vec<Var> {
    let mut vars = service::server::vars("127.0.0.1:8082", "127.0.0.1:9082").to_vec();
    vars.extend(service::database::vars(DATABASE));
    vars.extend(service::identity::vars(WORKLOAD));
    vars.extend([ALLOWED, JWKS]);
    vars.extend(acquirer::VARS);
    vars.push(COMPAT);
    vars.extend(ApiAuth::vars());
    vars.push(revocations::POLL);
    vars.extend([reload::EVERY, service::run::LOG]);
    vars.extend(service::telemetry::VARS);
    vars
}

//! Where events go to and come from.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use contracts::event::Kind;
use gate::SpiffeId;
use gate::keys::{SigningKey, VerifyingKeys};
use gate::token::event::{EventVerifier, Sender as Known};
use reqwest::Url;
use service::identity::{IdentityFiles, IdentitySettings, TlsMode};
use service::reload::Reloaded;
use service::settings::read;
use service::{ConfigError, Var, Vars};

use crate::broker::{self, Access};
use crate::sender::{Sender, Target};

const TO: Var = Var::unset(
    "EVENTS_TO",
    "who is told what happened, as `name=url,name=url`: `https` with `TLS_MODE=rustls`, `http` with `mesh`, no path; when not set, nobody is told",
);
const KEY: Var =
    Var::unset("EVENT_KEY_FILE", "private event key (PEM), with which deliveries of events are signed");
const PEERS: Var = Var::new(
    "EVENT_PEERS",
    "spiffe://cluster.local/ns/antaeus/sa/invoice-app,spiffe://cluster.local/ns/commerce/sa/users,spiffe://cluster.local/ns/commerce/sa/orders,spiffe://cluster.local/ns/commerce/sa/notifications",
    "SPIFFE ids of the services that send or receive events; a service is known by the last part of its id",
);
const LISTEN: Var = Var::unset(
    "EVENTS_LISTEN",
    "address of `POST /internal/events`, for the services that send us events and nobody else; when not set, no events are received there",
);
const JWKS_DIR: Var = Var::unset(
    "EVENT_JWKS_DIR",
    "directory with `NAME/jwks.json`, the public event keys, for each service that sends us events (`antaeusctl keys init`: the folder `event`)",
);

/// The variables of a service that sends events.
pub const SENDING: [Var; 3] = [TO, KEY, PEERS];
/// The variables of a service that may do either over a broker.
pub const BROKER: [Var; 3] = broker::SETTINGS;
/// The further variables of one that receives events.
pub const RECEIVING: [Var; 2] = [LISTEN, JWKS_DIR];

/// Everything that a service can be told about events.
pub struct EventSettings {
    /// Who is told, if anybody is.
    pub sending: Option<Sending>,
    /// Where events are received, if anywhere.
    pub receiving: Option<Receiving>,
    /// Over what they travel instead of calls.
    pub broker: Option<Broker>,
}

/// What a service does over a broker.
pub struct Broker {
    /// The way there.
    pub access: Access,
    /// Whether it has anything to tell.
    pub tells: bool,
    /// Whether it subscribes to anything.
    pub hears: bool,
}

/// Who is told what happened here.
#[derive(Clone)]
pub struct Sending {
    /// In the order in which they were given.
    pub(crate) names: Vec<String>,
    /// Where they are and who we are to them.
    pub(crate) sender: Reloaded<Sender>,
}

/// Where events are received, and how senders are judged.
pub struct Receiving {
    /// The address.
    pub listen: SocketAddr,
    /// Who may send.
    pub verifier: Reloaded<EventVerifier>,
}

impl EventSettings {
    /// Reads what there is; `name` is the service's own, `consumes` what it subscribes to: nothing, and no port is
    /// opened.
    pub fn read(
        vars: &Vars,
        identity: &IdentitySettings,
        name: &'static str,
        consumes: &[Kind],
    ) -> Result<Self, ConfigError> {
        let peers = peers(vars)?;
        let broker = broker::Access::read(vars, &broker::URL, name)?;
        let (tells, hears) = (sends(name), !consumes.is_empty());
        let broker = broker.map(|access| Broker { access, tells, hears });
        if tells && broker.is_some() && vars.text(&TO).is_some() {
            return Err(ConfigError::new(
                "BROKER_URL and EVENTS_TO are two ways for the same events: remove one of them",
            ));
        }
        let receiving = if hears { receiving(vars, name, consumes, &peers)? } else { None };
        let sending = if tells { sending(vars, identity, name, &peers)? } else { None };
        Ok(Self { sending, receiving, broker })
    }
}

/// Whether anybody is told what happens here.
#[must_use]
pub fn are_told(vars: &Vars) -> bool {
    vars.text(&TO).is_some() || vars.text(&broker::URL).is_some()
}

/// The variables that [`EventSettings::read`] reads for a service, for the tables.
#[must_use]
pub fn vars(name: &str, consumes: &[Kind]) -> Vec<Var> {
    let sending: &[Var] = if sends(name) { &[TO, KEY] } else { &[] };
    let receiving: &[Var] = if consumes.is_empty() { &[] } else { &RECEIVING };
    [&[PEERS], sending, receiving, &BROKER].concat()
}

/// Whether a service has anything to tell.
fn sends(name: &str) -> bool {
    Kind::ALL.iter().any(|kind| kind.sender() == name)
}

fn peers(vars: &Vars) -> Result<Vec<SpiffeId>, ConfigError> {
    let text: String = vars.required(&PEERS)?;
    let ids = text.split(',').map(|id| id.trim().parse().map_err(|e| ConfigError::bad(&PEERS, id, e)));
    let ids: Vec<SpiffeId> = ids.collect::<Result<_, _>>()?;
    let twice = ids
        .iter()
        .enumerate()
        .find(|(at, id)| ids[..*at].iter().any(|before| before.service_account() == id.service_account()));
    match twice {
        Some((_, id)) => {
            let problem = format!("{} stands there twice", id.service_account());
            Err(ConfigError::bad(&PEERS, &id.to_string(), problem))
        }
        None => Ok(ids),
    }
}

fn peer(peers: &[SpiffeId], name: &str) -> Result<SpiffeId, ConfigError> {
    let found = peers.iter().find(|id| id.service_account() == name).cloned();
    found.ok_or_else(|| ConfigError::bad(&PEERS, "...", format!("the id of {name} is missing")))
}

fn sending(
    vars: &Vars,
    identity: &IdentitySettings,
    name: &str,
    peers: &[SpiffeId],
) -> Result<Option<Sending>, ConfigError> {
    let Some(text) = vars.text(&TO) else { return Ok(None) };
    let own = if let TlsMode::Rustls(own) = &identity.mode { Some(own.clone()) } else { None };
    let target = |part: &str| target(part.trim(), name, own.is_some(), peers);
    let targets: Vec<Target> = text.split(',').map(target).collect::<Result<_, _>>()?;
    let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        return Err(ConfigError::bad(&TO, twice.1, "it stands there twice"));
    }
    let sender = sender(vars.required(&KEY)?, own, identity.id.clone(), targets)?;
    Ok(Some(Sending { names, sender }))
}

fn target(text: &str, own_name: &str, tls: bool, peers: &[SpiffeId]) -> Result<Target, ConfigError> {
    let bad = |problem: String| ConfigError::bad(&TO, text, problem);
    let (name, url) = text.split_once('=').ok_or_else(|| bad("give name=url".into()))?;
    let subscribes = |kind: &Kind| kind.sender() == own_name && kind.receivers().contains(&name);
    if !Kind::ALL.iter().any(subscribes) {
        return Err(bad(format!("{name:?} subscribes to nothing that {own_name} sends")));
    }
    let scheme = if tls { "https" } else { "http" };
    let parsed = Url::parse(url).map_err(|e| bad(e.to_string()))?;
    let bare = parsed.path() == "/" && parsed.query().is_none() && parsed.fragment().is_none();
    if parsed.scheme() != scheme || !bare || url.ends_with('/') || url.contains('@') {
        return Err(bad(format!("give {scheme}://host:port and nothing behind it")));
    }
    Ok(Target { name: name.to_owned(), base: url.to_owned(), id: peer(peers, name)? })
}

fn sender(
    key: PathBuf,
    own: Option<IdentityFiles>,
    id: SpiffeId,
    targets: Vec<Target>,
) -> Result<Reloaded<Sender>, ConfigError> {
    let mut files = own.as_ref().map(IdentityFiles::paths).unwrap_or_default();
    files.push(key.clone());
    Reloaded::read("event_sender", files, move || {
        let identity = own.as_ref().map(IdentityFiles::load).transpose()?;
        let signing = SigningKey::from_pem(&read(&KEY, &key)?);
        let signing = signing.map_err(|e| ConfigError::bad(&KEY, "the file", e))?;
        Sender::new(identity, &signing, &id, &targets)
    })
}

fn receiving(
    vars: &Vars,
    name: &'static str,
    consumes: &[Kind],
    peers: &[SpiffeId],
) -> Result<Option<Receiving>, ConfigError> {
    let Some(listen) = vars.optional(&LISTEN)? else { return Ok(None) };
    let dir: PathBuf = vars.required(&JWKS_DIR)?;
    let mut senders: Vec<(SpiffeId, PathBuf)> = Vec::new();
    for kind in consumes {
        let id = peer(peers, kind.sender())?;
        if !senders.iter().any(|(known, _)| *known == id) {
            senders.push((id, dir.join(kind.sender()).join("jwks.json")));
        }
    }
    let files = senders.iter().map(|(_, file)| file.clone()).collect();
    let verifier = Reloaded::read("event_jwks", files, move || {
        let known = senders.iter().map(|(id, file)| Ok(Known { id: id.clone(), keys: keys(file)? }));
        let senders = known.collect::<Result<_, ConfigError>>()?;
        Ok(EventVerifier { senders, audience: name.to_owned() })
    })?;
    Ok(Some(Receiving { listen, verifier }))
}

fn keys(file: &Path) -> Result<VerifyingKeys, ConfigError> {
    let keys = VerifyingKeys::from_jwks_json(&read(&JWKS_DIR, file)?);
    keys.map_err(|e| ConfigError::bad(&JWKS_DIR, &file.display().to_string(), e))
}

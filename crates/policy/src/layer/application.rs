//! The third layer: what the services themselves ask for, by the variables that their pods are given. The variables
//! are those of `crates/gate`'s two users: the provider's gate, and the public API's keys.

use std::collections::BTreeMap;

use super::{Answer, Verdict};
use crate::object::{Container, Object, Spec, Workload, public_keys};
use crate::place::Place;
use crate::render::Render;
use crate::request::{Identity, Token};

/// `iss` of a charge token.
pub const ISSUER: &str = "invoice-app.antaeus";
/// `aud` of a charge token.
pub const AUDIENCE: &str = "payment-provider";
/// Who may charge, unless `ALLOWED_CALLER` says otherwise.
pub const CALLER: &str = "spiffe://cluster.local/ns/antaeus/sa/invoice-app";

type Settings = BTreeMap<String, String>;

/// What a service asks of its callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The provider's: one workload, and a signed request.
    Charge {
        /// The business port.
        port: u16,
        /// The one workload, as a SPIFFE id.
        caller: String,
    },
    /// The public API's.
    Public {
        /// The business port.
        port: u16,
        /// Whether everybody is let in.
        open: bool,
    },
    /// It would not start.
    Broken(String),
    /// Nothing, or it is not ours.
    None,
}

impl Gate {
    /// The gate of one of our pods.
    #[must_use]
    pub fn of(render: &Render, place: &Place) -> Self {
        let Some((object, workload)) = workload_of(render, place) else { return Self::None };
        let containers = workload.template.spec.containers.iter();
        let gates = containers.map(|container| gate(render, object, workload, container));
        gates.into_iter().find(|gate| *gate != Self::None).unwrap_or(Self::None)
    }

    /// Judges a call to a port: `identity` is what the pod's sidecar reports, `token` what it hands on.
    #[must_use]
    pub fn verdict(&self, port: u16, identity: Option<&Identity>, token: Option<&Token>) -> Verdict {
        match self {
            Self::Charge { port: own, caller } if *own == port => charge(caller, identity, token),
            Self::Public { port: own, open } if *own == port => {
                Verdict::new(Answer::Absent, None, public(*open))
            }
            Self::Broken(why) => Verdict::new(Answer::Refuses, None, why.clone()),
            _ => Verdict::new(Answer::Absent, None, "no gate of ours stands before this port"),
        }
    }

    /// The port that it guards.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Charge { port, .. } | Self::Public { port, .. } => Some(*port),
            Self::Broken(_) | Self::None => None,
        }
    }
}

fn charge(caller: &str, identity: Option<&Identity>, token: Option<&Token>) -> Verdict {
    let refuses = |why: String| Verdict::new(Answer::Refuses, None, why);
    let Some(identity) = identity else { return refuses("401: no sidecar names the caller".into()) };
    let id = spiffe(identity);
    if id != caller {
        return refuses(format!("403: {id} is not ALLOWED_CALLER, {caller}"));
    }
    let Some(token) = token else { return refuses("401: no signature over the request".into()) };
    if !token.genuine || token.issuer != ISSUER || token.audience != AUDIENCE || token.subject != id {
        return refuses(
            "401: the signature is not the charge key's, over this request, for this caller".into(),
        );
    }
    Verdict::new(Answer::Allows, None, "ALLOWED_CALLER calls, and the charge key has signed the request")
}

fn public(open: bool) -> &'static str {
    if open {
        "INSECURE_PUBLIC_API=allow: nobody is asked for a key"
    } else {
        "AUTH=keys: each call needs an API key"
    }
}

/// The SPIFFE id of an identity.
#[must_use]
pub fn spiffe(identity: &Identity) -> String {
    format!("spiffe://{}", identity.principal())
}

/// The public keys by which the provider judges.
pub(crate) fn charge_keys(render: &Render) -> Vec<String> {
    let found = render.workloads().find_map(|(object, workload)| {
        let mut containers = workload.template.spec.containers.iter();
        containers.find_map(|container| {
            let settings = settings(render, object, container);
            file(render, object, workload, container, settings.get("CHARGE_JWKS_FILE")?)
        })
    });
    found.map(|jwks| public_keys(&jwks)).unwrap_or_default()
}

fn workload_of<'a>(render: &'a Render, place: &Place) -> Option<(&'a Object, &'a Workload)> {
    let mut own = render.workloads().filter(|(object, workload)| {
        object.namespace == place.namespace && workload.template.metadata.labels == place.labels
    });
    own.next()
}

fn gate(render: &Render, object: &Object, workload: &Workload, container: &Container) -> Gate {
    let settings = settings(render, object, container);
    let text = |name: &str| settings.get(name).map(String::as_str);
    let listens = |port: &u16| container.ports.iter().any(|own| own.container_port == *port);
    // A role without a door has the variables too, and no such port.
    let Some(port) = text("LISTEN").and_then(port_of).filter(listens) else { return Gate::None };
    if let Some(jwks) = text("CHARGE_JWKS_FILE") {
        return match (text("TLS_MODE"), file(render, object, workload, container, jwks)) {
            (Some("mesh"), Some(_)) => {
                Gate::Charge { port, caller: text("ALLOWED_CALLER").unwrap_or(CALLER).into() }
            }
            (Some("mesh"), None) => Gate::Broken(format!(
                "it would not start: CHARGE_JWKS_FILE {jwks} is in no ConfigMap of the render"
            )),
            _ => Gate::Broken("TLS_MODE is not mesh, so nobody behind a sidecar has a name".into()),
        };
    }
    match (text("AUTH").unwrap_or("keys"), text("INSECURE_PUBLIC_API")) {
        ("off", Some("allow")) => Gate::Public { port, open: true },
        ("off", _) => Gate::Broken("it would not start: AUTH=off needs INSECURE_PUBLIC_API=allow".into()),
        _ => Gate::Public { port, open: false },
    }
}

fn port_of(address: &str) -> Option<u16> {
    address.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

/// The variables of a container: those of whole ConfigMaps first, single ones win.
fn settings(render: &Render, object: &Object, container: &Container) -> Settings {
    let maps = container.env_from.iter().filter_map(|from| from.config_map_ref.as_ref());
    let mut settings: Settings = maps
        .filter_map(|named| config_map(render, &object.namespace, &named.name))
        .flat_map(|data| data.iter().map(|(name, value)| (name.clone(), value.clone())))
        .collect();
    let single = container.env.iter().filter_map(|var| Some((var.name.clone(), var.value.clone()?)));
    settings.extend(single);
    settings
}

/// The text of a mounted file.
fn file(
    render: &Render,
    object: &Object,
    workload: &Workload,
    container: &Container,
    path: &str,
) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let mount =
        container.volume_mounts.iter().find(|mount| mount.mount_path.trim_end_matches('/') == folder)?;
    let volume = workload.template.spec.volumes.iter().find(|volume| volume.name == mount.name)?;
    let data = config_map(render, &object.namespace, &volume.config_map.as_ref()?.name)?;
    data.get(name).cloned()
}

fn config_map<'a>(render: &'a Render, namespace: &str, name: &str) -> Option<&'a Settings> {
    let mut maps = render.all(|spec| if let Spec::ConfigMap(data) = spec { Some(data) } else { None });
    maps.find(|(object, _)| object.namespace == namespace && object.name == name).map(|(_, data)| data)
}

//! The second layer: what a pod's sidecar lets in, by certificate, token and request.

mod authorization;
mod matcher;
mod peer;
mod sidecar;
mod token;

use std::net::IpAddr;

use super::{Answer, Verdict};
use crate::object::{AuthorizationPolicy, Mode, Object, Spec};
use crate::place::Place;
use crate::render::{ROOT_NAMESPACE, Render};
use crate::request::{Identity, Port, Protocol, Request};
use crate::selector::WorkloadSelector;

use peer::PeerModes;
use token::Tokens;

pub use sidecar::{is_closed, known, passes_on};

/// Ports of the sidecar itself: plain, and judged by no policy of the mesh.
pub const SIDECAR_PORTS: [u16; 3] = [15_020, 15_021, 15_090];

/// Who calls, as a sidecar sees it.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// Whose certificate; none for plaintext.
    pub identity: Option<&'a Identity>,
    /// The same as policies write it; empty for plaintext.
    pub principal: &'a str,
    /// From which address.
    pub address: IpAddr,
}

/// Everything that stands before one pod.
pub struct Guard<'a> {
    place: &'a Place,
    peers: PeerModes<'a>,
    tokens: Tokens<'a>,
    policies: Vec<(&'a Object, &'a AuthorizationPolicy)>,
    http: Vec<u16>,
}

impl<'a> Guard<'a> {
    /// The policies that select the pod, and those of the whole mesh.
    #[must_use]
    pub fn of(render: &'a Render, place: &'a Place) -> Self {
        let policies =
            render.all(|spec| if let Spec::AuthorizationPolicy(policy) = spec { Some(policy) } else { None });
        let policies = policies.filter(|(object, policy)| selects(object, policy.selector.as_ref(), place));
        let http = place.own_ports().filter(|port| {
            port.protocol == Protocol::Tcp && render.ways_to(place, port.number).any(|(_, way)| way.is_http())
        });
        Self {
            place,
            peers: PeerModes::of(render, place),
            tokens: Tokens::of(render, place),
            policies: policies.collect(),
            http: http.map(|port| port.number).collect(),
        }
    }

    /// Whether policies can judge requests on a port, and not only connections.
    #[must_use]
    pub fn is_http(&self, port: u16) -> bool {
        self.http.contains(&port)
    }

    /// The policies that it judges by.
    #[must_use]
    pub fn policies(&self) -> &[(&'a Object, &'a AuthorizationPolicy)] {
        &self.policies
    }

    /// Whether the application sees a token that the sidecar has verified.
    #[must_use]
    pub fn forwards_token(&self) -> bool {
        self.tokens.forwarded()
    }

    /// Whether a certificate is shown at all: with DISABLE nobody shows one.
    #[must_use]
    pub fn sees_certificates(&self, port: u16) -> bool {
        self.place.sidecar && self.peers.mode(port).1 != Mode::Disable
    }

    /// Judges one call; without a request only the connection.
    #[must_use]
    pub fn verdict(&self, port: Port, peer: Peer<'_>, request: Option<&Request>) -> Verdict {
        if let Some(absence) = self.absence(port) {
            return Verdict::new(Answer::Absent, None, absence);
        }
        let (object, mode) = self.peers.mode(port.number);
        let nobody = Peer { identity: None, principal: "", ..peer };
        let peer = if mode == Mode::Disable { nobody } else { peer };
        if let (Mode::Strict, None, Some(object)) = (mode, peer.identity, object) {
            return Verdict::refuses(&object.title, "plaintext is reset");
        }
        let request = request.filter(|_| self.is_http(port.number));
        let verified = match request.map(|request| self.tokens.verify(request.token.as_ref())) {
            Some(Err((object, why))) => return Verdict::refuses(&object.title, why),
            Some(Ok(verified)) => verified,
            None => None,
        };
        let facts = matcher::Facts { peer, port: port.number, request, token: verified };
        authorization::judge(&self.policies, &facts)
    }

    fn absence(&self, port: Port) -> Option<String> {
        let name = &self.place.name;
        if !self.place.sidecar {
            Some(format!("{name} has no sidecar that could refuse anything"))
        } else if SIDECAR_PORTS.contains(&port.number) {
            Some(format!(
                "{} is a port of the sidecar itself, before which no policy of the mesh stands",
                port.number
            ))
        } else if port.protocol != Protocol::Tcp {
            Some(format!("{port} does not go through sidecars"))
        } else {
            None
        }
    }
}

/// Whether a policy of the mesh is about a pod: of its namespace, or of the root namespace, whose policies hold
/// everywhere.
fn selects(object: &Object, selector: Option<&WorkloadSelector>, place: &Place) -> bool {
    (object.namespace == place.namespace || object.namespace == ROOT_NAMESPACE)
        && selector.is_none_or(|selector| selector.matches(&place.labels))
}

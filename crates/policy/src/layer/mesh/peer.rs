//! PeerAuthentication: the narrowest policy that says something decides.

use crate::object::{Mode, Object, PeerAuthentication, Spec};
use crate::place::Place;
use crate::render::{ROOT_NAMESPACE, Render};

/// The policies about one pod, narrowest first.
pub(super) struct PeerModes<'a> {
    own: Option<(&'a Object, &'a PeerAuthentication)>,
    wider: Vec<(&'a Object, &'a PeerAuthentication)>,
}

impl<'a> PeerModes<'a> {
    pub(super) fn of(render: &'a Render, place: &Place) -> Self {
        let all: Vec<_> = render
            .all(|spec| if let Spec::PeerAuthentication(policy) = spec { Some(policy) } else { None })
            .collect();
        let own = all.iter().find(|(object, policy)| {
            let selects = policy.selector.as_ref().is_some_and(|selector| selector.matches(&place.labels));
            object.namespace == place.namespace && selects
        });
        let without_selector = |namespace: &str| {
            let found = all
                .iter()
                .find(|(object, policy)| object.namespace == namespace && policy.selector.is_none());
            found.copied()
        };
        let wider = [without_selector(&place.namespace), without_selector(ROOT_NAMESPACE)];
        Self { own: own.copied(), wider: wider.into_iter().flatten().collect() }
    }

    /// What holds for a port, and who says so; PERMISSIVE when nobody says anything.
    pub(super) fn mode(&self, port: u16) -> (Option<&'a Object>, Mode) {
        let on_port = self.own.and_then(|(object, policy)| {
            let level = policy.port_level_mtls.get(&port.to_string());
            level.map(|mtls| (object, mtls.mode))
        });
        let whole = self.own.iter().chain(&self.wider).map(|(object, policy)| (*object, policy.mtls.mode));
        let said = on_port.into_iter().chain(whole).find(|(_, mode)| *mode != Mode::Unset);
        said.map_or((None, Mode::Permissive), |(object, mode)| (Some(object), mode))
    }
}

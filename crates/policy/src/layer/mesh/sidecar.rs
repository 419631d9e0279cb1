//! What a caller's own sidecar knows of. It is no guard, for a pod can pass it by; but what it does not know, it does
//! not reach.

use crate::object::{Object, Sidecar, Spec};
use crate::place::Place;
use crate::render::Render;

/// Why a caller's sidecar cannot lead a call to a host of a namespace; none when it can.
#[must_use]
pub fn known(render: &Render, caller: &Place, namespace: &str, host: &str) -> Option<String> {
    let (object, sidecar) = about(render, caller)?;
    let reaches = !is_closed(sidecar) || sidecar.egress.is_empty() || names(sidecar, caller, namespace, host);
    (!reaches).then(|| format!("{}: egress.hosts does not name {namespace}/{host}", object.title))
}

/// Why a caller's sidecar cannot lead a call to a pod's own address, which no Service names; none when it can.
#[must_use]
pub fn passes_on(render: &Render, caller: &Place) -> Option<String> {
    let (object, sidecar) = about(render, caller)?;
    // Where it says nothing the mesh's own setting holds, which is REGISTRY_ONLY (istio/install.yaml).
    let open = sidecar.outbound_traffic_policy.as_ref().is_some_and(|policy| policy.mode == "ALLOW_ANY");
    (!open).then(|| format!("{}: outboundTrafficPolicy.mode must be ALLOW_ANY", object.title))
}

/// What holds for a caller: of its namespace, the one that selects it before the one for all.
fn about<'a>(render: &'a Render, caller: &Place) -> Option<(&'a Object, &'a Sidecar)> {
    let all = render.all(|spec| if let Spec::Sidecar(sidecar) = spec { Some(sidecar) } else { None });
    let about = all.filter(|(object, sidecar)| {
        let selects = |selector: &crate::selector::WorkloadSelector| selector.matches(&caller.labels);
        caller.sidecar
            && object.namespace == caller.namespace
            && sidecar.workload_selector.as_ref().is_none_or(selects)
    });
    about.min_by_key(|(_, sidecar)| sidecar.workload_selector.is_none())
}

/// Whether it leads to registered hosts only.
#[must_use]
pub fn is_closed(sidecar: &Sidecar) -> bool {
    sidecar.outbound_traffic_policy.as_ref().is_some_and(|policy| policy.mode == "REGISTRY_ONLY")
}

fn names(sidecar: &Sidecar, caller: &Place, namespace: &str, host: &str) -> bool {
    let mut written = sidecar.egress.iter().flat_map(|egress| &egress.hosts);
    written.any(|written| {
        let Some((space, name)) = written.split_once('/') else { return false };
        let in_space = match space {
            "*" => true,
            "." => namespace == caller.namespace,
            other => namespace == other,
        };
        in_space && crate::pattern::matches(name, host)
    })
}

//! VirtualServices and Gateways.

use crate::check::World;
use crate::finding::Findings;
use crate::object::{Backend, Gateway, Object, Spec, VirtualService};
use crate::place::Place;
use crate::render::service_selects;

fn all<'a>(world: &World<'a>) -> impl Iterator<Item = (&'a Object, &'a VirtualService)> {
    world.render.all(|spec| if let Spec::VirtualService(routes) = spec { Some(routes) } else { None })
}

/// A charge is repeated by invoice-app alone, under the same key: never by the mesh.
pub(super) fn no_repeats(world: &World<'_>, findings: &mut Findings) {
    for (object, routes) in all(world) {
        let attempts =
            routes.http.iter().map(|route| route.retries.as_ref().and_then(|retries| retries.attempts));
        if attempts.into_iter().any(|attempts| attempts != Some(0)) {
            let sentence = "each HTTP route needs retries.attempts: 0; the mesh repeats twice unless told";
            findings.about("M12-no-repeats", &object.title, sentence);
        }
    }
    for name in &world.graph.guarded {
        let Some(place) = world.universe.place(name) else { continue };
        let hosts = hosts_of(world, place);
        let leads = |routes: &VirtualService| {
            let named = routes.hosts.iter().any(|host| hosts.contains(host));
            routes.gateways.is_empty() && named && !routes.http.is_empty()
        };
        if !all(world).any(|(_, routes)| leads(routes)) {
            let sentence = format!(
                "{name} needs a VirtualService of its host, for callers in the mesh, that repeats nothing"
            );
            findings.general("M12-no-repeats", sentence);
        }
    }
}

fn hosts_of(world: &World<'_>, place: &Place) -> Vec<String> {
    let leading = world.render.services().filter(|(object, service)| {
        object.namespace == place.namespace && service_selects(service, &place.labels)
    });
    leading.map(|(object, _)| format!("{}.{}.svc.cluster.local", object.name, object.namespace)).collect()
}

/// A route leads to a port of a Service of its own namespace.
pub(super) fn lead_somewhere(world: &World<'_>, findings: &mut Findings) {
    for (object, routes) in all(world) {
        let backends: Vec<&Backend> = routes.http.iter().flat_map(|route| &route.route).collect();
        let empty = routes.http.is_empty() || routes.http.iter().any(|route| route.route.is_empty());
        if empty || !backends.iter().all(|backend| is_service(world, object, backend)) {
            findings.about(
                "dangling-route",
                &object.title,
                "each HTTP route needs a destination: a Service of this namespace, and its port",
            );
        }
        for name in routes.gateways.iter().filter(|name| *name != "mesh") {
            if !is_open(world, object, name, &routes.hosts) {
                let sentence = format!(
                    "{name} must be a Gateway, of this namespace or NAMESPACE/NAME, on the call graph's door, with one of its hosts, or \"*\" here"
                );
                findings.about("dangling-route", &object.title, sentence);
            }
        }
    }
}

fn is_service(world: &World<'_>, object: &Object, backend: &Backend) -> bool {
    let destination = &backend.destination;
    let Some(port) = &destination.port else { return false };
    world.render.services().any(|(service, spec)| {
        let whole = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
        service.namespace == object.namespace
            && (destination.host == service.name || destination.host == whole)
            && spec.ports.iter().any(|offered| offered.port == port.number)
    })
}

fn is_open(world: &World<'_>, object: &Object, name: &str, hosts: &[String]) -> bool {
    let mut gateways =
        world.render.all(|spec| if let Spec::Gateway(gateway) = spec { Some(gateway) } else { None });
    let (namespace, name) = name.split_once('/').unwrap_or((&object.namespace, name));
    gateways.any(|(gateway, spec)| {
        let shared = spec.servers.iter().flat_map(|server| &server.hosts).any(|host| hosts.contains(host));
        gateway.namespace == namespace
            && gateway.name == name
            && is_at_door(world, spec)
            && (shared || hosts.iter().any(|host| host == "*"))
    })
}

fn is_at_door(world: &World<'_>, gateway: &Gateway) -> bool {
    let selects = |labels: &crate::selector::Labels| {
        !gateway.selector.is_empty()
            && gateway.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    world.graph.elsewhere.iter().any(|elsewhere| elsewhere.door && selects(&elsewhere.labels))
}

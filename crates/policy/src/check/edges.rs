//! The calls whole: those who make them run as they should, find their way, and are led on by the door.

use super::World;
use super::requests::host_of;
use crate::finding::Findings;
use crate::graph::{Call, CallGraph, Transport};
use crate::layer::application::Gate;
use crate::layer::mesh;
use crate::object::{Backend, HttpRoute, Object, Spec, UriMatch, VirtualService};
use crate::pattern::{example, path_matches};
use crate::place::{Origin, Place};
use crate::universe::Universe;

/// The rule of calls that cannot be made.
pub const RULE: &str = "call-graph-edge";

/// What of the call graph the render does not hold.
pub fn notes(graph: &CallGraph, universe: &Universe) -> Vec<String> {
    let absent = graph.elsewhere.iter().filter(|elsewhere| universe.place(&elsewhere.name).is_none());
    absent
        .map(|elsewhere| format!("{} is not in this render: calls to it were not looked at", elsewhere.name))
        .collect()
}

/// Looks at each call from end to end.
pub fn compare(world: &World<'_>, findings: &mut Findings) {
    unnamed(world, findings);
    for call in &world.graph.calls {
        let callees: Vec<&Place> =
            world.universe.places.iter().filter(|place| place.name == call.callee).collect();
        if callees.is_empty() && world.graph.elsewhere(&call.callee).is_none() {
            findings.general(
                RULE,
                format!("the render does not hold {}, which the call graph names", call.callee),
            );
        }
        let real = |place: &&Place| {
            matches!(place.origin, Origin::Workload | Origin::Elsewhere) && call.is_from(place)
        };
        for caller in world.universe.places.iter().filter(real) {
            for callee in callees.iter().filter(|callee| call.is_to(callee, &caller.namespace)) {
                one(world, call, caller, callee, findings);
            }
        }
        if call.transport == Transport::Http {
            doors(world, call, findings);
        }
    }
}

/// Each workload has a part in some call: else it has another name than the call graph gives it.
fn unnamed(world: &World<'_>, findings: &mut Findings) {
    for place in world.universe.ours().filter(|place| place.origin == Origin::Workload) {
        let named = |call: &Call| call.callee == place.name || call.callers.contains(&place.name);
        if !world.graph.calls.iter().any(named) {
            findings.general(
                RULE,
                format!("no call in the call graph names {}; add its calls, or delete it", place.name),
            );
        }
    }
}

fn one(world: &World<'_>, call: &Call, caller: &Place, callee: &Place, findings: &mut Findings) {
    let (from, to, port) = (&caller.name, &callee.name, call.port());
    if let Some(expected) = call.identity().filter(|expected| caller.identity().as_ref() != Some(expected)) {
        let runs_as =
            caller.identity().map_or_else(|| "nobody: it has no sidecar".to_owned(), |own| own.to_string());
        findings.general(
            RULE,
            format!("{from} calls {to}:{port} as {expected} by the call graph, but runs as {runs_as}"),
        );
    }
    if let Gate::Broken(why) = Gate::of(world.render, callee) {
        findings.general(RULE, format!("{to} cannot answer {from}: {why}"));
    }
    let named_by_entry = !callee.known_in.is_empty();
    let by_address = call.is_by_address();
    let by_name = callee.origin == Origin::Workload && !by_address;
    if by_name && world.render.ways_to(callee, port.number).next().is_none() {
        findings.general(
            RULE,
            format!("no Service leads to {to}:{port}; give it one, or take the call out of the call graph"),
        );
    }
    let unknown = if named_by_entry {
        mesh::known(world.render, caller, &caller.namespace, &entry_host(world, caller, callee))
    } else if by_name {
        mesh::known(world.render, caller, &callee.namespace, &host_of(world, callee, port.number))
    } else if by_address {
        mesh::passes_on(world.render, caller)
    } else {
        None
    };
    if let Some(why) = unknown {
        findings.general(RULE, format!("the sidecar of {from} does not know {to}:{port} ({why})"));
    }
}

/// The name that a caller's namespace gives an address outside.
fn entry_host(world: &World<'_>, caller: &Place, callee: &Place) -> String {
    let mut all =
        world.render.all(|spec| if let Spec::ServiceEntry(entry) = spec { Some(entry) } else { None });
    let address = callee.address.to_string();
    let found = all.find(|(object, entry)| {
        object.namespace == caller.namespace
            && entry.addresses.iter().any(|own| own.split('/').next() == Some(&address))
    });
    found.and_then(|(_, entry)| entry.hosts.first().cloned()).unwrap_or_default()
}

/// The door leads on exactly the paths of the calls that it makes.
fn doors(world: &World<'_>, call: &Call, findings: &mut Findings) {
    let is_door = |name: &String| world.graph.elsewhere(name).is_some_and(|elsewhere| elsewhere.door);
    let Some(door) = call.callers.iter().find(|name| is_door(name)) else { return };
    let all =
        world.render.all(|spec| if let Spec::VirtualService(routes) = spec { Some(routes) } else { None });
    let leading: Vec<_> =
        all.filter(|(_, routes)| routes.gateways.iter().any(|gateway| gateway != "mesh")).collect();
    for path in call.paths.iter().map(|path| example(path)) {
        let taking: Vec<_> =
            leading.iter().filter_map(|(object, routes)| Some((*object, taker(routes, &path)?))).collect();
        match taking.as_slice() {
            [] => {
                findings.general(RULE, format!("{door} has no route for {path}, which the call graph names"));
            }
            [(object, route)] if !leads_to(world, call, object, route) => {
                let sentence = format!("{door} leads {path} elsewhere than to {}:{}", call.callee, call.port);
                findings.about(RULE, &object.title, sentence);
            }
            [_] => {}
            [.., (object, _)] => {
                let sentence = format!(
                    "{path} is in another VirtualService too, and Istio does not say which comes first: name it in one"
                );
                findings.about(RULE, &object.title, sentence);
            }
        }
    }
    let meant = |path: &str| {
        let calls = world.graph.calls.iter().filter(|other| other.callers.contains(door));
        calls.into_iter().any(|other| other.paths.iter().any(|pattern| path_matches(pattern, path)))
    };
    for (object, route) in
        leading.iter().flat_map(|(object, routes)| routes.http.iter().map(move |route| (*object, route)))
    {
        stray(object, route, door, &meant, findings);
    }
}

/// The first route that takes a path.
fn taker<'a>(routes: &'a VirtualService, path: &str) -> Option<&'a HttpRoute> {
    let takes =
        |route: &&HttpRoute| route.matches.is_empty() || route.matches.iter().any(|uri| uri.takes(path));
    routes.http.iter().find(takes)
}

/// Whether each destination is a Service of the callee, on the port of the call.
fn leads_to(world: &World<'_>, call: &Call, object: &Object, route: &HttpRoute) -> bool {
    let Some(callee) = world.universe.place(&call.callee) else { return true };
    let is_way = |backend: &Backend| {
        let Backend { destination } = backend;
        world.render.ways_to(callee, call.port).any(|(service, way)| {
            let whole = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
            let named = destination.host == whole
                || destination.host == service.name && object.namespace == service.namespace;
            named && destination.port.as_ref().is_some_and(|port| port.number == way.port)
        })
    };
    route.route.iter().all(is_way)
}

fn stray(
    object: &Object,
    route: &HttpRoute,
    door: &str,
    meant: &dyn Fn(&str) -> bool,
    findings: &mut Findings,
) {
    let everything = route.matches.is_empty().then(|| "/anything".to_owned());
    let led = route.matches.iter().map(UriMatch::example);
    for path in led.chain(everything).filter(|path| !meant(path)) {
        findings.about(
            RULE,
            &object.title,
            format!("{door} leads {path} on, and no call in the call graph says so"),
        );
    }
}

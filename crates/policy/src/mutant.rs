//! Is the check worth anything? Every mutant of every policy object must be caught by it.

mod equivalent;
mod live;
mod operators;
mod tally;

use std::sync::Arc;

use serde_json::Value;

use crate::check;
use crate::finding::Finding;
use crate::graph::CallGraph;
use crate::layer::Layer;
use crate::object::{Object, Spec, Unreadable};
use crate::render::{ROOT_NAMESPACE, Render};

pub use equivalent::Equivalent;
pub use live::{Probe, Replay, replays};
pub use tally::{Row, Tally, run};

/// A render with one thing changed.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What was done.
    pub operator: &'static str,
    /// To which object.
    pub object: Arc<str>,
    /// Where in it, as a JSON pointer; empty for all of it.
    pub field: String,
    /// What the object says now; nothing when it is gone.
    pub manifest: Option<Value>,
    at: usize,
}

/// What became of a mutant.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A call is answered otherwise, or a rule is broken.
    Caught(Finding),
    /// It is refused before it is judged.
    Unreadable(Unreadable),
    /// Nobody noticed.
    Survived,
}

/// Every mutant of every policy object of a render.
#[must_use]
pub fn all(render: &Render) -> Vec<Mutant> {
    let spaces: Vec<String> =
        render.namespaces().into_keys().chain([ROOT_NAMESPACE]).map(str::to_owned).collect();
    let changed = |(at, object): (usize, &Arc<Object>)| -> Vec<Mutant> {
        let mutants = operators::changes(object).into_iter().chain(moves(render, object, &spaces));
        mutants
            .map(|(operator, field, manifest)| Mutant {
                operator,
                object: object.title.clone(),
                field,
                manifest,
                at,
            })
            .collect()
    };
    render.objects.iter().enumerate().flat_map(changed).collect()
}

/// One change: the operator, where, and the object as it is then.
type Change = (&'static str, String, Option<Value>);

/// The object in each other namespace where no object of its name is.
fn moves(render: &Render, object: &Object, spaces: &[String]) -> Vec<Change> {
    if !operators::is_policy(&object.spec) || matches!(object.spec, Spec::VirtualService(_)) {
        return Vec::new();
    }
    let free = |space: &&String| {
        let taken = |other: &Arc<Object>| {
            other.kind == object.kind && other.name == object.name && other.namespace == **space
        };
        !render.objects.iter().any(taken)
    };
    let moved = |space: &String| {
        let mut manifest = object.source.as_ref().clone();
        manifest["metadata"]["namespace"] = space.as_str().into();
        ("move-object", format!("/metadata/namespace/{space}"), Some(manifest))
    };
    spaces.iter().filter(free).map(moved).collect()
}

impl Mutant {
    /// The render with this change.
    pub fn apply(&self, render: &Render) -> Result<Render, Unreadable> {
        let mut objects = render.objects.clone();
        match &self.manifest {
            None => drop(objects.remove(self.at)),
            Some(manifest) => objects[self.at] = Arc::new(Object::read(manifest.clone())?),
        }
        Render::new(objects)
    }

    /// The layer that should notice.
    fn suspect(&self) -> Layer {
        const MESH: [&str; 4] =
            ["AuthorizationPolicy ", "PeerAuthentication ", "RequestAuthentication ", "VirtualService "];
        if MESH.iter().any(|kind| self.object.starts_with(kind)) { Layer::Mesh } else { Layer::Network }
    }

    /// What becomes of it.
    #[must_use]
    pub fn judge(&self, render: &Render, graph: &CallGraph) -> Outcome {
        match self.apply(render) {
            Err(unreadable) => Outcome::Unreadable(unreadable),
            Ok(mutated) => {
                check::first(&mutated, graph, self.suspect()).map_or(Outcome::Survived, Outcome::Caught)
            }
        }
    }
}

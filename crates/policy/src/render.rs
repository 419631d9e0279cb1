//! All objects of a render, and what follows from several of them together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::layer::application;
use crate::object::{Object, PortName, Service, ServicePort, Spec, Unreadable, Workload};
use crate::place::{Origin, POD_ADDRESS, Place};
use crate::selector::{Labels, NAME};

/// The namespace whose policies hold for the whole mesh.
pub const ROOT_NAMESPACE: &str = "istio-system";
/// The label that every namespace has.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Everything that was rendered.
#[derive(Clone, Debug)]
pub struct Render {
    /// As they came.
    pub objects: Vec<Arc<Object>>,
    /// The public charge keys that the provider itself judges by, when it is here.
    pub charge_keys: Vec<String>,
}

impl Render {
    /// Takes the objects; refuses two of one name.
    pub fn new(objects: Vec<Arc<Object>>) -> Result<Self, Unreadable> {
        let mut seen = BTreeSet::new();
        if let Some(twice) = objects.iter().find(|object| !seen.insert(&object.title)) {
            let problem = "it is there twice; render it once".to_owned();
            return Err(Unreadable { object: twice.title.to_string(), problem });
        }
        let mut render = Self { objects, charge_keys: Vec::new() };
        render.charge_keys = application::charge_keys(&render);
        Ok(render)
    }

    /// From YAML.
    pub fn read(yaml: &str) -> Result<Self, Unreadable> {
        crate::object::read(yaml).and_then(Self::new)
    }

    /// The objects that `pick` takes.
    pub fn all<'a, T: 'a>(
        &'a self,
        pick: impl Fn(&'a Spec) -> Option<&'a T> + 'a,
    ) -> impl Iterator<Item = (&'a Object, &'a T)> {
        self.objects.iter().filter_map(move |object| pick(&object.spec).map(|spec| (object.as_ref(), spec)))
    }

    /// The namespaces that it makes, with all their labels.
    #[must_use]
    pub fn namespaces(&self) -> BTreeMap<&str, Labels> {
        let made = self.objects.iter().filter(|object| matches!(object.spec, Spec::Namespace));
        made.map(|object| (object.name.as_str(), with_name(&object.labels, &object.name))).collect()
    }

    /// What makes pods.
    pub fn workloads(&self) -> impl Iterator<Item = (&Object, &Workload)> {
        self.all(|spec| if let Spec::Workload(workload) = spec { Some(workload.as_ref()) } else { None })
    }

    /// Names for pods.
    pub fn services(&self) -> impl Iterator<Item = (&Object, &Service)> {
        self.all(|spec| if let Spec::Service(service) = spec { Some(service) } else { None })
    }

    /// The pods that it makes, one for each workload.
    #[must_use]
    pub fn pods(&self) -> Vec<Place> {
        let namespaces = self.namespaces();
        self.workloads().map(|(object, workload)| pod(object, workload, &namespaces)).collect()
    }

    /// The Services that lead to a pod's port, with the ports by which they do.
    pub fn ways_to<'a>(
        &'a self,
        pod: &'a Place,
        port: u16,
    ) -> impl Iterator<Item = (&'a Object, &'a ServicePort)> {
        let selecting = self.services().filter(|(object, service)| {
            object.namespace == pod.namespace && service_selects(service, &pod.labels)
        });
        selecting.flat_map(move |(object, service)| {
            let leading = service.ports.iter().filter(move |offered| {
                let named = offered.target_port.clone().unwrap_or(PortName::Number(offered.port));
                pod.resolve(&named, offered.protocol) == Some(port)
            });
            leading.map(move |offered| (object, offered))
        })
    }
}

/// Whether a Service's selector takes a pod; one without a selector takes none.
#[must_use]
pub fn service_selects(service: &Service, labels: &Labels) -> bool {
    !service.selector.is_empty() && service.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// A namespace's labels with the one that the API server adds.
#[must_use]
pub fn with_name(labels: &Labels, name: &str) -> Labels {
    let mut labels = labels.clone();
    labels.insert(NAMESPACE_NAME.into(), name.into());
    labels
}

fn pod(object: &Object, workload: &Workload, namespaces: &BTreeMap<&str, Labels>) -> Place {
    let (metadata, spec) = (&workload.template.metadata, &workload.template.spec);
    let namespace_labels = namespaces.get(object.namespace.as_str()).cloned();
    let namespace_labels = namespace_labels.unwrap_or_else(|| with_name(&Labels::new(), &object.namespace));
    let name = metadata.labels.get(NAME).unwrap_or(&object.name);
    let containers = spec.containers.iter().chain(&spec.init_containers);
    Place {
        name: format!("{}/{name}", object.namespace),
        origin: Origin::Workload,
        namespace: object.namespace.clone(),
        sidecar: !spec.host_network && injected(&namespace_labels, &metadata.labels, &metadata.annotations),
        namespace_labels,
        labels: metadata.labels.clone(),
        account: spec.service_account_name.clone().unwrap_or_else(|| "default".into()),
        ports: containers.flat_map(|container| container.ports.clone()).collect(),
        host_network: spec.host_network,
        address: POD_ADDRESS,
        known_in: Vec::new(),
    }
}

/// Whether Istio gives a pod its sidecar: the pod's own word counts first, then its namespace's.
#[must_use]
pub fn injected(namespace: &Labels, labels: &Labels, annotations: &Labels) -> bool {
    const OWN: &str = "sidecar.istio.io/inject";
    let wanted = namespace.get("istio-injection").map(String::as_str) == Some("enabled")
        || namespace.contains_key("istio.io/rev") && !namespace.contains_key("istio-injection");
    match labels.get(OWN).or_else(|| annotations.get(OWN)).map(String::as_str) {
        Some("true") => namespace.get("istio-injection").map(String::as_str) != Some("disabled"),
        Some(_) => false,
        None => wanted,
    }
}

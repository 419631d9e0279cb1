//! A small cluster to judge: pods `shop/web` and `bank/vault`, both in the mesh.

use policy::layer::Answer;
use policy::layer::mesh::{Guard, Peer};
use policy::layer::network::Side;
use policy::object::Direction;
use policy::place::{POD_ADDRESS, Place};
use policy::render::Render;
use policy::request::{Identity, Port, Request, Token};
use policy::selector::Labels;

const CLUSTER: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled, team: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {name: bank, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app.kubernetes.io/name: web, tier: front}}
    spec:
      serviceAccountName: web
      containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: vault, namespace: bank}
spec:
  template:
    metadata: {labels: {app.kubernetes.io/name: vault}}
    spec:
      serviceAccountName: vault
      containers:
        - name: vault
          ports:
            - {name: http, containerPort: 8082}
            - {name: tcp-books, containerPort: 5432}
            - {name: names, containerPort: 53, protocol: UDP}
---
apiVersion: v1
kind: Service
metadata: {name: vault, namespace: bank}
spec:
  selector: {app.kubernetes.io/name: vault}
  ports: [{name: http, port: 80, targetPort: http}, {name: tcp-books, port: 5432}]
"#;

/// The cluster with more objects.
pub fn render(more: &str) -> Render {
    Render::read(&format!("{CLUSTER}---\n{more}")).unwrap_or_else(|e| panic!("{e}"))
}

/// What is said of a cluster that cannot be judged.
pub fn refusal(more: &str) -> String {
    Render::read(&format!("{CLUSTER}---\n{more}")).expect_err("it was read").to_string()
}

/// An object of one kind in a namespace.
pub fn object(kind: &str, namespace: &str, spec: &str) -> String {
    let version = match kind {
        "NetworkPolicy" => "networking.k8s.io/v1",
        "Sidecar" => "networking.istio.io/v1",
        _ => "security.istio.io/v1",
    };
    let indented: String = spec.trim().lines().map(|line| format!("  {line}\n")).collect();
    let name = format!("made-{}", spec.len());
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n{indented}"
    )
}

/// A pod of the cluster.
pub fn pod(render: &Render, name: &str) -> Place {
    render.pods().into_iter().find(|pod| pod.name == name).expect("a pod of this name")
}

/// A pod of another namespace.
pub fn stranger(namespace: &str, labels: &[(&str, &str)]) -> Place {
    let labels: Labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let namespace_labels = policy::render::with_name(&Labels::new(), namespace);
    let place = Place::outside(&format!("{namespace}/stranger"), POD_ADDRESS);
    Place {
        origin: policy::place::Origin::Imagined,
        namespace: namespace.into(),
        namespace_labels,
        labels,
        ..place
    }
}

/// Whether `web` may open a connection to the vault's port, as far as `web`'s egress is asked.
pub fn leaves(more: &str, port: Port) -> bool {
    let render = render(more);
    let (web, vault) = (pod(&render, "shop/web"), pod(&render, "bank/vault"));
    Side::of(&render, &web, Direction::Egress).toward(&vault).passes(port)
}

/// Whether a place may open a connection to the vault's port, as far as the vault's ingress is asked.
pub fn enters(more: &str, from: &Place, port: u16) -> bool {
    let render = render(more);
    let vault = pod(&render, "bank/vault");
    Side::of(&render, &vault, Direction::Ingress).toward(from).passes(Port::tcp(port))
}

/// Whether `web` may.
pub fn web_enters(more: &str, port: u16) -> bool {
    enters(more, &pod(&render(""), "shop/web"), port)
}

/// A call to the vault through its sidecar.
pub struct Ask {
    pub identity: Option<Identity>,
    pub port: u16,
    pub method: &'static str,
    pub path: &'static str,
    pub token: Option<Token>,
}

impl Ask {
    /// `web` asks GET /books of the business port, without a token.
    pub fn web() -> Self {
        Self {
            identity: Some(Identity::new("shop", "web")),
            port: 8082,
            method: "GET",
            path: "/books",
            token: None,
        }
    }

    pub fn plaintext() -> Self {
        Self { identity: None, ..Self::web() }
    }

    pub fn as_account(namespace: &str, account: &str) -> Self {
        Self { identity: Some(Identity::new(namespace, account)), ..Self::web() }
    }

    /// What the vault's sidecar answers.
    pub fn answer(&self, more: &str) -> Answer {
        let render = render(more);
        let vault = pod(&render, "bank/vault");
        let principal = self.identity.as_ref().map(Identity::principal).unwrap_or_default();
        let peer = Peer { identity: self.identity.as_ref(), principal: &principal, address: POD_ADDRESS };
        let request = Request {
            method: self.method.into(),
            path: self.path.into(),
            host: "vault.bank.svc.cluster.local".into(),
            token: self.token.clone(),
        };
        Guard::of(&render, &vault).verdict(Port::tcp(self.port), peer, Some(&request)).answer
    }

    pub fn passes(&self, more: &str) -> bool {
        self.answer(more) != Answer::Refuses
    }
}

/// The token that `web` should have.
pub fn token() -> Token {
    Token {
        issuer: "shop".into(),
        subject: "spiffe://d/ns/shop/sa/web".into(),
        audience: "vault".into(),
        genuine: true,
    }
}

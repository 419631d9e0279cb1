//! Other services, as far as they send and receive events: with the real keys, certificates, signer and receiver.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::event::{BATCH_MEDIA_TYPE, Data, EVENTS_PATH, Envelope, Event, Kind, Receipt};
use events::{Consumed, Consumer, EventSettings, Events, Parts};
use gate::SpiffeId;
use gate::keys::SigningKey;
use gate::tls::Identity;
use gate::token::event::EventSigner;
use service::identity::IdentitySettings;
use service::limits::Capacity;
use service::metrics::Metrics;
use service::reload::Reloads;
use service::{Clock, Vars};
use tokio::sync::Notify;

use crate::Home;
use crate::stack::event_vars;

/// SPIFFE id of a service in tests.
#[must_use]
pub fn id(name: &str) -> SpiffeId {
    let namespace = match name {
        "invoice-app" => "antaeus",
        "payment-provider" => "payments",
        _ => "commerce",
    };
    SpiffeId::new("cluster.local", namespace, name).expect("a SPIFFE id")
}

/// A service that tells another one.
pub struct Teller {
    /// Shows its certificate.
    pub http: reqwest::Client,
    /// Signs with its event key.
    pub signer: EventSigner,
    base: String,
}

impl Teller {
    /// `from` tells `to`, which listens at `base`.
    #[must_use]
    pub fn new(home: &Home, from: &str, to: &str, base: &str) -> Self {
        let identity = Identity::load(&home.path("pki").join(from)).expect("an identity");
        let tls = identity.client_config(id(to)).expect("a TLS configuration");
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).build().expect("a client");
        let key = key(&home.path("keys/event").join(from));
        let (subject, thumbprint) = (id(from), Some(identity.thumbprint()));
        Self {
            http,
            signer: EventSigner { key, subject, audience: to.into(), thumbprint },
            base: base.into(),
        }
    }

    /// Status and answer of one delivery.
    pub async fn send(&self, body: String) -> (u16, String) {
        self.try_send(body).await.expect("an answer")
    }

    /// The same where the receiver may be away.
    pub async fn try_send(&self, body: String) -> reqwest::Result<(u16, String)> {
        let token = self.signer.sign("POST", EVENTS_PATH, body.as_bytes(), Clock::system().seconds());
        let request =
            self.http.post(format!("{}{EVENTS_PATH}", self.base)).bearer_auth(token.expect("a token"));
        let response = request.header("content-type", BATCH_MEDIA_TYPE).body(body).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// What became of each event.
    pub async fn tell(&self, events: &[Envelope]) -> Receipt {
        let (status, answer) = self.send(serde_json::to_string(events).expect("JSON")).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).expect("a receipt")
    }
}

fn key(folder: &Path) -> SigningKey {
    SigningKey::load(&folder.join("private.pem")).expect("a key")
}

/// An event of now.
#[must_use]
pub fn envelope(kind: Kind, data: &Data, version: i64) -> Envelope {
    let now = Clock::system().now();
    let time = jiff::Timestamp::from_microsecond(now).expect("now");
    let subject = (data.subject().to_owned(), version);
    Envelope::new((service::id::uuid(now), kind), subject, time, None, data.json()).expect("an event")
}

/// What a service heard, in the order in which it did, and what it says to it.
#[derive(Clone, Default)]
pub struct Heard {
    events: Arc<Mutex<Vec<Event>>>,
    answers: Arc<Mutex<BTreeMap<String, Consumed>>>,
}

impl Heard {
    /// Every event so far, also those that were not taken.
    #[must_use]
    pub fn all(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events about one subject.
    #[must_use]
    pub fn about(&self, subject: &str) -> Vec<Event> {
        self.all().into_iter().filter(|event| event.subject == subject).collect()
    }

    /// Says this from now on to events about a subject; without a word, they are taken.
    pub fn answer(&self, subject: &str, consumed: Option<Consumed>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match consumed {
            Some(consumed) => drop(answers.insert(subject.to_owned(), consumed)),
            None => drop(answers.remove(subject)),
        }
    }
}

impl Consumer for Heard {
    fn kinds(&self) -> &'static [Kind] {
        &Kind::ALL
    }

    async fn consume(&self, events: Vec<Event>) -> Vec<Consumed> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = |event: &Event| answers.get(&event.subject).cloned().unwrap_or(Consumed::Done);
        let consumed = events.iter().map(answer).collect();
        self.events.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        consumed
    }
}

/// A service that hears everything: the real receiver, with somebody behind it who writes down what comes.
pub struct Listener<C = Heard> {
    /// What it heard.
    pub heard: C,
    /// Where it listens.
    pub addr: SocketAddr,
    server: actix_web::dev::ServerHandle,
}

impl Listener {
    /// Listens as a service of this name, which hears invoice-app; needs a running tokio.
    #[must_use]
    pub fn start(home: &Home, name: &'static str, listen: &str) -> Self {
        Self::start_with(home, name, listen, Heard::default())
    }
}

impl<C: Consumer + Clone> Listener<C> {
    /// The same with somebody else behind it, or going on with what was heard before.
    #[must_use]
    pub fn start_with(home: &Home, name: &'static str, listen: &str, heard: C) -> Self {
        let mut vars = event_vars(home, "orders");
        vars.push(("EVENTS_LISTEN", listen.to_owned()));
        vars.push(("TLS_MODE", "rustls".into()));
        vars.push(("TLS_DIR", home.text(&format!("pki/{name}"))));
        vars.push(("WORKLOAD_ID", id(name).to_string()));
        let vars = Vars::fixed(vars);
        let identity =
            IdentitySettings::read(&vars, "spiffe://cluster.local/ns/none/sa/none").expect("an identity");
        let settings = EventSettings::read(&vars, &identity, name, &[Kind::InvoicePaid]).expect("settings");
        let (clock, metrics) = (Clock::system(), Metrics::new().expect("metrics"));
        let mut reloads = Reloads::new(&metrics, &clock).expect("reloads");
        let url = format!("sqlite://{}", home.text("nowhere.sqlite")).parse().expect("a URL");
        let db = db::Db::new(&url, db::PoolSettings { size: 1, wait: std::time::Duration::from_secs(1) });
        let parts = Parts {
            db: &db,
            clock: &clock,
            metrics: &metrics,
            reloads: &mut reloads,
            identity: &identity,
            capacity: Capacity { workers: 1, connections: 64 },
            wake: Arc::new(Notify::new()),
        };
        let events = Events::build(settings, heard.clone(), parts).expect("a receiver");
        let (server, addr) = (events.server.expect("a server"), events.addr.expect("its address"));
        let handle = server.handle();
        tokio::spawn(server);
        Self { heard, addr, server: handle }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.addr.port())
    }

    /// Stops listening.
    pub async fn stop(self) -> C {
        self.server.stop(true).await;
        self.heard
    }
}

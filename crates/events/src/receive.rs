//! The port on which events are received: behind the gate, one path, and nothing else.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::{Payload, Server};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::from_fn;
use actix_web::{App, FromRequest, HttpRequest, HttpServer, web};
use contracts::event::{
    BATCH_MEDIA_TYPE, EVENTS_PATH, Event, MAX_BYTES, MAX_EVENTS, MEDIA_TYPE, Receipt, Received,
};
use gate::token::event::EventVerifier;
use rustls::ServerConfig;
use serde_json::value::RawValue;
use service::extract;
use service::limits::{self, Capacity};
use service::metrics::{self, Metrics};
use service::problem::Kind as ProblemKind;
use service::routes::{Access, Routes};
use service::signed::{self, Gate, Workload};
use service::{ConfigError, Problem, peer, trace};

use crate::apply::apply;
use crate::consumer::{Consumed, Consumer};
use crate::judge;
use crate::meters::Meters;

/// What the port works with.
struct Ear<C> {
    consumer: Arc<C>,
    meters: Meters,
}

/// A batch, event by event, as it came.
struct Batch(Vec<Box<RawValue>>);

/// Serves the port; `tls` is this process's own, unless a sidecar ends it.
pub fn server<C: Consumer>(
    listener: TcpListener,
    capacity: Capacity,
    (gate, tls): (Gate<EventVerifier>, Option<ServerConfig>),
    consumer: Arc<C>,
    (metrics, meters): (Metrics, Meters),
) -> Result<Server, ConfigError> {
    let (gate, metrics) = (web::Data::new(gate), web::Data::new(metrics));
    let ear = web::Data::new(Ear { consumer, meters });
    let app = move || {
        App::new()
            .app_data(gate.clone())
            .app_data(ear.clone())
            .app_data(metrics.clone())
            .wrap(from_fn(signed::middleware::<EventVerifier, _>))
            .wrap(from_fn(metrics::middleware))
            .wrap(from_fn(trace::middleware))
            .configure(|config| routes::<C>().configure(config))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .max_connections(capacity.connections)
        .tls_handshake_timeout(limits::HANDSHAKE_TIME)
        .client_request_timeout(limits::HEAD_TIME)
        .keep_alive(limits::KEEP_ALIVE)
        .disable_signals()
        .on_connect(peer::on_connect);
    let server = match tls {
        Some(config) => server.listen_rustls_0_23(listener, config),
        None => server.listen(listener),
    };
    Ok(server.map_err(ConfigError::internal)?.run())
}

/// Every URL of the port.
fn routes<C: Consumer>() -> Routes {
    Routes::new().at(EVENTS_PATH, |at| at.post(Access::Gate, receive::<C>))
}

/// Answers each event by itself: one that cannot be read or may not be sent spoils no other.
async fn receive<C: Consumer>(
    ear: web::Data<Ear<C>>,
    sender: web::ReqData<Workload>,
    Batch(batch): Batch,
) -> web::Json<Receipt> {
    let sender = sender.into_inner();
    let kinds = ear.consumer.kinds();
    let name = sender.0.service_account();
    let read: Vec<Result<Event, String>> =
        batch.iter().map(|raw| judge::read(raw.get(), name, kinds)).collect();
    let consumed = apply(&*ear.consumer, &read, "http").await;
    let result = |((event, raw), consumed): ((&Result<Event, String>, &RawValue), &Consumed)| match event {
        Ok(event) => ear.told(event, name, consumed),
        Err(_) => ear.unreadable(raw.get(), name, consumed),
    };
    let raw = batch.iter().map(AsRef::as_ref);
    web::Json(Receipt { results: read.iter().zip(raw).zip(&consumed).map(result).collect() })
}

impl<C> Ear<C> {
    fn told(&self, event: &Event, sender: &str, consumed: &Consumed) -> Received {
        let (outcome, reason) = consumed.outcome();
        let (id, kind, traceparent) = (&event.id, event.kind.name(), event.traceparent.as_deref());
        match consumed {
            Consumed::Done => tracing::debug!(event = id, kind, sender, traceparent, "event taken"),
            _ => tracing::warn!(event = id, kind, sender, traceparent, reason, ?outcome, "event not taken"),
        }
        self.receipt(id, kind, consumed)
    }

    /// What it says of itself may be anything, and why it cannot be read repeats it: its sender is told, and no log.
    fn unreadable(&self, raw: &str, sender: &str, consumed: &Consumed) -> Received {
        tracing::warn!(sender, "event not taken: it cannot be read");
        let (id, kind) = judge::claimed(raw);
        self.receipt(&id, &kind, consumed)
    }

    fn receipt(&self, id: &str, kind: &str, consumed: &Consumed) -> Received {
        let (outcome, reason) = consumed.outcome();
        self.meters.consumed(kind, consumed.as_str());
        Received { id: id.to_owned(), outcome, reason: reason.map(str::to_owned) }
    }
}

impl FromRequest for Batch {
    type Error = Problem;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let body = extract::body(&req, payload, MAX_BYTES).await?;
            let header = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let media_type = header.unwrap_or_default().split(';').next().unwrap_or_default().trim();
            let batch: Vec<Box<RawValue>> = match media_type {
                BATCH_MEDIA_TYPE => extract::parse(&body)?,
                MEDIA_TYPE => vec![extract::parse(&body)?],
                _ => {
                    let wanted = format!("send {BATCH_MEDIA_TYPE}");
                    return Err(Problem::because(ProblemKind::UnsupportedMediaType, wanted));
                }
            };
            if batch.len() > MAX_EVENTS {
                let most = format!("send at most {MAX_EVENTS} events");
                return Err(Problem::field(ProblemKind::Invalid, "body", most));
            }
            Ok(Self(batch))
        })
    }
}

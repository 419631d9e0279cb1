//! A collector of telemetry: takes OTLP over HTTP, and says what it was given.
#![expect(clippy::expect_used, reason = "a proof that cannot be set up has failed")]

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A span, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Who recorded it.
    pub service: String,
    /// What it is called.
    pub name: String,
    /// 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Trace id, in hexadecimal digits.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// Its parent's id; empty where it has none.
    pub parent: String,
    /// Ids of the spans that it is linked to.
    pub links: Vec<String>,
    /// Whether it failed.
    pub failed: bool,
    /// What is noted in it.
    pub attributes: Vec<(String, String)>,
}

/// A log line, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose it is.
    pub service: String,
    /// Trace id, in hexadecimal digits; empty where it has none.
    pub trace: String,
    /// What it says, with everything that is noted in it.
    pub text: String,
}

#[derive(Default)]
struct Taken {
    spans: Vec<Span>,
    lines: Vec<Line>,
}

/// Listens until it is dropped.
pub struct Collector {
    /// What services are told.
    pub endpoint: String,
    /// Held for as long as it takes to add or to copy.
    taken: Arc<Mutex<Taken>>,
    listening: JoinHandle<()>,
}

impl Collector {
    /// Listens on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let taken = Arc::<Mutex<Taken>>::default();
        let kept = Arc::clone(&taken);
        let listening = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&kept)));
            }
        });
        Self { endpoint, taken, listening }
    }

    /// Every span so far.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).spans.clone()
    }

    /// Every log line so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).lines.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// One connection, request after request.
async fn serve(socket: TcpStream, taken: Arc<Mutex<Taken>>) {
    let mut socket = BufReader::new(socket);
    while let Some((path, body)) = request(&mut socket).await {
        {
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            match path.as_str() {
                "/v1/traces" => taken.spans.extend(spans(&body)),
                "/v1/logs" => taken.lines.extend(lines(&body)),
                _ => return,
            }
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        if socket.write_all(answer).await.is_err() {
            return;
        }
    }
}

async fn request(socket: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("post ") {
            path = rest.split(' ').next()?.to_owned();
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    Some((path, body))
}

fn spans(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).expect("spans");
    let mut all = Vec::new();
    for resource in request.resource_spans {
        let service = service(resource.resource.as_ref());
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            all.push(Span {
                service: service.clone(),
                name: span.name,
                kind: span.kind,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
                failed: span.status.is_some_and(|status| status.code == 2),
                attributes: span.attributes.iter().map(|pair| (pair.key.clone(), text(pair))).collect(),
            });
        }
    }
    all
}

fn lines(body: &[u8]) -> Vec<Line> {
    let request = ExportLogsServiceRequest::decode(body).expect("log lines");
    let mut all = Vec::new();
    for resource in request.resource_logs {
        let service = service(resource.resource.as_ref());
        for record in resource.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
            let said = format!("{:?} {:?}", record.body, record.attributes);
            all.push(Line { service: service.clone(), trace: hex(&record.trace_id), text: said });
        }
    }
    all
}

fn service(resource: Option<&Resource>) -> String {
    let named = |pair: &&KeyValue| pair.key == "service.name";
    resource.and_then(|resource| resource.attributes.iter().find(named)).map(text).unwrap_or_default()
}

fn text(pair: &KeyValue) -> String {
    match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

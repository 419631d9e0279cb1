//! A legacy provider, written from its contract alone, with a memory of its own and a script of what goes wrong.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

/// How a request is met.
#[derive(Clone, Default)]
pub enum Reply {
    /// Captured and answered.
    #[default]
    Captured,
    /// Declined and answered.
    Declined,
    /// Captured, and the answer is lost.
    Lost,
    /// These bytes, and nothing else is done.
    Raw(String),
}

/// An answer with a status, further header lines and a body.
pub fn raw(status: u16, headers: &str, body: &str) -> Reply {
    Reply::Raw(format!("HTTP/1.1 {status} Said\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()))
}

/// A request as it arrived; names of headers in lower case.
pub struct Asked {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// What it remembers, and what it is to do.
#[derive(Default)]
pub struct Memory {
    pub requests: Vec<Asked>,
    /// Bodies of the charges that took money.
    pub captured: Vec<String>,
    /// The next replies; afterwards `otherwise`.
    pub script: VecDeque<Reply>,
    pub otherwise: Reply,
    /// The one good API key, where one is asked for.
    pub api_key: Option<String>,
    pub sick: bool,
    /// How long it thinks about each request.
    pub slow: Duration,
    answers: HashMap<String, String>,
}

/// Runs until the test's process ends.
pub struct OlderProvider {
    memory: Arc<Mutex<Memory>>,
    base: String,
}

impl OlderProvider {
    /// In plain HTTP.
    pub fn start() -> Self {
        Self::listen("http", serve)
    }

    /// With the certificate in a directory, for callers with one of the same CA.
    pub fn with_certificate(dir: &Path) -> Self {
        let identity = Arc::new(gate::tls::Identity::load(dir).unwrap());
        let current = gate::tls::Current::new(move || Arc::clone(&identity));
        let config = Arc::new(gate::tls::server_config(current).unwrap());
        Self::listen("https", move |tcp, memory| {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            serve(rustls::StreamOwned::new(connection, tcp), memory);
        })
    }

    fn listen(
        scheme: &str,
        serve: impl Fn(std::net::TcpStream, &Mutex<Memory>) + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("{scheme}://localhost:{}", listener.local_addr().unwrap().port());
        let memory = Arc::new(Mutex::new(Memory::default()));
        let shared = Arc::clone(&memory);
        std::thread::spawn(move || {
            for tcp in listener.incoming() {
                let (serve, memory) = (serve.clone(), Arc::clone(&shared));
                std::thread::spawn(move || serve(tcp.unwrap(), &memory));
            }
        });
        Self { memory, base }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }
}

/// One request, one answer, and the connection ends.
fn serve(mut stream: impl Read + Write, memory: &Mutex<Memory>) {
    let Some((method, asked)) = request(&mut stream) else { return };
    let slow = memory.lock().unwrap().slow;
    std::thread::sleep(slow);
    let answer = memory.lock().unwrap().answer(&method, asked);
    // Whoever asked may be gone.
    let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
}

fn request(stream: &mut impl Read) -> Option<(String, Asked)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ');
            let header =
                |line: &str| line.split_once(": ").map(|(name, v)| (name.to_lowercase(), v.to_owned()));
            let headers: HashMap<String, String> = lines.filter_map(header).collect();
            let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
            if body.len() == length {
                let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
                return Some((method, Asked { path, headers, body: body.to_owned() }));
            }
        }
        match stream.read(&mut buffer) {
            Ok(size) if size > 0 => bytes.extend_from_slice(&buffer[..size]),
            _ => return None,
        }
    }
}

fn said(reply: Reply) -> String {
    if let Reply::Raw(text) = reply {
        text.replacen("\r\n", "\r\nConnection: close\r\n", 1)
    } else {
        String::new()
    }
}

impl Memory {
    fn answer(&mut self, method: &str, asked: Asked) -> String {
        let shown = asked.headers.get("x-api-key");
        let (known, is_health) = (self.api_key.is_none() || shown == self.api_key.as_ref(), method == "GET");
        if is_health && asked.path == "/pp/rest/health" {
            return said(raw(if self.sick { 500 } else { 200 }, "", "ok"));
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let key = asked.headers.get("idempotency-key").cloned().unwrap_or_default();
        let answer = match asked.path.as_str() {
            _ if !known => return said(raw(401, "", "")),
            "/" | "/pp/rest/v1/charge" if body["customer_id"].is_i64() => json!({"result": true}),
            "/payments/pay" if body["id"].is_string() => json!({"id": body["id"]}),
            _ => return said(raw(400, "", r#"{"error":"failed to process payment request parameters"}"#)),
        };
        let text = asked.body.clone();
        self.requests.push(asked);
        let reply = self.script.pop_front().unwrap_or_else(|| self.otherwise.clone());
        if matches!(reply, Reply::Raw(_)) {
            return said(reply);
        }
        let given = self.answers.get(&key).cloned().unwrap_or_else(|| {
            let declined = matches!(reply, Reply::Declined);
            self.captured.extend((!declined).then_some(text));
            if declined { json!({"result": false}).to_string() } else { answer.to_string() }
        });
        self.answers.insert(key, given.clone());
        if matches!(reply, Reply::Lost) { String::new() } else { said(raw(200, "", &given)) }
    }
}

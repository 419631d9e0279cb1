//! `antaeusctl probe`: what comes of a call, told apart: an answer, a time-out, a reset, a refusal. Images have no
//! shell and no curl; this is what is run in them to see who may call whom.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use reqwest::header::{HeaderName, HeaderValue};

use crate::http::{client, root, run_async};

/// Longest line that is shown, unless the whole body is wanted.
const SHOWN: usize = 220;

/// Ask one URL and print what came of it in one line, or answer to such questions.
#[derive(Debug, Subcommand)]
pub enum ProbeCommand {
    /// Answer 200 `ok` to anything, until killed.
    Serve {
        /// Address to listen on.
        #[arg(long, default_value = "0.0.0.0:8080")]
        listen: SocketAddr,
    },
    /// Ask `http://...` and print `status=<code|timeout|reset|refused|error> body=...` in at most 220 characters.
    Call {
        /// The URL.
        url: String,
        /// Longest wait for connection and answer.
        #[arg(long, default_value_t = 3_000)]
        timeout_ms: u64,
        /// `Name: value`.
        #[arg(short = 'H', long = "header")]
        headers: Vec<String>,
        /// Method.
        #[arg(short = 'X', long = "method", default_value = "GET")]
        method: String,
        /// Body.
        #[arg(short = 'd', long = "data")]
        data: Option<String>,
        /// Show the whole body.
        #[arg(long)]
        whole: bool,
        /// File with a token for `Authorization: Bearer`.
        #[arg(long)]
        token_file: Option<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
/// When the question itself is no good; what came of a good one is printed, whatever it is.
pub fn run(command: ProbeCommand, out: &mut dyn Write) -> Result<(), String> {
    match command {
        ProbeCommand::Serve { listen } => serve(listen),
        ProbeCommand::Call { url, timeout_ms, headers, method, data, whole, token_file } => {
            let token = token_file.map(|path| read(&path)).transpose()?;
            let asked = ask(&url, &method, &headers, token, data, Duration::from_millis(timeout_ms));
            let line = run_async(asked)?;
            let shown: String = if whole { line } else { line.chars().take(SHOWN).collect() };
            writeln!(out, "{shown}").map_err(|e| e.to_string())
        }
    }
}

fn read(path: &std::path::Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Ok(text.trim().to_owned())
}

async fn ask(
    url: &str,
    method: &str,
    headers: &[String],
    token: Option<String>,
    data: Option<String>,
    timeout: Duration,
) -> Result<String, String> {
    let method = method.parse().map_err(|_| format!("{method:?} is no method"))?;
    let mut request = client(None)?.request(method, url).timeout(timeout);
    for header in headers {
        let (name, value) =
            header.split_once(':').ok_or_else(|| format!("{header:?} is no `Name: value`"))?;
        let name: HeaderName = name.trim().parse().map_err(|_| format!("{name:?} is no header name"))?;
        let value: HeaderValue = value.trim().parse().map_err(|_| format!("{value:?} is no header value"))?;
        request = request.header(name, value);
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    match request.body(data.unwrap_or_default()).send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            let body = response.text().await.unwrap_or_default();
            let body: String = body.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            Ok(format!("status={status} body={body}"))
        }
        Err(error) => Ok(format!("status={} body={}", face(&error), root(&error))),
    }
}

/// How a call failed: the layers refuse in different ways.
fn face(error: &reqwest::Error) -> &'static str {
    let text = format!("{error:?}");
    if error.is_timeout() {
        "timeout"
    } else if text.contains("ConnectionReset") || text.contains("IncompleteMessage") {
        "reset"
    } else if text.contains("ConnectionRefused") {
        "refused"
    } else {
        "error"
    }
}

fn serve(listen: SocketAddr) -> Result<(), String> {
    let listener = TcpListener::bind(listen).map_err(|e| format!("cannot listen on {listen}: {e}"))?;
    for stream in listener.incoming() {
        // A caller that breaks off is no reason to stop.
        let _ = stream.and_then(answer);
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let _ = stream.read(&mut [0; 4096])?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
}

//! invoice-app's API, as the operator's commands ask it.

mod refusal;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::{client, root};
use refusal::refused;

/// Longest wait for what is only read.
const READ_WAIT: Duration = Duration::from_secs(30);
/// Longest wait for what is done: a run over a million invoices, or a whole pass of reconciliation.
const WRITE_WAIT: Duration = Duration::from_mins(5);

/// Where invoice-app is, and with which key it is asked.
#[derive(Debug, Args)]
pub struct ApiArgs {
    /// Base URL of invoice-app.
    #[arg(long, default_value = "http://localhost:8081")]
    pub url: String,
    /// CA certificates (PEM) to trust, for https; nothing else is trusted.
    #[arg(long)]
    pub ca_file: Option<PathBuf>,
    /// File with the API key, where one is asked for.
    #[arg(long, env = "ANTAEUS_KEY_FILE")]
    pub key_file: Option<PathBuf>,
}

/// A client of invoice-app.
pub struct Api {
    url: String,
    key: Option<String>,
    http: reqwest::Client,
}

/// A good answer.
#[derive(Debug)]
pub struct Answer {
    /// 200, 201 or 202.
    pub status: StatusCode,
    /// Its JSON, as it was written.
    pub text: String,
    url: String,
}

impl Answer {
    /// What it says.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(&self.text)
            .map_err(|e| format!("{} answered with something else: {e}", self.url))
    }
}

impl Api {
    /// One client for all questions of a command.
    pub fn new(args: &ApiArgs) -> Result<Self, String> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
        };
        let key = args.key_file.as_ref().map(read).transpose()?.map(|key| key.trim().to_owned());
        let url = args.url.trim_end_matches('/').to_owned();
        Ok(Self { url, key, http: client(args.ca_file.as_deref())? })
    }

    /// Where it asks.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The answer to a GET.
    pub async fn get(&self, path: &str) -> Result<Answer, String> {
        let asked = self.request(Method::GET, path).timeout(READ_WAIT).send().await;
        let answer = asked.map_err(|e| format!("{} does not answer: {}", self.url, root(&e)))?;
        self.good(&Method::GET, path, answer).await
    }

    /// The answer to a POST.
    pub async fn post<T: Serialize>(&self, path: &str, body: Option<&T>) -> Result<Answer, String> {
        let mut request = self.request(Method::POST, path).timeout(WRITE_WAIT);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|e| {
            let doubt = if e.is_connect() { "" } else { "; it may have been done all the same: look first" };
            format!("{} does not answer: {}{doubt}", self.url, root(&e))
        })?;
        self.good(&Method::POST, path, answer).await
    }

    /// A GET without an end: how long to wait is the caller's to say.
    pub fn stream(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path).header("accept", "text/event-stream")
    }

    /// The answer if it is a good one, else what to do.
    pub async fn good(&self, method: &Method, path: &str, answer: Response) -> Result<Answer, String> {
        let (url, status) = (format!("{}{path}", self.url), answer.status());
        let text = answer.text().await.map_err(|e| format!("{url} broke off its answer: {}", root(&e)))?;
        if status.is_success() {
            Ok(Answer { status, text, url })
        } else {
            Err(refused(method, &url, status, &text))
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Looks at every item of a list, page by page. `path` has its query begun.
    pub async fn each(&self, path: &str, mut look: impl FnMut(&Value)) -> Result<(), String> {
        let mut cursor = String::new();
        loop {
            let page: Value = self.get(&format!("{path}&limit=1000{cursor}")).await?.read()?;
            page["items"].as_array().into_iter().flatten().for_each(&mut look);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(()),
            }
        }
    }
}

//! invoice-app's API, as the operator's commands ask it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::http::client;

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

impl Api {
    /// One client for all questions of a command.
    pub fn new(args: &ApiArgs) -> Result<Self, String> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
        };
        let key = args.key_file.as_ref().map(read).transpose()?.map(|key| key.trim().to_owned());
        let url = args.url.trim_end_matches('/').to_owned();
        Ok(Self { url, key, http: client(Duration::from_secs(30), args.ca_file.as_deref())? })
    }

    /// The answer to a GET.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        let url = &self.url;
        let mut request = self.http.get(format!("{url}{path}"));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.map_err(|e| format!("{url} does not answer: {e}"))?;
        let status = answer.status();
        let body: Value =
            answer.json().await.map_err(|e| format!("{url} answered with something else: {e}"))?;
        match status.as_u16() {
            200 => Ok(body),
            401 | 403 => {
                Err(format!("{url} answered {status}: give --key-file with a key that opens {path}"))
            }
            _ => Err(format!("{url} answered {status}: {body}")),
        }
    }

    /// Looks at every item of a list, page by page. `path` has its query begun.
    pub async fn each(&self, path: &str, mut look: impl FnMut(&Value)) -> Result<(), String> {
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}&limit=1000{cursor}")).await?;
            page["items"].as_array().into_iter().flatten().for_each(&mut look);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(()),
            }
        }
    }
}

//! A run's progress as it happens, over as many connections as it takes.

use std::time::Duration;

use reqwest::{Method, Response, header};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::PATH;
use super::run::Run;
use crate::api::Api;
use crate::http::root;
use crate::sse::{Event, Reader};

/// Something to tell whoever watches.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// How far the run is now.
    Run(Box<Run>),
    /// The connection was lost and is being made again; told once for each time.
    Lost(String),
}

/// A run that has ended, and its JSON as it was written.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) run: Run,
    pub(super) text: String,
}

/// How long to wait for what.
pub(super) struct Patience {
    /// A connection that says nothing for so long is taken for lost; the server's comments come more often.
    pub(super) silence: Duration,
    /// When nothing was heard for so long, over all connections, it is given up.
    pub(super) give_up: Duration,
    /// Pause before the first attempt to attach again; each further one is twice as long.
    pub(super) first_pause: Duration,
    /// Longest pause.
    pub(super) longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(30),
            give_up: Duration::from_mins(1),
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(5),
        }
    }
}

/// How a connection ended before the run did.
enum Broken {
    /// Another one may do better.
    Lost(String),
    /// Another one would be told the same.
    ForGood(String),
}

/// Stays attached to a run until it has ended.
pub(super) async fn attach(
    api: &Api,
    id: i64,
    patience: Patience,
    news: mpsc::Sender<News>,
) -> Result<Ended, String> {
    let pause = patience.first_pause;
    let mut line = Line { api, id, patience, news, heard: Instant::now(), last_id: None, pause, told: false };
    loop {
        match line.follow().await {
            Ok(ended) => return Ok(ended),
            Err(Broken::ForGood(sentence)) => return Err(sentence),
            Err(Broken::Lost(why)) => line.recover(why).await?,
        }
    }
}

/// What outlives a connection.
struct Line<'a> {
    api: &'a Api,
    id: i64,
    patience: Patience,
    news: mpsc::Sender<News>,
    /// When a stream said something last, be it a comment.
    heard: Instant,
    last_id: Option<String>,
    /// Before the next attempt.
    pause: Duration,
    /// This loss was told already.
    told: bool,
}

impl Line<'_> {
    /// One connection, from its beginning to its end.
    async fn follow(&mut self) -> Result<Ended, Broken> {
        let mut stream = self.open().await?;
        let mut reader = Reader::default();
        loop {
            let bytes = timeout(self.wait(), stream.chunk()).await;
            let bytes = bytes.map_err(|_| Broken::Lost("nothing was heard".into()))?;
            let bytes = bytes.map_err(|e| Broken::Lost(root(&e)))?;
            let bytes = bytes.ok_or_else(|| Broken::Lost("the stream ended before the run".into()))?;
            self.heard = Instant::now();
            for event in reader.push(&bytes).map_err(Broken::ForGood)? {
                if let Some(ended) = self.take(event).await? {
                    return Ok(ended);
                }
            }
        }
    }

    async fn open(&self) -> Result<Response, Broken> {
        let path = format!("{PATH}/{}/progress", self.id);
        let mut request = self.api.stream(&path);
        if let Some(id) = &self.last_id {
            request = request.header("last-event-id", id);
        }
        let asked = timeout(self.wait(), request.send()).await;
        let asked = asked.map_err(|_| Broken::Lost("no answer".into()))?;
        let answer = asked.map_err(|e| Broken::Lost(root(&e)))?;
        let status = answer.status();
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(Broken::Lost(format!("answered {status}")));
        }
        let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if status.is_success() && kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return Ok(answer);
        }
        let said = timeout(self.wait(), self.api.good(&Method::GET, &path, answer)).await;
        let said = said.map_err(|_| Broken::Lost("no answer".into()))?;
        let elsewhere = |_| format!("{}{path} answered with something else than events", self.api.url());
        Err(Broken::ForGood(said.map_or_else(|sentence| sentence, elsewhere)))
    }

    async fn take(&mut self, event: Event) -> Result<Option<Ended>, Broken> {
        self.last_id = event.id.or_else(|| self.last_id.take());
        if !matches!(event.name.as_str(), "progress" | "ended") {
            return Ok(None);
        }
        let run: Run = serde_json::from_str(&event.data).map_err(|e| {
            Broken::ForGood(format!("{} told something else than a run: {e}", self.api.url()))
        })?;
        (self.pause, self.told) = (self.patience.first_pause, false);
        if event.name == "ended" {
            return Ok(Some(Ended { run, text: event.data }));
        }
        self.tell(News::Run(Box::new(run))).await;
        Ok(None)
    }

    /// Waits for the next attempt, unless there were enough.
    async fn recover(&mut self, why: String) -> Result<(), String> {
        if self.heard.elapsed() + self.pause >= self.patience.give_up {
            return Err(self.gave_up(&why));
        }
        if !self.told {
            self.told = true;
            self.tell(News::Lost(why)).await;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(self.patience.longest_pause);
        Ok(())
    }

    fn gave_up(&self, why: &str) -> String {
        let (url, seconds, id) = (self.api.url(), self.patience.give_up.as_secs(), self.id);
        format!(
            "{url} does not answer for {seconds} s ({why}). The run does not need to be watched; \
             to watch it again: antaeusctl billing watch {id}"
        )
    }

    /// How long to wait for what comes next.
    fn wait(&self) -> Duration {
        self.patience.silence.min(self.patience.give_up.saturating_sub(self.heard.elapsed()))
    }

    /// Who does not listen any more wants to hear nothing.
    async fn tell(&self, news: News) {
        let _ = self.news.send(news).await;
    }
}

#[cfg(test)]
#[path = "attach_tests.rs"]
mod tests;

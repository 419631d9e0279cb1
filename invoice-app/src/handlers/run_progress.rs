//! `/v1/billing-runs/{id}/progress`: server-sent events (WHATWG HTML, 9.2). Each event is the whole run as it stands, so
//! whoever missed some has lost nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use contracts::problem::Document;
use service::Problem;
use service::extract::Id;

use super::billing_runs::find;
use super::runs::run_json;
use super::state::State;
use crate::domain::progress::{Line, Progress};
use crate::domain::run::Run;

/// Pause between looks.
const LOOK: Duration = Duration::from_millis(500);
/// After so many looks without news, a comment keeps proxies from closing the connection.
const QUIET: u32 = 20;

/// Watch a billing run: an event whenever something changed, and `ended` as the last one.
#[utoipa::path(
    get, path = "/v1/billing-runs/{id}/progress", tag = "billing",
    params(("id" = i64, Path), ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen: it is not sent again.")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String, description = "Events `progress` and `ended`; the data is the run."),
        (status = 404, body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn watch_billing_run(
    state: web::Data<State>,
    Id(id): Id,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    find(&state, id).await?;
    let seen = req.headers().get("last-event-id").and_then(|seen| seen.to_str().ok()).map(str::to_owned);
    let watch = Watch { state: state.into_inner(), id, seen, ended: false, has_looked: false };
    let events = futures_util::stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(event)), watch))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

/// One watcher of one run.
struct Watch {
    state: Arc<State>,
    id: i64,
    /// Id of the last event that it was sent.
    seen: Option<String>,
    ended: bool,
    /// The first look is made at once.
    has_looked: bool,
}

impl Watch {
    /// The next event or comment; `None` when nothing more will happen, or this process stops.
    async fn next(&mut self) -> Option<String> {
        for _ in 0..QUIET {
            self.wait().await;
            if self.ended || self.state.closing.is_asked() {
                return None;
            }
            // Whoever cannot be told now is told at the next look, or asks again.
            let (run, progress) = find(&self.state, self.id).await.ok()?;
            let id = event_id(&run, &progress);
            self.ended = run.state.is_final();
            if self.ended || self.seen.as_ref() != Some(&id) {
                let name = if self.ended { "ended" } else { "progress" };
                let event = format!("id: {id}\nevent: {name}\ndata: {}\n\n", run_json(&run, &progress));
                self.seen = Some(id);
                return Some(event);
            }
        }
        Some(": keep-alive\n\n".into())
    }

    /// Waits between two looks, however much happens meanwhile; not before the first, and not when it is over.
    async fn wait(&mut self) {
        if !std::mem::replace(&mut self.has_looked, true) || self.ended {
            return;
        }
        let mut closing = self.state.closing.clone();
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = closing.asked() => {}
        }
    }
}

/// Another one whenever something is to be told.
fn event_id(run: &Run, progress: &Progress) -> String {
    let sum = |pick: fn(&Line) -> crate::domain::progress::Count| progress.invoices(pick);
    format!(
        "{}-{}-{}-{}",
        run.state.as_str(),
        sum(|line| line.claimed),
        sum(Line::verdicts),
        sum(|line| line.unknown)
    )
}

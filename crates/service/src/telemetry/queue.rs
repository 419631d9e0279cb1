//! What waits to be exported. The SDK's own batch processors have a thread each, and do not say how much they drop.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_otlp::{LogExporter, SpanExporter};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter as _, LogProcessor, SdkLogRecord};
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use prometheus::IntCounterVec;
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::server::Shutdown;

/// Most that waits, per signal.
const ROOM: usize = 2_048;
/// Most in one request.
const BATCH: usize = 512;
/// How it goes outside of tests.
pub(super) const PACE: Pace = Pace { gather: Duration::from_secs(1), rest: Duration::from_secs(5) };

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// A batch is what comes within this time.
    pub gather: Duration,
    /// A collector that did not answer is left alone for so long.
    pub rest: Duration,
}

/// One signal's way to the collector.
pub(super) trait Export: Send + 'static {
    /// A span or a log line.
    type Item: Send + 'static;
    /// What it is called where it is counted.
    const SIGNAL: &'static str;
    /// Sends a batch.
    fn send(&self, batch: Vec<Self::Item>) -> impl Future<Output = OTelSdkResult> + Send;
}

/// A log line, and who speaks.
pub(super) type Line = (SdkLogRecord, InstrumentationScope);

impl Export for SpanExporter {
    type Item = SpanData;
    const SIGNAL: &'static str = "traces";

    async fn send(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.export(batch).await
    }
}

impl Export for LogExporter {
    type Item = Line;
    const SIGNAL: &'static str = "logs";

    async fn send(&self, batch: Vec<Line>) -> OTelSdkResult {
        let lines: Vec<_> = batch.iter().map(|(line, scope)| (line, scope)).collect();
        self.export(LogBatch::new(&lines)).await
    }
}

/// Where it is counted what became of spans and lines, once a service has said so.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts(Arc<OnceLock<IntCounterVec>>);

impl Counts {
    /// From now on with this counter; the first one stays.
    pub(super) fn count_with(&self, counter: IntCounterVec) {
        self.0.set(counter).ok();
    }

    fn add(&self, signal: &str, result: &str, items: usize) {
        if let Some(counter) = self.0.get() {
            counter.with_label_values(&[signal, result]).inc_by(items as u64);
        }
    }
}

/// The end at which spans and lines are put in: never waits.
#[derive(Debug)]
pub(super) struct Queue<T> {
    sender: Sender<T>,
    /// Told when a batch is there.
    filled: Arc<Notify>,
    counts: Counts,
    signal: &'static str,
}

impl<T> Queue<T> {
    fn put(&self, item: T) {
        if self.sender.try_send(item).is_err() {
            self.counts.add(self.signal, "dropped", 1);
        }
        if self.sender.capacity() <= ROOM - BATCH {
            self.filled.notify_one();
        }
    }
}

/// The end at which batches are taken out. It wakes up for the first item of a batch and for its last one: to be woken
/// for each would cost more than all the rest of exporting it.
struct Outlet<T> {
    receiver: Receiver<T>,
    filled: Arc<Notify>,
    stopping: Shutdown,
}

/// A queue, and what empties it until the stop is asked for and nothing is left.
pub(super) fn queue<E: Export>(
    exporter: E,
    counts: Counts,
    pace: Pace,
    stopping: Shutdown,
) -> (Queue<E::Item>, impl Future<Output = ()> + Send) {
    let ((sender, receiver), filled) = (channel(ROOM), Arc::new(Notify::new()));
    let queue = Queue { sender, filled: Arc::clone(&filled), counts: counts.clone(), signal: E::SIGNAL };
    (queue, empty(exporter, Outlet { receiver, filled, stopping }, counts, pace))
}

async fn empty<E: Export>(exporter: E, mut outlet: Outlet<E::Item>, counts: Counts, pace: Pace) {
    let mut away = false;
    while let Some(batch) = outlet.gather(pace.gather).await {
        let items = batch.len();
        let sent = exporter.send(batch).await;
        counts.add(E::SIGNAL, if sent.is_ok() { "sent" } else { "failed" }, items);
        say(E::SIGNAL, &sent, away);
        away = sent.is_err();
        if away {
            rest(&mut outlet.stopping, pace.rest).await;
        }
    }
}

/// Says it once when the collector goes away, and once when it is back.
fn say(signal: &str, sent: &OTelSdkResult, was_away: bool) {
    match sent {
        Ok(()) if was_away => tracing::info!(signal, "the collector takes telemetry again"),
        Err(error) if !was_away => {
            tracing::warn!(signal, %error, "the collector takes no telemetry; what there is no room for is dropped");
        }
        _ => {}
    }
}

impl<T> Outlet<T> {
    /// What comes within a while, or is there when the stop is asked for; nothing when nothing will come.
    async fn gather(&mut self, within: Duration) -> Option<Vec<T>> {
        let mut batch = Vec::new();
        if !self.stopping.is_asked() {
            tokio::select! {
                first = self.receiver.recv() => batch.extend(first),
                () = self.stopping.asked() => {}
            }
        }
        if self.receiver.len() + batch.len() < BATCH {
            tokio::select! {
                () = self.filled.notified() => {}
                () = rest(&mut self.stopping, within) => {}
            }
        }
        while batch.len() < BATCH
            && let Ok(item) = self.receiver.try_recv()
        {
            batch.push(item);
        }
        (!batch.is_empty()).then_some(batch)
    }
}

/// A while, or less when the stop is asked for.
async fn rest(stopping: &mut Shutdown, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stopping.asked() => {}
    }
}

impl SpanProcessor for Queue<SpanData> {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.put(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl LogProcessor for Queue<Line> {
    fn emit(&self, line: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.put((line.clone(), scope.clone()));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;

//! Work handed out over the broker: a hint says of which run something is left, and is worth one look. A hint that is
//! lost, or comes twice, changes nothing: what is to be done stands in the rows.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, Consumer};
use service::server::Shutdown;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::access::Access;
use super::connect::{close, connect, in_time, unreachable};
use super::hear::sleep;
use super::publish::caused_by;
use crate::transport::Unreachable;

/// Exchange and queue of hints.
pub const BILLING: &str = "antaeus.billing";
const KEY: &str = "run";
/// A broker that does not answer is left alone for so long.
const REST: Duration = Duration::from_secs(5);

/// How it stands with the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Hints that nobody has taken yet.
    pub waiting: u32,
    /// Who takes them.
    pub workers: u32,
}

/// Hands out hints.
pub struct Hints {
    access: Access,
    /// Held while the broker is spoken to.
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    /// The connection closes when it is dropped.
    open: Option<(Channel, Connection)>,
    /// Until when a broker that did not answer is left alone.
    rests_until: Option<Instant>,
}

impl Line {
    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }
}

impl Hints {
    /// Connects when the first hint is handed out.
    #[must_use]
    pub fn new(access: Access) -> Self {
        Self { access, line: Mutex::default() }
    }

    /// Adds hints for a run, with the trace context of its start, until `most` per worker wait, and gives how it stood before. Nothing is added where nobody
    /// listens.
    pub async fn top_up(&self, run: i64, cause: Option<&str>, most: u32) -> Result<Depth, Unreachable> {
        let mut line = self.line.lock().await;
        let done = in_time(self.add(&mut line, (run, cause), most)).await;
        if done.is_err() && !line.rests() {
            *line = Line { open: None, rests_until: Some(Instant::now() + REST) };
        }
        done
    }

    async fn add(
        &self,
        line: &mut Line,
        (run, cause): (i64, Option<&str>),
        most: u32,
    ) -> Result<Depth, Unreachable> {
        let channel = self.channel(line).await?;
        let asking = channel.queue_declare(
            BILLING.into(),
            QueueDeclareOptions::durable().passive(),
            FieldTable::default(),
        );
        let queue = asking.await.map_err(unreachable)?;
        let depth = Depth { waiting: queue.message_count(), workers: queue.consumer_count() };
        // Half of what is missing: other runs have hints as well.
        let missing = most.saturating_mul(depth.workers).saturating_sub(depth.waiting);
        for _ in 0..missing.div_ceil(2) {
            let hint = format!("{{\"run\":{run}}}");
            let properties = BasicProperties::default().with_user_id(self.access.user().into());
            let properties = match cause {
                Some(cause) => properties.with_headers(caused_by(cause)),
                None => properties,
            };
            let options = BasicPublishOptions::default();
            let sent =
                channel.basic_publish(BILLING.into(), KEY.into(), options, hint.as_bytes(), properties);
            sent.await.map_err(unreachable)?;
        }
        Ok(depth)
    }

    async fn channel(&self, line: &mut Line) -> Result<Channel, Unreachable> {
        if let Some((channel, _)) = line.open.as_ref().filter(|(channel, _)| channel.status().connected()) {
            return Ok(channel.clone());
        }
        if line.rests() {
            return Err(Unreachable("it did not answer before".into()));
        }
        let connection = connect(&self.access).await?;
        let channel = connection.create_channel().await.map_err(unreachable)?;
        *line = Line { open: Some((channel.clone(), connection)), rests_until: None };
        Ok(channel)
    }
}

/// Takes hints until the stop is asked for, `at_once` of them at a time; what is in work then is finished first.
pub async fn take<F: Future<Output = ()>>(
    access: &Access,
    at_once: u16,
    work: impl Fn(i64) -> F,
    mut shutdown: Shutdown,
) {
    let mut pause = Duration::from_millis(100);
    while !shutdown.is_asked() {
        let Err(Unreachable(why)) = take_once(access, at_once, &work, &mut shutdown).await else { return };
        tracing::warn!(queue = BILLING, why, "the broker hands out no work; it is tried again");
        sleep(&mut pause, &mut shutdown).await;
    }
}

async fn take_once<F: Future<Output = ()>>(
    access: &Access,
    at_once: u16,
    work: &impl Fn(i64) -> F,
    shutdown: &mut Shutdown,
) -> Result<(), Unreachable> {
    let (connection, mut hints) = in_time(open(access, at_once)).await?;
    tracing::info!(queue = BILLING, at_once, "work is taken from the broker");
    let mut at_work = FuturesUnordered::new();
    let end = loop {
        tokio::select! {
            hint = hints.next() => match hint {
                Some(Ok(hint)) => at_work.push(one(hint, work)),
                Some(Err(error)) => break Err(unreachable(error)),
                None => break Err(Unreachable("the broker ended it".into())),
            },
            Some(()) = at_work.next() => {}
            () = shutdown.asked() => break Ok(()),
        }
    };
    while at_work.next().await.is_some() {}
    if end.is_ok() {
        close(&connection).await;
    }
    end
}

async fn open(access: &Access, at_once: u16) -> Result<(Connection, Consumer), Unreachable> {
    let connection = connect(access).await?;
    let channel = connection.create_channel().await.map_err(unreachable)?;
    channel.basic_qos(at_once, BasicQosOptions::default()).await.map_err(unreachable)?;
    let (queue, tag) = (BILLING.into(), "".into());
    let consuming = channel.basic_consume(queue, tag, BasicConsumeOptions::default(), FieldTable::default());
    Ok((connection, consuming.await.map_err(unreachable)?))
}

/// A hint that cannot be read is as good as one that has been looked at.
async fn one<F: Future<Output = ()>>(hint: Delivery, work: &impl Fn(i64) -> F) {
    let value: serde_json::Value = serde_json::from_slice(&hint.data).unwrap_or_default();
    if let Some(run) = value["run"].as_i64() {
        work(run).await;
    }
    // One that is not acknowledged comes again, to whoever is there then.
    hint.ack(BasicAckOptions::default()).await.ok();
}

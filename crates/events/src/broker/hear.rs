//! Hears what others tell the broker: a batch is acknowledged once everything of it is committed, as applied or as held.

use std::sync::Arc;
use std::time::Duration;

use contracts::event::Event;
use db::{Db, StoreError};
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use service::Clock;
use service::server::Shutdown;

use super::access::Access;
use super::batch::{Message, row};
use super::connect::{close, connect, in_time, unreachable};
use super::queue;
use crate::apply::{apply, arrival};
use crate::consumer::{Consumed, Consumer};
use crate::held::{self, Held};
use crate::meters::Meters;
use crate::transport::Unreachable;

/// Messages that the broker hands over before the first is acknowledged, and most in a batch.
const PREFETCH: u16 = 500;
/// A batch is what comes within this time.
const GATHER: Duration = Duration::from_millis(5);
/// First and longest pause after something failed.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Hears.
pub struct Hearing<C> {
    pub(super) access: Access,
    pub(super) consumer: Arc<C>,
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) meters: Meters,
}

/// What is heard with.
struct Line {
    connection: Connection,
    channel: Channel,
    messages: lapin::Consumer,
}

impl<C: Consumer> Hearing<C> {
    /// Somebody who hears what is in the queue of `access`' user.
    #[must_use]
    pub fn new(access: Access, consumer: Arc<C>, (db, clock): (Db, Clock), meters: Meters) -> Self {
        meters.broker("consume", false);
        Self { access, consumer, db, clock, meters }
    }

    /// Hears until the stop is asked for, and applies what is held as its time comes.
    pub async fn run(self, shutdown: Shutdown) {
        tokio::join!(self.hear(shutdown.clone()), self.apply_again(shutdown));
    }

    /// A broker that is away is asked for again and again: the service goes on without it.
    async fn hear(&self, mut shutdown: Shutdown) {
        let mut pause = PAUSES.0;
        while !shutdown.is_asked() {
            let Err(Unreachable(why)) = self.hear_once(&mut pause, &mut shutdown).await else { return };
            self.meters.broker("consume", false);
            tracing::warn!(
                queue = queue(self.access.user()),
                why,
                "the broker does not hand over events; it is tried again"
            );
            sleep(&mut pause, &mut shutdown).await;
        }
    }

    async fn hear_once(&self, pause: &mut Duration, shutdown: &mut Shutdown) -> Result<(), Unreachable> {
        let mut line = in_time(self.open()).await?;
        self.meters.broker("consume", true);
        tracing::info!(queue = queue(self.access.user()), "events are heard");
        loop {
            let first = tokio::select! {
                first = line.messages.next() => first,
                () = shutdown.asked() => break,
            };
            let first = first.ok_or_else(|| Unreachable("the broker ended it".into()))?;
            let batch = line.gather(first.map_err(unreachable)?).await;
            *pause = PAUSES.0;
            if !self.take(&batch, shutdown).await {
                break;
            }
            line.acknowledge(&batch).await?;
        }
        close(&line.connection).await;
        Ok(())
    }

    async fn open(&self) -> Result<Line, Unreachable> {
        let connection = connect(&self.access).await?;
        let channel = connection.create_channel().await.map_err(unreachable)?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.map_err(unreachable)?;
        let (queue, tag) = (queue(self.access.user()).into(), "".into());
        let consuming =
            channel.basic_consume(queue, tag, BasicConsumeOptions::default(), FieldTable::default());
        let messages = consuming.await.map_err(unreachable)?;
        Ok(Line { connection, channel, messages })
    }

    /// Applies a batch, or holds it, for as long as it takes; false when the stop came first. A broker counts how often
    /// it hands a message over, so nothing is given back just because the database is away.
    async fn take(&self, batch: &[Delivery], shutdown: &mut Shutdown) -> bool {
        let messages: Vec<Message> = batch.iter().map(Message::from).collect();
        let mut pause = PAUSES.0;
        while let Err(error) = self.apply(&messages).await {
            tracing::error!(%error, "events are neither applied nor held at the moment; it is tried again");
            sleep(&mut pause, shutdown).await;
            if shutdown.is_asked() {
                return false;
            }
        }
        true
    }

    async fn apply(&self, messages: &[Message]) -> Result<(), StoreError> {
        let kinds = self.consumer.kinds();
        let read: Vec<Result<Event, String>> = messages.iter().map(|message| message.read(kinds)).collect();
        let span = arrival(&read, queue(self.access.user()));
        span.run(self.apply_or_hold(messages, &read)).await
    }

    async fn apply_or_hold(
        &self,
        messages: &[Message],
        read: &[Result<Event, String>],
    ) -> Result<(), StoreError> {
        let consumed = apply(&*self.consumer, read, "rabbitmq").await;
        let now = self.clock.now();
        let one = |((message, read), consumed)| row(self.access.user(), (message, read), consumed, now);
        let to_hold: Vec<Held> = messages.iter().zip(read).zip(&consumed).filter_map(one).collect();
        for held in &to_hold {
            // Its type may be anything, and the reason repeats what is in it: they stand in the row, and in no log.
            tracing::warn!(event = held.id, receiver = held.receiver, "an event was not taken");
        }
        if !to_hold.is_empty() {
            self.db.write(move |conn| held::insert(conn, &to_hold)).await?;
        }
        self.count(read, &consumed);
        Ok(())
    }

    fn count(&self, read: &[Result<Event, String>], consumed: &[Consumed]) {
        for (read, consumed) in read.iter().zip(consumed) {
            let kind = read.as_ref().map_or("", |event| event.kind.name());
            self.meters.consumed(kind, consumed.as_str());
        }
    }
}

impl Line {
    async fn gather(&mut self, first: Delivery) -> Vec<Delivery> {
        let mut batch = vec![first];
        let time = tokio::time::sleep(GATHER);
        tokio::pin!(time);
        while batch.len() < usize::from(PREFETCH) {
            let next = tokio::select! {
                biased;
                next = self.messages.next() => next,
                () = &mut time => break,
            };
            // An end is met again by whoever asks for the next one.
            let Some(Ok(next)) = next else { break };
            batch.push(next);
        }
        batch
    }

    /// They are acknowledged in the order in which they came, so one word does for all.
    async fn acknowledge(&self, batch: &[Delivery]) -> Result<(), Unreachable> {
        let Some(last) = batch.last() else { return Ok(()) };
        let all = BasicAckOptions { multiple: true };
        self.channel.basic_ack(last.delivery_tag, all).await.map_err(unreachable)
    }
}

/// Waits, and longer the next time.
pub(super) async fn sleep(pause: &mut Duration, shutdown: &mut Shutdown) {
    let wait = pause.mul_f64(rand::random_range(0.5..=1.0));
    *pause = (*pause * 2).min(PAUSES.1);
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = shutdown.asked() => {}
    }
}

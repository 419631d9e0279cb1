//! The job that tells: takes events from the outbox, hands them to each receiver, and deletes them when each has them or
//! they are held for it. No transaction and no connection is held while the network is asked.

use std::sync::Arc;
use std::time::Duration;

use contracts::event::{Envelope, Kind};
use db::{AnyConnection, Db, StoreError};
use service::Clock;
use service::clock::{Micros, SECOND};
use service::server::Shutdown;
use service::trace::{self, Span, names};
use tokio::sync::Notify;

use crate::away::Away;
use crate::consumer::Consumed;
use crate::held::{self, Held};
use crate::lease::{self, Lease};
use crate::meters::Meters;
use crate::outbox::{self, Row};
use crate::transport::{Outgoing, Transport, Unreachable};

/// Events per round.
const BATCH: i64 = 500;
/// Pause between looks when nobody wakes us: other processes write events too.
const IDLE: Duration = Duration::from_millis(200);
/// Pause while another process has the lease, or the database is away.
const STANDBY: Duration = Duration::from_secs(1);
/// The gauges are set this often, and counted no further than this.
const GAUGES: (Micros, i64) = (SECOND, 100_000);

/// The relay.
pub struct Relay {
    db: Db,
    clock: Clock,
    transport: Transport,
    wake: Arc<Notify>,
    meters: Meters,
    lease: Lease,
    away: Away,
    gauges_at: Micros,
}

/// An event with what is needed to hold it.
struct Telling {
    kind: Option<Kind>,
    outgoing: Outgoing,
}

/// What became of the events that one receiver wants.
struct Told {
    receiver: String,
    events: Vec<Outgoing>,
    answer: Answer,
}

/// What a receiver said.
enum Answer {
    /// One result per event.
    Consumed(Vec<Consumed>),
    /// Nothing that counts.
    None(String),
    /// It was left alone.
    NotAsked,
}

/// What a round came to.
#[derive(PartialEq, Eq)]
enum Round {
    /// There may be more right now.
    More,
    /// Nothing is to be done at the moment.
    Idle,
    /// Somebody else does it.
    Standby,
}

impl Relay {
    /// A relay that looks at the outbox when woken, and now and then.
    #[must_use]
    pub fn new(db: Db, clock: Clock, transport: Transport, wake: Arc<Notify>, meters: Meters) -> Self {
        let lease = Lease::new(clock.now());
        Self { db, clock, transport, wake, meters, lease, away: Away::default(), gauges_at: 0 }
    }

    /// Tells until the stop is asked for; a delivery under way is finished first.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        while !shutdown.is_asked() {
            let round = self.round().await.unwrap_or_else(|error| {
                tracing::error!(%error, "events are not told at the moment; it is tried again");
                Round::Standby
            });
            // Also while somebody else tells, or nobody can: that is when it must be seen how long events wait.
            // Where the rows cannot be read, the round has said so.
            self.gauges().await.ok();
            let pause = match round {
                Round::More => continue,
                Round::Idle => IDLE,
                Round::Standby => STANDBY,
            };
            tokio::select! {
                () = self.wake.notified(), if round == Round::Idle => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.asked() => {}
            }
        }
        let holder = self.lease.holder();
        // Whoever comes next waits for the lease to end if this fails.
        self.db.write(move |conn| lease::release(conn, &holder)).await.ok();
    }

    async fn round(&mut self) -> Result<Round, StoreError> {
        if !self.has_lease().await? {
            return Ok(Round::Standby);
        }
        let rows = self.db.read(|conn| outbox::oldest(conn, BATCH)).await?;
        let mut more = is_full(rows.len());
        if !rows.is_empty() {
            self.tell(rows).await?;
        }
        for receiver in self.transport.receivers().to_vec() {
            more |= self.tell_again(&receiver).await?;
        }
        Ok(if more { Round::More } else { Round::Idle })
    }

    async fn has_lease(&mut self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        if self.lease.holds(now) {
            return Ok(true);
        }
        let (holder, until) = self.lease.wanted(now);
        let granted = self.db.write(move |conn| lease::take(conn, &holder, until, now)).await?;
        self.lease.answered(granted, until);
        Ok(granted)
    }

    /// Hands new events to everybody at the same time, then deletes them, and holds what somebody did not take.
    async fn tell(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let telling: Vec<Telling> = rows.into_iter().map(Telling::from).collect();
        let now = self.clock.now();
        let this = &*self;
        let asking = this.transport.receivers().iter().map(|receiver| this.ask(receiver, &telling, now));
        let told = futures_util::future::join_all(asking).await;
        let mut to_hold: Vec<Held> = telling.iter().filter_map(|one| one.unknown(now)).collect();
        for Told { receiver, events, answer } in told {
            to_hold.extend(match answer {
                Answer::Consumed(consumed) => {
                    self.answered(&receiver);
                    self.not_taken(&receiver, &events, &consumed)
                }
                Answer::None(why) => {
                    self.failed(&receiver, &why);
                    self.waiting(&receiver, events, &why)
                }
                Answer::NotAsked => self.waiting(&receiver, events, "it did not answer before"),
            });
        }
        let work = move |conn: &mut AnyConnection| {
            held::insert(conn, &to_hold)?;
            outbox::remove(conn, &ids)
        };
        self.db.write(work).await
    }

    /// Hands a receiver what it wants of these, unless it is away.
    async fn ask(&self, receiver: &str, telling: &[Telling], now: Micros) -> Told {
        let wants = |one: &&Telling| one.kind.is_some_and(|kind| self.transport.wants(receiver, kind));
        let events: Vec<Outgoing> = telling.iter().filter(wants).map(|one| one.outgoing.clone()).collect();
        let answer = if events.is_empty() || self.away.is(receiver, now) {
            Answer::NotAsked
        } else {
            match self.deliver(receiver, &events).await {
                Ok(consumed) => Answer::Consumed(consumed),
                Err(Unreachable(why)) => Answer::None(why),
            }
        };
        Told { receiver: receiver.to_owned(), events, answer }
    }

    /// Each event has its own trace; telling several at once is part of the first that is recorded.
    async fn deliver(&self, receiver: &str, events: &[Outgoing]) -> Result<Vec<Consumed>, Unreachable> {
        let causes = events.iter().filter_map(|event| event.traceparent.as_deref());
        let span = Span::of_batch(trace::Kind::Producer, "send events", causes);
        if span.is_recorded() {
            let (system, destination) = self.transport.place(receiver);
            span.rename(|| format!("send {destination}"));
            span.set(names::SYSTEM, system);
            span.set(names::OPERATION, "send");
            span.set(names::DESTINATION, destination);
            span.set(names::MESSAGES, i64::try_from(events.len()).unwrap_or(BATCH));
        }
        let told = span.run(self.transport.deliver(receiver, events)).await;
        if told.is_err() {
            span.failed("");
        }
        told
    }

    /// Tries what a receiver did not take before; true when there may be more of it.
    async fn tell_again(&mut self, receiver: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        if self.away.is(receiver, now) {
            return Ok(false);
        }
        let name = receiver.to_owned();
        let due = self.db.read(move |conn| held::due(conn, &name, now, BATCH)).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let events: Vec<Outgoing> = due.iter().map(Outgoing::from).collect();
        match self.deliver(receiver, &events).await {
            Ok(consumed) => {
                self.answered(receiver);
                for (event, consumed) in events.iter().zip(&consumed) {
                    self.meters.published(&event.kind, receiver, consumed.as_str());
                }
                let more = is_full(due.len());
                let now = self.clock.now();
                self.db.write(move |conn| held::tried(conn, &due, &consumed, now)).await?;
                Ok(more)
            }
            Err(Unreachable(why)) => {
                self.failed(receiver, &why);
                let name = receiver.to_owned();
                let parked = self.db.write(move |conn| held::give_up(conn, &name, &why, now)).await?;
                if parked > 0 {
                    tracing::error!(receiver, parked, "events were not taken for a day and are parked");
                }
                Ok(false)
            }
        }
    }

    fn not_taken(&self, receiver: &str, events: &[Outgoing], consumed: &[Consumed]) -> Vec<Held> {
        let now = self.clock.now();
        let held = |(event, consumed): (&Outgoing, &Consumed)| {
            self.meters.published(&event.kind, receiver, consumed.as_str());
            let held = Held::after(receiver, (&event.id, &event.kind), &event.json, consumed, now)?;
            // The reason may repeat what is in the event: it stands in the row, and in no log.
            tracing::warn!(receiver, event = held.id, kind = held.kind, "an event was not taken");
            Some(held)
        };
        events.iter().zip(consumed).filter_map(held).collect()
    }

    /// For a receiver that does not answer: due as soon as it does.
    fn waiting(&self, receiver: &str, events: Vec<Outgoing>, why: &str) -> Vec<Held> {
        let now = self.clock.now();
        let held = |event: Outgoing| {
            self.meters.published(&event.kind, receiver, "unreachable");
            Held::waiting(receiver, event, why, now)
        };
        events.into_iter().map(held).collect()
    }

    fn failed(&mut self, receiver: &str, why: &str) {
        if self.away.failed(receiver, self.clock.now()) {
            tracing::warn!(receiver, why, "a receiver of events does not answer; what it is to hear waits");
        }
    }

    fn answered(&mut self, receiver: &str) {
        if self.away.answered(receiver) {
            tracing::info!(receiver, "a receiver of events answers again");
        }
    }

    async fn gauges(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if now < self.gauges_at {
            return Ok(());
        }
        self.gauges_at = now + GAUGES.0;
        let seen = self.db.read(|conn| Ok((outbox::waiting(conn, GAUGES.1)?, held::counts(conn)?))).await?;
        let ((waiting, oldest), held) = seen;
        self.meters.outbox(waiting, oldest, now);
        self.meters.held(&held);
        Ok(())
    }
}

/// A full batch may not be the last one.
fn is_full(rows: usize) -> bool {
    i64::try_from(rows) == Ok(BATCH)
}

impl From<Row> for Telling {
    fn from(row: Row) -> Self {
        let Row { id, kind: name, subject, version, data, traceparent, created_at } = row;
        let kind: Option<Kind> = name.parse().ok();
        let time = jiff::Timestamp::from_microsecond(created_at).unwrap_or_default();
        let parent = traceparent.clone();
        let envelope = kind.and_then(|kind| {
            Envelope::new((id.clone(), kind), (subject, version), time, parent, data.clone()).ok()
        });
        let kind = kind.filter(|_| envelope.is_some());
        let json = envelope.and_then(|envelope| serde_json::to_string(&envelope).ok()).unwrap_or(data);
        Self { kind, outgoing: Outgoing { id, kind: name, json, traceparent } }
    }
}

impl Telling {
    /// What cannot be told, because a newer program wrote it, is not thrown away.
    fn unknown(&self, now: Micros) -> Option<Held> {
        if self.kind.is_some() {
            return None;
        }
        let why = Consumed::Refused("it is of no type that is known here, or its data are no JSON".into());
        let Outgoing { id, kind, json, .. } = &self.outgoing;
        Held::after("nobody", (id, kind), json, &why, now)
    }
}

impl From<&Held> for Outgoing {
    fn from(held: &Held) -> Self {
        let envelope = serde_json::from_str::<Envelope>(&held.event).ok();
        Self {
            id: held.id.clone(),
            kind: held.kind.clone(),
            json: held.event.clone(),
            traceparent: envelope.and_then(|envelope| envelope.traceparent),
        }
    }
}

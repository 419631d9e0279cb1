//! Sends messages that are due: claims them, sends them, writes down what came of it. Nothing is held while the mail
//! server is asked.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use db::{Db, StoreError};
use futures_util::future::{FutureExt, join_all};
use prometheus::IntCounterVec;
use service::Clock;
use service::clock::{Micros, SECOND};
use service::reload::Reloaded;
use service::trace::{self, Span, names};

use crate::clients::letter::Letter;
use crate::clients::mailer::{Fault, Mailer};
use crate::domain::retry;
use crate::store::queue::{self, Claimed, Tried};

/// Messages per claim, all sent at the same time.
pub const BATCH: i64 = 8;
/// Longest time that one may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a claim holds: longer than anything that is done under it.
const LEASE: Micros = 180 * SECOND;

/// What sending needs.
pub struct Sending {
    /// Rows.
    pub db: Db,
    /// Time.
    pub clock: Clock,
    /// The mail server, or the folder.
    pub mailer: Reloaded<Mailer>,
    /// `notifications_total{outcome}`.
    pub outcomes: IntCounterVec,
}

/// Sends a batch, and says how many there were.
pub async fn send_due(with: &Sending) -> Result<i64, StoreError> {
    let now = with.clock.now();
    let claimed = with.db.write(move |conn| queue::claim(conn, now, now + LEASE, BATCH)).await?;
    let count = i64::try_from(claimed.len()).unwrap_or(BATCH);
    let mailer = with.mailer.get();
    let tries = claimed.into_iter().map(|claimed| {
        let span = Span::caused(trace::Kind::Client, "send e-mail", claimed.traceparent.as_deref());
        async { in_span(span, attempt(&mailer, &with.clock, claimed)).await }
    });
    let tried = join_all(tries).await;
    for (_, outcome) in &tried {
        with.outcomes.with_label_values(&[label(outcome)]).inc();
    }
    let settle = move |conn: &mut db::AnyConnection| {
        tried.iter().try_for_each(|(claimed, outcome)| queue::settle(conn, claimed, outcome))
    };
    if count > 0 {
        with.db.write(settle).await?;
    }
    Ok(count)
}

/// Neither whom a message is for nor what it says is noted.
async fn in_span(span: Span, attempt: impl Future<Output = (Claimed, Tried)>) -> (Claimed, Tried) {
    let (claimed, tried) = span.run(attempt).await;
    span.set(names::SYSTEM, "smtp");
    span.set(names::MESSAGE, claimed.id.clone());
    if !matches!(tried, Tried::Sent(_)) {
        span.failed(label(&tried));
    }
    (claimed, tried)
}

async fn attempt(mailer: &Mailer, clock: &Clock, claimed: Claimed) -> (Claimed, Tried) {
    let letter = Letter {
        id: &claimed.id,
        name: &claimed.name,
        email: &claimed.email,
        subject: &claimed.subject,
        body: &claimed.body,
        at: claimed.created_at,
    };
    // A message on which something breaks off is set aside; the others still leave.
    let sending = AssertUnwindSafe(mailer.send(&letter)).catch_unwind();
    let sent = match tokio::time::timeout(PATIENCE, sending).await {
        Ok(Ok(sent)) => sent,
        Ok(Err(_)) => Err(Fault::Never("it cannot be written: a defect of ours, see the log".into())),
        Err(_) => Err(Fault::Again("the mail server takes too long".into())),
    };
    let tried = match sent {
        Ok(()) => Tried::Sent(clock.now()),
        Err(Fault::Never(why)) => Tried::Failed(why),
        Err(Fault::Again(why)) => match retry::next(claimed.attempts, claimed.created_at, clock.now()) {
            Some(at) => Tried::Again(at, why),
            None => Tried::Failed(why),
        },
    };
    if let Tried::Again(_, why) | Tried::Failed(why) = &tried {
        let (outcome, why) = (label(&tried), without_addresses(why));
        tracing::warn!(notification = %claimed.id, attempts = claimed.attempts, outcome, why, "not sent");
    }
    (claimed, tried)
}

/// Mail servers repeat the address that they do not like.
fn without_addresses(why: &str) -> String {
    let word = |word| if str::contains(word, '@') { "..." } else { word };
    why.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn label(tried: &Tried) -> &'static str {
    match tried {
        Tried::Sent(_) => "sent",
        Tried::Again(..) => "again",
        Tried::Failed(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_names_nobody() {
        let why = "permanent error (550): 5.1.1 <bob@example.org>: no such user";
        assert_eq!(super::without_addresses(why), "permanent error (550): 5.1.1 ... no such user");
    }
}

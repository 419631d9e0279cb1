//! Makes messages of events.

use contracts::event::{Data, Event, UserRegistered};
use db::{AnyConnection, Db, StoreError};
use events::{Consumed, inbox};
use service::clock::Micros;

use crate::domain::language::language;
use crate::domain::notification::{NewNotification, Recipient};
use crate::domain::template::write;
use crate::domain::worth::{Worth, worth};
use crate::store::{notifications, recipients};

/// Applies a batch of events in one transaction: what became of each, in their order.
pub async fn notify(db: &Db, events: Vec<Event>, now: Micros) -> Result<Vec<Consumed>, StoreError> {
    db.write(move |conn| {
        // Users first, since the others may be about them; and always in the order of their subjects: batches that
        // overlap do not wait for each other in a circle.
        let rank = |event: &Event| !matches!(event.data, Data::User(_));
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|at| (rank(&events[*at]), &events[*at].subject, events[*at].version));
        let mut consumed = vec![Consumed::Done; events.len()];
        for at in order {
            consumed[at] = apply(conn, &events[at], now)?;
        }
        Ok(consumed)
    })
    .await
}

fn apply(conn: &mut AnyConnection, event: &Event, now: Micros) -> Result<Consumed, StoreError> {
    if let Data::User(user) = &event.data {
        if inbox::is_news(conn, event, now)? {
            recipients::put(conn, &recipient(user))?;
        }
        return Ok(Consumed::Done);
    }
    let Some(worth) = worth(event) else { return Ok(Consumed::Done) };
    let Some(to) = recipients::get(conn, &worth.user)? else {
        return Ok(Consumed::Later(format!("user {} is not known here yet", worth.user)));
    };
    if inbox::is_news(conn, event, now)? {
        notifications::insert(conn, &message(event, worth, &to), now)?;
    }
    Ok(Consumed::Done)
}

fn recipient(user: &UserRegistered) -> Recipient {
    Recipient {
        user: user.user.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        locale: language(&user.locale),
    }
}

fn message(event: &Event, worth: Worth, to: &Recipient) -> NewNotification {
    let (subject, body) = write(&worth, to);
    NewNotification {
        event: event.id.clone(),
        user: worth.user,
        order: worth.order,
        template: worth.template,
        locale: to.locale,
        subject,
        body,
        traceparent: event.traceparent.clone(),
    }
}

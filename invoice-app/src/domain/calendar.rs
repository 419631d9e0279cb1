//! The customer's days, as moments.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use service::clock::Micros;

/// No clock differs from UTC by more.
const WIDEST: SignedDuration = SignedDuration::from_hours(26);

/// The day that it is for the customer.
#[must_use]
pub fn today(now: Micros, zone: &TimeZone) -> Option<Date> {
    Timestamp::from_microsecond(now).ok().map(|now| zone.to_datetime(now).date())
}

/// The moment in which a day begins for the customer: from then on it is never an earlier day again.
/// A day that the zone skips begins together with the next one.
#[must_use]
pub fn due_at(due_on: Date, zone: &TimeZone) -> Option<Micros> {
    moment(due_on.to_datetime(Time::midnight()), zone)
}

/// When it is `hour` o'clock for the customer, so many days after a day. An hour that is skipped counts as its
/// end, and a day that is skipped as the next one that exists.
#[must_use]
pub fn morning(after: Date, days: i64, zone: &TimeZone, hour: i8) -> Option<Micros> {
    let time = Time::new(hour, 0, 0, 0).ok()?;
    let asked = after.checked_add(Span::new().try_days(days).ok()?).ok()?;
    let exists = today(due_at(asked, zone)?, zone)?;
    moment(exists.to_datetime(time), zone)
}

/// The first moment at which the clock on the wall shows this time or a later one. When it is put back into the
/// evening before after that, it is the next such moment: who is billed before would be billed a day early.
///
/// It goes from one change of the clock to the next, since jiff's own way from a wall clock to a moment answers a
/// gap with as much after its end as the time lies after its beginning.
fn moment(wall: DateTime, zone: &TimeZone) -> Option<Micros> {
    let around = TimeZone::UTC.to_timestamp(wall).ok()?;
    let first = around.checked_sub(WIDEST).unwrap_or(Timestamp::MIN);
    let last = around.checked_add(WIDEST).unwrap_or(Timestamp::MAX);
    let shows = |at: Timestamp| zone.to_datetime(at);
    // When the time is shown if nobody changes the clock any more.
    let unchanged = |from: Timestamp| {
        let left = wall.duration_since(shows(from)).max(SignedDuration::ZERO);
        from.checked_add(left).ok()
    };
    let changes = zone.following(first).map(|change| change.timestamp()).take_while(|at| *at <= last);
    changes
        .fold(unchanged(first), |found, change| match found {
            Some(at) if at < change && shows(change).date() >= wall.date() => Some(at),
            _ => unchanged(change),
        })
        .map(Timestamp::as_microsecond)
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "calendar_zone_tests.rs"]
mod zone_tests;

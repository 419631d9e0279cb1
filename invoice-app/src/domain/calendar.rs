//! The customer's days, as moments.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use service::clock::Micros;

/// The day that it is for the customer.
#[must_use]
pub fn today(now: Micros, zone: &TimeZone) -> Option<Date> {
    jiff::Timestamp::from_microsecond(now).ok().map(|now| now.to_zoned(zone.clone()).date())
}

/// The moment in which a day begins for the customer.
#[must_use]
pub fn due_at(due_on: Date, zone: &TimeZone) -> Option<Micros> {
    due_on.to_zoned(zone.clone()).ok().map(|start| start.timestamp().as_microsecond())
}

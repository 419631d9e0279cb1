//! When something is to be done by itself.

use std::str::FromStr;

use croner::Cron;
use croner::parser::CronParser;
use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use service::clock::{Micros, SECOND};

/// No schedule ticks more often.
const MINUTE: Micros = 60 * SECOND;

/// A cron expression in UTC, where no hour is ever skipped or comes twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Cron);

/// The text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// There are more fields, or fewer.
    #[error(
        "it has {0} fields; give the five of cron in UTC: minute, hour, day, month, weekday, such as \
         `0 * * * *` for every hour, or @hourly"
    )]
    Fields(usize),
    /// A field says nothing.
    #[error(
        "a field is misspelt or out of its range; give minute 0-59, hour 0-23, day 1-31, month 1-12 and weekday 0-7 \
         in UTC, such as `*/5 * * * *`, or @hourly"
    )]
    Unreadable,
    /// There is no such day.
    #[error("its day never comes; give a day that the month has")]
    Never,
}

impl FromStr for Schedule {
    type Err = BadSchedule;

    fn from_str(text: &str) -> Result<Self, BadSchedule> {
        let fields = text.split_whitespace().count();
        // The parser would take a sixth field for seconds and a seventh for years.
        if fields != 5 && !text.trim().starts_with('@') {
            return Err(BadSchedule::Fields(fields));
        }
        let cron = CronParser::new().parse(text).map_err(|_| BadSchedule::Unreadable)?;
        cron.find_next_occurrence(&date(2000, 1, 1).at(0, 0, 0, 0), true).map_err(|_| BadSchedule::Never)?;
        Ok(Self(cron))
    }
}

impl Schedule {
    /// The first tick that is later than a moment.
    #[must_use]
    pub fn after(&self, t: Micros) -> Option<Micros> {
        self.0.find_next_occurrence(&minute(t)?, false).ok().and_then(micros)
    }

    /// The last tick that is later than `from` and not later than `to`: what was missed before it is made up for
    /// with it. The search starts from `to` and goes back by months, days and hours, so however many ticks there
    /// were, they cost nothing.
    #[must_use]
    pub fn latest(&self, from: Micros, to: Micros) -> Option<Micros> {
        let last = self.0.find_previous_occurrence(&minute(to)?, true).ok().and_then(micros)?;
        (last > from).then_some(last)
    }
}

/// What names the run of a tick, so that a tick is served once: `due/2026-12-01T05:00Z`.
#[must_use]
pub fn scope_key(tick: Micros) -> String {
    // No schedule ticks outside of the calendar.
    let tick = Timestamp::from_microsecond(tick).unwrap_or(Timestamp::MAX);
    tick.strftime("due/%Y-%m-%dT%H:%MZ").to_string()
}

/// The tick of a scope key.
#[must_use]
pub fn tick(scope_key: &str) -> Option<Micros> {
    let tick: Timestamp = scope_key.strip_prefix("due/")?.parse().ok()?;
    Some(tick.as_microsecond())
}

/// The minute that a moment is in.
fn minute(t: Micros) -> Option<DateTime> {
    let start = t.div_euclid(MINUTE).checked_mul(MINUTE)?;
    Timestamp::from_microsecond(start).ok().map(|start| TimeZone::UTC.to_datetime(start))
}

fn micros(tick: DateTime) -> Option<Micros> {
    TimeZone::UTC.to_timestamp(tick).ok().map(Timestamp::as_microsecond)
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;

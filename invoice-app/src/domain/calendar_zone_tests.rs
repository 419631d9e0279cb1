//! Every zone of the database that the binary carries, with every day on which a clock there is changed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::date;
use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;
use service::clock::{DAY, SECOND};

use super::*;
use crate::domain::schedule::Schedule;

const HOUR: Micros = 3_600 * SECOND;

/// Here a clock was put back from after midnight into the evening before, so a day began twice, and it is due when
/// it began for good: an hourly run in Newfoundland would have come at 23:30, a day early. Elsewhere the run at the
/// first of the two midnights is left out, and the one at the second bills. Nobody has done so since 2010.
const BEGAN_TWICE: [(&str, i16, i16, usize); 4] = [
    // At 00:01, each autumn.
    ("America/Goose_Bay", 1987, 2010, 24),
    ("America/Moncton", 1993, 2006, 14),
    ("America/St_Johns", 1987, 2010, 24),
    // At 02:00 by three hours, once.
    ("Antarctica/Casey", 2010, 2010, 1),
];

/// The days that a date line took.
const SKIPPED: [(&str, &str); 5] = [
    ("Kwajalein", "1993-08-21"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Enderbury", "1994-12-31"),
    ("Pacific/Fakaofo", "2011-12-30"),
    ("Pacific/Kiritimati", "1994-12-31"),
];

/// A zone, and the moments from 1970 to 2060 at which clocks are changed.
struct Zone {
    name: String,
    zone: TimeZone,
    changes: Vec<Micros>,
}

impl Zone {
    /// Zones whose clocks agree from 1970 to 2060, as links do, are one: the first by name.
    fn all() -> Vec<Self> {
        let database = TimeZoneDatabase::bundled();
        let names: BTreeSet<String> = database.available().map(|name| name.to_string()).collect();
        assert!(names.len() > 590, "the bundled database has {} zones only", names.len());
        let mut zones = BTreeMap::new();
        for name in names {
            let zone = database.get(&name).unwrap();
            let first = due_at(date(1969, 12, 1), &zone).unwrap();
            let last = due_at(date(2061, 2, 1), &zone).unwrap();
            let changes = zone.following(Timestamp::from_microsecond(first).unwrap());
            let changes: Vec<_> = changes
                .map(|change| change.timestamp().as_microsecond())
                .take_while(|at| *at < last)
                .collect();
            let zone = Self { name, zone, changes };
            let clock: Vec<_> =
                [first].iter().chain(&zone.changes).map(|at| (*at, zone.shows(*at))).collect();
            zones.entry(clock).or_insert(zone);
        }
        zones.into_values().collect()
    }

    /// Every first of a month, and two days to either side of each change.
    fn days(&self) -> BTreeSet<Date> {
        let firsts = (1970..=2060).flat_map(|year| (1..=12).map(move |month| date(year, month, 1)));
        let near = self.changes.iter().flat_map(|at| {
            let day = self.shows(*at).date();
            (-2..=2).map(move |days| day + days.days())
        });
        firsts.chain(near).collect()
    }

    fn due_at(&self, day: Date) -> Micros {
        due_at(day, &self.zone).unwrap()
    }

    fn shows(&self, at: Micros) -> DateTime {
        self.zone.to_datetime(Timestamp::from_microsecond(at).unwrap())
    }

    fn changes_after(&self, at: Micros) -> impl Iterator<Item = Micros> {
        let first = self.changes.partition_point(|change| *change <= at);
        self.changes[first..].iter().copied().take_while(move |change| *change < at + 3 * DAY)
    }

    /// Whether the clock shows an earlier day at any time after a moment.
    fn goes_back_behind(&self, day: Date, at: Micros) -> bool {
        self.changes_after(at).any(|change| self.shows(change).date() < day)
    }

    /// Whether the clock has shown the day before it begins.
    fn began_before(&self, day: Date, start: Micros) -> bool {
        self.changes_after(start - 3 * DAY).take_while(|change| *change <= start).any(|change| {
            self.shows(change - 1).date() >= day || (change < start && self.shows(change).date() >= day)
        })
    }
}

#[test]
fn a_day_is_due_from_its_first_moment_on() {
    let (mut twice, mut skipped) = (BTreeMap::new(), Vec::new());
    for zone in Zone::all() {
        for day in zone.days() {
            let start = zone.due_at(day);
            let exists = zone.shows(start).date();
            let who = format!("{} {day}", zone.name);
            assert!(zone.shows(start - 1).date() < day && day <= exists, "{who} is not the first moment");
            assert!(!zone.goes_back_behind(day, start), "{who} is due before an evening");
            let next = zone.due_at(day + 1.day());
            // What a date line took, and nothing else, is due together with the next day.
            assert_eq!(start == next, exists > day, "{who}");
            assert!(start <= next, "{who} is due after the day after");
            if zone.began_before(day, start) {
                twice.entry(zone.name.clone()).or_insert_with(Vec::new).push(day.year());
            }
            if exists > day {
                skipped.push((zone.name.clone(), day.to_string()));
            }
        }
    }
    let twice: Vec<_> = twice
        .iter()
        .map(|(name, years)| (name.as_str(), years[0], years[years.len() - 1], years.len()))
        .collect();
    assert_eq!(twice, BEGAN_TWICE);
    skipped.sort();
    assert!(skipped.iter().map(|(name, day)| (name.as_str(), day.as_str())).eq(SKIPPED), "{skipped:?}");
}

#[test]
fn the_first_hourly_run_of_a_day_bills_it() {
    let hourly: Schedule = "@hourly".parse().unwrap();
    for zone in Zone::all() {
        let exception = BEGAN_TWICE.iter().find(|(name, ..)| *name == zone.name);
        for day in zone.days() {
            let start = zone.due_at(day);
            let tick = hourly.after(start - 1).unwrap();
            let who = format!("{} {day}", zone.name);
            assert!(start <= tick && tick < start + HOUR, "{who} waits for {tick}");
            assert_eq!(zone.shows(tick).date(), zone.shows(start).date(), "{who} is billed on another day");
            let excused = exception.is_some() && zone.began_before(day, start);
            assert!(excused || zone.shows(tick - HOUR).date() < day, "{who} could have been billed before");
        }
    }
}

#[test]
fn mornings_are_on_their_day_and_in_order() {
    for zone in Zone::all() {
        for (day, hour) in zone.days().into_iter().flat_map(|day| [0, 2, 8, 23].map(|hour| (day, hour))) {
            let who = format!("{} {day} {hour}", zone.name);
            let morning = |days| morning(day - 3.days(), days, &zone.zone, hour).unwrap();
            let (at, next) = (morning(3), morning(4));
            let exists = zone.shows(zone.due_at(day)).date();
            let asked = exists.at(hour, 0, 0, 0);
            assert!(zone.shows(at - 1) < asked && asked <= zone.shows(at), "{who}: {}", zone.shows(at));
            assert!(!zone.goes_back_behind(day, at), "{who} comes before an evening");
            assert!(at <= next && (at == next) == (exists > day), "{who} is not before the next");
            assert!(hour > 0 || at == zone.due_at(day), "{who} is not when the day begins");
        }
    }
}

proptest! {
    #[test]
    fn hourly_runs_bill_each_day_once_and_on_its_day(
        chosen in any::<prop::sample::Index>(),
        first in 0..33_000_i64,
        length in 1..40_i64,
    ) {
        static ZONES: std::sync::LazyLock<Vec<Zone>> = std::sync::LazyLock::new(Zone::all);
        let (zone, hourly) = (chosen.get(&ZONES), "0 * * * *".parse::<Schedule>().unwrap());
        let day = |n: i64| date(1970, 1, 10) + (first + n).days();
        let mut open: BTreeMap<Date, Micros> = (0..length).map(|n| (day(n), zone.due_at(day(n)))).collect();
        let mut tick = hourly.after(zone.due_at(day(0)) - 2 * DAY).unwrap();
        while !open.is_empty() {
            let shown = zone.shows(tick).date();
            prop_assert!(shown <= day(length), "{:?} were never billed", open);
            let due: Vec<Date> = open.extract_if(.., |_, at| *at <= tick).map(|(day, _)| day).collect();
            for day in due {
                let skipped = SKIPPED.contains(&(&zone.name, &day.to_string()));
                let expected = if skipped { day + 1.day() } else { day };
                prop_assert_eq!(shown, expected, "{} {}", zone.name, day);
            }
            tick = hourly.after(tick).unwrap();
        }
    }
}

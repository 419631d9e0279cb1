use jiff::ToSpan;
use jiff::civil::date;

use super::*;

fn at(text: &str) -> Micros {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

#[test]
fn a_day_begins_at_the_customers_midnight() {
    for (name, day, begins) in [
        ("UTC", "2026-12-01", "2026-12-01T00:00:00Z"),
        ("Asia/Kathmandu", "2026-12-01", "2026-11-30T18:15:00Z"),
        ("Pacific/Chatham", "2026-12-01", "2026-11-30T10:15:00Z"),
        // Two hours of summer time.
        ("Antarctica/Troll", "2026-07-01", "2026-06-30T22:00:00Z"),
        ("Antarctica/Troll", "2026-12-01", "2026-12-01T00:00:00Z"),
        // Half an hour of summer time, from 02:00.
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z"),
        ("Australia/Lord_Howe", "2026-10-05", "2026-10-04T13:00:00Z"),
        // 00:00 becomes 01:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        // 23:30 becomes 00:30.
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z"),
        // 01:00 becomes 00:00: the first of two midnights.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
        // 00:01 becomes 23:01: the second, for the evening goes on after the first.
        ("America/St_Johns", "2010-11-07", "2010-11-07T03:30:00Z"),
        // Never were.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ("Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00:00Z"),
    ] {
        let due = due_at(day.parse().unwrap(), &zone(name));
        assert_eq!(due, Some(at(begins)), "{name} {day}");
    }
}

#[test]
fn it_is_the_customers_day() {
    let midnight = at("2026-11-30T18:15:00Z");
    assert_eq!(today(midnight, &zone("Asia/Kathmandu")), Some(date(2026, 12, 1)));
    assert_eq!(today(midnight - 1, &zone("Asia/Kathmandu")), Some(date(2026, 11, 30)));
    assert_eq!(today(midnight, &zone("America/Havana")), Some(date(2026, 11, 30)));
}

#[test]
fn a_morning_is_an_hour_of_the_customers() {
    for (name, after, days, hour, comes) in [
        ("Asia/Kathmandu", "2026-12-01", 3, 8, "2026-12-04T02:15:00Z"),
        ("America/New_York", "2026-03-01", 7, 8, "2026-03-08T12:00:00Z"),
        // 02:00 becomes 03:00, and in the other place 02:30.
        ("America/New_York", "2026-03-01", 7, 2, "2026-03-08T07:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03", 1, 2, "2026-10-03T15:30:00Z"),
        // 02:00 becomes 01:00: the first of two.
        ("America/New_York", "2026-10-31", 1, 1, "2026-11-01T05:00:00Z"),
        // The 30th never was; on the 31st it is 8 o'clock, too.
        ("Pacific/Apia", "2011-12-29", 1, 8, "2011-12-30T18:00:00Z"),
        ("Pacific/Apia", "2011-12-29", 2, 8, "2011-12-30T18:00:00Z"),
        // 23:00 becomes midnight: the end of the hour is tomorrow.
        ("America/Nuuk", "2026-03-28", 0, 23, "2026-03-29T01:00:00Z"),
        ("UTC", "2026-12-01", -1, 0, "2026-11-30T00:00:00Z"),
    ] {
        let morning = morning(after.parse().unwrap(), days, &zone(name), hour);
        assert_eq!(morning, Some(at(comes)), "{name} {after} {days} {hour}");
    }
}

#[test]
fn what_no_calendar_holds_is_no_moment() {
    let day = date(2026, 12, 1);
    for (days, hour) in [(i64::MAX, 8), (i64::MIN, 8), (10_000_000, 8), (1, 24), (1, -1)] {
        assert_eq!(morning(day, days, &TimeZone::UTC, hour), None, "{days} {hour}");
    }
    assert_eq!(due_at(Date::MAX, &zone("America/New_York")), None);
    assert!(due_at(Date::MAX - 2.days(), &zone("Europe/Paris")).is_some());
    assert_eq!(today(Micros::MAX, &TimeZone::UTC), None);
}

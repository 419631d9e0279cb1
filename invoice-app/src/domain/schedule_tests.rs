use proptest::prelude::*;
use service::clock::DAY;

use super::*;

const HOUR: Micros = 3_600 * SECOND;

fn schedule(text: &str) -> Schedule {
    text.parse().unwrap()
}

fn at(text: &str) -> Micros {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

#[test]
fn every_hour_is_every_hour() {
    for text in ["0 * * * *", "@hourly", " 0  */1 * * * "] {
        let hourly = schedule(text);
        assert_eq!(hourly.after(at("2026-12-01T04:00:00Z")), Some(at("2026-12-01T05:00:00Z")));
        assert_eq!(hourly.after(at("2026-12-01T04:59:59.999999Z")), Some(at("2026-12-01T05:00:00Z")));
    }
}

#[test]
fn the_fields_are_minute_hour_day_month_weekday() {
    let from = at("2026-12-01T00:00:00Z");
    for (text, tick) in [
        ("*/5 * * * *", "2026-12-01T00:05:00Z"),
        ("30 5 * * *", "2026-12-01T05:30:00Z"),
        ("0 0 15 * *", "2026-12-15T00:00:00Z"),
        ("0 0 1 2 *", "2027-02-01T00:00:00Z"),
        ("0 6 * * 0", "2026-12-06T06:00:00Z"),
        ("0 6 * * 7", "2026-12-06T06:00:00Z"),
        ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
        // As in every cron: a day of the month or of the week, when both are given.
        ("0 0 15 * MON", "2026-12-07T00:00:00Z"),
    ] {
        assert_eq!(schedule(text).after(from), Some(at(tick)), "{text}");
    }
}

#[test]
fn what_is_no_schedule_says_what_to_give_instead() {
    for (text, says) in [
        ("", "it has 0 fields; give the five of cron in UTC"),
        ("* * * *", "it has 4 fields"),
        ("0 0 * * * *", "it has 6 fields"),
        ("0 0 * * * * 2026", "it has 7 fields"),
        ("60 * * * *", "minute 0-59"),
        ("0 24 * * *", "hour 0-23"),
        ("0 0 0 * *", "day 1-31"),
        ("0 0 * 13 *", "month 1-12"),
        ("0 0 * * 8", "weekday 0-7"),
        ("*/0 * * * *", "a field is misspelt"),
        ("a * * * *", "a field is misspelt"),
        ("@often", "a field is misspelt"),
        ("@hourly @hourly", "a field is misspelt"),
        ("0 0 30 2 *", "its day never comes"),
    ] {
        let error = text.parse::<Schedule>().unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn what_was_missed_comes_once_however_long_ago_it_was() {
    let hourly = schedule("@hourly");
    let now = at("2026-12-01T05:42:10Z");
    assert_eq!(hourly.latest(0, now), Some(at("2026-12-01T05:00:00Z")));
    assert_eq!(hourly.latest(Micros::MIN, now), Some(at("2026-12-01T05:00:00Z")));
    assert_eq!(schedule("0 0 29 2 *").latest(0, now), Some(at("2024-02-29T00:00:00Z")));
}

#[test]
fn a_tick_belongs_to_the_range_that_ends_with_it() {
    let hourly = schedule("@hourly");
    let tick = at("2026-12-01T05:00:00Z");
    assert_eq!(hourly.latest(tick - 1, tick), Some(tick));
    assert_eq!(hourly.latest(tick, tick + HOUR - 1), None);
    assert_eq!(hourly.latest(tick, tick), None);
    assert_eq!(hourly.latest(tick + HOUR, tick), None);
}

#[test]
fn a_moment_outside_of_the_calendar_has_no_ticks() {
    let hourly = schedule("@hourly");
    for t in [Micros::MIN, Micros::MAX] {
        assert_eq!((hourly.after(t), hourly.latest(Micros::MIN, t)), (None, None));
    }
}

#[test]
fn a_tick_is_named_by_its_minute() {
    assert_eq!(scope_key(at("2026-12-01T05:00:00Z")), "due/2026-12-01T05:00Z");
    assert_eq!(scope_key(at("2026-02-03T23:05:00Z")), "due/2026-02-03T23:05Z");
}

/// Ticks by looking at every minute, with fields read by nothing but `==`.
fn brute(times: &[(i8, i8)], from: Micros, to: Micros) -> Vec<Micros> {
    let first = from.div_euclid(MINUTE) + 1;
    let minutes = (first..=to.div_euclid(MINUTE)).map(|minute| minute * MINUTE);
    let ticks = |t: &Micros| {
        let shown = minute(*t).unwrap();
        times.contains(&(shown.hour(), shown.minute()))
    };
    minutes.filter(ticks).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn after_and_latest_agree_with_a_look_at_every_minute(
        hour in prop::option::of(0..24_i8),
        minute in 0..60_i8,
        from in at("1969-12-01T00:00:00Z")..at("2100-01-01T00:00:00Z"),
        length in 0..3 * DAY,
    ) {
        let text = format!("{minute} {} * * *", hour.map_or("*".to_owned(), |hour| hour.to_string()));
        let times: Vec<_> = (0..24).filter(|h| hour.is_none_or(|hour| hour == *h)).map(|h| (h, minute)).collect();
        let (schedule, to) = (schedule(&text), from + length);
        let ticks = brute(&times, from, to);
        prop_assert_eq!(schedule.latest(from, to), ticks.last().copied());
        prop_assert_eq!(schedule.after(from).filter(|tick| *tick <= to), ticks.first().copied());
    }

    #[test]
    fn latest_is_the_last_that_after_comes_to(
        text in prop::sample::select(vec![
            "*/7 * * * *", "5,35 2-4 * * *", "0 0 1 * *", "0 12 31 * *", "15 6 29 2 *", "0 8 * * 1-5", "0 0 13 * 5",
        ]),
        from in at("1969-12-01T00:00:00Z")..at("2100-01-01T00:00:00Z"),
        length in 0..400 * DAY,
    ) {
        let schedule = schedule(text);
        let length = if text.starts_with('*') { length / 100 } else { length };
        let to = from + length;
        let next = |t: &Micros| schedule.after(*t).filter(|tick| *tick <= to);
        let last = std::iter::successors(next(&from), next).last();
        prop_assert_eq!(schedule.latest(from, to), last);
    }

    #[test]
    fn what_can_be_read_can_be_asked(text in "([-*/,0-9LW#?+A-Z]{1,3} ){4}[-*/,0-9LW#?+A-Z]{1,3}") {
        if let Ok(schedule) = text.parse::<Schedule>() {
            let tick = schedule.after(0).unwrap();
            prop_assert_eq!(schedule.latest(0, tick), Some(tick));
        }
    }
}

#[test]
fn a_tick_is_read_from_its_scope_key() {
    let at = 1_796_101_200 * SECOND;
    assert_eq!(tick(&scope_key(at)), Some(at));
    assert_eq!(tick("due/tomorrow"), None);
}

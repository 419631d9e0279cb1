//! How fast a run goes, in whole numbers.

use std::time::Duration;

use super::run::Run;

/// Sooner nothing can be said.
const SOONEST: Duration = Duration::from_secs(1);

/// `12.3/s, about 20 s left`, from what was done since somebody watches; `paused` when nothing new begins.
pub(super) fn pace(run: &Run, done_before: u64, watched: Duration) -> Option<String> {
    if run.state == "paused" {
        return Some("paused".into());
    }
    let done = run.invoices.done().saturating_sub(done_before);
    if done == 0 || watched < SOONEST {
        return None;
    }
    let millis = watched.as_millis();
    let tenths = u128::from(done) * 10_000 / millis;
    let left = u128::from(run.invoices.remaining) * millis / u128::from(done);
    let left = span(Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX)));
    Some(format!("{}.{}/s, about {left} left", tenths / 10, tenths % 10))
}

/// A time as people say it.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::sample;

    #[test]
    fn the_pace_is_that_of_the_time_somebody_watches() {
        let run = sample::run("running");
        let told = |before, millis| pace(&run, before, Duration::from_millis(millis));
        assert_eq!(told(0, 60_000).as_deref(), Some("13.0/s, about 16 s left"));
        assert_eq!(told(683, 60_000).as_deref(), Some("1.6/s, about 2 min left"));
        assert_eq!(told(782, 999), None);
        assert_eq!(told(783, 60_000), None);
        assert_eq!(told(900, 60_000), None, "counts that went back are no pace");
    }

    #[test]
    fn a_paused_run_has_no_end_in_sight() {
        assert_eq!(pace(&sample::run("paused"), 0, Duration::from_mins(1)).as_deref(), Some("paused"));
    }

    #[test]
    fn times_are_told_in_the_units_people_use() {
        let told = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([told(0), told(119), told(120), told(7_199)], ["0 s", "119 s", "2 min", "119 min"]);
        assert_eq!([told(7_200), told(90_061)], ["2 h 0 min", "25 h 1 min"]);
    }
}

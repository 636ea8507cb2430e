//! The wall clock beside the monotonic one: event dates come from the first, durations from the second.
//!
//! It reads neither; both are told to it.

use softframe_sip::Instant;

/// A jump of the wall against the monotonic clock beyond this is a machine that slept (design.md 2).
const MAX_DRIFT_MILLIS: u64 = 5_000;

/// What the wall clock said, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    told: Option<(Instant, u64)>,
}

impl Clock {
    /// Takes the wall's milliseconds since 1970; says whether the machine slept meanwhile.
    pub(crate) fn tell(&mut self, now: Instant, wall: u64) -> bool {
        let slept = self.told.is_some() && self.wall(now).abs_diff(wall) > MAX_DRIFT_MILLIS;
        self.told = Some((now, wall));
        slept
    }

    /// Milliseconds since 1970 at `now`, 0 while nothing was told.
    pub(crate) fn wall(&self, now: Instant) -> u64 {
        self.told.map_or(0, |(then, wall)| wall.saturating_add(now.since(then)))
    }
}

/// ISO 8601 with milliseconds and Z.
pub(crate) fn iso8601(wall: u64) -> String {
    let (days, millis) = (wall / 86_400_000, wall % 86_400_000);
    let (year, month, day) = civil(days);
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, rest) = (millis / 1_000 % 60, millis % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{rest:03}Z")
}

/// Year, month and day of a day number since 1970 in the Gregorian calendar. The year is taken to begin in March,
/// so that the leap day is its last.
fn civil(days: u64) -> (u64, u64, u64) {
    let since_march_0 = days + 719_468;
    let era = since_march_0 / 146_097;
    let day_of_era = since_march_0 % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// `mm:ss`, from an hour on `h:mm:ss`.
pub(crate) fn minutes(seconds: u64) -> String {
    match seconds / 3_600 {
        0 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// `m:ss`, for what rings or waits.
pub(crate) fn short_minutes(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_across_leap_years() {
        for (wall, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_684_681_819_342, "2023-05-21T15:10:19.342Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] {
            assert_eq!(iso8601(wall), text);
        }
    }

    #[test]
    fn a_wall_that_jumps_five_seconds_means_sleep() {
        let mut clock = Clock::default();
        assert!(!clock.tell(Instant(100), 1_000_000));
        assert!(!clock.tell(Instant(200), 1_005_100));
        assert!(clock.tell(Instant(300), 1_010_201));
        assert_eq!(clock.wall(Instant(400)), 1_010_301);
    }

    #[test]
    fn times_are_written_as_on_screen() {
        assert_eq!(
            (minutes(182).as_str(), minutes(3_661).as_str(), short_minutes(8).as_str()),
            ("03:02", "1:01:01", "0:08")
        );
    }
}

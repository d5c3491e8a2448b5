//! When a schedule fires: the calendar of a cron expression in a time zone.
//!
//! Where a zone's clock jumps forward, a local time in the gap does not exist and Scheduler skips that fire;
//! where it is set back, a local time that comes twice fires once.
//! Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>, checked 2026-09.

use super::field::{DayOfMonth, DayOfWeek};
use super::{Cron, Expression, Refusal, parse};
use crate::limits::FIRST_YEAR;
use chrono::{DateTime, Datelike, Days, Duration, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

/// One local time that a cron expression names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fire {
    /// It exists once (or twice, and the first is taken).
    At(DateTime<Tz>),
    /// The clock jumps over it: no fire.
    Skipped(NaiveDateTime),
}

/// The shortest time between two fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Seconds.
    pub seconds: u64,
    /// The earlier of two such fires; `None` for a rate.
    pub from: Option<DateTime<Utc>>,
}

/// The next `n` fires strictly after an instant. A rate is counted from that instant.
///
/// Fewer than `n` come back where the schedule ends (a year field, `at(…)`).
pub fn next(
    expression: &str,
    zone: Tz,
    after: DateTime<Utc>,
    n: usize,
) -> Result<Vec<DateTime<Tz>>, Refusal> {
    let start = after.with_timezone(&zone);
    Ok(match parse(expression)? {
        Expression::Cron(cron) => fires(&cron, zone, after)
            .filter_map(|fire| match fire {
                Fire::At(at) => Some(at),
                Fire::Skipped(_) => None,
            })
            .take(n)
            .collect(),
        Expression::Rate { minutes } => {
            let step = i64::try_from(minutes).ok().and_then(Duration::try_minutes);
            std::iter::successors(Some(start), |at| at.checked_add_signed(step?)).skip(1).take(n).collect()
        }
        Expression::At(local) => zone
            .from_local_datetime(&local)
            .earliest()
            .filter(|at| *at > start)
            .into_iter()
            .take(n)
            .collect(),
    })
}

/// Local times that the zone's clock jumps over, among the fires of the two years from `FIRST_YEAR` on.
pub fn skipped_times(cron: &Cron, zone: Tz) -> Vec<NaiveDateTime> {
    let Some((start, end)) = window(2) else { return Vec::new() };
    changes(cron, zone, start.date_naive(), end.date_naive())
        .filter(|local| matches!(zone.from_local_datetime(local), LocalResult::None))
        .collect()
}

/// The first local time of each kind that the expression names in the two years after an instant and the zone's clock
/// does not go through once.
pub fn clock_hazards(cron: &Cron, zone: Tz, after: DateTime<Utc>) -> ClockHazards {
    let from = after.with_timezone(&zone).naive_local();
    let until = from.date().checked_add_days(Days::new(2 * 365)).unwrap_or(from.date());
    let mut found = ClockHazards::default();
    for local in changes(cron, zone, from.date(), until).filter(|local| *local > from) {
        match zone.from_local_datetime(&local) {
            LocalResult::None => found.skipped = found.skipped.or(Some(local)),
            LocalResult::Ambiguous(..) => found.twice = found.twice.or(Some(local)),
            LocalResult::Single(_) => {}
        }
    }
    found
}

/// What [`clock_hazards`] finds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockHazards {
    /// The clock jumps over it: no fire.
    pub skipped: Option<NaiveDateTime>,
    /// It comes twice: one fire, the first time.
    pub twice: Option<NaiveDateTime>,
}

/// The local times that the expression names on days on which the zone's clock is changed.
fn changes(cron: &Cron, zone: Tz, from: NaiveDate, until: NaiveDate) -> impl Iterator<Item = NaiveDateTime> + '_ {
    let year = u32::try_from(from.year()).unwrap_or(0);
    dates(cron, year)
        .skip_while(move |date| *date < from)
        .take_while(move |date| *date < until)
        .filter(move |date| clock_changes(*date, zone))
        .flat_map(move |date| times_of(cron, date))
}

/// Whether a zone's offset is another one before a date than after it: one look instead of one per fire.
fn clock_changes(date: NaiveDate, zone: Tz) -> bool {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    let offset = |hours: i64| {
        let at = midnight.checked_add_signed(Duration::hours(hours)).unwrap_or(midnight);
        zone.offset_from_utc_datetime(&at).fix()
    };
    offset(-15) != offset(39)
}

/// The shortest time between two fires, over the two years from `FIRST_YEAR` on (at most 2,000 fires of it);
/// `None` if it fires less than twice in them.
pub fn shortest_interval(expression: &Expression, zone: Tz) -> Option<Interval> {
    match expression {
        Expression::At(_) => None,
        Expression::Rate { minutes } => Some(Interval { seconds: minutes.saturating_mul(60), from: None }),
        Expression::Cron(cron) => {
            let (start, end) = window(2)?;
            let mut shortest: Option<Interval> = None;
            let mut last: Option<DateTime<Tz>> = None;
            for fire in fires(cron, zone, start).take(2_000) {
                let Fire::At(at) = fire else { continue };
                if at > end {
                    break;
                }
                if let Some(before) = last {
                    let seconds = u64::try_from((at - before).num_seconds()).unwrap_or(0);
                    if shortest.is_none_or(|known| seconds < known.seconds) {
                        shortest = Some(Interval { seconds, from: Some(before.with_timezone(&Utc)) });
                    }
                }
                last = Some(at);
            }
            shortest
        }
    }
}

/// Whether it names any day from `FIRST_YEAR` on.
pub(super) fn fires_ever(cron: &Cron) -> bool {
    u32::try_from(FIRST_YEAR).is_ok_and(|first| dates(cron, first).next().is_some())
}

fn window(years: i32) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let first = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single();
    Some((first(FIRST_YEAR)?, first(FIRST_YEAR + years)?))
}

fn fires(cron: &Cron, zone: Tz, after: DateTime<Utc>) -> impl Iterator<Item = Fire> + '_ {
    let start = after.with_timezone(&zone);
    let from = start.date_naive();
    let year = u32::try_from(from.year()).unwrap_or(0);
    dates(cron, year)
        .skip_while(move |date| *date < from)
        .flat_map(move |date| times_of(cron, date))
        .filter_map(move |local| match zone.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => (at > start).then_some(Fire::At(at)),
            LocalResult::None => (local > start.naive_local()).then_some(Fire::Skipped(local)),
        })
}

/// The local times of a date.
fn times_of(cron: &Cron, date: NaiveDate) -> impl Iterator<Item = NaiveDateTime> + '_ {
    cron.hours.iter().flat_map(move |hour| {
        cron.minutes.iter().filter_map(move |minute| date.and_hms_opt(*hour, *minute, 0))
    })
}

/// The dates that the expression names, in order, from a year on.
fn dates(cron: &Cron, from_year: u32) -> impl Iterator<Item = NaiveDate> + '_ {
    cron.years.range(from_year..).flat_map(move |year| {
        let year = i32::try_from(*year).unwrap_or(i32::MAX);
        cron.months.iter().flat_map(move |month| days(&cron.days, year, *month))
    })
}

fn days(days: &super::Days, year: i32, month: u32) -> Vec<NaiveDate> {
    let all: Vec<NaiveDate> = (1..=31).filter_map(|day| NaiveDate::from_ymd_opt(year, month, day)).collect();
    let mut found: Vec<NaiveDate> = match days {
        super::Days::OfMonth(parts) => parts.iter().filter_map(|part| day_of_month(*part, &all)).collect(),
        super::Days::OfWeek(parts) => parts
            .iter()
            .flat_map(|part| {
                let of = |day: u32| all.iter().copied().filter(move |date| weekday_number(*date) == day);
                match *part {
                    DayOfWeek::Day(day) => of(day).collect::<Vec<_>>(),
                    DayOfWeek::Last(day) => of(day).next_back().into_iter().collect(),
                    DayOfWeek::Nth(day, nth) => of(day).nth(nth as usize - 1).into_iter().collect(),
                }
            })
            .collect(),
    };
    found.sort();
    found.dedup();
    found
}

fn day_of_month(part: DayOfMonth, all: &[NaiveDate]) -> Option<NaiveDate> {
    match part {
        DayOfMonth::Day(day) => all.iter().copied().find(|date| date.day() == day),
        DayOfMonth::Last => all.last().copied(),
        DayOfMonth::LastWeekday => all.iter().rev().copied().find(|date| is_weekday(*date)),
        DayOfMonth::NearestWeekday(day) => {
            let wanted = all.iter().copied().find(|date| date.day() == day)?;
            // Saturday gives the Friday before, Sunday the Monday after, never in another month.
            let offsets: [i64; 4] = match wanted.weekday() {
                Weekday::Sat => [-1, 2, 0, 0],
                Weekday::Sun => [1, -2, 0, 0],
                _ => [0, 0, 0, 0],
            };
            offsets
                .into_iter()
                .filter_map(|days| wanted.checked_add_signed(Duration::days(days)))
                .find(|date| date.month() == wanted.month())
        }
    }
}

fn is_weekday(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// 1 is Sunday.
fn weekday_number(date: NaiveDate) -> u32 {
    date.weekday().num_days_from_sunday() + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn times(text: &str, zone: &str, after: &str, n: usize) -> Vec<String> {
        next(text, zone.parse().unwrap(), after.parse().unwrap(), n)
            .unwrap()
            .iter()
            .map(|at| at.format("%a %Y-%m-%d %H:%M %z").to_string())
            .collect()
    }

    #[test]
    fn fires_in_order_after_the_instant() {
        assert_eq!(
            times("cron(0 2 * * ? *)", "UTC", "2026-01-05T02:00:00Z", 2),
            ["Tue 2026-01-06 02:00 +0000", "Wed 2026-01-07 02:00 +0000"]
        );
        assert_eq!(
            times("cron(30 8,17 ? * MON-FRI *)", "Europe/Berlin", "2026-01-09T08:00:00Z", 3),
            ["Fri 2026-01-09 17:30 +0100", "Mon 2026-01-12 08:30 +0100", "Mon 2026-01-12 17:30 +0100"]
        );
        assert_eq!(times("cron(0 0 29 2 ? *)", "UTC", "2026-01-01T00:00:00Z", 1), ["Tue 2028-02-29 00:00 +0000"]);
    }

    #[test]
    fn last_nearest_and_nth() {
        let year = "2026-01-01T00:00:00Z";
        assert_eq!(times("cron(0 0 L * ? *)", "UTC", year, 2), [
            "Sat 2026-01-31 00:00 +0000",
            "Sat 2026-02-28 00:00 +0000"
        ]);
        assert_eq!(times("cron(0 0 LW * ? *)", "UTC", year, 1), ["Fri 2026-01-30 00:00 +0000"]);
        // 2026-02-01 is a Sunday, 2026-08-01 a Saturday that may not leave its month.
        assert_eq!(times("cron(0 0 1W 2,8 ? *)", "UTC", year, 2), [
            "Mon 2026-02-02 00:00 +0000",
            "Mon 2026-08-03 00:00 +0000"
        ]);
        assert_eq!(times("cron(0 0 ? * 6#2 *)", "UTC", year, 1), ["Fri 2026-01-09 00:00 +0000"]);
        assert_eq!(times("cron(0 0 ? * FRIL *)", "UTC", year, 1), ["Fri 2026-01-30 00:00 +0000"]);
    }

    #[test]
    fn the_clock_jumps_forward_and_back() {
        let Ok(Expression::Cron(cron)) = parse("cron(30 2 * * ? *)") else { panic!("refused") };
        let skipped = skipped_times(&cron, "Europe/Berlin".parse().unwrap());
        let text: Vec<String> = skipped.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["2026-03-29 02:30:00", "2027-03-28 02:30:00"]);
        assert!(skipped_times(&cron, chrono_tz::UTC).is_empty());
        let hazards = clock_hazards(&cron, "Europe/Berlin".parse().unwrap(), "2026-03-29T12:00:00Z".parse().unwrap());
        let texts = [hazards.skipped, hazards.twice].map(|local| local.unwrap().to_string());
        assert_eq!(texts, ["2027-03-28 02:30:00", "2026-10-25 02:30:00"]);
        assert_eq!(clock_hazards(&cron, chrono_tz::UTC, "2026-03-29T12:00:00Z".parse().unwrap()), ClockHazards::default());
        // Skipped in spring; in autumn the repeated 02:30 fires once.
        assert_eq!(times("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T12:00:00Z", 1), [
            "Mon 2026-03-30 02:30 +0200"
        ]);
        assert_eq!(times("cron(30 2 25,26 10 ? 2026)", "Europe/Berlin", "2026-01-01T00:00:00Z", 9), [
            "Sun 2026-10-25 02:30 +0200",
            "Mon 2026-10-26 02:30 +0100"
        ]);
    }

    #[test]
    fn intervals() {
        let seconds = |text: &str, zone: &str| {
            shortest_interval(&parse(text).unwrap(), zone.parse().unwrap()).map(|interval| interval.seconds)
        };
        assert_eq!(seconds("cron(0 2 * * ? *)", "UTC"), Some(86_400));
        assert_eq!(seconds("cron(0 4 * * ? *)", "Europe/Berlin"), Some(82_800));
        assert_eq!(seconds("cron(0/15 * * * ? *)", "UTC"), Some(900));
        assert_eq!(seconds("cron(0 9,17 ? * MON-FRI *)", "UTC"), Some(28_800));
        assert_eq!(seconds("rate(2 hours)", "UTC"), Some(7_200));
        assert_eq!(seconds("cron(0 2 1 1 ? 2026)", "UTC"), None);
    }

    #[test]
    fn rates_and_single_times() {
        assert_eq!(times("rate(2 hours)", "UTC", "2026-01-01T00:00:00Z", 2), [
            "Thu 2026-01-01 02:00 +0000",
            "Thu 2026-01-01 04:00 +0000"
        ]);
        assert_eq!(times("at(2026-07-01T12:00:00)", "Europe/Berlin", "2026-01-01T00:00:00Z", 5), [
            "Wed 2026-07-01 12:00 +0200"
        ]);
    }
}

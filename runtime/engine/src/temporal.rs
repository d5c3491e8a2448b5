//! Dates and timestamps as texts, and back: one reading for JSONL, CSV, partition folders, literals.
//!
//! A date is `YYYY-MM-DD`. A timestamp is RFC 3339 with `Z` or an offset; it is kept in UTC to the
//! microsecond, finer digits are cut off. A timestamp without an offset is refused, since nothing says which
//! clock it was read from.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};

/// Days from 0001-01-01 (day 1 of the common era) to 1970-01-01.
const EPOCH_FROM_CE: i32 = 719_163;

/// Days since 1970-01-01.
pub fn parse_date(text: &str) -> Result<i32, String> {
    let bytes = text.as_bytes();
    if let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = bytes
        && let (Some(year), Some(month), Some(day)) =
            (digits(&[*y0, *y1, *y2, *y3]), digits(&[*m0, *m1]), digits(&[*d0, *d1]))
    {
        return days(year, month, day).ok_or_else(|| format!("`{text}` is no day of the calendar"));
    }
    Err(format!("`{}` is no date, expected `YYYY-MM-DD`", shorten(text)))
}

/// Microseconds since 1970-01-01T00:00:00Z.
pub fn parse_timestamp(text: &str) -> Result<i64, String> {
    if let Some(micros) = parse_plain(text.as_bytes()) {
        return Ok(micros);
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => Ok(instant.timestamp_micros()),
        Err(_) => {
            let example = "expected RFC 3339, such as `2026-01-05T02:00:00Z`";
            if DateTime::parse_from_rfc3339(&format!("{text}Z")).is_ok() {
                Err(format!("`{text}` has no offset from UTC: end it with `Z` or, say, `+02:00`"))
            } else if text.len() == 10 && parse_date(text).is_ok() {
                Err(format!("`{text}` is a date, not a timestamp, {example}"))
            } else {
                Err(format!("`{}` is no timestamp, {example}", shorten(text)))
            }
        }
    }
}

/// The form that nearly all timestamps have: `YYYY-MM-DDThh:mm:ss[.f…]Z`.
fn parse_plain(bytes: &[u8]) -> Option<i64> {
    let (head, rest) = bytes.split_at_checked(19)?;
    let [
        y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1,
    ] = head
    else {
        return None;
    };
    let day = days(digits(&[*y0, *y1, *y2, *y3])?, digits(&[*m0, *m1])?, digits(&[*d0, *d1])?)?;
    let (hour, minute, second) = (digits(&[*h0, *h1])?, digits(&[*n0, *n1])?, digits(&[*s0, *s1])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let micros = match rest {
        [b'Z'] => 0,
        [b'.', fraction @ .., b'Z'] if !fraction.is_empty() => {
            let mut micros = 0;
            let mut unit = 100_000;
            for byte in fraction {
                micros += i64::from(digits(&[*byte])?) * unit;
                unit /= 10;
            }
            micros
        }
        _ => return None,
    };
    let seconds = i64::from(day) * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    Some(seconds * 1_000_000 + micros)
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
    })
}

/// The number of a day; `None` where the calendar does not have it.
pub fn days(year: u32, month: u32, day: u32) -> Option<i32> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.num_days_from_ce() - EPOCH_FROM_CE)
}

/// `YYYY-MM-DD`; days that the calendar library does not reach, as a number.
pub fn format_date(days: i32) -> String {
    match days
        .checked_add(EPOCH_FROM_CE)
        .and_then(NaiveDate::from_num_days_from_ce_opt)
    {
        Some(date) => date.format("%Y-%m-%d").to_string(),
        None => format!("day {days}"),
    }
}

/// RFC 3339 in UTC with as many fractional digits (0, 3 or 6) as are needed.
pub fn format_timestamp(micros: i64) -> String {
    match DateTime::<Utc>::from_timestamp_micros(micros) {
        Some(instant) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => format!("microsecond {micros}"),
    }
}

/// Seconds as a number: `90`, `0.25`.
pub fn format_duration(micros: i64) -> String {
    let (whole, part) = (micros / 1_000_000, (micros % 1_000_000).unsigned_abs());
    if part == 0 {
        return whole.to_string();
    }
    let sign = if micros < 0 && whole == 0 { "-" } else { "" };
    let fraction = format!("{part:06}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

/// At most 60 characters of a text, for messages.
pub fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(59).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn plain_and_general_forms_agree() {
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(parse_timestamp("1970-01-01T00:00:00.5Z"), Ok(500_000));
        assert_eq!(parse_timestamp("1969-12-31T23:59:59.999999999Z"), Ok(-1));
        assert_eq!(parse_timestamp("1970-01-01T02:00:00+02:00"), Ok(0));
        for text in ["2026-02-28T23:59:59Z", "2000-02-29T12:00:00.123456Z", "0001-01-01T00:00:00Z"] {
            let general = DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros();
            assert_eq!(parse_plain(text.as_bytes()), Some(general), "{text}");
        }
    }

    #[test]
    fn refusals_say_what_to_write() {
        for (text, part) in [
            ("2026-02-30T00:00:00Z", "is no timestamp"),
            ("2026-01-05T02:00:00", "no offset"),
            ("2026-01-05", "is a date"),
            ("2026-01-05T25:00:00Z", "is no timestamp"),
            ("", "is no timestamp"),
        ] {
            assert!(parse_timestamp(text).unwrap_err().contains(part), "{text}");
        }
        assert!(parse_date("2026-02-30").unwrap_err().contains("no day"));
        assert!(parse_date("5.1.2026").unwrap_err().contains("YYYY-MM-DD"));
    }

    #[test]
    fn texts_come_back() {
        assert_eq!(format_date(parse_date("2026-01-05").unwrap()), "2026-01-05");
        assert_eq!(format_timestamp(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(format_timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(format_duration(-250_000), "-0.25");
        assert_eq!(format_duration(90_000_000), "90");
    }
}

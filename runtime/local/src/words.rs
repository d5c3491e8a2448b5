//! How figures are written for people: `54,546`, `1.2 MB`, `0.41 s`.

use std::time::Duration;

/// With commas between thousands.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its word: `1 file`, `24 rows`.
pub fn count(value: u64, word: &str) -> String {
    match value {
        1 => format!("1 {word}"),
        _ => format!("{} {word}s", number(value)),
    }
}

/// `once`, `twice`, `3 times`.
pub fn times(value: u64) -> String {
    match value {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{} times", number(value)),
    }
}

/// In powers of ten: `812 B`, `4.1 kB`, `35 MB`.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if value < 1000 {
        return format!("{value} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut amount = value as f64 / 1000.0;
    let mut unit = "kB";
    for next in UNITS.iter().skip(1) {
        if amount < 999.5 {
            break;
        }
        amount /= 1000.0;
        unit = next;
    }
    if amount < 9.95 { format!("{amount:.1} {unit}") } else { format!("{amount:.0} {unit}") }
}

/// `0.04 s`, `12.3 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`.
pub fn time(value: Duration) -> String {
    let seconds = value.as_secs_f64();
    if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = value.as_secs_f64().round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of seconds")]
        let whole = whole as u64;
        match whole {
            0..3_600 => format!("{} min {} s", whole / 60, whole % 60),
            3_600..86_400 => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
            _ => format!("{} d {} h", whole / 86_400, whole % 86_400 / 3_600),
        }
    }
}

/// A length of time that was written in whole seconds: `30 s`, `5 min`, `1 h 30 min`.
pub fn length(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        if left >= size {
            parts.push(format!("{} {unit}", left / size));
            left %= size;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// One line of at most so many characters.
pub fn short(text: &str, limit: usize) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    if words.chars().count() <= limit {
        return words;
    }
    words.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// Lines of at most so many characters, broken at spaces; a word that is longer has its own.
pub fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        // What is indented was laid out by somebody.
        if line.starts_with([' ', '\t']) || line.chars().count() <= limit {
            lines.push(line.trim_end().to_owned());
            continue;
        }
        for word in line.split(' ') {
            if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > limit {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(short("a\n  b c", 10), "a b c");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(wrap("one two three\n  as it was here\nunbreakable", 7), ["one two", "three", "  as it was here", "unbreakable"]);
    }

    #[test]
    fn figures() {
        let numbers = [0, 12, 999, 1000, 54_546, 1_234_567].map(number);
        assert_eq!(numbers, ["0", "12", "999", "1,000", "54,546", "1,234,567"]);
        let sizes = [0, 999, 4_100, 35_400_000, 999_600].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "4.1 kB", "35 MB", "1.0 MB"]);
        let times = [40, 12_340, 185_000, 3_599_600, 7_530_000, 90_000_000].map(|ms| time(Duration::from_millis(ms)));
        assert_eq!(times, ["0.04 s", "12.3 s", "3 min 5 s", "1 h 0 min", "2 h 5 min", "1 d 1 h"]);
        assert_eq!([0, 30, 300, 5_400, 90_061].map(length), ["0 s", "30 s", "5 min", "1 h 30 min", "1 d 1 h 1 min 1 s"]);
        assert_eq!((count(1, "row"), count(2000, "row")), ("1 row".into(), "2,000 rows".into()));
    }
}

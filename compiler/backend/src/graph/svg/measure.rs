//! How much room a text needs. Nothing is known of the reader's fonts: the widths are those of a wide one.

use super::{Size, escape, number};
use crate::graph::layout::Area;
use std::fmt::Write;

/// The widest line of a box; longer ones are broken.
pub(super) const WIDEST: f64 = 250.0;
/// The first line of a box, its name.
const NAME: f64 = 13.0;
/// Its other lines.
const REST: f64 = 11.5;

/// The lines of a box.
pub(super) struct Text {
    /// With whether each is of the name.
    lines: Vec<(String, bool)>,
    pub(super) size: Size,
}

impl Text {
    pub(super) fn of(text: &[String]) -> Text {
        let mut lines = Vec::new();
        for (at, line) in text.iter().enumerate() {
            let (size, wide) = if at == 0 { (NAME, 1.08) } else { (REST, 1.0) };
            lines.extend(broken(line, size * wide).into_iter().map(|line| (line, at == 0)));
        }
        let widths = lines.iter().map(|(line, name)| width(line, if *name { NAME * 1.08 } else { REST }));
        let size = Size {
            width: widths.fold(0.0, f64::max).ceil(),
            height: lines.iter().map(|(_, name)| height(*name)).sum(),
        };
        Text { lines, size }
    }

    /// In the middle of an area.
    pub(super) fn write(&self, area: Area, out: &mut String) {
        let x = number(area.x + area.size.width / 2.0);
        let mut y = area.y + (area.size.height - self.size.height) / 2.0;
        for (line, name) in &self.lines {
            y += height(*name);
            let class = if *name { " class=\"name\"" } else { "" };
            let _ = writeln!(out, "<text{class} x=\"{x}\" y=\"{}\">{}</text>", number(y - 4.0), escape(line));
        }
    }
}

fn height(name: bool) -> f64 {
    if name { 17.0 } else { 15.0 }
}

/// A text's width at a size of the font.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(of).sum::<f64>() * size
}

fn of(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' | ' ' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' => 0.43,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.96,
        'A'..='Z' | '=' | '<' | '>' | '+' | '×' | '…' => 0.76,
        ' '..='~' => 0.62,
        // Letters of other scripts are as wide as they are high, at most.
        '\u{1100}'.. => 1.05,
        _ => 0.7,
    }
}

/// Lines no wider than [`WIDEST`], broken between words, or in one that is too long.
fn broken(text: &str, size: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, size) <= WIDEST {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            if width(&line, size) + of(c) * size > WIDEST {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

/// Its beginning, if it is wider than there is room.
pub(super) fn shorten(text: &str, most: f64, size: f64) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = of('…') * size;
    for c in text.chars() {
        used += of(c) * size;
        if used > most {
            break;
        }
        shown.push(c);
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words_or_in_them() {
        let text = "a condition that is too long to stand on one line of a box in a drawing";
        let lines = broken(text, REST);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), text);
        assert!(lines.iter().all(|line| width(line, REST) <= WIDEST));
        let word = "w".repeat(80);
        assert_eq!(broken(&word, REST).concat(), word);
        assert_eq!(broken("", REST), [""]);
    }

    #[test]
    fn a_title_is_cut_where_its_room_ends() {
        assert_eq!(shorten("short", 100.0, 12.0), "short");
        let cut = shorten(&"long ".repeat(40), 100.0, 12.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0) <= 100.0, "{cut}");
    }
}

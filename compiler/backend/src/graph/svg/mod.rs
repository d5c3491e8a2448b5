//! A drawing as a picture: SVG that reads on its own. It has no script, no font and no style from elsewhere; its colours
//! are for a light page or a dark one, whichever the reader's is.
//!
//! A page that holds it can go from the picture to the program and back: each box has an `id` (`nightly.copy`; what has
//! no name, `nightly.12:3` after its place) and says where in the program it stands.
//!
//! ```text
//! <g class="box step" id="nightly.copy" data-kind="step" data-flow="nightly" data-name="copy"
//!    data-file="nightly.flow" data-line="41" data-column="3" data-end-line="41" data-end-column="68" …>
//! ```

mod measure;
mod shapes;

use super::layout::{Around, Item, Layout, Link, Point, Problem, Route, Size};
use super::{Box, Drawing, Line, LineKind, Shape};
use measure::{Text, width};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Of a label on a line.
const LABEL: f64 = 11.0;
/// Of a frame's title.
const TITLE: f64 = 12.0;

pub(super) fn text(drawing: &Drawing) -> String {
    let texts: Vec<Text> = drawing.boxes.iter().map(|one| Text::of(&one.text)).collect();
    let layout = problem(drawing, &texts).layout();
    let ids = ids(drawing);
    let mut out = String::new();
    head(drawing, &layout, &mut out);
    for (frame, area) in drawing.frames.iter().zip(&layout.frames) {
        let corner = format!("x=\"{}\" y=\"{}\"", number(area.x), number(area.y));
        let size = format!("width=\"{}\" height=\"{}\"", number(area.size.width), number(area.size.height));
        let says = escape(&frame.title);
        let _ = writeln!(out, "<rect class=\"frame\" {corner} {size} rx=\"8\" role=\"group\" aria-label=\"{says}\"/>");
    }
    for (line, route) in drawing.lines.iter().zip(&layout.links) {
        link(line, route, &ids, &mut out);
    }
    for (((one, area), text), id) in drawing.boxes.iter().zip(&layout.items).zip(&texts).zip(&ids) {
        begin(one, id, &mut out);
        shapes::outline(one.shape, *area, &mut out);
        text.write(*area, &mut out);
        out.push_str("</g>\n");
    }
    // Over the lines of others.
    for (frame, area) in drawing.frames.iter().zip(&layout.frames) {
        let title = escape(&measure::shorten(&frame.title, measure::WIDEST, TITLE));
        let (x, y) = (number(area.x + 12.0), number(area.y + 19.0));
        let _ = writeln!(out, "<text class=\"title\" x=\"{x}\" y=\"{y}\">{title}</text>");
    }
    for (line, route) in drawing.lines.iter().zip(&layout.links) {
        if let Some(at) = route.label {
            let size = label(line).unwrap_or_default();
            let kind = kind(line.kind);
            let (x, y) = (number(at.x - size.width / 2.0), number(at.y - size.height / 2.0));
            let _ = writeln!(out, "<g class=\"label {kind}\">");
            let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"3\"/>", number(size.width), number(size.height));
            let shown = escape(&shown(line));
            let _ = writeln!(out, "<text x=\"{}\" y=\"{}\">{shown}</text>\n</g>", number(at.x), number(at.y + 4.0));
        }
    }
    out.push_str("</svg>\n");
    out
}

/// What is laid out for a drawing.
#[cfg(test)]
pub(super) fn problem_of(drawing: &Drawing) -> Problem {
    problem(drawing, &drawing.boxes.iter().map(|one| Text::of(&one.text)).collect::<Vec<_>>())
}

fn problem(drawing: &Drawing, texts: &[Text]) -> Problem {
    let item = |(one, text): (&Box, &Text)| {
        let (size, inset) = shapes::size(one.shape, text.size);
        Item { size, inset, frame: one.frame }
    };
    let around = |frame: &super::Frame| Around {
        title: Size { width: width(&frame.title, TITLE).min(measure::WIDEST), height: 18.0 },
        parent: frame.parent,
    };
    let link = |line: &Line| Link { from: line.from, to: line.to, kind: line.kind, label: label(line), says: line.label.clone() };
    Problem {
        items: drawing.boxes.iter().zip(texts).map(item).collect(),
        frames: drawing.frames.iter().map(around).collect(),
        links: drawing.lines.iter().map(link).collect(),
    }
}

fn head(drawing: &Drawing, layout: &Layout, out: &mut String) {
    let (width, height) = (number(layout.size.width), number(layout.size.height));
    let mut flows: Vec<&str> = Vec::new();
    for one in drawing.boxes.iter().filter(|one| !one.source.flow.is_empty()) {
        if !flows.contains(&one.source.flow.as_str()) {
            flows.push(&one.source.flow);
        }
    }
    let title = match flows.as_slice() {
        [one] => format!("flow {one}"),
        many => format!("flows {}", many.join(", ")),
    };
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flow-graph\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"graphics-document document\" \
         aria-roledescription=\"flow chart\" aria-label=\"{}\">",
        escape(&title)
    );
    let _ = writeln!(out, "<title>{}</title>", escape(&title));
    let _ = writeln!(out, "<desc>{}</desc>", escape(&describe(drawing)));
    let _ = writeln!(out, "<style>\n{}</style>", include_str!("style.css"));
    let _ = writeln!(out, "<rect class=\"page\" width=\"{width}\" height=\"{height}\"/>");
}

/// For those who do not see it: what is there, and where each box leads.
fn describe(drawing: &Drawing) -> String {
    let name = |at: usize| drawing.boxes.get(at).and_then(|one| one.text.first()).map_or("", String::as_str);
    let lines = drawing.lines.iter().map(|line| {
        let how = match (line.kind, line.label.as_str()) {
            (LineKind::Data, "reads") => return format!("{} is read by {}", name(line.from), name(line.to)),
            (LineKind::Data, _) => return format!("{} writes {}", name(line.from), name(line.to)),
            (_, "") => String::new(),
            (_, label) => format!(" ({label})"),
        };
        format!("{} leads to {}{how}", name(line.from), name(line.to))
    });
    lines.collect::<Vec<_>>().join("; ")
}

fn begin(one: &Box, id: &str, out: &mut String) {
    let kind = shapes::kind(one.shape);
    let _ = write!(out, "<g class=\"box {kind}\" id=\"{}\" data-kind=\"{kind}\"", escape(id));
    for (key, value) in [("flow", &one.source.flow), ("name", &one.source.name)] {
        if !value.is_empty() {
            let _ = write!(out, " data-{key}=\"{}\"", escape(value));
        }
    }
    let mut says = format!("{kind} {}", one.text.join(", "));
    if let Some(place) = &one.source.place {
        let _ = write!(
            out,
            " data-file=\"{}\" data-line=\"{}\" data-column=\"{}\" data-end-line=\"{}\" data-end-column=\"{}\"",
            escape(&place.file), place.start.line, place.start.column, place.end.line, place.end.column
        );
        let _ = write!(says, " ({}:{})", place.file, place.start.line);
    }
    let says = escape(&says);
    let _ = writeln!(out, " role=\"graphics-symbol\" aria-label=\"{says}\">\n<title>{says}</title>");
}

/// A name for each box that no other has.
fn ids(drawing: &Drawing) -> Vec<String> {
    let mut known = BTreeSet::new();
    let boxes = drawing.boxes.iter();
    boxes
        .map(|one| {
            let what = match (&one.source.place, one.source.name.as_str(), one.shape) {
                (_, "", Shape::Start) => "start".to_owned(),
                (None, "", _) => "end".to_owned(),
                (Some(place), "", _) => format!("{}:{}", place.start.line, place.start.column),
                (_, name, _) => name.to_owned(),
            };
            let flow = if one.shape == Shape::Table { "table" } else { one.source.flow.as_str() };
            // What a program says in a place has no spaces where an `id` is.
            let first: String = format!("{flow}.{what}").chars().map(|c| if c.is_whitespace() { '-' } else { c }).collect();
            let mut id = first.clone();
            let mut count = 1;
            while !known.insert(id.clone()) {
                count += 1;
                id = format!("{first}-{count}");
            }
            id
        })
        .collect()
}

fn link(line: &Line, route: &Route, ids: &[String], out: &mut String) {
    let (Some(from), Some(to)) = (ids.get(line.from), ids.get(line.to)) else { return };
    let kind = kind(line.kind);
    let _ = write!(out, "<g class=\"line {kind}\" data-from=\"{}\" data-to=\"{}\">", escape(from), escape(to));
    if !line.label.is_empty() {
        let _ = write!(out, "<title>{}</title>", escape(&line.label));
    }
    if let Some(path) = path(&route.points) {
        let _ = write!(out, "<path d=\"{path}\"/>");
    }
    if let Some((tip, before)) = route.points.last().zip(route.points.iter().rev().nth(1)).filter(|_| route.arrives) {
        let _ = write!(out, "<path class=\"tip\" d=\"{}\"/>", arrow(*tip, *before));
    }
    out.push_str("</g>\n");
}

/// Straight on where x stays, else a curve that begins and ends upright. A line from a box to itself goes out to the
/// side and comes back.
fn path(points: &[Point]) -> Option<String> {
    let (first, rest) = points.split_first()?;
    let mut path = format!("M{} {}", number(first.x), number(first.y));
    if let [out, back] = rest
        && back.x == first.x
        && out.x > first.x
    {
        let (x, y) = (number(out.x + 6.0), number(first.x));
        let _ = write!(path, "C{x} {} {x} {} {y} {}", number(first.y - 4.0), number(back.y + 4.0), number(back.y));
        return Some(path);
    }
    let mut at = *first;
    for next in rest {
        if at.x == next.x {
            let _ = write!(path, "V{}", number(next.y));
        } else {
            let middle = number((at.y + next.y) / 2.0);
            let (x, y) = (number(next.x), number(next.y));
            let _ = write!(path, "C{} {middle} {x} {middle} {x} {y}", number(at.x));
        }
        at = *next;
    }
    Some(path)
}

/// A triangle whose tip is at the end of a line.
fn arrow(tip: Point, before: Point) -> String {
    let (x, y) = (number(tip.x), number(tip.y));
    if before.x > tip.x && (before.y - tip.y).abs() < 10.0 && before.y < tip.y {
        let back = number(tip.x + 7.0);
        return format!("M{x} {y}L{back} {}L{back} {}Z", number(tip.y - 4.0), number(tip.y + 4.0));
    }
    let back = number(if before.y <= tip.y { tip.y - 8.0 } else { tip.y + 8.0 });
    format!("M{x} {y}L{} {back}L{} {back}Z", number(tip.x - 4.0), number(tip.x + 4.0))
}

fn kind(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Control => "control",
        LineKind::Catch => "catch",
        LineKind::Data => "data",
    }
}

/// The room for a line's label. What a table is to a step is seen by its line.
fn label(line: &Line) -> Option<Size> {
    let shown = (line.kind != LineKind::Data && !line.label.is_empty() && line.from != line.to).then(|| shown(line))?;
    Some(Size { width: (width(&shown, LABEL) + 10.0).ceil(), height: 16.0 })
}

fn shown(line: &Line) -> String {
    measure::shorten(&line.label, measure::WIDEST, LABEL)
}

/// A number with at most one digit after the point.
fn number(number: f64) -> String {
    let tenths = (number * 10.0).round() / 10.0;
    // No "-0".
    format!("{}", if tenths == 0.0 { 0.0 } else { tenths })
}

/// For text and attributes of XML, which has no control characters.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_text_or_an_attribute() {
        assert_eq!(escape("a \"b\" <c> & 'd' é\u{7}\n\u{fffe}"), "a &quot;b&quot; &lt;c&gt; &amp; &#39;d&#39; é   ");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((number(3.0), number(-0.01), number(12.26)), ("3".to_owned(), "0".to_owned(), "12.3".to_owned()));
    }
}

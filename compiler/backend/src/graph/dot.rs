//! A drawing in the language of Graphviz (<https://graphviz.org/doc/info/lang.html>).
//!
//! ```text
//! n1 [shape=box, label="copy\ntimeout 15m"];
//! n1 -> n2 [style=dotted, label="catch"];
//! ```

use super::{Drawing, LineKind, Shape};
use std::fmt::Write;

pub(super) fn text(drawing: &Drawing) -> String {
    let mut out = "digraph flow {\n".to_owned();
    out.push_str("  graph [rankdir=TB, fontname=\"Helvetica\", style=rounded, color=gray50];\n");
    out.push_str("  node [fontname=\"Helvetica\", fontsize=11];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=10];\n");
    frame(drawing, None, 1, &mut out);
    for line in &drawing.lines {
        let style = match line.kind {
            LineKind::Control => "solid",
            LineKind::Catch => "dotted",
            LineKind::Data => "dashed",
        };
        let _ = write!(out, "  n{} -> n{} [style={style}", line.from, line.to);
        if !line.label.is_empty() {
            let _ = write!(out, ", label=\"{}\"", escape(&line.label));
        }
        out.push_str("];\n");
    }
    out.push_str("}\n");
    out
}

/// Boxes and frames directly in a frame. Frames are as deep as the program's blocks, which the parser bounds.
fn frame(drawing: &Drawing, around: Option<usize>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (at, one) in drawing.boxes.iter().enumerate().filter(|(_, one)| one.frame == around) {
        let lines: Vec<String> = one.text.iter().map(|line| escape(line)).collect();
        let _ = writeln!(out, "{indent}n{at} [{}, label=\"{}\"];", shape(one.shape), lines.join("\\n"));
    }
    for (at, inner) in drawing.frames.iter().enumerate().filter(|(_, inner)| inner.parent == around) {
        let _ = writeln!(out, "{indent}subgraph cluster_{at} {{");
        let _ = writeln!(out, "{indent}  label=\"{}\";", escape(&inner.title));
        frame(drawing, Some(at), depth + 1, out);
        let _ = writeln!(out, "{indent}}}");
    }
}

fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Start | Shape::End => "shape=box, style=\"rounded,bold\"",
        Shape::Fail => "shape=octagon",
        Shape::Step => "shape=box",
        Shape::Choice => "shape=diamond",
        Shape::Split => "shape=trapezium",
        Shape::Join => "shape=invtrapezium",
        Shape::Poll => "shape=hexagon",
        Shape::Wait => "shape=box, style=rounded",
        Shape::Table => "shape=cylinder",
    }
}

/// For a quoted text: Graphviz reads `\` and, in labels, the entities of HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '&' => out.push_str("&amp;"),
            '\n' => out.push_str("\\n"),
            _ if c.is_control() => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_label() {
        assert_eq!(escape("a \"b\" <c> #1 \\n &lt;\n{é}\u{7}"), "a \\\"b\\\" <c> #1 \\\\n &amp;lt;\\n{é} ");
    }
}

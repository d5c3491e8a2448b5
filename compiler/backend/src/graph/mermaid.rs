//! A drawing as a flowchart of Mermaid (<https://mermaid.js.org/syntax/flowchart.html>).
//!
//! ```text
//! n1["copy<br/>timeout 15m"] -->|"catch"| n2
//! ```

use super::{Drawing, LineKind, Shape};
use std::fmt::Write;

pub(super) fn text(drawing: &Drawing) -> String {
    let mut out = "flowchart TD\n".to_owned();
    frame(drawing, None, 1, &mut out);
    for line in &drawing.lines {
        let arrow = if line.kind == LineKind::Control { "-->" } else { "-.->" };
        let label = if line.label.is_empty() { String::new() } else { format!("|\"{}\"|", escape(&line.label)) };
        let _ = writeln!(out, "  n{} {arrow}{label} n{}", line.from, line.to);
    }
    // Mermaid has one broken line; what is caught is dotted, data is dashed.
    for (kind, dashes) in [(LineKind::Catch, "2 3"), (LineKind::Data, "7 4")] {
        let of: Vec<String> = drawing
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.kind == kind)
            .map(|(at, _)| at.to_string())
            .collect();
        if !of.is_empty() {
            let _ = writeln!(out, "  linkStyle {} stroke-dasharray:{dashes}", of.join(","));
        }
    }
    out
}

/// Boxes and frames directly in a frame. Frames are as deep as the program's blocks, which the parser bounds.
fn frame(drawing: &Drawing, around: Option<usize>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (at, one) in drawing.boxes.iter().enumerate().filter(|(_, one)| one.frame == around) {
        let (open, close) = brackets(one.shape);
        let lines: Vec<String> = one.text.iter().map(|line| escape(line)).collect();
        let _ = writeln!(out, "{indent}n{at}{open}\"{}\"{close}", lines.join("<br/>"));
    }
    for (at, inner) in drawing.frames.iter().enumerate().filter(|(_, inner)| inner.parent == around) {
        let _ = writeln!(out, "{indent}subgraph f{at}[\"{}\"]", escape(&inner.title));
        frame(drawing, Some(at), depth + 1, out);
        let _ = writeln!(out, "{indent}end");
    }
}

fn brackets(shape: Shape) -> (&'static str, &'static str) {
    match shape {
        Shape::Start | Shape::End => ("([", "])"),
        Shape::Fail => ("[[", "]]"),
        Shape::Step => ("[", "]"),
        Shape::Choice => ("{", "}"),
        Shape::Split => ("[/", "\\]"),
        Shape::Join => ("[\\", "/]"),
        Shape::Poll => ("{{", "}}"),
        Shape::Wait => ("(", ")"),
        Shape::Table => ("[(", ")]"),
    }
}

/// Letters, digits and harmless marks stay; every other character is an entity of Mermaid, `#35;`, which is put in
/// after quotes, HTML, Markdown, comments and directives have been looked for.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let plain = c.is_alphanumeric() || " .,:()/_=+?!×…".contains(c) || (c == '-' && !out.is_empty());
        match c {
            _ if plain => out.push(c),
            '\n' => out.push_str("<br/>"),
            _ if c.is_control() => out.push(' '),
            _ => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_label() {
        assert_eq!(escape("a \"b\" <c> #1; `%%{d}\\n`"), "a #34;b#34; #60;c#62; #35;1#59; #96;#37;#37;#123;d#125;#92;n#96;");
        assert_eq!(escape("- é\nß\u{7}"), "#45; é<br/>ß ");
    }
}

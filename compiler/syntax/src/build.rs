//! From pest's tree to [`crate::ast`], one file per part of the language.
//!
//! The grammar has already accepted the text, so the shape of each node is known; still nothing here may
//! panic. A function gives `None` where the tree is not what the grammar promises, and the item is then
//! [`ItemKind::Broken`](crate::ast::ItemKind::Broken). What the grammar cannot say is checked here: ranges of
//! numbers, units, escapes, dates, and how deep things are nested.

mod block;
mod expr;
mod item;
mod literal;
pub(crate) use literal::unit_meant;
mod pattern;
mod shape;
mod step;
mod stream;
mod test_item;
mod text;
mod transform;

use crate::ast::{Name, Path};
use crate::grammar::{Node, Parts};
use crate::words::RESERVED;
use flow_diagnostics::{codes, Diagnostic, Diagnostics, FileId, Span};

/// How many operators, calls and brackets may lie around one another.
///
/// Every later phase walks the tree by recursion, so its depth is bounded once, here. Brackets are bounded more
/// tightly, before pest sees them (`chunk::too_deep`). A test parses what is just allowed on a stack of 1 MB, the
/// smallest that a main thread has anywhere.
pub(crate) const MAX_DEPTH: usize = 250;

/// Builds one file's tree.
pub(crate) struct Builder<'d> {
    file: FileId,
    /// Where the parsed text begins in its file, bytes.
    offset: usize,
    diagnostics: &'d mut Diagnostics,
    depth: usize,
}

impl<'d> Builder<'d> {
    /// A builder for text that begins at byte `offset` of `file`.
    pub(crate) fn new(file: FileId, offset: usize, diagnostics: &'d mut Diagnostics) -> Self {
        Builder { file, offset, diagnostics, depth: 0 }
    }

    /// The place of a node. pest counts the white space before an absent optional part to the node; we do not.
    fn span(&self, node: &Node<'_>) -> Span {
        let start = node.as_span().start();
        self.range(start, start + node.as_str().trim_end().len())
    }

    fn range(&self, start: usize, end: usize) -> Span {
        let at = |place: usize| u32::try_from(self.offset + place).unwrap_or(u32::MAX);
        Span::new(self.file, at(start), at(end))
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Does `work` some levels deeper; says so and gives `None` where that is too deep.
    fn deeper<T>(&mut self, levels: usize, span: Span, work: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth + levels > MAX_DEPTH {
            self.report(too_deep(span));
            return None;
        }
        self.depth += levels;
        let done = work(self);
        self.depth -= levels;
        done
    }

    fn name(&self, node: Node<'_>) -> Name {
        Name { text: node.as_str().to_owned(), span: self.span(&node) }
    }

    /// The name of a value. One that only the language may use could never be read again, so it is reported.
    fn value_name(&mut self, node: Node<'_>) -> Name {
        let name = self.name(node);
        if RESERVED.contains(&name.text.as_str()) {
            self.report(
                Diagnostic::new(codes::SYNTAX, format!("`{}` cannot be the name of a value", name.text))
                    .primary(name.span, "a word of the language")
                    .note(format!("wherever a value may stand, `{}` means something else", name.text))
                    .help(format!("choose another name, such as `the_{0}`; fields and columns may be called `{0}`", name.text)),
            );
        }
        name
    }

    fn path(&self, node: Node<'_>) -> Path {
        let span = self.span(&node);
        Path { segments: Parts::of(node).map(|part| self.name(part)).collect(), span }
    }

    /// `/// …` lines, joined by newlines, without the marks and one space after each.
    fn doc(&self, node: Option<Node<'_>>) -> Option<String> {
        let lines: Vec<&str> = Parts::of(node?).map(|line| doc_line(line.as_str())).collect();
        Some(lines.join("\n"))
    }
}

/// What a `///` or `//!` line says.
pub(crate) fn doc_line(line: &str) -> &str {
    let text = line.get(3..).unwrap_or("");
    text.strip_prefix(' ').unwrap_or(text).trim_end()
}

/// The message where [`MAX_DEPTH`] is passed.
pub(crate) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(codes::TOO_DEEP, "this is nested too deeply")
        .primary(span, "too many levels from here on")
        .note(format!("at most {MAX_DEPTH} operators, calls and brackets may lie around one another"))
        .help("name a part of it with `let` or `fn`, and use the name")
}

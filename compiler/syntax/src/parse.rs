//! [`parse`]: item by item, as `chunk` parts them, which is faster than all at once: what pest keeps of an item fits
//! the processor's caches. A file whose items are parted otherwise is read as a whole, and only what cannot be read
//! either way is explained.
//!
//! An item that does not parse is explained once and kept as [`ItemKind::Broken`]. In an item that holds statements
//! (`recover`) the statement with the error is blanked out (white space of the same length, so that places stay) and
//! the item is read again, so that its other statements are still checked.

use crate::ast::{Comment, Item, ItemKind, Module, Name};
use crate::build::{doc_line, too_deep, Builder};
use crate::chunk::{self, Chunk};
use crate::explain::Explainer;
use crate::grammar::{Grammar, Parts, Rule};
use crate::recover::{self, Statements};
use crate::scan::{scan, Kind, Token};
use flow_diagnostics::{codes, Diagnostic, Diagnostics, FileId, Span};
use pest::error::{ErrorVariant, InputLocation};
use pest::Parser;

/// Statements with errors that are reported in one flow before the rest of it is given up.
const MAX_BROKEN_STATEMENTS: usize = 20;

/// Spans count bytes in 32 bits; a file of this size is no program anyway.
const MAX_BYTES: usize = 64 << 20;

/// The tree of a file's text. Never fails: what is wrong is in `diagnostics`, and what could not be read is
/// [`ItemKind::Broken`] or [`crate::ast::StatementKind::Broken`].
pub fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Module {
    let mut module =
        Module { file, doc: None, items: Vec::new(), comments: Vec::new(), broken_names: Vec::new() };
    if text.len() > MAX_BYTES {
        diagnostics.push(
            Diagnostic::new(codes::FILE_TOO_LARGE, format!("this file has {} bytes", text.len()))
                .primary(Span::new(file, 0, 0), "")
                .note(format!("at most {MAX_BYTES} bytes are read"))
                .help("data belongs in files that a `source` names, not in the program"),
        );
        return module;
    }
    let tokens = scan(text);
    let mut reader = Reader { file, text, tokens: &tokens, diagnostics, module: &mut module };
    reader.comments();
    reader.module_doc();
    let chunks = chunk::split(text, &tokens);
    if !reader.pieces(&chunks) && !reader.whole() {
        reader.chunks(&chunks);
    }
    module
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    tokens: &'a [Token],
    diagnostics: &'a mut Diagnostics,
    module: &'a mut Module,
}

impl Reader<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        Span::new(self.file, at(start), at(end))
    }

    fn comments(&mut self) {
        let mut own_line = true;
        for token in self.tokens {
            if token.kind == Kind::Comment {
                let text = token.text(self.text).get(2..).unwrap_or("").trim_end().to_owned();
                let span = self.span(token.start, token.end);
                self.module.comments.push(Comment { text, own_line, span });
            }
            own_line = token.kind == Kind::Newline;
        }
    }

    /// The `//!` lines before the first item.
    fn module_doc(&mut self) {
        let lines: Vec<&str> = self
            .tokens
            .iter()
            .take_while(|token| token.is_gap())
            .filter(|token| token.kind == Kind::ModuleDoc)
            .map(|token| doc_line(token.text(self.text)))
            .collect();
        if !lines.is_empty() {
            self.module.doc = Some(lines.join("\n"));
        }
    }

    /// Reads the file item by item; `false`, and nothing is kept, if there is an error of syntax in it.
    fn pieces(&mut self, chunks: &[Chunk]) -> bool {
        let explainer = Explainer::new(self.file, self.text, self.tokens);
        if chunks.iter().any(|chunk| chunk.fault.is_some()) || explainer.strays(chunks).is_some() {
            return false;
        }
        let mut items = Vec::with_capacity(chunks.len());
        let mut diagnostics = Diagnostics::default();
        for (index, chunk) in chunks.iter().enumerate() {
            let (start, end) = self.bounds(chunk, index);
            let Some(text) = self.text.get(start..end) else { return false };
            let Ok(mut pairs) = Grammar::parse(Rule::lone_item, text) else { return false };
            let Some(node) = pairs.next().and_then(|root| Parts::of(root).next()) else { return false };
            let span = self.span(start + node.as_span().start(), start + node.as_span().end());
            items.push((Builder::new(self.file, start, &mut diagnostics).item(node), span));
        }
        self.diagnostics.extend(diagnostics);
        for (item, span) in items {
            self.push(item, span);
        }
        true
    }

    /// Reads the file in one go; `false` if there is an error of syntax in it.
    fn whole(&mut self) -> bool {
        if chunk::too_deep(self.tokens).is_some() {
            return false;
        }
        let Ok(mut pairs) = Grammar::parse(Rule::module, self.text) else { return false };
        let Some(root) = pairs.next() else { return false };
        for node in Parts::of(root) {
            let span = self.span(node.as_span().start(), node.as_span().end());
            let item = Builder::new(self.file, 0, self.diagnostics).item(node);
            self.push(item, span);
        }
        true
    }

    fn push(&mut self, item: Option<Item>, span: Span) {
        match item {
            Some(item) => self.module.items.push(item),
            None => {
                // The builder reports what it refuses; this is for what it did not expect.
                if !self.diagnostics.has_errors() {
                    self.diagnostics.push(
                        Diagnostic::new(codes::SYNTAX, "this item cannot be read").primary(span, ""),
                    );
                }
                let first = self.tokens.partition_point(|token| token.start < span.start as usize);
                let end = self.tokens.partition_point(|token| token.start < span.end as usize);
                let head = self.tokens.get(first..end).and_then(|item| item.iter().position(|token| !token.is_gap()));
                if let Some(head) = head {
                    self.remember_names(first + head, end);
                }
                self.module.items.push(Item { doc: None, attributes: Vec::new(), kind: ItemKind::Broken, when: None, span });
            }
        }
    }

    /// Reads item by item and explains each that does not parse.
    fn chunks(&mut self, chunks: &[Chunk]) {
        let errors = self.diagnostics.errors();
        let mut explainer = Explainer::new(self.file, self.text, self.tokens);
        for (index, chunk) in chunks.iter().enumerate() {
            let (start, end) = self.bounds(chunk, index);
            let span = self.span(self.tokens.get(chunk.head).map_or(start, |head| head.start), end);
            if let Some(fault) = chunk.fault {
                let diagnostic = explainer.fault(chunk, fault);
                self.diagnostics.push(diagnostic);
                self.broken(chunk, span);
                continue;
            }
            match self.chunk(&mut explainer, chunk, start, end) {
                Some(item) => self.module.items.push(item),
                None => self.broken(chunk, span),
            }
        }
        if let Some(diagnostic) = explainer.strays(chunks) {
            self.diagnostics.push(diagnostic);
        }
        if self.diagnostics.errors() == errors {
            self.unexplained();
        }
    }

    /// The file as a whole does not parse, but each item does.
    fn unexplained(&mut self) {
        if let Some(bracket) = chunk::too_deep(self.tokens) {
            self.diagnostics.push(too_deep(self.span(bracket.start, bracket.end)));
        } else if let Err(error) = Grammar::parse(Rule::module, self.text) {
            let at = location(&error).min(self.text.len());
            self.diagnostics.push(
                Diagnostic::new(codes::SYNTAX, "this text is not understood").primary(self.span(at, at), ""),
            );
        }
    }

    fn bounds(&self, chunk: &Chunk, index: usize) -> (usize, usize) {
        let start = if index == 0 { 0 } else { self.tokens.get(chunk.first).map_or(0, |token| token.start) };
        let end = self.tokens.get(chunk.end).map_or(self.text.len(), |token| token.start);
        (start, end)
    }

    /// Reads one item, one that holds statements and has an error statement by statement; `None` if it is broken.
    fn chunk(&mut self, explainer: &mut Explainer<'_>, chunk: &Chunk, start: usize, end: usize) -> Option<Item> {
        let mut text = self.text.get(start..end)?.to_owned();
        let mut blanked: Vec<Span> = Vec::new();
        let statements = Statements::of(self.text, self.tokens, chunk);
        loop {
            let error = match Grammar::parse(Rule::lone_item, &text) {
                Ok(mut pairs) => {
                    let node = Parts::of(pairs.next()?).next()?;
                    let mut item = Builder::new(self.file, start, self.diagnostics).item(node)?;
                    recover::insert_broken(&mut item, &blanked);
                    return Some(item);
                }
                Err(error) => error,
            };
            let at = start + location(&error);
            let around = match &statements {
                Some(statements) if blanked.len() < MAX_BROKEN_STATEMENTS && explainer.body_for_type(chunk).is_none() => {
                    statements.around(self.fault_of(at, &error), &blanked)
                }
                _ => None,
            };
            let diagnostic = explainer.error(chunk, at, &error);
            if !(around.is_some() && explainer.at_a_declared_word(chunk, at)) {
                diagnostic.into_iter().for_each(|diagnostic| self.diagnostics.push(diagnostic));
            }
            let (from, to) = around?;
            let span = self.span(from, to);
            if blanked.iter().any(|known| known.start <= span.start && span.end <= known.end) {
                return None;
            }
            self.remember_step(from, to);
            blanked.push(span);
            text = blank(&text, from.checked_sub(start)?, to.checked_sub(start)?)?;
        }
    }

    /// The place whose statement is at fault: where `catch` or `until` is missing, pest stops at the next statement.
    fn fault_of(&self, at: usize, error: &pest::error::Error<Rule>) -> usize {
        let ErrorVariant::ParsingError { positives, .. } = &error.variant else { return at };
        if !positives.iter().any(|rule| matches!(rule, Rule::k_catch | Rule::k_until)) {
            return at;
        }
        let before = self.tokens.partition_point(|token| token.end <= at);
        let solid = self.tokens.get(..before).and_then(|before| before.iter().rev().find(|token| !token.is_gap()));
        solid.map_or(at, |token| token.end)
    }

    fn broken(&mut self, chunk: &Chunk, span: Span) {
        self.remember_names(chunk.head, chunk.end);
        self.module.items.push(Item { doc: None, attributes: Vec::new(), kind: ItemKind::Broken, when: None, span });
    }

    /// Names that a broken item would have declared: its own, and all that a `use` brings in.
    fn remember_names(&mut self, head: usize, end: usize) {
        let is_use = self.tokens.get(head).is_some_and(|token| token.text(self.text) == "use");
        let after = self.tokens.iter().take(end).skip(head + 1);
        let names: Vec<Name> = after
            .take(if is_use { usize::MAX } else { 1 })
            .filter(|token| token.kind == Kind::Word)
            .map(|token| Name { text: token.text(self.text).to_owned(), span: self.span(token.start, token.end) })
            .collect();
        self.module.broken_names.extend(names);
    }

    /// The names that a broken statement, and those inside it, would have declared.
    fn remember_step(&mut self, from: usize, to: usize) {
        let first = self.tokens.partition_point(|token| token.start < from);
        let inside: Vec<&Token> = self
            .tokens
            .iter()
            .skip(first)
            .take_while(|token| token.end <= to)
            .filter(|token| !token.is_gap())
            .collect();
        for pair in inside.windows(2) {
            if let [word, name] = pair
                && matches!(word.text(self.text), "step" | "let" | "as" | "given")
                && name.kind == Kind::Word
            {
                let span = self.span(name.start, name.end);
                self.module.broken_names.push(Name { text: name.text(self.text).to_owned(), span });
            }
        }
    }
}

/// Where pest stopped, bytes.
fn location(error: &pest::error::Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

/// The text with white space for `from..to`.
fn blank(text: &str, from: usize, to: usize) -> Option<String> {
    let (before, rest) = text.split_at_checked(from)?;
    let (gone, after) = rest.split_at_checked(to.checked_sub(from)?)?;
    let spaces: String = gone.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    Some(format!("{before}{spaces}{after}"))
}

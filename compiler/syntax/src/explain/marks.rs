//! Characters and marks that are wrong wherever they stand: open texts, quotes, operators of other languages.

use super::{words, Explainer, Place};
use crate::grammar::Rule;
use crate::scan::{Kind, Token};
use flow_diagnostics::{codes, Diagnostic};

/// Operators of other languages, and what they are here.
const FOREIGN: &[(&str, &str)] = &[
    ("&&", "and"),
    ("||", "or"),
    ("!", "not"),
    ("&", "and"),
    ("===", "=="),
    ("!==", "!="),
    ("<>", "!="),
    (":=", "="),
    ("=>", "->"),
    ("::", "."),
];

impl Explainer<'_> {
    /// What the found token alone tells.
    pub(super) fn lexical(&self, place: &Place<'_>) -> Option<Diagnostic> {
        // The grammar reads an open text to the end of its line and stops there.
        let last = place.index.checked_sub(1).and_then(|last| self.tokens.get(last));
        if let Some(Token { kind: Kind::OpenText(brace), .. }) = last {
            return last.map(|last| self.open_text(*last, *brace));
        }
        // A quote too few on the line is the cause of whatever goes wrong before the end of it.
        let line = self.tokens.get(place.index..).unwrap_or(&[]).iter().take_while(|token| token.kind != Kind::Newline);
        if let Some((open, brace)) = line.filter_map(|token| match token.kind {
            Kind::OpenText(brace) => Some((*token, brace)),
            _ => None,
        }).next() {
            return Some(self.open_text(open, brace));
        }
        let found = place.found?;
        let text = self.text(found);
        let span = self.of(found);
        match found.kind {
            Kind::OpenText(brace) => Some(self.open_text(found, brace)),
            Kind::Quoted => {
                let inner = text.trim_matches('\'').replace('"', "\\\"");
                Some(
                    Diagnostic::new(codes::SINGLE_QUOTES, "texts stand in double quotes")
                        .primary(span, "single quotes")
                        .fix(format!("write `\"{inner}\"`"), span, format!("\"{inner}\"")),
                )
            }
            Kind::Unknown => Some(self.unknown_character(found)),
            Kind::Doc if place.in_attributes => Some(
                Diagnostic::new(codes::STRAY_DOC, "a doc comment stands above the attributes of its item")
                    .primary(span, "below an attribute")
                    .help("move it up"),
            ),
            Kind::Doc if !place.expects(Rule::doc_comment) => Some(self.nothing_below(found)),
            Kind::ModuleDoc => Some(self.module_doc_below(found)),
            Kind::Mark if text == ";" => Some(
                Diagnostic::new(codes::SEMICOLON, "there are no semicolons")
                    .primary(span, "")
                    .note("a newline ends a statement; on one line, a comma does")
                    .fix("remove it", span, ""),
            ),
            Kind::Mark if text == "/" && self.text.get(found.end..).is_some_and(|rest| rest.starts_with('*')) => {
                Some(self.block_comment(found.start))
            }
            // After a value the `/` was taken for a division.
            Kind::Mark if text.starts_with('*') && self.text.get(..found.start).is_some_and(|before| before.ends_with('/')) => {
                Some(self.block_comment(found.start.saturating_sub(1)))
            }
            Kind::Mark => self.foreign(text, found),
            Kind::Close if text == "}" && place.inside == "\"" && place.before.is_empty() => Some(
                Diagnostic::new(codes::EMPTY_INTERPOLATION, "there is nothing to interpolate in `{}`")
                    .primary(self.span(found.start.saturating_sub(1), found.end), "")
                    .help("write a value between the braces, or `\\{}` for the braces themselves"),
            ),
            Kind::Word if words::WORD_OPERATORS.contains(&text.to_ascii_lowercase().as_str()) && place.after_operand() => {
                let lower = text.to_ascii_lowercase();
                (lower != text).then(|| {
                    Diagnostic::new(codes::FOREIGN_OPERATOR, format!("`{text}` is written `{lower}`"))
                        .primary(span, "")
                        .fix(format!("write `{lower}`"), span, lower.clone())
                })
            }
            _ => None,
        }
    }

    fn block_comment(&self, start: usize) -> Diagnostic {
        Diagnostic::new(codes::UNKNOWN_CHARACTER, "`/*` begins no comment")
            .primary(self.span(start, start + 2), "")
            .help("begin each line of a comment with `//`")
    }

    fn foreign(&self, text: &str, found: Token) -> Option<Diagnostic> {
        let span = self.of(found);
        let (_, ours) = FOREIGN.iter().find(|(foreign, _)| *foreign == text)?;
        let spaced = if text == "!" { "not " } else { ours };
        Some(
            Diagnostic::new(codes::FOREIGN_OPERATOR, format!("`{text}` is written `{ours}`"))
                .primary(span, "")
                .fix(format!("write `{ours}`"), span, spaced),
        )
    }

    fn open_text(&self, found: Token, brace: bool) -> Diagnostic {
        let text = self.text(found);
        let opening = text.find('"').map_or(1, |quote| quote + 1);
        let diagnostic = Diagnostic::new(codes::UNTERMINATED_TEXT, "this text does not end on its line")
            .primary(self.span(found.end, found.end), "expected a closing quote")
            .secondary(self.span(found.start, found.start + opening), "the text begins here");
        if brace {
            diagnostic
                .note("`{` puts a value into the text, and this one is not closed by a `}`")
                .help("for a brace itself write `\\{`")
        } else {
            diagnostic.help("for a line break in a text write `\\n`; for a quote, `\\\"`")
        }
    }

    fn unknown_character(&self, found: Token) -> Diagnostic {
        let text = self.text(found);
        let span = self.of(found);
        let diagnostic = |message: String| Diagnostic::new(codes::UNKNOWN_CHARACTER, message).primary(span, "");
        match text {
            "\u{201c}" | "\u{201d}" | "\u{201e}" | "\u{ab}" | "\u{bb}" => {
                diagnostic(format!("texts stand in `\"`, not in `{text}`"))
                    .note("word processors turn straight quotes into these")
                    .fix("write `\"`", span, "\"")
            }
            "'" | "\u{2018}" | "\u{2019}" | "`" => diagnostic(format!("texts stand in `\"`, not in `{text}`")),
            "#" => diagnostic("a comment begins with `//`, not with `#`".to_owned()).fix("write `//`", span, "//"),
            "$" => diagnostic("`$` means nothing here".to_owned())
                .help("a variable is its name alone; in a text `{name}` puts in its value"),
            "\u{a0}" => diagnostic("this is a no-break space (U+00A0)".to_owned()).fix("write a space", span, " "),
            _ => {
                let character = text.chars().next().unwrap_or(' ');
                let number = u32::from(character);
                if character.is_alphabetic() {
                    diagnostic(format!("`{text}` cannot be part of a name"))
                        .note("names are made of the letters a to z and A to Z, digits and `_`")
                } else if character.is_control() {
                    diagnostic(format!("the control character U+{number:04X} means nothing"))
                        .help("remove it; in a text write it as an escape")
                } else {
                    diagnostic(format!("`{text}` (U+{number:04X}) means nothing here"))
                }
            }
        }
    }
}

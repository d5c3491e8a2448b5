//! From pest's "these rules were tried here" to a message in the user's words.
//!
//! pest tells the furthest place that it reached and the rules that it tried there. That, what stands at the
//! place, and what stands before it are enough to name most causes. Each cause is a function that gives a
//! message or `None`; [`Explainer::error`] asks them in turn, the surest first, and [`Explainer::generic`] is
//! for what is left.

mod fault;
mod marks;
mod loops;
mod place;
mod words;

use crate::build::too_deep;
use crate::chunk::Chunk;
use crate::grammar::Rule;
use crate::scan::{Kind, Token};
use crate::words::ITEMS;
use flow_diagnostics::{codes, Diagnostic, FileId, Span};
use pest::error::{Error, ErrorVariant};

/// Explains the errors of one file.
pub(crate) struct Explainer<'t> {
    file: FileId,
    text: &'t str,
    tokens: &'t [Token],
    /// Where the last chunk ended that is no item of any kind; text that goes on is not reported again.
    unknown_until: Option<usize>,
}

/// A place at which the grammar stopped.
struct Place<'e> {
    /// What stands there; `None` at the end of the file.
    found: Option<Token>,
    /// Its index, if it is a token of its own and not a part of a text.
    index: usize,
    /// What stands before it, comments and newlines left out, the nearest first.
    before: Vec<Token>,
    /// The rules that were tried there.
    expected: &'e [Rule],
    /// The innermost bracket open there: its text, `"` in a text, or nothing.
    inside: &'static str,
    /// The item's keyword.
    item: &'e str,
    /// Above the item's keyword.
    in_attributes: bool,
}

impl Place<'_> {
    fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    /// An operand is complete here: an operator could follow.
    fn after_operand(&self) -> bool {
        self.expects(Rule::equal)
    }

    /// A value should begin here.
    fn wants_value(&self) -> bool {
        !self.after_operand()
            && [Rule::expr, Rule::subject, Rule::number, Rule::argument, Rule::free_expr, Rule::bound]
                .iter()
                .any(|rule| self.expects(*rule))
    }

    fn kind(&self) -> Option<Kind> {
        self.found.map(|token| token.kind)
    }

    /// Nothing more stands on this line, or in these brackets.
    fn at_end(&self) -> bool {
        matches!(self.kind(), None | Some(Kind::Newline | Kind::Comment | Kind::Close))
    }
}

impl<'t> Explainer<'t> {
    pub(crate) fn new(file: FileId, text: &'t str, tokens: &'t [Token]) -> Self {
        Explainer { file, text, tokens, unknown_until: None }
    }

    /// Why the item in `chunk` does not parse, if it stopped at byte `at`; `None` if it was said before.
    pub(crate) fn error(&mut self, chunk: &Chunk, at: usize, error: &Error<Rule>) -> Option<Diagnostic> {
        let ErrorVariant::ParsingError { positives, .. } = &error.variant else {
            // The only other error that pest makes by itself: its stack guard.
            return Some(too_deep(self.span(at, at)));
        };
        let place = self.place(chunk, at, positives);
        if let Some(found) = self.lexical(&place) {
            return Some(found);
        }
        let head = self.tokens.get(chunk.head)?;
        if head.kind == Kind::Mark && self.text(*head) == "@" && at > head.start {
            return Some(self.attribute_alone(&place, *head));
        }
        if at <= head.start && !(head.kind == Kind::Word && ITEMS.contains(&head.text(self.text))) {
            return self.unknown_item(chunk, head);
        }
        if let Some(open) = self.body_for_type(chunk) {
            return Some(self.type_left_out(&place, open));
        }
        let causes: &[fn(&Self, &Place<'_>) -> Option<Diagnostic>] = &[
            Self::stray_doc,
            Self::colon_for_block,
            Self::unit_apart,
            Self::try_without_catch,
            Self::misspelt_keyword,
            Self::missing_as,
            Self::assign_in_condition,
            Self::value_left_out,
            Self::poll_without_end,
            Self::branch_wanted,
            Self::misspelt_action,
            Self::misspelt_existing,
            Self::arm,
            Self::unknown_entry,
            Self::in_left_out,
            Self::outer_join,
            Self::place_left_out,
            Self::test_without_name,
            Self::missing_colon,
            Self::missing_assign,
            Self::missing_type,
            Self::missing_value,
            Self::construct_place,
            Self::missing_comma,
            Self::two_on_a_line,
        ];
        Some(causes.iter().find_map(|cause| cause(self, &place)).unwrap_or_else(|| self.generic(&place)))
    }

    /// The `{` right behind the `->` of an item that opens its body: nothing follows the block, so that the type was left out.
    pub(crate) fn body_for_type(&self, chunk: &Chunk) -> Option<Token> {
        let (mut depth, mut arrow, mut block) = (0_usize, false, None);
        for token in self.tokens.get(chunk.head..chunk.end)?.iter().filter(|token| !token.is_gap()) {
            if block.is_some() && depth == 0 {
                return None;
            }
            match token.kind {
                Kind::Open => {
                    if depth == 0 && arrow && self.text(*token) == "{" {
                        block = Some(*token);
                    }
                    depth += 1;
                }
                Kind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            arrow = depth == 0 && self.text(*token) == "->";
        }
        block.filter(|_| depth == 0)
    }

    fn type_left_out(&self, place: &Place<'_>, open: Token) -> Diagnostic {
        let diagnostic = Diagnostic::new(codes::MISSING_TYPE, format!("expected a type between `->` and the body of the {}", place.item))
            .primary(self.of(open), "the body begins here");
        match place.item {
            "transform" => diagnostic.help("write the table that it gives: `-> Table<NAME> {`"),
            "construct" => diagnostic.help("write what it makes, such as `-> Task {`"),
            item => diagnostic
                .help("write the type of its result, such as `-> Int {`")
                .help(format!("leave the `->` out if the {item} gives nothing")),
        }
    }

    /// Whether the grammar stopped at a word of the language that the item declares as a name: the declaration is the
    /// mistake, and is reported when the item is built.
    pub(crate) fn at_a_declared_word(&self, chunk: &Chunk, at: usize) -> bool {
        let index = self.tokens.partition_point(|token| token.end <= at);
        let before = self.tokens.get(chunk.head..index.min(chunk.end)).unwrap_or(&[]);
        let nearest = before.iter().rev().find(|token| !token.is_gap());
        let words = [self.tokens.get(index), nearest].into_iter().flatten().map(|token| self.text(*token));
        words.filter(|word| words::RESERVED.contains(word)).any(|word| self.declares(chunk, word))
    }

    fn declares(&self, chunk: &Chunk, word: &str) -> bool {
        let item = self.tokens.get(chunk.head..chunk.end).unwrap_or(&[]);
        let solid: Vec<&'t str> = item.iter().filter(|token| !token.is_gap()).map(|token| self.text(*token)).collect();
        // Only before the body a `:` declares: in it, a field of a record may have any name.
        let header = solid.iter().position(|text| *text == "{").unwrap_or(solid.len());
        solid.windows(2).enumerate().any(|(at, pair)| match pair {
            [name, ":"] => at < header && *name == word,
            ["let" | "step" | "as", name] => *name == word,
            _ => false,
        })
    }

    fn place<'e>(&'e self, chunk: &Chunk, at: usize, expected: &'e [Rule]) -> Place<'e> {
        let index = self.tokens.partition_point(|token| token.end <= at).min(chunk.end);
        let whole = self.tokens.get(index).copied().filter(|_| index < chunk.end);
        // In a text the grammar stopped at something inside one of its `{…}`.
        let text = whole.filter(|token| token.kind == Kind::Text && token.start < at);
        let parts;
        let (found, earlier, outermost) = match text {
            Some(text) => {
                let open = self.text.get(text.start..at).and_then(|before| before.rfind('{'));
                parts = self.part(text.start + open.map_or(1, |open| open + 1), at);
                (self.part(at, text.end).first().copied(), parts.as_slice(), "\"")
            }
            None => (whole, self.tokens.get(chunk.first..index).unwrap_or(&[]), ""),
        };
        let before = earlier.iter().rev().filter(|token| !token.is_gap()).take(8).copied().collect();
        let mut stack = vec![outermost];
        for token in earlier {
            match token.kind {
                Kind::Open => stack.push(match token.text(self.text) {
                    "{" => "{",
                    "(" => "(",
                    _ => "[",
                }),
                Kind::Close => {
                    stack.pop();
                }
                _ => {}
            }
        }
        let item = self.tokens.get(chunk.head).map_or("", |head| head.text(self.text));
        let in_attributes = index < chunk.head;
        Place { found, index, before, expected, inside: stack.last().copied().unwrap_or(""), item, in_attributes }
    }

    /// The tokens of a part of the file.
    fn part(&self, start: usize, end: usize) -> Vec<Token> {
        let tokens = crate::scan::scan(self.text.get(start..end).unwrap_or(""));
        tokens.iter().map(|token| Token { start: token.start + start, end: token.end + start, ..*token }).collect()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        Span::new(self.file, at(start), at(end))
    }

    fn of(&self, token: Token) -> Span {
        self.span(token.start, token.end)
    }

    fn text(&self, token: Token) -> &'t str {
        token.text(self.text)
    }

    /// The text of the `n`th token before the place, the nearest being 0.
    fn before(&self, place: &Place<'_>, n: usize) -> &'t str {
        place.before.get(n).map_or("", |token| self.text(*token))
    }

    /// Where to point if something is missing: right after what stands before, or what stands there instead.
    fn gap(&self, place: &Place<'_>) -> Span {
        match (place.before.first(), place.found) {
            (_, Some(found)) if !place.at_end() => self.of(found),
            (Some(before), _) => self.of(*before).after(),
            (None, Some(found)) => self.of(found),
            (None, None) => self.span(self.text.len(), self.text.len()),
        }
    }

    /// Whether a line break lies between two places.
    fn apart(&self, start: usize, end: usize) -> bool {
        self.text.get(start..end).is_some_and(|between| between.contains('\n'))
    }

    /// "`x`", "the end of the line", "the end of the file".
    fn shown(&self, found: Option<Token>) -> String {
        match found {
            None => "the end of the item".to_owned(),
            Some(token) => match token.kind {
                Kind::Newline | Kind::Comment => "the end of the line".to_owned(),
                Kind::Doc => "a doc comment".to_owned(),
                _ => format!("`{}`", self.text(token)),
            },
        }
    }

    /// Text that begins no item.
    fn unknown_item(&mut self, chunk: &Chunk, head: &Token) -> Option<Diagnostic> {
        let word = head.text(self.text);
        let span = self.of(*head);
        let follows = self.unknown_until == Some(chunk.first);
        let similar = words::similar(word, ITEMS);
        let elsewhere = words::item_of_other_language(word);
        if similar.is_none() && elsewhere.is_none() {
            self.unknown_until = Some(chunk.end);
            if follows {
                return None;
            }
        }
        if head.kind != Kind::Word {
            return Some(
                Diagnostic::new(codes::UNKNOWN_ITEM, format!("`{word}` begins no item"))
                    .primary(span, "expected an item")
                    .note(words::items_note()),
            );
        }
        let diagnostic = Diagnostic::new(codes::UNKNOWN_ITEM, format!("`{word}` is not an item"));
        Some(match (similar, elsewhere) {
            (Some(similar), _) => diagnostic
                .primary(span, format!("did you mean `{similar}`?"))
                .fix(format!("write `{similar}`"), span, similar),
            (None, Some(meant)) => diagnostic.primary(span, "").help(meant),
            (None, None) if words::STATEMENTS.contains(&word) => diagnostic
                .primary(span, "a statement of a flow")
                .help(format!("put it into a flow: `flow NAME() {{ {word} … }}`; is a `}}` too many above it?")),
            (None, None) if words::OPERATORS.contains(&word) => diagnostic
                .primary(span, "an operator of a transform")
                .help("put it into a transform; is a `}` too many above it?"),
            (None, None) => diagnostic.primary(span, "").note(words::items_note()),
        })
    }

    /// `@allow(…)` with no item below, or with something wrong in it at the end of the file.
    fn attribute_alone(&self, place: &Place<'_>, head: Token) -> Diagnostic {
        if place.inside == "(" {
            return self.missing_comma(place).unwrap_or_else(|| self.generic(place));
        }
        Diagnostic::new(codes::SYNTAX, "this attribute stands above no item")
            .primary(self.of(head), "nothing follows that it could speak of")
            .note("an attribute such as `@allow(CODE, \"reason\")` belongs to the item right below it")
    }

    /// What is left: what was found, and what could stand there.
    fn generic(&self, place: &Place<'_>) -> Diagnostic {
        let expected = match (place.after_operand(), place.inside) {
            (true, "\"") => "an operator or `}`".to_owned(),
            (true, "(" | "[") => "an operator or `,`".to_owned(),
            (true, _) => "an operator or the end of the line".to_owned(),
            (false, _) => words::expected(place.expected),
        };
        let found = self.shown(place.found);
        let before = self.before(place, 0);
        let after = if before.is_empty() { String::new() } else { format!(" after `{before}`") };
        let span = self.gap(place);
        if expected.is_empty() {
            Diagnostic::new(codes::SYNTAX, format!("unexpected {}{after}", found.trim_start_matches("the ")))
                .primary(span, "not understood")
        } else {
            let diagnostic = Diagnostic::new(codes::SYNTAX, format!("expected {expected}{after}, found {found}"))
                .primary(span, "not expected here");
            if before == "[" && place.expected.contains(&Rule::name) {
                diagnostic.help("brackets after a name hold partitions, as in `encounters[dt = run_date]`")
            } else {
                diagnostic
            }
        }
    }
}

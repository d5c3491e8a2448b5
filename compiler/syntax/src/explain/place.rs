//! Causes that show in what was expected at a place, and what stands around it.

use super::{words, Explainer, Place};
use crate::build::unit_meant;
use crate::grammar::Rule;
use crate::scan::{Kind, Token};
use flow_diagnostics::{codes, Diagnostic};

impl Explainer<'_> {
    /// `/// …` right before a `}`.
    pub(super) fn stray_doc(&self, place: &Place<'_>) -> Option<Diagnostic> {
        if !matches!(place.kind(), None | Some(Kind::Close)) {
            return None;
        }
        let earlier = self.tokens.get(..place.index)?;
        let last = earlier.iter().rev().find(|token| token.kind != Kind::Newline)?;
        (last.kind == Kind::Doc).then(|| self.nothing_below(*last))
    }

    /// `5 minutes`: the unit is written against the number.
    pub(super) fn unit_apart(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let (number, word) = match (place.found, place.before.first(), place.before.get(1)) {
            (Some(word), Some(number), _) if word.kind == Kind::Word && number.kind == Kind::Number => (*number, word),
            (_, Some(word), Some(number)) if word.kind == Kind::Word && number.kind == Kind::Number => (*number, *word),
            _ => return None,
        };
        let unit = unit_meant(self.text(word))?;
        let digits = self.text(number);
        if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_' || byte == b'.') {
            return None;
        }
        let span = self.span(number.start, word.end);
        Some(
            Diagnostic::new(codes::UNKNOWN_UNIT, "a unit is written against its number")
                .primary(span, format!("did you mean `{digits}{unit}`?"))
                .note("durations are written with `ms`, `s`, `m`, `h`, `d`; sizes with `B`, `KB`, `MB`, `GB`, `TB`; shares with `%`")
                .fix(format!("write `{digits}{unit}`"), span, format!("{digits}{unit}")),
        )
    }

    /// `flow f(day: Date):`, as other languages begin a block.
    pub(super) fn colon_for_block(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let found = place.found.filter(|found| self.text(*found) == ":")?;
        let after = self.tokens.get(place.index + 1);
        if !place.expects(Rule::open) || after.is_some_and(|after| !matches!(after.kind, Kind::Newline | Kind::Comment)) {
            return None;
        }
        Some(
            Diagnostic::new(codes::SYNTAX, "a block stands in `{ }`, not behind a `:`")
                .primary(self.of(found), "expected `{`")
                .note("indentation is for the reader alone: where a block ends is said by `}`")
                .help("write `{` in place of the `:`, and `}` on a line of its own after the last line of the block"),
        )
    }

    pub(super) fn try_without_catch(&self, place: &Place<'_>) -> Option<Diagnostic> {
        if !place.expects(Rule::k_catch) || self.before(place, 0) != "}" {
            return None;
        }
        Some(
            Diagnostic::new(codes::TRY_WITHOUT_CATCH, "this `try` has no `catch`")
                .primary(self.gap(place), "expected `catch`")
                .note("a failure inside would go on as if there were no `try`")
                .help("write `catch as error { … }` after it, or remove `try { }` around the steps"),
        )
    }

    /// `on failure error { … }`.
    pub(super) fn missing_as(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let found = place.found?;
        let wanted = place.expects(Rule::binding) || place.expects(Rule::k_as);
        // `failure` alone could also be an event, after which an operator could follow.
        let on_failure = self.before(place, 0) == "failure" && self.before(place, 1) == "on";
        let binds = matches!(place.item, "flow" | "task") && !words::RESERVED.contains(&self.text(found));
        if !binds || !wanted || place.after_operand() && !on_failure || found.kind != Kind::Word {
            return None;
        }
        let name = self.text(found);
        let start = self.span(found.start, found.start);
        Some(
            Diagnostic::new(codes::MISSING_AS, format!("expected `as` before `{name}`"))
                .primary(self.of(found), format!("did you mean `as {name}`?"))
                .fix(format!("write `as {name}`"), start, "as "),
        )
    }

    /// `where a = 3`.
    pub(super) fn assign_in_condition(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let found = place.found?;
        if self.text(found) != "=" || !place.after_operand() {
            return None;
        }
        let line = self.line_words(place);
        let conditional = line.iter().any(|word| {
            matches!(*word, "if" | "where" | "check" | "when" | "until" | "expect" | "and" | "or" | "not")
        }) || line.contains(&"join");
        conditional.then(|| {
            Diagnostic::new(codes::ASSIGN_IN_CONDITION, "`=` gives a name to a value; `==` compares")
                .primary(self.of(found), "in a condition")
                .fix("write `==`", self.of(found), "==")
        })
    }

    /// The words of the line up to the place.
    pub(super) fn line_words(&self, place: &Place<'_>) -> Vec<&str> {
        let earlier = self.tokens.get(..place.index).unwrap_or(&[]);
        let line = earlier.iter().rev().take_while(|token| token.kind != Kind::Newline);
        line.filter(|token| token.kind == Kind::Word).map(|token| self.text(*token)).collect()
    }

    /// `bucket =` and on the next line `prefix = …`, which then reads as `bucket = prefix`.
    pub(super) fn value_left_out(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let found = place.found?;
        let [name, assign, owner, ..] = place.before.as_slice() else { return None };
        let begins = words::STATEMENTS.contains(&self.text(*name)) && found.kind == Kind::Word;
        let reads_on = (self.text(found) == "=" || begins)
            && place.after_operand()
            && name.kind == Kind::Word
            && self.text(*assign) == "="
            && self.apart(assign.end, name.start);
        reads_on.then(|| {
            Diagnostic::new(codes::MISSING_VALUE, format!("`{}` has no value", self.text(*owner)))
                .primary(self.of(*assign).after(), "expected a value after `=`")
                .secondary(self.of(*name), "another entry begins here")
        })
    }

    /// A misspelt statement or operator.
    pub(super) fn unknown_entry(&self, place: &Place<'_>) -> Option<Diagnostic> {
        if place.expects(Rule::k_where) && place.item == "transform" {
            return self.unknown_operator(place);
        }
        let (list, owner) = words::statements_of(place.item)?;
        if place.inside != "{" {
            return None;
        }
        // In a block a statement was expected. In the flow itself `stpe` of `stpe q = …` could be a setting, so
        // `=` was expected after it.
        let begins = [Rule::statement, Rule::step_statement, Rule::k_step, Rule::stream_statement, Rule::given_statement];
        let (word, follows) = if begins.iter().any(|rule| place.expects(*rule)) {
            let follows = self.tokens.get(place.index + 1).copied();
            (place.found?, follows)
        } else if place.expects(Rule::assign) {
            (*place.before.first()?, place.found)
        } else {
            return None;
        };
        if word.kind != Kind::Word || !self.begins_entry(word) {
            return None;
        }
        let name = self.text(word);
        let setting = matches!(name, "timeout" | "retry") && place.expects(Rule::assign);
        if setting || list.contains(&name) {
            return None;
        }
        let span = self.of(word);
        let what = if owner == "flow" { "a statement".to_owned() } else { format!("a statement of a {owner}") };
        let unknown = Diagnostic::new(codes::UNKNOWN_STATEMENT, format!("`{name}` is not {what}"));
        let found = follows.map_or("", |found| self.text(found));
        if let Some(similar) = words::similar(name, list) {
            return Some(
                unknown
                    .primary(span, format!("did you mean `{similar}`?"))
                    .fix(format!("write `{similar}`"), span, similar),
            );
        }
        if let Some(ours) = words::statement_of_other_language(name) {
            return Some(unknown.primary(span, "").help(ours));
        }
        match found {
            "(" | "." if owner == "flow" => Some(
                unknown.primary(span, "a call alone").help(format!("name the step: `step NAME = {name}{found}…`")),
            ),
            _ if name == "run" && owner == "flow" => Some(
                unknown.primary(span, "an action of a step").help("name the step: `step NAME = run …`"),
            ),
            "=" if owner == "flow" => Some(
                unknown
                    .primary(span, "in a block of statements")
                    .help("settings such as `timeout` and `retry` stand in the flow itself; a value is named with `let`"),
            ),
            "=" | ":" | "==" => None,
            _ => Some(unknown.primary(span, "").note(words::statements_note(list, owner))),
        }
    }

    /// Whether a token is the first of its line, or of an entry on it.
    fn begins_entry(&self, word: Token) -> bool {
        let index = self.tokens.partition_point(|token| token.end <= word.start);
        let before = index.checked_sub(1).and_then(|before| self.tokens.get(before));
        before.is_none_or(|before| {
            before.is_gap() || matches!(self.text(*before), "{" | "," | "}")
        })
    }

    fn unknown_operator(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let found = place.found?;
        if found.kind != Kind::Word {
            return None;
        }
        let name = self.text(found);
        let span = self.of(found);
        let unknown = Diagnostic::new(codes::UNKNOWN_STATEMENT, format!("`{name}` is not an operator of a transform"));
        Some(match words::similar(name, words::OPERATORS) {
            Some(similar) => unknown
                .primary(span, format!("did you mean `{similar}`?"))
                .fix(format!("write `{similar}`"), span, similar),
            None => match words::operator_of_other_language(name) {
                Some(ours) => unknown.primary(span, "").help(ours),
                None => unknown.primary(span, "").note(words::operators_note()),
            },
        })
    }

    pub(super) fn missing_assign(&self, place: &Place<'_>) -> Option<Diagnostic> {
        // After `)` or `}` of a task or a function both `=` and `{` may follow: that is for `generic`.
        if !place.expects(Rule::assign) || place.after_operand() || place.wants_value() {
            return None;
        }
        let found = place.found.map_or("", |found| self.text(found));
        let name = self.before(place, 0);
        match (found, place.found) {
            (":", Some(colon)) => {
                return Some(
                    Diagnostic::new(codes::COLON_FOR_ASSIGN, format!("`{name}` takes its value with `=`"))
                        .primary(self.of(colon), "expected `=`")
                        .note("`:` gives a type, and parts names from values in a record `{ a: 1 }`; in a block values follow `=`")
                        .fix("write ` =`", self.of(colon), " ="),
                );
            }
            ("==", Some(equal)) => {
                return Some(
                    Diagnostic::new(codes::MISSING_ASSIGN, format!("expected `=` after `{name}`"))
                        .primary(self.of(equal), "`==` compares")
                        .fix("write `=`", self.of(equal), "="),
                );
            }
            _ => {}
        }
        if self.before(place, 1) == "step" && matches!(found, "(" | ".") {
            return Some(
                Diagnostic::new(codes::MISSING_ASSIGN, "this step has no name".to_owned())
                    .primary(self.gap(place), "expected `=`")
                    .help(format!("write `step NAME = {name}{found}…`")),
            );
        }
        let diagnostic = |message: String| {
            Diagnostic::new(codes::MISSING_ASSIGN, message).primary(self.gap(place), "expected `=`")
        };
        Some(match place.item {
            "test" if self.before(place, 1) == "mock" => diagnostic(format!("this mock of `{name}` does nothing"))
                .help(format!("write `mock {name} = VALUE` for its result, or `mock {name} raises ERROR`")),
            "fn" => diagnostic("this function computes nothing".to_owned())
                .help("write `= EXPRESSION`, or `lower { run = r\"…\" }` with the text of each stage's target"),
            "task" if place.inside.is_empty() => diagnostic("this task does nothing".to_owned())
                .help("write `{ resource = \"arn:…\", arguments = { … } }`, or `=` and what makes it, such as `ecs.fargate { … }`"),
            "source" | "sink" if place.inside.is_empty() => diagnostic(format!("this {} lies nowhere", place.item))
                .help("write `=` and where it lies, such as `s3.table { bucket = …, prefix = …, format = … }`"),
            _ => diagnostic(format!("expected `=` after `{name}`, found {}", self.shown(place.found))),
        })
    }

    /// `b Int` in a schema.
    pub(super) fn missing_colon(&self, place: &Place<'_>) -> Option<Diagnostic> {
        // In a test the type of `given` rows is left out more often than not.
        if !place.expects(Rule::colon) || place.after_operand() || place.item == "test" && place.expects(Rule::assign) {
            return None;
        }
        let name = *place.before.first()?;
        if name.kind != Kind::Word {
            return None;
        }
        let diagnostic = Diagnostic::new(
            codes::MISSING_COLON,
            format!("expected `:` after `{}`, found {}", self.text(name), self.shown(place.found)),
        )
        .primary(self.gap(place), if place.expects(Rule::assign) && place.inside == "{" { "expected `:`" } else { "expected `: TYPE`" });
        Some(match place.found {
            Some(found) if matches!(found.kind, Kind::Word | Kind::Open) => {
                let end = self.of(name).after();
                diagnostic.fix("write `:`", end, ":")
            }
            Some(found) if self.text(found) == "=" => diagnostic.note("a name's type is written before its value"),
            _ => diagnostic,
        })
    }

    pub(super) fn missing_type(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let wanted = place.expects(Rule::type_expr) || place.expects(Rule::named_type) || place.expects(Rule::list_type);
        if !wanted || place.expects(Rule::expr) {
            return None;
        }
        Some(
            Diagnostic::new(
                codes::MISSING_TYPE,
                format!("expected a type after `{}`, found {}", self.before(place, 0), self.shown(place.found)),
            )
            .primary(self.gap(place), "expected a type")
            .help("such as `Int`, `String?`, `[Date]`, `Table<Encounter>` or `{ a: Int }`"),
        )
    }

    pub(super) fn missing_value(&self, place: &Place<'_>) -> Option<Diagnostic> {
        if !place.wants_value() {
            return None;
        }
        let before = self.before(place, 0);
        let word = place.found.map_or("", |found| self.text(found));
        // `match == "full"`: a word of the language as a name.
        if let Some(name) = place.before.first().filter(|_| words::RESERVED.contains(&before) && matches!(word, "==" | "!=" | "<" | "<=" | ">" | ">=")) {
            return Some(
                Diagnostic::new(codes::SYNTAX, format!("`{before}` cannot be the name of a value"))
                    .primary(self.of(*name), "a word of the language")
                    .help(format!("use another name, here and where it is declared, such as `the_{before}`")),
            );
        }
        if place.kind() == Some(Kind::Word) && words::RESERVED.contains(&word) {
            return Some(
                Diagnostic::new(codes::SYNTAX, format!("expected a value after `{before}`, found `{word}`"))
                    .primary(self.gap(place), "a word of the language")
                    .note(format!("`{word}` cannot be the name of a value")),
            );
        }
        Some(
            Diagnostic::new(
                codes::MISSING_VALUE,
                format!("expected a value after `{before}`, found {}", self.shown(place.found)),
            )
            .primary(self.gap(place), "expected a value"),
        )
    }

    /// `f(parquet { … })`.
    pub(super) fn construct_place(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let found = place.found?;
        let callee = *place.before.first()?;
        if self.text(found) != "{" || callee.kind != Kind::Word || !place.after_operand() {
            return None;
        }
        Some(
            Diagnostic::new(codes::CONSTRUCT_PLACE, "a constructor block stands right of `=` alone")
                .primary(self.of(found), "this `{` opens no block")
                .note("elsewhere `{` opens the block of a statement")
                .help(format!(
                    "partitions stand in brackets, `{0}[dt = …]`; a construct is a named argument, `NAME = {0} {{ … }}`",
                    self.text(callee)
                )),
        )
    }

    /// `f(x y)`, `[1 2]`.
    pub(super) fn missing_comma(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let found = place.found?;
        let before = *place.before.first()?;
        let begins = matches!(found.kind, Kind::Word | Kind::Number | Kind::Text | Kind::Open);
        if !place.after_operand() || !begins || !matches!(place.inside, "(" | "[") {
            return None;
        }
        let gap = self.of(before).after();
        Some(
            Diagnostic::new(
                codes::MISSING_COMMA,
                format!("expected a comma between `{}` and `{}`", self.text(before), self.text(found)),
            )
            .primary(gap, "expected `,`")
            .fix("write a comma", gap, ","),
        )
    }

    /// `bucket = raw prefix = "x"`.
    pub(super) fn two_on_a_line(&self, place: &Place<'_>) -> Option<Diagnostic> {
        let found = place.found?;
        let before = *place.before.first()?;
        let complete = place.after_operand()
            || place.expects(Rule::EOI)
            || place.expects(Rule::optional)
            || place.expected == [Rule::close];
        let begins = matches!(found.kind, Kind::Word | Kind::Number | Kind::Text | Kind::Open);
        if !complete || !begins || place.inside == "\"" || self.apart(before.end, found.start) {
            return None;
        }
        if place.expects(Rule::open) && self.line_words(place).iter().any(|word| matches!(*word, "if" | "for" | "match" | "poll")) {
            return Some(
                Diagnostic::new(
                    codes::SYNTAX,
                    format!("expected `{{` after `{}`, found `{}`", self.text(before), self.text(found)),
                )
                .primary(self.of(found), "expected a block `{ … }`"),
            );
        }
        let next = self.tokens.get(place.index + 1).map_or("", |next| self.text(*next));
        let is_entry = found.kind == Kind::Word && (matches!(next, "=" | ":") || place.inside.is_empty() || words::STATEMENTS.contains(&self.text(found)) || words::OPERATORS.contains(&self.text(found)));
        let message = if is_entry {
            format!("`{}` begins another entry on the same line", self.text(found))
        } else {
            format!("`{}` cannot follow `{}`", self.text(found), self.text(before))
        };
        if !is_entry {
            return Some(
                Diagnostic::new(codes::SYNTAX, message).primary(self.of(found), "expected an operator or the end of the line"),
            );
        }
        let diagnostic = Diagnostic::new(codes::TWO_ON_A_LINE, message).primary(self.of(found), "");
        Some(if place.inside == "{" && place.item != "transform" {
            diagnostic.help("put a comma between them, or write each on a line of its own")
        } else {
            diagnostic.help("write each on a line of its own")
        })
    }
}

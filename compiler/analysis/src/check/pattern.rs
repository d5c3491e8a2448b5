//! Regular expressions: right of `matches`, and as the `pattern` of a function of the library.

use super::{Checker, Scope};
use crate::program::{Expr, ExprKind, Type, Value};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, FunctionItem};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::BuildError;
use regex_automata::util::primitives::PatternID;

impl<'a> Checker<'a> {
    pub(super) fn matches(&mut self, left: &'a ast::Expr, right: &'a ast::Expr, scope: &Scope, span: Span) -> Expr {
        let operand = self.check(left, scope, &Type::String, None);
        let ast::ExprKind::RawText(pattern) = &right.kind else {
            if matches!(right.kind, ast::ExprKind::Broken) {
                return Expr { ty: Type::Bool, ..Expr::error(span) };
            }
            return self.fail(
                span,
                Diagnostic::new(codes::BAD_PATTERN, "`matches` wants a pattern as `r\"…\"`")
                    .primary(right.span, "")
                    .note("a pattern is known to the compiler, and its backslashes are its own"),
            );
        };
        if !self.compiled(pattern, right.span) {
            return Expr { ty: Type::Bool, ..Expr::error(span) };
        }
        if operand.is_error() {
            return Expr { ty: Type::Bool, ..Expr::error(span) };
        }
        match operand.text() {
            Some(text) => {
                let found = self.patterns.get(pattern).is_some_and(|compiled| {
                    compiled.is_match(&mut compiled.create_cache(), text)
                });
                Expr::bool(found, span)
            }
            None => {
                let stage = operand.stage;
                Expr::new(ExprKind::Matches(Box::new(operand), pattern.clone()), Type::Bool, stage, span)
            }
        }
    }

    /// Compiles a pattern, once; `false` after a report.
    fn compiled(&mut self, pattern: &str, place: Span) -> bool {
        if self.patterns.contains_key(pattern) {
            return true;
        }
        match PikeVM::new(pattern) {
            Ok(compiled) => {
                self.patterns.insert(pattern.to_owned(), compiled);
                true
            }
            Err(error) => {
                let reason = reason(&error);
                self.report(
                    Diagnostic::new(codes::BAD_PATTERN, format!("this is no pattern: {reason}"))
                        .primary(place, "")
                        .note("patterns are regular expressions without look-around and back references"),
                );
                false
            }
        }
    }

    /// Holds the pattern among a call's arguments against what every stage can do with it, and its `group` against the
    /// pattern; group 0 becomes a group of its own. `false` after a report.
    pub(super) fn pattern_argument(&mut self, item: &FunctionItem, at: usize, arguments: &mut [Expr]) -> bool {
        let Some(argument) = arguments.get(at) else { return true };
        let (place, name) = (argument.span, &item.name.text);
        let Some(pattern) = argument.text().map(str::to_owned) else {
            self.report(
                Diagnostic::new(codes::BAD_PATTERN, format!("`{name}` wants a pattern as `r\"…\"`"))
                    .primary(place, "not known to the compiler")
                    .note("a pattern is checked before anything runs, and becomes part of what is deployed"),
            );
            return false;
        };
        if !self.compiled(&pattern, place) {
            return false;
        }
        let shortest = regex_automata::util::syntax::parse(&pattern).ok().and_then(|parsed| parsed.properties().minimum_len());
        if shortest.is_none_or(|length| length == 0) {
            self.report(
                Diagnostic::new(codes::EMPTY_MATCH, format!("this pattern matches where there is nothing, and `{name}` wants something"))
                    .primary(place, "")
                    .note("JSONata, which computes it in a state machine, fails for such a match")
                    .help("ask for at least one character: `+` in the place of `*`"),
            );
            return false;
        }
        let Some(group_at) = item.params.iter().position(|param| param.name.text == "group") else { return true };
        let Some(group) = arguments.get(group_at) else { return true };
        let group_place = group.span;
        let Some(Value::Int(number)) = group.constant().cloned() else {
            self.report(
                Diagnostic::new(codes::NO_GROUP, "which group is meant is known to the compiler")
                    .primary(group_place, "not a constant")
                    .help("write its number: `group = 1`"),
            );
            return false;
        };
        let groups: Vec<Option<String>> = self.patterns.get(&pattern).map_or_else(Vec::new, |compiled| {
            let names = compiled.get_nfa().group_info().pattern_names(PatternID::ZERO);
            names.skip(1).map(|name| name.map(str::to_owned)).collect()
        });
        if let Some(named) = groups.iter().flatten().next() {
            self.report(
                Diagnostic::new(codes::NO_GROUP, format!("the group `{named}` has a name, and groups are counted here"))
                    .primary(place, "")
                    .note("the stages write and find names of groups in different ways")
                    .help("leave the name out: `(…)`, or `(?:…)` for one that does not count"),
            );
            return false;
        }
        if usize::try_from(number).is_ok_and(|number| number <= groups.len()) {
            if number == 0 {
                let whole = Expr::string(format!("({pattern})"), place);
                let first = Expr::int(1, group_place);
                for (index, expr) in [(at, whole), (group_at, first)] {
                    if let Some(slot) = arguments.get_mut(index) {
                        *slot = expr;
                    }
                }
            }
            return true;
        }
        let has = match groups.len() {
            0 => "no group".to_owned(),
            1 => "one group".to_owned(),
            count => format!("{count} groups"),
        };
        let diagnostic = Diagnostic::new(codes::NO_GROUP, format!("there is no group {number}: the pattern has {has}"))
            .primary(place, has)
            .help("put `( )` round the part that is wanted, or write `group = 0` for the whole match");
        self.report(diagnostic);
        false
    }
}

/// What is wrong with a pattern, in its parser's last line.
fn reason(error: &BuildError) -> String {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| cause.to_string());
    cause.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned()
}

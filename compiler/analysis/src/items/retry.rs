//! Retry policies: `retry NAME = [ { errors: […], interval: 2s, … } ]`, constants all.

use crate::check::{Because, Checker, Scope};
use crate::program::{Expr, RetryRule, Stage, Type, Value};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Field, ItemKind};

impl<'a> Checker<'a> {
    /// The rules that `retry = …` says: of a policy by its name, or written out.
    pub fn retry_of(&mut self, field: &'a Field, scope: &Scope) -> Vec<RetryRule> {
        if let ast::ExprKind::Name(name) = &field.value.kind
            && scope.local(&name.text).is_none()
            && let Some(def) = self.names.value_named(scope.module, &name.text)
            && matches!(def.item.kind, ItemKind::Retry(_))
        {
            return self.named_rules(def);
        }
        let ty = Type::List(Box::new(self.prelude_type("RetryRule")));
        let value = self.check(&field.value, scope, &ty, None);
        let because = Because::new(field.name.span, "a retry policy is part of the state machine's text");
        if self.stage(&value, Stage::Const, because) { self.retry_rules(&value) } else { Vec::new() }
    }

    /// The rules of a policy; checked once, however many steps have it.
    pub fn named_rules(&mut self, def: Def<'a>) -> Vec<RetryRule> {
        if let Some(rules) = self.policies.get(&def.key()) {
            return rules.clone();
        }
        let place = def.name().map_or(self.cause, |name| name.span);
        let policy = self.retry_policy(def, place);
        let rules = self.retry_rules(&policy);
        self.policies.insert(def.key(), rules.clone());
        rules
    }

    /// A policy as a value: a list of rules.
    pub fn retry_policy(&mut self, def: Def<'a>, span: Span) -> Expr {
        let ItemKind::Retry(item) = &def.item.kind else { return Expr::error(span) };
        let ty = Type::List(Box::new(self.prelude_type("RetryRule")));
        if !self.enter(def) {
            return Expr::error(span);
        }
        let expr = self.check(&item.value, &Scope::new(def.module), &ty, None);
        self.leave(def);
        let because = Because::new(item.name.span, "a retry policy is part of the state machine's text");
        if !self.stage(&expr, Stage::Const, because) {
            return Expr::error(span);
        }
        Expr { span, ..expr }
    }

    /// The rules of a policy that was checked.
    pub fn retry_rules(&mut self, policy: &Expr) -> Vec<RetryRule> {
        let mut rules = Vec::new();
        for element in policy.elements() {
            let seconds = |name: &str| match element.entry(name).and_then(Expr::constant) {
                Some(Value::Duration(length)) => u64::try_from(length.div_euclid(1_000_000)).ok(),
                _ => None,
            };
            let errors: Vec<String> = element
                .entry("errors")
                .map(Expr::elements)
                .unwrap_or_default()
                .iter()
                .filter_map(|error| error.text().map(str::to_owned))
                .collect();
            let attempts = match element.entry("attempts").and_then(Expr::constant) {
                Some(Value::Int(value)) => u32::try_from(*value).ok(),
                _ => None,
            };
            let backoff = match element.entry("backoff").and_then(Expr::constant) {
                Some(Value::Float(value)) => Some(*value),
                _ => None,
            };
            let jitter = matches!(element.entry("jitter").and_then(Expr::constant), Some(Value::Bool(true)));
            let whole = |name: &str| {
                element.entry(name).and_then(Expr::constant).is_none_or(
                    |value| !matches!(value, Value::Duration(length) if *length < 1_000_000 || length % 1_000_000 != 0),
                )
            };
            if element.is_error() {
                continue;
            }
            let problem = if errors.is_empty() {
                Some("a rule names at least one error, as a text")
            } else if attempts.is_none() {
                Some("`attempts` is a number, 0 or more")
            } else if !whole("interval") || !whole("max_delay") {
                Some("`interval` and `max_delay` are whole seconds, 1 or more")
            } else {
                None
            };
            if let Some(problem) = problem {
                self.report(
                    Diagnostic::new(codes::BAD_RETRY, problem)
                        .primary(element.span, "")
                        .note("the States Language has it so")
                        .help("write `{ errors: [\"States.Timeout\"], interval: 2s, attempts: 3, backoff: 2.0, jitter: true }`"),
                );
                continue;
            }
            rules.push(RetryRule {
                errors,
                interval_s: seconds("interval").unwrap_or(1),
                attempts: attempts.unwrap_or(0),
                backoff: backoff.unwrap_or(1.0),
                max_delay_s: seconds("max_delay"),
                jitter,
            });
        }
        rules
    }
}

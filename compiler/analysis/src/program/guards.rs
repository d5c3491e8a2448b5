//! Items that exist only where a condition holds: `resource topic = … when alerts`.
//!
//! What names such an item must exist nowhere else. [`Facts`] are conditions whose value is known at a place: those of
//! the item around it, of the steps, of the `if` in the expression; [`Program::unsure`] gives the guards that they do not
//! imply. The checker refuses those, and the back end asks the same where Terraform evaluates what may not exist.

use super::{Binary, Expr, ExprKind, Program, Unary, Value};
use flow_diagnostics::Span;

/// Where an item exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// The condition, plan at most.
    pub condition: Expr,
    /// It as written: `alerts and not quick`.
    pub text: String,
    /// What has it: "resource `topic`".
    pub item: String,
    /// The item's name.
    pub span: Span,
}

impl Guard {
    /// Whether the item exists nowhere: `when false`.
    pub fn never(&self) -> bool {
        matches!(self.condition.kind, ExprKind::Value(Value::Bool(false)))
    }

    /// For a resource of a construct, within the item that the construct is called for: `None` where it always exists.
    pub(crate) fn within(around: Option<Guard>, condition: Expr, text: String, item: String, span: Span) -> Option<Guard> {
        match (&condition.kind, around) {
            (ExprKind::Value(Value::Bool(true)), around) => around,
            (ExprKind::Value(Value::Bool(false)), _) | (_, None) => Some(Guard { condition, text, item, span }),
            (_, Some(around)) => Some(Guard {
                condition: both(around.condition, condition),
                text: format!("{} and {text}", around.text),
                item,
                span,
            }),
        }
    }

    /// For something that two items share: it exists where either does.
    pub(crate) fn or(self, other: &Guard) -> Guard {
        if self.condition == other.condition || Facts::of(Some(&other.condition)).implies(&self.condition) {
            return self;
        }
        Guard {
            condition: either(self.condition, other.condition.clone()),
            text: format!("{} or {}", self.text, other.text),
            ..self
        }
    }
}

/// `a or b`.
pub fn either(a: Expr, b: Expr) -> Expr {
    let (ty, stage, span) = (a.ty.clone(), a.stage.max(b.stage), a.span);
    Expr { kind: ExprKind::Binary(Binary::Or, Box::new(a), Box::new(b)), ty, stage, span }
}

/// `a and b`.
pub fn both(a: Expr, b: Expr) -> Expr {
    let (ty, stage, span) = (a.ty.clone(), a.stage.max(b.stage), a.span);
    Expr { kind: ExprKind::Binary(Binary::And, Box::new(a), Box::new(b)), ty, stage, span }
}

/// Conditions with their known values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    known: Vec<(Expr, bool)>,
}

impl Facts {
    /// Those of a place where a condition holds.
    pub fn of(condition: Option<&Expr>) -> Facts {
        let mut facts = Facts::default();
        if let Some(condition) = condition {
            facts.assume(condition, true);
        }
        facts
    }

    /// The same where a condition has this value too.
    #[must_use]
    pub fn with(&self, condition: &Expr, value: bool) -> Facts {
        let mut facts = self.clone();
        facts.assume(condition, value);
        facts
    }

    fn assume(&mut self, condition: &Expr, value: bool) {
        match (&condition.kind, value) {
            (ExprKind::Unary(Unary::Not, inner), _) => self.assume(inner, !value),
            (ExprKind::IsNone { negated: true, .. }, _) => self.assume(&absent(condition), !value),
            (ExprKind::Binary(Binary::And, left, right), true) | (ExprKind::Binary(Binary::Or, left, right), false) => {
                self.assume(left, value);
                self.assume(right, value);
            }
            _ => self.known.push((condition.clone(), value)),
        }
    }

    /// Whether a condition must hold.
    pub fn implies(&self, condition: &Expr) -> bool {
        self.never() || self.settles(condition, true) || self.one_of_either(condition)
    }

    /// Whether they hold nowhere: what is said of such a place is true.
    fn never(&self) -> bool {
        self.known.iter().any(|(known, is)| matches!(known.kind, ExprKind::Value(Value::Bool(value)) if value != *is))
    }

    /// Whether a condition must have this value.
    fn settles(&self, condition: &Expr, value: bool) -> bool {
        let direct = match (&condition.kind, value) {
            (ExprKind::Value(Value::Bool(known)), _) => *known == value,
            (ExprKind::Unary(Unary::Not, inner), _) => self.settles(inner, !value),
            (ExprKind::IsNone { negated: true, .. }, _) => self.settles(&absent(condition), !value),
            (ExprKind::Binary(Binary::And, left, right), true) | (ExprKind::Binary(Binary::Or, left, right), false) => {
                self.settles(left, value) && self.settles(right, value)
            }
            (ExprKind::Binary(Binary::And, left, right), false) | (ExprKind::Binary(Binary::Or, left, right), true) => {
                self.settles(left, value) || self.settles(right, value)
            }
            _ => false,
        };
        direct || self.known.iter().any(|(known, is)| settles(known, *is, condition, value))
    }

    /// Of a known `a or b`, either way leads to the condition.
    fn one_of_either(&self, condition: &Expr) -> bool {
        self.known.iter().enumerate().any(|(at, (known, value))| {
            let (ExprKind::Binary(Binary::Or, left, right), true) = (&known.kind, *value) else { return false };
            let mut others = self.clone();
            others.known.remove(at);
            [left, right].into_iter().all(|side| others.with(side, true).implies(condition))
        })
    }
}

/// `x == none` of `x != none`.
fn absent(condition: &Expr) -> Expr {
    let mut absent = condition.clone();
    if let ExprKind::IsNone { negated, .. } = &mut absent.kind {
        *negated = false;
    }
    absent
}

/// Whether a known value of one condition gives another its value.
fn settles(known: &Expr, is: bool, condition: &Expr, value: bool) -> bool {
    if known == condition {
        return is == value;
    }
    match (comparison(known), comparison(condition)) {
        (Some((a, b, known_equal)), Some((c, d, wanted_equal))) if a == c => {
            // `x == "a"` settles every comparison of `x` with a constant.
            let equal = is == known_equal;
            let wanted = value == wanted_equal;
            if b == d { equal == wanted } else { equal && !wanted }
        }
        _ => false,
    }
}

/// The sides of a comparison with a constant, and whether it is `==`.
fn comparison(expr: &Expr) -> Option<(&Expr, &Value, bool)> {
    let ExprKind::Binary(operator @ (Binary::Equal | Binary::NotEqual), left, right) = &expr.kind else { return None };
    let ExprKind::Value(value) = &right.kind else { return None };
    Some((left, value, *operator == Binary::Equal))
}

/// A name of something that may not exist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unsure<'p> {
    /// Where that exists.
    pub guard: &'p Guard,
    /// The name.
    pub span: Span,
}

impl Program {
    /// Takes out what exists nowhere: `when false`. Resources and tables keep their numbers; nothing names them.
    pub(crate) fn leave_out(&mut self) {
        let never = |guard: &Option<Guard>| guard.as_ref().is_some_and(Guard::never);
        let (gone, kept) = std::mem::take(&mut self.flows).into_iter().partition(|flow| never(&flow.when));
        self.flows = kept;
        self.without_uses(&gone);
        for flow in &mut self.flows {
            flow.triggers.retain(|trigger| !never(&trigger.schedule.when));
            flow.events.retain(|event| !self.channels.get(event.channel.0 as usize).is_some_and(|channel| never(&channel.when)));
        }
        self.streams.retain(|stream| !never(&stream.when));
        self.outputs.retain(|output| !never(&output.when));
        self.schedules.retain(|schedule| !never(&schedule.when));
    }

    /// Where the thing exists that an expression names, if not everywhere. Not of what stands within.
    pub fn guard_of(&self, expr: &Expr) -> Option<&Guard> {
        match &expr.kind {
            ExprKind::Attribute { resource, .. } => self.resource(*resource)?.when.as_ref(),
            ExprKind::SecretArn(id) | ExprKind::SecretName(id) => self.secret(*id)?.when.as_ref(),
            ExprKind::FlowArn(name) | ExprKind::FlowFact(name, _) => {
                self.flows.iter().find(|flow| flow.name == *name)?.when.as_ref()
            }
            ExprKind::StreamFact(name, _) => {
                self.streams.iter().find(|stream| stream.name == *name)?.when.as_ref()
            }
            ExprKind::TableFact(id, _) => self.table(*id)?.when.as_ref(),
            ExprKind::Table(place) => self.table(place.table)?.when.as_ref(),
            ExprKind::Target(place) => self.table(place.table)?.when.as_ref(),
            _ => None,
        }
    }

    /// What an expression names that may not exist where these facts hold.
    pub fn unsure<'p>(&'p self, expr: &Expr, facts: &Facts) -> Vec<Unsure<'p>> {
        let mut found = Vec::new();
        self.collect(expr, facts, &mut found);
        found
    }

    fn collect<'p>(&'p self, expr: &Expr, facts: &Facts, found: &mut Vec<Unsure<'p>>) {
        if let Some(guard) = self.guard_of(expr)
            && !facts.implies(&guard.condition)
        {
            found.push(Unsure { guard, span: expr.span });
        }
        match &expr.kind {
            ExprKind::If(condition, then, otherwise) => {
                self.collect(condition, facts, found);
                self.collect(then, &facts.with(condition, true), found);
                self.collect(otherwise, &facts.with(condition, false), found);
            }
            ExprKind::Binary(Binary::And, left, right) => {
                self.collect(left, facts, found);
                self.collect(right, &facts.with(left, true), found);
            }
            ExprKind::Binary(Binary::Or, left, right) => {
                self.collect(left, facts, found);
                self.collect(right, &facts.with(left, false), found);
            }
            // A text of a table's bucket, where that is a resource's.
            ExprKind::TableFact(id, fact) => {
                if let Some(value) = self.table(*id).and_then(|table| table.fact(*fact)) {
                    let facts = match self.table(*id).and_then(|table| table.when.as_ref()) {
                        Some(guard) => facts.with(&guard.condition, true),
                        None => facts.clone(),
                    };
                    self.collect(&value, &facts, found);
                }
            }
            _ => expr.children().into_iter().for_each(|child| self.collect(child, facts, found)),
        }
    }

    /// The condition under which everything exists that an expression names, beside what is known already.
    pub fn needs(&self, expr: &Expr, facts: &Facts) -> Option<Expr> {
        let mut conditions: Vec<Expr> = Vec::new();
        for unsure in self.unsure(expr, facts) {
            if !conditions.contains(&unsure.guard.condition) {
                conditions.push(unsure.guard.condition.clone());
            }
        }
        conditions.into_iter().reduce(both)
    }
}

//! Toggles: conditions of the deploy stage that change a flow's graph. A flow has one complete definition for each
//! combination; HCL (or the local runner) chooses one.
//!
//! `step undo = … when rollback` gives `nightly.asl.json`, where it does not hold, and `nightly.rollback.asl.json`.

use flow_analysis::program::{
    Arm, Branch, Catch, Expr, ExprKind, Flow, ForEach, Handler, Head, Inner, Match, Parallel, Poll, Stage, Statement,
    Step, Type, Unary, Value, VariableId,
};
use flow_diagnostics::Span;

/// Most toggles that are enumerated: 16 definitions. The checker refuses programs with more.
const TOGGLE_LIMIT: usize = 4;

/// A toggle: what is tested, and the other way round where the program says `not`.
fn positive(condition: &Expr) -> (&Expr, bool) {
    match &condition.kind {
        ExprKind::Unary(Unary::Not, inner) => {
            let (inner, value) = positive(inner);
            (inner, !value)
        }
        _ => (condition, true),
    }
}

/// The toggles of a flow, each once, in the order of the text.
pub fn toggles(flow: &Flow, known: &dyn Fn(&Expr) -> Option<bool>) -> Vec<Expr> {
    let mut found: Vec<Expr> = Vec::new();
    flow.walk(&mut |statement| {
        let condition = match statement {
            Statement::Step(step) => step.when.as_ref(),
            Statement::If { condition, .. } => Some(condition),
            other => other.head().and_then(|head| head.when.as_ref()),
        };
        let Some(condition) = condition.filter(|condition| condition.stage <= Stage::Apply) else { return };
        let (toggle, _) = positive(condition);
        if known(toggle).is_none() && !found.contains(toggle) {
            found.push(toggle.clone());
        }
    });
    found.truncate(TOGGLE_LIMIT);
    found
}

/// All combinations of values, all `false` first.
pub fn combinations(toggles: &[Expr]) -> Vec<Vec<(Expr, bool)>> {
    (0..1_usize << toggles.len())
        .map(|bits| toggles.iter().enumerate().map(|(at, toggle)| (toggle.clone(), bits >> at & 1 == 1)).collect())
        .collect()
}

/// What a definition's file is called: the flow, and the toggles that hold.
pub fn file(flow: &str, toggles: &[(Expr, bool)]) -> String {
    let mut name = flow.to_owned();
    for (index, (toggle, holds)) in toggles.iter().enumerate() {
        if *holds {
            name.push('.');
            match &toggle.kind {
                ExprKind::Param(param) => name.push_str(param),
                _ => name.push_str(&format!("when{}", index + 1)),
            }
        }
    }
    name + ".asl.json"
}

/// A flow's statements where the conditions of the deploy stage have their values.
pub struct Fold<'a> {
    /// The value of a condition, without its `not`.
    pub value: &'a dyn Fn(&Expr) -> Option<bool>,
}

impl Fold<'_> {
    /// The flow with its blocks folded.
    pub fn flow(&self, flow: &Flow) -> Flow {
        // Field by field: a copy of the whole would copy the body that is made anew.
        Flow {
            name: flow.name.clone(),
            doc: flow.doc.clone(),
            params: flow.params.clone(),
            result: flow.result.clone(),
            triggers: flow.triggers.clone(),
            events: flow.events.clone(),
            timeout_s: flow.timeout_s,
            express: flow.express,
            own: flow.own.clone(),
            variables: flow.variables.clone(),
            on_failure: flow.on_failure.as_ref().map(|handler| self.handler(handler)),
            body: self.block(&flow.body),
            when: flow.when.clone(),
            span: flow.span,
        }
    }

    fn handler(&self, handler: &Handler) -> Handler {
        Handler { body: self.block(&handler.body), binding: handler.binding, span: handler.span }
    }

    fn inner(&self, inner: &Inner) -> Inner {
        Inner { body: self.block(&inner.body), output: inner.output.clone() }
    }

    /// A `parallel` or a `for`: whole, or nothing but the absence of its result.
    fn composite(&self, head: &Head, make: &dyn Fn(Head) -> Statement) -> Vec<Statement> {
        match head.when.as_ref().and_then(|when| self.holds(when)) {
            Some(true) => vec![make(Head { when: None, ..head.clone() })],
            Some(false) => head.result.map(|result| none(result, head.span)).into_iter().collect(),
            None => vec![make(head.clone())],
        }
    }

    fn holds(&self, condition: &Expr) -> Option<bool> {
        if condition.stage > Stage::Apply {
            return None;
        }
        let (toggle, sign) = positive(condition);
        (self.value)(toggle).map(|value| value == sign)
    }

    fn block(&self, statements: &[Statement]) -> Vec<Statement> {
        statements.iter().flat_map(|statement| self.statement(statement)).collect()
    }

    fn statement(&self, statement: &Statement) -> Vec<Statement> {
        match statement {
            Statement::Step(step) => match step.when.as_ref().and_then(|when| self.holds(when)) {
                Some(true) => vec![Statement::Step(Box::new(Step { when: None, ..(**step).clone() }))],
                Some(false) => vec![none(step.result, step.span)],
                None => vec![statement.clone()],
            },
            Statement::Parallel(of) => self.composite(&of.head, &|head| {
                let branch = |branch: &Branch| Branch { inner: self.inner(&branch.inner), ..branch.clone() };
                Statement::Parallel(Box::new(Parallel { head, branches: of.branches.iter().map(branch).collect(), task: of.task }))
            }),
            Statement::For(of) => self.composite(&of.head, &|head| {
                Statement::For(Box::new(ForEach { head, inner: self.inner(&of.inner), ..(**of).clone() }))
            }),
            Statement::Match(of) => {
                let arm = |arm: &Arm| Arm { body: self.block(&arm.body), ..arm.clone() };
                vec![Statement::Match(Box::new(Match {
                    arms: of.arms.iter().map(arm).collect(),
                    otherwise: of.otherwise.as_ref().map(|otherwise| self.block(otherwise)),
                    ..(**of).clone()
                }))]
            }
            Statement::Poll(of) => vec![Statement::Poll(Box::new(Poll {
                body: self.block(&of.body),
                otherwise: of.otherwise.as_ref().map(|otherwise| self.block(otherwise)),
                ..(**of).clone()
            }))],
            Statement::If { condition, then, otherwise, span } => match self.holds(condition) {
                Some(true) => self.block(then),
                Some(false) => self.block(otherwise),
                None => vec![Statement::If {
                    condition: condition.clone(),
                    then: self.block(then),
                    otherwise: self.block(otherwise),
                    span: *span,
                }],
            },
            Statement::Try { body, catches, span } => {
                let body = self.block(body);
                let catches = catches
                    .iter()
                    .map(|catch| Catch { errors: catch.errors.clone(), handler: self.handler(&catch.handler) })
                    .collect();
                vec![Statement::Try { body, catches, span: *span }]
            }
            Statement::Let { .. }
            | Statement::Fail(_)
            | Statement::Return { .. }
            | Statement::Continue { .. }
            | Statement::Wait { .. } => vec![statement.clone()],
        }
    }
}

/// What is left of a step that is not in the graph: whoever reads its result finds `none`.
fn none(variable: VariableId, span: Span) -> Statement {
    let value = Expr { kind: ExprKind::Value(Value::None), ty: Type::None, stage: Stage::Const, span };
    Statement::Let { variable, value, span }
}

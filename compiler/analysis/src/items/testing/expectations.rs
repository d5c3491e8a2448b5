//! What a test expects: conditions, rows, and how a flow ran.

use super::{TestBuilder, TestTable};
use crate::check::{Because, Checker};
use crate::program::{Expectation, ExpectationKind, Expr, ExprKind, Flow, Stage, Type, VariableId};
use flow_diagnostics::{Diagnostic, Span, codes};
use flow_syntax::ast::{self, BinaryOp, ExpectationKind as Written};

impl<'a> Checker<'a> {
    /// `expect …`; `None` after a report.
    pub(super) fn expectation(&mut self, ast: &'a ast::Expectation, test: &TestBuilder<'a>) -> Option<Expectation> {
        let span = ast.span;
        let kind = match &ast.kind {
            Written::Holds(expr) => self.holds(expr, test)?,
            Written::Ran { step, times } => {
                let flow = self.ran_flow(span, test)?;
                let step = self.state_of(step, &flow)?;
                let times = match times {
                    Some(times) => {
                        let because = || Because::new(span, "a number of calls");
                        let times = self.check(times, &test.scope, &Type::Int, Some(because()));
                        if times.is_error() || !self.stage(&times, Stage::Run, because()) {
                            return None;
                        }
                        Some(times)
                    }
                    None => None,
                };
                ExpectationKind::Ran { step, times }
            }
            Written::Failed(error) => {
                self.ran_flow(span, test)?;
                ExpectationKind::Failed(error.as_ref().map(ast::Path::text))
            }
            Written::Succeeded => {
                self.ran_flow(span, test)?;
                ExpectationKind::Succeeded
            }
            Written::Not(inner) => ExpectationKind::Not(Box::new(self.expectation(inner, test)?)),
            Written::And(left, right) => {
                let (left, right) = (self.expectation(left, test), self.expectation(right, test));
                ExpectationKind::And(Box::new(left?), Box::new(right?))
            }
            Written::Or(left, right) => {
                let (left, right) = (self.expectation(left, test), self.expectation(right, test));
                ExpectationKind::Or(Box::new(left?), Box::new(right?))
            }
        };
        Some(Expectation { kind, span })
    }

    /// The flow that ran last.
    fn ran_flow(&mut self, span: Span, test: &TestBuilder<'a>) -> Option<Flow> {
        let Some(at) = test.ran else {
            let runs = test.item.body.iter().any(|known| {
                matches!(known.kind, ast::TestStatementKind::Run { .. } | ast::TestStatementKind::Broken)
            });
            let after = test.item.body.iter().any(|known| {
                matches!(known.kind, ast::TestStatementKind::Run { .. }) && known.span.start > span.start
            });
            // A `run` before it that names no flow has been reported.
            if !runs || after {
                self.report(
                    Diagnostic::new(codes::MOCK_PLACE, "no flow has run here")
                        .primary(span, "")
                        .help("run one before: `run FLOW(…)`"),
                );
            }
            return None;
        };
        self.program.flows.get(at).cloned()
    }

    /// The state that `ran` names: a step, or a `parallel` or `for` that is one.
    fn state_of(&mut self, path: &ast::Path, flow: &Flow) -> Option<String> {
        let name = path.text();
        let mut composite = false;
        flow.walk(&mut |statement| composite |= statement.head().is_some_and(|head| head.name == name));
        if composite {
            return Some(name);
        }
        self.step_of(path, flow, "ask for").map(|step| step.name.clone())
    }

    fn holds(&mut self, expr: &'a ast::Expr, test: &TestBuilder<'a>) -> Option<ExpectationKind> {
        if let ast::ExprKind::Binary { op, left, right, .. } = &expr.kind
            && matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
            && let ast::ExprKind::Name(name) = &left.kind
            && let Some(table) = test.table(&name.text).cloned()
        {
            return self.rows(&table, right, *op == BinaryOp::Equal, name.span, test);
        }
        let condition = self.condition(expr, &test.scope, "of `expect`");
        let because = Because::new(expr.span, "a test knows what one execution knows");
        (!condition.is_error() && self.stage(&condition, Stage::Run, because)).then_some(ExpectationKind::Holds(condition))
    }

    /// `TABLE == ROWS`.
    fn rows(
        &mut self,
        table: &TestTable,
        rows: &'a ast::Expr,
        equal: bool,
        at: Span,
        test: &TestBuilder<'a>,
    ) -> Option<ExpectationKind> {
        let want = Type::List(Box::new(self.row_record(&table.columns)));
        let because = || Because::new(at, "a table is compared with rows: `[{ … }]`");
        let rows = self.check(rows, &test.scope, &want, Some(because()));
        let good = !rows.is_error() && self.stage(&rows, Stage::Run, because());
        good.then_some(ExpectationKind::Rows { table: table.variable, rows, equal, ordered: table.ordered })
    }
}

/// The variables that an expression mentions.
pub(super) fn mentioned(expr: &Expr) -> Vec<VariableId> {
    let mut found = Vec::new();
    expr.walk(&mut |part| {
        if let ExprKind::Variable(id) = part.kind {
            found.push(id);
        }
    });
    found.sort_unstable();
    found.dedup();
    found
}

/// The variables that an expectation mentions.
pub(super) fn variables(expectation: &Expectation, found: &mut Vec<VariableId>) {
    match &expectation.kind {
        ExpectationKind::Holds(condition) => found.extend(mentioned(condition)),
        ExpectationKind::Rows { table, rows, .. } => {
            found.push(*table);
            found.extend(mentioned(rows));
        }
        ExpectationKind::Ran { times, .. } => found.extend(times.iter().flat_map(mentioned)),
        ExpectationKind::Failed(_) | ExpectationKind::Succeeded => {}
        ExpectationKind::Not(inner) => variables(inner, found),
        ExpectationKind::And(left, right) | ExpectationKind::Or(left, right) => {
            variables(left, found);
            variables(right, found);
        }
    }
    found.sort_unstable();
    found.dedup();
}

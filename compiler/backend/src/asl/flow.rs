//! Statements as states.
//!
//! Every state hands on `{}`: what steps find out travels in variables, and only if something reads it. A flow without
//! `return` so ends with the output `{}`; what its steps did stands in their results in the execution's history.

use super::assembler::{Assembler, Finished, Label};
use super::errors::Taker;
use super::jsonata::{Code, Deployed, DeployValues, Scope, lower};
use super::names::StateNames;
use super::text::placeholder;
use super::tree::tree;
use super::{entry, names};
use crate::substitutions::{Encoding, Substitutions};
use flow_analysis::program::{
    Expr, ExprKind, Fail, Flow, Program, Statement, TableId, VariableId,
};
use flow_asl::model::{Pass, QueryLanguage, State, StateMachine, Succeed};
use flow_diagnostics::Span;
use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value as Json};

/// A finished machine.
pub struct Machine {
    /// It.
    pub machine: StateMachine,
    /// Each state's place.
    pub spans: Vec<(String, Span)>,
    /// Names of the deploy values in it.
    pub names: Vec<String>,
}

/// The deploy values of one machine.
pub struct MachineValues<'a> {
    program: &'a Program,
    table: &'a mut Substitutions,
    /// All that stand in the definition.
    used: IndexSet<String>,
    /// Those that the entry state assigns: variable by name of the value.
    assigned: IndexMap<String, String>,
    pub(super) taken: IndexSet<String>,
    /// Variables that were read since this was last cleared.
    pub(super) touched: IndexSet<String>,
}

impl DeployValues for MachineValues<'_> {
    fn value(&mut self, expr: &Expr, hint: &str) -> Deployed {
        let entry = self.table.entry(self.program, expr, hint);
        self.used.insert(entry.name.clone());
        let taken = &mut self.taken;
        let variable =
            self.assigned.entry(entry.name.clone()).or_insert_with(|| names::fresh(taken, &entry.name)).clone();
        self.touched.insert(variable.clone());
        match entry.encoding {
            Encoding::Text => Deployed::Text(variable),
            Encoding::Json => Deployed::Json(variable),
        }
    }

    fn whole(&mut self, expr: &Expr, hint: &str) -> Option<String> {
        let entry = self.table.entry(self.program, expr, hint);
        if entry.encoding == Encoding::Json {
            return None;
        }
        self.used.insert(entry.name.clone());
        Some(entry.name)
    }
}

impl MachineValues<'_> {
    /// The name under which a text stands where nothing is evaluated.
    fn plain(&mut self, expr: &Expr, hint: &str) -> String {
        let entry = self.table.plain(self.program, expr, hint);
        self.used.insert(entry.name.clone());
        entry.name
    }
}

/// A machine under way.
pub(super) struct Lowering<'a> {
    flow: &'a Flow,
    variables: &'a [String],
    tables: &'a dyn Fn(TableId) -> String,
    pub(super) deploy: MachineValues<'a>,
    pub(super) out: Assembler,
    /// Places of the states of branches and iterations.
    pub(super) spans: Vec<(String, Span)>,
    /// Whether something reads the result of the branch or iteration at hand.
    pub(super) wanted: bool,
    /// Branches and iterations around the statement at hand.
    pub(super) depth: usize,
    /// Names of variables that something reads.
    read: IndexSet<String>,
    /// Where errors go, innermost first.
    pub(super) takers: Vec<Taker>,
    pub(super) on_failure: Option<Taker>,
    /// Ends of the handler that go on after its `try`.
    pub(super) continued: Vec<Label>,
    /// Results of steps where their own state reads them, by the state's index.
    pub(super) results: IndexMap<usize, (VariableId, Code)>,
}

/// Lowers a flow without toggles.
pub fn machine(program: &Program, flow: &Flow, table: &mut Substitutions) -> Machine {
    let variables = names::variables(flow);
    let tables = |id: TableId| program.table(id).map_or_else(String::new, |table| table.name.clone());
    let taken = variables.iter().cloned().chain(["given", "found", "unknown", "item"].map(str::to_owned)).collect();
    let lowering = Lowering {
        flow,
        variables: &variables,
        tables: &tables,
        deploy: MachineValues { program, table, used: IndexSet::new(), assigned: IndexMap::new(), taken, touched: IndexSet::new() },
        out: Assembler::new(StateNames::new(step_names(flow))),
        spans: Vec::new(),
        wanted: true,
        depth: 0,
        read: read(flow, &variables),
        takers: Vec::new(),
        on_failure: None,
        continued: Vec::new(),
        results: IndexMap::new(),
    };
    lowering.flow(program)
}

/// Names that are states' whatever else is made: of steps, of a `parallel` or a `for` that is a step.
fn step_names(flow: &Flow) -> Vec<String> {
    let mut names = Vec::new();
    flow.walk(&mut |statement| {
        if let Statement::Step(step) = statement {
            names.push(step.name.clone());
        }
        names.extend(statement.head().filter(|head| head.result.is_some()).map(|head| head.name.clone()));
    });
    names
}

/// The ASL names of all variables that an expression, or a `fail` that raises again, reads.
fn read(flow: &Flow, variables: &[String]) -> IndexSet<String> {
    let mut found = IndexSet::new();
    let mut add = |id: VariableId, raw: bool| {
        if let Some(name) = variables.get(id.0 as usize) {
            found.insert(if raw { names::raw(name) } else { name.clone() });
        }
    };
    flow.walk(&mut |statement| {
        if let Statement::Fail(Fail::Again { error, .. }) = statement {
            add(*error, false);
        }
        for root in statement.expressions() {
            root.walk(&mut |expr| match expr.kind {
                ExprKind::Variable(id) | ExprKind::Perhaps(id) => add(id, false),
                ExprKind::Raw(id) => add(id, true),
                _ => {}
            });
        }
    });
    found
}

/// Variables that `flow.state` reads whether or not they have a value: they begin as `none`.
fn perhaps(flow: &Flow) -> IndexSet<VariableId> {
    let mut found = IndexSet::new();
    flow.walk(&mut |statement| {
        for root in statement.expressions().into_iter().chain(statement.outputs()) {
            root.walk(&mut |expr| {
                if let ExprKind::Perhaps(id) = expr.kind {
                    found.insert(id);
                }
            });
        }
    });
    found
}

impl Lowering<'_> {
    fn flow(mut self, program: &Program) -> Machine {
        let flow = self.flow;
        let wanted = if step_names(flow).contains(&flow.name) { format!("{} start", flow.name) } else { flow.name.clone() };
        let entry_name = self.out.names.fresh(&wanted);
        let mut scope = self.scope();
        let (mut params, output) = entry::parameters(program, flow, &mut scope);
        params.extend(perhaps(flow).into_iter().map(|id| (self.name(id), Json::Null)));
        let own_comment = flow.own.comment.as_ref().and_then(|value| match value.text() {
            Some(text) => comment(Some(text)),
            None => Some(format!("${{{}}}", self.deploy.plain(value, "comment"))),
        });
        let needs_values = !self.deploy.assigned.is_empty();
        self.out.push(entry_name.clone(), flow.span, Pass { output: Some(output), ..Pass::default() }, Vec::new());

        if let Some(handler) = &flow.on_failure {
            let label = self.out.label();
            self.on_failure = Some(Taker { errors: Vec::new(), label, variable: self.read_name(handler.binding) });
        }
        self.takers.extend(self.on_failure.clone());
        self.block(&flow.body);
        self.out.finish(flow.span);

        let taker = self.on_failure.take().filter(|taker| self.out.is_used(taker.label));
        if let (Some(handler), Some(taker)) = (&flow.on_failure, taker) {
            self.takers.clear();
            self.out.bind(taker.label);
            self.block(&handler.body);
            // The checker asks for `fail` or `return` at its end; an error that was handled is still one.
            if self.out.reachable() {
                self.fail_again(handler.binding, handler.span);
            }
        }

        let values: IndexMap<String, Json> = self
            .deploy
            .assigned
            .iter()
            .map(|(name, variable)| (variable.clone(), format!("${{{name}}}").into()))
            .collect();
        let first = self.out.names.fresh(&format!("{} values", flow.name));
        let mut states = self.out.resolve();
        let mut start = entry_name.clone();
        let mut assign = params;
        if needs_values {
            // The parameters' values read deploy values, which a state before theirs must assign.
            let pass = Pass { assign: Some(values), next: Some(entry_name), ..Pass::default() };
            states.insert(0, Finished { name: first.clone(), span: flow.span, state: pass.into() });
            start = first;
        } else {
            assign.extend(values);
        }
        let entry = states.iter_mut().find_map(|state| match &mut state.state {
            State::Pass(pass) if state.name != start || !needs_values => Some(pass),
            _ => None,
        });
        if let Some(entry) = entry {
            entry.assign = (!assign.is_empty()).then_some(assign);
        }
        let mut spans: Vec<(String, Span)> = states.iter().map(|state| (state.name.clone(), state.span)).collect();
        spans.append(&mut self.spans);
        let machine = StateMachine {
            comment: own_comment.or_else(|| comment(flow.doc.as_deref())),
            query_language: Some(QueryLanguage::Jsonata),
            start_at: start,
            timeout_seconds: flow.timeout_s,
            states: states.into_iter().map(|state| (state.name, state.state)).collect(),
            ..StateMachine::default()
        };
        Machine { machine, spans, names: self.deploy.used.into_iter().collect() }
    }

    pub(super) fn scope(&mut self) -> Scope<'_> {
        Scope {
            variables: self.variables,
            instead: Vec::new(),
            tables: self.tables,
            deploy: &mut self.deploy,
        }
    }

    pub(super) fn name(&self, id: VariableId) -> String {
        self.variables.get(id.0 as usize).cloned().unwrap_or_default()
    }

    /// The variable's name if anything reads it.
    pub(super) fn read_name(&self, id: VariableId) -> Option<String> {
        Some(self.name(id)).filter(|name| self.read.contains(name))
    }

    /// The variable of a step's whole answer if anything reads it.
    pub(super) fn read_raw(&self, id: VariableId) -> Option<String> {
        Some(names::raw(&self.name(id))).filter(|name| self.read.contains(name))
    }

    pub(super) fn block(&mut self, statements: &[Statement]) {
        for statement in statements {
            if !self.out.reachable() {
                return;
            }
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Step(step) => self.step(step),
            Statement::Let { variable, value, span } => self.assign(*variable, value, *span),
            Statement::If { condition, then, otherwise, span } => self.choice(condition, then, otherwise, *span),
            Statement::Match(of) => self.cases(of),
            Statement::Parallel(of) => self.parallel(of),
            Statement::For(of) => self.each(of),
            Statement::Poll(of) => self.poll(of),
            Statement::Try { body, catches, span: _ } => self.attempt(body, catches),
            Statement::Fail(Fail::Again { error, span }) => self.fail_again(*error, *span),
            Statement::Fail(Fail::New { name, cause, span }) => self.fail_new(name, cause.as_ref(), *span),
            Statement::Return { value, span } if self.depth > 0 => {
                self.give(value.as_ref().filter(|_| self.wanted), "return", *span);
                self.out.finish(*span);
            }
            Statement::Return { value, span } => {
                let output = value.as_ref().map(|value| output(value, &mut self.scope()));
                let state = Succeed { output: Some(output.unwrap_or_else(empty)), ..Succeed::default() };
                let name = self.out.names.fresh("return");
                self.out.push_end(name, *span, state);
            }
            Statement::Continue { .. } => {
                let ends = self.out.leave();
                self.continued.extend(ends);
            }
            Statement::Wait { value, until, span } => self.wait(value, *until, *span),
        }
    }

    /// `let`: in the `Assign` of the state before, or in a Pass of its own. A value that nothing reads is left out.
    fn assign(&mut self, variable: VariableId, value: &Expr, span: Span) {
        let Some(name) = self.read_name(variable) else { return };
        // Not in the entry state: what it assigns itself is not known before the end.
        if let Some(index) = self.out.before().filter(|index| *index > 0) {
            let own = self.results.get(&index).cloned();
            if !self.reads_any(value, &self.out.assigned(index), own.as_ref().map(|(id, _)| *id)) {
                let mut scope = self.scope();
                scope.instead.extend(own);
                let value = tree(value, &name, &mut scope);
                self.out.assign(index, name, value);
                return;
            }
        }
        let value = tree(value, &name, &mut self.scope());
        let state_name = self.out.names.fresh(&format!("let {name}"));
        self.pass(state_name, span, name, value);
    }

    /// A known value into a variable: in the `Assign` of the state before, or in a Pass of its own.
    pub(super) fn set(&mut self, variable: String, value: Json, what: &str, span: Span) {
        match self.out.before().filter(|index| *index > 0) {
            Some(index) => self.out.assign(index, variable, value),
            None => {
                let state_name = self.out.names.fresh(what);
                self.pass(state_name, span, variable, value);
            }
        }
    }

    pub(super) fn pass(&mut self, state_name: String, span: Span, variable: String, value: Json) {
        let state = Pass { assign: Some(IndexMap::from([(variable, value)])), ..Pass::default() };
        self.out.push(state_name, span, state, Vec::new());
    }

    /// Whether an expression reads one of the variables with these names, `but` one.
    pub(super) fn reads_any(&self, value: &Expr, names: &[String], but: Option<VariableId>) -> bool {
        value.any(&|expr| match expr.kind {
            ExprKind::Variable(id) | ExprKind::Perhaps(id) => Some(id) != but && names.contains(&self.name(id)),
            _ => false,
        })
    }

}

/// A value as a state's `Output`: an object, or an expression, which every tool reads.
pub(super) fn output(value: &Expr, scope: &mut Scope<'_>) -> Json {
    match tree(value, "output", scope) {
        Json::Object(fields) => Json::Object(fields),
        Json::String(text) if text.starts_with("{%") => Json::String(text),
        _ => lower(value, scope).definite().delimited().into(),
    }
}

/// `{}`.
pub(super) fn empty() -> Json {
    Json::Object(Map::new())
}

/// A doc comment; one that is exactly a deploy value's place would be filled, so it gets a full stop.
pub(super) fn comment(doc: Option<&str>) -> Option<String> {
    let doc = doc?;
    Some(if placeholder(doc).is_some() { format!("{doc}.") } else { doc.to_owned() })
}

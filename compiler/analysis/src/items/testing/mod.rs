//! Tests: rows given, tables and values computed, flows run with mocked steps, and what is expected of them.
//!
//! A table of a test is a variable whose type is a record of lists (see [`Test`]); its columns are known beside it, for
//! transforms and operators, which work on rows.

mod expectations;
mod mocks;
mod tables;

use crate::check::{Because, Checker, Local, Scope};
use crate::program::{
    Env, Expr, ExprKind, Flow, SchemaField, SchemaId, Stage, TableId, TableRole, Test, TestRun, TestStatement,
    TestStatementKind, Type, Value, Variable, VariableId, VariableKind,
};
use crate::resolve::{Def, duplicate};
use flow_diagnostics::{Diagnostic, Span, codes};
use flow_syntax::ast::{self, ItemKind, Name, TestItem};

/// A test under way.
struct TestBuilder<'a> {
    module: usize,
    item: &'a TestItem,
    variables: Vec<Variable>,
    statements: Vec<TestStatement>,
    /// Values, and the columns of tables.
    scope: Scope,
    /// Tables of the test by name, the latest last.
    tables: Vec<(String, TestTable)>,
    /// Tables of the program, for what stands in them after a run.
    program: Vec<(VariableId, TableId)>,
    /// `mock` statements that no `run` has taken yet.
    mocks: Vec<mocks::Written<'a>>,
    /// The flow that ran last, by its place in the program.
    ran: Option<usize>,
    expects: bool,
}

/// A table of a test.
#[derive(Debug, Clone)]
struct TestTable {
    variable: VariableId,
    columns: Vec<SchemaField>,
    /// Whether its last operator orders it.
    ordered: bool,
    /// The sink that a flow may have written since.
    sink: bool,
}

impl TestBuilder<'_> {
    /// Adds a variable; its name in the test may be taken already, by a table of the program.
    fn add(&mut self, name: &str, ty: Type, span: Span) -> VariableId {
        let taken = |name: &str| self.variables.iter().any(|variable| variable.name == name);
        let mut unique = name.to_owned();
        let mut count = 1;
        while taken(&unique) {
            count += 1;
            unique = format!("{name}_{count}");
        }
        let id = VariableId(u32::try_from(self.variables.len()).unwrap_or(u32::MAX));
        self.variables.push(Variable { name: unique, ty, kind: VariableKind::Let, span });
        id
    }

    fn assign(&mut self, name: &str, id: VariableId) {
        let Some(variable) = self.variables.get(id.0 as usize) else { return };
        let expr = Expr::new(ExprKind::Variable(id), variable.ty.clone(), Stage::Run, variable.span);
        let local = if variable.ty == Type::Error { Expr::error(variable.span) } else { expr };
        self.scope.declare(name, Local::Value(local));
    }

    fn table(&self, name: &str) -> Option<&TestTable> {
        self.tables.iter().rev().find(|(known, _)| known == name).map(|(_, table)| table)
    }

    fn push(&mut self, kind: TestStatementKind, span: Span) {
        self.statements.push(TestStatement { kind, span });
    }
}

impl<'a> Checker<'a> {
    /// The test that an item declares.
    pub fn test(&mut self, def: Def<'a>) {
        let ItemKind::Test(item) = &def.item.kind else { return };
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        if let Some(first) = self.program.tests.iter().find(|test| test.name == item.name.text) {
            duplicate(&item.name, first.span, self.diagnostics);
        }
        let mut test = TestBuilder {
            module: def.module,
            item,
            variables: Vec::new(),
            statements: Vec::new(),
            scope: Scope::new(def.module),
            tables: Vec::new(),
            program: Vec::new(),
            mocks: Vec::new(),
            ran: None,
            expects: false,
        };
        let (env, now) = self.test_settings(item);
        self.tables_of_the_program(&mut test);
        for statement in &item.body {
            self.test_statement(statement, &mut test);
        }
        if let Some((step, ..)) = test.mocks.first() {
            self.report(
                Diagnostic::new(codes::MOCK_PLACE, format!("nothing runs after `mock {}`", step.text()))
                    .primary(step.span, "")
                    .note("a mock is for the `run` below it")
                    .help("write `run FLOW(…)` after it, or leave it out"),
            );
        }
        let broken = item.body.iter().any(|statement| statement.kind == ast::TestStatementKind::Broken);
        if !test.expects && !broken {
            self.report(
                Diagnostic::new(codes::EXPECTS_NOTHING, format!("test \"{}\" expects nothing", item.name.text))
                    .primary(item.name.span, "")
                    .note("it passes whatever is computed")
                    .help("say what must hold: `expect …`"),
            );
        }
        self.program.tests.push(Test {
            name: item.name.text.clone(),
            env,
            now,
            variables: test.variables,
            statements: test.statements,
            span: item.name.span,
        });
        self.cause = cause;
    }

    fn test_settings(&mut self, item: &'a TestItem) -> (Option<String>, Option<String>) {
        let (mut env, mut now) = (None, None);
        for field in &item.settings {
            match field.name.text.as_str() {
                "env" => {
                    let known: Vec<String> = self.program.envs.iter().map(|env: &Env| env.name.clone()).collect();
                    let text = match &field.value.kind {
                        ast::ExprKind::Name(name) => Some(name.text.clone()),
                        ast::ExprKind::Text(parts) => match parts.as_slice() {
                            [ast::TextPart::Text(text)] => Some(text.clone()),
                            _ => None,
                        },
                        _ => None,
                    };
                    match text {
                        Some(text) if known.contains(&text) => env = Some(text),
                        text => {
                            let names: Vec<&str> = known.iter().map(String::as_str).collect();
                            let diagnostic = Diagnostic::new(
                                codes::UNKNOWN_NAME,
                                match &text {
                                    Some(text) => format!("there is no environment `{text}`"),
                                    None => "a test's `env` is the name of an environment".to_owned(),
                                },
                            )
                            .primary(field.value.span, "");
                            let diagnostic = Self::suggest(
                                diagnostic,
                                text.as_deref().unwrap_or_default(),
                                field.value.span,
                                &names,
                                "environments are",
                            );
                            self.report(diagnostic);
                        }
                    }
                }
                "now" => {
                    let scope = Scope::new(0);
                    let value = self.check(&field.value, &scope, &Type::Timestamp, None);
                    if let Some(Value::Timestamp(text)) = value.constant() {
                        now = Some(text.clone());
                    } else if !value.is_error() {
                        let because = Because::new(field.name.span, "where the test's clock begins");
                        self.stage(&value, Stage::Const, because);
                    }
                }
                _ => self.unknown_setting(field, "a test", &["env", "now"]),
            }
        }
        (env, now)
    }

    /// Every table of the program is a name of the test, until the test gives rows of that name.
    fn tables_of_the_program(&mut self, test: &mut TestBuilder<'a>) {
        let tables: Vec<(TableId, String, SchemaId, Span)> = (0..)
            .map(TableId)
            .zip(&self.program.tables)
            .map(|(id, table)| (id, table.name.clone(), table.schema, table.span))
            .collect();
        for (id, name, schema, span) in tables {
            let columns = self.program.schema(schema).map(|schema| schema.fields.clone()).unwrap_or_default();
            let variable = test.add(&name, self.column_lists(&columns), span);
            test.assign(&name, variable);
            test.program.push((variable, id));
            test.tables.push((name, TestTable { variable, columns, ordered: false, sink: false }));
        }
    }

    fn test_statement(&mut self, statement: &'a ast::TestStatement, test: &mut TestBuilder<'a>) {
        let span = statement.span;
        match &statement.kind {
            ast::TestStatementKind::Given { name, ty, value } => self.given(name, ty.as_ref(), value, span, test),
            ast::TestStatementKind::Let { name, value, operators } => {
                self.test_let(name, value, operators, span, test);
            }
            ast::TestStatementKind::Mock { step, answer, times } => {
                test.mocks.push((step, answer, times.as_ref(), span));
            }
            ast::TestStatementKind::Run { flow, arguments, binding } => {
                self.test_run(flow, arguments, binding.as_ref(), span, test);
            }
            ast::TestStatementKind::Expect(expectation) => {
                test.expects = true;
                if let Some(checked) = self.expectation(expectation, test) {
                    let mut used = Vec::new();
                    expectations::variables(&checked, &mut used);
                    self.read_tables(&used, span, test);
                    test.push(TestStatementKind::Expect(checked), span);
                }
            }
            ast::TestStatementKind::Broken => {}
        }
    }

    /// What stands in the program's tables is read where it is named.
    fn read_tables(&mut self, used: &[VariableId], span: Span, test: &mut TestBuilder<'a>) {
        for id in used {
            let Some((variable, table)) = test.program.iter().find(|(variable, _)| variable == id).copied() else {
                continue;
            };
            if test.ran.is_none() {
                let name = self.program.table(table).map_or_else(String::new, |table| table.name.clone());
                self.report(
                    Diagnostic::new(codes::TEST_TABLE, format!("nothing stands in `{name}` here"))
                        .primary(span, "no flow has run yet")
                        .note("a test begins with empty tables")
                        .help(format!("give it rows: `given {name} = [{{ … }}]`; or run a flow first: `run FLOW(…)`")),
                );
                continue;
            }
            test.push(TestStatementKind::Read { variable, table }, span);
        }
    }

    fn test_let(
        &mut self,
        name: &'a Name,
        value: &'a ast::Expr,
        operators: &'a [ast::Operator],
        span: Span,
        test: &mut TestBuilder<'a>,
    ) {
        self.fresh_name(name, test);
        if self.is_table(value, test) {
            return self.table_let(name, value, operators, span, test);
        }
        if let Some(operator) = operators.first() {
            self.report(
                Diagnostic::new(codes::TEST_TABLE, "an operator works on a table, and this is a value")
                    .primary(value.span, "no table")
                    .secondary(operator.span, "this operator")
                    .help("begin with a transform's result or with rows that are given: `let x = rates(stays) where …`"),
            );
        }
        let scope = test.scope.clone();
        let expr = self.expr(value, &scope, None);
        let because = Because::new(name.span, "a test knows what one execution knows");
        let good = !expr.is_error() && self.stage(&expr, Stage::Run, because);
        let variable = test.add(&name.text, if good { expr.ty.clone() } else { Type::Error }, name.span);
        if good {
            self.read_tables(&expectations::mentioned(&expr), span, test);
            test.push(TestStatementKind::Let { variable, value: expr }, span);
        }
        test.assign(&name.text, variable);
    }

    /// A name that the test itself has given already is reported.
    fn fresh_name(&mut self, name: &Name, test: &TestBuilder<'a>) {
        let earlier = test.item.body.iter().filter_map(|statement| match &statement.kind {
            ast::TestStatementKind::Given { name, .. } | ast::TestStatementKind::Let { name, .. } => Some(name),
            ast::TestStatementKind::Run { binding, .. } => binding.as_ref(),
            _ => None,
        });
        let first = earlier.take_while(|other| other.span.key() != name.span.key()).find(|other| other.text == name.text);
        if let Some(first) = first {
            duplicate(name, first.span, self.diagnostics);
        }
    }

    fn test_run(
        &mut self,
        path: &'a ast::Path,
        arguments: &'a [ast::Argument],
        binding: Option<&'a Name>,
        span: Span,
        test: &mut TestBuilder<'a>,
    ) {
        let mocks = std::mem::take(&mut test.mocks);
        let found = self.called_flow(path, test.module, "run");
        let flow = found.and_then(|def| match &def.item.kind {
            ItemKind::Flow(item) => Some((def, item)),
            _ => None,
        });
        let at = flow.and_then(|(_, item)| self.program.flows.iter().position(|flow| flow.span.key() == item.name.span.key()));
        test.ran = at.or(test.ran);
        if let Some(binding) = binding {
            self.fresh_name(binding, test);
        }
        let (Some((def, item)), Some(at)) = (flow, at) else {
            // What it gives is not known, and asked for nothing more.
            if let Some(binding) = binding {
                let variable = test.add(&binding.text, Type::Error, binding.span);
                test.assign(&binding.text, variable);
            }
            return;
        };
        let Some(checked) = self.program.flows.get(at).cloned() else { return };
        let mocks = self.mocks(&mocks, &checked, test);
        let scope = test.scope.clone();
        let values = self.flow_input(def, item, arguments, &scope, span);
        let binding = binding.map(|binding| {
            if checked.result.is_none() {
                self.report(
                    Diagnostic::new(codes::NO_RETURN, format!("`{}` returns nothing", checked.name))
                        .primary(binding.span, "there is no value for it")
                        .secondary(item.name.span, "declared without a result")
                        .help("leave out `as …`, or declare what the flow returns: `flow f(…) -> TYPE`"),
                );
            }
            // Where the flow fails it is none, and what is expected of it does not hold.
            let ty = checked.result.clone().unwrap_or(Type::Error);
            let variable = test.add(&binding.text, ty, binding.span);
            test.assign(&binding.text, variable);
            variable
        });
        // What was given to a sink may be another from here on.
        test.tables.retain(|(_, table)| !table.sink);
        let tables: Vec<(String, VariableId)> =
            test.tables.iter().map(|(name, table)| (name.clone(), table.variable)).collect();
        for (name, variable) in tables {
            test.assign(&name, variable);
        }
        let Some(arguments) = values else { return };
        test.push(TestStatementKind::Run(TestRun { flow: checked.name, arguments, mocks, binding }), span);
    }

    /// A record with a list for each column.
    fn column_lists(&self, columns: &[SchemaField]) -> Type {
        let list = |column: &SchemaField| (column.name.clone(), Type::List(Box::new(self.written_out(&column.ty))));
        Type::Record(columns.iter().map(list).collect())
    }

    /// A record with a field for each column: one row.
    fn row_record(&self, columns: &[SchemaField]) -> Type {
        Type::Record(columns.iter().map(|column| (column.name.clone(), self.written_out(&column.ty))).collect())
    }

    /// A type in which rows of schemas are records, as a test writes them.
    fn written_out(&self, ty: &Type) -> Type {
        let inner = |ty: &Type| Box::new(self.written_out(ty));
        match ty {
            Type::Row(id) => match self.program.schema(*id) {
                Some(schema) => self.row_record(&schema.fields),
                None => Type::Error,
            },
            Type::List(item) => Type::List(inner(item)),
            Type::Map(value) => Type::Map(inner(value)),
            Type::Optional(value) => Type::Optional(inner(value)),
            Type::Record(fields) => {
                Type::Record(fields.iter().map(|(name, ty)| (name.clone(), self.written_out(ty))).collect())
            }
            other => other.clone(),
        }
    }
}

/// The steps of a flow by the names that a test has for them.
fn step_names(flow: &Flow) -> Vec<&str> {
    flow.steps().into_iter().map(|step| step.name.as_str()).collect()
}

/// Whether a table may be written by a flow.
fn is_sink(checker: &Checker<'_>, table: TableId) -> bool {
    checker.program.table(table).is_some_and(|table| table.role == TableRole::Sink)
}

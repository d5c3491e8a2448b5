//! Rows that a test gives, and tables that it computes of them.

use super::{TestBuilder, TestTable, is_sink};
use crate::check::{Arg, ArgValue, Because, Bound, Checker};
use crate::items::transform::Pipeline;
use crate::program::{
    OperatorKind, SchemaField, SchemaId, Stage, TableId, TestSource, TestStatementKind, Type, VariableId,
};
use crate::resolve::Def;
use crate::suggest::listed;
use flow_diagnostics::{Diagnostic, Span, codes};
use flow_syntax::ast::{self, ItemKind, Name, TestStatementKind as Written, TransformItem};

impl<'a> Checker<'a> {
    /// `given NAME = ROWS`.
    pub(super) fn given(
        &mut self,
        name: &'a Name,
        ty: Option<&'a ast::TypeExpr>,
        value: &'a ast::Expr,
        span: Span,
        test: &mut TestBuilder<'a>,
    ) {
        self.fresh_name(name, test);
        let table = self.program_table(&name.text, test);
        let schema = match ty {
            Some(ty) => match self.ty(ty, test.module, &[]) {
                Type::Table(schema) => Some(schema),
                Type::Error => None,
                other => {
                    let shown = self.show(&other);
                    self.report(
                        Diagnostic::new(codes::BAD_TYPE, format!("a test is given rows, not a `{shown}`"))
                            .primary(ty.span, "")
                            .help("write `Table<…>` with a schema; a plain value is a `let`"),
                    );
                    None
                }
            },
            None => table
                .and_then(|table| self.program.table(table).map(|table| table.schema))
                .or_else(|| self.schema_of_use(name, test)),
        };
        let Some(schema) = schema else {
            if ty.is_none() {
                self.report(
                    Diagnostic::new(codes::TEST_ROWS, format!("the rows of `{}` have no type", name.text))
                        .primary(name.span, "no transform of this test takes it, and no table has its name")
                        .note("rows are checked against the schema of the parameter for which they are used")
                        .help(format!("say it: `given {}: Table<SCHEMA> = …`", name.text)),
                );
            }
            let variable = test.add(&name.text, Type::Error, name.span);
            test.assign(&name.text, variable);
            return;
        };
        let fields = self.program.schema(schema).map(|schema| schema.fields.clone()).unwrap_or_default();
        let partitions = table.map(|table| self.own_partitions(table)).unwrap_or_default();
        let all: Vec<SchemaField> = fields.iter().chain(&partitions).cloned().collect();
        let want = Type::List(Box::new(self.row_record(&all)));
        let shown = self.program.schema(schema).map_or_else(String::new, |schema| schema.name.clone());
        let because = || Because::new(name.span, format!("rows of `{shown}`"));
        let scope = test.scope.clone();
        let rows = self.check(value, &scope, &want, Some(because()));
        let good = !rows.is_error() && self.stage(&rows, Stage::Run, because());
        let variable = test.add(&name.text, self.column_lists(&fields), name.span);
        test.assign(&name.text, variable);
        let sink = table.is_some_and(|table| is_sink(self, table));
        test.tables.push((name.text.clone(), TestTable { variable, columns: fields, ordered: true, sink }));
        if good {
            test.push(TestStatementKind::Given { variable, schema, partitions, table, rows }, span);
        }
    }

    fn program_table(&self, name: &str, test: &TestBuilder<'a>) -> Option<TableId> {
        let id = |id: &TableId| self.program.table(*id).is_some_and(|table| table.name == name);
        test.program.iter().map(|(_, table)| *table).find(id)
    }

    /// Partition columns that stand in folders alone.
    fn own_partitions(&self, table: TableId) -> Vec<SchemaField> {
        let partitions = self.program.table(table).map(|table| table.partitions.as_slice()).unwrap_or_default();
        partitions
            .iter()
            .filter(|partition| !partition.in_schema)
            .map(|partition| SchemaField {
                name: partition.name.clone(),
                ty: partition.ty.clone(),
                key: false,
                doc: None,
                default: None,
                pii: false,
                span: partition.span,
            })
            .collect()
    }

    /// The schema of the first parameter that takes the rows.
    fn schema_of_use(&mut self, name: &Name, test: &TestBuilder<'a>) -> Option<SchemaId> {
        for statement in &test.item.body {
            let Written::Let { value, .. } = &statement.kind else { continue };
            let Some((_, item, arguments)) = self.transform_call(value, test) else { continue };
            let place = arguments.iter().position(
                |argument| matches!(&argument.value.kind, ast::ExprKind::Name(given) if given.text == name.text),
            );
            let Some((at, argument)) = place.and_then(|at| Some((at, arguments.get(at)?))) else { continue };
            let param = match &argument.name {
                Some(named) => item.params.iter().find(|param| param.name.text == named.text),
                None => item.params.get(at),
            };
            if let Some(ty) = param.and_then(|param| param.ty.as_ref())
                && let Type::Table(schema) = self.ty(ty, test.module, &[])
            {
                return Some(schema);
            }
        }
        None
    }

    /// A call of a transform.
    fn transform_call(
        &self,
        value: &'a ast::Expr,
        test: &TestBuilder<'a>,
    ) -> Option<(Def<'a>, &'a TransformItem, &'a [ast::Argument])> {
        let ast::ExprKind::Call { callee, arguments, .. } = &value.kind else { return None };
        let defs = match &callee.kind {
            ast::ExprKind::Name(name) => self.names.callables_named(test.module, &name.text),
            ast::ExprKind::Field { target, name, .. } => {
                let ast::ExprKind::Name(qualifier) = &target.kind else { return None };
                let module = *self.names.module(test.module)?.modules.get(&qualifier.text)?;
                self.names.callables_named(module, &name.text)
            }
            _ => return None,
        };
        let def = *defs.first()?;
        match &def.item.kind {
            ItemKind::Transform(item) => Some((def, item, arguments)),
            _ => None,
        }
    }

    /// Whether a value is a table: a transform's result, or a table of the test.
    pub(super) fn is_table(&self, value: &'a ast::Expr, test: &TestBuilder<'a>) -> bool {
        match &value.kind {
            ast::ExprKind::Name(name) => test.table(&name.text).is_some(),
            _ => self.transform_call(value, test).is_some(),
        }
    }

    /// `let NAME = TABLE …`.
    pub(super) fn table_let(
        &mut self,
        name: &'a Name,
        value: &'a ast::Expr,
        operators: &'a [ast::Operator],
        span: Span,
        test: &mut TestBuilder<'a>,
    ) {
        let source = match &value.kind {
            ast::ExprKind::Name(of) => test.table(&of.text).cloned().map(|table| {
                self.read_tables(&[table.variable], of.span, test);
                (TestSource::Table(table.variable), table.columns, table.ordered)
            }),
            _ => self.transformed(value, span, test),
        };
        let Some((source, columns, mut ordered)) = source else {
            let variable = test.add(&name.text, Type::Error, name.span);
            test.assign(&name.text, variable);
            return;
        };
        let mut pipeline = Pipeline::of(test.module, columns);
        for operator in operators {
            if pipeline.is_broken() {
                break;
            }
            if matches!(operator.kind, ast::OperatorKind::From(_)) {
                self.report(
                    Diagnostic::new(codes::FROM_PLACE, "`from` stands in a transform; here the table comes first")
                        .primary(operator.span, "")
                        .help("write `let x = TABLE where …`"),
                );
                continue;
            }
            if let ast::OperatorKind::Join(_) | ast::OperatorKind::Union { .. } = &operator.kind {
                self.report(
                    Diagnostic::new(codes::TEST_TABLE, "an operator on two tables stands in a transform")
                        .primary(operator.span, "")
                        .note("what a test does to a table on its own line works on that table alone")
                        .help("write a transform with both tables as parameters, and test that"),
                );
                break;
            }
            self.operator(operator, &mut pipeline);
        }
        let broken = pipeline.is_broken();
        let (columns, operators) = pipeline.done();
        for operator in &operators {
            ordered = match &operator.kind {
                OperatorKind::Sort(_) => true,
                OperatorKind::Where(_) | OperatorKind::Derive(_) | OperatorKind::Select(_) | OperatorKind::Take(_) => {
                    ordered
                }
                _ => false,
            };
        }
        let ty = if broken { Type::Error } else { self.column_lists(&columns) };
        let variable = test.add(&name.text, ty, name.span);
        test.assign(&name.text, variable);
        if broken {
            return;
        }
        let table = TestTable { variable, columns: columns.clone(), ordered, sink: false };
        test.tables.push((name.text.clone(), table));
        test.push(TestStatementKind::Table { variable, source, operators, columns }, span);
    }

    /// A transform of tables of the test: its result's columns, and whether they are ordered.
    fn transformed(
        &mut self,
        value: &'a ast::Expr,
        span: Span,
        test: &mut TestBuilder<'a>,
    ) -> Option<(TestSource, Vec<SchemaField>, bool)> {
        let (def, item, arguments) = self.transform_call(value, test)?;
        let what = format!("`{}`", item.name.text);
        let bound = self.bind(&what, item.name.span, &item.params, Arg::arguments(arguments), value.span);
        let transform = self.transform(def);
        let mut inputs = Vec::new();
        let mut good = true;
        for (param, bound) in item.params.iter().zip(bound?) {
            let Bound::Given(arg) = bound else { continue };
            let ArgValue::Ast(ast) = arg.value else { continue };
            let variable = self.test_input(ast, test);
            let wanted = param.ty.as_ref().map(|ty| self.ty(ty, def.module, &[]));
            match (variable, wanted) {
                (Some((variable, columns, name)), Some(Type::Table(schema))) => {
                    good &= self.columns_fit(&columns, schema, name, param);
                    inputs.push((param.name.text.clone(), variable));
                }
                _ => good = false,
            }
        }
        let transform = transform.filter(|_| good)?;
        let made = self.program.transforms.get(transform.0 as usize)?;
        // A last `select` puts the columns in order, not the rows.
        let last = made.operators.iter().rev().find(|last| !matches!(last.kind, OperatorKind::Select(_)));
        let ordered = last.is_some_and(|last| matches!(last.kind, OperatorKind::Sort(_)));
        let columns = self.program.schema(made.output).map(|schema| schema.fields.clone())?;
        let read: Vec<VariableId> = inputs.iter().map(|(_, variable)| *variable).collect();
        self.read_tables(&read, span, test);
        Some((TestSource::Transform { transform, inputs }, columns, ordered))
    }

    /// The table of the test that an argument names.
    fn test_input(
        &mut self,
        argument: &'a ast::Expr,
        test: &TestBuilder<'a>,
    ) -> Option<(VariableId, Vec<SchemaField>, &'a Name)> {
        let named = match &argument.kind {
            ast::ExprKind::Name(name) => Some(name),
            _ => None,
        };
        if let Some(name) = named {
            if let Some(table) = test.table(&name.text) {
                return Some((table.variable, table.columns.clone(), name));
            }
            // A name that was declared and is wrong has been reported.
            if test.variables.iter().any(|variable| variable.name == name.text && variable.ty == Type::Error) {
                return None;
            }
        }
        let known: Vec<&str> = test.tables.iter().map(|(name, _)| name.as_str()).collect();
        let mut diagnostic = Diagnostic::new(codes::TEST_TABLE, "a transform takes tables of the test")
            .primary(argument.span, named.map_or("no table", |_| "no table of this name"))
            .note("rows are given by `given NAME = [{ … }]`, or computed by `let NAME = TRANSFORM(…)`");
        diagnostic = match named {
            Some(name) => Self::suggest(diagnostic, &name.text, name.span, &known, "tables of the test are"),
            None => diagnostic.help("give the rows a name: `given rows = …`, and pass `rows`"),
        };
        self.report(diagnostic);
        None
    }

    /// Whether a table of the test has the columns that a parameter wants.
    fn columns_fit(&mut self, columns: &[SchemaField], schema: SchemaId, name: &Name, param: &ast::Param) -> bool {
        let Some(wanted) = self.program.schema(schema) else { return false };
        let (fields, wanted) = (wanted.fields.clone(), wanted.name.clone());
        let missing: Vec<&str> = fields
            .iter()
            .filter(|field| !field.ty.is_optional() && !columns.iter().any(|column| column.name == field.name))
            .map(|field| field.name.as_str())
            .collect();
        if !missing.is_empty() {
            self.report(
                Diagnostic::new(
                    codes::COLUMN_MISSING,
                    format!("`{}` lacks {}, which `{wanted}` has", name.text, listed(missing.iter().copied())),
                )
                .primary(name.span, "")
                .secondary(param.span, format!("rows of `{wanted}` are wanted"))
                .help(format!("give rows of that schema: `given {}: Table<{wanted}> = …`", name.text)),
            );
            return false;
        }
        for field in &fields {
            let Some(column) = columns.iter().find(|column| column.name == field.name) else { continue };
            if crate::check::fits(&column.ty, &field.ty) {
                continue;
            }
            let (have, want) = (self.show(&column.ty), self.show(&field.ty));
            self.report(
                Diagnostic::new(
                    codes::COLUMN_TYPE,
                    format!("`{}` of `{}` is a `{have}`, and a `{want}` in `{wanted}`", field.name, name.text),
                )
                .primary(name.span, format!("`{have}`"))
                .secondary(field.span, format!("`{want}`")),
            );
            return false;
        }
        true
    }
}

//! Tests: what `flowc test` runs, as [`flow_plan::testing`] has it.
//!
//! Rows are computed by the generic binary, so a test's tables and its operators become tables and transforms of the
//! plan. A step that is mocked answers with its result: in the build for that run its `output` is the answer itself,
//! and nothing else differs from what is deployed.

use crate::asl::jsonata::{self, Scope};
use crate::evaluate::Evaluator;
use crate::local::Known;
use crate::plan::{self, Rows};
use crate::{Fault, asl, local, substitutions::Substitutions};
use flow_analysis::program::{
    self, Binary, Expectation, ExpectationKind, Expr, ExprKind, MockAnswer, Program, SchemaField, Statement, TableFormat,
    TableId, TestRun, TestSource, TestStatementKind, VariableId,
};
use flow_diagnostics::{FileSet, Span};
use flow_plan::testing::{
    Expected, ExpectedKind, Fill, MockedCall, Run, TEST_BUCKET, Test, TestAction, TestStep, TestTable, Tests,
};
use flow_plan::{
    Format, Input, Invalid, Location, Operation, Plan, Replace, Request, Schema, Table, TableRef, TableRole, Target, Text,
    Transform,
};
use indexmap::{IndexMap, IndexSet};

/// Where the clock of a test begins that does not say it.
const NOW: &str = "2026-01-01T00:00:00Z";

/// Lowers the tests that `wanted` takes, by their place in the program.
pub fn tests(program: &Program, files: &FileSet, wanted: &dyn Fn(usize) -> bool, faults: &mut Vec<Fault>) -> Tests {
    let mut made = plan::plan(program, faults);
    let mut builds: IndexSet<Build> = IndexSet::new();
    let mut out = Tests::default();
    for (at, test) in program.tests.iter().enumerate().filter(|(at, _)| wanted(*at)) {
        let env = test.env.clone().or_else(|| program.local_env().map(|env| env.name.clone()));
        let names: Vec<String> = (0..test.variables.len()).map(|at| format!("v{at}")).collect();
        let mut lowering = Lowering {
            program,
            files,
            test,
            prefix: format!("test{}", at + 1),
            names,
            values: Evaluator::new(program, Some(env.as_deref())),
            env,
            plan: &mut made.plan,
            builds: &mut builds,
            faults,
            tables: IndexMap::new(),
        };
        let build = lowering.build(IndexSet::new());
        let steps = test.statements.iter().filter_map(|statement| lowering.step(statement)).collect();
        out.tests.push(Test {
            name: test.name.clone(),
            place: asl::place(files, test.span),
            build,
            now: test.now.clone().unwrap_or_else(|| NOW.to_owned()),
            steps,
        });
    }
    for build in builds {
        let mocked = mocked(program, &build.mocked);
        let evaluator = build.env.as_deref().map(|env| Evaluator::new(program, Some(Some(env))));
        let mut table = Substitutions::default();
        let machines = asl::flows(&mocked, files, &mut table, evaluator.as_ref());
        let local = local::local(&mocked, files, build.env.as_deref(), &made, &machines, &table);
        let mut texts = crate::machine_files(&machines);
        texts.insert("plan.json".to_owned(), asl::text::pretty(&made.plan));
        texts.insert("local.json".to_owned(), asl::text::pretty(&local));
        out.builds.push(texts);
    }
    out
}

/// What a flow runs as: the environment, and the steps (with their flow) whose results are answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Build {
    env: Option<String>,
    mocked: Vec<(String, String)>,
}

/// The program with the results of some steps taken as they are answered.
fn mocked(program: &Program, steps: &[(String, String)]) -> Program {
    fn answered(statements: &mut [Statement], flow: &str, steps: &[(String, String)]) {
        for statement in statements {
            if let Statement::Step(step) = statement
                && steps.iter().any(|(of, name)| of == flow && *name == step.name)
            {
                step.call.output = None;
            }
            statement.blocks_mut().into_iter().for_each(|block| answered(block, flow, steps));
        }
    }
    let mut program = program.clone();
    for flow in &mut program.flows {
        answered(&mut flow.body, &flow.name, steps);
        if let Some(handler) = &mut flow.on_failure {
            answered(&mut handler.body, &flow.name, steps);
        }
    }
    program
}

struct Lowering<'a> {
    program: &'a Program,
    files: &'a FileSet,
    test: &'a program::Test,
    /// `test3`: what its tables begin with.
    prefix: String,
    /// The name of each variable in JSONata.
    names: Vec<String>,
    values: Evaluator<'a>,
    env: Option<String>,
    plan: &'a mut Plan,
    builds: &'a mut IndexSet<Build>,
    faults: &'a mut Vec<Fault>,
    /// The table of each variable that is one.
    tables: IndexMap<VariableId, TestTable>,
}

impl Lowering<'_> {
    fn build(&mut self, mocked: IndexSet<(String, String)>) -> usize {
        let mut mocked: Vec<(String, String)> = mocked.into_iter().collect();
        mocked.sort();
        self.builds.insert_full(Build { env: self.env.clone(), mocked }).0
    }

    fn step(&mut self, statement: &program::TestStatement) -> Option<TestStep> {
        let action = match &statement.kind {
            TestStatementKind::Given { variable, schema, partitions, table, rows } => {
                let schema = self.program.schema(*schema)?.name.clone();
                let given = self.table(*variable, &schema, TableRole::Source, partitions);
                let fill = table.and_then(|id| self.fill(*variable, id));
                TestAction::Given {
                    name: self.name_of(*variable),
                    variable: self.variable(*variable),
                    rows: self.jsonata(rows),
                    table: given,
                    fill,
                }
            }
            TestStatementKind::Table { variable, source, operators, columns } => {
                let mut requests = Vec::new();
                let from = match source {
                    TestSource::Table(of) => self.tables.get(of)?.clone(),
                    TestSource::Transform { transform, inputs } => {
                        let transform = self.program.transforms.get(transform.0 as usize)?;
                        let schema = self.program.schema(transform.output)?.name.clone();
                        let name = format!("{}/{}/rows", self.prefix, self.name_of(*variable));
                        let made = self.add_table(name, &schema, TableRole::Sink, &[]);
                        let inputs = inputs
                            .iter()
                            .filter_map(|(name, of)| Some((name.clone(), self.tables.get(of)?.reference())))
                            .collect();
                        requests.push(self.run(&transform.name, inputs, &made));
                        made
                    }
                };
                let name = format!("{}/{}", self.prefix, self.name_of(*variable));
                let fields = columns.iter().map(|column| plan::field(self.program, column)).collect();
                self.plan.schemas.insert(name.clone(), Schema { doc: None, fields, checks: Vec::new(), avro: None });
                let table = self.add_table(name.clone(), &name, TableRole::Sink, &[]);
                let mut rows = Rows { faults: self.faults };
                let operators =
                    operators.iter().map(|operator| plan::lower_operator(self.program, operator, &mut rows)).collect();
                let input = self.plan.tables.get(&from.table).map(|table| table.schema.clone())?;
                let transform = Transform {
                    doc: None,
                    inputs: vec![Input { name: "rows".to_owned(), schema: input }],
                    output: name.clone(),
                    from: "rows".to_owned(),
                    operators,
                };
                self.plan.transforms.insert(name.clone(), transform);
                let inputs = IndexMap::from([("rows".to_owned(), from.reference())]);
                requests.push(self.run(&name, inputs, &table));
                self.tables.insert(*variable, table.clone());
                TestAction::Compute { variable: self.variable(*variable), requests, table }
            }
            TestStatementKind::Read { variable, table } => {
                let read = self.program.table(*table)?;
                let schema = self.program.schema(read.schema)?.name.clone();
                let into = self.table(*variable, &schema, TableRole::Sink, &[]);
                let operation = Operation::Copy {
                    table: TableRef { table: read.name.clone(), partitions: IndexMap::new() },
                    into: Target { table: into.table.clone(), replace: Replace::All },
                    max_invalid: None,
                };
                let requests = vec![self.request(operation, &read.name)];
                TestAction::Compute { variable: self.variable(*variable), requests, table: into }
            }
            TestStatementKind::Let { variable, value } => {
                TestAction::Let { variable: self.variable(*variable), value: self.jsonata(value) }
            }
            TestStatementKind::Run(run) => TestAction::Run(self.execution(run)),
            TestStatementKind::Expect(expectation) => TestAction::Expect(self.expected(expectation)),
        };
        Some(TestStep { place: asl::place(self.files, statement.span), text: self.text(statement.span), action })
    }

    fn execution(&mut self, run: &TestRun) -> Run {
        // A step that is only made to fail has its own result where it does not.
        let answers = run.mocks.iter().filter(|mock| matches!(mock.answer, MockAnswer::Value(_)));
        let mocked = answers.map(|mock| (run.flow.clone(), mock.step.clone())).collect();
        let build = self.build(mocked);
        let mut mocks: IndexMap<String, Vec<MockedCall>> = IndexMap::new();
        for mock in &run.mocks {
            let call = match &mock.answer {
                MockAnswer::Value(value) => {
                    MockedCall { times: mock.times, value: Some(self.jsonata(value)), error: None, cause: None }
                }
                MockAnswer::Raises { error, cause } => MockedCall {
                    times: mock.times,
                    value: None,
                    error: Some(error.clone()),
                    cause: cause.as_ref().map(|cause| self.jsonata(cause)),
                },
            };
            mocks.entry(mock.step.clone()).or_default().push(call);
        }
        let input: Vec<String> = run
            .arguments
            .iter()
            .map(|(name, value)| format!("{}: {}", jsonata::string(name), self.jsonata(value)))
            .collect();
        Run {
            build,
            flow: run.flow.clone(),
            input: format!("{{{}}}", input.join(", ")),
            mocks,
            binding: run.binding.map(|binding| self.variable(binding)),
        }
    }

    fn expected(&mut self, expectation: &Expectation) -> Expected {
        let kind = match &expectation.kind {
            ExpectationKind::Holds(condition) => ExpectedKind::Holds {
                condition: self.jsonata(condition),
                sides: sides(condition).into_iter().map(|side| (self.text(side.span), self.jsonata(side))).collect(),
            },
            ExpectationKind::Rows { table, rows, equal, ordered } => ExpectedKind::Rows {
                variable: self.variable(*table),
                fields: self.tables.get(table).map(|table| table.fields.clone()).unwrap_or_default(),
                rows: self.jsonata(rows),
                equal: *equal,
                ordered: *ordered,
            },
            ExpectationKind::Ran { step, times } => {
                ExpectedKind::Ran { step: step.clone(), times: times.as_ref().map(|times| self.jsonata(times)) }
            }
            ExpectationKind::Failed(error) => ExpectedKind::Failed { error: error.clone() },
            ExpectationKind::Succeeded => ExpectedKind::Succeeded,
            ExpectationKind::Not(inner) => ExpectedKind::Not { inner: Box::new(self.expected(inner)) },
            ExpectationKind::And(left, right) => {
                ExpectedKind::And { left: Box::new(self.expected(left)), right: Box::new(self.expected(right)) }
            }
            ExpectationKind::Or(left, right) => {
                ExpectedKind::Or { left: Box::new(self.expected(left)), right: Box::new(self.expected(right)) }
            }
        };
        Expected { text: self.text(expectation.span), kind }
    }

    /// How rows get into a table of the program.
    fn fill(&mut self, variable: VariableId, id: TableId) -> Option<Fill> {
        let table = self.program.table(id)?;
        let folders = table.partitions.iter().all(|partition| !partition.in_schema);
        if table.role == program::TableRole::Source && table.format == TableFormat::Jsonl && folders {
            return Some(Fill::Lines { table: table.name.clone() });
        }
        let sink = Table { role: TableRole::Sink, ..self.plan.tables.get(&table.name)?.clone() };
        let into = format!("{}/{}/fill", self.prefix, self.name_of(variable));
        self.plan.tables.insert(into.clone(), sink);
        Some(Fill::Copy { into })
    }

    /// A table of the test for a variable.
    fn table(&mut self, variable: VariableId, schema: &str, role: TableRole, partitions: &[SchemaField]) -> TestTable {
        let name = format!("{}/{}", self.prefix, self.name_of(variable));
        let table = self.add_table(name, schema, role, partitions);
        self.tables.insert(variable, table.clone());
        table
    }

    fn add_table(&mut self, name: String, schema: &str, role: TableRole, partitions: &[SchemaField]) -> TestTable {
        let fields = self.plan.schemas.get(schema).map(|schema| schema.fields.clone()).unwrap_or_default();
        let partitions: Vec<flow_plan::Field> =
            partitions.iter().map(|column| plan::field(self.program, column)).collect();
        let table = Table {
            doc: None,
            role,
            schema: schema.to_owned(),
            location: Location { bucket: Text::Literal(TEST_BUCKET.to_owned()), prefix: Text::Literal(name.clone()) },
            format: Format::Jsonl,
            partitions: partitions
                .iter()
                .map(|column| flow_plan::Partition {
                    name: column.name.clone(),
                    data_type: column.data_type.clone(),
                    in_schema: false,
                })
                .collect(),
            invalid: Invalid::Fail,
        };
        self.plan.tables.insert(name.clone(), table);
        TestTable { table: name, fields, partitions }
    }

    fn run(&self, transform: &str, inputs: IndexMap<String, TableRef>, into: &TestTable) -> Request {
        let operation = Operation::Run {
            transform: transform.to_owned(),
            inputs,
            into: Target { table: into.table.clone(), replace: Replace::All },
            max_invalid: None,
        };
        self.request(operation, transform)
    }

    fn request(&self, operation: Operation, step: &str) -> Request {
        Request { execution: self.prefix.clone(), step: step.to_owned(), operation }
    }

    fn name_of(&self, id: VariableId) -> String {
        self.test.variables.get(id.0 as usize).map_or_else(String::new, |variable| variable.name.clone())
    }

    fn variable(&self, id: VariableId) -> String {
        self.names.get(id.0 as usize).cloned().unwrap_or_default()
    }

    fn jsonata(&mut self, expr: &Expr) -> String {
        let program = self.program;
        let name = |id: TableId| program.table(id).map_or_else(String::new, |table| table.name.clone());
        let mut deploy = Known(&self.values);
        let mut scope = Scope { variables: &self.names, instead: Vec::new(), tables: &name, deploy: &mut deploy };
        jsonata::lower(expr, &mut scope).text
    }

    /// Text of the program on one line.
    fn text(&self, span: Span) -> String {
        self.files.slice(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// What a condition compares.
fn sides(condition: &Expr) -> Vec<&Expr> {
    let written = |side: &&Expr| !matches!(side.kind, ExprKind::Value(_));
    match &condition.kind {
        ExprKind::Binary(
            Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual,
            left,
            right,
        ) => vec![left, right],
        ExprKind::In(left, right) => vec![left, right],
        ExprKind::IsNone { operand, .. } | ExprKind::Matches(operand, _) | ExprKind::Unary(_, operand) => vec![operand],
        ExprKind::Variable(_) | ExprKind::Field { .. } | ExprKind::Call { .. } => {
            condition.children().into_iter().filter(written).collect()
        }
        _ => Vec::new(),
    }
}


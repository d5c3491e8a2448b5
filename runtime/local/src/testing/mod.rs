//! `flowc test`: the tests of a program, run on this machine.
//!
//! Rows are computed by the generic binary from the program's plan; flows run as their emitted state machines on the
//! virtual clock, so a day of waiting takes no time. A step that is mocked answers what the test says; any other step
//! of the generic binary is run, on tables of the test's own; what would leave the machine must be mocked.

mod coverage;
mod difference;
mod driver;
mod expectations;
mod store;

pub use coverage::{Coverage, Way};

use crate::artefacts::Artefacts;
use crate::error::{LOCAL_SETUP, LocalError};
use crate::setup::find_worker;
use crate::steps;
use coverage::Seen;
use driver::Mocked;
use expectations::Ended;
use flow_asl::clock::{Clock, VIRTUAL_START};
use flow_asl::driver::TaskError;
use flow_asl::interpreter::{Execution, ExecutionOptions, Status};
use flow_asl::jsonata::{EvaluationError, Expression, Scope};
use flow_plan::testing::{Run, Test, TestAction, TestStep, Tests};
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::Store;
use tokio::runtime::Runtime;

/// How to run tests.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// The generic binary; `FLOW_WORKER`, or `flow-worker` beside this program, if not given.
    pub worker: Option<PathBuf>,
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestOutcome {
    /// What did not hold, in order; none for a test that passed.
    pub failures: Vec<TestFailure>,
    /// How long it took.
    pub time: Duration,
}

/// Something that did not hold, or that kept a test from going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFailure {
    /// The statement's file.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// The statement, on one line.
    pub statement: String,
    /// What is to be said of it, a line each.
    pub details: Vec<String>,
}

/// Runs tests, one after the other, and hands out each outcome.
///
/// # Errors
/// What keeps them from starting; a test that fails is an outcome.
pub fn run(
    tests: &Tests,
    options: &TestOptions,
    each: &mut dyn FnMut(&Test, &TestOutcome),
) -> Result<Vec<Coverage>, LocalError> {
    let place = tempfile::Builder::new().prefix("flow-test-").tempdir().map_err(|error| {
        LocalError::new(LOCAL_SETUP, "a folder for the tests' tables cannot be made").source(error)
    })?;
    let root = place.path().canonicalize().unwrap_or_else(|_| place.path().to_owned());
    for (index, files) in tests.builds.iter().enumerate() {
        write_build(&folder_of(&root, index), files)?;
    }
    let works = tests.tests.iter().flat_map(|test| &test.steps).any(|step| match &step.action {
        TestAction::Compute { .. } | TestAction::Run(_) => true,
        TestAction::Given { .. } | TestAction::Let { .. } | TestAction::Expect(_) => false,
    });
    let worker = if works { find_worker(options.worker.as_deref(), "rows are computed by the generic binary")? } else { PathBuf::new() };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| LocalError::new(LOCAL_SETUP, "the threads of the tests cannot be started").source(error))?;
    let mut stores: IndexMap<usize, Store> = IndexMap::new();
    let mut seen = Seen::default();
    for test in &tests.tests {
        if !stores.contains_key(&test.build) {
            stores.insert(test.build, Store::open(&root, &folder_of(&root, test.build), &worker)?);
        }
        let Some(store) = stores.get(&test.build) else { continue };
        store.clear()?;
        let started = Instant::now();
        let mut bench = Bench {
            root: &root,
            runtime: &runtime,
            store,
            seen: &mut seen,
            now: instant(&test.now),
            values: IndexMap::new(),
            rows: IndexMap::new(),
            ended: None,
        };
        let mut failures = Vec::new();
        for step in &test.steps {
            match bench.step(step) {
                Ok(found) if found.is_empty() => {}
                Ok(found) => failures.push(failure(step, found)),
                Err(stopped) => {
                    failures.push(failure(step, stopped.0));
                    break;
                }
            }
        }
        each(test, &TestOutcome { failures, time: started.elapsed() });
    }
    for store in stores.values() {
        store.stop();
    }
    runtime.shutdown_timeout(Duration::from_secs(2));
    Ok(seen.coverage())
}

fn failure(step: &TestStep, details: Vec<String>) -> TestFailure {
    TestFailure { file: step.place.file.clone(), line: step.place.line, statement: step.text.clone(), details }
}

fn folder_of(root: &Path, build: usize) -> PathBuf {
    root.join(format!("build{build}"))
}

fn write_build(folder: &Path, files: &IndexMap<String, String>) -> Result<(), LocalError> {
    let failed = |error: std::io::Error| {
        LocalError::new(LOCAL_SETUP, format!("cannot write the build of the tests to `{}`", folder.display())).source(error)
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    for (name, text) in files {
        std::fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(())
}

/// What the generic binary says of a bad row that the test gave, in the test's terms: it names a file of the test's own
/// table and what such a table could do about it.
fn of_rows(text: &str) -> String {
    let place = |text: &str| -> Option<String> {
        let (before, rest) = text.split_once("`test")?;
        let (table, rest) = rest.split_once("/rows.jsonl` line ")?;
        let (_, name) = table.split_once('/')?;
        let (said, _) = rest.split_once(". Table `")?;
        Some(format!("{before}`{name}` row {said}"))
    };
    place(text).unwrap_or_else(|| text.to_owned())
}

/// Microseconds of an instant as the compiler writes it.
fn instant(text: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text).map_or(VIRTUAL_START, |time| time.timestamp_micros())
}

/// Why a test cannot go on: lines of text.
struct Stopped(Vec<String>);

impl Stopped {
    fn because(text: impl Into<String>) -> Stopped {
        Stopped(vec![text.into()])
    }
}

/// A test under way.
struct Bench<'a> {
    root: &'a Path,
    runtime: &'a Runtime,
    store: &'a Store,
    seen: &'a mut Seen,
    now: i64,
    /// Variables.
    values: IndexMap<String, Value>,
    /// Rows of those that are tables.
    rows: IndexMap<String, Vec<Value>>,
    /// How the flow ended that ran last.
    ended: Option<Ended>,
}

impl Bench<'_> {
    /// What did not hold.
    fn step(&mut self, step: &TestStep) -> Result<Vec<String>, Stopped> {
        match &step.action {
            TestAction::Given { name, variable, rows, table, fill } => {
                let rows = self.evaluate(rows)?;
                let rows = rows.as_array().cloned().unwrap_or_default();
                self.store.write(table, &rows).map_err(Stopped::because)?;
                if let Some(fill) = fill {
                    self.store.fill(self.runtime, name, table, fill, &rows).map_err(Stopped)?;
                }
                self.bind(variable, &table.fields, rows);
            }
            TestAction::Compute { variable, requests, table } => {
                for request in requests {
                    let told = |lines: Vec<String>| Stopped(lines.iter().map(|line| of_rows(line)).collect());
                    self.store.invoke(self.runtime, request).map_err(told)?;
                }
                let rows = self.store.read(table).map_err(Stopped::because)?;
                self.bind(variable, &table.fields, rows);
            }
            TestAction::Let { variable, value } => {
                let value = self.evaluate(value)?;
                self.values.insert(variable.clone(), value);
            }
            TestAction::Run(run) => self.execute(run)?,
            TestAction::Expect(expected) => return self.expect(expected),
        }
        Ok(Vec::new())
    }

    fn bind(&mut self, variable: &str, fields: &[flow_plan::Field], rows: Vec<Value>) {
        let rows: Vec<Value> = rows.iter().map(|row| store::canonical_row(row, fields)).collect();
        let columns: serde_json::Map<String, Value> = fields
            .iter()
            .map(|field| {
                let values = rows.iter().map(|row| row.get(&field.name).cloned().unwrap_or(Value::Null)).collect();
                (field.name.clone(), Value::Array(values))
            })
            .collect();
        self.values.insert(variable.to_owned(), Value::Object(columns));
        self.rows.insert(variable.to_owned(), rows);
    }

    fn evaluate(&self, source: &str) -> Result<Value, Stopped> {
        let expression = Expression::parse_bare(source)
            .map_err(|error| Stopped::because(format!("the expression cannot be evaluated: {error}")))?;
        let mut scope = Scope::new().at(self.now / 1000);
        for name in expression.names() {
            if let Some(value) = self.values.get(name) {
                scope = scope.variable(name.clone(), value);
            }
        }
        match expression.evaluate(&scope) {
            Ok(value) => Ok(value),
            Err(EvaluationError::Undefined) => Ok(Value::Null),
            Err(error) => Err(Stopped::because(format!("the expression {error}"))),
        }
    }

    fn execute(&mut self, run: &Run) -> Result<(), Stopped> {
        let stopped = |error: LocalError| Stopped::because(error.to_string());
        let artefacts = Artefacts::load(&folder_of(self.root, run.build), Some(&run.flow)).map_err(stopped)?;
        let input = self.evaluate(&run.input)?;
        let mut mocks: IndexMap<String, Vec<Mocked>> = IndexMap::new();
        for (step, calls) in &run.mocks {
            for call in calls {
                let answer = match (&call.value, &call.error) {
                    (Some(value), _) => Ok(self.evaluate(value)?),
                    (None, error) => {
                        let cause = match &call.cause {
                            Some(cause) => self.evaluate(cause)?.as_str().unwrap_or_default().to_owned(),
                            None => "raised by the test".to_owned(),
                        };
                        Err(TaskError::new(error.clone().unwrap_or_default(), cause))
                    }
                };
                mocks.entry(step.clone()).or_default().push(Mocked { times: call.times, answer });
            }
        }
        let all = steps::steps(&artefacts);
        let mut driver = driver::TestDriver::new(self.runtime, self.store, &all, mocks);
        let options = ExecutionOptions {
            name: "test".to_owned(),
            input: if input.is_object() { input } else { json!({}) },
            clock: Clock::Virtual(self.now),
            ..ExecutionOptions::default()
        };
        let execution = Execution::new(&artefacts.machine, options).map_err(|issues| {
            let first = issues.first().map_or_else(String::new, |issue| format!("{}: {}", issue.at, issue.message));
            Stopped::because(format!("the state machine of `{}` cannot be run: {first}", run.flow))
        })?;
        driver.aborts(execution.abort_handle());
        let mut watch = self.seen.watch(&artefacts);
        let outcome = execution.run(&mut driver, &mut watch);
        let counts = watch.counts();
        if let Some(refused) = driver.refused() {
            return Err(Stopped(refused));
        }
        if let Some(binding) = &run.binding {
            let value = outcome.output.clone().unwrap_or(Value::Null);
            self.values.insert(binding.clone(), value);
        }
        self.ended = Some(Ended {
            flow: run.flow.clone(),
            succeeded: outcome.status == Status::Succeeded,
            error: outcome.error,
            cause: outcome.cause,
            calls: driver.calls(),
            counts,
        });
        Ok(())
    }
}

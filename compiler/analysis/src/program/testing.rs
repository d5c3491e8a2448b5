//! Tests: rows in and rows out, flows with mocked steps.

use super::{Expr, Operator, SchemaField, SchemaId, TableId, TransformId, Variable, VariableId};
use flow_diagnostics::Span;

/// `test "NAME" { … }`.
///
/// A table of a test is a variable whose type is a record of lists, one for each column: `january.readmitted` is the
/// list of that column's values.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Its name, a sentence.
    pub name: String,
    /// `env = dev`: the environment whose values hold.
    pub env: Option<String>,
    /// `now = t"…"`: where the clock begins, RFC 3339.
    pub now: Option<String>,
    /// Rows, values, and what flows return.
    pub variables: Vec<Variable>,
    /// In order.
    pub statements: Vec<TestStatement>,
    /// Its name's place.
    pub span: Span,
}

/// A statement of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestStatement {
    /// What it is.
    pub kind: TestStatementKind,
    /// The whole.
    pub span: Span,
}

/// Kinds of statements of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestStatementKind {
    /// `given NAME = ROWS`.
    Given {
        /// The rows' columns.
        variable: VariableId,
        /// Their schema.
        schema: SchemaId,
        /// Partition columns of the table that are no fields of the schema.
        partitions: Vec<SchemaField>,
        /// The table of the program that they fill, where they have its name.
        table: Option<TableId>,
        /// A list of records, run stage at most.
        rows: Expr,
    },
    /// `let NAME = TABLE …`.
    Table {
        /// The result's columns.
        variable: VariableId,
        /// Where the rows come from.
        source: TestSource,
        /// Operators on them.
        operators: Vec<Operator>,
        /// The result's columns.
        columns: Vec<SchemaField>,
    },
    /// `let NAME = VALUE`.
    Let {
        /// The variable.
        variable: VariableId,
        /// Its value, run stage at most.
        value: Expr,
    },
    /// `run FLOW(…) as NAME`.
    Run(TestRun),
    /// The rows of a table of the program, as they are when it is first named after a `run`.
    Read {
        /// Its columns.
        variable: VariableId,
        /// It.
        table: TableId,
    },
    /// `expect …`.
    Expect(Expectation),
}

/// Where the rows of a test's table come from.
#[derive(Debug, Clone, PartialEq)]
pub enum TestSource {
    /// Another table of the test.
    Table(VariableId),
    /// A transform of tables of the test, by the names of its parameters.
    Transform {
        /// Which.
        transform: TransformId,
        /// Its tables.
        inputs: Vec<(String, VariableId)>,
    },
}

/// An execution of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct TestRun {
    /// The flow, by name.
    pub flow: String,
    /// Its input, run stage at most; what is left out has a default.
    pub arguments: Vec<(String, Expr)>,
    /// What steps do instead, in the order of the text.
    pub mocks: Vec<Mock>,
    /// What it returns.
    pub binding: Option<VariableId>,
}

/// `mock STEP …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mock {
    /// The step's name, which is its state's.
    pub step: String,
    /// What it does.
    pub answer: MockAnswer,
    /// `times N`: for so many calls; `None` for all that follow.
    pub times: Option<u64>,
}

/// What a mocked step does.
#[derive(Debug, Clone, PartialEq)]
pub enum MockAnswer {
    /// It has this result, run stage at most.
    Value(Expr),
    /// It fails.
    Raises {
        /// The error's name.
        error: String,
        /// Its cause, text, run stage at most.
        cause: Option<Expr>,
    },
}

/// What a test expects.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// What it is.
    pub kind: ExpectationKind,
    /// The whole.
    pub span: Span,
}

/// Kinds of expectations.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectationKind {
    /// A condition, run stage at most.
    Holds(Expr),
    /// `TABLE == ROWS`, `TABLE != ROWS`.
    Rows {
        /// A table of the test.
        table: VariableId,
        /// A list of records.
        rows: Expr,
        /// `==`.
        equal: bool,
        /// Whether the table's last operator orders it; the order does not count otherwise.
        ordered: bool,
    },
    /// `ran STEP times N`.
    Ran {
        /// The step's name.
        step: String,
        /// How often it was started; at least once where it is not said.
        times: Option<Expr>,
    },
    /// `failed NAME`.
    Failed(Option<String>),
    /// `succeeded`.
    Succeeded,
    /// `not …`.
    Not(Box<Expectation>),
    /// `… and …`.
    And(Box<Expectation>, Box<Expectation>),
    /// `… or …`.
    Or(Box<Expectation>, Box<Expectation>),
}

//! What `flowc test` runs: the tests of a program, lowered.
//!
//! Everything that computes rows is a [`Request`] to the generic binary, over tables of a bucket of the tests' own
//! ([`TEST_BUCKET`]), which are in the plan beside those of the program. Everything else is JSONata over the test's
//! variables: `$v0`, `$v1`, …, one for each name. A table is bound as a record of lists, one for each column.

use crate::{Field, Request, SourcePlace, TableRef};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The bucket that holds the tables of tests.
pub const TEST_BUCKET: &str = "flow-test";

/// The tests of a program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tests {
    /// In the order of the text.
    pub tests: Vec<Test>,
    /// What flows run as, by [`Run::build`]: files as `flowc build` makes them, with the results of mocked steps
    /// taken as they are answered.
    pub builds: Vec<IndexMap<String, String>>,
}

/// A test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: SourcePlace,
    /// The environment whose values hold, by its place in [`Tests::builds`]: the plan, the slots.
    pub build: usize,
    /// Where the clock begins, RFC 3339.
    pub now: String,
    /// In order.
    pub steps: Vec<TestStep>,
}

/// A statement of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestStep {
    /// Where it stands.
    pub place: SourcePlace,
    /// Its text, on one line.
    pub text: String,
    /// What it does.
    pub action: TestAction,
}

/// Kinds of statements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum TestAction {
    /// Writes rows.
    Given {
        /// What they are called.
        name: String,
        /// The variable that gets their columns.
        variable: String,
        /// JSONata: a list of records.
        rows: String,
        /// The table that gets them.
        table: TestTable,
        /// The table of the program that gets them too.
        fill: Option<Fill>,
    },
    /// Computes a table, or reads one of the program.
    Compute {
        /// The variable that gets its columns.
        variable: String,
        /// In order; each works on what the one before has written.
        requests: Vec<Request>,
        /// What the last one writes.
        table: TestTable,
    },
    /// A value.
    Let {
        /// The variable.
        variable: String,
        /// JSONata.
        value: String,
    },
    /// An execution.
    Run(Run),
    /// What must hold.
    Expect(Expected),
}

/// A table of a test: JSONL in [`TEST_BUCKET`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestTable {
    /// Its name in the plan, and its folder.
    pub table: String,
    /// Columns of its objects.
    pub fields: Vec<Field>,
    /// Columns that stand in folders alone.
    pub partitions: Vec<Field>,
}

/// How rows get into a table of the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Fill {
    /// As lines of JSON, so that bad records get there too.
    Lines {
        /// The table, in `local.json`.
        table: String,
    },
    /// By the generic binary, in the table's own format.
    Copy {
        /// A sink at the same place.
        into: String,
    },
}

/// An execution of a flow, on the virtual clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its files: a place in [`Tests::builds`].
    pub build: usize,
    /// The flow.
    pub flow: String,
    /// JSONata: a record.
    pub input: String,
    /// What steps do instead, by the step's name, each in the order of its calls.
    pub mocks: IndexMap<String, Vec<MockedCall>>,
    /// The variable that gets what it returns; `null` where it fails.
    pub binding: Option<String>,
}

/// What a mocked step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MockedCall {
    /// For so many calls; `None` for all that follow.
    pub times: Option<u64>,
    /// JSONata: its result; `None` where it fails.
    pub value: Option<String>,
    /// The error's name.
    pub error: Option<String>,
    /// JSONata: the error's cause.
    pub cause: Option<String>,
}

/// What must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Its text.
    pub text: String,
    /// What it is.
    pub kind: ExpectedKind,
}

/// Kinds of expectations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExpectedKind {
    /// A condition.
    Holds {
        /// JSONata.
        condition: String,
        /// What is compared, where it is a comparison: text and JSONata of each side.
        sides: Vec<(String, String)>,
    },
    /// The rows of a table.
    Rows {
        /// The table's variable.
        variable: String,
        /// Its columns.
        fields: Vec<Field>,
        /// JSONata: a list of records.
        rows: String,
        /// Whether they are to be equal.
        equal: bool,
        /// Whether their order counts.
        ordered: bool,
    },
    /// A step was started.
    Ran {
        /// Its name.
        step: String,
        /// JSONata: how often.
        times: Option<String>,
    },
    /// The flow failed, with this error.
    Failed {
        /// Its name; any where it is not said.
        error: Option<String>,
    },
    /// The flow succeeded.
    Succeeded,
    /// It does not hold.
    Not {
        /// What.
        inner: Box<Expected>,
    },
    /// Both hold.
    And {
        /// The first.
        left: Box<Expected>,
        /// The second.
        right: Box<Expected>,
    },
    /// One of them holds.
    Or {
        /// The first.
        left: Box<Expected>,
        /// The second.
        right: Box<Expected>,
    },
}

impl TestTable {
    /// It, as a request names it.
    pub fn reference(&self) -> TableRef {
        TableRef { table: self.table.clone(), partitions: IndexMap::new() }
    }
}

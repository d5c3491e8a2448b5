//! `--junit`: a report as CI servers read it.

use flow_local::testing::TestOutcome;
use flow_plan::testing::Test;
use indexmap::IndexMap;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::path::Path;

/// The report in the making: a suite for each program.
#[derive(Debug, Default)]
pub struct Document {
    suites: IndexMap<String, Vec<TestCase>>,
}

impl Document {
    /// Adds a test.
    pub fn add(&mut self, program: &Path, test: &Test, outcome: &TestOutcome) {
        let status = if outcome.failures.is_empty() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let mut text = String::new();
            for failure in &outcome.failures {
                text.push_str(&format!("{}:{}: {}\n", failure.file, failure.line, failure.statement));
                failure.details.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
            }
            if let Some(first) = outcome.failures.first() {
                status.set_message(first.statement.clone());
            }
            status.set_type("expectation").set_description(text);
            status
        };
        let mut case = TestCase::new(test.name.clone(), status);
        case.set_classname(program.display().to_string()).set_time(outcome.time);
        case.extra.insert("file".into(), test.place.file.clone().into());
        case.extra.insert("line".into(), test.place.line.to_string().into());
        self.suites.entry(program.display().to_string()).or_default().push(case);
    }

    /// The report as XML.
    pub fn text(self) -> Result<String, quick_junit::SerializeError> {
        let mut report = Report::new("flowc test");
        for (name, cases) in self.suites {
            let mut suite = TestSuite::new(name);
            suite.add_test_cases(cases);
            report.add_test_suite(suite);
        }
        report.to_string()
    }
}

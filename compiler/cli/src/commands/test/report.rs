//! What `flowc test` prints.

use anstyle::{AnsiColor, Style};
use flow_local::testing::{Coverage, TestOutcome};
use flow_plan::testing::Test;
use std::fmt::Write as _;
use std::time::Duration;

/// The tests so far.
#[derive(Debug, Default)]
pub struct Report {
    /// How many passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    time: Duration,
    /// The names of all that there are.
    names: Vec<String>,
}

impl Report {
    /// There are tests of these names, whether they are to run or not.
    pub fn known(&mut self, names: impl Iterator<Item = String>) {
        self.names.extend(names);
    }

    /// A test's line, and what did not hold below it.
    pub fn line(&mut self, test: &Test, outcome: &TestOutcome, color: bool) -> String {
        self.time += outcome.time;
        let passed = outcome.failures.is_empty();
        *if passed { &mut self.passed } else { &mut self.failed } += 1;
        let mark = if passed { ("ok", AnsiColor::Green) } else { ("FAILED", AnsiColor::Red) };
        let style = if color { Style::new().fg_color(Some(mark.1.into())) } else { Style::new() };
        let mut text = format!("  {style}{:<6}{style:#} {} ({} ms)\n", mark.0, test.name, outcome.time.as_millis());
        for failure in &outcome.failures {
            let _infallible = writeln!(text, "    {}:{}: {}", failure.file, failure.line, failure.statement);
            for line in &failure.details {
                let _infallible = writeln!(text, "      {line}");
            }
        }
        text
    }

    /// How many ran.
    pub fn ran(&self) -> usize {
        self.passed + self.failed
    }

    /// The last line.
    pub fn summary(&self, filter: Option<&str>) -> String {
        let all = self.ran();
        if all == 0 {
            return match filter {
                Some(filter) if !self.names.is_empty() => {
                    const FEW: usize = 5;
                    let mut names: Vec<String> = self.names.iter().take(FEW).map(|name| format!("  {name}\n")).collect();
                    if self.names.len() > FEW {
                        names.push(format!("  … {} more\n", self.names.len() - FEW));
                    }
                    format!("no test has a name that holds \"{filter}\"; there are:\n{}", names.concat())
                }
                _ => "there is no test: write `test \"NAME\" { … }`, see `flowc test --help`\n".to_owned(),
            };
        }
        let tests = if all == 1 { "1 test".to_owned() } else { format!("{all} tests") };
        let what = match (self.passed, self.failed) {
            (_, 0) => "passed".to_owned(),
            (0, failed) => format!("{failed} failed"),
            (passed, failed) => format!("{passed} passed, {failed} failed"),
        };
        format!("{tests}: {what} ({:.2} s)\n", self.time.as_secs_f64())
    }
}

/// The ways of each flow that ran, and those that no test has gone.
pub fn coverage(flows: &[Coverage]) -> String {
    let mut text = String::new();
    for flow in flows {
        let (taken, all) = flow.counts();
        let _infallible = writeln!(text, "  coverage of `{}`: {taken} of {all} steps, branches and catches", flow.flow);
        for way in flow.ways.iter().filter(|way| !way.taken) {
            let _infallible = writeln!(text, "    {}: no test {}", way.place, way.what);
        }
    }
    text
}

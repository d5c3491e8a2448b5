//! `flowc test`: runs the `test` items of programs.

mod junit;
mod report;

use crate::command_error::{CommandError, LocalProblem};
use crate::compile::{self, Compilation};
use crate::program_files;
use crate::seen::Seen;
use crate::terminal::Terminal;
use crate::write;
use flow_analysis::program::Test;
use flow_diagnostics::{Diagnostic, Diagnostics, codes};
use flow_local::testing::{Coverage, TestOptions, TestOutcome};
use report::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  flowc test                            the tests of every .flow file in this folder and below
  flowc test nightly.flow --filter day  those whose name holds \"day\"
  flowc test --coverage                 with the steps, branches and catches that no test has gone through
  flowc test --junit report.xml         a report for CI

What a test is:
  test \"a return on day 30 counts\" {
    given stays = [{ patient_id: \"p\", … }]             rows, checked against their schema
    let rates = readmission_rate(stays)                 a transform, computed by the generic binary
    expect rates.readmitted == [1]                      a column is the list of its values
  }
  test \"a failing copy alerts\" {
    mock copy raises States.TaskFailed times 2          a step's failure, or its result: mock copy = { rows_out: 3 }
    run nightly(run_date = d\"2026-01-05\")               the emitted state machine, on the virtual clock
    expect ran copy times 3 and not ran alert
  }

A step that is not mocked is run where the generic binary does it, on tables of the test's own: `given encounters =
[…]` fills the table `encounters`, and after the run `readmissions` is what stands in that table. A step that would
leave the machine (a container, a service of AWS, another flow) must be mocked where a test reaches it.

Exit codes: 0 all passed, or there is no test; 1 one failed, or a program has errors; 2 they could
not be run, or --filter fits none of them";

/// Runs the tests of programs
///
/// Transforms on given rows, flows on mocked steps with faults and a virtual clock: a day of waiting takes no time.
/// Needs no network and no credentials.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Files; folders, with all .flow files in and below them. Without any, this folder
    #[arg(value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,

    /// Runs the tests whose name holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Says which steps, branches and catches of the flows that ran no test has gone through
    #[arg(long)]
    coverage: bool,

    /// Writes a JUnit report too; its folder is made if it is not there
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs the tests of each program.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    // Before minutes of tests, not after them.
    if let Some(path) = &arguments.junit {
        writable(path)?;
    }
    let mut report = Report::default();
    let mut junit = junit::Document::default();
    let mut errors = false;
    let wanted = |test: &Test| arguments.filter.as_ref().is_none_or(|text| test.name.contains(text.as_str()));
    for path in program_files::files(&arguments.paths, &Seen::default())? {
        let Some(compilation) = compile::compile_clean(&path, terminal, &Seen::default())? else {
            errors = true;
            continue;
        };
        let tests = &compilation.program.tests;
        report.known(tests.iter().map(|test| test.name.clone()));
        // Of a folder, only files with tests of their own: a file that others use is tested by itself.
        if !tests.iter().any(wanted) {
            continue;
        }
        let Some(lowered) = lower(&compilation, &wanted, terminal) else {
            errors = true;
            continue;
        };
        terminal.print(&format!("{}\n", path.display()));
        let mut each = |test: &flow_plan::testing::Test, outcome: &TestOutcome| {
            terminal.print(&report.line(test, outcome, terminal.color_out));
            junit.add(&path, test, outcome);
        };
        let coverage: Vec<Coverage> = flow_local::testing::run(&lowered, &TestOptions::default(), &mut each)
            .map_err(|error| CommandError::Local(LocalProblem(error)))?;
        if arguments.coverage {
            terminal.print(&report::coverage(&coverage));
        }
    }
    // Where a program has errors, that was said.
    if !errors || report.ran() > 0 {
        terminal.eprint(&report.summary(arguments.filter.as_deref()));
    }
    if let Some(path) = &arguments.junit {
        let text = junit.text().map_err(|source| CommandError::Unwritable {
            path: path.clone(),
            source: std::io::Error::other(source),
            help: None,
        })?;
        write::write_file(path, "--junit", text.as_bytes())?;
    }
    Ok(match report.ran() {
        _ if errors || report.failed > 0 => ExitCode::FAILURE,
        // A name that was misspelt must not pass for a test that passed.
        0 if arguments.filter.is_some() => ExitCode::from(2),
        _ => ExitCode::SUCCESS,
    })
}

/// Makes the folder of the report, and refuses a path that is one.
fn writable(path: &Path) -> Result<(), CommandError> {
    let unwritable = |source, help| CommandError::Unwritable { path: path.to_owned(), source, help: Some(help) };
    if path.is_dir() {
        let help = format!("`{}` is a folder: name a file in it, `--junit {}`", path.display(), path.join("tests.xml").display());
        return Err(unwritable(std::io::Error::from(std::io::ErrorKind::IsADirectory), help));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|source| unwritable(source, "choose another place with `--junit FILE`".to_owned()))
}

/// The tests as the runner takes them. What a target cannot say is printed as errors, and nothing is given then.
fn lower(
    compilation: &Compilation,
    wanted: &dyn Fn(&Test) -> bool,
    terminal: &Terminal,
) -> Option<flow_plan::testing::Tests> {
    let program = &compilation.program;
    let mut faults = Vec::new();
    let chosen = |at: usize| program.tests.get(at).is_some_and(wanted);
    let tests = flow_backend::testing::tests(program, &compilation.files, &chosen, &mut faults);
    if faults.is_empty() {
        return Some(tests);
    }
    let mut diagnostics = Diagnostics::default();
    for fault in faults {
        diagnostics.push(Diagnostic::new(codes::NO_TARGET_FORM, fault.what).primary(fault.span, "here"));
    }
    terminal.diagnostics(&compilation.files, &diagnostics);
    None
}

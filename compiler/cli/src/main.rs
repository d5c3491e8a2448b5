//! `flowc`: the command line. This file chooses the command; each command's file holds its arguments and function.
//!
//! Exit codes: 0 clean; 1 the program has errors, or the run or a test failed; 2 misuse, or something outside the program
//! (a file that cannot be read, a missing tool).

mod command_error;
mod commands;
mod compile;
mod package;
mod program_files;
mod seen;
mod settings;
mod terminal;
mod watch;
mod write;

use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  flowc new night-load                                a project to start from, in night-load/
  flowc check nightly.flow                            what is wrong with it, if anything
  flowc build nightly.flow                            state machine, Terraform and plan into build/
  flowc run nightly.flow --input run_date=2026-01-05  runs it here, from the same artefacts
  flowc run nightly.flow --input run_date=2026-01-05 --fail copy:States.TaskFailed
                                                      … with a fault, to see the alert path work
  flowc runs show latest                              what the last run did, drawn on the source
  flowc test nightly.flow                             its tests: rows in, rows out; flows with faults
  flowc schedules nightly.flow --count 3              when its flows start by themselves
  flowc fmt                                           every .flow file here, in the one style
  flowc asl run order.asl.json --tasks tasks.json     any state machine of Step Functions, here
  flowc explain FLOW0403                              a page about an error

Exit codes:
  0  clean
  1  the program has errors, or the run or a test failed
  2  misuse, or something outside the program: a file that cannot be read, a missing tool";

/// The compiler of Flow, a typed language for data pipelines on AWS.
///
/// A .flow file says what the data looks like, where it lies, what is computed, how the steps run and when.
/// flowc checks it, and compiles it into a state machine for AWS Step Functions, Terraform for everything around
/// it, and a plan that one generic binary executes: on Lambda, in a container, or on this machine.
#[derive(Parser)]
#[command(name = "flowc", version, after_help = EXAMPLES, disable_help_subcommand = true)]
struct Arguments {
    /// Whether to colour: `auto` does where the output is a terminal and NO_COLOR is not set
    #[arg(long, global = true, value_enum, value_name = "auto|always|never", hide_possible_values = true, default_value_t = terminal::Color::Auto)]
    color: terminal::Color,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(commands::new::Arguments),
    Check(commands::check::Arguments),
    Build(commands::build::Arguments),
    Run(commands::run::Arguments),
    Runs(commands::runs::Arguments),
    Test(commands::test::Arguments),
    Fmt(commands::fmt::Arguments),
    Graph(commands::graph::Arguments),
    Schedules(commands::schedules::Arguments),
    Asl(commands::asl::Arguments),
    Explain(commands::explain::Arguments),
    Completions(commands::completions::Arguments),
    Man(commands::man::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = terminal::Terminal::new(arguments.color);
    let outcome = match arguments.command {
        Command::New(arguments) => commands::new::run(&arguments, &terminal),
        Command::Check(arguments) => commands::check::run(&arguments, &terminal),
        Command::Build(arguments) => commands::build::run(&arguments, &terminal),
        Command::Run(arguments) => commands::run::run(&arguments, &terminal),
        Command::Runs(arguments) => commands::runs::run(&arguments, &terminal),
        Command::Test(arguments) => commands::test::run(&arguments, &terminal),
        Command::Fmt(arguments) => commands::fmt::run(&arguments, &terminal),
        Command::Graph(arguments) => commands::graph::run(&arguments, &terminal),
        Command::Schedules(arguments) => commands::schedules::run(&arguments, &terminal),
        Command::Asl(arguments) => commands::asl::run(&arguments, &terminal),
        Command::Explain(arguments) => commands::explain::run(&arguments, &terminal),
        Command::Completions(arguments) => Ok(commands::completions::run(&arguments, Arguments::command(), &terminal)),
        Command::Man(arguments) => commands::man::run(&arguments, Arguments::command(), &terminal),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            terminal.error(error);
            ExitCode::from(2)
        }
    }
}

//! `flowc graph`.

use crate::command_error::CommandError;
use crate::compile;
use crate::seen::Seen;
use crate::terminal::Terminal;
use clap::ValueEnum;
use flow_analysis::program::{Flow, Stream};
use flow_backend::graph::Drawing;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  flowc graph nightly.flow                            a flowchart for ```mermaid in Markdown
  flowc graph nightly.flow --format svg --out nightly.svg
                                                      a picture, for a browser or a page
  flowc graph nightly.flow --format dot | dot -Tpdf   by Graphviz, as PDF
  flowc graph orders.flow --flow place --out place.mmd
                                                      one flow of several, into a file

What is drawn:
  a box       a step: its task, timeout and retries
  a diamond   an `if`, a `match` or the `when` of a step; the lines from it say which case
  a hexagon   a `poll`, with what it does framed
  a cylinder  a table, with dashed lines for what is read and written; a queue, stream, topic or bus
  a frame     a branch of a `parallel`, what a `for` does for an item, `on failure`; a flow where there are several
Dotted lines are failures that are caught. The same program gives the same bytes.

An SVG needs nothing else: no font, no script; it is light or dark as the reader's page is. Each box has an `id` (such as
`nightly.copy`) and attributes that name its place in the program: `data-file`, `data-line`, `data-column`,
`data-end-line`, `data-end-column`.";

/// Draws flows and streams: steps, choices, branches, catches, and the tables and queues that they touch
///
/// The program is checked first; one with errors is not drawn.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The program
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Which flow; all of them if not given
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,

    /// The language of the drawing: that of Mermaid, which GitHub shows in Markdown, that of Graphviz, or a picture
    #[arg(long, value_enum, value_name = "mermaid|dot|svg", hide_possible_values = true, default_value_t = Format::Mermaid)]
    format: Format,

    /// Where to write; standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Mermaid,
    Dot,
    Svg,
}

/// Draws.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    let Some(compilation) = compile::compile_clean(&arguments.file, terminal, &Seen::default())? else {
        return Ok(ExitCode::FAILURE);
    };
    let program = &compilation.program;
    let wanted = |flow: &&Flow| arguments.flow.as_ref().is_none_or(|name| flow.name == *name);
    let flows: Vec<&Flow> = program.flows.iter().filter(wanted).collect();
    // One flow is drawn alone; all of them with what comes to the program.
    let streams: Vec<&Stream> = match &arguments.flow {
        Some(_) => Vec::new(),
        None => program.streams.iter().collect(),
    };
    if flows.is_empty() && streams.is_empty() {
        let names: Vec<String> = program.flows.iter().map(|flow| flow.name.clone()).collect();
        misuse(arguments, &names);
    }
    let drawing = Drawing::of(program, &compilation.files, &flows, &streams);
    let text = match arguments.format {
        Format::Mermaid => drawing.mermaid(),
        Format::Dot => drawing.dot(),
        Format::Svg => drawing.svg(),
    };
    match &arguments.out {
        None => terminal.print(&text),
        Some(path) => crate::write::write_file(path, "--out", text.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn misuse(arguments: &Arguments, names: &[String]) -> ! {
    let file = arguments.file.display();
    let what = match (&arguments.flow, names) {
        (_, []) => format!("`{file}` has no `flow` and no `stream`: there is nothing to draw"),
        (Some(name), names) => match compile::nearest(name, names) {
            Some(near) => format!("`{name}` is not a flow of `{file}`: did you mean `{near}`?"),
            None => format!("`{name}` is not a flow of `{file}`: it has {}", compile::listing(names)),
        },
        (None, names) => format!("choose among {} with `--flow`", compile::listing(names)),
    };
    clap::Error::raw(clap::error::ErrorKind::InvalidValue, format!("{what}\n")).exit()
}

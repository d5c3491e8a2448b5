//! `flowc build`.

use crate::command_error::CommandError;
use crate::compile;
use crate::seen::Seen;
use crate::terminal::Terminal;
use crate::write;
use flow_analysis::program::Program;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compiles a program into a folder that Terraform can apply
///
/// Writes the state machines (*.asl.json, with a source map each), the Terraform root module (*.tf, <env>.tfvars), the
/// plan of the generic binary (plan.json), the table of deploy values (substitutions.json), and the schemas as Avro has them
/// (schemas/*.avsc). Nothing is written if the program has errors; the same program gives the same bytes.
#[derive(clap::Args)]
pub struct Arguments {
    /// The program
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Where to write; `build` beside the program if not given
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,

    /// Folds what depends on the environment's values, so that one state machine is left per flow
    #[arg(long, value_name = "ENV")]
    env: Option<String>,
}

/// Builds, and lists what was written.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    let Some(compilation) = compile::compile_clean(&arguments.file, terminal, &Seen::default())? else {
        return Ok(ExitCode::FAILURE);
    };
    if let Some(name) = &arguments.env {
        known_env(&compilation.program, name, &arguments.file)?;
    }
    let options = flow_backend::BuildOptions { env: arguments.env.clone() };
    let Some(output) = compile::emit(&compilation, &arguments.file, &options, terminal) else {
        return Ok(ExitCode::FAILURE);
    };
    let beside = arguments.file.parent().unwrap_or(Path::new("")).join("build");
    let directory = arguments.out.clone().unwrap_or(beside);
    let files: Vec<(String, Vec<u8>)> =
        output.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    let removed = write::write_build(&directory, &files)?;

    let mut text = format!("{} -> {}\n", arguments.file.display(), directory.display());
    for (name, bytes) in &files {
        text.push_str(&format!("  {name:<32} {:>8} bytes\n", bytes.len()));
    }
    for name in removed {
        text.push_str(&format!("  {name:<32} removed, no longer part of the program\n"));
    }
    text.push_str(&format!("next: terraform -chdir={} init\n", directory.display()));
    terminal.print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Refuses an environment that the program does not have.
pub fn known_env(program: &Program, name: &str, path: &Path) -> Result<(), CommandError> {
    if program.envs.iter().any(|env| env.name == name) {
        return Ok(());
    }
    let names: Vec<String> = program.envs.iter().map(|env| env.name.to_string()).collect();
    Err(CommandError::UnknownEnv {
        name: name.to_owned(),
        path: path.to_owned(),
        help: match names.as_slice() {
            [] => "the program has no `env` items".to_owned(),
            names => match compile::nearest(name, names) {
                Some(near) => format!("did you mean `{near}`? It has {}", compile::listing(names)),
                None => format!("it has {}", compile::listing(names)),
            },
        },
    })
}

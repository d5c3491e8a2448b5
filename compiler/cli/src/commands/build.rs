//! `flowc build`.

use crate::command_error::{CommandError, LocalProblem};
use crate::compile;
use crate::package;
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

    /// Adds `worker.zip`, the package of the functions: the generic binary as `bootstrap`, with the plan; and a zip of each
    /// folder that `lambda.folder` names
    #[arg(long)]
    package: bool,

    /// The generic binary that is packed; FLOW_WORKER, or `flow-worker` beside flowc, if not given
    #[arg(long, value_name = "FILE", requires = "package")]
    worker: Option<PathBuf>,

    /// Packs a generic binary that needs a newer glibc than Lambda has, for an emulator on this machine
    #[arg(long, requires = "package")]
    any_glibc: bool,
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
    let mut files: Vec<(String, Vec<u8>)> =
        output.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    let about = if arguments.package { Some(add_package(arguments, &compilation.program, &mut files)?) } else { None };
    let removed = write::write_build(&directory, &files)?;

    let mut text = format!("{} -> {}\n", arguments.file.display(), directory.display());
    for (name, bytes) in &files {
        text.push_str(&format!("  {name:<32} {:>8} bytes\n", bytes.len()));
    }
    for name in removed {
        text.push_str(&format!("  {name:<32} removed, no longer part of the program\n"));
    }
    text.extend(about);
    text.push_str(&format!("next: terraform -chdir={} init\n", directory.display()));
    terminal.print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Adds the functions' package to a build, and says what is in it.
fn add_package(arguments: &Arguments, program: &Program, files: &mut Vec<(String, Vec<u8>)>) -> Result<String, CommandError> {
    let plan = files.iter().find(|(name, _)| name == "plan.json").map(|(_, bytes)| bytes.as_slice());
    let mut packed = String::new();
    let mut folders = Vec::new();
    for package in &program.packages {
        let bytes = package::folder(Path::new(&package.folder), &package.exclude)?;
        packed.push_str(&format!("{}: the files of {}\n", package.file, package.folder));
        folders.push((package.file.clone(), bytes));
    }
    let Some(plan) = plan.filter(|_| !program.functions.is_empty()) else {
        files.append(&mut folders);
        if packed.is_empty() {
            packed.push_str("no step is run by the generic binary: there is nothing to package\n");
        }
        return Ok(packed);
    };
    let worker = flow_local::find_worker(arguments.worker.as_deref(), "`--package` packs the generic binary")
        .map_err(|error| CommandError::Local(LocalProblem(error)))?;
    let package = package::package(&worker, plan, arguments.any_glibc)?;
    let needs = match package.glibc {
        Some((major, minor)) => format!("needs glibc {major}.{minor}"),
        None => "needs no glibc".to_owned(),
    };
    let about = format!(
        "{}: {} unpacked, {needs}; binary {}\n",
        package::NAME,
        package::megabytes(package.unpacked),
        worker.display()
    );
    files.push((package::NAME.to_owned(), package.bytes));
    files.append(&mut folders);
    Ok(format!("{about}{packed}"))
}

/// Refuses an environment that the program does not have, and one that lacks what others have.
pub fn known_env(program: &Program, name: &str, path: &Path) -> Result<(), CommandError> {
    if let Some(env) = program.envs.iter().find(|env| env.name == name) {
        let missing: Vec<String> = program.left_out(env).iter().map(|param| param.name.clone()).collect();
        return match missing.as_slice() {
            [] => Ok(()),
            [first, ..] => Err(CommandError::IncompleteEnv {
                name: name.to_owned(),
                path: path.to_owned(),
                missing: compile::listing(&missing),
                help: format!("write `{first} = …` in `env {name}`; other environments can be built"),
            }),
        };
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

//! `flowc new`: a project folder to start from.
//!
//! The files are those of `examples/`, which the tests of the workspace compile and run, with the names of the project
//! and of its buckets put in: `flowc new night-load` gives `project night_load` and the buckets `night-load-raw-dev` …
//! Only the README is written here. A folder that holds anything is refused.

use crate::command_error::CommandError;
use crate::terminal::Terminal;
use crate::write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  flowc new night-load                     the nightly example as a project, in night-load/
  flowc new night-load --template empty    the smallest program that deploys
  flowc new night-load --into .            here, in an empty folder

Templates:
  nightly  records are checked, copied to Parquet, computed on, modelled with dbt, exported,
           announced: every part of a pipeline, with sample data for runs on this machine
  stream   each line of a new object goes to a queue, and from there into Parquet by day; what is
           bad goes to a folder with the reason
  empty    a flow of one statement

Names: lower-case letters, digits, and single hyphens or underscores between them; a letter first;
3 to 32 characters. The project's name is written with underscores, its buckets' with hyphens.
All accounts of AWS share the names of buckets: choose one that nobody else has, or change `env` in
the program before you deploy.

Exit codes: 0 written; 2 misuse, the folder holds something already, or it cannot be written";

/// Starts a project: a program that checks, builds and runs at once
///
/// Writes the program, the settings of local runs, a README with the commands to type, and a .gitignore into a folder
/// of the project's name. Nothing that is there is changed.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The project's name, such as `night-load`; its buckets are named after it
    #[arg(value_name = "NAME", value_parser = Name::parse)]
    name: Name,

    /// What to start from
    #[arg(long, value_enum, default_value_t = Template::Nightly)]
    template: Template,

    /// The folder to write into, made if it is not there; without it, NAME
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// What a project starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Template {
    /// A whole nightly load, with sample data
    Nightly,
    /// New objects through a queue into Parquet, with sample data
    Stream,
    /// The smallest program that deploys
    Empty,
}

/// A name that serves as project, bucket and database.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name(String);

/// The longest name: the roles and buckets that carry it, with what is put behind it, stay under 63 characters (the
/// limit of a bucket's name; of a role's, 64).
const LONGEST: usize = 32;

/// The prefixes that S3 keeps for itself and a name of ours could have
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>).
const KEPT_BY_S3: [&str; 2] = ["sthree-", "amzn-s3-demo-"];

impl Name {
    /// Checks a name; the error says what is wrong and, where that can be told, what to write instead.
    fn parse(given: &str) -> Result<Self, String> {
        let instead = || match suggestion(given) {
            Some(name) => format!("; `{name}` would do"),
            None => "; `night-load` would do".to_owned(),
        };
        if let Some(wrong) = given.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))) {
            return Err(format!(
                "`{wrong}` cannot stand in it: the names of buckets have lower-case letters, digits and hyphens only{}",
                instead()
            ));
        }
        if !given.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(format!("it is the project's name in the program, so it begins with a letter{}", instead()));
        }
        if given.ends_with(['-', '_']) || given.as_bytes().windows(2).any(|two| two.iter().all(|c| matches!(c, b'-' | b'_'))) {
            return Err(format!("hyphens and underscores stand one by one between letters or digits{}", instead()));
        }
        if given.len() < 3 || given.len() > LONGEST {
            return Err(format!(
                "it has {} characters: 3 to {LONGEST} leave room for what is put behind it in names of buckets and roles",
                given.len()
            ));
        }
        let name = Name(given.to_owned());
        if let Some(prefix) = KEPT_BY_S3.iter().find(|prefix| name.hyphened().starts_with(**prefix)) {
            return Err(format!("S3 keeps names that begin with `{prefix}` for itself"));
        }
        Ok(name)
    }

    /// As the program writes it: `night_load`.
    fn identifier(&self) -> String {
        self.0.replace('-', "_")
    }

    /// As buckets have it: `night-load`.
    fn hyphened(&self) -> String {
        self.0.replace('_', "-")
    }
}

/// The name that was probably meant: `Night Load` gives `night-load`.
fn suggestion(given: &str) -> Option<String> {
    let words: Vec<String> = given
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let name = words.join("-").trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned();
    (3..=LONGEST).contains(&name.len()).then_some(name)
}

/// Names the files of an example with their texts, as they were when flowc was built.
macro_rules! example {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../examples/", $folder, "/", $name)))),+]
    };
}

/// Name and text.
type File = (&'static str, &'static str);

/// A test compares the list with the folder.
const NIGHTLY: &[File] = example!("nightly":
    ".gitignore",
    "dbt/.gitignore",
    "dbt/dbt_project.yml",
    "dbt/models/reporting/_models.yml",
    "dbt/models/reporting/monthly_by_facility.sql",
    "dbt/models/reporting/worst_facilities.sql",
    "dbt/models/staging/_models.yml",
    "dbt/models/staging/_sources.yml",
    "dbt/models/staging/stg_readmissions.sql",
    "dbt/profiles.yml",
    "dbt/requirements.txt",
    "dbt/tests/generic/between.sql",
    "dbt/tests/generic/holds.sql",
    "dbt/tests/generic/unique_together.sql",
    "input.txt",
    "local.toml",
    "nightly.flow",
    "secrets.example.json",
);

const STREAM: &[File] = example!("stream": ".gitignore", "local.toml", "stream.flow");

const EMPTY: &[File] = example!("empty": ".gitignore", "empty.flow", "input.txt", "local.toml");

/// The project that an example declares: what is replaced by the user's name.
const NIGHTLY_PROJECT: &str = "dpc";
const STREAM_PROJECT: &str = "ward";
const EMPTY_PROJECT: &str = "hello";

/// What a run or a build leaves in the folder, beside what the example keeps out of the repository already.
const IGNORED: &str = ".flow/\nbuild/\n.terraform/\n*.tfstate*\n";

impl Template {
    fn files(self) -> &'static [File] {
        match self {
            Template::Nightly => NIGHTLY,
            Template::Stream => STREAM,
            Template::Empty => EMPTY,
        }
    }

    fn project(self) -> &'static str {
        match self {
            Template::Nightly => NIGHTLY_PROJECT,
            Template::Stream => STREAM_PROJECT,
            Template::Empty => EMPTY_PROJECT,
        }
    }

    /// The three commands, with what each does.
    fn commands(self) -> [(&'static str, &'static str); 3] {
        match self {
            Template::Nightly => [
                ("flowc check nightly.flow", "what is wrong with it, if anything"),
                ("flowc run nightly.flow --input run_date=2026-01-05", "runs it on this machine, on sample data"),
                ("flowc build nightly.flow", "state machine, Terraform and plan into build/"),
            ],
            Template::Stream => [
                ("flowc check stream.flow", "what is wrong with it, if anything"),
                ("flowc run stream.flow", "delivers the sample data on this machine, until nothing is left"),
                ("flowc build stream.flow", "Terraform and plan into build/"),
            ],
            Template::Empty => [
                ("flowc check main.flow", "what is wrong with it, if anything"),
                ("flowc run main.flow --input name=world", "runs it on this machine"),
                ("flowc build main.flow", "state machine, Terraform and plan into build/"),
            ],
        }
    }

    /// The parts of the project, for its README.
    fn parts(self) -> &'static str {
        match self {
            Template::Nightly => {
                "\
- `nightly.flow`: the program: the shape of the data, the buckets and tables, the computation, the steps, the schedule,
  and what happens when a step fails
- `local.toml`: settings of runs on this machine, among them the sample data; nothing of it is deployed
- `input.txt`: the input of that run, for scripts
- `secrets.example.json`: copy it to `secrets.json`, which is not committed, to give local runs another address
- `dbt/`: the reporting models, an ordinary dbt project; without Python, `flowc run … --skip dbt` goes on without it

A local run interprets the state machine that would be deployed, with folders under `.flow/` in place of buckets. To
see the alert path work, let a step fail: `--fail copy:States.TaskFailed`.
"
            }
            Template::Stream => {
                "\
- `stream.flow`: the program: the shape of the data, the bucket that is listened to, the queue, the table, and what becomes
  of what is bad; a test of what is computed (`flowc test stream.flow`)
- `local.toml`: settings of runs on this machine, among them the sample data; nothing of it is deployed

A local run hands events to the generic binary as Lambda would, with folders under `.flow/` in place of buckets and files
of JSON lines in place of queues. Put another file into the bucket's folder, and run again: only what is new comes.
"
            }
            Template::Empty => {
                "\
- `main.flow`: the program
- `input.txt`: the input of that run, for scripts
- `local.toml`: settings of runs on this machine; nothing of it is deployed

A local run interprets the state machine that would be deployed; what it leaves is under `.flow/`.
"
            }
        }
    }
}

/// Writes the project and says what to type next.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    let folder = arguments.into.clone().unwrap_or_else(|| PathBuf::from(&arguments.name.0));
    let files = project(&arguments.name, arguments.template)?;
    write::write_new(&folder, &files)?;
    let commands = arguments.template.commands();
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let mut text = format!("{}: {} files\n\nNext:\n", folder.display(), files.len());
    if folder != Path::new(".") {
        text.push_str(&format!("  cd {}\n", folder.display()));
    }
    for (command, what) in commands {
        text.push_str(&format!("  {command:width$}  {what}\n"));
    }
    terminal.print(&text);
    Ok(ExitCode::SUCCESS)
}

/// The files of a project: the example's with the user's names, the programs in the one style again (a longer name moves
/// columns), and a README.
fn project(name: &Name, template: Template) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let mut files = vec![("README.md".to_owned(), readme(name, template).into_bytes())];
    for (path, text) in template.files() {
        let mut text = renamed(text, template.project(), name);
        if *path == ".gitignore" {
            text.push_str(IGNORED);
        }
        if path.ends_with(".flow") {
            text = flow_format::format(&text)
                .map_err(|error| CommandError::FormatterFault { path: PathBuf::from(path), why: format!("{error:?}") })?;
        }
        // An example's program is named after its folder; `empty` would be no name for what grows out of it.
        let path = if *path == "empty.flow" { "main.flow" } else { path };
        files.push((path.to_owned(), text.into_bytes()));
    }
    Ok(files)
}

/// Puts the user's name where the example has its project's: `project dpc`, `dpc-raw-dev`, `dpc_mart`.
fn renamed(text: &str, project: &str, name: &Name) -> String {
    text.replace(&format!("project {project} "), &format!("project {} ", name.identifier()))
        .replace(&format!("{project}-"), &format!("{}-", name.hyphened()))
        .replace(&format!("{project}_"), &format!("{}_", name.identifier()))
}

fn readme(name: &Name, template: Template) -> String {
    let commands: String = template.commands().iter().map(|(command, _)| format!("$ {command}\n")).collect();
    format!(
        "# {}\n\n```console\n{commands}```\n\nThe first says what is wrong with the program, the second runs it on this machine, the third writes the state machine\n\
         and Terraform into `build/`, to be applied from there. `flowc explain CODE` says more about an error, `flowc fmt`\n\
         formats, `flowc --help` lists the rest.\n\n## What is here\n\n{}",
        name.0,
        template.parts()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::BTreeSet;

    fn below(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            // what runs and builds leave there, and the one file that is written anew
            if matches!(name.as_str(), ".flow" | "build" | "target" | "logs" | "secrets.json" | "README.md") {
                continue;
            }
            if path.is_dir() {
                below(root, &path, found);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_of_the_examples_is_in_their_templates() {
        for (folder, template) in [("nightly", Template::Nightly), ("stream", Template::Stream), ("empty", Template::Empty)] {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(folder);
            let mut found = BTreeSet::new();
            below(&root, &root, &mut found);
            let listed: BTreeSet<String> = template.files().iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(found, listed, "{folder}");
        }
    }

    #[test]
    fn nothing_of_the_examples_name_is_left() {
        let name = Name::parse("night-load_2").unwrap();
        for template in [Template::Nightly, Template::Stream, Template::Empty] {
            for (path, bytes) in project(&name, template).unwrap() {
                let text = String::from_utf8(bytes).unwrap();
                assert!(!text.contains(template.project()), "{path}");
            }
        }
        let files = project(&name, Template::Nightly).unwrap();
        let program = files.iter().find(|(path, _)| path == "nightly.flow").unwrap();
        let text = std::str::from_utf8(&program.1).unwrap();
        for part in ["project night_load_2 {", "\"night-load-2-raw-dev\"", "glue.database(\"night_load_2_mart\")"] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_the_reason() {
        for (given, reason) in [
            ("Night Load", "`N` cannot stand in it"),
            ("Night Load", "`night-load` would do"),
            ("../etc", "`.` cannot stand in it"),
            ("nächte", "`ä` cannot stand in it"),
            ("2nights", "begins with a letter; `nights` would do"),
            ("-x", "begins with a letter"),
            ("a--b", "one by one"),
            ("night-", "one by one"),
            ("ab", "it has 2 characters"),
            ("a23456789012345678901234567890123", "it has 33 characters"),
            ("sthree-x", "`sthree-`"),
            ("amzn_s3_demo_x", "`amzn-s3-demo-`"),
            ("", "begins with a letter"),
        ] {
            let why = Name::parse(given).unwrap_err();
            assert!(why.contains(reason), "{given}: {why}");
        }
        for given in ["abc", "flow", "night-load", "night_load2", "a2345678901234567890123456789012"] {
            assert!(Name::parse(given).is_ok(), "{given}");
        }
    }
}

//! What the checker takes of the provider's schema, Terraform takes, and what the one refuses the other refuses.
//!
//! Resources are made of the index: what must be given and no more, every value a parameter, so that the provider's own
//! checks of texts (patterns, lists of words) have nothing to say. `FLOW_PROVIDER=all` asks of every type instead of a
//! sample, and prints which are refused: those that `rules.txt` calls `other`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::testing;
use flow_analysis::provider::{self, Need, Rule, RuleKind, Rules, Shape, ValueType};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Whether the provider asks more of a type than the index knows.
fn asks_more(listed: &str) -> bool {
    Rules::of(listed).at("").any(|rule| rule.kind == RuleKind::Other)
}

/// A project with values of every type.
const HEAD: &str = r#"project demo { region = "us-east-1" }
param text: String
param number: Int
param flag: Bool
"#;

fn value(ty: &ValueType) -> String {
    match ty {
        ValueType::String | ValueType::Any => "text".to_owned(),
        ValueType::Number => "number".to_owned(),
        ValueType::Bool => "flag".to_owned(),
        ValueType::List(inner) | ValueType::Set(inner) => format!("[{}]", value(inner)),
        ValueType::Map(inner) => format!("{{ key: {} }}", value(inner)),
        ValueType::Object(shape) => {
            let fields: Vec<String> =
                shape.attributes().map(|field| format!("{}: {}", field.name, value(&field.ty))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// The least body that the schema and the rules allow.
fn body(shape: Shape, rules: Rules, path: &str) -> String {
    let mut text = String::new();
    let asked: Vec<Rule> = rules.at(path).collect();
    let wanted = |name: &str| asked.iter().any(|rule| rule.names.first() == Some(&name));
    for attribute in shape.attributes().filter(|attribute| attribute.need == Need::Required || wanted(attribute.name)) {
        writeln!(text, "{} = {}", attribute.name, value(&attribute.ty)).unwrap();
    }
    for block in shape.blocks() {
        for _ in 0..block.min.max(usize::from(wanted(block.name))) {
            let inner = if path.is_empty() { block.name.to_owned() } else { format!("{path}.{}", block.name) };
            write!(text, "{} {{\n{}}}\n", block.name, body(block.shape, rules, &inner)).unwrap();
        }
    }
    text
}

/// The least resource of a type, `data.` of a data source.
fn minimal(number: usize, listed: &str) -> String {
    let shape = provider::listed(listed).unwrap().shape;
    let (existing, name) = match listed.strip_prefix("data.aws_") {
        Some(name) => ("existing ", name),
        None => ("", listed.strip_prefix("aws_").unwrap()),
    };
    format!("resource r{number} = {existing}aws.{name} {{\n{}}}\n", body(shape, Rules::of(listed), ""))
}

/// The codes and messages of a program's errors.
fn errors(text: &str) -> Vec<String> {
    let (mut files, mut diagnostics) = (flow_diagnostics::FileSet::default(), flow_diagnostics::Diagnostics::default());
    let file = files.add("provider.flow", text.to_owned());
    flow_analysis::check(file, &mut files, &mut diagnostics);
    let errors = diagnostics.sorted().into_iter().filter(|one| one.severity == flow_diagnostics::Severity::Error);
    errors.map(|one| format!("{} {}", one.code, one.message)).collect()
}

fn built(text: &str) -> Vec<(String, String)> {
    assert_eq!(errors(text), Vec::<String>::new());
    let (mut files, mut diagnostics) = (flow_diagnostics::FileSet::default(), flow_diagnostics::Diagnostics::default());
    let file = files.add("provider.flow", text.to_owned());
    let program = flow_analysis::check(file, &mut files, &mut diagnostics);
    let built = crate::build(&program, &files, &crate::BuildOptions::default());
    assert_eq!(built.faults, []);
    built.files.into_iter().filter(|(name, _)| name.ends_with(".tf")).collect()
}

/// What `terraform validate` says of a folder: errors with the file, the line and the words.
fn validated(folder: &Path, plugins: &Path) -> Vec<(String, u64, String)> {
    testing::terraform(folder, &["init", "-backend=false", "-input=false", &format!("-plugin-dir={}", plugins.display())]);
    let output = Command::new("terraform")
        .args(["validate", "-json"])
        .current_dir(folder)
        .env_remove("TF_CLI_CONFIG_FILE")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let errors = said["diagnostics"].as_array().unwrap().iter().filter(|one| one["severity"] == "error");
    errors
        .map(|one| {
            let words = format!("{}: {}", one["summary"].as_str().unwrap_or(""), one["detail"].as_str().unwrap_or(""));
            let range = &one["range"];
            (range["filename"].as_str().unwrap_or("").to_owned(), range["start"]["line"].as_u64().unwrap_or(0), words)
        })
        .collect()
}

/// The label of the resource around a line of a file.
fn label_at(text: &str, line: u64) -> Option<&str> {
    let before = text.lines().take(usize::try_from(line).ok()?);
    let head = before.filter(|line| line.starts_with("resource ") || line.starts_with("data ")).last()?;
    head.split('"').nth(3)
}

#[test]
fn what_the_checker_takes_terraform_takes() {
    let Some(plugins) = testing::plugins() else { return };
    let all = std::env::var_os("FLOW_PROVIDER").is_some_and(|what| what == "all");
    let listed: Vec<String> = provider::resources()
        .map(|found| found.name.to_owned())
        .chain(provider::data_sources().map(|found| format!("data.{}", found.name)))
        .collect();
    let step = if all { 1 } else { 13 };
    let asked: Vec<&String> = listed
        .iter()
        .step_by(step)
        .filter(|name| all || !asks_more(name))
        .collect();
    let program: String = asked.iter().enumerate().map(|(number, name)| minimal(number, name)).collect();
    let folder = tempfile::tempdir().unwrap();
    let files = built(&format!("{HEAD}{program}"));
    for (name, text) in &files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut refused: BTreeSet<String> = BTreeSet::new();
    for (file, line, words) in validated(folder.path(), &plugins) {
        let text = files.iter().find(|(name, _)| *name == file).map_or("", |(_, text)| text.as_str());
        let number = label_at(text, line).and_then(|label| label.strip_prefix('r')?.parse::<usize>().ok());
        let ty = number.and_then(|number| asked.get(number)).map_or("?", |name| name.as_str());
        refused.insert(format!("{ty}: {}", words.replace('\n', " ")));
    }
    if all {
        let types: BTreeSet<&str> = refused.iter().filter_map(|line| line.split(": ").next()).collect();
        eprintln!("{} types, {} refused by Terraform", asked.len(), types.len());
        refused.iter().for_each(|line| eprintln!("{line}"));
        let known: BTreeSet<&str> = listed.iter().map(String::as_str).filter(|name| asks_more(name)).collect();
        assert_eq!(types, known);
    } else {
        assert!(asked.len() >= 150, "{}", asked.len());
        assert_eq!(refused, BTreeSet::new());
    }
}

/// A mistake in Flow with the code that it raises, and the same mistake in HCL.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("FLOW0730", "resource r = aws.sqs_queues { name = text }", "resource \"aws_sqs_queues\" \"r\" {\n  name = \"x\"\n}"),
    ("FLOW0731", "resource r = aws.sqs_queue { nam = text }", "resource \"aws_sqs_queue\" \"r\" {\n  nam = \"x\"\n}"),
    ("FLOW0731", "resource r = aws.ecs_cluster {\n name = text\n settings { name = text }\n}", "resource \"aws_ecs_cluster\" \"r\" {\n  name = \"x\"\n  settings {\n    name = \"x\"\n  }\n}"),
    ("FLOW0732", "resource r = aws.s3_bucket_versioning { bucket = text }", "resource \"aws_s3_bucket_versioning\" \"r\" {\n  bucket = \"x\"\n}"),
    ("FLOW0732", "resource r = aws.sns_topic_subscription { topic_arn = text }", "resource \"aws_sns_topic_subscription\" \"r\" {\n  topic_arn = \"x\"\n}"),
    ("FLOW0733", "resource r = aws.sqs_queue { arn = text }", "resource \"aws_sqs_queue\" \"r\" {\n  arn = \"x\"\n}"),
    ("FLOW0734", "resource r = aws.ecs_cluster {\n name = text\n setting = [{ name: text, value: text }]\n}", "resource \"aws_ecs_cluster\" \"r\" {\n  name    = \"x\"\n  setting = [{ name = \"x\", value = \"x\" }]\n}"),
    ("FLOW0734", "resource r = aws.sqs_queue {\n tags { team = text }\n}", "resource \"aws_sqs_queue\" \"r\" {\n  tags {\n    team = \"x\"\n  }\n}"),
    ("FLOW0735", "resource r = aws.ecr_repository {\n name = text\n image_scanning_configuration { scan_on_push = flag }\n image_scanning_configuration { scan_on_push = flag }\n}", "resource \"aws_ecr_repository\" \"r\" {\n  name = \"x\"\n  image_scanning_configuration {\n    scan_on_push = true\n  }\n  image_scanning_configuration {\n    scan_on_push = true\n  }\n}"),
    ("FLOW0740", "resource r = aws.ssm_parameter {\n name = text\n type = text\n value = text\n insecure_value = text\n}", "resource \"aws_ssm_parameter\" \"r\" {\n  name           = \"x\"\n  type           = \"String\"\n  value          = \"x\"\n  insecure_value = \"x\"\n}"),
    ("FLOW0301", "resource r = aws.sqs_queue { fifo_queue = [text] }", "resource \"aws_sqs_queue\" \"r\" {\n  fifo_queue = [\"x\"]\n}"),
    ("FLOW0301", "resource r = aws.sqs_queue { delay_seconds = text }", "resource \"aws_sqs_queue\" \"r\" {\n  delay_seconds = \"x\"\n}"),
    ("FLOW0731", "resource r = aws.sqs_queue { name = text }\noutput o = r.nam", "resource \"aws_sqs_queue\" \"r\" {\n  name = \"x\"\n}\noutput \"o\" {\n  value = aws_sqs_queue.r.nam\n}"),
];

/// What Terraform refuses only when it plans: the checker does before.
const LATER: &[(&str, &str)] = &[("FLOW0703", "resource r = aws.iam_access_key { user = text }\noutput o = r.secret")];

#[test]
fn what_the_checker_refuses_terraform_refuses() {
    for (code, flow) in MISTAKES.iter().map(|(code, flow, _)| (code, flow)).chain(LATER.iter().map(|(code, flow)| (code, flow))) {
        let found = errors(&format!("{HEAD}{flow}\n"));
        assert!(found.len() == 1 && found.iter().all(|one| one.starts_with(code)), "{flow}\n{found:?}");
    }
    let Some(plugins) = testing::plugins() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("provider.tf"), "provider \"aws\" {\n  region = \"us-east-1\"\n}\n").unwrap();
    let name = |at: usize| format!("mistake_{at}.tf");
    for (at, (_, _, hcl)) in MISTAKES.iter().enumerate() {
        let hcl = hcl.replace("\"r\"", &format!("\"r{at}\"")).replace(".r.", &format!(".r{at}.")).replace("\"o\"", &format!("\"o{at}\""));
        std::fs::write(folder.path().join(name(at)), hcl).unwrap();
    }
    let said = validated(folder.path(), &plugins);
    for at in 0..MISTAKES.len() {
        assert!(said.iter().any(|(file, ..)| *file == name(at)), "{:?} is fine to Terraform: {said:?}", MISTAKES.get(at));
    }
}

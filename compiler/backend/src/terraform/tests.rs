//! The module as a whole: printed, formatted, validated, evaluated, and its policies looked at.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

use super::hcl::{BodyExt, block, member, object, path, string, text};
use super::{Machine, Substitution, Variant, layout, rehearsal, testing};
use flow_analysis::program::{Expr, ExprKind, Stage, Type};
use hcl_edit::structure::Body;
use serde_json::{Value as Json, json};

#[test]
fn module_of_a_nightly_load() {
    let files = testing::module(&testing::program());
    let text: Vec<String> = files.iter().map(|file| format!("==> {} <==\n{}", file.name, file.text)).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn the_same_program_gives_the_same_bytes() {
    assert_eq!(testing::module(&testing::program()), testing::module(&testing::program()));
}

#[test]
fn terraform_formats_nothing_and_deploys_it() {
    let Some(plugins) = testing::plugins() else { return };
    let folder = tempfile::tempdir().unwrap();
    testing::write(folder.path(), &testing::module(&testing::program()));
    let definition = r#"{"Resource": "${worker_arn}", "Subnets": "${network_subnets}"}"#;
    std::fs::write(folder.path().join("nightly.asl.json"), definition).unwrap();
    testing::terraform(folder.path(), &["fmt", "-check", "-diff"]);
    let network = r#"network = { subnets = ["subnet-\"1\"", "subnet-2"], security_groups = [] }"#;
    let said = rehearsal::rehearse(
        folder.path(),
        &plugins,
        &format!("env = \"dev\"\nraw = \"dpc-raw-dev\"\n{network}"),
        &[
            "jsondecode(aws_sfn_state_machine.nightly.definition).Resource == aws_lambda_function.worker.arn",
            r#"jsondecode(jsondecode(aws_sfn_state_machine.nightly.definition).Subnets)[0] == "subnet-\"1\"""#,
            r#"aws_lambda_function.worker.function_name == "dpc-dev-worker""#,
            r#"endswith(output.nightly_start, "--input '{\"run_date\":\"YYYY-MM-DD\"}'")"#,
        ],
    );
    assert!(said.contains("2 passed, 0 failed"), "{said}");
}

/// Texts that HCL, JSON or JSONata could misread.
const HARD: [&str; 13] = [
    "${aws_region}",
    "%{ if true }x%{ endif }",
    "$${a} %%{b} $$${c} $%{d} %${e} ${${f}} $",
    "$",
    "say \"hi\"\\n and \\ and \\\"",
    "two\nlines\r\n\tand a tab",
    "{%{\"a\": 1}%}",
    "<b>&amp;</b> \u{2028}",
    "grüße, 東京 🚀",
    "'single' `back` #hash // slashes /* c */",
    "\u{1}\u{7f}",
    "costs 100%$",
    "<<EOT\nEOT\n",
];

/// What Terraform makes of an output of a module without providers.
fn evaluate(body: &mut Body, files: &[(&str, &str)]) -> Option<Json> {
    if std::process::Command::new("terraform").arg("version").output().is_err() {
        eprintln!("skipped: `terraform` is not on the path");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.tf"), layout::file("", body)).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    testing::terraform(folder.path(), &["fmt", "-check", "-diff"]);
    testing::terraform(folder.path(), &["init", "-input=false"]);
    testing::terraform(folder.path(), &["apply", "-auto-approve", "-input=false"]);
    let outputs: Json = serde_json::from_str(&testing::terraform(folder.path(), &["output", "-json"])).unwrap();
    Some(outputs["x"]["value"].clone())
}

#[test]
fn text_arrives_intact() {
    let mut body = Body::new();
    let mut locals = block("locals", &[]);
    locals.body.set("value", string("v"));
    body.add(locals);
    let value = || member(path(["local"]), ["value"]);
    let mut output = block("output", &["x"]);
    output.body.set(
        "value",
        object(HARD.iter().enumerate().flat_map(|(index, hard)| {
            let around = text([(*hard).into(), value().into(), (*hard).into()]);
            let called = text([(*hard).into(), super::hcl::call("upper", [around.clone()]).into(), (*hard).into()]);
            [
                (format!("plain{index}"), string(hard)),
                (format!("around{index}"), around),
                (format!("called{index}"), called),
                (format!("key{index} {hard}"), string("k")),
            ]
        })),
    );
    body.add(output);
    let Some(found) = evaluate(&mut body, &[]) else { return };
    for (index, hard) in HARD.iter().enumerate() {
        let around = format!("{hard}v{hard}");
        assert_eq!(found[format!("plain{index}")], json!(hard));
        assert_eq!(found[format!("around{index}")], json!(around));
        assert_eq!(found[format!("key{index} {hard}")], json!("k"));
        let called = found[format!("called{index}")].as_str().unwrap();
        assert!(called.starts_with(hard) && called.ends_with(hard), "{called}");
    }
}

#[test]
fn deploy_values_arrive_intact_in_a_definition() {
    let program = testing::program();
    let value = |name: String, value: Expr, json: bool| Substitution { name, value, json };
    let mut substitutions: Vec<Substitution> = HARD
        .iter()
        .enumerate()
        .map(|(index, hard)| value(format!("text{index}"), testing::text(hard), false))
        .collect();
    let listed = Expr {
        ty: Type::List(Box::new(Type::String)),
        stage: Stage::Const,
        kind: ExprKind::List(HARD.iter().map(|hard| testing::text(hard)).collect()),
        ..testing::text("")
    };
    substitutions.push(value("listed".to_owned(), listed, true));
    let states: serde_json::Map<String, Json> =
        substitutions.iter().map(|entry| (entry.name.clone(), json!(format!("${{{}}}", entry.name)))).collect();
    let definition = serde_json::to_string_pretty(&states).unwrap();
    let machine = Machine {
        flow: "nightly".to_owned(),
        toggles: Vec::new(),
        variants: vec![Variant { values: Vec::new(), file: "nightly.asl.json".to_owned() }],
        substitutions,
    };
    let scope = super::Scope::new(&program);
    let emitted = super::state_machines::state_machines(&scope, &[machine]).unwrap().body;
    let mut body = Body::new();
    for mut block in emitted.into_blocks() {
        let definition = block.body.remove_attribute("definition");
        match definition {
            Some(definition) => {
                let mut output = self::block("output", &["x"]);
                output.body.set("value", definition.value);
                body.add(output);
            }
            None if block.has_ident("locals") => body.add(block),
            None => {}
        }
    }
    let Some(found) = evaluate(&mut body, &[("nightly.asl.json", &definition)]) else { return };
    let found: Json = serde_json::from_str(found.as_str().unwrap()).unwrap();
    for (index, hard) in HARD.iter().enumerate() {
        assert_eq!(found[format!("text{index}")], json!(hard));
    }
    let listed: Json = serde_json::from_str(found["listed"].as_str().unwrap()).unwrap();
    assert_eq!(listed, json!(HARD));
}

#[test]
fn the_schedule_s_input_keeps_the_brackets_that_scheduler_looks_for() {
    let program = testing::program();
    let files = testing::files();
    let scope = super::Scope::new(&program);
    let emitted = super::schedules::schedules(&scope, &crate::iam::Places::new(&files)).unwrap().body;
    let schedule = emitted.get_blocks("resource").find(|block| block.has_labels(&["aws_scheduler_schedule"])).unwrap();
    let target = schedule.body.get_blocks("target").next().unwrap();
    let mut output = block("output", &["x"]);
    output.body.set("value", target.body.get_attribute("input").unwrap().value.clone());
    let mut body = Body::new();
    body.add(output);
    let Some(found) = evaluate(&mut body, &[]) else { return };
    assert_eq!(found, json!(r#"{"trigger":{"index":0,"kind":"schedule","time":"<aws.scheduler.scheduled-time>"}}"#));
}

/// Toggles choose a file: `true false` gives the variant with these values.
#[test]
fn toggles_choose_among_variants() {
    let program = testing::program();
    let toggle = |name: &str| testing::param(name, Type::Bool);
    let variants = |count: u32| -> Vec<Variant> {
        (0..1u32 << count)
            .map(|bits| Variant {
                values: (0..count).map(|bit| bits >> bit & 1 == 1).collect(),
                file: format!("nightly.{bits}.asl.json"),
            })
            .collect()
    };
    let printed = |toggles: Vec<Expr>, variants: Vec<Variant>| {
        let machine = Machine { flow: "nightly".to_owned(), toggles, variants, substitutions: Vec::new() };
        let scope = super::Scope::new(&program);
        let mut body = super::state_machines::state_machines(&scope, &[machine]).unwrap().body;
        let text = layout::file("", &mut body);
        text.split("  logging_configuration").next().unwrap().to_owned()
    };
    let one = printed(vec![toggle("rollback")], variants(1));
    let chosen = r#"var.rollback ? "${path.module}/nightly.1.asl.json" : "${path.module}/nightly.0.asl.json""#;
    assert!(one.contains(&format!("templatefile({chosen}, {{}})")), "{one}");
    insta::assert_snapshot!(printed(vec![toggle("rollback"), toggle("quick")], variants(2)));
}

/// The nightly example, built; errors of the program are a failure of the test.
fn nightly() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/nightly/nightly.flow");
    let text = std::fs::read_to_string(path).unwrap();
    let (mut files, mut diagnostics) = Default::default();
    let modules = flow_analysis::load("nightly.flow", text, &mut files, &mut diagnostics);
    let program = flow_analysis::analyze(&modules, &mut files, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{:?}", diagnostics.sorted());
    let built = crate::build(&program, &files, &crate::BuildOptions::default());
    assert_eq!(built.faults, []);
    built.files.into_iter().collect()
}

#[test]
fn module_of_the_nightly_example() {
    let files = nightly();
    let module = files.iter().filter(|(name, _)| name.ends_with(".tf") || name.ends_with(".tfvars"));
    let text: Vec<String> = module.map(|(name, text)| format!("==> {name} <==\n{text}")).collect();
    insta::assert_snapshot!(text.join("\n"));
    let (_, roles) = files.iter().find(|(name, _)| name == "roles.tf").unwrap();
    assert_eq!(crate::iam::too_wide(roles), Vec::<String>::new());
}

#[test]
fn the_nightly_example_deploys() {
    let Some(plugins) = testing::plugins() else { return };
    let values = [("raw", "dpc-raw-dev"), ("processed", "dpc-processed-dev"), ("env", "dev")];
    let values: Vec<String> = values.iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
    let network = r#"network = { subnets = ["subnet-1"], security_groups = ["sg-1"] }"#;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in nightly() {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    testing::terraform(folder.path(), &["fmt", "-check", "-diff"]);
    let states = "jsondecode(aws_sfn_state_machine.nightly.definition).States";
    let said = rehearsal::rehearse(
        folder.path(),
        &plugins,
        &format!("{}\n{network}\nrollback = true", values.join("\n")),
        &[
            &format!("{states}.copy.Arguments.FunctionName == aws_lambda_function.worker.arn"),
            &format!("{states}.compute.Arguments.FunctionName == aws_lambda_function.worker_2gb.arn"),
            // `rollback` chose the definition with the step.
            &format!("contains(keys({states}), \"undo\")"),
            &format!("!strcontains(aws_sfn_state_machine.nightly.definition, {})", r#""$${""#),
        ],
    );
    assert!(said.contains("2 passed, 0 failed"), "{said}");
}

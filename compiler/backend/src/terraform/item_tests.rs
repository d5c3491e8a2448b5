//! Items of a program, from their text to a module that Terraform takes.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{rehearsal, testing};

/// What is built of a program; errors of the program are a failure of the test.
fn built(text: &str) -> Vec<(String, String)> {
    let (mut files, mut diagnostics) = (flow_diagnostics::FileSet::default(), flow_diagnostics::Diagnostics::default());
    let file = files.add("items.flow", text.to_owned());
    let program = flow_analysis::check(file, &mut files, &mut diagnostics);
    let found: Vec<String> =
        diagnostics.sorted().iter().map(|one| format!("{} {}", one.code, one.message)).collect();
    assert_eq!(found, Vec::<String>::new());
    let built = crate::build(&program, &files, &crate::BuildOptions::default());
    assert_eq!(built.faults, []);
    built.files.into_iter().collect()
}

fn file(built: &[(String, String)], name: &str) -> String {
    built.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone()).unwrap_or_default()
}

/// Formats, plans and applies; each assertion is a condition on what is applied. Nothing without Terraform.
fn deployed(built: &[(String, String)], variables: &str, assertions: &[&str]) {
    let Some(plugins) = testing::plugins() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in built {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    testing::terraform(folder.path(), &["fmt", "-check", "-diff"]);
    let said = rehearsal::rehearse(folder.path(), &plugins, variables, assertions);
    assert!(said.contains("2 passed, 0 failed"), "{said}");
}

#[test]
fn outputs_and_schedules() {
    let built = built(include_str!("programs/outputs_and_schedules.flow"));
    insta::assert_snapshot!([file(&built, "outputs.tf"), file(&built, "schedules.tf")].join("\n"));
    assert_eq!(crate::iam::too_wide(&file(&built, "roles.tf")), Vec::<String>::new());
    deployed(&built, "env = \"dev\"\nraw = \"demo-raw-dev\"\nalerts = false", &[
        "output.machine == aws_sfn_state_machine.load.arn",
        r#"output.location == "s3://demo-raw-dev/mart/visits""#,
        "output.all.keep == 2592000",
        // Two flows, one named schedule.
        "aws_scheduler_schedule.load_0.schedule_expression == aws_scheduler_schedule.cleanup_0.schedule_expression",
        r#"aws_scheduler_schedule.load_1.state == "DISABLED""#,
    ]);
}

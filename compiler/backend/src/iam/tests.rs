//! Least privilege, looked at from outside: the printed policies are parsed again and searched for what is too wide.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::document::WITHOUT_RESOURCES;
use crate::terraform::testing;
use hcl_edit::structure::{Block, Body};

fn texts(block: &Block, name: &str) -> Vec<String> {
    let Some(attribute) = block.body.get_attribute(name) else { return Vec::new() };
    let items = attribute.value.as_array().unwrap();
    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string().trim().to_owned(), str::to_owned)).collect()
}

/// What is too wide in a file's policies.
pub(crate) fn too_wide(text: &str) -> Vec<String> {
    let body: Body = text.parse().unwrap();
    let mut findings = Vec::new();
    for document in body.get_blocks("data") {
        let dynamic = document.body.get_blocks("dynamic").flat_map(|block| block.body.get_blocks("content"));
        for statement in document.body.get_blocks("statement").chain(dynamic) {
            let (actions, resources) = (texts(statement, "actions"), texts(statement, "resources"));
            for action in &actions {
                if action.contains('*') {
                    findings.push(format!("a wide action: {action}"));
                }
                let wide = resources.iter().any(|resource| resource == "*" || resource.ends_with(":::*"));
                if wide && !WITHOUT_RESOURCES.contains(&action.as_str()) {
                    findings.push(format!("{action} on every resource"));
                }
            }
            if actions.iter().any(|action| action == "iam:PassRole")
                && statement.body.get_blocks("condition").next().is_none()
            {
                findings.push("iam:PassRole to any service".to_owned());
            }
            if actions.is_empty() {
                findings.push("a statement without actions".to_owned());
            }
        }
    }
    findings
}

#[test]
fn no_policy_is_wider_than_its_use() {
    let files = testing::module(&testing::program());
    let roles = files.iter().find(|file| file.name == "roles.tf").unwrap();
    assert_eq!(too_wide(&roles.text), Vec::<String>::new());
}

#[test]
fn a_policy_that_is_too_wide_is_found() {
    let mut program = testing::program();
    let wide = testing::statement(&["s3:*", "dynamodb:PutItem"], [testing::text("*")], "step copy");
    program.functions.first_mut().unwrap().statements.push(wide);
    let files = testing::module(&program);
    let roles = files.iter().find(|file| file.name == "roles.tf").unwrap();
    assert_eq!(
        too_wide(&roles.text),
        ["a wide action: s3:*", "s3:* on every resource", "dynamodb:PutItem on every resource"]
    );
}

#[test]
fn every_statement_says_what_causes_it() {
    let files = testing::module(&testing::program());
    let roles = files.iter().find(|file| file.name == "roles.tf").unwrap();
    let lines: Vec<&str> = roles.text.lines().collect();
    let mut policies = 0;
    for pair in lines.windows(2) {
        let [before, line] = pair else { panic!("windows of two") };
        if *line == "  statement {" && !before.starts_with("data ") {
            assert!(before.starts_with("  # "), "{before}");
            policies += 1;
        }
    }
    assert!(policies > 10, "{policies}");
}

//! The index: whole, quickly found, and what the provider says today.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::process::Command;
use std::time::Instant;

/// Decodes a shape and everything in it; the number of its attributes and blocks.
fn count(shape: Shape) -> usize {
    let written = shape.line.split(' ').filter(|part| !part.is_empty()).count();
    let attributes: Vec<Attribute> = shape.attributes().collect();
    let blocks: Vec<Nested> = shape.blocks().collect();
    assert_eq!(attributes.len() + blocks.len(), written, "{}", shape.line);
    let of_objects = attributes.iter().map(|attribute| match attribute.ty.element() {
        ValueType::Object(inner) => count(*inner),
        _ => 0,
    });
    written + of_objects.sum::<usize>() + blocks.iter().map(|block| count(block.shape)).sum::<usize>()
}

#[test]
fn every_type_is_found_by_its_name_and_read_to_its_end() {
    assert_eq!(version(), "hashicorp/aws 5.100.0");
    let (mut resources_seen, mut sources_seen, mut parts) = (0, 0, 0);
    for found in resources() {
        assert_eq!(resource(found.name), Some(found.shape), "{}", found.name);
        resources_seen += 1;
        // QuickSight's dashboards hold tens of thousands of blocks.
        parts += if found.name.contains("quicksight") { 0 } else { count(found.shape) };
    }
    for found in data_sources() {
        assert_eq!(data_source(found.name), Some(found.shape), "{}", found.name);
        sources_seen += 1;
        parts += if found.name.contains("quicksight") { 0 } else { count(found.shape) };
    }
    assert_eq!((resources_seen, sources_seen), (1526, 608));
    assert!(parts > 40_000, "{parts}");
    for missing in ["", "aws", "aws_", "aws_sqs_queu", "aws_sqs_queues", "data.aws_nothing", "zzz"] {
        assert_eq!(listed(missing), None, "{missing}");
    }
}

#[test]
fn what_the_provider_says_of_a_queue_a_task_and_a_user_pool() {
    let queue = resource("aws_sqs_queue").unwrap();
    assert_eq!(queue.attribute("tags").unwrap().ty, ValueType::Map(Box::new(ValueType::String)));
    assert_eq!(queue.attribute("url").unwrap().need, Need::Computed);
    assert_eq!(queue.attribute("arnn"), None);
    assert_eq!(queue.block("timeouts").unwrap().mode, Mode::Single);
    let key = resource("aws_iam_access_key").unwrap();
    assert!(key.attribute("secret").unwrap().sensitive);
    let pool = resource("aws_cognito_user_pool").unwrap();
    let recovery = pool.block("account_recovery_setting").unwrap();
    assert_eq!((recovery.min, recovery.max), (0, Some(1)));
    let table = resource("aws_dynamodb_table").unwrap();
    assert_eq!(table.block("attribute").unwrap().mode, Mode::Set);
    let rule = resource("aws_cloudwatch_event_rule").unwrap();
    assert!(rule.attribute("is_enabled").unwrap().deprecated);
    assert!(listed("aws_s3_bucket_object").unwrap().deprecated);
    let certificate = data_source("aws_acm_certificate").unwrap();
    assert!(certificate.attributes().count() > 5);
    let pools = resource("aws_quicksight_dashboard").unwrap();
    assert!(pools.blocks().count() > 3);
    assert_eq!(
        documentation("data.aws_sqs_queue"),
        "https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/data-sources/sqs_queue"
    );
}

#[test]
fn an_attribute_within_a_secret_one_is_secret() {
    for (ty, path, secret) in [
        ("aws_iam_access_key", "secret", true),
        ("aws_iam_access_key", "id", false),
        ("data.aws_ssm_parameter", "value", true),
        ("aws_alb_listener", "default_action.0.authenticate_oidc.0.client_secret", true),
        ("aws_alb_listener", "default_action.0.type", false),
        // Whoever reads the whole reads the secret in it.
        ("aws_alb_listener", "default_action", true),
        ("aws_nothing", "secret", false),
    ] {
        assert_eq!(is_sensitive(ty, path.split('.')), secret, "{ty} {path}");
    }
}

#[test]
fn rules_are_of_types_and_names_that_there_are() {
    let mut last = "";
    for line in include_str!("../../schema/rules.txt").lines() {
        let mut words = line.split(' ');
        let (ty, path) = (words.next().unwrap(), words.next().unwrap());
        assert!(ty >= last, "{ty} after {last}");
        last = ty;
        let mut shape = listed(ty).unwrap().shape;
        let path = if path == "." { "" } else { path };
        for part in path.split('.').filter(|part| !part.is_empty()) {
            shape = shape.block(part).unwrap().shape;
        }
        let found: Vec<Rule> = Rules::of(ty).at(path).collect();
        assert!(!found.is_empty(), "{line}");
        for name in found.iter().flat_map(|rule| &rule.names) {
            assert!(shape.attribute(name).is_some() || shape.block(name).is_some(), "{line}");
        }
    }
    let function: Vec<Rule> = Rules::of("aws_lambda_function").at("").collect();
    assert_eq!(function, [Rule { kind: RuleKind::Exactly, names: vec!["filename", "image_uri", "s3_bucket"] }]);
    assert_eq!(Rules::of("aws_lambda").at("").count() + Rules::of("aws_sqs_queue").at("").count(), 0);
}

#[test]
fn the_index_is_ready_within_ten_milliseconds() {
    let start = Instant::now();
    let found: Vec<Shape> = ["aws_sqs_queue", "aws_s3_bucket", "aws_ecs_task_definition"].iter().filter_map(|ty| resource(ty)).collect();
    let attributes: usize = found.iter().map(|shape| shape.attributes().count()).sum();
    let took = start.elapsed();
    assert!(attributes > 50, "{attributes}");
    assert!(took.as_millis() < 10, "{took:?}");
}

#[test]
fn remade_from_the_provider_it_has_the_same_bytes() {
    let Some(plugins) = std::env::var_os("FLOW_TERRAFORM_PLUGINS") else {
        eprintln!("skipped: FLOW_TERRAFORM_PLUGINS names no folder with the AWS provider");
        return;
    };
    if Command::new("terraform").arg("version").output().is_err() {
        eprintln!("skipped: there is no terraform");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/generate.py");
    let made = match Command::new("python3").arg(script).env("FLOW_TERRAFORM_PLUGINS", plugins).output() {
        Ok(made) => made,
        Err(error) => {
            eprintln!("skipped: there is no python3 ({error})");
            return;
        }
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(made.stdout == INDEX.as_bytes(), "write the output of `generate.py` to `schema/aws.txt`");
}

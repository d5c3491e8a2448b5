//! A deployment without an account: the real provider plans with made-up credentials, and a mocked one applies, so that
//! every expression is evaluated and every argument passes the provider's own checks.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use super::testing;
use std::path::Path;

/// Plans with the real provider. Nothing that it reads for a plan needs an account but the account's own number.
const PLAN: &str = r#"
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

run "plan" {
  command = plan
}
"#;

/// Applies with a mocked provider, whose computed attributes must still look like what they are.
const APPLY: &str = r#"
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_security_group" {
    defaults = {
      ingress = [{
        from_port        = 443
        to_port          = 443
        protocol         = "tcp"
        description      = ""
        self             = false
        cidr_blocks      = []
        ipv6_cidr_blocks = []
        prefix_list_ids  = []
        security_groups  = []
      }]
    }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:mocked" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:mocked" }
  }
  mock_resource "aws_kinesis_stream" {
    defaults = { arn = "arn:aws:kinesis:us-east-1:123456789012:stream/mocked" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = {
      arn        = "arn:aws:dynamodb:us-east-1:123456789012:table/mocked"
      stream_arn = "arn:aws:dynamodb:us-east-1:123456789012:table/mocked/stream/2026-01-05T02:00:00.000"
    }
  }
  mock_resource "aws_cloudwatch_event_bus" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:event-bus/mocked" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/mocked" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:mocked" }
  }
  mock_resource "aws_lambda_layer_version" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:layer:mocked:1" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:us-east-1:123456789012:stateMachine:mocked" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:mocked" }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:cluster/mocked" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/mocked:1" }
  }
}

run "apply" {
  command = apply
ASSERTIONS
}
"#;

/// Plans and applies the module in a folder. `variables` is HCL of `name = value` lines; each assertion is a condition.
pub(crate) fn rehearse(folder: &Path, plugins: &Path, variables: &str, assertions: &[&str]) -> String {
    rehearsed(folder, plugins, variables, assertions, true)
}

/// The same without the plan: of a state machine whose definition is known before anything is deployed, the real provider
/// asks AWS.
pub(crate) fn rehearse_applied(folder: &Path, plugins: &Path, variables: &str, assertions: &[&str]) -> String {
    rehearsed(folder, plugins, variables, assertions, false)
}

fn rehearsed(folder: &Path, plugins: &Path, variables: &str, assertions: &[&str], planned: bool) -> String {
    let tests = folder.join("tests");
    std::fs::create_dir_all(&tests).unwrap();
    let asserted: String = assertions
        .iter()
        .map(|condition| {
            format!("  assert {{\n    condition     = {condition}\n    error_message = \"not so\"\n  }}\n")
        })
        .collect();
    // A second provider, where the module has one, is planned and mocked like the first.
    let second = std::fs::read_to_string(folder.join("provider.tf")).is_ok_and(|text| text.contains("alias"));
    let (mut plan, mut apply) = (PLAN.to_owned(), APPLY.to_owned());
    if second {
        let provider = |text: &str, head: &str| {
            let found: String = text.lines().skip_while(|line| *line != head).take_while(|line| *line != "}").collect::<Vec<_>>().join("\n");
            found.replacen(head, &format!("{head}\n  alias = \"untagged\""), 1) + "\n}\n"
        };
        plan.push_str(&provider(PLAN, "provider \"aws\" {"));
        apply.push_str(&provider(APPLY, "mock_provider \"aws\" {"));
    }
    let given = format!("variables {{\n{variables}\n}}\n");
    if planned {
        std::fs::write(tests.join("plan.tftest.hcl"), format!("{given}{plan}")).unwrap();
    }
    std::fs::write(tests.join("apply.tftest.hcl"), format!("{given}{}", apply.replace("ASSERTIONS", &asserted)))
        .unwrap();
    let plugin_dir = format!("-plugin-dir={}", plugins.display());
    testing::terraform(folder, &["init", "-backend=false", "-input=false", &plugin_dir]);
    testing::terraform(folder, &["validate"]);
    testing::terraform(folder, &["test", "-no-color"])
}

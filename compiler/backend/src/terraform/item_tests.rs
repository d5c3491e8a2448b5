//! Items of a program, from their text to a module that Terraform takes.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{rehearsal, testing};
use std::path::Path;

/// What is built of a program; errors of the program are a failure of the test.
pub(super) fn built(text: &str) -> Vec<(String, String)> {
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

pub(super) fn file(built: &[(String, String)], name: &str) -> String {
    built.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone()).unwrap_or_default()
}

fn write(folder: &Path, built: &[(String, String)]) {
    for (name, text) in built {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Formats, plans and applies; each assertion is a condition on what is applied. Nothing without Terraform.
pub(super) fn deployed(built: &[(String, String)], variables: &str, assertions: &[&str]) {
    let Some(plugins) = testing::plugins() else { return };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), built);
    testing::terraform(folder.path(), &["fmt", "-check", "-diff"]);
    let said = rehearsal::rehearse(folder.path(), &plugins, variables, assertions);
    assert!(said.contains("2 passed, 0 failed"), "{said}");
}

/// The same, applied alone.
pub(super) fn applied(built: &[(String, String)], variables: &str, assertions: &[&str]) {
    let Some(plugins) = testing::plugins() else { return };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), built);
    testing::terraform(folder.path(), &["fmt", "-check", "-diff"]);
    let said = rehearsal::rehearse_applied(folder.path(), &plugins, variables, assertions);
    assert!(said.contains("1 passed, 0 failed"), "{said}");
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

#[test]
fn functions_of_the_program_s_own() {
    let built = built(include_str!("programs/lambda.flow"));
    let states: serde_json::Value = serde_json::from_str(&file(&built, "run.asl.json")).unwrap();
    insta::assert_snapshot!([file(&built, "other_functions.tf"), file(&built, "roles.tf")].join("\n"));
    // What has no payload is given none.
    assert_eq!(states["States"]["demand"]["Arguments"]["InvocationType"], "RequestResponse");
    assert_eq!(states["States"]["demand"]["Arguments"].as_object().unwrap().len(), 2);
    let network = r#"network = { subnets = ["subnet-1"], security_groups = ["sg-1"] }"#;
    let variables = format!(
        "env = \"dev\"\npackages = \"demo-packages\"\n{network}\ndemand = \"arn:aws:lambda:us-east-1:123456789012:function:d\"\n\
         password = \"arn:aws:secretsmanager:us-east-1:123456789012:secret:p\"\nskip_layer_lookup = true",
    );
    deployed(&built, &variables, &[
        r#"aws_lambda_function.refresh_function.environment[0].variables["LOCAL_MODE"] == "false""#,
        "length(aws_lambda_function.refresh_function.layers) == 0",
        r#"aws_lambda_function.refresh_function.s3_key == "lambda_functions/refresh.zip""#,
        r#"aws_lambda_function.small_function.filename == "./functions/small.zip""#,
        "aws_cloudwatch_log_group.refresh_logs.retention_in_days == 7",
        r#"aws_lambda_function.refresh_function.vpc_config[0].subnet_ids == toset(["subnet-1"])"#,
        "length(aws_lambda_function.small_function.vpc_config) == 0",
    ]);
}

#[test]
fn flows_with_names_and_roles_of_their_own() {
    let built = built(include_str!("programs/own.flow"));
    insta::assert_snapshot!(["state_machines.tf", "alarms.tf", "roles.tf", "outputs.tf"].map(|name| file(&built, name)).join("\n"));
    assert_eq!(crate::iam::too_wide(&file(&built, "roles.tf")), Vec::<String>::new());
    let states: serde_json::Value = serde_json::from_str(&file(&built, "load.asl.json")).unwrap();
    assert!(states["Comment"].as_str().unwrap().starts_with("${"), "{}", states["Comment"]);
    let arn = "arn:aws:iam::123456789012:role/machine";
    let user = "arn:aws:secretsmanager:us-east-1:123456789012:secret:claims";
    let variables = format!("env = \"dev\"\nraw = \"demo-raw-dev\"\nmachine_role = \"{arn}\"\nuser = \"{user}\"");
    deployed(&built, &variables, &[
        r#"aws_sfn_state_machine.load.name == "load-by-hand""#,
        &format!("aws_sfn_state_machine.load.role_arn == \"{arn}\""),
        "length(aws_sfn_state_machine.load.logging_configuration) == 0",
        r#"jsondecode(aws_sfn_state_machine.load.definition).Comment == "Loads what claims has""#,
        r#"aws_sfn_state_machine.load.tags.Owner == "claims""#,
        r#"aws_sfn_state_machine.watched.logging_configuration[0].level == "ERROR""#,
        r#"aws_cloudwatch_metric_alarm.watched_failed.alarm_name == "load-by-hand-watched-failed""#,
    ]);
}

#[test]
fn catalogs() {
    let built = built(include_str!("programs/catalogs.flow"));
    let catalog = built.iter().find(|(_, text)| text.contains("aws_glue_catalog_table")).unwrap();
    insta::assert_snapshot!(catalog.1);
    // The schema is the same in the catalog, in the plan and in its file, less the fields that are folders.
    let avsc: serde_json::Value = serde_json::from_str(&file(&built, "schemas/Sale.avsc")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&file(&built, "plan.json")).unwrap();
    assert_eq!(plan["schemas"]["Sale"]["avro"], avsc);
    assert_eq!(plan["schemas"]["Line"]["avro"], serde_json::Value::Null);
    let mut held = avsc;
    held["fields"].as_array_mut().unwrap().retain(|field| field["name"] != "region");
    let held = serde_json::Value::from(serde_json::Value::from(held.to_string()).to_string());
    let of = |name: &str| format!("aws_glue_catalog_table.{name}");
    let serde = |name: &str| format!("{}.storage_descriptor[0].ser_de_info[0]", of(name));
    deployed(&built, "env = \"dev\"\nraw = \"demo-raw-dev\"", &[
        &format!(r#"{}.parameters["avro.schema.literal"] == jsondecode({held})"#, serde("sales_avro_table")),
        &format!(r#"endswith({}.serialization_library, ".AvroSerDe")"#, serde("sales_avro_table")),
        &format!(r#"{}.parameters["projection.region.values"] == "eu,us""#, of("sales_avro_table")),
        &format!(r#"{}.parameters["projection.hour.range"] == "0,23""#, of("sales_avro_table")),
        &format!(r#"!contains(keys({}.parameters), "projection.enabled")"#, of("sales_parquet_table")),
        &format!(r#"{}.parameters["separatorChar"] == ";""#, serde("lines_csv_table")),
    ]);
}

#[test]
fn items_with_a_condition() {
    let built = built(include_str!("programs/items_with_when.flow"));
    let shown = ["messaging.tf", "functions.tf", "roles.tf", "schedules.tf", "state_machines.tf", "outputs.tf"];
    insta::assert_snapshot!(shown.map(|name| file(&built, name)).join("\n"));
    assert_eq!(crate::iam::too_wide(&file(&built, "roles.tf")), Vec::<String>::new());
    assert!(!built.iter().any(|(name, text)| name.ends_with(".tf") && text.contains("nowhere\" {")));
    let with = |env: &str, alerts: bool, reports: bool| {
        format!("env = \"{env}\"\nraw = \"demo-raw-{env}\"\nalerts = {alerts}\nreports = {reports}")
    };
    deployed(&built, &with("dev", false, false), &[
        "length(aws_sns_topic.topic) == 0",
        "length(aws_sfn_state_machine.report) == 0",
        "length(aws_iam_role.report_flow) == 0",
        "length(aws_scheduler_schedule.watch) == 0",
        "length(aws_scheduler_schedule_group.schedules) == 0",
        "aws_lambda_function.worker.environment[0].variables.FLOW_SLOT_MART_BUCKET == \"\"",
        "output.topic_arn == null",
        "output.told_at == \"nowhere\"",
        "!contains(keys(jsondecode(aws_sfn_state_machine.watch.definition).States), \"tell\")",
    ]);
    deployed(&built, &with("prod", true, true), &[
        "length(aws_sns_topic.topic) == 1",
        "length(aws_sfn_state_machine.follow) == 1",
        "length(aws_scheduler_schedule.watch) == 1",
        "output.topic_arn == aws_sns_topic.topic[0].arn",
        "output.report_machine == aws_sfn_state_machine.report[0].arn",
        "jsondecode(aws_sfn_state_machine.watch.definition).States.tell.Arguments.TopicArn == aws_sns_topic.topic[0].arn",
    ]);
    deployed(&built, &with("prod", true, false), &["length(aws_sfn_state_machine.follow) == 0"]);
}

#[test]
fn resources_of_the_provider() {
    let built = built(include_str!("programs/provider.flow"));
    let shown = ["messaging.tf", "logs.tf", "security.tf", "storage.tf", "modules.tf", "outputs.tf"];
    insta::assert_snapshot!(shown.map(|name| file(&built, name)).join("\n"));
    // A module of others, beside what is built.
    let mut with = built.clone();
    with.push(("net/main.tf".to_owned(), NET.to_owned()));
    deployed(&with, "env = \"dev\"\nlimits = { slow = 20 }\nrules = [{ port = 443, from = \"10.0.0.0/8\" }]", &[
        "length(aws_sqs_queue.inbox) == 2",
        "aws_sqs_queue.inbox[\"web\"].visibility_timeout_seconds == 360",
        "output.inboxes[\"data\"] == aws_sqs_queue.inbox[\"data\"].arn",
        "aws_sqs_queue.delayed[\"slow\"].delay_seconds == 20",
        "output.delayed_by[\"slow\"] == 20",
        "output.orders == aws_sns_topic.topics[\"orders\"].arn",
        "length(aws_security_group.group.ingress) == 1",
        "output.first_rule == 443",
        "aws_cloudwatch_log_group.logs.retention_in_days == 14",
        "output.expires == \"expires\"",
        "aws_security_group.inner.name == \"inner-net of 2\"",
        "aws_security_group.inner.vpc_id == \"vpc-1\"",
    ]);
    deployed(&with, "env = \"dev\"\nlimits = { slow = 20 }\nalerts = false", &[
        "length(aws_sqs_queue.delayed) == 0",
        "output.delayed_by == null",
    ]);
}

/// What `module("./net")` calls.
const NET: &str = r#"
variable "cidr" {
  type = string
}
variable "names" {
  type = list(string)
}
output "name" {
  value = "net of ${length(var.names)}"
}
output "ids" {
  value = ["vpc-1", var.cidr]
}
"#;

#[test]
fn streams() {
    let built = built(include_str!("programs/streams.flow"));
    let shown = ["streams.tf", "alarms.tf", "messaging.tf", "storage.tf", "roles.tf", "functions.tf"];
    insta::assert_snapshot!(shown.map(|name| file(&built, name)).join("\n"));
    insta::assert_snapshot!("streams_plan", file(&built, "plan.json"));
    assert_eq!(crate::iam::too_wide(&file(&built, "roles.tf")), Vec::<String>::new());
    let function = |name: &str, variable: &str| format!("aws_lambda_function.{name}.environment[0].variables.{variable}");
    deployed(&built, "env = \"dev\"\nlake = \"demo-lake-dev\"\nreplay = false", &[
        "length(aws_lambda_function.follow) == 0",
        "length(aws_lambda_event_source_mapping.follow_mapping) == 0",
        "aws_lambda_event_source_mapping.collect_mapping.event_source_arn == aws_sqs_queue.work_queue.arn",
        "aws_lambda_event_source_mapping.collect_mapping.batch_size == 100",
        // One setting of the bucket for both streams.
        "length(aws_s3_bucket_notification.lake_notifications.lambda_function) == 2",
        "aws_s3_bucket_notification.lake_notifications.lambda_function[0].filter_prefix == \"landed/\"",
        "jsondecode(aws_cloudwatch_event_rule.hear_rule.event_pattern).detail.total[0].numeric[1] == 100",
        "aws_sns_topic_subscription.echo_subscription.endpoint == aws_lambda_function.echo.arn",
        &format!("{} == \"ingest\"", function("ingest", "FLOW_STREAM")),
        &format!("{} == aws_sqs_queue.work_queue.url", function("ingest", "FLOW_SLOT_WORK_URL")),
        &format!("{} == aws_sfn_state_machine.handle.arn", function("again", "FLOW_SLOT_HANDLE_MACHINE")),
        // A function has what it needs alone: another's state machine may be made after it.
        "!contains(keys(aws_lambda_function.collect.environment[0].variables), \"FLOW_SLOT_HANDLE_MACHINE\")",
    ]);
    deployed(&built, "env = \"prod\"\nlake = \"demo-lake\"\nreplay = true", &[
        "length(aws_lambda_function.follow) == 1",
        "aws_lambda_event_source_mapping.follow_mapping[0].function_name == aws_lambda_function.follow[0].arn",
        "length(one(aws_lambda_event_source_mapping.follow_mapping[0].filter_criteria).filter) == 1",
    ]);
}

/// A flow that is nowhere takes its function with it; those of streams have other numbers then, and are the same.
#[test]
fn a_flow_that_is_nowhere_beside_streams() {
    let text = include_str!("programs/streams.flow");
    let idle = "\nflow idle() {\n  step idle = validate(landed) { using = lambda(memory = 3GB) }\n} when false\n";
    let (with, without) = (built(&format!("{text}{idle}")), built(text));
    let names = |built: &[(String, String)]| built.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&with), names(&without));
    for name in ["functions.tf", "streams.tf", "roles.tf"] {
        assert_eq!(file(&with, name), file(&without, name), "{name}");
    }
}

#[test]
fn a_topic_with_a_key() {
    let text = "use std.aws.{sns, sqs}\nproject demo { region = \"us-east-1\" }\nparam key: Arn\nschema Row { id: String }\n\
                resource told = sns.topic { key = key, display = \"Told\" }\nresource quiet = sns.topic {}\n\
                sink heard: Topic<Row> = sns.topic { key = key }\nsource work: Queue<Row> = sqs.queue {}\n\
                stream pass from work { each message send to heard }\n\
                flow tell() { step tell = sns.publish(told.arn, \"done\", key = key), step hush = sns.publish(quiet.arn, \"done\") }\n";
    let built = built(text);
    deployed(&built, "env = \"dev\"\nkey = \"arn:aws:kms:us-east-1:123456789012:key/k\"", &[
        "aws_sns_topic.told_topic.kms_master_key_id == var.key && aws_sns_topic.told_topic.display_name == \"Told\"",
        "aws_sns_topic.quiet_topic.kms_master_key_id == null",
    ]);
    // Who publishes may use the key: the machine once, for the topic that has one, and the stream's function.
    let roles = file(&built, "roles.tf");
    assert_eq!(roles.matches("kms:GenerateDataKey").count(), 2, "{roles}");
    assert_eq!(roles.matches("resources = [var.key]").count(), 2, "{roles}");
}

#[test]
fn what_exists_nowhere_is_in_no_file() {
    let text = include_str!("programs/items_with_when.flow");
    let text = text.replace("param reports: Bool = false\n", "").replace("when reports", "when false");
    let built = built(&text.replace("when alerts and reports", "when false").replace("when false and alerts", "when false"));
    let files: Vec<&(String, String)> = built.iter().filter(|(name, _)| name.ends_with(".tf")).collect();
    for name in ["aws_s3_bucket", "aws_glue", "\"report\"", "\"follow\""] {
        assert!(!files.iter().any(|(_, text)| text.contains(name)), "{name}");
    }
    deployed(&built, "env = \"prod\"\nraw = \"demo-raw\"\nalerts = true", &["length(aws_sns_topic.topic) == 1"]);
}

#[test]
fn what_exists_already() {
    let built = built(include_str!("programs/existing.flow"));
    let shown = ["kms.tf", "secrets.tf", "storage.tf", "messaging.tf", "roles.tf", "outputs.tf"];
    insta::assert_snapshot!(shown.map(|name| file(&built, name)).join("\n"));
    assert_eq!(crate::iam::too_wide(&file(&built, "roles.tf")), Vec::<String>::new());
    if testing::plugins().is_none() {
        return;
    }
    // A data source asks AWS, so that there is no plan without an account: only what needs none is planned.
    let mut offline = built.clone();
    for (_, text) in &mut offline {
        *text = text.replace("data.aws_kms_alias.key.target_key_arn", "\"key\"");
    }
    offline.retain(|(_, text)| !text.contains("data \"aws_kms_alias\""));
    deployed(&offline, "env = \"dev\"\nlanding = \"others-landing-dev\"", &[
        r#"output.failed == "https://sqs.us-east-1.amazonaws.com/123456789012/failed-dev""#,
        r#"aws_scheduler_schedule.load.target[0].dead_letter_config[0].arn == "arn:aws:sqs:us-east-1:123456789012:failed-dev""#,
        "aws_lambda_function.worker.environment[0].variables.FLOW_SLOT_LANDING == \"others-landing-dev\"",
    ]);
}

#[test]
fn a_module_of_terraform() {
    let built = built(include_str!("programs/module.flow"));
    let names: Vec<&str> = built.iter().map(|(name, _)| name.as_str()).collect();
    assert!(!names.iter().any(|name| *name == "provider.tf" || name.ends_with(".tfvars")), "{names:?}");
    insta::assert_snapshot!(["versions.tf", "variables.tf", "outputs.tf", "functions.tf"].map(|name| file(&built, name)).join("\n"));
    let variables = "env = \"dev\"\nraw = \"others-raw\"";
    deployed(&built, variables, &["output.machine == aws_sfn_state_machine.watch.arn"]);
    let Some(plugins) = testing::plugins() else { return };
    // Used twice by a project with a provider of its own.
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("watch"), &built);
    let used = |name: &str| format!("module \"{name}\" {{\n  source = \"./watch\"\n  env    = \"{name}\"\n  raw    = \"raw-{name}\"\n}}\n");
    let root = format!(
        "provider \"aws\" {{\n  region = \"eu-central-1\"\n}}\n{}{}output \"machines\" {{\n  value = [module.one.machine, module.two.machine]\n}}\n",
        used("one"),
        used("two")
    );
    std::fs::write(folder.path().join("main.tf"), root).unwrap();
    let plugin_dir = format!("-plugin-dir={}", plugins.display());
    testing::terraform(folder.path(), &["init", "-backend=false", "-input=false", &plugin_dir]);
    testing::terraform(folder.path(), &["validate"]);
}

#[test]
fn a_backend_and_versions_of_the_project() {
    let built = built(
        r#"use std.terraform
project dpc {
  region   = "us-east-1"
  backend  = terraform.s3 { bucket = "states", use_lockfile = true }
  versions = { terraform: ">= 1.10", aws: ">= 5.80" }
}
flow tidy() {
  timeout = 5m
  wait 1m
}
"#,
    );
    let versions = file(&built, "versions.tf");
    for line in [
        "required_version = \">= 1.10\"",
        // What the files need as well, since the project's own lets more through.
        "version = \"~> 5.60, >= 5.80\"",
        "backend \"s3\" {",
        "bucket       = \"states\"",
        "key          = \"dpc/terraform.tfstate\"",
        "use_lockfile = true",
    ] {
        assert!(versions.contains(line), "{line} is not in\n{versions}");
    }
    assert!(!versions.contains("dynamodb_table"), "{versions}");
}

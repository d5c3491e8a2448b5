//! The serverless ELT example with all its switches off, and with all of them on beside a queue of others.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::item_tests::{applied, built, deployed, file};

const PROGRAM: &str = include_str!("../../../../examples/serverless-elt/serverless-elt.flow");
const JOBS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/serverless-elt/jobs");

#[test]
fn all_switches_off() {
    let built = built(PROGRAM);
    assert_eq!(crate::iam::too_wide(&file(&built, "roles.tf")), Vec::<String>::new());
    let redrive = "jsondecode(aws_sqs_queue.work_queue[0].redrive_policy)";
    let none = |address: &str| format!("length({address}) == 0");
    deployed(&built, "env = \"prod\"", &[
        "aws_sqs_queue.work_queue[0].visibility_timeout_seconds == 360",
        "aws_sqs_queue.work_queue[0].message_retention_seconds == 345600",
        "aws_sqs_queue.work_dead[0].message_retention_seconds == 345600",
        &format!("{redrive}.maxReceiveCount == 5"),
        "aws_lambda_event_source_mapping.store_mapping.batch_size == 10",
        r#"contains(aws_lambda_event_source_mapping.store_mapping.function_response_types, "ReportBatchItemFailures")"#,
        r#"aws_s3_bucket.bronze_bucket.bucket == "freight-123456789012-bronze""#,
        r#"aws_s3_bucket_versioning.silver_versions.versioning_configuration[0].status == "Enabled""#,
        "aws_s3_bucket_public_access_block.silver_access.restrict_public_buckets",
        "!aws_s3_bucket.silver_bucket.force_destroy",
        r#"aws_dynamodb_table.idempotency_table.billing_mode == "PAY_PER_REQUEST""#,
        r#"one(aws_dynamodb_table.idempotency_table.ttl).attribute_name == "expires_at""#,
        "aws_lambda_function.ingest.timeout == 30 && aws_lambda_function.ingest.memory_size == 256",
        "aws_lambda_function.store.timeout == 60 && aws_lambda_function.store.memory_size == 512",
        &none("aws_lambda_function.tell_shipments"),
        &none("aws_s3_bucket_notification.silver_bucket_notifications"),
        &none("aws_sfn_state_machine.replay_and_check"),
        &none("aws_scheduler_schedule.replay_and_check"),
        &none("aws_sfn_state_machine.gated"),
        &none("aws_glue_job.expectations_job"),
        &none("aws_glue_crawler.tables_crawler"),
        &none("aws_glue_catalog_database.lake"),
        &none("aws_cloudwatch_dashboard.overview_dashboard"),
        &none("aws_cloudwatch_metric_alarm.queue_age_alarm"),
        &none("aws_cloudwatch_event_rule.gated_rule"),
        &none("aws_iam_role.job_role"),
        "output.database == null && output.gate_machine == null && output.dashboard == null",
    ]);
}

#[test]
fn all_switches_on_beside_a_queue_of_others() {
    let built = built(PROGRAM);
    let switches = ["observability", "ops", "ops_scheduled", "catalog", "compaction", "gate", "quarantine", "notify", "emit", "listen"];
    let switches: String = switches.iter().map(|name| format!("{name} = true\n")).collect();
    let variables = format!(
        "env = \"dev\"\nbucket_suffix = \"x\"\njobs = \"{JOBS}\"\nops_every = \"6 hours\"\nrecrawl = \"CRAWL_NEW_FOLDERS_ONLY\"\n\
         alarm_topic = \"arn:aws:sns:us-east-1:123456789012:told\"\n\
         existing_queue = {{ url = \"https://sqs/123456789012/theirs\", arn = \"arn:aws:sqs:us-east-1:123456789012:theirs\" }}\n{switches}"
    );
    let crawler = "aws_glue_crawler.tables_crawler[0]";
    applied(&built, &variables, &[
        "length(aws_sqs_queue.work_queue) == 0 && length(aws_sqs_queue.work_dead) == 0",
        r#"aws_lambda_event_source_mapping.store_mapping.event_source_arn == "arn:aws:sqs:us-east-1:123456789012:theirs""#,
        r#"output.queue_url == "https://sqs/123456789012/theirs""#,
        r#"aws_cloudwatch_metric_alarm.queue_age_alarm[0].dimensions.QueueName == "theirs""#,
        r#"contains(aws_cloudwatch_metric_alarm.queue_age_alarm[0].alarm_actions, "arn:aws:sns:us-east-1:123456789012:told")"#,
        r#"contains(aws_cloudwatch_metric_alarm.queue_age_alarm[0].ok_actions, "arn:aws:sns:us-east-1:123456789012:told")"#,
        "aws_cloudwatch_metric_alarm.queue_age_alarm[0].threshold == 300",
        "jsondecode(aws_cloudwatch_dashboard.overview_dashboard[0].dashboard_body).widgets[0].width == 12",
        r#"jsondecode(aws_cloudwatch_dashboard.overview_dashboard[0].dashboard_body).widgets[1].properties.metrics[0][3] == "theirs""#,
        &format!(r#"{crawler}.schema_change_policy[0].delete_behavior == "LOG" && {crawler}.table_prefix == "silver_""#),
        &format!(r#"{crawler}.schema_change_policy[0].update_behavior == "LOG""#),
        r#"aws_scheduler_schedule.replay_and_check[0].schedule_expression == "rate(6 hours)""#,
        r#"aws_glue_job.expectations_job[0].default_arguments["--additional-python-modules"] == "great-expectations==0.18.21""#,
        r#"aws_glue_job.compact_job[0].glue_version == "4.0" && aws_glue_job.compact_job[0].number_of_workers == 2"#,
        "length(aws_s3_object.gate_script[0].etag) == 32",
        // Only where nobody else is told.
        "length(aws_sns_topic.failures_topic) == 0",
        r#"jsondecode(aws_cloudwatch_event_rule.gated_rule[0].event_pattern)["detail-type"][0] == "partition written""#,
        r#"strcontains(aws_cloudwatch_event_target.gated_target[0].input_transformer[0].input_template, "\"detail\": <detail>")"#,
    ]);
    // The kinds that the project leaves without tags are made by the provider that has none.
    let roles = file(&built, "roles.tf");
    assert_eq!(roles.matches("resource \"aws_iam_role\" ").count(), roles.matches("provider           = aws.untagged").count(), "{roles}");
    assert!(!file(&built, "storage.tf").contains("aws.untagged"));
}

#[test]
fn four_gates_by_two_switches() {
    let built = built(PROGRAM);
    let mut names: Vec<&str> = built.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with("gated") && name.ends_with(".asl.json")).collect();
    names.sort_unstable();
    assert_eq!(names, ["gated.asl.json", "gated.notify.asl.json", "gated.quarantine.asl.json", "gated.quarantine.notify.asl.json"]);
    for (name, first) in names.iter().zip(["fail GateFailed", "notify", "mark", "mark"]) {
        let definition: serde_json::Value = serde_json::from_str(&file(&built, name)).unwrap();
        assert_eq!(definition["States"]["glue"]["Catch"][0]["Next"], first, "{name}");
        assert_eq!(definition["States"]["fail GateFailed"]["Cause"], "GE validation failed", "{name}");
    }
}

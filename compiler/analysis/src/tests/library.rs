//! The standard library is checked completely, called or not; a user's own integration needs no Rust.

use super::clean;
use crate::check::Checker;
use crate::program::{ExprKind, Statement, Value};
use crate::resolve::Def;
use flow_diagnostics::render::{human, ColorChoice};
use flow_diagnostics::{Diagnostics, FileSet};
use flow_syntax::ast::ItemKind;

#[test]
fn every_declaration_of_the_library_checks() {
    let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let mut modules = Vec::new();
    for path in crate::library::modules() {
        let text = crate::library::text(&path).unwrap();
        let file = files.add(crate::library::file_name(&path), text.to_owned());
        modules.push(flow_syntax::parse(file, text, &mut diagnostics));
    }
    let names = crate::resolve::resolve(&modules, &files, &mut diagnostics);
    let mut checker = Checker::new(&files, &names, &mut diagnostics);
    let mut count = 0;
    for (module, tree) in modules.iter().enumerate() {
        for (index, item) in tree.items.iter().enumerate() {
            let def = Def { module, index, item };
            match &item.kind {
                ItemKind::Type(_) => {
                    let ty = checker.declared_type(def);
                    checker.type_checks(def, &ty);
                }
                ItemKind::Retry(retry) => {
                    let policy = checker.retry_policy(def, retry.name.span);
                    assert!(!checker.retry_rules(&policy).is_empty(), "{}", retry.name.text);
                }
                _ => checker.declaration(def),
            }
            count += 1;
        }
    }
    assert!(count > 50, "only {count} items");
    assert!(diagnostics.is_empty(), "{}", human(&files, &diagnostics, ColorChoice::Never));
}

#[test]
fn every_module_of_the_library_is_documented() {
    for path in crate::library::modules() {
        let text = crate::library::text(&path).unwrap();
        assert!(text.starts_with("//! "), "{path} says nothing of itself");
    }
}

#[test]
fn an_integration_of_a_users_own_needs_no_rust() {
    let program = clean(
        r#"
use std.retry.thrice

project bookings { region = "eu-central-1" }

param ledger: String

/// Puts one item into a DynamoDB table.
task put_item(table: String, id: String, seen: Date?) -> { ConsumedCapacity: Json? } {
  resource  = "arn:aws:states:::dynamodb:putItem"
  arguments = {
    TableName = table
    Item      = { id: { S: id }, note: none }
  }
  raises     = [DynamoDB.AmazonDynamoDBException]
  iam        = [{ actions: ["dynamodb:PutItem"], resources: ["arn:{aws.partition}:dynamodb:{aws.region}:{aws.account}:table/{table}"] }]
  idempotent = true
  timeout    = 1m
}

flow note(id: String) {
  retry = thrice
  step put = put_item(ledger, id, seen = none)
}
"#,
    );
    let Some(Statement::Step(step)) = program.flows[0].body.first() else { panic!("no step") };
    assert_eq!(step.call.resource, "arn:aws:states:::dynamodb:putItem");
    assert_eq!(step.call.function, None);
    assert_eq!(step.retry[0].attempts, 3);
    assert_eq!(step.call.raises, ["DynamoDB.AmazonDynamoDBException"]);
    assert_eq!(step.call.statements[0].actions, ["dynamodb:PutItem"]);
    let ExprKind::Record(arguments) = &step.call.arguments.kind else { panic!("no record") };
    assert_eq!(arguments[0].1.kind, ExprKind::Param("ledger".to_owned()));
    let ExprKind::Record(item) = &arguments[1].1.kind else { panic!("no record") };
    assert_eq!(item.len(), 1, "what is `none` is left out");
    assert_eq!(program.functions, [], "no step needs the generic binary");
    assert!(matches!(step.timeout.kind, ExprKind::Value(Value::Duration(60_000_000))));
}

#[test]
fn constructs_functions_and_policies_of_a_users_own() {
    let program = clean(
        r#"
project p { region = "eu-central-1" }

/// A queue whose messages are kept for two weeks.
construct queue(name: String, kept: Duration = 14d) -> { url: String, arn: Arn } {
  resource queue = aws.sqs_queue {
    name                      = "{project.name}-{env.name}-{name}"
    message_retention_seconds = seconds(kept)
  }
  url = queue.url
  arn = queue.arn
}

fn seconds(length: Duration) -> Int lower { deploy = r"{length}" }
fn greeting(name: String) -> String = "Hello {upper(name)}"

retry once = [{ errors: ["States.Timeout"], interval: 1s, attempts: 1, backoff: 1.0, jitter: false }]

resource inbox = queue { name = "inbox" }

task send(text: String) {
  resource   = "arn:aws:states:::sqs:sendMessage"
  arguments  = { QueueUrl = inbox.url, MessageBody = text }
  iam        = [{ actions: ["sqs:SendMessage"], resources: [inbox.arn] }]
  idempotent = false
  timeout    = 30s
}

flow hello(name: String) {
  step hello = send(greeting("world")) retry once
  step named = send(text = greeting(name))
}
"#,
    );
    let names: Vec<&str> = program.resources.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, ["queue_inbox"]);
    let Some(Statement::Step(step)) = program.flows[0].body.first() else { panic!("no step") };
    assert_eq!(step.retry[0].attempts, 1);
    assert_eq!(step.call.arguments.entry("MessageBody").unwrap().text(), Some("Hello WORLD"));
    assert!(matches!(step.call.arguments.entry("QueueUrl").unwrap().kind, ExprKind::Attribute { .. }));
}

#[test]
fn views_are_refreshed_after_what_they_read() {
    let program = clean(
        r#"
use std.postgres
project p { region = "eu-central-1" }
secret database: postgres.Credentials
flow refresh() {
  step views = postgres.refresh("db:5432", "d", database, [
    { name: "analytics.summary", reads: ["curated.b", "curated.a"] },
    { name: "curated.b", reads: ["curated.a"] },
    { name: "other" },
    { name: "curated.a" },
  ])
}
"#,
    );
    let Some(Statement::Step(step)) = program.flows[0].body.first() else { panic!("no step") };
    let views = step.call.arguments.entry("Payload").and_then(|payload| payload.entry("arguments")?.entry("views")).unwrap();
    let names: Vec<&str> = views.elements().iter().filter_map(|view| view.entry("name")?.text()).collect();
    assert_eq!(names, ["other", "curated.a", "curated.b", "analytics.summary"]);
    // Who reads the secret is the function, and nobody else.
    assert_eq!(program.functions[0].statements[0].actions, ["secretsmanager:GetSecretValue"]);
    assert_eq!(step.call.statements[0].actions, ["lambda:InvokeFunction"]);
}

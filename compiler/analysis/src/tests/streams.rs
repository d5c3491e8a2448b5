//! Streams: what a filter becomes, what is sent, and what a stream may do.

use super::clean;
use crate::program::{ExprKind, Program, Stream, StreamAction, StreamTarget, Target};
use flow_diagnostics::{Diagnostics, FileSet};

const SCHEMAS: &str = r#"
use std.aws.{sqs, kinesis, dynamodb, sns, eventbridge}
project demo { region = "eu-central-1" }
schema Order { id: String @key, kind: "new" | "old", total: Float, open: Bool, note: String?, address: { city: String } }
sink out: Queue<Id> = sqs.queue { }
resource failed = sqs.queue { }
schema Id { id: String @key }
"#;

fn stream(program: &Program) -> &Stream {
    program.streams.first().unwrap()
}

fn patterns(source: &str, filter: &str, send: &str) -> Vec<String> {
    let program = clean(&format!(
        "{SCHEMAS}\n{source}\nstream pass from work {{\n  filter = {filter}\n  on_error = dead_letter(failed)\n  each record as r send {{ id: r.{send} }} to out\n}}\n"
    ));
    stream(&program).patterns.iter().map(ToString::to_string).collect()
}

#[test]
fn filters_are_event_patterns() {
    let queue = |filter: &str| patterns("source work: Queue<Order> = sqs.queue { }", filter, "id");
    for (filter, expected) in [
        (r#"kind == "new""#, vec![r#"{"body":{"kind":["new"]}}"#]),
        (r#""new" == kind"#, vec![r#"{"body":{"kind":["new"]}}"#]),
        (r#"id in ["a", "b"]"#, vec![r#"{"body":{"id":["a","b"]}}"#]),
        (r#"not (id in ["a", "b"])"#, vec![r#"{"body":{"id":[{"anything-but":["a","b"]}]}}"#]),
        (r#"id != "a""#, vec![r#"{"body":{"id":[{"anything-but":["a"]}]}}"#]),
        ("total between 1.0 and 2.5", vec![r#"{"body":{"total":[{"numeric":[">=",1.0,"<=",2.5]}]}}"#]),
        ("not (5.0 < total)", vec![r#"{"body":{"total":[{"numeric":["<=",5.0]}]}}"#]),
        (r#"starts_with(id, "x") and open"#, vec![r#"{"body":{"id":[{"prefix":"x"}],"open":[true]}}"#]),
        (r#"id == "x" and not open"#, vec![r#"{"body":{"id":["x"],"open":[false]}}"#]),
        ("note == none", vec![r#"{"body":{"note":[null,{"exists":false}]}}"#]),
        (r#"note != none and note in ["a"]"#, vec![r#"{"body":{"note":["a"]}}"#]),
        (r#"address.city == "Bern""#, vec![r#"{"body":{"address":{"city":["Bern"]}}}"#]),
        (r#"id == "a" or id == "b" or id == "c""#, vec![r#"{"body":{"id":["a","b","c"]}}"#]),
        (
            r#"(id == "a" or kind == "new") and open"#,
            vec![r#"{"body":{"id":["a"],"open":[true]}}"#, r#"{"body":{"kind":["new"],"open":[true]}}"#],
        ),
        (
            r#"not (id == "a" or open)"#,
            vec![r#"{"body":{"id":[{"anything-but":["a"]}],"open":[false]}}"#],
        ),
    ] {
        assert_eq!(queue(filter), expected, "{filter}");
    }
}

#[test]
fn what_a_pattern_looks_at_depends_on_the_source() {
    let changes = |filter: &str, source: &str| patterns(source, filter, "event");
    let kinesis = r#"source work: Stream<Change<Order>> = existing kinesis.stream { name = "s", decode = dynamodb.change }"#;
    let table = r#"param arn: Arn
source work: Stream<Change<Order>> = existing dynamodb.stream { table = "t", arn = arn }"#;
    assert_eq!(
        changes(r#"event in ["INSERT", "MODIFY"] and new?.total == 2.0"#, kinesis),
        [r#"{"data":{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"total":{"N":["2"]}}}}}"#]
    );
    assert_eq!(
        changes(r#"old?.address?.city == "Bern""#, table),
        [r#"{"dynamodb":{"OldImage":{"address":{"M":{"city":{"S":["Bern"]}}}}}}"#]
    );
    assert_eq!(changes("new?.open == true", table), [r#"{"dynamodb":{"NewImage":{"open":{"BOOL":[true]}}}}"#]);
    let bus = r#"source work: Bus<Order> = eventbridge.events { source = "shop", detail_type = "Order" }"#;
    assert_eq!(patterns(bus, r#"kind == "new""#, "id"), [r#"{"detail":{"kind":["new"]}}"#]);
    assert_eq!(patterns("source work: Topic<Order> = sns.topic { }", r#"kind == "new""#, "id"), [r#"{"kind":["new"]}"#]);
}

fn codes(text: &str) -> Vec<String> {
    let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let file = files.add("a.flow", text.to_owned());
    crate::check(file, &mut files, &mut diagnostics);
    diagnostics.sorted().iter().map(|one| format!("{} {}", one.code, one.message)).collect()
}

#[test]
fn what_no_pattern_can_say_is_refused_with_the_reason() {
    let refused = |source: &str, filter: &str, send: &str| {
        codes(&format!("{SCHEMAS}\n{source}\nstream pass from work {{\n  filter = {filter}\n  on_error = dead_letter(failed)\n  each record as r send {{ id: r.{send} }} to out\n}}\n"))
    };
    let queue = "source work: Queue<Order> = sqs.queue { }";
    let said = |what: &str| vec![format!("FLOW0580 no event pattern can say this: {what}")];
    for (filter, what) in [
        ("total > 1.0 and total > 2.0", "`total` is asked for twice, and must be both"),
        (r#"upper(id) == "A""#, "a pattern compares a field with constants"),
        ("id == note", "a pattern compares a field with constants"),
        (r#"not starts_with(id, "a")"#, "`not starts_with(…)`"),
        (r#"id > "a""#, "only `Int` and `Float` have an order in a pattern"),
        ("true", "it is the same for every record"),
    ] {
        assert_eq!(refused(queue, filter, "id"), said(what), "{filter}");
    }
    let table = r#"param arn: Arn
source work: Stream<Change<Order>> = existing dynamodb.stream { table = "t", arn = arn }"#;
    assert_eq!(refused(table, "new != none", "event"), said("only a single value can be looked for"));
    let envelope = "source work: Queue<Order> = sqs.queue { decode = sns.envelope }";
    assert_eq!(refused(envelope, "open", "id"), said("a message in an envelope of SNS is a text to it"));
    let topic = "source work: Topic<Order> = sns.topic { }";
    assert_eq!(refused(topic, r#"id == "a" or open"#, "id"), said("SNS takes one, and this is 2"));
}

#[test]
fn what_is_sent_is_what_its_taker_takes() {
    let program = clean(&format!(
        r#"{SCHEMAS}
source work: Queue<Order> = sqs.queue {{ }}
sink same: Queue<Order> = sqs.queue {{ }}
sink shards: Stream<Id> = kinesis.stream {{ }}
schema Where {{ city: String }}
sink places: Topic<Where> = sns.topic {{ }}
flow handle(id: String, total: Float = 1.0) {{ wait 1m }}
stream pass from work {{
  each message send to same
  each message send to out
  each message as m where m.note != none send {{ id: m.note }} to shards
  each message as m send m.address to places
  each message send to handle
}}
"#
    ));
    let sends: Vec<_> = stream(&program).sends().collect();
    assert_eq!(sends.len(), 5);
    assert_eq!(sends[0].value, None, "the row as it is");
    let entries = |at: usize| match &sends[at].value.as_ref().unwrap().kind {
        ExprKind::Record(entries) => entries.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(entries(1), ["id"]);
    assert!(sends[2].key.is_some(), "records of a stream are parted by the key of what is sent");
    let whole = &sends[3].value.as_ref().unwrap().kind;
    assert!(matches!(whole, ExprKind::Column(name) if name == "address"), "a record of the row goes as it is: {whole:?}");
    assert_eq!(entries(4), ["id", "total"]);
    assert_eq!(sends[4].to, Target::Flow("handle".to_owned()));
    let actions: Vec<String> = program
        .function(stream(&program).function)
        .unwrap()
        .statements
        .iter()
        .flat_map(|statement| statement.actions.clone())
        .collect();
    for action in ["sqs:ReceiveMessage", "sqs:SendMessage", "kinesis:PutRecords", "sns:Publish", "states:StartExecution"] {
        assert!(actions.iter().any(|known| known == action), "{action} is not among {actions:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let with = |body: &str| codes(&format!("{SCHEMAS}\nsource work: Queue<Order> = sqs.queue {{ }}\nschema Wide {{ id: String, extra: Int }}\nsink wide: Queue<Wide> = sqs.queue {{ }}\nsink noted: Queue<Noted> = sqs.queue {{ }}\nschema Noted {{ note: String }}\nstream pass from work {{\n  {body}\n  each message send to out\n  each message as m send {{ id: m.id, extra: 1 }} to wide\n  each message as m where m.note != none send {{ note: m.note }} to noted\n}}\n"));
    assert_eq!(with("each message send to wide"), ["FLOW0325 what is sent lacks `extra`, which `wide` (`Queue<Wide>`) takes"]);
    assert_eq!(with("each message send to noted"), ["FLOW0325 what is sent does not fit `noted` (`Queue<Noted>`): `note` is a `String?`"]);
    assert_eq!(with("each message as m send m.id to out"), ["FLOW0301 `out` (`Queue<Id>`) takes a record, this is a `String`"]);
    assert_eq!(with("each message as m send { id: 3 } to out"), ["FLOW0301 a `String` is wanted, this is an `Int`"]);
    assert_eq!(with("each message send to work"), ["FLOW0576 `pass` sends to `work`, which it listens to"]);
}

#[test]
fn a_family_takes_each_row_into_the_table_of_its_case() {
    let program = clean(
        r#"
use std.aws.{s3, sqs}
project demo { region = "eu-central-1" }
param lake: s3.BucketName
schema Order { type: "order", id: String, total: Float }
schema Refund { type: "refund", id: String, reason: String? }
type Sale = Order | Refund
source sales: Queue<Sale> = sqs.queue { }
sink kept: Table<t> for t in Sale = s3.table { bucket = lake, prefix = "kept/{t.name}", format = jsonl }
transform all(sales: Table<Sale>) -> Table<Sale> { from sales }
stream keep from sales { run all(sales) append to kept at_least_once }
"#,
    );
    let Some(StreamAction::Run(run)) = stream(&program).actions.first() else { panic!("no run") };
    let StreamTarget::Family { tag, cases } = &run.into else { panic!("no family") };
    let cases: Vec<(&str, &str)> = cases
        .iter()
        .map(|(case, place)| (case.as_str(), program.table(place.table).unwrap().name.as_str()))
        .collect();
    assert_eq!((tag.as_str(), cases), ("type", vec![("order", "kept_order"), ("refund", "kept_refund")]));
    assert_eq!(program.function(stream(&program).function).unwrap().writes.len(), 2);
}

//! `postgres.refresh` against a PostgreSQL: all views or none, in the order given, and what is said where one cannot be.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "support/postgres.rs"]
mod postgres;
mod support;

use postgres::{PASSWORD, Postgres, USER};
use serde_json::{Value, json};
use support::{Bucket, Outcome};

const SCHEMA: &str = "
create schema raw; create schema curated; create schema analytics;
create table raw.demands (id int primary key, month date, archived bool, amount int);
create materialized view curated.archived as select * from raw.demands where archived with data;
create unique index on curated.archived (id);
create materialized view curated.uploaded as select * from raw.demands where not archived with data;
create unique index on curated.uploaded (id);
create materialized view analytics.summary as
  select month, sum(n)::int as demands from (
    select month, count(*) as n from curated.archived group by month
    union all select month, count(*) from curated.uploaded group by month
  ) as both_of_them group by month
  with no data;
create unique index on analytics.summary (month);
create materialized view curated.ratio as select id, 100 / amount as ratio from raw.demands with data;
create unique index on curated.ratio (id);
create materialized view curated.unindexed as select id from raw.demands with data;
create unique index on curated.unindexed (id) where id > 0;
create view curated.plain as select 1 as one;
";

fn request(server: &Postgres, views: &[&str]) -> Value {
    let views: Vec<Value> = views.iter().map(|name| json!({ "name": name })).collect();
    json!({
        "operation": "handler", "handler": "postgres.refresh", "execution": "e", "step": "refresh",
        "arguments": { "endpoint": server.endpoint(), "database": "postgres", "secret": "database", "views": views },
    })
}

/// What the worker does with a secret.
fn sent(request: &Value, secret: &Value) -> Outcome {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("secrets.json");
    std::fs::write(&file, json!({ "database": secret }).to_string()).unwrap();
    Bucket::new().run_with(request, &[("FLOW_SECRETS", file.to_str().unwrap())])
}

fn credentials() -> Value {
    json!({ "username": USER, "password": PASSWORD, "engine": "postgres" })
}

fn cause(outcome: &Outcome) -> String {
    let failure: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((outcome.code, &failure["errorType"]), (Some(1), &json!("Flow.HandlerFailed")), "{}", outcome.stderr);
    failure["errorMessage"].as_str().unwrap().to_owned()
}

async fn number(client: &tokio_postgres::Client, sql: &str) -> i32 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn all_views_are_refreshed_or_none() {
    let Some(server) = Postgres::start(false) else { return };
    let client = server.client().await;
    client.batch_execute(SCHEMA).await.unwrap();
    let insert = "insert into raw.demands values (1, '2026-01-01', true, 5), (2, '2026-01-01', false, 4)";
    client.batch_execute(insert).await.unwrap();
    let summary = "select coalesce(sum(demands), 0)::int from analytics.summary";

    // The summary was never filled, and is filled from what is refreshed before it in the same transaction.
    let views = ["curated.archived", "curated.uploaded", "analytics.summary"];
    let outcome = sent(&request(&server, &views), &credentials());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let answer: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(answer["refreshed"], json!(views));
    assert_eq!(number(&client, summary).await, 2);

    // One that fails leaves all as they were, also those before it.
    client.batch_execute("insert into raw.demands values (3, '2026-02-01', true, 0)").await.unwrap();
    let outcome = sent(&request(&server, &["curated.archived", "curated.ratio", "analytics.summary"]), &credentials());
    let said = cause(&outcome);
    assert!(said.contains("`curated.ratio` cannot be refreshed, so none is: division by zero (SQLSTATE 22012)"), "{said}");
    assert_eq!(number(&client, "select count(*)::int from curated.archived").await, 1);
    assert_eq!(number(&client, "select count(*)::int from pg_stat_activity where application_name = 'flow'").await, 0);

    // Without the one that fails, all of them; readers are not locked out meanwhile.
    client.batch_execute("begin; select * from curated.archived").await.unwrap();
    let outcome = sent(&request(&server, &views), &credentials());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    client.batch_execute("commit").await.unwrap();
    assert_eq!(number(&client, summary).await, 3);
}

#[tokio::test]
async fn what_cannot_be_refreshed_is_said_before_anything_is() {
    let Some(server) = Postgres::start(false) else { return };
    let client = server.client().await;
    client.batch_execute(SCHEMA).await.unwrap();
    client.batch_execute("insert into raw.demands values (1, '2026-01-01', true, 5)").await.unwrap();
    let views = ["curated.archived", "curated.unindexed", "curated.absent", "curated.plain"];
    let said = cause(&sent(&request(&server, &views), &credentials()));
    for part in [
        "nothing was refreshed: `curated.unindexed` has no unique index over columns alone and all rows",
        "CREATE UNIQUE INDEX ON \"curated\".\"unindexed\" (…)",
        "there is no view `curated.absent` that this user can see",
        "`curated.plain` is no materialised view",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert_eq!(number(&client, "select count(*)::int from curated.archived").await, 0);

    // Without the index it is refreshed where nobody need read it meanwhile.
    let mut alone = request(&server, &[]);
    alone["arguments"]["views"] = json!([{ "name": "curated.unindexed", "concurrently": false }]);
    assert_eq!(sent(&alone, &credentials()).code, Some(0));
    assert_eq!(number(&client, "select count(*)::int from curated.unindexed").await, 1);

    // Credentials that are missing or wrong are named, never shown.
    let said = cause(&sent(&request(&server, &["curated.archived"]), &json!({ "password": PASSWORD })));
    assert!(said.contains("has no text `username`"), "{said}");
    let said = cause(&sent(&request(&server, &["curated.archived"]), &json!({ "username": USER, "password": "hunter2" })));
    assert!(said.contains("password authentication failed") && !said.contains("hunter2"), "{said}");
    let mut nobody = request(&server, &["curated.archived"]);
    nobody["arguments"]["endpoint"] = json!("127.0.0.1:1");
    let said = cause(&sent(&nobody, &credentials()));
    assert!(said.contains("cannot connect to PostgreSQL at `127.0.0.1:1`"), "{said}");
}

#[tokio::test]
async fn a_server_that_wants_it_is_talked_to_encrypted() {
    let Some(server) = Postgres::start(true) else { return };
    let missing = cause(&sent(&request(&server, &["curated.archived"]), &credentials()));
    assert!(missing.contains("there is no view `curated.archived`"), "{missing}");
    let mut plain = request(&server, &["curated.archived"]);
    plain["arguments"]["tls"] = json!("none");
    let said = cause(&sent(&plain, &credentials()));
    assert!(said.contains("no encryption") || said.contains("no pg_hba.conf entry"), "{said}");
    // Its certificate is of no authority that this machine knows.
    let mut verified = request(&server, &["curated.archived"]);
    verified["arguments"]["tls"] = json!("verify");
    let said = cause(&sent(&verified, &credentials()));
    assert!(said.contains("certificate"), "{said}");
}

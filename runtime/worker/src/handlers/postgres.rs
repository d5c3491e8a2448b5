//! `postgres.refresh`: materialised views of a PostgreSQL, refreshed in one transaction, all or none.
//!
//! Arguments `{"endpoint": "host:5432", "database": "…", "secret": "…", "secret_arn": "arn:…", "user": "…", "tls": "require",
//! "views": [{"name": "schema.view", "concurrently": true}]}`: the views in the order in which they are refreshed, which the
//! compiler has derived. The secret is a JSON object with `password`, and `username` unless `user` says who connects.
//!
//! Before the first view is refreshed all are looked at, so that a view that cannot be refreshed is said at once, and not
//! after minutes of work. With `FLOW_POSTGRES=host:port` that is the server, whatever the request names.

mod tls;

use crate::handlers::failed;
use crate::handlers::secrets::{self, SecretRef};
use flow_engine::Environment;
use flow_plan::{ErrorName, Failure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tls::Tls;
use tokio_postgres::{Client, Config, Transaction};

const CONNECT: Duration = Duration::from_secs(10);
/// PostgreSQL's own port.
const PORT: u16 = 5432;

#[derive(Debug, Deserialize)]
struct Arguments {
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default)]
    database: Option<String>,
    #[serde(default)]
    secret: Option<String>,
    #[serde(default)]
    secret_arn: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    tls: Tls,
    views: Vec<View>,
}

#[derive(Debug, Deserialize)]
struct View {
    name: String,
    #[serde(default)]
    concurrently: Option<bool>,
}

/// Refreshes, and says what: `{"refreshed": ["schema.view"], "milliseconds": 12}`.
pub async fn refresh(arguments: &Value, environment: &Environment) -> Result<Value, Failure> {
    let started = Instant::now();
    let arguments: Arguments = serde_json::from_value(arguments.clone()).map_err(|error| Failure {
        name: ErrorName::BadRequest,
        cause: format!("arguments of `postgres.refresh`: {error}; expected `endpoint`, `database`, `secret` and `views`"),
    })?;
    let server = server(&arguments, environment)?;
    let config = config(&arguments, &server, environment).await?;
    let (mut client, connection) = tls::connect(&config, arguments.tls, server.is_here())
        .await
        .map_err(|error| failed(format!("cannot connect to PostgreSQL at `{server}`: {}", said(&error))))?;
    let outcome = all_or_none(&mut client, &arguments.views).await;
    // Without the client the connection ends, whatever became of the transaction.
    drop(client);
    let _ = connection.await;
    outcome?;
    let refreshed: Vec<&str> = arguments.views.iter().map(|view| view.name.as_str()).collect();
    tracing::info!(views = refreshed.len(), "refreshed");
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(json!({ "refreshed": refreshed, "milliseconds": milliseconds }))
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    host: String,
    port: u16,
}

impl Server {
    /// `host:port`, `host`, `[::1]:5432`.
    fn parse(endpoint: &str) -> Result<Server, Failure> {
        let wrong = || failed(format!("the endpoint `{endpoint}` is not of the form `host:port`"));
        let (host, port) = match endpoint.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (endpoint, PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(wrong());
        }
        Ok(Server { host: host.to_owned(), port })
    }

    /// Whether it is this machine, to which nobody can listen in between.
    fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The server that is meant; what is missing is named, all at once.
fn server(arguments: &Arguments, environment: &Environment) -> Result<Server, Failure> {
    let given = |value: &Option<String>| value.as_deref().is_some_and(|text| !text.trim().is_empty());
    let local = environment.get("FLOW_POSTGRES");
    let missing: Vec<&str> = [
        ("endpoint", given(&arguments.endpoint) || local.is_some()),
        ("database", given(&arguments.database)),
        ("secret", given(&arguments.secret) || given(&arguments.secret_arn)),
    ]
    .into_iter()
    .filter_map(|(name, there)| (!there).then_some(name))
    .collect();
    if !missing.is_empty() {
        return Err(Failure {
            name: ErrorName::BadRequest,
            cause: format!("`postgres.refresh` was given no {}: each of them is a text that is not empty", missing.join(", no ")),
        });
    }
    Server::parse(local.unwrap_or_else(|| arguments.endpoint.as_deref().unwrap_or_default().trim()))
}

async fn config(arguments: &Arguments, server: &Server, environment: &Environment) -> Result<Config, Failure> {
    let arn = arguments.secret_arn.as_deref();
    let name = arguments.secret.as_deref().or(arn).unwrap_or_default();
    let secret = secrets::read(SecretRef { name, arn }, environment).await?;
    let user = match arguments.user.as_deref().filter(|user| !user.is_empty()) {
        Some(user) => user,
        None => secret.text("username")?,
    };
    let mut config = Config::new();
    config
        .host(&server.host)
        .port(server.port)
        .user(user)
        .password(secret.text("password")?)
        .dbname(arguments.database.as_deref().unwrap_or_default())
        .application_name("flow")
        .connect_timeout(CONNECT);
    Ok(config)
}

/// One transaction over all views. Where anything fails it is rolled back when it is dropped.
async fn all_or_none(client: &mut Client, views: &[View]) -> Result<(), Failure> {
    let transaction = client.transaction().await.map_err(|error| failed(format!("no transaction: {}", said(&error))))?;
    let mut statements = Vec::new();
    let mut problems = Vec::new();
    for view in views {
        match statement(&transaction, view).await? {
            Ok(statement) => statements.push((view, statement)),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(failed(format!("nothing was refreshed: {}", problems.join("; "))));
    }
    for (view, statement) in statements {
        let begun = Instant::now();
        transaction
            .batch_execute(&statement)
            .await
            .map_err(|error| failed(format!("`{}` cannot be refreshed, so none is: {}", view.name, said(&error))))?;
        tracing::info!(view = view.name, milliseconds = begun.elapsed().as_millis(), "refreshed, not yet committed");
    }
    transaction.commit().await.map_err(|error| failed(format!("the transaction was not committed: {}", said(&error))))
}

/// A view's kind, whether it holds rows, and whether it has an index by which it can be refreshed while it is read.
/// https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html (2026-11)
const LOOK: &str = "
select c.relkind::text, c.relispopulated, exists (
  select from pg_index i
  where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
)
from pg_class c where c.oid = to_regclass($1)";

/// The statement that refreshes a view, or why it cannot be.
async fn statement(transaction: &Transaction<'_>, view: &View) -> Result<Result<String, String>, Failure> {
    let name = quoted(&view.name);
    let found = transaction
        .query_opt(LOOK, &[&name])
        .await
        .map_err(|error| failed(format!("cannot look at `{}`: {}", view.name, said(&error))))?;
    let Some(row) = found else {
        return Ok(Err(format!("there is no view `{}` that this user can see", view.name)));
    };
    let (kind, populated, unique): (&str, bool, bool) = (row.get(0), row.get(1), row.get(2));
    if kind != "m" {
        return Ok(Err(format!("`{}` is no materialised view", view.name)));
    }
    let concurrently = view.concurrently.unwrap_or(true);
    if concurrently && !unique {
        return Ok(Err(format!(
            "`{}` has no unique index over columns alone and all rows, without which it cannot be refreshed while it is read: \
             CREATE UNIQUE INDEX ON {name} (…), or `concurrently: false`",
            view.name
        )));
    }
    // One that nobody has filled yet cannot be read, and PostgreSQL refuses to refresh it concurrently.
    let how = if concurrently && populated { "CONCURRENTLY " } else { "" };
    Ok(Ok(format!("REFRESH MATERIALIZED VIEW {how}{name}")))
}

/// `schema.view` as SQL has it.
fn quoted(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
    parts.join(".")
}

/// What the server says, or what hinders the connection. Neither holds the password.
fn said(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        let more = [error.detail(), error.hint()].into_iter().flatten().map(|text| format!("; {text}")).collect::<String>();
        return format!("{} (SQLSTATE {}){more}", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn arguments(endpoint: &str) -> Arguments {
        serde_json::from_value(json!({ "endpoint": endpoint, "database": "d", "secret": "s", "views": [] })).unwrap()
    }

    #[test]
    fn endpoints_are_read_as_rds_writes_them() {
        let parse = |text: &str| Server::parse(text).map(|server| (server.to_string(), server.is_here()));
        assert_eq!(parse("db.x.us-east-1.rds.amazonaws.com:5433"), Ok(("db.x.us-east-1.rds.amazonaws.com:5433".into(), false)));
        assert_eq!(parse("localhost"), Ok(("localhost:5432".into(), true)));
        assert_eq!(parse("[::1]:5433"), Ok(("::1:5433".into(), true)));
        for wrong in ["", ":5432", "host:port", "a host", "host:99999"] {
            assert!(Server::parse(wrong).unwrap_err().cause.contains("host:port"), "{wrong}");
        }
    }

    #[test]
    fn all_that_is_missing_is_named() {
        let mut given = arguments(" ");
        given.database = None;
        let error = server(&given, &Environment::default()).unwrap_err();
        assert_eq!(error.name, ErrorName::BadRequest);
        assert!(error.cause.contains("no endpoint, no database:"), "{}", error.cause);
    }

    #[test]
    fn a_server_of_this_machine_takes_the_place_of_what_is_named() {
        let environment = Environment::from_variables([("FLOW_POSTGRES", "127.0.0.1:6000")]);
        let found = server(&arguments("db.example.com:5432"), &environment).unwrap();
        assert_eq!((found.port, found.is_here()), (6000, true));
    }

    #[test]
    fn names_are_quoted_part_by_part() {
        assert_eq!(quoted("curated.demands"), r#""curated"."demands""#);
        assert_eq!(quoted(r#"a"b"#), r#""a""b""#);
    }
}

//! The tables of tests: folders for buckets, rows as JSON lines, and the generic binary that works on them.

use crate::error::{LOCAL_SETUP, LocalError};
use crate::function::{Functions, Launch};
use crate::log::Log;
use chrono::{DateTime, SecondsFormat, Utc};
use flow_asl::driver::DirectoryObjects;
use flow_plan::testing::{Fill, TEST_BUCKET, TestTable};
use flow_plan::{
    DataType, Field, LocalFunction, LocalRun, NONE_PARTITION, Operation, PartitionValue, Replace, Request, TableRef, Target,
    encode_partition, slot_variable,
};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The function that does what tests ask for themselves.
const OWN: &str = "tests";

/// One environment's functions and buckets.
#[derive(Debug)]
pub struct Store {
    buckets: PathBuf,
    local: LocalRun,
    functions: Arc<Functions>,
}

impl Store {
    /// The store of the builds for one environment. Starts nothing yet.
    pub fn open(root: &Path, build: &Path, worker: &Path) -> Result<Store, LocalError> {
        let failed = |what: &str, error: std::io::Error| LocalError::new(LOCAL_SETUP, what.to_owned()).source(error);
        let buckets = root.join("buckets");
        std::fs::create_dir_all(&buckets).map_err(|error| failed("the tests' buckets cannot be made", error))?;
        let text = std::fs::read_to_string(build.join("local.json"))
            .map_err(|error| failed("the build of the tests cannot be read", error))?;
        let local: LocalRun = serde_json::from_str(&text)
            .map_err(|error| LocalError::new(LOCAL_SETUP, "the build of the tests is malformed").source(error))?;
        let url = url::Url::from_directory_path(&buckets)
            .map_err(|()| LocalError::new(LOCAL_SETUP, format!("`{}` is no absolute path", buckets.display())))?;
        let secrets = root.join("secrets.json");
        let none: Map<String, Value> = local.secrets.iter().map(|name| (name.clone(), json!({}))).collect();
        std::fs::write(&secrets, Value::Object(none).to_string())
            .map_err(|error| failed("the tests' secrets cannot be written", error))?;
        let mut env = vec![
            ("FLOW_STORE".to_owned(), url.to_string()),
            ("FLOW_PLAN".to_owned(), build.join("plan.json").display().to_string()),
            ("FLOW_NOTIFICATIONS".to_owned(), root.join("notifications.jsonl").display().to_string()),
            ("FLOW_SECRETS".to_owned(), secrets.display().to_string()),
        ];
        env.extend(local.slots.iter().map(|(slot, value)| (slot_variable(slot), value.clone())));
        let launch = Launch { program: worker.to_owned(), env, folder: root.to_owned() };
        let log = Log::create(&root.join("log.jsonl")).map_err(|error| failed("the tests' log cannot be written", error))?;
        let mut functions = Functions::new(&local.functions, &launch, log);
        let settings = LocalFunction { name: OWN.to_owned(), memory_mb: 1024, timeout_s: 900 };
        functions.add(OWN, settings, launch);
        Ok(Store { buckets, local, functions: Arc::new(functions) })
    }

    /// The functions of the generic binary.
    pub fn functions(&self) -> &Arc<Functions> {
        &self.functions
    }

    /// The folders that are buckets.
    pub fn objects(&self) -> DirectoryObjects {
        DirectoryObjects::new(&self.buckets)
    }

    /// Ends all processes.
    pub fn stop(&self) {
        self.functions.stop();
    }

    /// Empties every bucket: a test sees nothing of the one before.
    pub fn clear(&self) -> Result<(), LocalError> {
        // The buckets themselves stay: a process that is warm has them open.
        let clean = || -> std::io::Result<()> {
            for bucket in std::fs::read_dir(&self.buckets)? {
                for entry in std::fs::read_dir(bucket?.path())? {
                    let path = entry?.path();
                    if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
                }
            }
            Ok(())
        };
        clean().map_err(|error| LocalError::new(LOCAL_SETUP, "the tests' buckets cannot be emptied").source(error))
    }

    /// Has the generic binary answer a request; the error is what it says, for people.
    pub fn invoke(&self, runtime: &Runtime, request: &Request) -> Result<(), Vec<String>> {
        let payload = serde_json::to_value(request).map_err(|error| vec![error.to_string()])?;
        match runtime.block_on(self.functions.invoke(OWN, &payload)) {
            Ok(_) => Ok(()),
            Err(error) => {
                let body: Option<Value> = serde_json::from_str(&error.cause).ok();
                let message = body.as_ref().and_then(|body| body.get("errorMessage")).and_then(Value::as_str);
                Err(vec![format!("{}: {}", error.error, message.unwrap_or(&error.cause))])
            }
        }
    }

    /// Writes the rows of a test's own table.
    pub fn write(&self, table: &TestTable, rows: &[Value]) -> Result<(), String> {
        self.write_lines(&self.buckets.join(TEST_BUCKET).join(&table.table), table, rows)
    }

    fn write_lines(&self, folder: &Path, table: &TestTable, rows: &[Value]) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("the rows cannot be written: {error}");
        for (partition, rows) in by_partition(table, rows) {
            let folder = folder.join(&partition.folder);
            std::fs::create_dir_all(&folder).map_err(failed)?;
            let mut text = String::new();
            for row in rows {
                let fields: Map<String, Value> = table
                    .fields
                    .iter()
                    .filter_map(|field| Some((field.name.clone(), row.get(&field.name)?.clone())))
                    .collect();
                let _infallible = writeln!(text, "{}", Value::Object(fields));
            }
            std::fs::write(folder.join("rows.jsonl"), text).map_err(failed)?;
        }
        Ok(())
    }

    /// Puts rows that are written already into a table of the program.
    pub fn fill(
        &self,
        runtime: &Runtime,
        name: &str,
        table: &TestTable,
        fill: &Fill,
        rows: &[Value],
    ) -> Result<(), Vec<String>> {
        match fill {
            Fill::Lines { table: target } => {
                let Some(place) = self.local.tables.get(target) else { return Ok(()) };
                let folder = self.buckets.join(&place.bucket).join(&place.prefix);
                self.write_lines(&folder, table, rows).map_err(|error| vec![error])
            }
            Fill::Copy { into } => {
                for (partition, _) in by_partition(table, rows) {
                    let replace = match partition.values.is_empty() {
                        true => Replace::All,
                        false => Replace::Named(partition.values.clone()),
                    };
                    let operation = Operation::Copy {
                        table: TableRef { table: table.table.clone(), partitions: partition.values },
                        into: Target { table: into.clone(), replace },
                        max_invalid: None,
                    };
                    self.invoke(runtime, &Request { execution: OWN.to_owned(), step: name.to_owned(), operation })?;
                }
                Ok(())
            }
        }
    }

    /// The rows of a table that the generic binary has written.
    pub fn read(&self, table: &TestTable) -> Result<Vec<Value>, String> {
        let folder = self.buckets.join(TEST_BUCKET).join(&table.table);
        let failed = |error: &dyn std::fmt::Display| format!("the rows of `{}` cannot be read: {error}", table.table);
        let record = match std::fs::read_to_string(folder.join("_flow/commit.json")) {
            Ok(text) => serde_json::from_str::<Value>(&text).map_err(|error| failed(&error))?,
            // What was never written has no rows.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&error)),
        };
        let mut rows = Vec::new();
        for object in record.get("objects").and_then(Value::as_array).into_iter().flatten() {
            let Some(name) = object.get("name").and_then(Value::as_str) else { continue };
            let text = std::fs::read_to_string(folder.join(name)).map_err(|error| failed(&error))?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                rows.push(serde_json::from_str(line).map_err(|error| failed(&error))?);
            }
        }
        Ok(rows)
    }
}

/// A partition that a test gives rows for.
struct Partition {
    folder: String,
    values: IndexMap<String, PartitionValue>,
}

/// The rows of each partition, in the order of their first row; one without values where there are none.
fn by_partition<'r>(table: &TestTable, rows: &'r [Value]) -> Vec<(Partition, Vec<&'r Value>)> {
    let mut found: IndexMap<String, (Partition, Vec<&Value>)> = IndexMap::new();
    if table.partitions.is_empty() {
        let whole = Partition { folder: String::new(), values: IndexMap::new() };
        found.insert(String::new(), (whole, Vec::new()));
    }
    for row in rows {
        let mut partition = Partition { folder: String::new(), values: IndexMap::new() };
        for column in &table.partitions {
            let value = row.get(&column.name).cloned().unwrap_or(Value::Null);
            let (text, value) = match value {
                Value::Bool(value) => (value.to_string(), PartitionValue::Bool(value)),
                Value::Number(number) => {
                    (number.to_string(), PartitionValue::Int(number.as_i64().unwrap_or_default()))
                }
                Value::String(text) => (encode_partition(&text), PartitionValue::Text(text)),
                other => (NONE_PARTITION.to_owned(), PartitionValue::Text(other.to_string())),
            };
            if !partition.folder.is_empty() {
                partition.folder.push('/');
            }
            let _infallible = write!(partition.folder, "{}={text}", encode_partition(&column.name));
            partition.values.insert(column.name.clone(), value);
        }
        found.entry(partition.folder.clone()).or_insert_with(|| (partition, Vec::new())).1.push(row);
    }
    found.into_values().collect()
}

/// A row in the run stage's encoding, each column there, so that rows from anywhere compare.
pub fn canonical_row(row: &Value, fields: &[Field]) -> Value {
    let of = |field: &Field| {
        let value = row.get(&field.name).unwrap_or(&Value::Null);
        (field.name.clone(), canonical(value, &field.data_type))
    };
    Value::Object(fields.iter().map(of).collect())
}

fn canonical(value: &Value, ty: &DataType) -> Value {
    match (ty, value) {
        (DataType::Timestamp, Value::String(text)) => match DateTime::parse_from_rfc3339(text) {
            Ok(time) => json!(time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Err(_) => value.clone(),
        },
        (DataType::Float | DataType::Duration, Value::Number(number)) => match number.as_f64() {
            // 1.0 and 1 are one number.
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => json!(float as i64),
            _ => value.clone(),
        },
        (DataType::List { element, .. }, Value::Array(items)) => {
            Value::Array(items.iter().map(|item| canonical(item, element)).collect())
        }
        (DataType::Map { value: ty }, Value::Object(entries)) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), canonical(value, ty))).collect())
        }
        (DataType::Struct { fields }, Value::Object(_)) => canonical_row(value, fields),
        _ => value.clone(),
    }
}

//! `plan.json`: schemas, tables and transforms for the generic binary.
//!
//! Buckets and folders that only Terraform knows are slots, filled from the function's environment. A slot has the name
//! of its parameter where it is one, else of what it is for: `staged_prefix`.

mod row;
pub(crate) mod streams;
mod types;

use crate::Fault;
use crate::evaluate::Evaluator;
use flow_analysis::program::{
    self, Expr, ExprKind, InvalidPolicy, Operator, OperatorKind, Program, SchemaField, SchemaId, TableFormat,
};
use flow_plan::{
    AvroCompression, Check, Column, Compression, Field, Format, Input, Invalid, Location, Partition, Plan, Schema, Slot, Sort,
    SortOrder, Table, TableRole, Text, Transform,
};
use indexmap::IndexMap;
pub(crate) use row::Rows;

/// The plan, and the value of each of its slots.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOutput {
    /// The plan.
    pub plan: Plan,
    /// Slots with their values, in the order of their names.
    pub slots: Vec<SlotValue>,
}

/// What fills a slot.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotValue {
    /// The slot's name.
    pub name: String,
    /// Its value, deploy stage.
    pub value: Expr,
    /// Streams whose functions alone have it; none where every function does.
    pub streams: Vec<String>,
    /// What it is called in local runs, if not what the value says.
    pub local: Option<String>,
}

/// Lowers what the generic binary needs of a program.
pub fn plan(program: &Program, faults: &mut Vec<Fault>) -> PlanOutput {
    let mut slots = Slots { constants: Evaluator::new(program, None), found: Vec::new() };
    let mut plan = Plan::new(&program.project.name);
    let mut rows = Rows { faults };
    for schema in &program.schemas {
        plan.schemas.insert(schema.name.clone(), lower_schema(program, schema, &mut rows));
    }
    for table in &program.tables {
        plan.tables.insert(table.name.clone(), lower_table(program, table, &mut slots));
    }
    for transform in &program.transforms {
        plan.transforms.insert(transform.name.clone(), lower_transform(program, transform, &mut rows));
    }
    for stream in &program.streams {
        if let Some(lowered) = streams::lower(program, stream, &mut slots, &mut rows) {
            plan.streams.insert(stream.name.clone(), lowered);
        }
    }
    slots.found.sort_by(|a, b| a.name.cmp(&b.name));
    plan.slots = slots
        .found
        .iter()
        .map(|slot| (slot.name.clone(), Slot { description: slot.uses.join(", ") }))
        .collect::<IndexMap<_, _>>();
    let slots = slots
        .found
        .into_iter()
        .map(|slot| SlotValue { name: slot.name, value: slot.value, streams: slot.streams, local: slot.local })
        .collect();
    PlanOutput { plan, slots }
}

struct Slots<'a> {
    constants: Evaluator<'a>,
    found: Vec<FoundSlot>,
}

struct FoundSlot {
    name: String,
    value: Expr,
    uses: Vec<String>,
    /// As in [`SlotValue`].
    streams: Vec<String>,
    local: Option<String>,
}

impl Slots<'_> {
    /// A text, or the slot that holds it, in the environment of every function. `part` is `bucket` or `prefix`, of `owner`.
    fn text(&mut self, expr: &Expr, owner: &str, part: &str) -> Text {
        self.find(expr, owner, part, None, None)
    }

    /// As [`Self::text`], in the environment of one stream's function: a function must not need what is made after it.
    fn of_stream(&mut self, expr: &Expr, owner: &str, part: &str, stream: &str, local: Option<&str>) -> Text {
        self.find(expr, owner, part, Some(stream), local)
    }

    fn find(&mut self, expr: &Expr, owner: &str, part: &str, stream: Option<&str>, local: Option<&str>) -> Text {
        if let Some(text) = self.constants.text(expr) {
            return Text::Literal(if part == "prefix" { text.trim_matches('/').to_owned() } else { text });
        }
        let used_for = format!("the {part} of {owner}");
        if let Some(slot) = self.found.iter_mut().find(|slot| slot.value.kind == expr.kind) {
            if !slot.uses.contains(&used_for) {
                slot.uses.push(used_for);
            }
            match stream {
                Some(stream) if !slot.streams.is_empty() => {
                    if !slot.streams.iter().any(|known| known == stream) {
                        slot.streams.push(stream.to_owned());
                    }
                }
                Some(_) => {}
                None => slot.streams.clear(),
            }
            return Text::Slot(slot.name.clone());
        }
        let wanted = match &expr.kind {
            ExprKind::Param(name) => name.clone(),
            _ => format!("{}_{part}", owner.replace(' ', "_")),
        };
        let name = std::iter::once(wanted.clone())
            .chain((2..).map(|number: u32| format!("{wanted}_{number}")))
            .find(|name| self.found.iter().all(|slot| slot.name != *name))
            .unwrap_or(wanted);
        self.found.push(FoundSlot {
            name: name.clone(),
            value: expr.clone(),
            uses: vec![used_for],
            streams: stream.map(str::to_owned).into_iter().collect(),
            local: local.map(str::to_owned),
        });
        Text::Slot(name)
    }
}

fn schema_name(program: &Program, id: SchemaId) -> String {
    program.schema(id).map_or_else(String::new, |schema| schema.name.clone())
}

/// A column.
pub(crate) fn field(program: &Program, field: &SchemaField) -> Field {
    Field {
        name: field.name.clone(),
        data_type: types::data_type(program, &field.ty),
        optional: field.ty.is_optional(),
        key: field.key,
        pii: field.pii,
        doc: field.doc.clone(),
    }
}

fn lower_schema(program: &Program, schema: &program::Schema, rows: &mut Rows<'_>) -> Schema {
    let avro = program
        .tables
        .iter()
        .filter(|table| matches!(table.format, TableFormat::Avro { .. }))
        .any(|table| program.schema(table.schema).is_some_and(|of| of.name == schema.name));
    Schema {
        avro: avro.then(|| flow_analysis::avro::write::schema(program, schema)),
        doc: schema.doc.clone(),
        fields: schema.fields.iter().map(|f| field(program, f)).collect(),
        checks: schema
            .checks
            .iter()
            .map(|check| Check {
                field: check.field.clone(),
                text: check.text.clone(),
                condition: rows.expr(program, &check.condition),
            })
            .collect(),
    }
}

fn lower_table(program: &Program, table: &program::Table, slots: &mut Slots<'_>) -> Table {
    let owner = table.name.clone();
    Table {
        doc: table.doc.clone(),
        role: match table.role {
            program::TableRole::Source => TableRole::Source,
            program::TableRole::Sink => TableRole::Sink,
        },
        schema: schema_name(program, table.schema),
        location: Location {
            bucket: slots.text(&table.bucket, &owner, "bucket"),
            prefix: slots.text(&table.prefix, &owner, "prefix"),
        },
        format: format(&table.format),
        partitions: table
            .partitions
            .iter()
            .map(|partition| Partition {
                name: partition.name.clone(),
                data_type: types::data_type(program, &partition.ty),
                in_schema: partition.in_schema,
            })
            .collect(),
        invalid: match &table.invalid {
            InvalidPolicy::Fail => Invalid::Fail,
            InvalidPolicy::Drop => Invalid::Drop,
            InvalidPolicy::Quarantine { bucket, prefix, .. } => {
                let owner = format!("{owner} quarantine");
                Invalid::Quarantine {
                    location: Location {
                        bucket: slots.text(bucket, &owner, "bucket"),
                        prefix: slots.text(prefix, &owner, "prefix"),
                    },
                }
            }
        },
    }
}

/// How a table's objects are encoded.
fn format(format: &TableFormat) -> Format {
    match format {
        TableFormat::Jsonl => Format::Jsonl,
        TableFormat::Parquet { compression } => Format::Parquet {
            compression: match compression.as_str() {
                "snappy" => Compression::Snappy,
                "none" => Compression::None,
                _ => Compression::Zstd,
            },
        },
        TableFormat::Json => Format::Json,
        TableFormat::Csv { header, separator, quote } => {
            Format::Csv { header: *header, separator: *separator, quote: *quote }
        }
        TableFormat::Avro { compression } => Format::Avro {
            compression: match compression.as_str() {
                "snappy" => AvroCompression::Snappy,
                "zstd" => AvroCompression::Zstd,
                "none" => AvroCompression::None,
                _ => AvroCompression::Deflate,
            },
        },
    }
}

fn lower_transform(program: &Program, transform: &program::Transform, rows: &mut Rows<'_>) -> Transform {
    Transform {
        doc: transform.doc.clone(),
        inputs: transform
            .inputs
            .iter()
            .map(|input| Input { name: input.name.clone(), schema: schema_name(program, input.schema) })
            .collect(),
        output: schema_name(program, transform.output),
        from: transform.from.clone(),
        operators: transform.operators.iter().map(|operator| lower_operator(program, operator, rows)).collect(),
    }
}

/// An operator.
pub(crate) fn lower_operator(program: &Program, operator: &Operator, rows: &mut Rows<'_>) -> flow_plan::Operator {
    let columns: Vec<Field> = operator.columns.iter().map(|column| field(program, column)).collect();
    match &operator.kind {
        OperatorKind::Join(join) => flow_plan::Operator::Join {
            kind: join_kind(join.kind),
            input: join.input.clone(),
            alias: join.alias.clone(),
            condition: join.condition.as_ref().map(|condition| rows.expr(program, condition)),
            selected: lower_columns(program, &join.selected, rows),
            columns,
        },
        OperatorKind::Union { inputs, all } => {
            flow_plan::Operator::Union { inputs: inputs.clone(), all: *all, columns }
        }
        OperatorKind::Explode { column, outer } => {
            let list = Column { name: column.name.clone(), expr: rows.expr(program, &column.value) };
            flow_plan::Operator::Explode { list, outer: *outer, columns }
        }
        OperatorKind::Check { text, condition } => flow_plan::Operator::Check {
            text: text.clone(),
            condition: rows.expr(program, condition),
            columns,
        },
        OperatorKind::Where(condition) => {
            flow_plan::Operator::Where { condition: rows.expr(program, condition), columns }
        }
        OperatorKind::Derive(derived) => {
            flow_plan::Operator::Derive { derived: lower_columns(program, derived, rows), columns }
        }
        OperatorKind::Select(selected) => {
            flow_plan::Operator::Select { selected: lower_columns(program, selected, rows), columns }
        }
        OperatorKind::Window { by, order, columns: derived } => flow_plan::Operator::Window {
            partition_by: by.iter().map(|key| rows.expr(program, key)).collect(),
            order_by: sort(program, order, rows),
            derived: lower_columns(program, derived, rows),
            columns,
        },
        OperatorKind::Group { keys, aggregates } => flow_plan::Operator::Group {
            keys: lower_columns(program, keys, rows),
            aggregates: lower_columns(program, aggregates, rows),
            columns,
        },
        OperatorKind::Sort(keys) => flow_plan::Operator::Sort { by: sort(program, keys, rows), columns },
        OperatorKind::Take(count) => flow_plan::Operator::Take { rows: *count, columns },
        OperatorKind::Distinct => flow_plan::Operator::Distinct { columns },
    }
}

fn join_kind(kind: program::JoinKind) -> flow_plan::JoinKind {
    match kind {
        program::JoinKind::Inner => flow_plan::JoinKind::Inner,
        program::JoinKind::Left => flow_plan::JoinKind::Left,
        program::JoinKind::Right => flow_plan::JoinKind::Right,
        program::JoinKind::Full => flow_plan::JoinKind::Full,
        program::JoinKind::Semi => flow_plan::JoinKind::Semi,
        program::JoinKind::Anti => flow_plan::JoinKind::Anti,
        program::JoinKind::Cross => flow_plan::JoinKind::Cross,
    }
}

fn lower_columns(program: &Program, columns: &[program::Column], rows: &mut Rows<'_>) -> Vec<Column> {
    columns
        .iter()
        .map(|column| Column { name: column.name.clone(), expr: rows.expr(program, &column.value) })
        .collect()
}

fn sort(program: &Program, keys: &[program::SortKey], rows: &mut Rows<'_>) -> Vec<Sort> {
    keys.iter()
        .map(|key| Sort {
            expr: rows.expr(program, &key.value),
            order: if key.descending { SortOrder::Descending } else { SortOrder::Ascending },
        })
        .collect()
}

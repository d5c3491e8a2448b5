//! Personal data (`@pii`): where a marked column goes, and where it must not go unsaid.
//!
//! The mark follows values: a column that is computed from a marked one is personal too. It does not follow what is
//! decided by them: a comparison, a test, a count. A function that is declared `@hides` (`hash`, `mask`, `average` …) ends
//! it. A schema's column into which a personal value comes must say so itself: whoever reads the table sees it there.

use crate::program::{
    Column, Expr, ExprKind, Fail, Flow, Join, Operator, OperatorKind, Program, Schema, SchemaField, SchemaId, Statement, Step,
    StreamTarget, TableId, Target, Transform, Type, VariableId,
};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};
use std::collections::{BTreeMap, BTreeSet};

/// The way of a personal value: the marked column first, then each column that was computed from the one before.
#[derive(Debug, Clone)]
struct Trail(Vec<(String, Span)>);

impl Trail {
    fn then(&self, name: &str, at: Span) -> Trail {
        let mut way = self.0.clone();
        way.push((name.to_owned(), at));
        Trail(way)
    }

    /// `` `Patient.name` → `full_name` ``.
    fn shown(&self) -> String {
        self.0.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" → ")
    }

    fn source(&self) -> Option<&(String, Span)> {
        self.0.first()
    }
}

/// Personal columns of the rows at hand, by name.
type Marked = BTreeMap<String, Trail>;

/// Columns of results that hold personal data without saying so.
pub(super) fn results(program: &Program, diagnostics: &mut Diagnostics) {
    for transform in &program.transforms {
        let Some(output) = program.schema(transform.output) else { continue };
        let marked = result_of(program, transform);
        for field in output.fields.iter().filter(|field| !field.pii) {
            if let Some(trail) = marked.get(&field.name) {
                let message =
                    format!("`{}` in the result of `{}` is personal data, and `{}` does not say so", field.name, transform.name, output.name);
                diagnostics.push(unmarked(message, trail, field));
            }
        }
    }
}

/// Rows handed from a schema to another one, by a copy, to a transform or into a table.
pub(super) fn handed_on(program: &Program, diagnostics: &mut Diagnostics) {
    let mut told: BTreeSet<(SchemaId, SchemaId)> = BTreeSet::new();
    let mut hand = |from: SchemaId, into: SchemaId, who: &str, what: &str, at: Span| {
        if from == into || !told.insert((from, into)) {
            return;
        }
        let (Some(have), Some(want)) = (program.schema(from), program.schema(into)) else { return };
        for field in want.fields.iter().filter(|field| !field.pii) {
            let Some(source) = have.fields.iter().find(|known| known.name == field.name && known.pii) else { continue };
            let trail = Trail(vec![(format!("{}.{}", have.name, source.name), source.span)]);
            let message = format!("{who} {what}, and `{}.{}` does not say that it is personal data", want.name, field.name);
            diagnostics.push(unmarked(message, &trail, field).secondary(at, "here"));
        }
    };
    for step in program.flows.iter().flat_map(Flow::steps) {
        for (from, into, what) in handovers(program, step) {
            hand(from, into, &format!("step `{}`", step.name), &what, step.name_span);
        }
    }
    for stream in &program.streams {
        let who = format!("stream `{}`", stream.name);
        for run in stream.runs() {
            let Some(transform) = program.transform(run.transform) else { continue };
            let tables = run.inputs.iter().filter_map(|(name, place)| Some((name, program.table(place.table)?.schema)));
            for (name, schema) in std::iter::once((&run.input, stream.schema)).chain(tables) {
                if let Some(input) = transform.inputs.iter().find(|input| input.name == *name) {
                    hand(schema, input.schema, &who, &format!("gives rows to `{}`", transform.name), run.span);
                }
            }
            // A family's tables have the columns of their cases.
            if let StreamTarget::Table(place) = &run.into
                && let Some(table) = program.table(place.table)
            {
                let what = format!("writes the result of `{}` into `{}`", transform.name, table.name);
                hand(transform.output, table.schema, &who, &what, run.span);
            }
        }
    }
}

/// What streams send on: to a queue whose schema does not say so, or as the input of an execution, which people read.
pub(super) fn sent(program: &Program, diagnostics: &mut Diagnostics) {
    for stream in &program.streams {
        let columns = program.schema(stream.schema).map(columns_of).unwrap_or_default();
        for send in stream.sends() {
            let marked: Vec<(String, Trail)> = match send.value.as_ref().map(|value| &value.kind) {
                None => columns.clone().into_iter().collect(),
                Some(ExprKind::Record(entries)) => {
                    let of = |value: &Expr| {
                        trail(program, value, &columns, &BTreeMap::new()).or_else(|| any_field(program, &value.ty))
                    };
                    entries.iter().filter_map(|(name, value)| Some((name.clone(), of(value)?))).collect()
                }
                Some(_) => Vec::new(),
            };
            match &send.to {
                Target::Channel(id) => {
                    let Some(channel) = program.channel(*id) else { continue };
                    let Some(schema) = program.schema(channel.schema) else { continue };
                    for (name, trail) in marked {
                        let Some(field) = schema.fields.iter().find(|field| field.name == name && !field.pii) else { continue };
                        // A record whose own fields are marked says so itself.
                        if any_field(program, &field.ty).is_some() {
                            continue;
                        }
                        let message = format!(
                            "stream `{}` sends personal data to `{}`, and `{}.{name}` does not say so",
                            stream.name, channel.name, schema.name
                        );
                        diagnostics.push(unmarked(message, &trail, field).secondary(send.span, "sent here"));
                    }
                }
                Target::Flow(flow) => {
                    let Some((_, trail)) = marked.first() else { continue };
                    let message = format!("personal data in the input of an execution: {}", trail.shown());
                    let mut diagnostic =
                        Diagnostic::new(codes::PII_TOLD, message).primary(send.span, format!("starts `{flow}` with it"));
                    if let Some((_, source)) = trail.source() {
                        diagnostic = diagnostic.secondary(*source, "marked here");
                    }
                    diagnostics.push(
                        diagnostic
                            .note("an execution's input stays in its history, for whoever may look at the console")
                            .help("send a key that is not personal, and let the flow read the record"),
                    );
                }
            }
        }
    }
}

/// Marked columns that name folders.
pub(super) fn partitions(program: &Program, diagnostics: &mut Diagnostics) {
    for table in &program.tables {
        let Some(schema) = program.schema(table.schema) else { continue };
        for partition in &table.partitions {
            let Some(field) = schema.fields.iter().find(|field| field.name == partition.name && field.pii) else { continue };
            diagnostics.push(
                Diagnostic::new(codes::PII_PARTITION, format!("`{}` is parted by `{}`, which is personal data", table.name, field.name))
                    .primary(partition.span, "its values become names of folders")
                    .secondary(field.span, "marked here")
                    .note("names of objects stand in access logs, in listings and in error messages, where no mark protects them")
                    .help(format!("part by something else, or by a hash: a column `{0}_hash = hash({0})`", field.name)),
            );
        }
    }
}

/// Personal data in what people and logs read: messages, causes of failures.
pub(super) fn told(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    let mut variables: BTreeMap<VariableId, Trail> = BTreeMap::new();
    let mut found: Vec<(Trail, Span, &'static str)> = Vec::new();
    flow.walk(&mut |statement| match statement {
        Statement::Let { variable, value, span } => {
            if let Some(trail) = trail(program, value, &Marked::new(), &variables) {
                let name = flow.variable(*variable).map_or("?", |variable| variable.name.as_str());
                variables.insert(*variable, trail.then(name, *span));
            }
        }
        Statement::Fail(Fail::New { cause: Some(cause), .. }) => {
            if let Some(trail) = trail(program, cause, &Marked::new(), &variables) {
                found.push((trail, cause.span, "the cause of a failure"));
            }
        }
        Statement::Step(step) => {
            for text in message(step) {
                if let Some(trail) = trail(program, text, &Marked::new(), &variables) {
                    found.push((trail, text.span, "a message"));
                }
            }
        }
        _ => {}
    });
    for (trail, at, what) in found {
        let mut diagnostic = Diagnostic::new(codes::PII_TOLD, format!("personal data in {what}: {}", trail.shown()))
            .primary(at, "told to whoever reads it");
        if let Some((_, source)) = trail.source() {
            diagnostic = diagnostic.secondary(*source, "marked here");
        }
        diagnostics.push(
            diagnostic
                .note("messages go to channels, and causes to the console, to CloudWatch and to alarms: they stay there")
                .help("name the record by a key that is not personal"),
        );
    }
}

fn unmarked(message: String, trail: &Trail, field: &SchemaField) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(codes::PII_UNMARKED, message).primary(field.span, "not marked `@pii`");
    for (at, (name, span)) in trail.0.iter().enumerate() {
        let label = if at == 0 { "marked here".to_owned() } else { format!("`{name}` is computed from it") };
        diagnostic = diagnostic.secondary(*span, label);
    }
    if trail.0.len() > 1 {
        let here = if trail.0.last().is_some_and(|(name, _)| *name == field.name) { String::new() } else { format!(" → `{}`", field.name) };
        diagnostic = diagnostic.note(format!("its way is {}{here}", trail.shown()));
    }
    diagnostic
        .help(format!("mark it: write `@pii` behind the type of `{}`", field.name))
        .help("or hide it: `hash(…)` where rows must still be told apart, `mask(…)` where people read it")
}

/// What a step hands from one schema to another, in words.
pub(super) fn handovers(program: &Program, step: &Step) -> Vec<(SchemaId, SchemaId, String)> {
    let table = |id: &TableId| program.table(*id);
    let Some(payload) = step.call.arguments.entry("Payload") else { return Vec::new() };
    let text = |name: &str| payload.entry(name).and_then(Expr::text);
    let mut found = Vec::new();
    match text("operation") {
        Some("copy") => {
            if let (Some(from), Some(into)) =
                (step.call.reads.first().and_then(table), step.call.writes.first().and_then(table))
            {
                found.push((from.schema, into.schema, format!("copies `{}` into `{}`", from.name, into.name)));
            }
        }
        Some("run") => {
            let Some(transform) = program.transforms.iter().find(|one| Some(one.name.as_str()) == text("transform")) else {
                return found;
            };
            for input in &transform.inputs {
                let given = payload.entry("inputs").and_then(|inputs| inputs.entry(&input.name));
                if let Some(ExprKind::Table(place)) = given.map(|given| &given.kind)
                    && let Some(from) = table(&place.table)
                {
                    found.push((from.schema, input.schema, format!("gives `{}` to `{}`", from.name, transform.name)));
                }
            }
            if let Some(into) = step.call.writes.first().and_then(table) {
                found.push((transform.output, into.schema, format!("writes the result of `{}` into `{}`", transform.name, into.name)));
            }
        }
        _ => {}
    }
    found
}

/// The texts that a step sends to people: what a handler of the generic binary is given.
fn message(step: &Step) -> Vec<&Expr> {
    let Some(payload) = step.call.arguments.entry("Payload") else { return Vec::new() };
    match (payload.entry("operation").and_then(Expr::text), payload.entry("arguments").map(|arguments| &arguments.kind)) {
        (Some("handler"), Some(ExprKind::Record(entries))) => entries.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

fn columns_of(schema: &Schema) -> Marked {
    let marked = schema.fields.iter().filter(|field| field.pii);
    marked.map(|field| (field.name.clone(), Trail(vec![(format!("{}.{}", schema.name, field.name), field.span)]))).collect()
}

/// The personal columns of a transform's result.
fn result_of(program: &Program, transform: &Transform) -> Marked {
    let input = |name: &str| {
        let input = transform.inputs.iter().find(|input| input.name == name);
        input.and_then(|input| program.schema(input.schema)).map(columns_of).unwrap_or_default()
    };
    transform.operators.iter().fold(input(&transform.from), |marked, operator| after(program, operator, marked, &input))
}

/// The personal columns after an operator; `input` gives those of a parameter.
fn after(program: &Program, operator: &Operator, marked: Marked, input: &dyn Fn(&str) -> Marked) -> Marked {
    match &operator.kind {
        OperatorKind::Where(_)
        | OperatorKind::Sort(_)
        | OperatorKind::Take(_)
        | OperatorKind::Distinct
        | OperatorKind::Check { .. } => marked,
        OperatorKind::Join(join) => {
            let mut both = marked;
            let other = input(&join.input);
            both.extend(other.into_iter().map(|(name, trail)| (Join::column_of(&join.alias, &name), trail)));
            computed(program, &join.selected, &both, Marked::new())
        }
        OperatorKind::Union { inputs, .. } => inputs.iter().fold(marked, |mut marked, name| {
            for (column, trail) in input(name) {
                marked.entry(column).or_insert(trail);
            }
            marked
        }),
        OperatorKind::Explode { column, .. } => {
            let all = marked.clone();
            computed(program, std::slice::from_ref(column), &marked, all)
        }
        OperatorKind::Derive(columns) | OperatorKind::Window { columns, .. } => {
            let all = marked.clone();
            computed(program, columns, &marked, all)
        }
        OperatorKind::Select(columns) => computed(program, columns, &marked, Marked::new()),
        OperatorKind::Group { keys, aggregates } => {
            let keys = computed(program, keys, &marked, Marked::new());
            computed(program, aggregates, &marked, keys)
        }
    }
}

/// The marks of columns that are computed from marked ones, put over those that are there.
fn computed(program: &Program, columns: &[Column], marked: &Marked, mut over: Marked) -> Marked {
    for column in columns {
        match trail(program, &column.value, marked, &BTreeMap::new()) {
            Some(trail) => {
                let passed_on = matches!(&column.value.kind, ExprKind::Column(name) if *name == column.name);
                let trail = if passed_on { trail } else { trail.then(&column.name, column.value.span) };
                over.insert(column.name.clone(), trail);
            }
            None => drop(over.remove(&column.name)),
        }
    }
    over
}

/// Where a value's personal data comes from, if it holds any.
fn trail(program: &Program, expr: &Expr, columns: &Marked, variables: &BTreeMap<VariableId, Trail>) -> Option<Trail> {
    let within = |expr: &Expr| trail(program, expr, columns, variables);
    match &expr.kind {
        ExprKind::Column(name) => columns.get(name).cloned(),
        ExprKind::Variable(id) | ExprKind::Perhaps(id) => variables.get(id).cloned(),
        ExprKind::Field { target, name, .. } => field_of(program, &target.ty, name).or_else(|| within(target)),
        // What is decided by a value does not tell it.
        _ if matches!(expr.ty.required().base(), Type::Bool) => None,
        ExprKind::IsNone { .. } | ExprKind::Matches(..) | ExprKind::In(..) => None,
        ExprKind::If(_, then, otherwise) => within(then).or_else(|| within(otherwise)),
        ExprKind::Call { function, .. } if function.hides => None,
        // A record of a schema carries its marks in its type; made into something else it is one personal value.
        ExprKind::Call { .. } | ExprKind::Text(_) => {
            expr.children().into_iter().find_map(|part| within(part).or_else(|| any_field(program, &part.ty)))
        }
        _ => expr.children().into_iter().find_map(within),
    }
}

/// A field of a schema's record, or of a case of a union, that is marked.
fn field_of(program: &Program, ty: &Type, name: &str) -> Option<Trail> {
    match ty.required() {
        Type::Row(id) => columns_of(program.schema(*id)?).remove(name),
        Type::Nominal { name: of, base } => match cases(program, of) {
            Some(mut schemas) => schemas.find_map(|schema| columns_of(schema).remove(name)),
            None => field_of(program, base, name),
        },
        _ => None,
    }
}

/// The schemas of a union's cases.
fn cases<'p>(program: &'p Program, name: &str) -> Option<impl Iterator<Item = &'p Schema>> {
    let union = program.unions.iter().find(|union| union.name == name)?;
    Some(union.cases.iter().filter_map(|case| program.schema(case.schema)))
}

/// Any marked field within a type.
fn any_field(program: &Program, ty: &Type) -> Option<Trail> {
    let of_schema = |schema: &Schema| {
        let own = columns_of(schema).into_values().next();
        own.or_else(|| schema.fields.iter().find_map(|field| any_field(program, &field.ty)))
    };
    match ty {
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => any_field(program, inner),
        Type::Nominal { name, base } => match cases(program, name) {
            Some(mut schemas) => schemas.find_map(of_schema),
            None => any_field(program, base),
        },
        Type::Record(fields) => fields.iter().find_map(|(_, ty)| any_field(program, ty)),
        Type::Row(id) => of_schema(program.schema(*id)?),
        _ => None,
    }
}

//! `parallel` and `for`: Parallel and Map states, whose branches and iterations have states and variables of their
//! own. Names of states are unique in the whole definition all the same.
//!
//! A distributed Map's iterations are executions: they read no variable of the flow. What one needs goes into its
//! input beside the item, and a Pass at its beginning makes variables of it.

use super::assembler::Assembler;
use super::errors::{catchers, retriers};
use super::flow::{Lowering, comment, empty, output as as_output};
use super::jsonata::{Code, Level, field, lower, string};
use super::tree::tree;
use flow_analysis::program::{
    Expr, ExprKind, Fail, ForEach, Head, Inner, Items, Parallel, ReaderItem, Statement, Tolerance, Type, VariableId,
    walk_statements,
};
use flow_asl::model::{
    Branch, ItemBatcher, ItemReader, Map, Parallel as ParallelState, Pass, ProcessorConfig, ReaderConfig, State, Succeed,
};
use flow_diagnostics::Span;
use indexmap::{IndexMap, IndexSet};
use serde_json::{Map as Object, Value as Json, json};

/// The item of an iteration, before it is one's input.
const ITEM: &str = "$states.context.Map.Item.Value";
/// Its index.
const INDEX: &str = "$states.context.Map.Item.Index";

impl Lowering<'_> {
    pub(super) fn parallel(&mut self, of: &Parallel) {
        let result = of.head.result.and_then(|result| self.read_name(result));
        let past = self.whether(&of.head.name, of.head.when.as_ref(), of.head.result);
        let branches = of
            .branches
            .iter()
            .map(|branch| {
                let made = self.inner(&branch.inner, &branch.name, IndexMap::new(), result.is_some(), branch.span);
                Branch { comment: comment(branch.doc.as_deref()), ..made }
            })
            .collect();
        let part = |at: usize| Code::atom(format!("$states.result[{at}]"));
        let record: Object<String, Json> = of
            .branches
            .iter()
            .enumerate()
            .map(|(at, branch)| (branch.name.clone(), part(at).delimited().into()))
            .collect();
        let whole = of.branches.iter().enumerate().map(|(at, branch)| format!("{}: {}", string(&branch.name), part(at).text));
        let whole = Code::atom(format!("{{{}}}", whole.collect::<Vec<_>>().join(", ")));
        let (value, whole) = match of.task {
            true => (part(0).delimited().into(), part(0)),
            false => (record.into(), whole),
        };
        let state = ParallelState {
            comment: comment(of.head.doc.as_deref()),
            branches,
            retry: retriers(&of.head.retry),
            assign: result.map(|name| IndexMap::from([(name, value)])),
            output: Some(empty()),
            ..ParallelState::default()
        };
        self.composite(&of.head, state.into(), whole);
        if let Some(past) = past {
            self.out.bind(past);
        }
    }

    pub(super) fn each(&mut self, of: &ForEach) {
        let result = of.head.result.and_then(|result| self.read_name(result));
        let past = self.whether(&of.head.name, of.head.when.as_ref(), of.head.result);
        let (item, index) = (self.read_name(of.item), of.index.and_then(|index| self.read_name(index)));
        let mut input = Input::of(of, item, index);
        // What the body reads of the flow is known once it is lowered: then it goes into the first state.
        let around = std::mem::take(&mut self.deploy.touched);
        let outside: Vec<String> = if of.distributed { self.free(of) } else { Vec::new() };
        let mut processor = self.inner(&of.inner, &of.head.name, input.assign(), result.is_some(), of.head.span);
        let touched = std::mem::replace(&mut self.deploy.touched, around);
        if of.distributed {
            input.outer = outside.into_iter().chain(touched.iter().cloned()).collect();
            let assign = input.assign();
            if !assign.is_empty() {
                processor = self.with_entry(processor, &of.head.name, assign, of.head.span);
            }
        }
        self.deploy.touched.extend(touched);
        processor.processor_config = Some(ProcessorConfig {
            mode: Some(if of.distributed { "DISTRIBUTED" } else { "INLINE" }.to_owned()),
            execution_type: of.distributed.then(|| if of.express { "EXPRESS" } else { "STANDARD" }.to_owned()),
            ..ProcessorConfig::default()
        });
        let mut state = Map {
            comment: comment(of.head.doc.as_deref()),
            item_selector: input.selector(),
            item_batcher: of.batch.as_ref().map(|batch| {
                let most = Some(tree(batch, "batch", &mut self.scope()));
                let (items, bytes) = if matches!(batch.ty.base(), Type::Size) { (None, most) } else { (most, None) };
                ItemBatcher {
                    max_items_per_batch: items,
                    max_input_bytes_per_batch: bytes,
                    batch_input: input.batch_input(),
                    ..ItemBatcher::default()
                }
            }),
            label: label(of),
            max_concurrency: of.max.as_ref().map(|max| tree(max, "max", &mut self.scope())),
            item_processor: Some(processor),
            retry: retriers(&of.head.retry),
            assign: result.map(|name| IndexMap::from([(name, Code::atom("$states.result").delimited().into())])),
            output: Some(empty()),
            ..Map::default()
        };
        match &of.tolerate {
            Some(Tolerance::Share(share)) => state.tolerated_failure_percentage = Some(self.percent(share)),
            Some(Tolerance::Count(count)) => {
                state.tolerated_failure_count = Some(tree(count, "tolerate", &mut self.scope()));
            }
            None => {}
        }
        match &of.items {
            Items::List(list) => state.items = Some(tree(list, "items", &mut self.scope())),
            Items::Reader(reader) => {
                let config = tree(&reader.config, "config", &mut self.scope());
                state.item_reader = Some(ItemReader {
                    resource: reader.resource.clone(),
                    // A record of the library with the fields of the States Language.
                    reader_config: serde_json::from_value::<ReaderConfig>(config)
                        .ok()
                        .filter(|config| *config != ReaderConfig::default()),
                    arguments: Some(tree(&reader.arguments, "arguments", &mut self.scope())),
                    ..ItemReader::default()
                });
            }
        }
        self.composite(&of.head, state.into(), Code::atom("$states.result"));
        if let Some(past) = past {
            self.out.bind(past);
        }
    }

    fn percent(&mut self, share: &Expr) -> Json {
        match tree(share, "tolerate", &mut self.scope()) {
            Json::Number(number) => json!(number.as_f64().unwrap_or_default() * 100.0),
            _ => Code::at(Level::Multiply, format!("{} * 100", lower(share, &mut self.scope()).within(Level::Multiply)))
                .delimited()
                .into(),
        }
    }

    /// Adds the state itself.
    fn composite(&mut self, head: &Head, state: State, result: Code) {
        let name = match head.result {
            Some(_) => head.name.clone(),
            None => self.out.names.fresh(&head.name),
        };
        let (catch, labels) = catchers(&name, &self.takers);
        let state = match state {
            State::Parallel(state) => State::Parallel(ParallelState { catch, ..state }),
            State::Map(state) => State::Map(Box::new(Map { catch, ..*state })),
            other => other,
        };
        let index = self.out.push(name, head.span, state, labels);
        if let Some(variable) = head.result {
            self.results.insert(index, (variable, result));
        }
    }

    /// A branch's or an iteration's states. Failures inside go to handlers inside, or end it.
    fn inner(
        &mut self,
        inner: &Inner,
        name: &str,
        entry: IndexMap<String, Json>,
        wanted: bool,
        span: Span,
    ) -> Branch {
        let names = std::mem::take(&mut self.out.names);
        let out = std::mem::replace(&mut self.out, Assembler::new(names));
        let takers = std::mem::take(&mut self.takers);
        let on_failure = self.on_failure.take();
        let continued = std::mem::take(&mut self.continued);
        let results = std::mem::take(&mut self.results);
        let around = std::mem::replace(&mut self.wanted, wanted);
        let depth = self.depth;
        self.depth += 1;
        if !entry.is_empty() {
            self.begin(name, entry, span);
        }
        self.block(&inner.body);
        if self.out.reachable() {
            let state_name = format!("{name} result");
            self.give(inner.output.as_ref().filter(|_| wanted), &state_name, span);
        }
        self.out.finish(span);
        let mut done = std::mem::replace(&mut self.out, out);
        self.out.names = std::mem::take(&mut done.names);
        (self.takers, self.on_failure) = (takers, on_failure);
        (self.continued, self.results, self.wanted) = (continued, results, around);
        self.depth = depth;
        let states = done.resolve();
        self.spans.extend(states.iter().map(|state| (state.name.clone(), state.span)));
        Branch {
            start_at: states.first().map(|state| state.name.clone()).unwrap_or_default(),
            states: states.into_iter().map(|state| (state.name, state.state)).collect(),
            ..Branch::default()
        }
    }

    fn begin(&mut self, name: &str, assign: IndexMap<String, Json>, span: Span) {
        let state_name = self.out.names.fresh(&format!("{name} item"));
        let state = Pass { assign: Some(assign), output: Some(empty()), ..Pass::default() };
        self.out.push(state_name, span, state, Vec::new());
    }

    /// A sub-machine with variables assigned before its first state, or in it where it assigns the item already.
    fn with_entry(&mut self, mut branch: Branch, name: &str, assign: IndexMap<String, Json>, span: Span) -> Branch {
        if let Some(State::Pass(first)) = branch.states.get_mut(&branch.start_at)
            && first.assign.as_ref().is_some_and(|known| known.keys().all(|key| assign.contains_key(key)))
            && branch.start_at.ends_with(" item")
        {
            first.assign = Some(assign);
            return branch;
        }
        let state_name = self.out.names.fresh(&format!("{name} item"));
        let next = Some(branch.start_at.clone());
        let state = Pass { assign: Some(assign), output: Some(empty()), next, ..Pass::default() };
        self.spans.push((state_name.clone(), span));
        branch.states.shift_insert(0, state_name.clone(), state.into());
        Branch { start_at: state_name, ..branch }
    }

    /// The result of a branch: the output of the state that is its last, or else of one with this name.
    pub(super) fn give(&mut self, output: Option<&Expr>, name: &str, span: Span) {
        let nothing = output.is_none_or(|output| matches!(&output.kind, ExprKind::Record(fields) if fields.is_empty()));
        if let Some(output) = output.filter(|_| !nothing) {
            if let Some(index) = self.out.before() {
                let own = self.results.get(&index).cloned();
                if !self.reads_any(output, &self.out.assigned(index), own.as_ref().map(|(id, _)| *id)) {
                    let mut scope = self.scope();
                    scope.instead.extend(own);
                    let value = as_output(output, &mut scope);
                    self.out.output(index, value);
                    return;
                }
            }
            let value = as_output(output, &mut self.scope());
            let state_name = self.out.names.fresh(name);
            self.out.push_end(state_name, span, Succeed { output: Some(value), ..Succeed::default() });
        } else if self.out.is_empty() {
            let state_name = self.out.names.fresh(name);
            self.out.push(state_name, span, Pass { output: Some(empty()), ..Pass::default() }, Vec::new());
        }
    }

    /// The variables of the flow that an iteration reads.
    fn free(&self, of: &ForEach) -> Vec<String> {
        let inner = &of.inner;
        let mut found: IndexSet<String> = IndexSet::new();
        let mut own: Vec<VariableId> = std::iter::once(of.item).chain(of.index).collect();
        let mut read: Vec<(VariableId, bool)> = Vec::new();
        let mut look = |root: &Expr| {
            root.walk(&mut |expr| match &expr.kind {
                ExprKind::Variable(id) | ExprKind::Perhaps(id) => read.push((*id, false)),
                ExprKind::Raw(id) => read.push((*id, true)),
                _ => {}
            });
        };
        inner.output.iter().for_each(&mut look);
        let mut raised = Vec::new();
        walk_statements(&inner.body, &mut |statement| {
            statement.expressions().into_iter().chain(statement.outputs()).for_each(&mut look);
            match statement {
                Statement::Step(step) => own.push(step.result),
                Statement::Let { variable, .. } => own.push(*variable),
                Statement::For(of) => own.extend(std::iter::once(of.item).chain(of.index)),
                Statement::Try { catches, .. } => own.extend(catches.iter().map(|catch| catch.handler.binding)),
                Statement::Fail(Fail::Again { error, .. }) => raised.push((*error, false)),
                _ => {}
            }
            own.extend(statement.head().and_then(|head| head.result));
        });
        for (id, raw) in read.into_iter().chain(raised) {
            if !own.contains(&id) {
                found.extend(if raw { self.read_raw(id) } else { self.read_name(id) });
            }
        }
        found.into_iter().collect()
    }
}

/// The prefix of a map run's executions: the step's name, as far as Step Functions takes it (40 characters).
fn label(of: &ForEach) -> Option<String> {
    let named = of.distributed && of.head.result.is_some() && of.head.name.chars().count() <= 40;
    named.then(|| of.head.name.clone())
}

/// What an iteration gets.
struct Input {
    item: Option<String>,
    index: Option<String>,
    /// Variables of the flow that it reads.
    outer: IndexSet<String>,
    distributed: bool,
    batched: bool,
    object: bool,
}

impl Input {
    fn of(of: &ForEach, item: Option<String>, index: Option<String>) -> Self {
        Input {
            item,
            index,
            outer: IndexSet::new(),
            distributed: of.distributed,
            batched: of.batch.is_some(),
            object: matches!(&of.items, Items::Reader(reader) if reader.item == ReaderItem::Object),
        }
    }

    /// Whether the input is the item alone, as Step Functions gives it.
    fn is_item(&self) -> bool {
        self.outer.is_empty() && self.index.is_none() && !self.object
    }

    /// What the first state makes of the input.
    fn assign(&self) -> IndexMap<String, Json> {
        let input = Code::atom("$states.input");
        let mut assign = IndexMap::new();
        let mut set = |name: &String, code: Code| assign.insert(name.clone(), Json::from(code.delimited()));
        if let Some(item) = &self.item {
            let code = match (self.batched, self.is_item() || self.item_alone()) {
                (true, _) => field(&input, "Items"),
                (false, true) => input.clone(),
                (false, false) => field(&input, "item"),
            };
            set(item, code);
        }
        if let Some(index) = &self.index {
            set(index, field(&input, "index"));
        }
        let outer = if self.batched { field(&input, "BatchInput") } else { input.clone() };
        for name in &self.outer {
            set(name, field(&outer, name));
        }
        assign
    }

    /// Whether a listing's object is the whole input.
    fn item_alone(&self) -> bool {
        self.object && self.outer.is_empty() && self.index.is_none()
    }

    fn item_value(&self) -> Json {
        if self.object {
            let part = |name: &str| Json::from(Code::atom(format!("{ITEM}.{name}")).delimited());
            json!({ "key": part("Key"), "size": part("Size"), "etag": part("Etag") })
        } else {
            Code::atom(ITEM).delimited().into()
        }
    }

    fn selector(&self) -> Option<Json> {
        if self.is_item() || self.batched && !self.object {
            return None;
        }
        if self.batched || self.item_alone() {
            return Some(self.item_value());
        }
        let mut input = Object::new();
        if self.item.is_some() {
            input.insert("item".to_owned(), self.item_value());
        }
        if self.index.is_some() {
            input.insert("index".to_owned(), Code::atom(INDEX).delimited().into());
        }
        if self.distributed {
            input.extend(self.outer_values());
        }
        Some(input.into())
    }

    fn batch_input(&self) -> Option<Json> {
        (!self.outer.is_empty()).then(|| self.outer_values().collect::<Object<_, _>>().into())
    }

    fn outer_values(&self) -> impl Iterator<Item = (String, Json)> + '_ {
        self.outer.iter().map(|name| (name.clone(), Code::atom(format!("${name}")).delimited().into()))
    }
}

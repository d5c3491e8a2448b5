//! A map run: what a distributed Map has beside its iterations. Its items may be read from objects
//! and be put together to batches; each iteration is an execution of its own, of which the history
//! here tells nothing; some may fail; and the results may be written to objects.

use super::branch::{Branch, ChildExecution, Failed, MapItem};
use super::children::Children;
use super::evaluate::{Fault, Seen, plain};
use super::map::{Limits, Prepared};
use super::redrive::Resume;
use super::run::Run;
use super::{Kind, Step};
use crate::clock::Time;
use crate::data::Data;
use crate::distributed::{
    self, Batching, ChildStatus, Destination, EXCEEDED, Item, ReaderConfig, STATE_DATA, Tolerance,
    WriterConfig, collect, export, items_of, max_items,
};
use crate::driver::ObjectStore;
use crate::history::{Event, MapRunStep, Text};
use crate::program::{Distributed, Field, MapCode, ReaderCode, StateCode};
use serde_json::Value;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// What the iterations of a Map are about.
#[derive(Debug)]
pub(super) enum Items {
    /// The elements of an array of the state's data.
    Array(Data, Arc<str>),
    /// The fields of an object, or what a reader has read.
    Each(Vec<Item>),
    /// Inputs that are ready, each with the number of items in it.
    Batches(Vec<(Data, usize)>),
}

impl Default for Items {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl Items {
    /// An array's elements, or an object's fields.
    pub(super) fn of_state(data: Data) -> Self {
        let source: Arc<str> = STATE_DATA.into();
        if data.value().is_array() {
            return Self::Array(data, source);
        }
        Self::Each(items_of(data.into_value(), &source).unwrap_or_default())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Array(array, _) => array.value().as_array().map_or(0, Vec::len),
            Self::Each(items) => items.len(),
            Self::Batches(batches) => batches.len(),
        }
    }

    /// The item of an iteration; of a batch there is none.
    pub(super) fn item(&self, index: usize) -> MapItem {
        let (key, value, source) = match self {
            Self::Array(array, source) => (None, array.value().get(index), Some(source)),
            Self::Each(items) => {
                let item = items.get(index);
                let key = item.and_then(|item| item.key.clone());
                let source = item.map(|item| &item.source);
                (key, item.map(|item| &item.value), source)
            }
            Self::Batches(_) => (None, None, None),
        };
        MapItem {
            index,
            key,
            value: Data::new(value.cloned().unwrap_or_default()),
            source: source.map_or_else(|| STATE_DATA.into(), Arc::clone),
        }
    }

    pub(super) fn batch(&self, index: usize) -> Option<Data> {
        match self {
            Self::Batches(batches) => batches.get(index).map(|(input, _)| input.clone()),
            _ => None,
        }
    }

    /// How many items an iteration is about.
    pub(super) fn weight(&self, index: usize) -> u64 {
        match self {
            Self::Batches(batches) => batches.get(index).map_or(1, |(_, count)| *count as u64),
            _ => 1,
        }
    }

    fn weights(&self) -> u64 {
        (0..self.len()).map(|index| self.weight(index)).sum()
    }
}

/// What a distributed Map asks of objects, evaluated.
#[derive(Debug, Default)]
pub(super) struct Request {
    reader: Option<Reader>,
    batching: Option<Batching>,
    writer: WriterConfig,
    /// `ResultWriter`'s `Arguments` or `Parameters`.
    export: Option<Value>,
}

#[derive(Debug)]
struct Reader {
    resource: Arc<str>,
    arguments: Value,
    /// Or why there is none: the cause of a `States.ItemReaderFailed`.
    config: Result<ReaderConfig, String>,
}

impl Request {
    pub(super) fn reads(&self) -> bool {
        self.reader.is_some()
    }
}

/// A map run under way.
#[derive(Debug)]
pub(super) struct DistributedRun {
    arn: Text,
    kind: Kind,
    tolerance: Tolerance,
    /// Items, and how many of them are in iterations that failed.
    items: u64,
    failed: u64,
    children: Vec<Option<Record>>,
    request: Request,
}

/// What is known of a child execution.
#[derive(Debug)]
struct Record {
    execution: Rc<ChildExecution>,
    ended: Option<Time>,
    error: Option<(Option<String>, Option<String>)>,
}

impl DistributedRun {
    pub(super) fn started(&mut self, index: usize, execution: &Rc<ChildExecution>) {
        if self.children.len() <= index {
            self.children.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.children.get_mut(index) {
            *slot = Some(Record {
                execution: Rc::clone(execution),
                ended: None,
                error: None,
            });
        }
    }

    pub(super) fn ended(&mut self, index: usize, at: Time) {
        if let Some(Some(record)) = self.children.get_mut(index) {
            record.ended = Some(at);
        }
    }

    pub(super) fn is_well(&self, index: usize) -> bool {
        matches!(self.children.get(index), Some(Some(record)) if record.error.is_none())
    }

    /// A child has failed with so many items: whether these are too many.
    pub(super) fn failed(&mut self, index: usize, failed: &Failed, items: u64, at: Time) -> bool {
        self.failed += items;
        if let Some(Some(record)) = self.children.get_mut(index) {
            record.ended = Some(at);
            record.error = Some((failed.error.clone(), failed.cause.clone()));
        }
        self.tolerance.exceeded(self.failed, self.items)
    }

    /// What is told of the children, by index.
    fn describe(&self, outputs: Vec<Option<Data>>) -> Vec<distributed::ChildExecution> {
        let outputs = outputs.into_iter().chain(std::iter::repeat(None));
        let children = self.children.iter().zip(outputs);
        children
            .filter_map(|(record, output)| Some((record.as_ref()?, output)))
            .map(|(record, output)| {
                let (status, output) = match (&record.error, record.ended) {
                    (Some(_), _) => (ChildStatus::Failed, None),
                    (None, Some(_)) => (ChildStatus::Succeeded, output),
                    (None, None) => (ChildStatus::Aborted, None),
                };
                let execution = &record.execution;
                let (error, cause) = record.error.clone().unwrap_or_default();
                distributed::ChildExecution {
                    name: execution.name.clone(),
                    arn: execution.arn.clone(),
                    machine_arn: Arc::clone(&execution.machine_arn),
                    input: execution.input.text(),
                    status,
                    output: output.map(Data::into_value),
                    error,
                    cause,
                    time: (Some(execution.started), record.ended),
                }
            })
            .collect()
    }
}

impl Run<'_> {
    /// Evaluates what the Map asks of objects.
    pub(super) fn request_of(
        &mut self,
        branch: &Branch,
        state: &StateCode,
        map: &MapCode,
        input: &Data,
    ) -> Result<Request, Fault> {
        let Some(distributed) = &map.distributed else {
            return Ok(Request::default());
        };
        self.look(branch, state, Seen::root(input), |eye| {
            let value = |field: &Option<Field>, name: &str| {
                let value = field.as_ref().map(|field| eye.value(field, name));
                value.transpose()
            };
            let count = |field: &Option<Field>, name: &str| {
                let count = field.as_ref().map(|field| eye.number(field, name));
                count.transpose()
            };
            let reader = |reader: &ReaderCode| {
                let config = eye.value(&reader.config, "ItemReader/ReaderConfig")?;
                let mut config = ReaderConfig::parse(config.value());
                if let (Ok(config), Some(most)) = (&mut config, &reader.max_items) {
                    let found = eye.value(most, "MaxItemsPath")?;
                    config.max_items = match (max_items(found.value()), most) {
                        (Ok(most), _) => most,
                        (Err(_), Field::Path(path))
                            if distributed::whole_number(found.value()).is_none() =>
                        {
                            return Err(Fault::runtime(format!(
                                "The MaxItemsPath field refers to value \"{}\" which is not a valid integer: {}",
                                plain(&found),
                                path.text()
                            )));
                        }
                        (Err(why), _) => {
                            return Ok(Reader {
                                resource: Arc::clone(&reader.resource),
                                arguments: Value::Null,
                                config: Err(why),
                            });
                        }
                    };
                }
                let arguments = value(&reader.arguments, "ItemReader/Arguments")?;
                Ok(Reader {
                    resource: Arc::clone(&reader.resource),
                    arguments: arguments.map(Data::into_value).unwrap_or_default(),
                    config,
                })
            };
            let batcher = distributed.batcher.as_ref();
            let batching = batcher.map(|batcher| {
                Ok::<_, Fault>(Batching {
                    max_items: count(&batcher.max_items, "MaxItemsPerBatch")?,
                    max_bytes: count(&batcher.max_bytes, "MaxInputBytesPerBatch")?,
                    input: value(&batcher.input, "ItemBatcher/BatchInput")?.map(Data::into_value),
                })
            });
            let writer = distributed.writer.as_ref();
            let export = writer.map(|writer| value(&writer.export, "ResultWriter/Arguments"));
            Ok(Request {
                reader: distributed.reader.as_ref().map(reader).transpose()?,
                batching: batching.transpose()?,
                writer: writer.map(|writer| writer.config).unwrap_or_default(),
                export: export.transpose()?.flatten().map(Data::into_value),
            })
        })
    }

    /// Records the start of a map run, of the ARN `arn:…:mapRun:machine/label:uuid`.
    pub(super) fn start_map_run(
        &mut self,
        branch: &mut Branch,
        distributed: &Distributed,
        limits: Limits,
        request: Request,
    ) -> DistributedRun {
        let uuid = || crate::jsonata::uuid(&mut *self.random.borrow_mut());
        let run = match &distributed.label {
            Some(label) => format!("{label}:{}", uuid()),
            None => format!("{}:{}", uuid(), uuid()),
        };
        let machine = &self.context.state_machine_arn;
        let machine = machine.replacen(":stateMachine:", ":mapRun:", 1);
        let arn = Text::from(format!("{machine}/{run}"));
        let event = Event::MapRun {
            step: MapRunStep::Started(Arc::clone(&arn)),
        };
        self.record_on(branch, event);
        DistributedRun {
            arn,
            kind: distributed.kind,
            tolerance: limits.tolerance,
            items: 0,
            failed: 0,
            children: Vec::new(),
            request,
        }
    }

    /// Reads the items of a map run and puts them together, as far as it does. The inner error is
    /// the map run's, the outer that of a field.
    pub(super) fn items_of_run(
        &mut self,
        branch: &mut Branch,
        state: &StateCode,
        map: &MapCode,
        input: &Data,
        items: &mut Items,
        run: &mut DistributedRun,
    ) -> Result<Result<(), Failed>, Fault> {
        if let Some(reader) = run.request.reader.take() {
            match self.read(&reader) {
                Ok(read) => *items = Items::Each(read),
                Err(why) => {
                    return Ok(Err(Failed::new("States.ItemReaderFailed", Some(why))));
                }
            }
        }
        if let Some(batching) = run.request.batching.take() {
            *items = self.batches(branch, state, map, input, items, &batching)?;
        }
        run.items = items.weights();
        Ok(Ok(()))
    }

    fn read(&mut self, reader: &Reader) -> Result<Vec<Item>, String> {
        let config = reader.config.as_ref().map_err(Clone::clone)?;
        let store = objects(self.driver.objects())?;
        distributed::read(&reader.resource, &reader.arguments, config, store)
    }

    fn batches(
        &mut self,
        branch: &mut Branch,
        state: &StateCode,
        map: &MapCode,
        input: &Data,
        items: &Items,
        batching: &Batching,
    ) -> Result<Items, Fault> {
        let selector = map.selector.as_ref();
        let mut inputs = Vec::with_capacity(items.len());
        for index in 0..items.len() {
            let item = Rc::new(items.item(index));
            let selected = self.selected(branch, state, selector, input, &item)?;
            inputs.push(selected.into_value());
        }
        let batches = batching.batch(inputs).into_iter();
        let batches = batches.map(|(input, count)| (Data::new(input), count));
        Ok(Items::Batches(batches.collect()))
    }

    /// `arn:…:execution:machine/label:uuid`, of a map run `arn:…:mapRun:machine/label:uuid`; an
    /// Express child is `arn:…:express:machine/label:uuid:uuid`.
    pub(super) fn child_execution(&mut self, run: &DistributedRun, input: Data) -> ChildExecution {
        let uuid = || crate::jsonata::uuid(&mut *self.random.borrow_mut());
        let name = uuid();
        let of = run.arn.rsplit_once(':').map_or(&*run.arn, |(of, _)| of);
        let arn = match run.kind {
            Kind::Standard => format!("{}:{name}", of.replacen(":mapRun:", ":execution:", 1)),
            Kind::Express => {
                format!(
                    "{}:{name}:{}",
                    of.replacen(":mapRun:", ":express:", 1),
                    uuid()
                )
            }
        };
        ChildExecution {
            arn,
            name,
            machine_arn: of.replacen(":mapRun:", ":stateMachine:", 1).into(),
            input,
            started: self.now,
            // `ExecutionStarted`.
            events: Cell::new(1),
            most_events: super::ending::most_events(run.kind) as u64,
        }
    }

    /// All children are over, and no more failed than may: the results.
    pub(super) fn map_run_done(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        mut children: Children,
    ) {
        let outputs = children.take_outputs();
        let Some(run) = children.distributed() else {
            return self.children_done(branch, state, children);
        };
        let told = run.describe(outputs);
        let result = match &run.request.export {
            None => Ok(collect(told, run.request.writer)),
            Some(to) => self.export(&told, run, to),
        };
        match result {
            Ok(result) => {
                let event = Event::MapRun {
                    step: MapRunStep::Succeeded,
                };
                self.record_on(&mut branch, event);
                self.work_done(branch, state, Data::new(result));
            }
            Err(why) => {
                let failed = Failed::new("States.ResultWriterFailed", Some(why));
                self.map_run_failed(branch, state, failed);
            }
        }
    }

    fn export(
        &mut self,
        children: &[distributed::ChildExecution],
        run: &DistributedRun,
        to: &Value,
    ) -> Result<Value, String> {
        let text = |field: &str| to.get(field).and_then(Value::as_str);
        let to = Destination {
            bucket: text("Bucket").ok_or("field Bucket must be a string")?,
            prefix: text("Prefix").unwrap_or_default(),
            map_run: &run.arn,
        };
        let export = export(children, run.request.writer, to);
        let store = objects(self.driver.objects())?;
        for (key, body) in export.files {
            store
                .put(to.bucket, &key, body)
                .map_err(|error| error.to_string())?;
        }
        Ok(export.result)
    }

    /// More items failed than may: the other children are stopped.
    pub(super) fn map_run_exceeded(
        &mut self,
        branch: Box<Branch>,
        state: &StateCode,
        mut children: Box<Children>,
        failed: (usize, Resume),
    ) {
        let pending = children.map.as_ref().map(super::map::MapRun::pending);
        let outputs = children.outputs().to_vec();
        if let Some(run) = children.distributed()
            && let Some(to) = run.request.export.clone()
        {
            let mut told = run.describe(outputs);
            let machine = told.first().map(|child| Arc::clone(&child.machine_arn));
            told.extend(
                pending
                    .into_iter()
                    .flatten()
                    .map(|input| distributed::ChildExecution {
                        name: String::new(),
                        arn: String::new(),
                        machine_arn: machine.clone().unwrap_or_else(|| "".into()),
                        input: input.text(),
                        status: ChildStatus::Pending,
                        output: None,
                        error: None,
                        cause: None,
                        time: (None, None),
                    }),
            );
            // The run fails in any case, for what it says below.
            let _ = self.export(&told, run, &to);
        }
        let at = branch.previous;
        let below = self.stop_siblings(children, failed, at, |_, _| {});
        let failed = Failed::new(
            "States.ExceedToleratedFailureThreshold",
            Some(EXCEEDED.to_owned()),
        );
        self.map_run_failed(branch, state, failed.with(below));
    }

    /// The map run has failed, and the state with it.
    pub(super) fn map_run_failed(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        failed: Failed,
    ) {
        let event = Event::MapRun {
            step: MapRunStep::Failed((&failed).into()),
        };
        self.record_on(&mut branch, event);
        self.state_failed(branch, state, failed);
    }

    /// A Map that is tested: its items, their selection and batches, and then what the mock says.
    pub(super) fn test_map(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        map: &MapCode,
        prepared: Prepared,
    ) {
        let Prepared {
            input,
            mut items,
            request,
            limits,
        } = prepared;
        if let Some(reader) = &request.reader {
            match self.test_items(&branch, state, map, &input, reader) {
                Ok(Ok(read)) => items = read,
                Ok(Err(why)) => {
                    let failed = Failed::new("States.ItemReaderFailed", Some(why));
                    return self.state_failed(branch, state, failed);
                }
                Err(fault) => return self.faulted(branch, state, fault, true),
            }
        }
        let made = match &request.batching {
            Some(batching) => self
                .batches(&mut branch, state, map, &input, &items, batching)
                .map(|batches| {
                    let made = (0..batches.len()).filter_map(|index| batches.batch(index));
                    let made = made.map(Data::into_value).collect();
                    self.processed(
                        state,
                        Step::AfterItemBatcher,
                        &Data::new(Value::Array(made)),
                    );
                    batches.len()
                }),
            None => (0..items.len())
                .try_for_each(|index| {
                    let item = Rc::new(items.item(index));
                    let selector = map.selector.as_ref();
                    self.selected(&mut branch, state, selector, &input, &item)
                        .map(|_| ())
                })
                .map(|()| items.len()),
        };
        match made {
            Ok(iterations) => self.mocked_map(branch, state, limits, iterations),
            Err(fault) => self.faulted(branch, state, fault, true),
        }
    }

    /// What a reader gives in a test: what it is said to read, or else the state's input.
    fn test_items(
        &mut self,
        branch: &Branch,
        state: &StateCode,
        map: &MapCode,
        input: &Data,
        reader: &Reader,
    ) -> Result<Result<Items, String>, Fault> {
        let data = self.test.as_ref();
        let data = data.and_then(|test| test.single.reader_data.clone());
        let Some(data) = data else {
            return self.items(branch, state, map, input).map(Ok);
        };
        let config = match &reader.config {
            Ok(config) => config,
            Err(why) => return Ok(Err(why.clone())),
        };
        let text = |field: &str| reader.arguments.get(field).and_then(Value::as_str);
        let source = match (text("Bucket"), text("Key")) {
            (Some(bucket), Some(key)) => format!("S3://{bucket}/{key}"),
            (Some(bucket), None) => format!("S3://{bucket}"),
            _ => STATE_DATA.to_owned(),
        };
        let most = usize::try_from(config.max_items).unwrap_or(usize::MAX);
        let items = distributed::parse(data.as_bytes(), config, most, &source.into());
        Ok(items.map(|items| {
            if !config.pointer.is_empty() {
                let values = items.iter().map(|item| item.value.clone()).collect();
                self.processed(
                    state,
                    Step::AfterItemsPointer,
                    &Data::new(Value::Array(values)),
                );
            }
            Items::Each(items)
        }))
    }
}

/// The store of the driver.
fn objects(store: Option<&mut dyn ObjectStore>) -> Result<&mut dyn ObjectStore, String> {
    store.ok_or_else(|| "there are no buckets here: give some to the driver".to_owned())
}

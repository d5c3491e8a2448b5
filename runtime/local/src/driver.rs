//! What does the work of Task states on this machine: routes each to its function or command, puts injected errors in
//! place of attempts, answers for those who are waited for, and for skipped steps.

use crate::function::Functions;
use crate::nested::{self, Flow, Flows};
use crate::python;
use crate::record::Recorder;
use crate::resume::Nested;
use crate::changes::Changes;
use crate::steps::{self, How, Step};
use flow_asl::driver::{Completion, DirectoryObjects, ObjectStore, TaskDriver, TaskError, TaskId, TaskRequest};
use flow_asl::interpreter::{AbortHandle, Site};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// The driver of one run.
#[derive(Debug)]
pub struct Driver {
    /// Where the work is done.
    pub runtime: Handle,
    /// The generic binary.
    pub functions: Arc<Functions>,
    /// Commands, by state.
    pub commands: BTreeMap<String, Arc<python::Task>>,
    /// How each step is run, by state.
    pub how: BTreeMap<String, How>,
    /// Its flow.
    pub flow: String,
    /// `--fail`, `--skip` and `--answer`, by flow.
    pub changes: Arc<BTreeMap<String, Changes>>,
    /// Attempts of each step of each flow over the whole run, for faults and answers.
    pub attempts: Arc<Mutex<BTreeMap<(String, String), u64>>>,
    /// What runs.
    pub running: BTreeMap<TaskId, JoinHandle<()>>,
    /// Flows that others start.
    pub flows: Arc<Flows>,
    /// Executions of them.
    pub nested: BTreeMap<TaskId, AbortHandle>,
    /// The folders that are buckets.
    pub objects: DirectoryObjects,
    /// Where the run is written down.
    pub recorder: Recorder,
    /// Executions of called flows that an earlier start did not bring to a good end.
    pub resumed: HashMap<Site, Nested>,
}

impl Driver {
    /// A driver that has started nothing.
    #[expect(clippy::too_many_arguments, reason = "everything that does a run's work")]
    pub fn new(
        runtime: Handle,
        functions: Arc<Functions>,
        commands: BTreeMap<String, Arc<python::Task>>,
        (flow, steps): (&str, &[Step]),
        changes: Arc<BTreeMap<String, Changes>>,
        flows: Arc<Flows>,
        objects: DirectoryObjects,
        recorder: Recorder,
    ) -> Self {
        let how = steps.iter().map(|step| (step.name.clone(), step.how.clone())).collect();
        Driver {
            runtime,
            functions,
            commands,
            how,
            flow: flow.to_owned(),
            changes,
            attempts: Arc::default(),
            running: BTreeMap::new(),
            flows,
            nested: BTreeMap::new(),
            objects,
            recorder,
            resumed: HashMap::new(),
        }
    }

    /// A driver for an execution of another flow.
    pub fn nested(&self, flow: &Flow, execution: &str) -> Driver {
        let mut driver = Driver::new(
            self.runtime.clone(),
            Arc::clone(&self.functions),
            flow.commands.clone(),
            (&flow.name, &flow.steps),
            Arc::clone(&self.changes),
            Arc::clone(&self.flows),
            self.objects.clone(),
            self.recorder.within(execution),
        );
        driver.attempts = Arc::clone(&self.attempts);
        driver
    }

    /// The number of the attempt that begins, from 0.
    fn attempt(&self, state: &str) -> u64 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let next = attempts.entry((self.flow.clone(), state.to_owned())).or_default();
        let attempt = *next;
        *next += 1;
        attempt
    }

    /// The cause of an injected error, recognisable wherever it turns up.
    pub const INJECTED: &'static str = "injected by --fail";
}

impl TaskDriver for Driver {
    fn start(&mut self, request: TaskRequest, completion: Completion) {
        self.running.retain(|_, job| !job.is_finished());
        let changes = Arc::clone(&self.changes);
        if let Some(changes) = changes.get(&self.flow) {
            if changes.skips(&request.state) {
                return completion.complete(Ok(steps::nothing(&request.resource)));
            }
            let attempt = self.attempt(&request.state);
            if let Some(fault) = changes.fault(&request.state, attempt) {
                return completion.complete(Err(TaskError::new(&fault.error, Self::INJECTED)));
            }
            if let Some(answer) = changes.answer(&request.state, attempt) {
                return completion.complete(Ok(answer.clone()));
            }
        }
        let id = request.id;
        let job = match self.how.get(&request.state) {
            Some(How::Function(key)) => {
                let (functions, key) = (Arc::clone(&self.functions), key.clone());
                let payload = request.arguments.get("Payload").cloned().unwrap_or(Value::Object(serde_json::Map::new()));
                self.runtime.spawn(async move { completion.complete(functions.invoke(&key, &payload).await) })
            }
            Some(How::Python) => {
                let Some(task) = self.commands.get(&request.state).map(Arc::clone) else {
                    return completion.complete(Err(cannot(&request)));
                };
                self.runtime.spawn(async move { completion.complete(python::run(&task, &request.arguments).await) })
            }
            Some(How::Flow { arn, .. }) => {
                let (flows, arn) = (Arc::clone(&self.flows), arn.clone());
                if let Some(handle) = nested::start(&arn, &flows, self, &request, completion) {
                    self.nested.insert(id, handle);
                }
                return;
            }
            Some(How::Await | How::Nothing) | None => return completion.complete(Err(cannot(&request))),
        };
        self.running.insert(id, job);
    }

    fn cancel(&mut self, id: TaskId) {
        // Dropped with its task, a process is killed.
        if let Some(job) = self.running.remove(&id) {
            job.abort();
        }
        // As Step Functions stops the execution whose state is stopped.
        if let Some(handle) = self.nested.remove(&id) {
            handle.abort("", "");
        }
    }

    fn objects(&mut self) -> Option<&mut dyn ObjectStore> {
        Some(&mut self.objects)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        for job in self.running.values() {
            job.abort();
        }
        for handle in self.nested.values() {
            handle.abort("", "");
        }
    }
}

fn cannot(request: &TaskRequest) -> TaskError {
    TaskError::new("States.Runtime", format!("nothing on this machine stands for `{}`", request.resource))
}

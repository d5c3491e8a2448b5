//! What does the work of Task states on this machine: routes each to its function or command, puts injected errors in
//! place of attempts, and answers for skipped steps.

use crate::function::Functions;
use crate::nested::{self, Flow, Flows};
use crate::python;
use crate::record::Recorder;
use crate::resume::Nested;
use crate::steps::{self, Changes, How, Step};
use flow_asl::driver::{Completion, DirectoryObjects, ObjectStore, TaskDriver, TaskError, TaskId, TaskRequest};
use flow_asl::interpreter::{AbortHandle, Site};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
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
    /// `--fail` and `--skip`.
    pub changes: Changes,
    /// Attempts of each state over the whole execution, for faults.
    pub attempts: BTreeMap<String, u64>,
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
        steps: &[Step],
        changes: Changes,
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
            changes,
            attempts: BTreeMap::new(),
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
        Driver::new(
            self.runtime.clone(),
            Arc::clone(&self.functions),
            flow.commands.clone(),
            &flow.steps,
            Changes::default(),
            Arc::clone(&self.flows),
            self.objects.clone(),
            self.recorder.within(execution),
        )
    }

    /// The cause of an injected error, recognisable wherever it turns up.
    pub const INJECTED: &'static str = "injected by --fail";
}

impl TaskDriver for Driver {
    fn start(&mut self, request: TaskRequest, completion: Completion) {
        self.running.retain(|_, job| !job.is_finished());
        if self.changes.skips(&request.state) {
            return completion.complete(Ok(steps::nothing(&request.resource)));
        }
        let attempt = self.attempts.entry(request.state.clone()).or_default();
        let fault = self.changes.fault(&request.state, *attempt);
        *attempt += 1;
        if let Some(fault) = fault {
            return completion.complete(Err(TaskError::new(&fault.error, Self::INJECTED)));
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
            Some(How::Nothing) | None => return completion.complete(Err(cannot(&request))),
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

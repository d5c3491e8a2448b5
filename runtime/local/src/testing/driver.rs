//! What does the work of a flow in a test: mocks first, the generic binary for its own steps, and nothing that would
//! leave the machine.

use super::store::Store;
use crate::function::Functions;
use crate::steps::{How, Step};
use flow_asl::driver::{
    Completion, DirectoryObjects, ObjectStore, TaskDriver, TaskError, TaskId, TaskRequest, TaskResult,
};
use flow_asl::interpreter::AbortHandle;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

/// The error that ends an execution which reached a step that must be mocked.
const NOT_MOCKED: &str = "Flow.NotMocked";

/// What a mocked step does, for so many calls or for all that follow.
#[derive(Debug, Clone)]
pub struct Mocked {
    /// For how many calls; `None` for all.
    pub times: Option<u64>,
    /// Its result or failure.
    pub answer: TaskResult,
}

/// The driver of one run in a test.
pub struct TestDriver {
    mocks: IndexMap<String, Vec<Mocked>>,
    how: BTreeMap<String, (How, String)>,
    calls: IndexMap<String, u64>,
    refused: Option<Vec<String>>,
    abort: Option<AbortHandle>,
    runtime: Handle,
    functions: Arc<Functions>,
    running: BTreeMap<TaskId, JoinHandle<()>>,
    objects: DirectoryObjects,
}

impl TestDriver {
    /// A driver that has started nothing.
    pub fn new(runtime: &Runtime, store: &Store, steps: &[Step], mocks: IndexMap<String, Vec<Mocked>>) -> TestDriver {
        let how = steps.iter().map(|step| (step.name.clone(), (step.how.clone(), step.resource.clone()))).collect();
        TestDriver {
            mocks,
            how,
            calls: IndexMap::new(),
            refused: None,
            abort: None,
            runtime: runtime.handle().clone(),
            functions: Arc::clone(store.functions()),
            running: BTreeMap::new(),
            objects: store.objects(),
        }
    }

    /// What ends the execution at a step that must be mocked.
    pub fn aborts(&mut self, handle: AbortHandle) {
        self.abort = Some(handle);
    }

    /// What is to be said of the step at which the run ended because nothing stands for it.
    pub fn refused(&mut self) -> Option<Vec<String>> {
        self.refused.take()
    }

    /// How often each step was started.
    pub fn calls(&self) -> IndexMap<String, u64> {
        self.calls.clone()
    }

    fn mocked(&self, step: &str, call: u64) -> Option<Option<&TaskResult>> {
        let mocks = self.mocks.get(step)?;
        let mut before = 0_u64;
        for mock in mocks {
            let after = mock.times.map_or(u64::MAX, |times| before.saturating_add(times));
            if call < after {
                return Some(Some(&mock.answer));
            }
            before = after;
        }
        // Failures that are over: the step is what it is. Results that are over: it has none.
        mocks.iter().any(|mock| mock.answer.is_ok()).then_some(None)
    }

    fn refuse(&mut self, completion: Completion, lines: Vec<String>) {
        completion.complete(Err(TaskError::new(NOT_MOCKED, lines.first().cloned().unwrap_or_default())));
        self.refused.get_or_insert(lines);
        if let Some(abort) = &self.abort {
            abort.abort(NOT_MOCKED, "");
        }
    }
}

impl TaskDriver for TestDriver {
    fn start(&mut self, request: TaskRequest, completion: Completion) {
        let step = request.state.clone();
        let call = self.calls.entry(step.clone()).or_default();
        let before = *call;
        *call += 1;
        match self.mocked(&step, before) {
            Some(Some(answer)) => return completion.complete(answer.clone()),
            Some(None) => {
                let lines = vec![
                    format!("step `{step}` was started {} times, and is mocked for {before} calls", before + 1),
                    format!("write one more, for all that follow: `mock {step} = …`"),
                ];
                return self.refuse(completion, lines);
            }
            None => {}
        }
        let (how, resource) = self.how.get(&step).cloned().unwrap_or((How::Nothing, request.resource.clone()));
        match how {
            How::Function(key) => {
                let (functions, payload) = (Arc::clone(&self.functions), request.event());
                let answered = async move { completion.complete(functions.invoke(&key, &payload).await) };
                self.running.insert(request.id, self.runtime.spawn(answered));
            }
            How::Python | How::Flow { .. } | How::Await | How::Nothing => {
                let what = match how {
                    How::Python => "it runs a container".to_owned(),
                    How::Flow { name, .. } => format!("it starts flow `{name}`"),
                    _ => format!("it calls `{resource}`"),
                };
                let lines = vec![
                    format!("step `{step}` was reached, and a test does not run it: {what}"),
                    format!("say what it does, before the `run`: `mock {step} = {{ … }}`, or `mock {step} raises ERROR`"),
                ];
                self.refuse(completion, lines);
            }
        }
    }

    fn cancel(&mut self, id: TaskId) {
        // Dropped with its task, a process is killed.
        if let Some(job) = self.running.remove(&id) {
            job.abort();
        }
    }

    fn objects(&mut self) -> Option<&mut dyn ObjectStore> {
        Some(&mut self.objects)
    }
}

//! Executing a transform: DataFusion's session, inputs as tables, the result as a stream of batches.

use crate::Environment;
use crate::failure::{Result, defect, query_failure};
use crate::lower::{CheckedPlan, Lowered, Source, lower_transform};
use crate::reading::Reading;
use crate::types::computed_schema;
use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool, TrackConsumersPool, UnboundedMemoryPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::catalog::TableProvider;
use flow_plan::{Field, Schema, Transform};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

/// Consumers of memory that a failure names.
const NAMED_CONSUMERS: NonZeroUsize = NonZeroUsize::MIN;

/// DataFusion's physical rules that move expressions below filters, or merge filters, without asking whether an
/// expression may fail.
const MOVING_RULES: [&str; 3] = ["ProjectionPushdown", "FilterPushdown", "FilterPushdown(Post)"];

/// The memory, temporary directory and settings that requests share.
#[derive(Debug)]
pub struct Executor {
    runtime: Arc<RuntimeEnv>,
    config: SessionConfig,
    /// Threads to compute with.
    pub threads: usize,
}

impl Executor {
    /// An executor with the memory and threads that the environment gives.
    pub fn new(environment: &Environment) -> Result<Self> {
        let threads = environment.threads()?;
        let memory = environment.memory()?;
        let pool: Arc<dyn MemoryPool> = match memory {
            Some(bytes) => Arc::new(TrackConsumersPool::new(FairSpillPool::new(bytes), NAMED_CONSUMERS)),
            None => Arc::new(UnboundedMemoryPool::default()),
        };
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().map_err(defect)?;
        let mut config = SessionConfig::new()
            .with_target_partitions(threads)
            .with_information_schema(false);
        let options = config.options_mut();
        options.execution.time_zone = Some(crate::types::UTC.into());
        options.sql_parser.enable_ident_normalization = false;
        options.execution.parquet.pushdown_filters = false;
        // What a sort sets aside for merging what it spilled: DataFusion's 10 MB, a thread, is all that a small
        // function has, and then nothing can be sorted at all.
        if let Some(memory) = memory {
            let share = memory / (8 * threads.max(1));
            options.execution.sort_spill_reservation_bytes = options.execution.sort_spill_reservation_bytes.min(share);
        }
        Ok(Executor {
            runtime,
            config,
            threads,
        })
    }

    /// The pool that bounds memory.
    pub fn pool(&self) -> &Arc<dyn MemoryPool> {
        &self.runtime.memory_pool
    }

    /// The runtime, for registering stores.
    pub fn runtime(&self) -> &Arc<RuntimeEnv> {
        &self.runtime
    }

    /// A session. A guarded one moves nothing below a filter (see [`crate::lower`]).
    pub fn session(&self, guarded: bool) -> SessionContext {
        let mut builder = SessionStateBuilder::new()
            .with_config(self.config.clone())
            .with_runtime_env(Arc::clone(&self.runtime))
            .with_default_features();
        if guarded {
            let rules = PhysicalOptimizer::new()
                .rules
                .into_iter()
                .filter(|rule| !MOVING_RULES.contains(&rule.name()))
                .collect();
            builder = builder.with_physical_optimizer_rules(rules);
        }
        SessionContext::new_with_state(builder.build())
    }

    /// Runs a transform; `sources` finds its inputs.
    pub async fn run(
        &self,
        name: &str,
        transform: &Transform,
        sources: &mut dyn FnMut(&str) -> Result<Source>,
    ) -> Result<Running> {
        let Lowered { checked, plan, guarded } = lower_transform(name, transform, &self.session(false), sources)?;
        let mut readings = Vec::with_capacity(checked.len());
        for mut part in checked {
            let stream = self.stream(name, std::mem::take(&mut part.plan), part.guarded).await?;
            let table = part.table.clone();
            let (batches, reading) = Reading::start(pass(stream, part));
            table.fill(batches);
            readings.push(reading);
        }
        Ok(Running { stream: Some(self.stream(name, plan, guarded).await?), checks: readings })
    }

    async fn stream(&self, name: &str, plan: LogicalPlan, guarded: bool) -> Result<SendableRecordBatchStream> {
        let session = self.session(guarded);
        tracing::debug!(transform = name, plan = %plan.display_indent(), "logical plan");
        let frame = DataFrame::new(session.state(), plan);
        let physical = frame.clone().create_physical_plan().await.map_err(query_failure)?;
        tracing::debug!(
            transform = name,
            plan = %datafusion::physical_plan::displayable(physical.as_ref()).indent(false),
            "physical plan"
        );
        let context = Arc::new(frame.task_ctx());
        datafusion::physical_plan::execute_stream(physical, context).map_err(query_failure)
    }
}

/// The rows of a stream, each held against a `check`.
fn pass(stream: SendableRecordBatchStream, mut part: CheckedPlan) -> BoxStream<'static, Result<RecordBatch>> {
    stream
        .map(move |batch| part.pass(&batch.map_err(query_failure)?))
        .boxed()
}

/// A transform that runs.
pub struct Running {
    stream: Option<SendableRecordBatchStream>,
    checks: Vec<Reading>,
}

impl Running {
    /// The next rows of the result.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match &mut self.stream {
            Some(stream) => stream.next().await.transpose().map_err(query_failure),
            None => Ok(None),
        }
    }

    /// Waits until all rows are checked, those too that the result did not need.
    pub async fn finish(&mut self) -> Result<()> {
        self.stream = None;
        for check in std::mem::take(&mut self.checks) {
            check.finish().await?;
        }
        Ok(())
    }
}

/// A stream of batches as a table that can be read once.
pub fn stream_table(
    schema: &Schema,
    batches: BoxStream<'static, Result<RecordBatch>>,
) -> Result<Arc<dyn TableProvider>> {
    let (provider, table) = awaited_table(&schema.fields)?;
    table.fill(batches);
    Ok(provider)
}

/// A table whose rows are given later; it can be read once.
pub fn awaited_table(fields: &[Field]) -> Result<(Arc<dyn TableProvider>, Awaited)> {
    let arrow = computed_schema(fields);
    let once = Arc::new(Once { schema: Arc::clone(&arrow), batches: Mutex::new(None) });
    let partition: Arc<dyn PartitionStream> = Arc::clone(&once) as Arc<dyn PartitionStream>;
    let provider = StreamingTable::try_new(arrow, vec![partition]).map_err(query_failure)?;
    Ok((Arc::new(provider), Awaited(once)))
}

/// Where the rows of an [`awaited_table`] go.
#[derive(Debug, Clone)]
pub struct Awaited(Arc<Once>);

impl Awaited {
    /// Gives it its rows.
    pub fn fill(&self, batches: BoxStream<'static, Result<RecordBatch>>) {
        *self.0.batches.lock().unwrap_or_else(PoisonError::into_inner) = Some(batches);
    }

    /// Columns as a batch of the table: texts in the layout that is computed with.
    pub fn batch(&self, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
        let rows = columns.first().map_or(0, |column| column.len());
        let columns = columns
            .iter()
            .zip(self.0.schema.fields())
            .map(|(column, field)| cast(column, field.data_type()).map_err(defect))
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.0.schema), columns, &options).map_err(defect)
    }
}

struct Once {
    schema: SchemaRef,
    batches: Mutex<Option<BoxStream<'static, Result<RecordBatch>>>>,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("checked rows")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner).take();
        let batches = match batches {
            Some(batches) => batches.map(|batch| batch.map_err(DataFusionError::from)).boxed(),
            None => {
                let again = defect("the rows of an input are read twice");
                futures::stream::iter([Err(again.into())]).boxed()
            }
        };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

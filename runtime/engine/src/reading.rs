//! Streams that are read to their end, whatever a query needs of them.

use crate::failure::{Result, defect};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::task::JoinHandle;

/// Chunks that wait for the query.
const WAITING: usize = 4;

/// A task that reads all rows, also those that the query does not ask for: bad records are counted in the whole
/// input, whatever the query needs of it.
#[derive(Debug)]
pub struct Reading {
    task: JoinHandle<Result<()>>,
}

impl Reading {
    /// Begins to read; the stream gives what is read.
    pub fn start(mut batches: BoxStream<'static, Result<RecordBatch>>) -> (BoxStream<'static, Result<RecordBatch>>, Reading) {
        let (sender, receiver) = tokio::sync::mpsc::channel(WAITING);
        let task = tokio::spawn(async move {
            while let Some(batch) = batches.next().await {
                match batch {
                    // Nobody waits for the rows any more: go on counting.
                    Ok(batch) => drop(sender.send(Ok(batch)).await),
                    Err(fault) => {
                        drop(sender.send(Err(fault.clone())).await);
                        return Err(fault);
                    }
                }
            }
            Ok(())
        });
        let batches = futures::stream::unfold(receiver, |mut receiver| async move {
            let next = receiver.recv().await?;
            Some((next, receiver))
        });
        (batches.boxed(), Reading { task })
    }

    /// Waits until all is read.
    pub async fn finish(mut self) -> Result<()> {
        (&mut self.task).await.map_err(defect)?
    }
}

impl Drop for Reading {
    /// Nobody waits for it: the request has failed.
    fn drop(&mut self) {
        self.task.abort();
    }
}

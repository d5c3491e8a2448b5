//! What ends a run before its time: a signal, or whoever started it.

use flow_asl::interpreter::AbortHandle;
use std::sync::{Arc, Mutex, PoisonError};

/// Stops a run from another thread, before or while it is at work.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    handle: Option<AbortHandle>,
    /// Error and cause.
    asked: Option<(String, String)>,
}

impl Stop {
    /// Ends the run that is at work, or the one that begins; one that is over is left as it is.
    pub fn stop(&self, error: &str, cause: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.handle {
            Some(handle) => handle.abort(error, cause),
            None => state.asked = Some((error.to_owned(), cause.to_owned())),
        }
    }

    /// A run begins.
    pub(crate) fn begin(&self, handle: AbortHandle) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((error, cause)) = state.asked.take() {
            handle.abort(error, cause);
        }
        state.handle = Some(handle);
    }

    /// It is over.
    pub(crate) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).handle = None;
    }
}

/// Calls `then` once, from another thread, when the user or the system asks for an end, which no longer ends the process
/// by itself.
pub fn on_interrupt(then: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        // Without it, the signal ends the process as it did.
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(interrupted());
            then();
        }
    });
}

/// Returns when the user or the system asks for an end.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

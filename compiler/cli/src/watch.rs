//! `--watch`: a command again and again, whenever something that it read has changed.
//!
//! Files are asked a few times a second. Events of the system would come sooner by a blink, but they do not come from
//! network folders and containers' mounts, and a folder that is replaced has to be found again; a handful of files costs
//! nothing to ask.

use crate::command_error::CommandError;
use crate::seen::{Change, Seen};
use crate::terminal::Terminal;
use flow_local::Stop;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often files are asked.
const PAUSE: Duration = Duration::from_millis(200);
/// Asking takes this part of the time at most, however many files there are.
const SHARE: u32 = 20;
/// What is written is written when it has stayed as it is for so long: editors and formatters write in turns.
const QUIET: Duration = Duration::from_millis(80);
/// For how long a file that vanished may come back, as with an editor that removes it before it writes it anew.
const ABSENCE: Duration = Duration::from_secs(1);

/// Runs `round` until Ctrl-C, and then gives the exit code of its last end. `round` says what it reads.
pub fn watch(terminal: &Terminal, round: &mut dyn FnMut(&Seen) -> Result<ExitCode, CommandError>) -> ExitCode {
    let (sender, interrupts) = channel();
    flow_local::on_interrupt(move || {
        // Nobody listens any longer when the program ends.
        let _late = sender.send(());
    });
    loop {
        let seen = Seen::default();
        let code = round(&seen).unwrap_or_else(|error| {
            terminal.error(error);
            ExitCode::from(2)
        });
        let files = match seen.count() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        terminal.aside(&format!("watching {files}; Ctrl-C ends\n"));
        let Some(changes) = wait(&seen, &interrupts) else { return code };
        terminal.separate(&format!("{}  {}", chrono::Local::now().format("%H:%M:%S"), said(&changes)));
    }
}

/// Does work that takes its time, and stops it when something changes that was seen.
pub fn until_change<T>(seen: &Seen, stop: &Stop, work: impl FnOnce() -> T) -> T {
    let (over, ended) = channel();
    let seen = seen.clone();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if wait(&seen, &ended).is_some() {
                stop.stop("Flow.Interrupted", "something changed that the run had read");
            }
        });
        let result = work();
        // Where it was stopped, nobody waits.
        let _stopped = over.send(());
        result
    })
}

/// Waits for a change; `None` for an end.
fn wait(seen: &Seen, interrupts: &Receiver<()>) -> Option<BTreeMap<PathBuf, Change>> {
    let mut first = true;
    loop {
        let began = Instant::now();
        let mut changes = seen.changes();
        if !changes.is_empty() {
            let since = Instant::now();
            loop {
                pause(interrupts, QUIET)?;
                let now = seen.changes();
                let coming = now.values().any(|change| *change == Change::Gone) && since.elapsed() < ABSENCE;
                if now == changes && !coming && settled(&now) {
                    break;
                }
                changes = now;
            }
            // It may have been put back.
            if !changes.is_empty() {
                return Some(changes);
            }
        }
        let pause_for = if first { QUIET } else { PAUSE.max(began.elapsed() * SHARE) };
        first = false;
        pause(interrupts, pause_for)?;
    }
}

/// Whether none of the files was written just now: half of it may be to come.
fn settled(changes: &BTreeMap<PathBuf, Change>) -> bool {
    changes.keys().all(|path| {
        let written = std::fs::metadata(path).and_then(|data| data.modified()).ok();
        // A time that is to come says nothing.
        written.and_then(|written| written.elapsed().ok()).is_none_or(|age| age >= QUIET / 2)
    })
}

/// `None` where an end was asked for meanwhile.
fn pause(interrupts: &Receiver<()>, time: Duration) -> Option<()> {
    match interrupts.recv_timeout(time) {
        Ok(()) => None,
        Err(RecvTimeoutError::Timeout) => Some(()),
        // Nobody can interrupt: files are asked all the same.
        Err(RecvTimeoutError::Disconnected) => {
            std::thread::sleep(time);
            Some(())
        }
    }
}

/// `schemas/stay.flow changed`.
fn said(changes: &BTreeMap<PathBuf, Change>) -> String {
    const FEW: usize = 3;
    let mut texts: Vec<String> = changes
        .iter()
        .take(FEW)
        .map(|(path, change)| {
            let what = match change {
                Change::Changed => "changed",
                Change::New => "is new",
                Change::Gone => "is gone",
            };
            format!("{} {what}", path.display())
        })
        .collect();
    if changes.len() > FEW {
        texts.push(format!("{} more", changes.len() - FEW));
    }
    texts.join(", ")
}

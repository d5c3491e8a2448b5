//! `flowc run` of streams: what waits for them on this machine, delivered to the generic binary as Lambda would, until
//! nothing is left that goes on.
//!
//! Buckets are folders as in all local runs. Queues, topics, buses and streams are files of JSON lines below
//! `.flow/services/`, which the generic binary adds to when a stream sends, and people by hand:
//!
//! ```text
//! queues/NAME.jsonl   {"body": …}                     a message a line; `id`, `time`, `group` if they matter
//! topics/NAME.jsonl   {"body": …}
//! streams/NAME.jsonl  {"body": …, "key": "…"}
//! changes/TABLE.jsonl {"eventName": "INSERT", "dynamodb": { "NewImage": … }}
//! buses/NAME.jsonl    {"source": "…", "detail-type": "…", "detail": { … }}
//! ```
//!
//! What was taken of them is kept for each stream in `.flow/streams/NAME.json`, written after every delivery, so that a run
//! that is killed delivers again what it did not finish. What is given back is delivered again, and after as many times as
//! the mapping or the queue's redrive says, it goes to the dead letter queue.

mod deliver;
mod envelope;
mod position;
mod summary;
#[cfg(test)]
mod tests;

pub use deliver::Counts;

use crate::artefacts::read_local;
use crate::error::{LOCAL_SETUP, LocalError, NOTHING_TO_RUN, listing, nearest};
use crate::function::{Functions, Launch};
use crate::home::Home;
use crate::log::Log;
use crate::interrupt::interrupted;
use crate::screen::{Screen, Tone, paint};
use crate::settings::Settings;
use crate::setup::{find_worker, launch};
use crate::{data, secrets, words};
use deliver::Delivery;
use flow_plan::{LocalRun, STREAM_VARIABLE};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The variable that tells the generic binary where queues and the like are.
const SERVICES: &str = "FLOW_SERVICES";

/// What to run, and how.
#[derive(Debug, Clone, Default)]
pub struct StreamOptions {
    /// The folder of the artefacts, as `flowc build` makes it.
    pub artefacts: PathBuf,
    /// The program's folder: settings and secrets.
    pub program: PathBuf,
    /// The program's name, for the run's id.
    pub name: String,
    /// Where runs keep their things: `.flow` beside the program.
    pub home: PathBuf,
    /// Which stream; all if not given.
    pub stream: Option<String>,
    /// One event to be handed to a stream, in place of what waits for it.
    pub event: Option<PathBuf>,
    /// The generic binary; as in [`crate::RunOptions`].
    pub worker: Option<PathBuf>,
    /// Whether progress is coloured.
    pub color_err: bool,
    /// Whether the summary is coloured.
    pub color_out: bool,
}

/// Whether a build has streams and no flows.
///
/// # Errors
/// FLOW0910 where there is no build.
pub fn only_streams(artefacts: &Path) -> Result<bool, LocalError> {
    let local = read_local(artefacts)?;
    Ok(local.flows.is_empty() && !local.streams.is_empty())
}

/// Delivers what waits. Gives whether nothing is left that failed.
///
/// # Errors
/// What keeps it from starting, and files that cannot be read or written.
pub fn run(options: &StreamOptions) -> Result<bool, LocalError> {
    let settings = Settings::load(&options.program)?;
    let local = read_local(&options.artefacts)?;
    let names = choose(&local, options)?;
    let event = options.event.as_deref().map(read_event).transpose()?;
    let why = format!("stream `{}` is run by the generic binary", names.first().map_or("", String::as_str));
    let worker = find_worker(options.worker.as_deref(), &why)?;

    let mut screen = Screen::stderr(options.color_err);
    let home = Home::open(&options.home, &options.name, chrono::Utc::now())?;
    // Two that took from one queue at the same time would deliver everything twice.
    let guard = std::fs::File::create(home.root.join("streams.lock")).map_err(|error| unwritable(&home.root, error))?;
    if guard.try_lock().is_err() {
        let _empty = std::fs::remove_dir(&home.run);
        return Err(LocalError::new(LOCAL_SETUP, format!("another run is taking from the queues in `{}`", home.root.display()))
            .help("wait until it is over, or keep this one's things elsewhere: `--home DIRECTORY`"));
    }
    let env = local.env.as_deref().map(|env| format!(", env {env}")).unwrap_or_default();
    let name = paint(screen.color, Tone::Strong, &options.name);
    let rest = format!("{env}, {}, run {}", words::count(names.len() as u64, "stream"), home.id);
    screen.line(&format!("{name}{}", paint(screen.color, Tone::Dim, &rest)));
    data::prepare(&settings, &options.program, &local, &home, &mut screen)?;
    let secrets = secrets::gather(&local.secrets, &options.program, &home)?;
    let log = Log::create(&home.run.join("log.jsonl")).map_err(|error| unwritable(&home.run, error))?;
    let launch = launch(&options.artefacts, &local, &home, worker, secrets.path())?;
    let functions = functions(&local, &names, &launch, &home, log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| LocalError::new(LOCAL_SETUP, "the threads of the run cannot be started").source(error))?;
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    runtime.spawn(async move {
        interrupted().await;
        stop.store(true, Ordering::SeqCst);
    });
    let started = Instant::now();
    let done = match (&event, names.as_slice()) {
        (Some(event), [only]) => runtime.block_on(once(&functions, only, event, &mut screen)),
        _ => {
            let mut deliveries = names
                .iter()
                .filter_map(|name| Some(Delivery::open(&home, name, local.streams.get(name)?)))
                .collect::<Result<Vec<_>, _>>()?;
            runtime.block_on(drain(&mut deliveries, &functions, &stopped, &mut screen))?;
            let summary = summary::Summary { color: options.color_out, home: &home, local: &local, took: started.elapsed() };
            let text = summary.text(&deliveries);
            let result = summary.result(&deliveries);
            std::fs::write(home.run.join("result.json"), format!("{result:#}\n")).map_err(|error| unwritable(&home.run, error))?;
            let mut out = std::io::stdout().lock();
            let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            !stopped.load(Ordering::SeqCst) && deliveries.iter().all(Delivery::is_clean)
        }
    };
    functions.stop();
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    drop(secrets);
    Ok(done)
}

fn unwritable(folder: &Path, error: std::io::Error) -> LocalError {
    LocalError::new(LOCAL_SETUP, format!("cannot write in `{}`", folder.display())).source(error)
}

/// The streams that are meant, in the order of the program.
fn choose(local: &LocalRun, options: &StreamOptions) -> Result<Vec<String>, LocalError> {
    let names = || local.streams.keys().map(String::as_str);
    if local.streams.is_empty() {
        return Err(LocalError::new(NOTHING_TO_RUN, "the program has no stream")
            .help("a stream is what events start: `stream ingest from bronze.created { each line send to events }`"));
    }
    match &options.stream {
        Some(wanted) if local.streams.contains_key(wanted) => Ok(vec![wanted.clone()]),
        Some(wanted) => {
            let did = nearest(wanted, names()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            Err(LocalError::new(NOTHING_TO_RUN, format!("there is no stream `{wanted}`"))
                .help(format!("{did}The program's streams: {}", listing(names()))))
        }
        None if options.event.is_some() && local.streams.len() > 1 => {
            Err(LocalError::new(NOTHING_TO_RUN, format!("the program has {} streams: {}", local.streams.len(), listing(names())))
                .help(format!("say which one gets the event: `--stream {}`", names().next().unwrap_or_default())))
        }
        None => Ok(names().map(str::to_owned).collect()),
    }
}

fn read_event(path: &Path) -> Result<Value, LocalError> {
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text
        .map_err(|error| LocalError::new("FLOW0906", format!("cannot read the event `{}`", path.display())).source(error))?;
    serde_json::from_str(&text).map_err(|error| {
        LocalError::new("FLOW0906", format!("the event `{}` is not JSON", path.display()))
            .source(error)
            .help("it is what AWS gives a Lambda: `{ \"Records\": [ … ] }`")
    })
}

fn functions(local: &LocalRun, names: &[String], launch: &Launch, home: &Home, log: Arc<Log>) -> Result<Functions, LocalError> {
    let folder = home.root.join("services");
    let services = url::Url::from_directory_path(&folder)
        .map_err(|()| LocalError::new(LOCAL_SETUP, format!("`{}` is no absolute path", folder.display())))?;
    let mut functions = Functions::none(log);
    for name in names {
        if let Some(stream) = local.streams.get(name) {
            let mut launch = launch.clone();
            launch.env.push((STREAM_VARIABLE.to_owned(), name.clone()));
            launch.env.push((SERVICES.to_owned(), services.to_string()));
            functions.add(name, stream.function.clone(), launch);
        }
    }
    Ok(functions)
}

/// Hands one event to a stream, and prints what it answers.
async fn once(functions: &Functions, stream: &str, event: &Value, screen: &mut Screen) -> bool {
    match functions.invoke(stream, event).await {
        Ok(answer) => {
            let answer = answer.get("Payload").cloned().unwrap_or_default();
            println!("{answer:#}");
            Counts::of(&answer).failed == 0
        }
        Err(error) => {
            screen.line(&format!("{}: {}", paint(screen.color, Tone::Bad, &error.error), deliver::reason(&error.cause)));
            false
        }
    }
}

/// Delivers until no stream goes on: what one sends may be what another waits for.
async fn drain(
    deliveries: &mut [Delivery],
    functions: &Functions,
    stopped: &AtomicBool,
    screen: &mut Screen,
) -> Result<(), LocalError> {
    loop {
        let mut went_on = false;
        for delivery in deliveries.iter_mut() {
            while !stopped.load(Ordering::SeqCst) && delivery.next(functions, screen).await? {
                went_on = true;
            }
        }
        if !went_on {
            return Ok(());
        }
    }
}

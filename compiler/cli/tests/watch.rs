//! `--watch`, as a process: a mistake is written, mended, and the watching ended as a user ends it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const MAIN: &str = "use \"./shared.flow\"\n\nflow nightly(day: Date) {\n  timeout = 1h\n  let first = begin(day)\n}\n";
const SHARED: &str = "fn begin(day: Date) -> Date = day - 1d\n";

/// How long anything may take, on a machine that is busy with other tests.
const LONG: Duration = Duration::from_secs(60);

/// A command that watches, and the lines of both its streams, in their order.
struct Watching {
    process: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(folder: &Path, arguments: &[&str]) -> Watching {
        let (read, write) = std::io::pipe().unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_flowc"))
            .args(arguments)
            .current_dir(folder)
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .stdout(write.try_clone().unwrap())
            .stderr(write)
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(read).lines() {
                let _over = sender.send(line.unwrap());
            }
        });
        Watching { process, lines }
    }

    /// The lines up to one that holds a text, with it.
    fn until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        let began = Instant::now();
        while began.elapsed() < LONG {
            let Ok(line) = self.lines.recv_timeout(Duration::from_millis(100)) else { continue };
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(text) {
                return seen;
            }
        }
        panic!("no line with {text:?} in\n{seen}");
    }

    /// Whether nothing is printed for a while.
    fn is_quiet(&mut self, time: Duration) -> bool {
        self.lines.recv_timeout(time).is_err()
    }

    /// Ctrl-C; the exit code.
    fn end(mut self) -> Option<i32> {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let began = Instant::now();
        while began.elapsed() < LONG {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it goes on");
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _over = self.process.kill();
        let _gone = self.process.wait();
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

/// As most editors save: aside, then renamed.
fn save(folder: &Path, name: &str, text: &str) {
    write(folder, "aside.tmp", text);
    std::fs::rename(folder.join("aside.tmp"), folder.join(name)).unwrap();
}

fn project() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), "main.flow", MAIN);
    write(place.path(), "shared.flow", SHARED);
    place
}

#[test]
fn a_mistake_in_a_used_file_is_told_and_its_end() {
    let place = project();
    let folder = place.path();
    let mut watching = Watching::start(folder, &["check", "main.flow", "--watch"]);
    watching.until("watching 2 files; Ctrl-C ends");

    save(folder, "shared.flow", &SHARED.replace("day - 1d", "dya - 1d"));
    let told = watching.until("watching");
    assert!(told.contains("shared.flow changed"), "{told}");
    assert!(told.contains("`dya`") && told.contains("shared.flow:1:"), "{told}");

    // As editors save that remove the file first.
    std::fs::remove_file(folder.join("shared.flow")).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    write(folder, "shared.flow", SHARED);
    let told = watching.until("watching");
    assert!(told.contains("main.flow: no errors") && !told.contains("error["), "{told}");

    // Written again as it is: nothing to say.
    write(folder, "shared.flow", SHARED);
    assert!(watching.is_quiet(Duration::from_secs(1)));

    std::fs::remove_file(folder.join("shared.flow")).unwrap();
    let told = watching.until("watching 1 file;");
    assert!(told.contains("shared.flow is gone") && told.contains("error["), "{told}");
    assert_eq!(watching.end(), Some(1), "the exit code is that of the last look");
}

#[test]
fn files_of_a_folder_and_its_settings_are_watched() {
    let place = project();
    let folder = place.path();
    let mut watching = Watching::start(folder, &["check", "--watch", "--format", "short"]);
    watching.until("watching 2 files");
    std::fs::create_dir(folder.join("more")).unwrap();
    write(folder, "more/new.flow", "schema Stay { id: Strin }\n");
    let told = watching.until("watching 3 files");
    assert!(told.contains("more/new.flow is new") && told.contains("more/new.flow:1:19: error"), "{told}");
    save(folder, "more/new.flow", "param spare: Int = 1\nflow f() {\n  let x = 1\n}\n");
    let told = watching.until("watching 3 files");
    assert!(told.contains("warning[FLOW0801]"), "an unused parameter: {told}");
    write(folder, "flowc.toml", "[severity]\nFLOW0801 = \"off\"\n");
    let told = watching.until("watching 4 files");
    assert!(told.contains("flowc.toml is new") && !told.contains("warning["), "{told}");
    assert_eq!(watching.end(), Some(0));
}

#[test]
fn a_style_is_watched() {
    let place = project();
    let folder = place.path();
    let mut watching = Watching::start(folder, &["fmt", "--check", "--watch", "shared.flow"]);
    watching.until("watching 1 file;");
    save(folder, "shared.flow", &SHARED.replace(" = day", "=day"));
    let told = watching.until("watching");
    assert!(told.contains("shared.flow: would change"), "{told}");
    assert_eq!(watching.end(), Some(1));
}

#[test]
fn a_run_that_is_at_work_is_stopped_and_begins_anew() {
    let place = project();
    let folder = place.path();
    let waits = MAIN.replace("let first = begin(day)", "wait 30m\n  let first = begin(day)");
    write(folder, "main.flow", &format!("project lab {{ region = \"us-east-1\" }}\n{waits}"));
    write(folder, "day.json", "{ \"day\": \"2026-01-05\" }");
    let mut watching = Watching::start(folder, &["run", "main.flow", "--input", "day.json", "--watch"]);
    watching.until("nightly");
    // The run waits for half an hour.
    write(folder, "day.json", "{ \"day\": 5 }");
    let told = watching.until("watching");
    assert!(told.contains("aborted"), "{told}");
    let told = watching.until("watching");
    assert!(told.contains("day.json changed") && told.contains("is no `Date`"), "{told}");
    let quick = std::fs::read_to_string(folder.join("main.flow")).unwrap().replace("wait 30m", "wait 1s");
    save(folder, "main.flow", &quick);
    watching.until("main.flow changed");
    watching.until("watching");
    write(folder, "day.json", "{ \"day\": \"2026-01-06\" }");
    let told = watching.until("watching");
    assert!(told.contains("succeeded"), "{told}");
    assert_eq!(watching.end(), Some(0));
}

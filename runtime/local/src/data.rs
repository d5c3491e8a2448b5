//! The data of a run: samples that are made before it, and where bad records go.

use crate::artefacts::Artefacts;
use crate::error::{LOCAL_SETUP, LocalError, listing, nearest};
use crate::home::{Home, shown};
use crate::screen::{Screen, Tone, paint};
use crate::settings::{Sample, Settings};
use crate::{sample, words};
use flow_plan::{Invalid, LocalRun, LocalTable, Plan, TableRole, Text};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Makes the samples that local.toml asks for, those that are not there as it wants them.
///
/// # Errors
/// FLOW0910: a sample for no source, options that make no sense, a folder that cannot be written.
pub fn prepare(settings: &Settings, program: &Path, local: &LocalRun, home: &Home, screen: &mut Screen) -> Result<(), LocalError> {
    for (name, sample) in &settings.sample {
        let table = source(name, local)?;
        let bucket = home.buckets.join(&table.bucket);
        let options = match (sample, sample.options(&table.prefix)) {
            (_, Some(options)) => options,
            (Sample::Files { folder }, None) => {
                let (from, to) = (program.join(folder), bucket.join(&table.prefix));
                let copied = copy(&from, &to).map_err(|error| {
                    LocalError::new(LOCAL_SETUP, format!("cannot copy the sample data of source `{name}` from `{}`", from.display()))
                        .source(error)
                })?;
                if copied > 0 {
                    let text = format!("sample: {} from {folder}, in {}", words::count(copied, "file"), shown(&home.table(table)));
                    screen.line(&paint(screen.color, Tone::Dim, &text));
                }
                continue;
            }
            (Sample::Encounters { .. }, None) => continue,
        };
        if sample::is_current(&options, &bucket) {
            continue;
        }
        screen.busy("sample", &format!("making sample data for `{name}`, once"));
        let started = Instant::now();
        let outcome = clear(&bucket, &table.prefix).and_then(|()| sample::generate(&options, &bucket));
        screen.done("sample");
        let summary = outcome.map_err(|error| {
            LocalError::new(LOCAL_SETUP, format!("cannot make the sample data of source `{name}`")).source(error)
        })?;
        let bad: Vec<String> = summary.bad().iter().map(|(kind, count)| format!("{count} {}", kind.name())).collect();
        let text = format!(
            "sample: {} for {} days, {}, made in {}, in {}",
            words::count(summary.lines(), "record"),
            summary.days.len(),
            words::bytes(summary.bytes()),
            words::time(started.elapsed()),
            shown(&home.table(table)),
        );
        screen.line(&paint(screen.color, Tone::Dim, &text));
        if !bad.is_empty() {
            let all: u64 = summary.bad().values().sum();
            let text = format!("{} of them bad: {}", words::number(all), bad.join(", "));
            for line in words::wrap(&text, 100) {
                screen.line(&paint(screen.color, Tone::Dim, &format!("        {line}")));
            }
        }
    }
    Ok(())
}

/// Copies the files of a folder that are not there yet, or differ; says how many.
fn copy(from: &Path, to: &Path) -> std::io::Result<u64> {
    let mut copied = 0;
    let mut entries: Vec<_> = std::fs::read_dir(from)?.collect::<std::io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    std::fs::create_dir_all(to)?;
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copied += copy(&entry.path(), &target)?;
            continue;
        }
        let contents = std::fs::read(entry.path())?;
        if std::fs::read(&target).is_ok_and(|known| known == contents) {
            continue;
        }
        std::fs::write(&target, contents)?;
        copied += 1;
    }
    Ok(copied)
}

fn source<'a>(name: &str, local: &'a LocalRun) -> Result<&'a LocalTable, LocalError> {
    let sources = || local.tables.iter().filter(|(_, table)| table.role == TableRole::Source);
    sources().find(|(known, _)| *known == name).map(|(_, table)| table).ok_or_else(|| {
        let names = || sources().map(|(name, _)| name.as_str());
        let did = nearest(name, names()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        LocalError::new(LOCAL_SETUP, format!("local.toml has `[sample.{name}]`, and the program has no source `{name}`"))
            .help(format!("{did}Its sources: {}", listing(names())))
    })
}

/// Removes the days of a sample of other options; what no sample made stays.
fn clear(bucket: &Path, prefix: &str) -> std::io::Result<()> {
    if !bucket.join("_sample.json").exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(bucket.join(prefix)).into_iter().flatten() {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("dt=") && entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Where bad records of the tables go, as the plan says.
pub fn quarantines(build: &Path, artefacts: &Artefacts, home: &Home) -> Vec<(String, PathBuf)> {
    let Ok(text) = std::fs::read_to_string(build.join("plan.json")) else { return Vec::new() };
    let Ok(plan) = Plan::from_json(&text) else { return Vec::new() };
    let resolve = |text: &Text| match text {
        Text::Literal(text) => Some(text.clone()),
        Text::Slot(slot) => artefacts.local.slots.get(slot).cloned(),
    };
    plan.tables
        .iter()
        .filter_map(|(name, table)| match &table.invalid {
            Invalid::Quarantine { location } => {
                let folder = home.buckets.join(resolve(&location.bucket)?).join(resolve(&location.prefix)?);
                Some((format!("bad {name}"), folder))
            }
            Invalid::Fail | Invalid::Drop => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn files_are_copied_once_and_again_where_they_differ() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("sample"), place.path().join("bucket/landed"));
        std::fs::create_dir_all(from.join("day")).unwrap();
        std::fs::write(from.join("a.jsonl"), "1").unwrap();
        std::fs::write(from.join("day/b.jsonl"), "2").unwrap();
        assert_eq!((copy(&from, &to).unwrap(), copy(&from, &to).unwrap()), (2, 0));
        std::fs::write(from.join("a.jsonl"), "3").unwrap();
        assert_eq!(copy(&from, &to).unwrap(), 1);
        assert_eq!(std::fs::read_to_string(to.join("a.jsonl")).unwrap(), "3");
        assert!(copy(&place.path().join("nothing"), &to).is_err());
    }
}

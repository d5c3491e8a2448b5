//! Writing folders: a build, a new project. Every file goes aside first, then is renamed, so that a reader never sees half
//! a file; files that an earlier build made and this one does not are removed. What the user or Terraform put beside them
//! stays.

use crate::command_error::CommandError;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The list of files that the last build made, one name a line.
const LIST: &str = ".flow-files";

/// Writes `files` (name, text) into `directory`, making it if need be. Gives the names of files removed.
pub fn write_build(directory: &Path, files: &[(String, Vec<u8>)]) -> Result<Vec<String>, CommandError> {
    let unwritable = |path: PathBuf, source: std::io::Error| CommandError::Unwritable {
        help: help_for(&source, directory),
        path,
        source,
    };
    std::fs::create_dir_all(directory).map_err(|source| unwritable(directory.to_owned(), source))?;
    let before: BTreeSet<String> = std::fs::read_to_string(directory.join(LIST))
        .map(|text| text.lines().map(str::to_owned).collect())
        .unwrap_or_default();

    // All aside first: a full disk is found before anything of the last build is touched.
    let mut staged = Vec::new();
    for (name, bytes) in files {
        let target = directory.join(name);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(|source| unwritable(parent.to_owned(), source))?;
        }
        let outcome = aside(target.parent().unwrap_or(directory), bytes);
        staged.push((outcome.map_err(|source| unwritable(target.clone(), source))?, target));
    }
    for (aside, target) in staged {
        aside.persist(&target).map_err(|error| unwritable(target, error.error))?;
    }

    let now: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let mut removed = Vec::new();
    for name in before.difference(&now).filter(|name| is_plain(name)) {
        if std::fs::remove_file(directory.join(name)).is_ok() {
            removed.push(name.clone());
        }
    }
    let list: String = now.iter().map(|name| format!("{name}\n")).collect();
    std::fs::write(directory.join(LIST), list).map_err(|source| unwritable(directory.join(LIST), source))?;
    Ok(removed)
}

/// Writes `files` (name, text) into a folder that is not there, or is empty: all aside first, then renamed. A folder that
/// holds anything is refused.
pub fn write_new(directory: &Path, files: &[(String, Vec<u8>)]) -> Result<(), CommandError> {
    let unwritable = |source: std::io::Error, help: Option<String>| CommandError::Unwritable { path: directory.to_owned(), source, help };
    let there = match std::fs::read_dir(directory) {
        Ok(entries) => {
            // the first by name, so that the message is the same each time
            if let Some(name) = entries.filter_map(|entry| Some(entry.ok()?.file_name())).min() {
                let why = format!("it holds `{}` already", name.display());
                let help = "nothing was changed; choose a folder that is empty or not there with `--into DIR`".to_owned();
                return Err(unwritable(std::io::Error::new(std::io::ErrorKind::AlreadyExists, why), Some(help)));
            }
            true
        }
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => false,
        Err(source) => return Err(unwritable(source, Some("choose another folder with `--into DIR`".to_owned()))),
    };
    let written = || -> std::io::Result<()> {
        // An empty folder is filled, not replaced: somebody may stand in it.
        let beside = if there { directory } else { directory.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")) };
        std::fs::create_dir_all(beside)?;
        let aside = tempfile::Builder::new().prefix(".flow-").tempdir_in(beside)?;
        let whole = aside.path().join("project");
        std::fs::create_dir(&whole)?;
        for (name, bytes) in files {
            let path = whole.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(&whole))?;
            std::fs::write(path, bytes)?;
        }
        if !there {
            return std::fs::rename(&whole, directory);
        }
        for entry in std::fs::read_dir(&whole)? {
            let entry = entry?;
            std::fs::rename(entry.path(), directory.join(entry.file_name()))?;
        }
        Ok(())
    };
    written().map_err(|source| unwritable(source, Some("make the folder above it writable, or choose another place with `--into DIR`".to_owned())))
}

/// Writes one file, new or in the place of another, whole or not at all. A device or a pipe is written to as it is. `option`
/// is the one that named it.
pub fn write_file(path: &Path, option: &str, bytes: &[u8]) -> Result<(), CommandError> {
    let written = || match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => std::fs::write(path, bytes),
        _ => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            aside(folder, bytes)?.persist(path).map(drop).map_err(|error| error.error)
        }
    };
    written().map_err(|source| CommandError::Unwritable {
        help: Some(match path.is_dir() {
            true => format!("`{}` is a folder: name a file in it, `{option} {}`", path.display(), path.join("FILE").display()),
            false => format!("choose another place with `{option} FILE`"),
        }),
        path: path.to_owned(),
        source,
    })
}

/// Bytes in a temporary file of a folder.
fn aside(folder: &Path, bytes: &[u8]) -> std::io::Result<tempfile::NamedTempFile> {
    let mut aside = tempfile::Builder::new().prefix(".flow-").tempfile_in(folder)?;
    std::io::Write::write_all(&mut aside, bytes)?;
    readable_by_all(aside.as_file())?;
    Ok(aside)
}

/// Puts new bytes in the place of a file's: written aside, then renamed, with the permissions that it has. Through a
/// link, what it points to is replaced, not the link.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let replaced = || {
        let target = std::fs::canonicalize(path)?;
        let permissions = std::fs::metadata(&target)?.permissions();
        if permissions.readonly() {
            // A rename would pass over it.
            return Err(std::io::Error::from(std::io::ErrorKind::PermissionDenied));
        }
        let mut aside = tempfile::Builder::new().prefix(".flow-").tempfile_in(target.parent().unwrap_or(Path::new(".")))?;
        std::io::Write::write_all(&mut aside, bytes)?;
        aside.as_file().set_permissions(permissions)?;
        aside.persist(&target).map_err(|error| error.error)?;
        Ok(())
    };
    replaced().map_err(|source: std::io::Error| CommandError::Unwritable {
        help: Some("the file is as it was; make it and its folder writable".to_owned()),
        path: path.to_owned(),
        source,
    })
}

/// Whether a name of the list stays inside the build's directory; the list is a file that anyone can edit.
fn is_plain(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// A temporary file is readable by its owner alone; an artefact is like any other file.
#[cfg(unix)]
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

fn help_for(error: &std::io::Error, directory: &Path) -> Option<String> {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            Some(format!("make `{}` writable, or choose another place with `--out DIRECTORY`", directory.display()))
        }
        _ if directory.is_file() => {
            Some(format!("`{}` is a file: choose another place with `--out DIRECTORY`", directory.display()))
        }
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => Some(format!(
            "`{}` is a file, or lies below one: choose another place with `--out DIRECTORY`",
            directory.display()
        )),
        std::io::ErrorKind::StorageFull => Some("the disk is full; nothing of the last build was changed".to_owned()),
        _ => Some(format!("choose another place than `{}` with `--out DIRECTORY`", directory.display())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn files(names: &[&str]) -> Vec<(String, Vec<u8>)> {
        names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_second_build_removes_only_what_the_first_made() {
        let place = tempfile::tempdir().unwrap();
        let build = place.path().join("build");
        write_build(&build, &files(&["a.tf", "b.tf"])).unwrap();
        std::fs::write(build.join("terraform.tfstate"), "{}").unwrap();
        let removed = write_build(&build, &files(&["a.tf"])).unwrap();
        assert_eq!(removed, ["b.tf"]);
        assert!(build.join("terraform.tfstate").exists());
        assert_eq!(std::fs::read_to_string(build.join("a.tf")).unwrap(), "a.tf");
        let left: Vec<_> = std::fs::read_dir(&build).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "no temporary file stays: {left:?}");
    }

    #[test]
    fn a_list_that_points_outside_removes_nothing_there() {
        let place = tempfile::tempdir().unwrap();
        let build = place.path().join("build");
        std::fs::create_dir(&build).unwrap();
        std::fs::write(place.path().join("precious"), "x").unwrap();
        std::fs::write(build.join(LIST), "../precious\n").unwrap();
        write_build(&build, &files(&["a.tf"])).unwrap();
        assert!(place.path().join("precious").exists());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let place = tempfile::tempdir().unwrap();
        let build = place.path().join("build");
        std::fs::write(&build, "a file").unwrap();
        let error = write_build(&build, &files(&["a.tf"])).unwrap_err();
        assert!(error.to_string().contains("build"), "{error}");
    }
}

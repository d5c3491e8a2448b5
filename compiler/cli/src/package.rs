//! The package of the functions: one zip with the generic binary as `bootstrap` and the plan as `plan.json`.
//!
//! The same binary and plan give the same bytes: two entries in one order, with the zip format's first day as their time.
//! Before anything is written the binary is looked at as Lambda would load it.

use crate::command_error::CommandError;
use flow_analysis::limits::{LAMBDA_CODE, LAMBDA_UPLOAD};
use object::elf::{EM_X86_64, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, Object};
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;

/// Its name in the build's folder; the default of the variable `worker_package`.
pub const NAME: &str = "worker.zip";

/// The newest glibc that a binary may need on `provided.al2023`.
/// https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html (2026-11)
const GLIBC: (u32, u32) = (2, 34);

const BUILD_FOR_LAMBDA: &str = "`runtime/worker/dist` builds the generic binary for Lambda; name it with `--worker FILE`";

/// A package, and what is worth saying of it.
#[derive(Debug)]
pub struct Package {
    /// The zip.
    pub bytes: Vec<u8>,
    /// What Lambda unpacks, bytes.
    pub unpacked: u64,
    /// The newest glibc that the binary needs, if it needs any.
    pub glibc: Option<(u32, u32)>,
}

/// Packs the generic binary in `worker` with a plan. With `any_glibc` a binary that needs a newer glibc than Lambda has is
/// packed too: for machines that stand in for Lambda.
pub fn package(worker: &Path, plan: &[u8], any_glibc: bool) -> Result<Package, CommandError> {
    let binary = std::fs::read(worker).map_err(|source| CommandError::Unreadable {
        path: worker.to_owned(),
        source,
        help: None,
    })?;
    let unusable = |why: String| CommandError::UnusableBinary { path: worker.to_owned(), why, help: BUILD_FOR_LAMBDA.to_owned() };
    let glibc = needed(&binary).map_err(unusable)?;
    if let Some((major, minor)) = glibc.filter(|needed| *needed > GLIBC && !any_glibc) {
        return Err(CommandError::UnusableBinary {
            path: worker.to_owned(),
            why: format!("it needs glibc {major}.{minor}, and `provided.al2023` has {}.{}", GLIBC.0, GLIBC.1),
            help: format!("{BUILD_FOR_LAMBDA}; `--any-glibc` packs it as it is, for an emulator on this machine"),
        });
    }
    let unpacked = size(&binary) + size(plan);
    let bytes = pack(&[("bootstrap", 0o755, &binary), ("plan.json", 0o644, plan)])
        .map_err(|error| unusable(format!("it cannot be packed: {error}")))?;
    for (limit, found) in [(&LAMBDA_CODE, unpacked), (&LAMBDA_UPLOAD, size(&bytes))] {
        if found > limit.max {
            let why = format!("{} is {}, and at most {} on Lambda ({})", limit.what, megabytes(found), megabytes(limit.max), limit.source);
            return Err(unusable(why));
        }
    }
    Ok(Package { bytes, unpacked, glibc })
}

/// The newest glibc that an executable for x86-64 needs; what else it is if it is none.
fn needed(binary: &[u8]) -> Result<Option<(u32, u32)>, String> {
    let no_program = |_| "it is no executable of Linux (no ELF of 64 bits)".to_owned();
    let header = FileHeader64::<Endianness>::parse(binary).map_err(no_program)?;
    let endian = header.endian().map_err(no_program)?;
    let machine = header.e_machine.get(endian);
    if machine != EM_X86_64 {
        let name = object::File::parse(binary).map_or_else(|_| format!("machine {machine}"), |file| format!("{:?}", file.architecture()));
        return Err(format!("it is for {name}, and the functions are declared for x86_64"));
    }
    let damaged = |error: object::Error| format!("it is damaged: {error}");
    let sections = header.sections(endian, binary).map_err(damaged)?;
    let mut newest = None;
    for section in sections.iter() {
        let Some((mut files, strings)) = section.gnu_verneed(endian, binary).map_err(damaged)? else { continue };
        let names = sections.strings(endian, binary, strings).map_err(damaged)?;
        while let Some((_, mut versions)) = files.next().map_err(damaged)? {
            while let Some(version) = versions.next().map_err(damaged)? {
                let name = version.name(endian, names).map_err(damaged)?;
                newest = newest.max(std::str::from_utf8(name).ok().and_then(glibc));
            }
        }
    }
    Ok(newest)
}

/// `GLIBC_2.34`, `GLIBC_2.2.5`; other libraries' versions are none.
fn glibc(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("GLIBC_")?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn pack(entries: &[(&str, u32, &[u8])]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, bytes) in entries {
        let options = SimpleFileOptions::DEFAULT
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(9))
            .unix_permissions(*mode);
        archive.start_file(*name, options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Packs a folder that functions' code or a layer lies in, its files by their paths, without what is named in `exclude`.
/// The same files give the same bytes, whenever and wherever they were written.
pub fn folder(root: &Path, exclude: &[String]) -> Result<Vec<u8>, CommandError> {
    let unreadable = |path: &Path, source: std::io::Error| CommandError::Unreadable {
        path: path.to_owned(),
        source,
        help: Some("`flowc build --package` makes a zip of this folder; its path is relative to the file that names it".to_owned()),
    };
    let mut found = BTreeMap::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|source| unreadable(&folder, source))? {
            let entry = entry.map_err(|source| unreadable(&folder, source))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if exclude.contains(&name) {
                continue;
            }
            let path = entry.path();
            // What a link leads to is packed.
            let about = std::fs::metadata(&path).map_err(|source| unreadable(&path, source))?;
            if about.is_dir() {
                folders.push((path, format!("{prefix}{name}/")));
            } else {
                let bytes = std::fs::read(&path).map_err(|source| unreadable(&path, source))?;
                found.insert(format!("{prefix}{name}"), (if executable(&about) { 0o755 } else { 0o644 }, bytes));
            }
        }
    }
    if found.is_empty() {
        let empty = std::io::Error::new(std::io::ErrorKind::NotFound, "there are no files in it");
        return Err(unreadable(root, empty));
    }
    let entries: Vec<(&str, u32, &[u8])> =
        found.iter().map(|(name, (mode, bytes))| (name.as_str(), *mode, bytes.as_slice())).collect();
    pack(&entries).map_err(|error| unreadable(root, std::io::Error::other(error)))
}

#[cfg(unix)]
fn executable(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn executable(_: &std::fs::Metadata) -> bool {
    false
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// `28.6 MB`, in millions of bytes.
pub fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::io::Read;

    #[test]
    fn the_same_entries_give_the_same_bytes_and_come_out_again() {
        let entries: [(&str, u32, &[u8]); 2] = [("bootstrap", 0o755, b"binary"), ("plan.json", 0o644, b"{}")];
        let bytes = pack(&entries).unwrap();
        assert_eq!(bytes, pack(&entries).unwrap());
        let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        for (index, (name, mode, content)) in entries.iter().enumerate() {
            let mut entry = archive.by_index(index).unwrap();
            assert_eq!((&*entry.name().unwrap(), entry.unix_mode().map(|mode| mode & 0o777)), (*name, Some(*mode)));
            let mut read = Vec::new();
            entry.read_to_end(&mut read).unwrap();
            assert_eq!(read, *content);
        }
    }

    #[test]
    fn a_folder_gives_the_same_bytes_whenever_its_files_were_written() {
        let place = tempfile::tempdir().unwrap();
        let write = |root: &Path, names: &[&str]| {
            for name in names {
                let path = root.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, name).unwrap();
            }
        };
        let (one, two) = (place.path().join("one"), place.path().join("two"));
        write(&one, &["main.py", "lib/a.py", "lib/b.py", "lib/__pycache__/a.pyc", ".env"]);
        write(&two, &["lib/b.py", "lib/a.py", "main.py"]);
        let exclude = ["__pycache__".to_owned(), ".env".to_owned()];
        let first = folder(&one, &exclude).unwrap();
        assert_eq!(first, folder(&two, &exclude).unwrap());
        let archive = zip::ZipArchive::new(Cursor::new(&first)).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["lib/a.py", "lib/b.py", "main.py"]);
    }

    #[test]
    fn a_folder_that_is_not_there_or_holds_nothing_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let empty = folder(place.path(), &[]).unwrap_err();
        assert!(format!("{empty:?}").contains("no files in it"), "{empty:?}");
        let missing = folder(&place.path().join("absent"), &[]).unwrap_err();
        assert!(missing.to_string().contains("absent"), "{missing}");
    }

    #[test]
    fn versions_of_glibc_are_compared_as_numbers() {
        assert_eq!(glibc("GLIBC_2.34"), Some((2, 34)));
        assert_eq!(glibc("GLIBC_2.2.5"), Some((2, 2)));
        assert_eq!(glibc("GCC_3.0"), None);
        assert!(glibc("GLIBC_2.9") < glibc("GLIBC_2.34"));
    }

    #[test]
    fn what_is_no_executable_is_said() {
        assert!(needed(b"#!/bin/sh\n").unwrap_err().contains("no executable of Linux"));
        // this very test is one, and needs some glibc
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(needed(&own).unwrap() >= Some((2, 2)));
    }

    #[test]
    fn sizes_are_read_in_megabytes() {
        assert_eq!(megabytes(28_574_809), "28.5 MB");
        assert_eq!(megabytes(99_999), "0.0 MB");
    }
}

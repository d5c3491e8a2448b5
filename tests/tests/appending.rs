//! `programs/append.flow` run whole, through the real worker: a day that is collected twice, and one that overlaps it.

#![allow(clippy::unwrap_used, reason = "tests")]

use flow_tests::{files_below, flowc, root};
use std::fs;
use std::path::{Path, PathBuf};

struct Place(tempfile::TempDir);

impl Place {
    fn bucket(&self, key: &str) -> PathBuf {
        self.0.path().join(".flow/buckets").join(key)
    }

    fn collect(&self, day: &str) {
        // Two runs within one second would have different names.
        let _none_yet = fs::remove_dir_all(self.0.path().join(".flow/runs"));
        let printed = flowc(self.0.path(), &["run", "append.flow", "--input", &format!("day={day}")]);
        assert_eq!(printed.code, Some(0), "{printed}");
    }

    fn snapshot(&self) -> String {
        objects(&self.bucket("out-dev/snapshot")).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    fn lines(&self, folder: &str) -> usize {
        let objects = objects(&self.bucket("out-dev").join(folder));
        objects.iter().map(|path| fs::read_to_string(path).unwrap().lines().count()).sum()
    }
}

/// The objects of a table, without the records beside them.
fn objects(folder: &Path) -> Vec<PathBuf> {
    files_below(folder).into_iter().filter(|path| path.extension().is_some_and(|end| end != "json")).collect()
}

#[test]
fn events_are_there_once_and_deliveries_as_often_as_they_came() {
    let place = Place(tempfile::tempdir().unwrap());
    fs::copy(root().join("tests/programs/append.flow"), place.0.path().join("append.flow")).unwrap();
    let days = [
        ("2026-01-05", "{\"id\":\"1\",\"kind\":\"a\",\"text\":\"one\"}\n{\"id\":\"1\",\"kind\":\"b\"}\n{\"id\":\"2\",\"kind\":\"noise\"}\n"),
        ("2026-01-06", "{\"id\":\"1\",\"kind\":\"a\",\"text\":\"one\"}\n{\"id\":\"3\",\"kind\":\"a\"}\n"),
    ];
    for (day, text) in days {
        let folder = place.bucket(&format!("raw-dev/events/dt={day}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.jsonl"), text).unwrap();
    }
    let first = "id,kind,text\n1,a,one\n1,b,\n2,noise,\n";
    place.collect("2026-01-05");
    assert_eq!(place.snapshot(), first);
    let kept = objects(&place.bucket("out-dev/all_events"));
    place.collect("2026-01-05");
    assert_eq!(place.snapshot(), first);
    assert_eq!(objects(&place.bucket("out-dev/all_events")), kept, "no new object");
    assert_eq!(place.lines("deliveries"), 6);
    place.collect("2026-01-06");
    let mut rows: Vec<String> = place.snapshot().lines().skip(1).map(str::to_owned).collect();
    rows.sort();
    assert_eq!(rows, ["1,a,one", "1,b,", "2,noise,", "3,a,"]);
    assert_eq!(place.lines("deliveries"), 8);
}

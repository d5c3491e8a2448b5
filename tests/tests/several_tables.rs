//! Transforms over several tables: `programs/tables.flow` run whole, through the real worker, over files of a few
//! lines; the rows of each sink, written out, and what a run says where a check fails.

#![allow(clippy::unwrap_used, reason = "tests")]

use flow_tests::{Printed, files_below, flowc, root};
use std::fs;
use std::path::PathBuf;

const STAYS: &str = r#"{"id":"s1","patient":"p1","facility":"A","days":3,"diagnoses":["I50","J44"],"notes":["old"]}
{"id":"s2","patient":"p2","facility":"B","days":1,"diagnoses":["I50"]}
{"id":"s3","patient":"p3","facility":"X","days":9,"diagnoses":["K70"],"notes":[]}
{"id":"s4","patient":"p4","facility":null,"days":2,"diagnoses":[]}
{"id":"s5","patient":"p5","facility":"A","days":2,"diagnoses":["I50"],"notes":["a","b"]}
this is no record
"#;
const EARLIER: &str = r#"{"id":"e1","patient":"p1","facility":"B","days":4,"diagnoses":[]}
{"id":"e2","patient":"p2","facility":"B","days":4,"diagnoses":[]}
"#;
const FORMER: &str = r#"{"id":"f1","patient":"p2","facility":"C","days":7,"diagnoses":["Z99"],"notes":null}
{"id":"f1","patient":"p2","facility":"C","days":7,"diagnoses":["Z99"],"notes":null}
"#;
const FACILITIES: &str = "id,city,region\nA,Zürich,North\nB,Bern,\nC,Lugano,South\n";

struct Tables {
    place: tempfile::TempDir,
}

impl Tables {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::copy(root().join("tests/programs/tables.flow"), place.path().join("tables.flow")).unwrap();
        let tables = Tables { place };
        tables.put("stays/dt=2026-01-05/a.jsonl", STAYS);
        tables.put("stays/dt=2026-01-04/a.jsonl", EARLIER);
        tables.put("former/a.jsonl", FORMER);
        tables.put("facilities/a.csv", FACILITIES);
        tables.put("banned/a.jsonl", "{\"patient\":\"p5\"}\n");
        tables
    }

    fn bucket(&self, bucket: &str) -> PathBuf {
        self.place.path().join(".flow/buckets").join(bucket)
    }

    fn put(&self, key: &str, text: &str) {
        let path = self.bucket("raw-dev").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self) -> Printed {
        // Two runs within one second would have different names.
        let _none_yet = fs::remove_dir_all(self.place.path().join(".flow/runs"));
        flowc(self.place.path(), &["run", "tables.flow", "--input", "day=2026-01-05"])
    }

    /// The rows below a folder of the bucket that the program writes.
    fn rows(&self, folder: &str) -> String {
        let objects = files_below(&self.bucket("out-dev").join(folder)).into_iter();
        let rows = objects.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
        rows.map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

#[test]
fn every_operator_over_tables_gives_its_rows() {
    let tables = Tables::new();
    let printed = tables.run();
    assert_eq!(printed.code, Some(0), "{printed}");
    assert_eq!(
        tables.rows("placed"),
        r#"{"id":"f1","patient":"p2","days":7,"city":"Lugano","region":"South","diagnosis":"Z99","note":null}
{"id":"s1","patient":"p1","days":3,"city":"Zürich","region":"North","diagnosis":"I50","note":"old"}
{"id":"s1","patient":"p1","days":3,"city":"Zürich","region":"North","diagnosis":"J44","note":"old"}
{"id":"s2","patient":"p2","days":1,"city":"Bern","region":null,"diagnosis":"I50","note":null}
{"id":"s3","patient":"p3","days":9,"city":"elsewhere","region":null,"diagnosis":"K70","note":null}
"#
    );
    let pairs = |kind: &str| tables.rows(&format!("pairs/kind={kind}"));
    assert_eq!(
        pairs("inner"),
        r#"{"stay":"s1","city":"Zürich","region":"North"}
{"stay":"s2","city":"Bern","region":null}
{"stay":"s5","city":"Zürich","region":"North"}
"#
    );
    assert_eq!(
        pairs("right"),
        r#"{"stay":"s1","city":"Zürich","region":"North"}
{"stay":"s2","city":"Bern","region":null}
{"stay":"s5","city":"Zürich","region":"North"}
{"stay":null,"city":"Lugano","region":"South"}
"#
    );
    assert_eq!(
        pairs("full"),
        r#"{"stay":"s1","city":"Zürich","region":"North"}
{"stay":"s2","city":"Bern","region":null}
{"stay":"s3","city":null,"region":null}
{"stay":"s4","city":null,"region":null}
{"stay":"s5","city":"Zürich","region":"North"}
{"stay":null,"city":"Lugano","region":"South"}
"#
    );
    assert_eq!(
        pairs("semi"),
        r#"{"stay":"s1","city":null,"region":null}
{"stay":"s5","city":null,"region":null}
"#
    );
    assert_eq!(
        pairs("cross"),
        r#"{"stay":"Lugano","city":"Bern","region":null}
{"stay":"Zürich","city":"Bern","region":null}
{"stay":"Zürich","city":"Lugano","region":"South"}
"#
    );
    assert_eq!(
        tables.rows("moved"),
        r#"{"kind":"moved","stay":"e1","city":"B","region":"A"}
"#
    );
    // The bad line is counted and kept once, although two inputs read its partition.
    let quarantine = tables.rows("quarantine");
    assert_eq!(quarantine.lines().count(), 1, "{quarantine}");
}

#[test]
fn a_row_that_fails_a_check_fails_the_step() {
    let tables = Tables::new();
    tables.put("former/b.jsonl", &FORMER.lines().next().unwrap().replace("\"f1\"", "\"f2\"").replace(":7,", ":401,"));
    let printed = tables.run();
    assert_eq!(printed.code, Some(1), "{printed}");
    let message = "transform `place`: check `days < 400` failed: `days` is 401. The row: { ";
    assert!(printed.err.contains(message) || printed.out.contains(message), "{printed}");
    assert_eq!(tables.rows("placed"), "");
}

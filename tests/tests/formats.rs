//! `programs/formats.flow` run whole, through the real worker: rows of every type through every format, and files of
//! others as they are. What a user reads is the snapshot, and with it the quarantine.

#![allow(clippy::unwrap_used, reason = "tests")]

use flow_tests::{Printed, flowc, root};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const ROWS: [&str; 3] = [
    r#"{"id":"1","flag":true,"count":-9223372036854775808,"ratio":0.25,"price":"12345678.90","photo":"AP8=","day":"2026-01-05","at":"2026-01-05T02:00:00.123456Z","took":1.5,"size":1024,"part":0.01,"state":"SENT","odd":"in transit","tags":["x",""],"gaps":[1,null],"notes":{"k":-12.5},"place":{"lat":47.4,"of":{"name":"b"}},"home":{"street":"s","city":null},"work":{"street":"ü","city":"c"}}"#,
    r#"{"id":"2","flag":false,"count":null,"ratio":-1,"price":null,"photo":"","day":"1969-12-31","at":null,"took":-0.000001,"size":0,"part":null,"state":"NEW","odd":"done","tags":[],"gaps":null,"notes":{},"place":{"lat":0.0,"of":null},"home":{"street":"","city":"c"},"work":null}"#,
    r#"{"id":"3","flag":false,"count":7,"ratio":2.5,"price":"0.00","photo":"AA==","day":"2026-01-05","at":"1969-12-31T23:59:59Z","took":0,"size":9007199254740993,"part":0.5,"state":"NEW","odd":"done","tags":["a","b"],"gaps":[],"notes":{"a":0.1,"b":999.9},"place":{"lat":1.5,"of":{"name":"a"}},"home":{"street":"t","city":null},"work":{"street":"u","city":null}}"#,
];

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::copy(root().join("tests/programs/formats.flow"), place.path().join("formats.flow")).unwrap();
        Place(place)
    }

    fn put(&self, key: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.path().join(".flow/buckets/raw-dev").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn run(&self, flow: &str) -> Printed {
        // Two runs within one second would have different names.
        let _none_yet = fs::remove_dir_all(self.0.path().join(".flow/runs"));
        flowc(self.0.path(), &["run", "formats.flow", "--flow", flow]).brief()
    }

    /// The objects below a folder of what the program writes.
    fn objects(&self, folder: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(&self.0.path().join(".flow/buckets/out-dev").join(folder), &mut found);
        found.sort();
        found
    }

    fn text(&self, folder: &str) -> String {
        self.objects(folder).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.ends_with("_flow") {
            continue;
        }
        if path.is_dir() { collect(&path, into) } else { into.push(path) }
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn rows_of_every_type_go_through_every_format() {
    let place = Place::new();
    // An array, lines, an array of nothing, no bytes, and compressed lines.
    place.put("everything/a.json", format!("\n[ {} ]", ROWS[0]));
    place.put("everything/b.json", format!("\n\n  {}\r\n\n", ROWS[1]));
    place.put("everything/c.json", "[]");
    place.put("everything/d.json", "");
    place.put("everything/e.json.gz", gzip(ROWS[2]));
    let printed = place.run("convert");
    assert_eq!(printed.code, Some(0), "{printed}");
    // Folders by day.
    let expected = format!("{}\n{}\n{}\n", ROWS[1], ROWS[0], ROWS[2]);
    assert_eq!(place.text("lines"), expected);
    assert_eq!(place.text("json"), format!("[{}]\n", expected.trim_end().replace('\n', ",\n")));
    let avro = place.objects("avro");
    assert_eq!(avro.len(), 2);
    for object in avro {
        let bytes = fs::read(&object).unwrap();
        assert!(bytes.starts_with(b"Obj\x01") && object.extension().is_some_and(|end| end == "avro"));
    }
    let before = place.objects("zstd");
    assert_eq!(place.run("convert").code, Some(0));
    assert_eq!(before, place.objects("zstd"), "the same rows are the same objects");
}

#[test]
fn records_of_an_array_are_bad_one_by_one() {
    let place = Place::new();
    let records = [ROWS[0], "1", "{\"id\": }", &ROWS[1].replace("\"NEW\"", "\"OLD\""), &ROWS[2].replace("\"t\"", "null"), "", ROWS[1]];
    place.put("everything/a.json", format!("[{}]", records.join(",\n")));
    let printed = place.run("convert");
    insta::assert_snapshot!(format!("{printed}--- quarantine\n{}--- rows\n{}", place.text("quarantine"), place.text("lines").len()));
}

#[test]
fn an_array_that_breaks_off_is_refused() {
    let place = Place::new();
    place.put("everything/a.json", format!("[{}, {{\"id\"", ROWS[0]));
    insta::assert_snapshot!(place.run("convert"));
}

#[test]
fn csv_of_others() {
    let place = Place::new();
    let lines = [
        "note;price;id;who;day;count",
        "'a;b';1.50;1;x;2026-01-05;1",
        "'two\r\nlines';2;2;x;2026-01-06;",
        "'it''s';3;3;x;2026-01-07;3",
        "short;1;4",
        ";1.555;5;x;2026-01-05;1",
        ";1;6;x;05.01.2026;1",
        ";1;7;x;2026-01-05;one",
        ";;8;x;2026-01-05;1",
        "long;1;9;x;2026-01-05;1;more",
        ";9;10;x;2026-01-08;10",
    ];
    place.put("sales/a.csv", format!("\u{feff}{}\r\n", lines.join("\r\n")));
    let printed = place.run("sell");
    insta::assert_snapshot!(format!("{printed}--- quarantine\n{}--- rows\n{}", place.text("quarantine"), place.text("csv")));
}

#[test]
fn headers_that_do_not_fit() {
    let headers = [
        "id;day;note;count",
        "id,day,price,count,note",
        "id;day;price;count;note;day",
        "",
    ];
    let printed: Vec<String> = headers
        .iter()
        .map(|header| {
            let place = Place::new();
            place.put("sales/a.csv", format!("{header}\n1;2026-01-05;1;1;\n"));
            let printed = place.run("sell");
            let reason = printed.out.lines().find(|line| line.contains("a.csv")).unwrap_or("(no reason)");
            format!("{header}\n  {:?} {}\n", printed.code, reason.trim())
        })
        .collect();
    insta::assert_snapshot!(printed.concat());
}

#[test]
fn files_that_are_no_avro() {
    let place = Place::new();
    let program = fs::read_to_string(place.0.path().join("formats.flow")).unwrap();
    let program = program.replace("format  = json_array\n", "format  = avro\n");
    fs::write(place.0.path().join("formats.flow"), program).unwrap();
    place.put("everything/a.avro", ROWS[0]);
    insta::assert_snapshot!(place.run("convert"));
}

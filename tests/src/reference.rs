//! Examples of the reference with what they stand in: see `tests/tests/reference.rs`.

use crate::programs::{self, Example};
use flow_analysis::strictness::Levels;
use flow_analysis::{Surroundings, Texts, check_with};
use flow_backend::{BuildOptions, build};
use flow_diagnostics::render::{ColorChoice, human};
use flow_diagnostics::{Diagnostics, FileSet, Severity};
use flow_syntax::ast::{Item, ItemKind, Use};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// An item, as text.
pub struct Piece {
    declares: Vec<String>,
    words: BTreeSet<String>,
    text: String,
}

/// Words outside of comments.
fn words(text: &str) -> BTreeSet<String> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_')).map(str::to_owned).collect()
}

/// The names that an item declares; a project and environments are called by their keyword.
fn declared(item: &Item) -> Vec<String> {
    let name = match &item.kind {
        ItemKind::Use(Use::Path { names: Some(names), .. }) => return names.iter().map(|name| name.text.clone()).collect(),
        ItemKind::Use(Use::Path { path, names: None }) => path.segments.last(),
        ItemKind::Project(_) => return vec!["project".to_owned()],
        ItemKind::Env(_) => return vec!["env".to_owned()],
        ItemKind::Use(Use::File { .. }) | ItemKind::Test(_) | ItemKind::Broken => None,
        ItemKind::Param(item) => Some(&item.name),
        ItemKind::Secret(item) => Some(&item.name),
        ItemKind::Output(item) => Some(&item.name),
        ItemKind::Schema(item) => Some(&item.name),
        ItemKind::Type(item) => Some(&item.name),
        ItemKind::Source(item) | ItemKind::Sink(item) => Some(&item.name),
        ItemKind::Resource(item) => Some(&item.name),
        ItemKind::Transform(item) => Some(&item.name),
        ItemKind::Task(item) => Some(&item.name),
        ItemKind::Construct(item) => Some(&item.name),
        ItemKind::Retry(item) => Some(&item.name),
        ItemKind::Schedule(item) => Some(&item.name),
        ItemKind::Function(item) => Some(&item.name),
        ItemKind::Flow(item) => Some(&item.name),
        ItemKind::Stream(item) => Some(&item.name),
    };
    name.map(|name| name.text.clone()).into_iter().collect()
}

/// A text's items, each with the comments and attributes above it.
fn pieces(name: &str, text: &str) -> Vec<Piece> {
    let mut files = FileSet::default();
    let file = files.add(name, text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let module = flow_syntax::parse(file, text, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", human(&files, &diagnostics, ColorChoice::Never));
    // What stands between two items belongs to the second; `when` is in the item's span or right after it.
    let mut from = text.find("\n\n").filter(|_| module.doc.is_some()).unwrap_or(0);
    let mut list = Vec::new();
    for item in &module.items {
        let end = item.when.as_ref().map_or(item.span.end, |when| when.span.end.max(item.span.end)) as usize;
        let text = text.get(from..end).expect("an item's place").trim_start().to_owned();
        from = end;
        list.push(Piece { declares: declared(item), words: words(&text), text });
    }
    list
}

/// The items of `reference/NAME.flow`, where there is such a file.
pub fn kept(name: &str) -> Vec<Piece> {
    let path = crate::root().join(format!("tests/reference/{name}.flow"));
    std::fs::read_to_string(&path).map(|text| pieces(name, &text)).unwrap_or_default()
}

/// The example, and below it what it stands in.
pub fn whole(example: &Example, common: &[Piece]) -> String {
    let own = pieces("example.flow", &example.text);
    let own_names: BTreeSet<&String> = own.iter().flat_map(|piece| &piece.declares).collect();
    let section = kept(&example.section);
    let of_section: BTreeSet<&String> = section.iter().flat_map(|piece| &piece.declares).collect();
    let common = common.iter().filter(|piece| !piece.declares.iter().any(|name| of_section.contains(name)));
    let uses = |piece: &Piece| own_names.iter().any(|name| piece.words.contains(*name));
    let mut open: Vec<(&Piece, bool)> =
        section.iter().map(|piece| (piece, uses(piece))).chain(common.map(|piece| (piece, false))).collect();
    open.retain(|(piece, _)| !piece.declares.iter().any(|name| own_names.contains(name)));
    let mut wanted = words(&example.text);
    wanted.insert("project".to_owned());
    let mut text = example.text.clone();
    while let Some(at) =
        open.iter().position(|(piece, uses)| *uses || piece.declares.iter().any(|name| wanted.contains(name)))
    {
        let (piece, _) = open.remove(at);
        wanted.extend(piece.words.iter().cloned());
        text.push('\n');
        text.push_str(&piece.text);
        text.push('\n');
    }
    text
}

/// Files that examples name.
pub fn beside() -> Texts {
    let folder = crate::root().join("tests/reference");
    let mut texts = Texts::default();
    for ending in ["flow", "avsc"] {
        for path in programs::files("tests/reference", ending) {
            let name = path.strip_prefix(&folder).expect("below the folder").display().to_string();
            texts.0.insert(name, std::fs::read_to_string(&path).expect("UTF-8"));
        }
    }
    texts
}

/// What became of a text.
#[derive(Default)]
pub struct Compiled {
    /// The codes of its errors.
    pub codes: BTreeSet<String>,
    /// What is wrong, to be shown.
    pub said: String,
    /// The files of its build, by name; none where there are errors.
    pub files: IndexMap<String, String>,
}

/// Checks a text and builds it; its definitions are such as Step Functions takes.
pub fn compiled(text: &str, reader: &Texts) -> Compiled {
    let mut files = FileSet::default();
    let file = files.add("example.flow", text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let around = Surroundings { levels: &Levels::default(), reader };
    let program = check_with(&around, file, &mut files, &mut diagnostics);
    let errors = diagnostics.sorted().into_iter().filter(|one| one.severity == Severity::Error);
    let codes: BTreeSet<String> = errors.map(|one| one.code.to_string()).collect();
    if !codes.is_empty() {
        return Compiled { codes, said: human(&files, &diagnostics, ColorChoice::Never), ..Compiled::default() };
    }
    let output = build(&program, &files, &BuildOptions::default());
    let mut said = String::new();
    for fault in output.faults {
        said.push_str(&format!("cannot be emitted: {}\n", fault.what));
    }
    for (name, content) in output.files.iter().filter(|(name, _)| name.ends_with(".asl.json")) {
        let machine = serde_json::from_str(content).expect("a definition is JSON");
        for issue in flow_asl::validate::validate(&machine) {
            said.push_str(&format!("{name}: {issue:?}\n"));
        }
    }
    Compiled { codes, said, files: output.files }
}

/// The examples of the reference.
pub fn examples() -> Vec<Example> {
    let document = std::fs::read_to_string(crate::root().join("grammar/README.md")).expect("the reference");
    programs::examples(&document)
}

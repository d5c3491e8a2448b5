//! The files of a program: the one that was asked for, and those that it brings in by `use "./shared.flow"`, directly or
//! by way of others.
//!
//! A path is relative to the file that names it, starts with `./` or `../`, and has forward slashes on every machine. A file
//! is known by its name as the user would write it from where the command runs: `flows/a.flow` that uses `"../shared.flow"`
//! uses `shared.flow`. So messages and source maps name the same file the same way, whoever uses it.

use crate::library;
use crate::suggest::nearest;
use flow_diagnostics::{Diagnostic, Diagnostics, FileId, FileSet, Span, codes};
use flow_syntax::ast::{ItemKind, Module, Use};
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::VecDeque;

mod schemas;

pub(crate) use schemas::schema_file;

/// Where the files that a program uses are read from: a disk, or an editor's buffers over one.
pub trait Reader {
    /// The text of the file with this name, which is relative as the program's own is.
    ///
    /// # Errors
    /// That there is no such file, or why it cannot be read.
    fn read(&self, name: &str) -> Result<String, Unread>;

    /// The names of the files in a folder (empty for the one where the command runs) that have an ending: `flow`, `avsc`. For
    /// suggestions.
    fn beside(&self, folder: &str, ending: &str) -> Vec<String>;
}

/// Why a file that is used has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// There is no such file.
    Missing,
    /// It is there, but: `permission denied`.
    Because(String),
}

/// No other files: what a program of one file needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Reader for NoFiles {
    fn read(&self, _: &str) -> Result<String, Unread> {
        Err(Unread::Missing)
    }

    fn beside(&self, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// Files held in memory, by name: of programs that lie nowhere, as in tests and on pages of the documentation.
#[derive(Debug, Clone, Default)]
pub struct Texts(pub std::collections::BTreeMap<String, String>);

impl Reader for Texts {
    fn read(&self, name: &str) -> Result<String, Unread> {
        self.0.get(name).cloned().ok_or(Unread::Missing)
    }

    fn beside(&self, folder: &str, ending: &str) -> Vec<String> {
        let parts = |name: &str| match name.rsplit_once('/') {
            Some((folder, last)) => (folder.to_owned(), last.to_owned()),
            None => (String::new(), name.to_owned()),
        };
        let names = self.0.keys().map(|name| parts(name)).filter(|(found, last)| {
            found == folder && last.rsplit_once('.').is_some_and(|(_, found)| found == ending)
        });
        names.map(|(_, last)| last).collect()
    }
}

/// The file that a path names, from the file called `user`; `None` for a path that is not of the form.
pub(crate) fn target(user: &str, path: &str) -> Option<String> {
    if !(path.starts_with("./") || path.starts_with("../")) || !path.ends_with(".flow") || path.contains('\\') {
        return None;
    }
    let user = user.replace('\\', "/");
    let folder = user.rfind('/').and_then(|slash| user.get(..=slash)).unwrap_or_default();
    Some(plain(&format!("{folder}{path}")))
}

/// A name without `.`, and without `..` after a folder: `./a/../b.flow` is `b.flow`.
fn plain(name: &str) -> String {
    let name = name.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{}{}", if name.starts_with('/') { "/" } else { "" }, parts.join("/"))
}

/// Whether two names are of one file: `./a.flow` and `a.flow` are.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one == other || plain(one) == plain(other)
}

/// Parses a file of the set and all that it uses: the file itself first, the others in the order in which they are named.
/// What cannot be found or read, and circles, are reported.
pub(crate) fn parse(file: FileId, reader: &dyn Reader, files: &mut FileSet, diagnostics: &mut Diagnostics) -> Vec<Module> {
    let mut modules = vec![flow_syntax::parse(file, files.text(file), diagnostics)];
    let mut uses: DiGraph<FileId, Span> = DiGraph::new();
    uses.add_node(file);
    let mut at = 0;
    while let Some(module) = modules.get(at) {
        schemas::read(module, reader, files, diagnostics);
        let named: Vec<(String, Span)> = module
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Use(Use::File { path, span }) => Some((path.clone(), *span)),
                _ => None,
            })
            .collect();
        let user = module.file;
        for (path, span) in named {
            let Some(used) = found(user, &path, span, reader, files, diagnostics) else { continue };
            let known = modules.iter().position(|module| module.file == used);
            let node = known.map(NodeIndex::new).unwrap_or_else(|| {
                modules.push(flow_syntax::parse(used, files.text(used), diagnostics));
                uses.add_node(used)
            });
            uses.add_edge(NodeIndex::new(at), node, span);
        }
        at += 1;
    }
    circles(&uses, files, diagnostics);
    modules
}

/// The file that a `use` names, read if nobody has read it yet.
fn found(
    user: FileId,
    path: &str,
    span: Span,
    reader: &dyn Reader,
    files: &mut FileSet,
    diagnostics: &mut Diagnostics,
) -> Option<FileId> {
    let Some(name) = target(files.name(user), path) else {
        diagnostics.push(wrong_path(path, span));
        return None;
    };
    let users = |id: &FileId| library::module_path(files, *id).is_none();
    let known = files.ids().find(|id| same(files.name(*id), &name) && users(id));
    if known.is_some() {
        return known;
    }
    let why = match reader.read(&name) {
        Ok(text) => return Some(files.add(name, text)),
        Err(why) => why,
    };
    let diagnostic = match why {
        Unread::Because(why) => Diagnostic::new(codes::USE_FILE, format!("`{name}` cannot be read: {why}")).primary(span, ""),
        Unread::Missing => {
            let diagnostic = Diagnostic::new(codes::USE_FILE, format!("there is no file `{name}`")).primary(span, "not found");
            let (folder, last) = name.rsplit_once('/').unwrap_or(("", &name));
            let mut beside = reader.beside(folder, "flow");
            beside.sort();
            match nearest(last, beside.iter().map(String::as_str)) {
                Some(near) => {
                    let written = path.rsplit_once('/').map_or(near.to_owned(), |(folder, _)| format!("{folder}/{near}"));
                    diagnostic
                        .help(format!("did you mean `\"{written}\"`?"))
                        .fix(format!("write `\"{written}\"`"), span, format!("\"{written}\""))
                }
                None => diagnostic.help(format!("a path is relative to the file that names it, here `{}`", files.name(user))),
            }
        }
    };
    diagnostics.push(diagnostic);
    None
}

fn wrong_path(path: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(codes::USE_FILE, format!("`{path}` is no path of a file that can be used")).primary(span, "");
    let slashed = path.replace('\\', "/");
    let absolute = slashed.starts_with('/') || slashed.get(1..2) == Some(":");
    let dotted = slashed.starts_with("./") || slashed.starts_with("../");
    let whole = format!(
        "{}{slashed}{}",
        if dotted { "" } else { "./" },
        if slashed.ends_with(".flow") { "" } else { ".flow" }
    );
    let diagnostic = diagnostic.help("a path starts with `./` or `../`, ends in `.flow`, and has forward slashes: `\"./shared.flow\"`");
    if absolute {
        return diagnostic.note("a path of one machine means nothing on another");
    }
    diagnostic.fix(format!("write `\"{whole}\"`"), span, format!("\"{whole}\""))
}

/// Files that use each other in a circle: one message for each circle, with its whole chain.
fn circles(uses: &DiGraph<FileId, Span>, files: &FileSet, diagnostics: &mut Diagnostics) {
    let file = |node: NodeIndex| uses.node_weight(node).copied().unwrap_or(FileId(0));
    let name = |node: NodeIndex| format!("`{}`", files.name(file(node)));
    for component in tarjan_scc(uses) {
        // From the file that was read first: the same message, whichever of the files is checked.
        let Some(first) = component.iter().copied().min_by_key(|node| file(*node)) else { continue };
        let Some(chain) = chain(uses, first) else { continue };
        if let [(node, span)] = chain.as_slice() {
            diagnostics.push(
                Diagnostic::new(codes::CIRCULAR_USE, format!("{} uses itself", name(*node)))
                    .primary(*span, "this file")
                    .help("remove it: what a file declares, it may name"),
            );
            continue;
        }
        let names: Vec<String> = std::iter::once(first).chain(chain.iter().map(|(node, _)| *node)).map(name).collect();
        let message = format!("files use each other in a circle: {}", names.join(" → "));
        let mut diagnostic = Diagnostic::new(codes::CIRCULAR_USE, message);
        for (node, span) in &chain {
            diagnostic = match *node == first {
                true => diagnostic.primary(*span, format!("and this leads back to {}", name(*node))),
                false => diagnostic.secondary(*span, format!("uses {}", name(*node))),
            };
        }
        diagnostics.push(
            diagnostic
                .note("none of them can be read, or used elsewhere, without the others")
                .help("move what both need into a file of its own, and use that from both"),
        );
    }
}

/// The shortest chain of uses from a file back to itself: the file that each use leads to, and where it stands.
fn chain(uses: &DiGraph<FileId, Span>, start: NodeIndex) -> Option<Vec<(NodeIndex, Span)>> {
    let mut reached: Vec<Option<(NodeIndex, Span)>> = vec![None; uses.node_count()];
    let mut open = VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        // By the order of the text; petgraph gives the latest edge first.
        let mut edges: Vec<(usize, NodeIndex, Span)> = uses
            .edges(node)
            .map(|edge| (edge.id().index(), edge.target(), *edge.weight()))
            .collect();
        edges.sort_by_key(|(id, ..)| *id);
        for (_, next, span) in edges {
            let Some(place) = reached.get_mut(next.index()) else { continue };
            if place.is_some() {
                continue;
            }
            *place = Some((node, span));
            open.push_back(next);
        }
    }
    let mut chain = Vec::new();
    let mut node = start;
    loop {
        let (from, span) = reached.get(node.index()).copied().flatten()?;
        chain.push((node, span));
        node = from;
        if node == start {
            chain.reverse();
            return Some(chain);
        }
    }
}

#[cfg(test)]
mod tests;

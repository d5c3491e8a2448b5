//! Names of modules: which item each name stands for.
//!
//! A module has four namespaces: **modules** (what `use` binds: `s3`), **types** (schemas and types),
//! **values** (parameters, secrets, tables, resources, retry policies) and **callables** (functions, constructs,
//! tasks, transforms, flows). Functions may share a name if their parameters differ.

use crate::files_used;
use crate::library;
use crate::suggest::{listed, nearest};
use flow_diagnostics::{codes, Diagnostic, Diagnostics, FileSet, Span};
use flow_syntax::ast::{Item, ItemKind, Module, Name, Use};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// An item with its place in the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Def<'a> {
    /// Index of its module.
    pub module: usize,
    /// Index in the module.
    pub index: usize,
    /// The item.
    pub item: &'a Item,
}

impl<'a> Def<'a> {
    /// Its identity.
    pub fn key(&self) -> (usize, usize) {
        (self.module, self.index)
    }

    /// Its name, if items of its kind have one.
    pub fn name(&self) -> Option<&'a Name> {
        name_of(self.item)
    }

    /// What it is, for messages: `a task`.
    pub fn kind(&self) -> &'static str {
        kind_of(self.item)
    }
}

/// The name of an item.
pub(crate) fn name_of(item: &Item) -> Option<&Name> {
    Some(match &item.kind {
        ItemKind::Project(named) | ItemKind::Env(named) => &named.name,
        ItemKind::Param(item) => &item.name,
        ItemKind::Secret(item) => &item.name,
        ItemKind::Output(item) => &item.name,
        ItemKind::Schema(item) => &item.name,
        ItemKind::Type(item) => &item.name,
        ItemKind::Source(item) | ItemKind::Sink(item) => &item.name,
        ItemKind::Resource(item) => &item.name,
        ItemKind::Transform(item) => &item.name,
        ItemKind::Task(item) => &item.name,
        ItemKind::Construct(item) => &item.name,
        ItemKind::Retry(item) => &item.name,
        ItemKind::Schedule(item) => &item.name,
        ItemKind::Function(item) => &item.name,
        ItemKind::Flow(item) => &item.name,
        ItemKind::Stream(item) => &item.name,
        ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Broken => return None,
    })
}

fn kind_of(item: &Item) -> &'static str {
    match &item.kind {
        ItemKind::Use(_) => "a `use`",
        ItemKind::Project(_) => "a project",
        ItemKind::Env(_) => "an environment",
        ItemKind::Param(_) => "a parameter",
        ItemKind::Secret(_) => "a secret",
        ItemKind::Output(_) => "an output",
        ItemKind::Schema(_) => "a schema",
        ItemKind::Type(_) => "a type",
        ItemKind::Source(_) => "a source",
        ItemKind::Sink(_) => "a sink",
        ItemKind::Resource(_) => "a resource",
        ItemKind::Transform(_) => "a transform",
        ItemKind::Task(_) => "a task",
        ItemKind::Construct(_) => "a construct",
        ItemKind::Retry(_) => "a retry policy",
        ItemKind::Schedule(_) => "a schedule",
        ItemKind::Function(_) => "a function",
        ItemKind::Flow(_) => "a flow",
        ItemKind::Stream(_) => "a stream",
        ItemKind::Test(_) => "a test",
        ItemKind::Broken => "broken",
    }
}

/// The names of a module.
#[derive(Debug, Default)]
pub(crate) struct ModuleNames<'a> {
    /// `std.aws.s3`; empty for the user's file.
    pub path: String,
    /// What `use` binds.
    pub modules: IndexMap<String, usize>,
    /// Schemas and types.
    pub types: IndexMap<String, Def<'a>>,
    /// Parameters, secrets, tables, resources, retry policies.
    pub values: IndexMap<String, Def<'a>>,
    /// Functions, constructs, tasks, transforms, flows.
    pub callables: IndexMap<String, Vec<Def<'a>>>,
    /// Constructs of what exists already.
    pub existing: IndexMap<String, Def<'a>>,
    /// Names of a `use` that found nothing, and what was likely meant: reported already.
    pub broken: Vec<String>,
    /// Whether a file that it uses was not found, so that any name may be of that file.
    pub file_missing: bool,
}

impl ModuleNames<'_> {
    /// Whether it is of the standard library.
    pub fn is_library(&self) -> bool {
        !self.path.is_empty()
    }

    /// Its last name: `s3`.
    pub fn short(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or("")
    }
}

/// The names of a program.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    /// By module.
    pub modules: Vec<ModuleNames<'a>>,
    /// Modules in scope everywhere.
    pub prelude: Vec<usize>,
    /// What broken items seem to declare: the parser has reported them, so these names are not called unknown.
    pub broken: BTreeSet<String>,
}

impl<'a> Names<'a> {
    /// A module's names.
    pub fn module(&self, module: usize) -> Option<&ModuleNames<'a>> {
        self.modules.get(module)
    }

    /// The module with this path.
    pub fn by_path(&self, path: &str) -> Option<usize> {
        self.modules.iter().position(|module| module.is_library() && module.path == path)
    }

    /// Whether a name would have come from a `use` that found nothing.
    pub fn is_broken(&self, module: usize, name: &str) -> bool {
        self.module(module).is_some_and(|names| names.file_missing || names.broken.iter().any(|broken| broken == name))
    }

    fn scopes(&self, module: usize) -> impl Iterator<Item = &ModuleNames<'a>> {
        std::iter::once(module)
            .chain(self.prelude.iter().copied().filter(move |prelude| *prelude != module))
            .filter_map(|module| self.modules.get(module))
    }

    /// A type by its bare name.
    pub fn type_named(&self, module: usize, name: &str) -> Option<Def<'a>> {
        self.scopes(module).find_map(|scope| scope.types.get(name).copied())
    }

    /// A value by its bare name.
    pub fn value_named(&self, module: usize, name: &str) -> Option<Def<'a>> {
        self.scopes(module).find_map(|scope| scope.values.get(name).copied())
    }

    /// Callables by their bare name; a module's own hide those of the prelude.
    pub fn callables_named(&self, module: usize, name: &str) -> Vec<Def<'a>> {
        self.scopes(module).find_map(|scope| scope.callables.get(name).cloned()).unwrap_or_default()
    }

    /// A construct of what exists already, by its bare name.
    pub fn existing_named(&self, module: usize, name: &str) -> Option<Def<'a>> {
        self.scopes(module).find_map(|scope| scope.existing.get(name).copied())
    }

    /// Every name of a namespace that is in scope, for suggestions.
    pub fn value_names(&self, module: usize) -> impl Iterator<Item = &str> {
        self.scopes(module).flat_map(|scope| scope.values.keys().map(String::as_str))
    }

    /// Likewise.
    pub fn callable_names(&self, module: usize) -> impl Iterator<Item = &str> {
        self.scopes(module).flat_map(|scope| scope.callables.keys().map(String::as_str))
    }

    /// Likewise.
    pub fn type_names(&self, module: usize) -> impl Iterator<Item = &str> {
        self.scopes(module).flat_map(|scope| scope.types.keys().map(String::as_str))
    }
}

/// Collects the items of every module, then binds what `use` names.
pub(crate) fn resolve<'a>(modules: &'a [Module], files: &FileSet, diagnostics: &mut Diagnostics) -> Names<'a> {
    let broken = modules.iter().flat_map(|module| &module.broken_names).map(|name| name.text.clone()).collect();
    let mut names = Names { modules: Vec::new(), prelude: Vec::new(), broken };
    for (at, module) in modules.iter().enumerate() {
        let path = library::module_path(files, module.file).unwrap_or_default();
        if library::PRELUDE.contains(&path.as_str()) {
            names.prelude.push(at);
        }
        names.modules.push(collect(at, path, module, diagnostics));
    }
    one_name_in_all_files(&names, modules, diagnostics);
    for (at, module) in modules.iter().enumerate() {
        for item in &module.items {
            if let ItemKind::Use(Use::File { path, .. }) = &item.kind {
                let used = files_used::target(files.name(module.file), path).and_then(|name| {
                    modules.iter().position(|other| files_used::same(files.name(other.file), &name))
                });
                bind_file(&mut names, at, used);
            }
            if let ItemKind::Use(used) = &item.kind {
                bind(&mut names, at, used, diagnostics);
            }
        }
    }
    names
}

fn collect<'a>(at: usize, path: String, module: &'a Module, diagnostics: &mut Diagnostics) -> ModuleNames<'a> {
    let mut names = ModuleNames { path, ..ModuleNames::default() };
    let mut envs: IndexMap<&str, &Name> = IndexMap::new();
    let mut outputs: IndexMap<&str, &Name> = IndexMap::new();
    for (index, item) in module.items.iter().enumerate() {
        let def = Def { module: at, index, item };
        let Some(name) = name_of(item) else { continue };
        let known = match &item.kind {
            ItemKind::Schema(_) | ItemKind::Type(_) => insert(&mut names.types, name, def),
            ItemKind::Param(_)
            | ItemKind::Secret(_)
            | ItemKind::Source(_)
            | ItemKind::Sink(_)
            | ItemKind::Resource(_)
            | ItemKind::Retry(_)
            | ItemKind::Schedule(_) => insert(&mut names.values, name, def),
            ItemKind::Construct(item) if item.existing.is_some() => insert(&mut names.existing, name, def),
            ItemKind::Transform(_)
            | ItemKind::Task(_)
            | ItemKind::Construct(_)
            | ItemKind::Function(_)
            | ItemKind::Flow(_)
            | ItemKind::Stream(_) => {
                let list = names.callables.entry(name.text.clone()).or_default();
                let clash = list
                    .iter()
                    .find(|other| {
                        !matches!((&other.item.kind, &item.kind), (ItemKind::Function(_), ItemKind::Function(_)))
                    })
                    .and_then(Def::name);
                if clash.is_none() {
                    list.push(def);
                }
                clash
            }
            // Names that nothing in the program refers to: only their like clash with them.
            ItemKind::Env(_) => once(&mut envs, name),
            ItemKind::Output(_) => once(&mut outputs, name),
            ItemKind::Project(_) | ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Broken => None,
        };
        if let Some(known) = known {
            duplicate(name, known.span, diagnostics);
        }
    }
    names
}

/// The name that was there before.
fn once<'a>(map: &mut IndexMap<&'a str, &'a Name>, name: &'a Name) -> Option<&'a Name> {
    let known = map.get(name.text.as_str()).copied();
    if known.is_none() {
        map.insert(&name.text, name);
    }
    known
}

fn insert<'a>(map: &mut IndexMap<String, Def<'a>>, name: &Name, def: Def<'a>) -> Option<&'a Name> {
    match map.get(&name.text) {
        Some(known) => known.name(),
        None => {
            map.insert(name.text.clone(), def);
            None
        }
    }
}

/// Reports a name that is declared twice.
pub(crate) fn duplicate(name: &Name, first: Span, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(codes::DUPLICATE_NAME, format!("`{}` is declared twice", name.text))
            .primary(name.span, "declared again here")
            .secondary(first, "first declared here")
            .help("rename one of them"),
    );
}

/// A program has one set of names, whatever files it is in: they become names of resources and states.
fn one_name_in_all_files(names: &Names<'_>, modules: &[Module], diagnostics: &mut Diagnostics) {
    let mut known: IndexMap<(&str, &str), (usize, &Name)> = IndexMap::new();
    let users = modules.iter().enumerate().filter(|(at, _)| names.module(*at).is_some_and(|names| !names.is_library()));
    for (at, module) in users {
        for item in &module.items {
            let Some(name) = name_of(item) else { continue };
            let (space, text) = match &item.kind {
                // A program has one project, and the names of two do not clash.
                ItemKind::Project(_) => ("project", ""),
                ItemKind::Env(_) => ("environment", name.text.as_str()),
                ItemKind::Output(_) => ("output", name.text.as_str()),
                ItemKind::Schema(_) | ItemKind::Type(_) => ("type", name.text.as_str()),
                ItemKind::Construct(item) if item.existing.is_some() => ("existing", name.text.as_str()),
                ItemKind::Transform(_)
                | ItemKind::Task(_)
                | ItemKind::Construct(_)
                | ItemKind::Function(_)
                | ItemKind::Flow(_)
                | ItemKind::Stream(_) => ("callable", name.text.as_str()),
                ItemKind::Param(_)
                | ItemKind::Secret(_)
                | ItemKind::Source(_)
                | ItemKind::Sink(_)
                | ItemKind::Resource(_)
                | ItemKind::Retry(_)
                | ItemKind::Schedule(_) => ("value", name.text.as_str()),
                ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Broken => continue,
            };
            match known.get(&(space, text)) {
                // Within a file, the file's own names have told.
                Some((first, known)) if *first != at => duplicate(name, known.span, diagnostics),
                Some(_) => {}
                None => drop(known.insert((space, text), (at, name))),
            }
        }
    }
}

/// Brings in what a file declares; not what it brings in itself. A name of the file's own goes before.
fn bind_file(names: &mut Names<'_>, at: usize, used: Option<usize>) {
    let Some(used) = used.filter(|used| *used != at) else {
        if let Some(scope) = names.modules.get_mut(at) {
            scope.file_missing = true;
        }
        return;
    };
    let Some(source) = names.modules.get(used) else { return };
    let own = |def: &Def<'_>| def.module == used;
    let types: Vec<_> = source.types.iter().filter(|(_, def)| own(def)).map(|(name, def)| (name.clone(), *def)).collect();
    let values: Vec<_> = source.values.iter().filter(|(_, def)| own(def)).map(|(name, def)| (name.clone(), *def)).collect();
    let callables: Vec<_> = source
        .callables
        .iter()
        .filter(|(_, list)| list.iter().all(own))
        .map(|(name, list)| (name.clone(), list.clone()))
        .collect();
    let existing: Vec<_> =
        source.existing.iter().filter(|(_, def)| own(def)).map(|(name, def)| (name.clone(), *def)).collect();
    let Some(scope) = names.modules.get_mut(at) else { return };
    for (name, def) in existing {
        scope.existing.entry(name).or_insert(def);
    }
    for (name, def) in types {
        scope.types.entry(name).or_insert(def);
    }
    for (name, def) in values {
        scope.values.entry(name).or_insert(def);
    }
    for (name, list) in callables {
        scope.callables.entry(name).or_insert(list);
    }
}

fn bind(names: &mut Names<'_>, at: usize, used: &Use, diagnostics: &mut Diagnostics) {
    match used {
        // Bound by `bind_file`; what is wrong with it, loading has reported.
        Use::File { .. } => {}
        Use::Path { path, names: listed_names } => {
            let whole = path.text();
            match listed_names {
                Some(list) => {
                    for name in list {
                        bind_one(names, at, &whole, name, diagnostics);
                    }
                }
                None => {
                    if let Some((last, first)) = path.segments.split_last() {
                        let parent = first.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
                        bind_one(names, at, &parent, last, diagnostics);
                    }
                }
            }
        }
    }
}

fn bind_one(names: &mut Names<'_>, at: usize, parent: &str, name: &Name, diagnostics: &mut Diagnostics) {
    if let Some(module) = names.by_path(&format!("{parent}.{}", name.text)) {
        if let Some(scope) = names.modules.get_mut(at) {
            scope.modules.insert(name.text.clone(), module);
        }
        return;
    }
    let Some(module) = names.by_path(parent).filter(|module| *module != at) else {
        let all = library::modules();
        let whole = if parent.is_empty() { name.text.clone() } else { format!("{parent}.{}", name.text) };
        let mut diagnostic = Diagnostic::new(codes::UNKNOWN_MODULE, format!("there is no module `{whole}`"))
            .primary(name.span, "not found");
        let near = nearest(&whole, all.iter().map(String::as_str));
        let meant = near.and_then(|near| near.rsplit('.').next()).map(str::to_owned);
        if let Some(scope) = names.modules.get_mut(at) {
            scope.broken.extend(std::iter::once(name.text.clone()).chain(meant));
        }
        diagnostic = match near {
            Some(near) => {
                let last = near.rsplit('.').next().unwrap_or(near).to_owned();
                diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .fix(format!("write `{last}`"), name.span, last)
            }
            None => diagnostic.help(format!("modules are {}", listed(all.iter().map(String::as_str)))),
        };
        diagnostics.push(diagnostic);
        return;
    };
    let Some(source) = names.modules.get(module) else { return };
    let ty = source.types.get(&name.text).copied();
    let value = source.values.get(&name.text).copied();
    let callables = source.callables.get(&name.text).cloned();
    let existing = source.existing.get(&name.text).copied();
    if ty.is_none() && value.is_none() && callables.is_none() && existing.is_none() {
        let all = source
            .types
            .keys()
            .chain(source.values.keys())
            .chain(source.callables.keys())
            .map(String::as_str)
            .collect::<Vec<_>>();
        let mut diagnostic =
            Diagnostic::new(codes::UNKNOWN_MODULE, format!("module `{parent}` has no `{}`", name.text))
                .primary(name.span, "not found");
        let near = nearest(&name.text, all.iter().copied());
        let meant = near.map(str::to_owned);
        diagnostic = match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), name.span, near),
            None => diagnostic.help(format!("it has {}", listed(all))),
        };
        diagnostics.push(diagnostic);
        if let Some(scope) = names.modules.get_mut(at) {
            scope.broken.extend(std::iter::once(name.text.clone()).chain(meant));
        }
        return;
    }
    let Some(scope) = names.modules.get_mut(at) else { return };
    let clash = ty
        .and_then(|_| scope.types.get(&name.text))
        .or(value.and_then(|_| scope.values.get(&name.text)))
        .or(callables.as_ref().and_then(|_| scope.callables.get(&name.text)).and_then(|list| list.first()))
        .filter(|known| known.module == at)
        .and_then(Def::name);
    if let Some(known) = clash {
        duplicate(known, name.span, diagnostics);
        return;
    }
    if let Some(def) = existing {
        scope.existing.insert(name.text.clone(), def);
    }
    if let Some(def) = ty {
        scope.types.insert(name.text.clone(), def);
    }
    if let Some(def) = value {
        scope.values.insert(name.text.clone(), def);
    }
    if let Some(list) = callables {
        scope.callables.insert(name.text.clone(), list);
    }
}

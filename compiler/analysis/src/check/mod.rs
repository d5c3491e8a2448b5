//! The checker: one pass from syntax trees to typed expressions.
//!
//! Constructs, tasks and functions with a body are expanded where they are called, their parameters standing
//! for the typed arguments (call by name), so that what comes out holds no trace of the library but its text.
//! Errors accumulate; what was reported becomes [`ExprKind::Error`] of [`Type::Error`], which fits everything
//! and is reported no more.

mod attributes;
mod build;
mod call;
mod catalog;
mod construct;
mod decimal;
mod deployed;
pub(crate) mod display;
mod existing;
mod expr;
mod fields;
mod fit;
mod fold;
mod function;
mod intrinsics;
mod literal;
mod locals;
mod messages;
mod module_call;
mod names;
mod narrow;
mod operators;
mod pattern;
mod provider;
mod provider_value;
mod repeated;
mod resources;
mod stage;
mod temporal;
mod types;
mod views;

pub(crate) use call::{Arg, ArgValue, Bound};
pub(crate) use fit::{fits, Because};
pub(crate) use function::{Substitution, substitute};
pub(crate) use names::cases;
pub(crate) use narrow::{facts, path};
pub(crate) use resources::{Made, Naming, snake};

use locals::Locals;
use crate::program::{
    ChannelId, Expr, Guard, Lowering, Program, Project, ResourceId, RetryRule, Schedule, SchemaId, SecretId, TableId,
    TransformId, Type,
};
use crate::resolve::{Def, Names};
use flow_diagnostics::{codes, Diagnostic, Diagnostics, FileId, FileSet, Span};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// Identity of an item: its module, its index there.
pub(crate) type Key = (usize, usize);

/// The checker's state.
pub(crate) struct Checker<'a> {
    pub files: &'a FileSet,
    pub names: &'a Names<'a>,
    pub diagnostics: &'a mut Diagnostics,
    /// Text that the parser has refused.
    refused: Vec<Span>,
    pub program: Program,
    /// Types of `type` items.
    pub types: HashMap<Key, Type>,
    /// The item of each nominal type, by its name.
    pub nominals: HashMap<String, Def<'a>>,
    pub schemas: HashMap<Key, SchemaId>,
    /// Tagged unions, by the names of their types.
    pub unions: HashMap<String, crate::items::Union>,
    /// Schemas of tables whose rows are of a union, by the union's name.
    pub union_schemas: HashMap<String, SchemaId>,
    /// The tables of items that declare one for each case of a union.
    pub families: HashMap<Key, Vec<TableId>>,
    /// The case for which such a table is being checked.
    pub of_case: Option<crate::items::OfCase>,
    /// Schemas whose file could not be read: reported already.
    pub unread: HashSet<Key>,
    /// Schemas whose fields are being checked: one that is met among them holds itself.
    pub open_schemas: Vec<SchemaId>,
    /// Schemas of generic items, by the types that stand for their parameters.
    pub instances: HashMap<(Key, Vec<Type>), SchemaId>,
    pub tables: HashMap<Key, Option<TableId>>,
    pub channels: HashMap<Key, Option<ChannelId>>,
    /// Notifications of buckets that streams ask for: the bucket, the stream's place in the program.
    pub notified: Vec<crate::items::Notified>,
    pub transforms: HashMap<Key, TransformId>,
    /// Tasks whose declaration is wrong by itself: said there, and at no call.
    pub wrong_tasks: HashSet<Key>,
    pub params: HashMap<Key, Type>,
    pub secrets: HashMap<Key, SecretId>,
    pub resources: HashMap<Key, Option<Local>>,
    /// Schedules with their values as expressions.
    pub schedules: HashMap<Key, Option<(Schedule, Expr)>>,
    /// The rules of retry policies.
    pub policies: HashMap<Key, Vec<RetryRule>>,
    pub lowerings: HashMap<Key, Arc<Lowering>>,
    /// Items whose check is under way: one that is met again refers to itself.
    pub open: HashSet<Key>,
    /// Patterns, compiled once: a type's checks are held against many values.
    pub patterns: HashMap<String, PikeVM>,
    /// How many expressions were copied for parameters.
    pub substituted: usize,
    /// What of the user's text is being worked on: the cause of resources and policies.
    pub cause: Span,
    /// Where the item exists that is being worked on.
    pub guard: Option<Guard>,
    /// Conditions of items.
    pub guards: HashMap<Key, Option<Guard>>,
    /// Resources by type and name.
    pub made: HashMap<(String, String), Vec<Made>>,
    /// The fields of `Location`.
    pub location_fields: Type,
    /// Types of partition columns that expressions refer to by index.
    pub partition_types: Vec<Type>,
    /// While it is set, catalogs are left out: the table that they describe is not known yet.
    pub without_catalogs: bool,
    /// Modules that were reported as not in use.
    pub unknown_modules: HashSet<(usize, String)>,
    /// Optionals that were reported as values: the item, and the text. One missing test is one mistake.
    pub optionals: HashSet<((FileId, u32, u32), String)>,
    /// Whether a declaration is checked by itself.
    pub opaque: bool,
    /// Results of single steps of the flow at hand: they have a `.raw`.
    pub step_variables: HashSet<crate::program::VariableId>,
    /// `flow.state` of the handler at hand.
    pub state: Option<Expr>,
    /// Whether what is checked is sent with a task token.
    pub awaiting: bool,
}

/// What a name within an item stands for.
#[derive(Debug, Clone)]
pub(crate) enum Local {
    /// An argument of what is being expanded; it keeps its own place.
    Argument(Expr),
    /// A variable, a column, an element; its place is where it is used.
    Value(Expr),
    /// A resource.
    Resource(ResourceId),
    /// A variable that is not assigned on every path.
    Unassigned {
        /// Where it is assigned.
        at: Span,
        /// Why that is not enough: "`compute` may not have run".
        reason: String,
    },
    /// A variable of a branch or of an iteration, outside of it.
    Inside {
        /// Where it is assigned.
        at: Span,
        /// Whose it is: "a variable of branch `a`".
        what: String,
        /// What stands for it here.
        instead: Option<String>,
    },
}

/// Which functions over rows an expression may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowPlace {
    /// None: no rows here.
    Outside,
    /// Scalar ones.
    Row,
    /// An aggregate.
    Group,
    /// A window function or an aggregate.
    Window,
}

/// What `self` stands for in a construct.
#[derive(Debug)]
pub(crate) struct Owner {
    /// The declared item's name.
    pub name: String,
    /// Its fields.
    pub record: Expr,
}

/// Where an expression stands: the names that it sees and what is known of them.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// Index of the module that it is written in.
    pub module: usize,
    /// Parameters, variables, columns; searched from the end.
    pub locals: Locals,
    /// Paths (`discharged_at`, `error.cause`) that are known not to be `none`.
    pub narrowed: BTreeSet<String>,
    /// The item that a construct is called for.
    pub owner: Option<Rc<Owner>>,
    /// Whether there are rows.
    pub rows: RowPlace,
}

impl Scope {
    /// A module's top level.
    pub fn new(module: usize) -> Scope {
        Scope { module, locals: Locals::default(), narrowed: BTreeSet::new(), owner: None, rows: RowPlace::Outside }
    }

    /// What a name stands for within the item.
    pub fn local(&self, name: &str) -> Option<&Local> {
        self.locals.get(name)
    }

    /// Declares a name; what was known of one that it hides is forgotten.
    pub fn declare(&mut self, name: &str, local: Local) {
        self.forget(name);
        self.locals.push(name, local);
    }

    /// Drops what is known of a name.
    pub fn forget(&mut self, name: &str) {
        if self.narrowed.is_empty() {
            return;
        }
        let fields = format!("{name}.");
        self.narrowed.retain(|path| path != name && !path.starts_with(&fields));
    }

    /// The same with some paths known not to be `none`.
    pub fn knowing(&self, paths: &BTreeSet<String>) -> Scope {
        let mut scope = self.clone();
        scope.narrowed.extend(paths.iter().cloned());
        scope
    }
}

impl<'a> Checker<'a> {
    pub fn new(files: &'a FileSet, names: &'a Names<'a>, diagnostics: &'a mut Diagnostics) -> Self {
        let nowhere = Span::new(FileId(0), 0, 0);
        let refused = diagnostics.sorted().iter().flat_map(|known| &known.labels).map(|label| label.span).collect();
        Checker {
            files,
            names,
            diagnostics,
            refused,
            program: Program {
                project: Project {
                    name: String::new(),
                    prefix: None,
                    role_prefix: None,
                    region: String::new(),
                    tags: Vec::new(),
                    module: false,
                    backend: None,
                    versions: Default::default(),
            untagged: Vec::new(),
                    doc: None,
                    span: nowhere,
                },
                envs: Vec::new(),
                params: Vec::new(),
                secrets: Vec::new(),
                schemas: Vec::new(),
                unions: Vec::new(),
                tables: Vec::new(),
                transforms: Vec::new(),
                resources: Vec::new(),
                functions: Vec::new(),
                flows: Vec::new(),
                channels: Vec::new(),
                streams: Vec::new(),
                schedules: Vec::new(),
                outputs: Vec::new(),
                packages: Vec::new(),
                tests: Vec::new(),
            },
            types: HashMap::new(),
            nominals: HashMap::new(),
            schemas: HashMap::new(),
            unions: HashMap::new(),
            union_schemas: HashMap::new(),
            families: HashMap::new(),
            of_case: None,
            unread: HashSet::new(),
            open_schemas: Vec::new(),
            instances: HashMap::new(),
            tables: HashMap::new(),
            channels: HashMap::new(),
            notified: Vec::new(),
            transforms: HashMap::new(),
            wrong_tasks: HashSet::new(),
            params: HashMap::new(),
            secrets: HashMap::new(),
            resources: HashMap::new(),
            schedules: HashMap::new(),
            policies: HashMap::new(),
            lowerings: HashMap::new(),
            open: HashSet::new(),
            patterns: HashMap::new(),
            substituted: 0,
            cause: nowhere,
            guard: None,
            guards: HashMap::new(),
            made: HashMap::new(),
            location_fields: Type::Error,
            partition_types: Vec::new(),
            without_catalogs: false,
            unknown_modules: HashSet::new(),
            optionals: HashSet::new(),
            opaque: false,
            step_variables: HashSet::new(),
            state: None,
            awaiting: false,
        }
    }

    /// Reports; but neither about text that the parser has refused, nor that a name is unknown which a broken
    /// item seems to declare.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.span();
        let refused = |known: &Span| {
            place.is_some_and(|at| known.file == at.file && known.start < at.end && at.start < known.end)
        };
        let unknown =
            [codes::UNKNOWN_NAME, codes::UNKNOWN_TYPE, codes::UNKNOWN_FUNCTION].contains(&diagnostic.code);
        let broken = || place.is_some_and(|at| self.names.broken.contains(self.files.slice(at)));
        if self.refused.iter().any(refused) || unknown && broken() {
            return;
        }
        self.diagnostics.push(diagnostic);
    }

    /// Reports, and gives what stands for the expression from then on.
    pub fn fail(&mut self, span: Span, diagnostic: Diagnostic) -> Expr {
        self.report(diagnostic);
        Expr::error(span)
    }

    /// A type as messages name it.
    pub fn show(&self, ty: &Type) -> String {
        ty.display(&self.program)
    }

    /// A type with its article: ``an `Int` ``.
    pub fn a(&self, ty: &Type) -> String {
        let shown = self.show(ty);
        let article = if shown.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
        format!("{article} `{shown}`")
    }
}

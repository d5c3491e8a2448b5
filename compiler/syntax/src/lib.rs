//! From text to a syntax tree: the only user of pest.
//!
//! [`parse`] never fails: a broken item is reported once, marked [`ast::ItemKind::Broken`], and the next one
//! parses; in a flow the same holds for statements. The names that broken parts would have declared are in
//! [`ast::Module::broken_names`], so that later phases need not call them unknown.
//!
//! The grammar is `grammar/flow.pest` at the root of the repository. Around it: `scan` finds tokens, without
//! knowing the language; `chunk` finds where items begin and end; `build` makes the tree; `explain` turns what
//! pest says of a failure into a message; `recover` finds the statement with the error, so that the others are read.
//!
//! **Comments.** `///` and `//!` are in the tree. All comments and blank lines, by place, are in [`Trivia`]; a node
//! finds there what stands above and after it. [`tokens`] are the text in pieces, for what must be kept as it is
//! written, such as `1_000`; [`concrete()`] says which rule of the grammar each stretch of the text matched.
//!
//! ```
//! use flow_diagnostics::{Diagnostics, FileSet};
//! let text = "param a: Int = 1\nsorce b: Table<T> = t\n";
//! let mut files = FileSet::default();
//! let file = files.add("a.flow", text.to_owned());
//! let mut diagnostics = Diagnostics::default();
//! let module = flow_syntax::parse(file, text, &mut diagnostics);
//! assert_eq!((module.items.len(), diagnostics.errors()), (2, 1));
//! ```

pub mod ast;
mod build;
mod chunk;
mod concrete;
mod explain;
mod grammar;
mod parse;
mod recover;
mod scan;
mod trivia;
pub mod words;

pub use concrete::{concrete, Node, Rule};
pub use parse::parse;
pub use scan::{scan as tokens, Kind as TokenKind, Token};
pub use trivia::{Cursor, Piece, PieceKind, Trivia};

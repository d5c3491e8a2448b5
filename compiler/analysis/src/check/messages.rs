//! Messages that several parts of the checker need.

use super::Checker;
use crate::resolve::Def;
use crate::suggest::{listed, nearest};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::Name;

impl<'a> Checker<'a> {
    /// `x.y` where `x` is no module.
    pub fn unknown_module(&mut self, name: &Name, module: usize) {
        if self.names.is_broken(module, &name.text) || !self.unknown_modules.insert((module, name.text.clone())) {
            return;
        }
        let known: Vec<String> = self
            .names
            .module(module)
            .map(|names| names.modules.keys().cloned().collect())
            .unwrap_or_default();
        let library = crate::library::modules();
        let in_library = library.iter().find(|path| path.rsplit('.').next() == Some(name.text.as_str()));
        let mut diagnostic =
            Diagnostic::new(codes::UNKNOWN_NAME, format!("there is no module `{}` here", name.text))
                .primary(name.span, "not found");
        diagnostic = match (in_library, nearest(&name.text, known.iter().map(String::as_str))) {
            (Some(path), _) => diagnostic.help(format!("write `use {path}` at the top of the file")),
            (None, Some(near)) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), name.span, near),
            (None, None) => {
                diagnostic.help(format!("modules in use are {}", listed(known.iter().map(String::as_str))))
            }
        };
        self.report(diagnostic);
    }

    /// An item that needs itself.
    pub fn report_circle(&mut self, def: Def<'a>) {
        let Some(name) = def.name() else { return };
        self.report(
            Diagnostic::new(codes::CIRCULAR, format!("`{}` is declared by itself", name.text))
                .primary(name.span, "what it is depends on what it is")
                .help("take the name out of its own declaration"),
        );
    }

    /// A "did you mean" with its fix, or the list of what there is.
    pub fn suggest(
        diagnostic: Diagnostic,
        name: &str,
        span: Span,
        known: &[&str],
        otherwise: &str,
    ) -> Diagnostic {
        match nearest(name, known.iter().copied()) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), span, near),
            None if known.is_empty() => diagnostic,
            None => diagnostic.help(format!("{otherwise} {}", listed(known.iter().copied()))),
        }
    }
}

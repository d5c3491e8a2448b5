//! Views of a database in the order in which they are refreshed: each after those that it reads.

use super::Checker;
use crate::program::{Expr, Type};
use crate::suggest::{listed, nearest};
use flow_diagnostics::{Diagnostic, Span, codes};

/// A view as the program writes it.
struct View<'e> {
    name: &'e str,
    reads: Vec<(&'e str, Span)>,
    written: &'e Expr,
}

impl<'a> Checker<'a> {
    /// The views, each after those that it reads, else in the order of the text.
    pub(super) fn view_order(&mut self, views: &Expr, result: Type, span: Span) -> Expr {
        let error = Expr { ty: result.clone(), ..Expr::error(span) };
        if self.checking_library() {
            return Expr { ty: result, ..views.clone() };
        }
        let mut known = Vec::new();
        for written in views.elements() {
            let name = written.entry("name").and_then(Expr::text);
            let reads: Option<Vec<(&str, Span)>> = match written.entry("reads") {
                Some(reads) if reads.known_none() == Some(true) => Some(Vec::new()),
                Some(reads) => reads.elements().iter().map(|read| Some((read.text()?, read.span))).collect(),
                None => Some(Vec::new()),
            };
            let (Some(name), Some(reads)) = (name, reads) else {
                return self.unknown_views(written.span, result);
            };
            known.push(View { name, reads, written });
        }
        if known.is_empty() {
            return if views.is_error() { error } else { self.unknown_views(views.span, result) };
        }
        if !self.names_of_views(&known) {
            return error;
        }
        let mut order: Vec<&View> = Vec::new();
        while order.len() < known.len() {
            let done = |name: &str| order.iter().any(|view| view.name == name);
            let next = known.iter().find(|view| !done(view.name) && view.reads.iter().all(|(read, _)| done(read)));
            match next {
                Some(next) => order.push(next),
                None => {
                    let left: Vec<&View> = known.iter().filter(|view| !done(view.name)).collect();
                    self.circle_of_views(&left);
                    return error;
                }
            }
        }
        let elements = order.into_iter().map(|view| view.written.clone()).collect();
        let ordered = Expr::list(elements, Type::Json, span);
        Expr { ty: result, ..ordered }
    }

    fn unknown_views(&mut self, span: Span, result: Type) -> Expr {
        let failed = self.fail(
            span,
            Diagnostic::new(codes::STAGE, "the views and what they read are known to the compiler")
                .primary(span, "not written out")
                .note("the order in which they are refreshed follows from it, and is checked before anything runs")
                .help("write `views = [{ name: \"curated.orders\" }, { name: \"analytics.summary\", reads: [\"curated.orders\"] }]`"),
        );
        Expr { ty: result, ..failed }
    }

    /// Whether each view has a name of its own, and reads views of the list.
    fn names_of_views(&mut self, known: &[View]) -> bool {
        let mut good = true;
        for (at, view) in known.iter().enumerate() {
            let parts: Vec<&str> = view.name.split('.').collect();
            let place = view.written.entry("name").map_or(view.written.span, |name| name.span);
            if parts.len() > 2 || parts.iter().any(|part| part.trim().is_empty()) {
                good = false;
                self.report(
                    Diagnostic::new(codes::VIEW_NAME, format!("`{}` is no name of a view", view.name))
                        .primary(place, "")
                        .help("write `view` or `schema.view`, as the database has them: in small letters, unless they were created in quotes"),
                );
            }
            if let Some(first) = known.iter().take(at).find(|other| other.name == view.name) {
                good = false;
                self.report(
                    Diagnostic::new(codes::VIEW_NAME, format!("`{}` is refreshed twice", view.name))
                        .primary(place, "again")
                        .secondary(first.written.span, "first here")
                        .help("leave one of them out: each is refreshed once, after what it reads"),
                );
            }
            for (read, span) in &view.reads {
                if known.iter().any(|other| other.name == *read) {
                    continue;
                }
                good = false;
                let diagnostic = Diagnostic::new(
                    codes::VIEW_READS,
                    format!("`{}` reads `{read}`, which is not refreshed here", view.name),
                )
                .primary(*span, "not among these views")
                .note("`reads` names views of the same list; tables, and views that others refresh, are left out");
                let names = known.iter().map(|view| view.name);
                self.report(match nearest(read, names.filter(|name| *name != view.name)) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!("add `{{ name: \"{read}\" }}` to the list, or leave it out of `reads`")),
                });
            }
        }
        good
    }

    /// Reports a circle among views, of which each waits for another.
    fn circle_of_views(&mut self, left: &[&View]) {
        let Some(first) = left.first() else { return };
        let mut way = vec![*first];
        // Each of them reads one that is left, so the way comes back to where it has been.
        let begin = loop {
            let Some(last) = way.last() else { return };
            let read = last.reads.iter().find_map(|(read, _)| left.iter().find(|view| view.name == *read));
            let Some(next) = read else { return };
            match way.iter().position(|view| view.name == next.name) {
                Some(begin) => break begin,
                None => way.push(next),
            }
        };
        let circle = way.get(begin..).unwrap_or_default();
        let names: Vec<&str> = circle.iter().map(|view| view.name).collect();
        let Some(start) = circle.first() else { return };
        let chain: Vec<String> = names.iter().chain(names.first()).map(|name| format!("`{name}`")).collect();
        let mut diagnostic = Diagnostic::new(codes::VIEW_CIRCLE, format!("{} read each other in a circle", listed(names.clone())))
            .primary(start.written.span, if names.len() == 1 { "reads itself" } else { "is to be refreshed first, and last" })
            .note(format!("{}: none of them can be refreshed before the others", chain.join(" reads ")));
        for other in circle.iter().skip(1) {
            diagnostic = diagnostic.secondary(other.written.span, "in the circle");
        }
        self.report(diagnostic.help("a materialised view cannot read itself in PostgreSQL: correct what one of them `reads`"));
    }
}

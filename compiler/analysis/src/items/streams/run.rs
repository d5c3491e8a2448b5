//! `run T(events, …) append to SINK key (…)`: a transform over the batch.

use super::Builder;
use crate::check::{Arg, ArgValue, Because, Bound, Checker, Scope};
use crate::program::{
    Expr, ExprKind, SchemaId, Stage, StreamRun, StreamTarget, TableId, TablePlace, TargetPlace, TargetReplace, Type,
};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Action, Append, Field, ItemKind, Name};

impl<'a> Checker<'a> {
    pub(super) fn stream_run(
        &mut self,
        of: &Builder<'a>,
        action: &'a Action,
        modifiers: &'a [Field],
        span: Span,
    ) -> Option<StreamRun> {
        let Action::Run { transform, arguments, into, append } = action else { return None };
        for field in modifiers {
            self.run_modifier(field);
        }
        let (def, item) = self.transform_named(transform, of.module)?;
        let id = self.transform(def)?;
        let (inputs, output) = match self.program.transform(id) {
            Some(transform) => (transform.inputs.clone(), transform.output),
            None => return None,
        };
        let what = format!("`{}`", transform.text);
        let bound = self.bind(&what, item.name.span, &item.params, Arg::arguments(arguments), span)?;
        let scope = Scope::new(of.module);
        let mut batch: Option<(String, Span)> = None;
        let mut others = Vec::new();
        let mut good = true;
        for (param, bound) in item.params.iter().zip(bound) {
            let Bound::Given(arg) = bound else { continue };
            let Some(input) = inputs.iter().find(|input| input.name == param.name.text).cloned() else { continue };
            if is_batch(of, &arg) {
                if let Some((_, first)) = &batch {
                    let first = *first;
                    self.report(
                        Diagnostic::new(codes::STREAM_BATCH, "the batch is given twice")
                            .primary(arg.span(), "given again")
                            .secondary(first, "given here")
                            .note("it is read once, as it comes")
                            .help("join other tables with it, or write a transform of one parameter"),
                    );
                    good = false;
                    continue;
                }
                good &= self.batch_fits(of, &arg, input.schema, param.span, &param.name.text, transform);
                batch = Some((param.name.text.clone(), arg.span()));
                continue;
            }
            match self.other_table(&arg, input.schema, &scope, param, transform) {
                Some(place) => others.push((param.name.text.clone(), place)),
                None => good = false,
            }
        }
        let Some((input, _)) = batch else {
            if good {
                let written = self.files.slice(of.item.source.span).to_owned();
                let diagnostic = Diagnostic::new(codes::STREAM_BATCH, format!("`{}` is not given what comes", transform.text))
                    .primary(transform.span, "reads tables alone")
                    .secondary(of.item.source.span, "each batch of this")
                    .note("a stream runs for each batch, and this would do the same for every one");
                self.report(match of.subject {
                    crate::program::Subject::Created(_) => diagnostic
                        .help(format!("write `run {}({written})`: `{}` alone is the whole table", transform.text, of.source.text)),
                    crate::program::Subject::Channel(_) => diagnostic.help(format!("write `run {}({written})`", transform.text)),
                });
            }
            return None;
        };
        let into = self.stream_target(of, into.as_ref(), append.as_ref(), transform, output, item.result.span)?;
        good.then_some(StreamRun { transform: id, input, inputs: others, into, span })
    }

    fn run_modifier(&mut self, field: &'a Field) {
        let name = field.name.text.as_str();
        let diagnostic = Diagnostic::new(codes::STREAM_SETTING, format!("a `run` of a stream has no `{name}`"))
            .primary(field.name.span, "")
            .note("a stream has one function, which does all that it says");
        self.report(match name {
            "using" => diagnostic.help("write it in the stream: `using = lambda(memory = 2GB, timeout = 2m)`"),
            "timeout" => diagnostic.help("write it in the stream: `using = lambda(timeout = 2m)`"),
            "retry" => diagnostic.help("write it in the stream: `on_error = retry 3 then dead_letter(QUEUE)`"),
            "when" => diagnostic.help("put it after the stream: `stream … { … } when COND`"),
            _ => diagnostic.help("leave it out"),
        });
    }

    fn batch_fits(&mut self, of: &Builder<'a>, arg: &Arg<'a>, wanted: SchemaId, declared: Span, param: &str, transform: &Name) -> bool {
        if self.same_rows(of.schema, wanted) {
            return true;
        }
        let (have, want) = (self.show(&Type::Row(of.schema)), self.show(&Type::Row(wanted)));
        self.report(
            Diagnostic::new(codes::ROWS_MISMATCH, format!("`{}` gives rows of `{have}`, and `{}` takes `{want}`", of.source.text, transform.text))
                .primary(arg.span(), format!("rows of `{have}`"))
                .secondary(declared, format!("`{param}` of `{}`", transform.text))
                .help(format!("write `{param}: Table<{have}>` in the transform")),
        );
        false
    }

    fn other_table(&mut self, arg: &Arg<'a>, schema: SchemaId, scope: &Scope, param: &'a ast::Param, transform: &Name) -> Option<TablePlace> {
        let want = Type::Table(schema);
        let expr = self.argument(arg, scope, Some(&want));
        if expr.is_error() {
            return None;
        }
        let expr = match Checker::row_schema(&expr.ty) {
            Some(rows) if matches!(expr.ty, Type::Table(_)) && self.same_rows(rows, schema) => expr,
            _ => {
                let because = Because::new(param.span, format!("`{}` of `{}`", param.name.text, transform.text));
                self.fit(expr, &want, arg.span(), Some(because))
            }
        };
        let ExprKind::Table(place) = expr.kind else { return None };
        place.partitions.iter().all(|(_, value)| self.fixed_partition(value)).then_some(place)
    }

    /// A partition that a stream reads or writes is the same for every batch.
    fn fixed_partition(&mut self, value: &Expr) -> bool {
        self.stage(value, Stage::Const, Because::new(value.span, "a stream has no execution that could choose a partition"))
    }

    /// Where the rows go.
    fn stream_target(
        &mut self,
        of: &Builder<'a>,
        into: Option<&'a ast::TablePlace>,
        append: Option<&'a Append>,
        transform: &Name,
        output: SchemaId,
        result: Span,
    ) -> Option<StreamTarget> {
        if let Some(into) = into {
            let table = &into.table.text;
            self.report(
                Diagnostic::new(codes::STREAM_BATCH, "`into` replaces what is there, and a batch is no whole partition")
                    .primary(into.span, "would keep the last batch alone")
                    .note("batches come one after the other, several at once, and some of them again")
                    .help(format!("write `append to {table} key (…)`, with what tells one row from another"))
                    .help(format!("or, if rows may be there twice, `append to {table} at_least_once`")),
            );
            return None;
        }
        let Some(append) = append else {
            self.report(
                Diagnostic::new(codes::INTO_PLACE, format!("`{}` does not say where its rows go", transform.text))
                    .primary(transform.span, "")
                    .help("write `append to SINK key (…)` after it"),
            );
            return None;
        };
        let scope = Scope::new(of.module);
        let name = &append.place.table;
        let def = self.names.value_named(of.module, &name.text);
        if let Some(def) = def
            && let ItemKind::Sink(item) = &def.item.kind
            && item.each.is_some()
        {
            return self.family_target(def, item, append, transform, output, result, &scope);
        }
        let target = self.written(None, Some(append), &scope)?;
        let ExprKind::Target(place) = target.kind else { return None };
        if !self.target_is_fixed(&place) {
            return None;
        }
        let table = self.program.table(place.table)?;
        let (schema, declared) = (table.schema, table.span);
        if !self.same_rows(output, schema) {
            self.rows_mismatch(transform, output, schema, &name.text, append.place.span, result, declared);
            return None;
        }
        Some(StreamTarget::Table(place))
    }

    fn target_is_fixed(&mut self, place: &TargetPlace) -> bool {
        match &place.replace {
            TargetReplace::Append { values, .. } => values.iter().all(|(_, value)| self.fixed_partition(value)),
            _ => false,
        }
    }

    /// A sink for each case of a union: each row goes into that of its case.
    #[expect(clippy::too_many_arguments, reason = "both sides of what is held together")]
    fn family_target(
        &mut self,
        def: crate::resolve::Def<'a>,
        item: &'a ast::TableItem,
        append: &'a Append,
        transform: &Name,
        output: SchemaId,
        result: Span,
        scope: &Scope,
    ) -> Option<StreamTarget> {
        let each = item.each.as_ref()?;
        let ids: Vec<TableId> = self.family(def);
        let found = match each.union.segments.as_slice() {
            [name] => self.names.type_named(def.module, &name.text),
            _ => None,
        }?;
        let ty = self.declared_type(found);
        let union = self.union_of(&ty)?.clone();
        if ids.len() != union.cases.len() {
            return None;
        }
        let name = each.union.text();
        let rows = self.union_rows(&name)?;
        if !self.same_rows(output, rows) {
            self.rows_mismatch(transform, output, rows, &item.name.text, append.place.span, result, item.name.span);
            return None;
        }
        let mut cases = Vec::new();
        for (case, id) in union.cases.iter().zip(ids) {
            let place = self.append_place(append, id, scope)?;
            if !self.target_is_fixed(&place) {
                return None;
            }
            cases.push((case.literal.clone(), place));
        }
        Some(StreamTarget::Family { tag: union.tag, cases })
    }
}

/// Whether an argument is what the stream listens to.
fn is_batch(of: &Builder<'_>, arg: &Arg<'_>) -> bool {
    let ArgValue::Ast(ast) = &arg.value else { return false };
    match (&ast.kind, of.subject) {
        (ast::ExprKind::Name(name), crate::program::Subject::Channel(_)) => name.text == of.source.text,
        (ast::ExprKind::Field { target, name, .. }, crate::program::Subject::Created(_)) => {
            name.text == "created" && matches!(&target.kind, ast::ExprKind::Name(table) if table.text == of.source.text)
        }
        _ => false,
    }
}

//! The result of a transform: its last columns against the schema of its signature.

use super::transform::{same_column, Pipeline};
use crate::check::Checker;
use crate::program::{Column, Operator, OperatorKind, SchemaField, SchemaId, Type};
use crate::suggest::{listed, nearest};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::TransformItem;

impl<'a> Checker<'a> {
    /// The last columns are exactly the schema's; another order, and `Int` for `Float`, are put right.
    pub fn result_columns(&mut self, item: &'a TransformItem, output: SchemaId, pipeline: &mut Pipeline<'a>) {
        let Some(schema) = self.program.schema(output) else { return };
        let schema = schema.clone();
        let (fields, schema_name, declared) = (&schema.fields, &schema.name, schema.span);
        let last = item.operators.last().map_or(item.name.span, |operator| operator.span);
        let columns = pipeline.columns.clone();
        let missing: Vec<&str> = fields
            .iter()
            .filter(|field| !columns.iter().any(|column| column.name == field.name))
            .map(|field| field.name.as_str())
            .collect();
        let extra: Vec<&SchemaField> =
            columns.iter().filter(|column| !fields.iter().any(|field| field.name == column.name)).collect();
        if !missing.is_empty() {
            let mut diagnostic = Diagnostic::new(
                codes::COLUMN_MISSING,
                format!("the result of `{}` lacks {}", item.name.text, listed(missing.iter().copied())),
            )
            .primary(item.result.span, format!("`{schema_name}` has {}", if missing.len() == 1 { "it" } else { "them" }))
            .secondary(last, "after this operator")
            .secondary(declared, "the schema")
            .note(format!("columns at the end are {}", listed(columns.iter().map(|column| column.name.as_str()))));
            let first = missing.first().copied().unwrap_or("");
            diagnostic = match nearest(first, extra.iter().map(|column| column.name.as_str())) {
                Some(near) => diagnostic.help(format!("rename it: `rename {first} = {near}`")),
                None => diagnostic.help(format!("compute it: `derive {first} = …`")),
            };
            self.report(diagnostic);
            return;
        }
        if !extra.is_empty() {
            let names: Vec<&str> = extra.iter().map(|column| column.name.as_str()).collect();
            let mut diagnostic = Diagnostic::new(
                codes::COLUMN_EXTRA,
                format!("the result of `{}` has {}, which `{schema_name}` lacks", item.name.text, listed(names.iter().copied())),
            )
            .primary(last, "after this operator")
            .secondary(item.result.span, "the result's type")
            .help(format!("write `drop {}` at the end", names.join(", ")))
            .help("or add it to the schema");
            if let Some(column) = extra.first() {
                diagnostic = diagnostic.secondary(column.span, "the column");
            }
            self.report(diagnostic);
            return;
        }
        let mut selected = Vec::new();
        let mut changed = columns.iter().zip(fields).any(|(column, field)| column.name != field.name);
        let mut result = Vec::new();
        for field in fields {
            let Some(column) = columns.iter().find(|column| column.name == field.name) else { return };
            let mut value = same_column(column, last).value;
            if matches!((column.ty.required().base(), field.ty.required().base()), (Type::Int, Type::Float)) {
                changed = true;
                let optional = column.ty.is_optional();
                value = self.float(value);
                if optional {
                    value.ty = value.ty.optional();
                }
            }
            if !crate::check::fits(&value.ty, &field.ty) {
                self.column_mismatch(item, column, field, last);
                return;
            }
            if schema.redactions.iter().any(|redaction| redaction.fields.contains(&field.name)) {
                changed = true;
                value = super::redaction::redacted(&schema, field, value);
            }
            result.push(SchemaField { ty: value.ty.clone(), span: column.span, ..field.clone() });
            selected.push(Column { name: field.name.clone(), value });
        }
        if changed {
            pipeline.operators.push(Operator { kind: OperatorKind::Select(selected), columns: result, span: last });
        }
    }

    fn column_mismatch(&mut self, item: &TransformItem, column: &SchemaField, field: &SchemaField, last: Span) {
        let (have, want) = (self.show(&column.ty), self.show(&field.ty));
        let optional = column.ty.base().is_optional() && crate::check::fits(column.ty.required(), &field.ty);
        let code = if optional { codes::OPTIONAL_USED } else { codes::COLUMN_TYPE };
        let message = if optional {
            format!("`{}` may be `none`, and the result of `{}` always has it", column.name, item.name.text)
        } else {
            format!("`{}` is a `{have}`, and a `{want}` in the result of `{}`", column.name, item.name.text)
        };
        let mut diagnostic = Diagnostic::new(code, message)
            .primary(column.span, format!("`{have}`"))
            .secondary(field.span, format!("`{want}`"))
            .secondary(last, "the columns after this operator are the result's");
        diagnostic = if optional {
            diagnostic
                .help(format!("leave out the rows without it: `where {} != none`", column.name))
                .help(format!("or give it a value: `derive {0} = {0} ?? …`", column.name))
        } else {
            diagnostic.help(format!("convert it: `derive {} = …`, or change the schema", column.name))
        };
        self.report(diagnostic);
    }
}

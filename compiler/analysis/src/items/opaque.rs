//! Declarations by themselves: the bodies of functions, constructs and tasks, checked with parameters of which
//! nothing is known but their types. What they make is thrown away.

use crate::check::{Because, Checker, Local, Owner, RowPlace, Scope};
use crate::program::{
    Expr, ExprKind, InvalidPolicy, SchemaId, Stage, Table, TableFormat, TableId, TablePlace, TableRole, Type,
};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{FunctionBody, ItemKind, Param, TaskBody};
use std::rc::Rc;

impl<'a> Checker<'a> {
    /// Whether a declaration is checked by itself, with opaque parameters.
    pub fn checking_library(&self) -> bool {
        self.opaque
    }

    /// Checks a declaration that is called elsewhere.
    pub fn declaration(&mut self, def: Def<'a>) {
        let known = self.diagnostics.errors();
        let before = self.program.clone();
        let made = self.made.clone();
        let opaque = std::mem::replace(&mut self.opaque, true);
        let name = def.name();
        let place = name.map_or(self.cause, |name| name.span);
        let cause = std::mem::replace(&mut self.cause, place);
        match &def.item.kind {
            ItemKind::Function(item) => {
                let generics: Vec<String> = item.generics.iter().map(|name| name.text.clone()).collect();
                let mut scope = Scope { rows: RowPlace::Outside, ..Scope::new(def.module) };
                self.opaque_params(&item.params, &generics, Stage::Plan, &mut scope);
                let result = self.ty(&item.result, def.module, &generics);
                if let FunctionBody::Expr(body) = &item.body {
                    let because = Because::new(item.result.span, "the function's result");
                    self.check(body, &scope, &result, Some(because));
                } else if let FunctionBody::Lower(fields) = &item.body {
                    self.lowering(def, item, fields);
                }
            }
            ItemKind::Construct(item) => {
                let mut scope = Scope::new(def.module);
                scope.owner = Some(self.opaque_owner(item.name.span));
                self.opaque_params(&item.params, &[], Stage::Apply, &mut scope);
                let result = self.ty(&item.result, def.module, &[]);
                let mut naming = crate::check::Naming::default();
                self.construct_resources(item, &mut scope, &mut naming);
                self.construct_fields(item, &item.fields, &result, &scope, item.name.span);
            }
            ItemKind::Task(item) => {
                let mut scope = Scope::new(def.module);
                scope.owner = Some(self.opaque_owner(item.name.span));
                // In a construct a task's arguments are of the run stage, as any call may give them. In fields that
                // are deployed, `iam` above all, whether an argument is known early enough is seen at each call.
                let stage = match &item.body {
                    TaskBody::Construct(_) => Stage::Run,
                    TaskBody::Fields(_) | TaskBody::Steps { .. } => Stage::Apply,
                };
                self.opaque_params(&item.params, &[], stage, &mut scope);
                if let Some(ty) = &item.result {
                    self.ty(ty, def.module, &[]);
                }
                match &item.body {
                    TaskBody::Fields(fields) => {
                        self.task_fields(fields, &scope, item.name.span);
                    }
                    // Checked in each flow that calls it: what it may do depends on where it stands.
                    TaskBody::Steps { .. } => {}
                    TaskBody::Construct(ast) => {
                        let made = self.expr(ast, &scope, Some(&Type::Task));
                        if !made.is_error() && !matches!(made.ty, Type::Task) {
                            let shown = self.show(&made.ty);
                            self.report(
                                Diagnostic::new(
                                    codes::TYPE_MISMATCH,
                                    format!("a `Task` is wanted, this is a `{shown}`"),
                                )
                                .primary(ast.span, format!("`{shown}`"))
                                .secondary(item.name.span, "the task")
                                .help("use a construct that gives a `Task`, as `ecs.fargate { … }`"),
                            );
                        }
                    }
                }
            }
            _ => {}
        }
        if matches!(def.item.kind, ItemKind::Task(_)) && self.diagnostics.errors() > known {
            self.wrong_tasks.insert(def.key());
        }
        self.cause = cause;
        self.opaque = opaque;
        self.made = made;
        self.program = before;
    }

    fn opaque_params(&mut self, params: &'a [Param], generics: &[String], default: Stage, scope: &mut Scope) {
        for param in params {
            let name = &param.name.text;
            if let Some(first) = params.iter().find(|other| other.name.text == *name)
                && first.name.span.key() != param.name.span.key()
            {
                crate::resolve::duplicate(&param.name, first.name.span, self.diagnostics);
                continue;
            }
            let ty = if param.rest {
                Type::Json
            } else {
                self.parameter_type(param, scope.module, generics)
            };
            let stage = match param.stage.as_ref().map(|stage| stage.text.as_str()) {
                Some("const") => Stage::Const,
                Some("run") => Stage::Run,
                Some("row") => Stage::Row,
                _ => default,
            };
            if let Some(ast) = &param.default {
                let because = Because::new(param.span, format!("`{name}` is {}", self.a(&ty)));
                self.check(ast, scope, &ty, Some(because));
            }
            let value = self.opaque_value(name, ty, stage, param.name.span);
            scope.declare(name, Local::Value(value));
        }
    }

    /// A value of which nothing but the type is known.
    pub fn opaque_value(&self, name: &str, ty: Type, stage: Stage, span: Span) -> Expr {
        let stage = if matches!(ty, Type::Secret(_)) { Stage::Apply } else { stage };
        let kind = match &ty {
            Type::TableRef | Type::Table(_) | Type::Location => {
                ExprKind::Table(TablePlace { table: TableId(u32::MAX), partitions: Vec::new() })
            }
            Type::List(_) if matches!(ty.base(), Type::List(inner) if matches!(**inner, Type::Location | Type::TableRef)) => {
                ExprKind::List(Vec::new())
            }
            // Whether the keys of a map are known, so that there can be one of something for each, is seen at each use.
            Type::Map(value) => {
                ExprKind::Record(vec![(name.to_owned(), self.opaque_value(name, value.as_ref().clone(), stage, span))])
            }
            // What a construct for streams is given: a record with its lists, over which blocks may repeat.
            Type::Nominal { name: of, base } if matches!(of.as_str(), "Subscription" | "Channel") => match base.as_ref() {
                Type::Record(fields) => ExprKind::Record(
                    fields
                        .iter()
                        .map(|(field, ty)| {
                            let value = match ty {
                                Type::List(inner) => {
                                    let element = match inner.as_ref() {
                                        Type::List(inner) => {
                                            let text = self.opaque_value(field, inner.as_ref().clone(), stage, span);
                                            Expr::list(vec![text], inner.as_ref().clone(), span)
                                        }
                                        inner => self.opaque_value(field, inner.clone(), stage, span),
                                    };
                                    Expr::list(vec![element], inner.as_ref().clone(), span)
                                }
                                ty => self.opaque_value(field, ty.clone(), stage, span),
                            };
                            (field.clone(), value)
                        })
                        .collect(),
                ),
                _ => ExprKind::Param(format!("opaque {name}")),
            },
            Type::List(inner) if matches!(inner.as_ref(), Type::Nominal { name, .. } if name == "Notification") => {
                let element = self.opaque_value(name, inner.as_ref().clone(), stage, span);
                ExprKind::List(vec![element])
            }
            _ => ExprKind::Param(format!("opaque {name}")),
        };
        Expr::new(kind, ty, stage, span)
    }

    /// `self` with every field that an item may have.
    fn opaque_owner(&mut self, span: Span) -> Rc<Owner> {
        let text = |name: &str| Expr::new(ExprKind::Param(format!("opaque {name}")), Type::String, Stage::Plan, span);
        let table = Table {
            when: None,
            name: "table".to_owned(),
            doc: None,
            role: TableRole::Sink,
            schema: SchemaId(u32::MAX),
            bucket: text("bucket"),
            prefix: text("prefix"),
            format: TableFormat::Jsonl,
            partitions: Vec::new(),
            invalid: InvalidPolicy::Fail,
            catalog: None,
            read: Vec::new(),
            write: Vec::new(),
            span,
        };
        let mut record = self.table_self(&table, span);
        let column = Expr::record(
            vec![
                ("name".to_owned(), Expr::string("column", span)),
                ("type".to_owned(), Expr::string("string", span)),
                ("doc".to_owned(), Expr { ty: Type::String.optional(), ..Expr::none(span) }),
                ("parameters".to_owned(), Expr { ty: Type::Map(Box::new(Type::String)).optional(), ..Expr::none(span) }),
            ],
            span,
        );
        if let ExprKind::Record(entries) = &mut record.kind {
            for (name, value) in entries.iter_mut() {
                match name.as_str() {
                    "name" => *value = text("name"),
                    "doc" => *value = Expr { ty: Type::String.optional(), ..text("doc") },
                    "columns" | "partition_columns" => *value = Expr::list(vec![column.clone()], Type::Json, span),
                    "format" => {
                        let name = Expr { ty: Type::literals(["jsonl", "json", "parquet", "csv", "avro"].map(str::to_owned).to_vec()), ..text("format") };
                        *value = Expr::record(vec![("name".to_owned(), name)], span);
                    }
                    _ => {}
                }
            }
            record = Expr::record(std::mem::take(entries), span);
        }

        Rc::new(Owner { name: "item".to_owned(), record })
    }

    /// The checks of a `type`, by themselves.
    pub fn type_checks(&mut self, def: Def<'a>, ty: &Type) {
        let Type::Nominal { name, base } = ty else { return };
        let ItemKind::Type(item) = &def.item.kind else { return };
        if item.checks.is_empty() {
            return;
        }
        for (validation, check) in self.validations(name, base).into_iter().rev().zip(item.checks.iter().rev()) {
            let because = Because::new(check.span, "a type's check is computed when the deployment is planned");
            self.stage(&validation.condition, Stage::Plan, because);
        }
    }
}

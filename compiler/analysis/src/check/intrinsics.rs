//! What the library needs and cannot say: functions with `lower { compiler = r"NAME" }`. They look at the program
//! (who reads which table) or choose among constants; all else is written in Flow.

use super::{Checker, Scope};
use crate::program::{Expr, ExprKind, Package, PolicyStatement, TableId, Type, Value};
use flow_diagnostics::{codes, Diagnostic, Span};

impl<'a> Checker<'a> {
    pub(super) fn intrinsic(&mut self, name: &str, arguments: &[Expr], result: Type, _scope: &Scope, span: Span) -> Expr {
        let expr = match (name, arguments) {
            ("statements", [reads, writes]) => self.table_statements(reads, writes, span),
            ("table_environment", [reads, writes]) => self.table_environment(reads, writes, span),
            ("catalog_parameters", [of, projection]) => super::catalog::parameters(of, projection, span),
            ("catalog_serde", [of]) => super::catalog::serde(of, span),
            ("policy", [lists]) => return self.policy(lists, result, span),
            ("packed", [name, folder, exclude]) => self.packed(name, folder, exclude, span),
            ("view_order", [views]) => return self.view_order(views, result, span),
            ("vcpu_units", [cpu]) => match cpu.constant() {
                #[expect(clippy::cast_possible_truncation, reason = "a Fargate task has 0.25 to 16 vCPU")]
                Some(Value::Float(value)) if (0.0..=1024.0).contains(value) => Expr::int((value * 1024.0).round() as i64, span),
                _ => return self.not_const(cpu, "cpu", span),
            },
            ("mebibytes", [size]) => match size.constant() {
                Some(Value::Size(bytes)) => Expr::int(bytes / (1024 * 1024), span),
                _ => return self.not_const(size, "memory", span),
            },
            _ => {
                return self.fail(
                    span,
                    Diagnostic::new(codes::NO_LOWERING, format!("the compiler has no function `{name}`"))
                        .primary(span, ""),
                );
            }
        };
        Expr { ty: result, ..expr }
    }

    fn not_const(&mut self, expr: &Expr, what: &str, span: Span) -> Expr {
        if self.checking_library() {
            return Expr::new(ExprKind::Param(what.to_owned()), Type::Int, expr.stage, span);
        }
        self.fail(
            span,
            Diagnostic::new(codes::STAGE, format!("`{what}` must be known to the compiler"))
                .primary(expr.span, "a deploy value")
                .secondary(span, "a const value is needed here")
                .note("which sizes exist is checked before anything is deployed")
                .help("write a constant"),
        )
    }

    /// Several lists of statements as one. Each must be known, or chosen by what the compiler knows.
    fn policy(&mut self, lists: &Expr, result: Type, span: Span) -> Expr {
        let mut all = Vec::new();
        for list in lists.elements() {
            match &list.kind {
                ExprKind::List(statements) => all.extend(statements.iter().cloned()),
                _ if list.is_error() => {}
                _ => {
                    if !self.checking_library() {
                        self.report(
                            Diagnostic::new(codes::STAGE, "policy statements are written out")
                                .primary(list.span, "not a list that the compiler knows")
                                .note("who may do what must be known before anything is deployed")
                                .help("write `[{ actions: […], resources: […] }]`; a network is given or left out, not chosen by a parameter"),
                        );
                        return Expr { ty: result, ..Expr::error(span) };
                    }
                }
            }
        }
        let stage = super::build::latest(&all);
        Expr { kind: ExprKind::List(all), ty: result, stage, span }
    }

    /// The zip of a folder, as `flowc build --package` makes it: its name in the build's folder.
    fn packed(&mut self, name: &Expr, folder: &Expr, exclude: &Expr, span: Span) -> Expr {
        let (Some(name), Some(path)) = (name.text(), folder.text()) else {
            return self.not_const(if name.text().is_none() { name } else { folder }, "path", span);
        };
        let user = self.files.name(folder.span.file).replace('\\', "/");
        let beside = user.rfind('/').and_then(|slash| user.get(..=slash)).unwrap_or_default();
        let package = Package {
            file: format!("functions/{name}.zip"),
            folder: if path.starts_with('/') { path.to_owned() } else { format!("{beside}{path}") },
            exclude: exclude.elements().iter().filter_map(|name| name.text().map(str::to_owned)).collect(),
            span: folder.span,
        };
        let file = package.file.clone();
        if !self.program.packages.contains(&package) {
            self.program.packages.push(package);
        }
        Expr::string(file, span)
    }

    fn tables_of(list: &Expr) -> Vec<TableId> {
        let mut ids = Vec::new();
        for element in list.elements() {
            let id = match &element.kind {
                ExprKind::Table(place) => place.table,
                ExprKind::Target(place) => place.table,
                _ => continue,
            };
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// What reading some tables and writing others takes.
    fn table_statements(&mut self, reads: &Expr, writes: &Expr, span: Span) -> Expr {
        let mut list: Vec<PolicyStatement> = Vec::new();
        let mut add = |statements: &[PolicyStatement]| {
            for statement in statements {
                if !list.contains(statement) {
                    list.push(statement.clone());
                }
            }
        };
        for id in Self::tables_of(reads) {
            if let Some(table) = self.program.table(id) {
                add(&table.read);
                if let Some(catalog) = &table.catalog {
                    add(&catalog.read);
                }
            }
        }
        for id in Self::tables_of(writes) {
            if let Some(table) = self.program.table(id) {
                add(&table.read);
                add(&table.write);
            }
        }
        let elements: Vec<Expr> = list.iter().map(|statement| statement_expr(statement, span)).collect();
        Expr::list(elements, Type::Json, span)
    }

    /// `FLOW_TABLE_READMISSIONS = s3://bucket/prefix`, one for each table.
    fn table_environment(&mut self, reads: &Expr, writes: &Expr, span: Span) -> Expr {
        let mut ids = Self::tables_of(reads);
        for id in Self::tables_of(writes) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let mut elements = Vec::new();
        for id in ids {
            let Some(table) = self.program.table(id) else { continue };
            let name = format!("FLOW_TABLE_{}", super::resources::snake(&table.name).to_uppercase());
            elements.push(Expr::record(
                vec![("name".to_owned(), Expr::string(name, span)), ("value".to_owned(), Expr { span, ..table.location() })],
                span,
            ));
        }
        Expr::list(elements, Type::Json, span)
    }
}

fn statement_expr(statement: &PolicyStatement, span: Span) -> Expr {
    let texts = |texts: &[String]| {
        Expr::list(texts.iter().map(|text| Expr::string(text.clone(), span)).collect(), Type::String, span)
    };
    let conditions = statement
        .conditions
        .iter()
        .map(|condition| {
            Expr::record(
                vec![
                    ("test".to_owned(), Expr::string(condition.test.clone(), span)),
                    ("variable".to_owned(), Expr::string(condition.variable.clone(), span)),
                    ("values".to_owned(), Expr::list(condition.values.clone(), Type::String, span)),
                ],
                span,
            )
        })
        .collect::<Vec<_>>();
    Expr::record(
        vec![
            ("actions".to_owned(), texts(&statement.actions)),
            ("resources".to_owned(), Expr::list(statement.resources.clone(), Type::String, span)),
            ("conditions".to_owned(), Expr::list(conditions, Type::Json, span)),
        ],
        span,
    )
}

//! `sink x: Table<t> for t in UNION = …`: a table for each case of a tagged union.

use crate::check::{Checker, Local, Scope, snake};
use crate::program::{Expr, SchemaId, TableId, TableRole, Type, UnionCase};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{ItemKind, TableItem};

/// The case for which a table is declared.
#[derive(Debug, Clone)]
pub(crate) struct OfCase {
    /// What the declaration calls it: `t`.
    pub variable: String,
    /// The case's name.
    pub case: String,
    /// What the tag says of it.
    pub tag: String,
    /// Its schema.
    pub schema: SchemaId,
}

impl OfCase {
    /// The table's name, which a catalog can hold too: `avro_order`.
    pub fn table_name(&self, item: &TableItem) -> String {
        format!("{}_{}", item.name.text, snake(&self.case))
    }

    /// What `t` stands for in the table's fields.
    pub fn declare(&self, scope: &mut Scope, span: Span) {
        let text = |text: &str| Expr::string(text.to_owned(), span);
        let record = Expr::record(vec![("name".to_owned(), text(&self.case)), ("tag".to_owned(), text(&self.tag))], span);
        scope.declare(&self.variable, Local::Value(record));
    }
}

impl<'a> Checker<'a> {
    /// The tables that an item with `for t in UNION` declares, in the order of the cases.
    pub fn family(&mut self, def: Def<'a>) -> Vec<TableId> {
        if let Some(known) = self.families.get(&def.key()) {
            return known.clone();
        }
        let (item, role) = match &def.item.kind {
            ItemKind::Source(item) => (item, TableRole::Source),
            ItemKind::Sink(item) => (item, TableRole::Sink),
            _ => return Vec::new(),
        };
        self.families.insert(def.key(), Vec::new());
        let cases = self.cases_of(item, def.module);
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let mut ids = Vec::new();
        for case in cases {
            let known = self.diagnostics.errors();
            let before = self.of_case.replace(case);
            let table = self.checked_table(def, item, role);
            self.of_case = before;
            let Some(table) = table else { break };
            ids.push(TableId(u32::try_from(self.program.tables.len()).unwrap_or(u32::MAX)));
            self.program.tables.push(table);
            // What is wrong with one table is wrong with all.
            if self.diagnostics.errors() > known {
                break;
            }
        }
        self.cause = cause;
        self.families.insert(def.key(), ids.clone());
        ids
    }

    fn cases_of(&mut self, item: &'a TableItem, module: usize) -> Vec<OfCase> {
        let Some(each) = &item.each else { return Vec::new() };
        let found = match each.union.segments.as_slice() {
            [name] => self.names.type_named(module, &name.text),
            _ => None,
        };
        let Some(found) = found else {
            self.unknown_type(&each.union, module, None);
            return Vec::new();
        };
        let ty = self.declared_type(found);
        if let Some(union) = self.union_of(&ty) {
            let of = |case: &UnionCase| OfCase {
                variable: each.variable.text.clone(),
                case: case.name.clone(),
                tag: case.literal.clone(),
                schema: case.schema,
            };
            return union.cases.iter().map(of).collect();
        }
        if !matches!(ty, Type::Error) {
            let shown = self.a(&ty);
            self.report(
                Diagnostic::new(codes::BAD_TYPE, format!("{shown} has no cases"))
                    .primary(each.union.span, "no tagged union")
                    .note("`for` makes a table for each case of a union whose cases are records")
                    .help(format!("write `type {} = Order | Payment`, with the names of schemas", each.union.text())),
            );
        }
        Vec::new()
    }

    /// A use of such an item where one table is wanted.
    pub fn no_single_table(&mut self, def: Def<'a>, span: Span) -> Expr {
        let (ItemKind::Source(item) | ItemKind::Sink(item)) = &def.item.kind else { return Expr::error(span) };
        let Some(each) = &item.each else { return Expr::error(span) };
        let tables = self.family(def);
        let names: Vec<String> =
            tables.iter().filter_map(|id| self.program.table(*id)).map(|table| table.name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let union = each.union.text();
        self.fail(
            span,
            Diagnostic::new(codes::NOT_YET, format!("a step cannot read or write `{}`, the tables of `{union}`, yet", item.name.text))
                .primary(span, "one table is wanted")
                .secondary(item.name.span, format!("a table for each case: {}", crate::suggest::listed(names)))
                .note("the tables are created; writing each row into the table of its case is not in this release")
                .help(format!("write all rows into one table: `sink all: Table<{union}>`"))
                .help("or declare a sink for the case that is meant"),
        )
    }
}

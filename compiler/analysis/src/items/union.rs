//! Tagged unions: `@tag(kind) type Event = | Created { … } | Deleted { … }`.
//!
//! A value of a union is held as one record: its tag, then each field of its cases once, optional where not every case has
//! it. So JSON, Arrow, Glue and Avro need to know nothing of unions, and a table of a union has these as its columns. Which
//! fields a case has is said by its schema: one that is declared elsewhere, or one that is made here of the case's fields.

use crate::check::Checker;
use crate::program::{Binary, Check, Expr, ExprKind, Redaction, Schema, SchemaField, SchemaId, Stage, Type, UnionCase};
use crate::resolve::{duplicate, Def};
use crate::suggest::listed;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Name, RecordField, TypeExpr, TypeKind};

/// The field that tells the cases apart, where nothing else is said.
const TAG: &str = "type";

/// A tagged union.
#[derive(Debug, Clone)]
pub(crate) struct Union {
    /// The field that tells the cases apart.
    pub tag: String,
    /// In the order of the text.
    pub cases: Vec<UnionCase>,
    /// The record that holds any of them.
    fields: Vec<SchemaField>,
    span: Span,
}

impl Union {
    /// The type of a value of which only one case is left.
    pub fn only(&self, literals: &[&str]) -> Option<Type> {
        match literals {
            [literal] => self.cases.iter().find(|case| case.literal == *literal).map(|case| Type::Row(case.schema)),
            _ => None,
        }
    }
}

impl<'a> Checker<'a> {
    /// The union that a type is, or may be.
    pub fn union_of(&self, ty: &Type) -> Option<&Union> {
        match ty.required() {
            Type::Nominal { name, base } => self.unions.get(name).or_else(|| self.union_of(base)),
            _ => None,
        }
    }

    /// Whether a type as written has cases that are no texts.
    pub fn is_tagged(&mut self, ty: &'a TypeExpr, module: usize) -> bool {
        match &ty.kind {
            TypeKind::Case { .. } => true,
            TypeKind::Optional(inner) => self.is_tagged(inner, module),
            TypeKind::Union(cases) => cases.iter().any(|case| match &case.kind {
                TypeKind::Case { .. } => true,
                TypeKind::Named { .. } => matches!(self.ty(case, module, &[]).base(), Type::Row(_) | Type::Record(_)),
                _ => false,
            }),
            _ => false,
        }
    }

    /// The record that holds any case of the union that an item declares.
    pub fn tagged_union(&mut self, def: Def<'a>, ty: &'a TypeExpr, union: &Name) -> Type {
        let (terms, optional) = match &ty.kind {
            TypeKind::Optional(inner) => (terms(inner), true),
            _ => (terms(ty), false),
        };
        let tag = self.tag_of(def);
        let mut cases: Vec<UnionCase> = Vec::new();
        let mut whole = true;
        for term in terms {
            let Some((name, schema)) = self.union_case(term, def, union) else {
                whole = false;
                continue;
            };
            if let Some(first) = cases.iter().find(|known| known.name == name.text) {
                duplicate(&name, first.span, self.diagnostics);
                whole = false;
                continue;
            }
            let Some(literal) = self.case_literal(&name, schema, &tag, union) else {
                whole = false;
                continue;
            };
            if let Some(first) = cases.iter().find(|known| known.literal == literal) {
                let first = (first.name.clone(), first.span);
                self.report(
                    Diagnostic::new(codes::UNION_CASE, format!("`{}` and `{}` have the same tag `\"{literal}\"`", first.0, name.text))
                        .primary(name.span, format!("`{}` is `\"{literal}\"` here too", tag.text))
                        .secondary(first.1, "the first of them")
                        .note(format!("the field `{}` tells the cases of `{}` apart", tag.text, union.text)),
                );
                whole = false;
                continue;
            }
            cases.push(UnionCase { name: name.text, literal, schema, span: name.span });
        }
        if !whole {
            return Type::Error;
        }
        let Some(fields) = self.held(&cases, &tag, union) else { return Type::Error };
        self.program.unions.push(crate::program::Union {
            name: union.text.clone(),
            tag: tag.text.clone(),
            cases: cases.clone(),
        });
        let record = Type::Record(fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect());
        self.unions.insert(union.text.clone(), Union { tag: tag.text, cases, fields, span: union.span });
        if optional { record.optional() } else { record }
    }

    /// `@tag(kind)`, `@tag("record_type")`.
    fn tag_of(&mut self, def: Def<'a>) -> Name {
        let default = Name { text: TAG.to_owned(), span: def.name().map_or(self.cause, |name| name.span) };
        let Some(attribute) = def.item.attributes.iter().find(|attribute| attribute.name.text == "tag") else {
            return default;
        };
        let named = match attribute.arguments.as_slice() {
            [argument] if argument.name.is_none() => match &argument.value.kind {
                ast::ExprKind::Name(name) => Some(name.clone()),
                ast::ExprKind::Text(parts) => match parts.as_slice() {
                    [ast::TextPart::Text(text)] => Some(Name { text: text.clone(), span: argument.value.span }),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        named.unwrap_or_else(|| {
            self.report(
                Diagnostic::new(codes::UNION_CASE, "`@tag` names the field that tells the cases apart")
                    .primary(attribute.span, "")
                    .help("write `@tag(kind)`"),
            );
            default
        })
    }

    /// `@tag` above a type that has no cases.
    pub fn no_tag(&mut self, def: Def<'a>) {
        if let Some(attribute) = def.item.attributes.iter().find(|attribute| attribute.name.text == "tag") {
            self.report(
                Diagnostic::new(codes::UNION_CASE, "`@tag` stands above a `type` whose cases are records")
                    .primary(attribute.span, "no cases below")
                    .help("leave it out"),
            );
        }
    }

    /// The tag of the case that an arm names.
    pub fn union_case_named(&mut self, union: &Union, value: &Expr, named: &ast::Path) -> Option<String> {
        let name = named.segments.last()?;
        if let Some(case) = union.cases.iter().find(|case| case.name == name.text) {
            return Some(case.literal.clone());
        }
        let shown = self.show(value.ty.required());
        let names: Vec<&str> = union.cases.iter().map(|case| case.name.as_str()).collect();
        let diagnostic =
            Diagnostic::new(codes::ARM_NEVER, format!("this arm can never be taken: `{shown}` has no case `{}`", name.text))
                .primary(name.span, "no case")
                .secondary(value.span, format!("`{shown}`"));
        let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &names, "its cases are");
        self.report(diagnostic);
        None
    }

    /// A case's name and schema.
    fn union_case(&mut self, term: &'a TypeExpr, def: Def<'a>, union: &Name) -> Option<(Name, SchemaId)> {
        if let TypeKind::Case { doc, name, fields } = &term.kind {
            let fields = self.case_fields(fields, def.module);
            return Some((name.clone(), self.case_schema(union, name, doc.clone(), fields)));
        }
        let ty = self.ty(term, def.module, &[]);
        if !self.plain_names(&ty, term.span, "a case of a union", "a case is a row of a table as well") {
            return None;
        }
        let path = match &term.kind {
            TypeKind::Named { path, .. } => path.segments.last(),
            _ => None,
        };
        match (ty.base(), path) {
            (Type::Row(id), Some(name)) => Some((name.clone(), *id)),
            (Type::Record(fields), Some(name)) => {
                let field = |(field, ty): &(String, Type)| SchemaField {
                    name: field.clone(),
                    ty: ty.clone(),
                    key: false,
                    pii: false,
                    doc: None,
                    default: None,
                    span: name.span,
                };
                let fields = fields.iter().map(field).collect();
                Some((name.clone(), self.case_schema(union, name, None, fields)))
            }
            (Type::Error, _) => None,
            _ => {
                let shown = self.a(&ty);
                self.report(
                    Diagnostic::new(codes::UNION_CASE, format!("{shown} cannot be a case of `{}`", union.text))
                        .primary(term.span, "no record")
                        .note("a case is a record with a name: that of a schema or a type, or one with its fields here")
                        .help("write `Created { id: String }`, or the name of a schema"),
                );
                None
            }
        }
    }

    fn case_fields(&mut self, fields: &'a [RecordField], module: usize) -> Vec<SchemaField> {
        let mut list: Vec<SchemaField> = Vec::new();
        for field in fields {
            if let Some(first) = list.iter().find(|known| known.name == field.name.text) {
                duplicate(&field.name, first.span, self.diagnostics);
                continue;
            }
            let ty = self.ty(&field.ty, module, &[]);
            let ty = self.column_type(ty, &field.ty);
            // As a record, so that the field's own name is looked at.
            let alone = Type::record(vec![(field.name.text.clone(), Type::Bool)]);
            self.plain_names(&alone, field.name.span, "a case of a union", "a case is a row of a table as well");
            list.push(SchemaField {
                name: field.name.text.clone(),
                ty,
                key: false,
                pii: false,
                doc: field.doc.clone(),
                default: None,
                span: field.name.span,
            });
        }
        list
    }

    /// A schema of a case whose fields stand in the union.
    fn case_schema(&mut self, union: &Name, case: &Name, doc: Option<String>, fields: Vec<SchemaField>) -> SchemaId {
        self.push_schema(Schema {
            name: format!("{}_{}", union.text, case.text),
            doc,
            fields,
            checks: Vec::new(),
            redactions: Vec::new(),
            span: case.span,
        })
    }

    fn push_schema(&mut self, schema: Schema) -> SchemaId {
        let id = SchemaId(u32::try_from(self.program.schemas.len()).unwrap_or(u32::MAX));
        self.program.schemas.push(schema);
        id
    }

    /// What the tag says of a case: the one text of its own field of that name, else the case's name.
    fn case_literal(&mut self, case: &Name, schema: SchemaId, tag: &Name, union: &Name) -> Option<String> {
        let field = self.program.schema(schema)?.fields.iter().find(|field| field.name == tag.text).cloned();
        let Some(field) = field else { return Some(case.text.clone()) };
        match field.ty.base() {
            Type::Literals(texts) if texts.len() == 1 => texts.first().cloned(),
            Type::Error => None,
            _ => {
                let shown = self.a(&field.ty);
                self.report(
                    Diagnostic::new(codes::UNION_CASE, format!("`{}` of `{}` is {shown}, and tells the cases of `{}` apart", tag.text, case.text, union.text))
                        .primary(field.span, "not one text")
                        .secondary(tag.span, "the tag")
                        .note("by its tag a record is known as one case; a field that may say anything tells nothing")
                        .help(format!("write the text of this case: `{}: \"{}\"`", tag.text, case.text.to_lowercase()))
                        .help(format!("or leave the field out: then the tag of the case is `\"{}\"`", case.text))
                        .help("or name another field above the union: `@tag(kind)`"),
                );
                None
            }
        }
    }

    /// The fields of the record that holds any case.
    fn held(&mut self, cases: &[UnionCase], tag: &Name, union: &Name) -> Option<Vec<SchemaField>> {
        let literals = cases.iter().map(|case| case.literal.clone()).collect();
        let mut held = vec![SchemaField {
            name: tag.text.clone(),
            ty: Type::literals(literals),
            key: false,
            pii: false,
            doc: Some(format!("Which case of {} the record is.", union.text)),
            default: None,
            span: tag.span,
        }];
        let mut whole = true;
        for (at, case) in cases.iter().enumerate() {
            let fields = self.program.schema(case.schema).map(|schema| schema.fields.clone()).unwrap_or_default();
            for field in fields.iter().filter(|field| field.name != tag.text) {
                let Some(known) = held.iter_mut().find(|known| known.name == field.name) else {
                    let ty = if at == 0 { field.ty.clone() } else { field.ty.clone().optional() };
                    held.push(SchemaField { ty, default: None, ..field.clone() });
                    continue;
                };
                if known.ty.required() != field.ty.required() {
                    let (one, other) = (self.show(known.ty.required()), self.show(field.ty.required()));
                    let first = known.span;
                    self.report(
                        Diagnostic::new(codes::UNION_FIELD, format!("`{}` is a `{other}` in `{}` and a `{one}` in a case before it", field.name, case.name))
                            .primary(field.span, format!("`{other}`"))
                            .secondary(first, format!("`{one}`"))
                            .secondary(union.span, "cases of this union")
                            .note("a table of the union has each field of its cases once, as one column")
                            .help("give both the same type, or one of them another name"),
                    );
                    whole = false;
                    continue;
                }
                if field.ty.is_optional() {
                    known.ty = known.ty.clone().optional();
                }
                known.key &= field.key;
                known.pii |= field.pii;
            }
            // A field that this case lacks is absent where it is this case.
            for known in held.iter_mut().filter(|known| known.name != tag.text) {
                if !fields.iter().any(|field| field.name == known.name) {
                    known.ty = known.ty.clone().optional();
                    known.key = false;
                }
            }
        }
        whole.then_some(held)
    }

    /// The schema of a table whose rows are of a union.
    pub fn union_rows(&mut self, name: &str) -> Option<SchemaId> {
        if let Some(id) = self.union_schemas.get(name) {
            return Some(*id);
        }
        let union = self.unions.get(name)?.clone();
        let doc = self.nominals.get(name).and_then(|def| def.item.doc.clone());
        let column = |name: &str, ty: Type| Expr::new(ExprKind::Column(name.to_owned()), ty, Stage::Row, union.span);
        let mut checks = self.case_checks(&union, &column);
        for case in &union.cases {
            let Some(schema) = self.program.schema(case.schema) else { continue };
            checks.extend(schema.checks.iter().map(|check| {
                Check { condition: of_case(&union, case, &column, check.condition.clone()), ..check.clone() }
            }));
        }
        let mut redactions = Vec::new();
        for case in &union.cases {
            let Some(schema) = self.program.schema(case.schema) else { continue };
            redactions.extend(schema.redactions.iter().map(|redaction| Redaction {
                condition: only_of_case(&union, case, &column, redaction.condition.clone()),
                ..redaction.clone()
            }));
        }
        let schema = Schema { name: name.to_owned(), doc, fields: union.fields, checks, redactions, span: union.span };
        let id = self.push_schema(schema);
        self.union_schemas.insert(name.to_owned(), id);
        Some(id)
    }

    /// What must hold of the rows of a case: that it has its fields, and its schema's own checks.
    fn case_checks(&self, union: &Union, column: &dyn Fn(&str, Type) -> Expr) -> Vec<Check> {
        let texts: Vec<String> = union.cases.iter().map(|case| case.literal.clone()).collect();
        let mut checks = vec![one_of(column(&union.tag, Type::literals(texts.clone())), None, &union.tag, &texts)];
        for case in &union.cases {
            let Some(schema) = self.program.schema(case.schema) else { continue };
            for field in schema.fields.iter().filter(|field| field.name != union.tag && !field.ty.base().is_optional()) {
                let held = union.fields.iter().find(|held| held.name == field.name);
                if held.is_none_or(|held| !held.ty.is_optional()) {
                    continue;
                }
                let operand = Box::new(column(&field.name, field.ty.clone().optional()));
                let there = Expr::new(ExprKind::IsNone { operand, negated: true }, Type::Bool, Stage::Row, case.span);
                checks.push(Check {
                    field: None,
                    text: format!("{} != none where {} is {:?}", field.name, union.tag, case.literal),
                    condition: of_case(union, case, column, there),
                });
            }
        }
        checks
    }

    /// What the type of a column says of its values beyond what Arrow knows: a text is one of a literal union's, a record
    /// one of the cases of a tagged union.
    pub fn column_checks(&self, field: &SchemaField) -> Vec<Check> {
        let column = || Expr::new(ExprKind::Column(field.name.clone()), field.ty.clone(), Stage::Row, field.span);
        if let Type::Literals(texts) = field.ty.required().base() {
            return vec![one_of(column(), Some(&field.name), &field.name, texts)];
        }
        let Some(union) = self.union_of(&field.ty) else { return Vec::new() };
        let optional = field.ty.is_optional();
        let within = |name: &str, ty: Type| {
            let ty = if optional { ty.optional() } else { ty };
            let kind = ExprKind::Field { target: Box::new(column()), name: name.to_owned(), optional };
            Expr::new(kind, ty, Stage::Row, field.span)
        };
        let checks = self.case_checks(union, &within);
        let of = |kind: ExprKind| Expr::new(kind, Type::Bool, Stage::Row, field.span);
        // Where there is no record, nothing is said of it.
        let or_none = |condition: Expr| match optional {
            true => {
                let none = of(ExprKind::IsNone { operand: Box::new(column()), negated: false });
                of(ExprKind::Binary(Binary::Or, Box::new(none), Box::new(condition)))
            }
            false => condition,
        };
        let checks = checks.into_iter();
        checks.map(|check| Check { field: Some(field.name.clone()), condition: or_none(check.condition), ..check }).collect()
    }

    /// A record of which all is known but perhaps its values: it has the fields of its case, and no others.
    pub fn union_record(&mut self, expr: &Expr, name: &str, span: Span) {
        let Some(union) = self.unions.get(name).cloned() else { return };
        let Some(literal) = expr.entry(&union.tag).and_then(Expr::text) else { return };
        let Some(case) = union.cases.iter().find(|case| case.literal == literal) else { return };
        let fields = self.program.schema(case.schema).map(|schema| schema.fields.clone()).unwrap_or_default();
        let is_none = |name: &str| {
            expr.entry(name).is_none_or(|value| matches!(value.constant(), Some(crate::program::Value::None)))
        };
        let own = |name: &str| fields.iter().find(|field| field.name == name);
        let missing: Vec<&str> = fields
            .iter()
            .filter(|field| field.name != union.tag && !field.ty.base().is_optional() && is_none(&field.name))
            .map(|field| field.name.as_str())
            .collect();
        if !missing.is_empty() {
            self.report(
                Diagnostic::new(codes::MISSING_FIELD, format!("this `{}` lacks {}", case.name, listed(missing)))
                    .primary(span, format!("one by its `{}`", union.tag))
                    .secondary(case.span, "the case")
                    .help("give every field of the case that is not optional"),
            );
        }
        for field in union.fields.iter().filter(|field| field.name != union.tag) {
            if own(&field.name).is_none() && !is_none(&field.name) {
                let at = expr.entry(&field.name).map_or(span, |value| value.span);
                self.report(
                    Diagnostic::new(codes::UNKNOWN_FIELD, format!("a `{}` has no `{}`", case.name, field.name))
                        .primary(at, "of another case")
                        .secondary(case.span, "the case")
                        .help("leave it out"),
                );
            }
        }
    }
}

/// That a column is one of some texts.
fn one_of(column: Expr, field: Option<&str>, name: &str, texts: &[String]) -> Check {
    let span = column.span;
    let list = texts.iter().map(|text| Expr::string(text.clone(), span)).collect();
    let list = Expr::list(list, Type::String, span);
    let shown: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    let kind = ExprKind::In(Box::new(column), Box::new(list));
    Check {
        field: field.map(str::to_owned),
        text: format!("{name} in [{}]", shown.join(", ")),
        condition: Expr::new(kind, Type::Bool, Stage::Row, span),
    }
}

/// A condition that is of one case alone.
fn of_case(union: &Union, case: &UnionCase, column: &dyn Fn(&str, Type) -> Expr, condition: Expr) -> Expr {
    let of = |kind: ExprKind| Expr::new(kind, Type::Bool, Stage::Row, case.span);
    let literal = Expr::string(case.literal.clone(), case.span);
    let tag = column(&union.tag, Type::String);
    let other = of(ExprKind::Binary(Binary::NotEqual, Box::new(tag), Box::new(literal)));
    of(ExprKind::Binary(Binary::Or, Box::new(other), Box::new(condition)))
}

/// A condition that holds for rows of a case alone.
fn only_of_case(union: &Union, case: &UnionCase, column: &dyn Fn(&str, Type) -> Expr, condition: Expr) -> Expr {
    let of = |kind: ExprKind| Expr::new(kind, Type::Bool, Stage::Row, case.span);
    let literal = Expr::string(case.literal.clone(), case.span);
    let same = of(ExprKind::Binary(Binary::Equal, Box::new(column(&union.tag, Type::String)), Box::new(literal)));
    of(ExprKind::Binary(Binary::And, Box::new(same), Box::new(condition)))
}

/// The cases of a type as written.
fn terms(ty: &TypeExpr) -> Vec<&TypeExpr> {
    match &ty.kind {
        TypeKind::Union(cases) => cases.iter().collect(),
        _ => vec![ty],
    }
}

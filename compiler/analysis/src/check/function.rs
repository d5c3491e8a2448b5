//! Functions: overloads by the types of their parameters, generics by unification, bodies inlined.

use super::{fold, Arg, Because, Bound, Checker, Local, RowPlace, Scope};
use crate::program::{Expr, ExprKind, Lowering, Stage, Type, Value};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, FunctionBody, FunctionItem, ItemKind, Name};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What each generic name stands for.
pub(crate) type Substitution = BTreeMap<String, Type>;

impl<'a> Checker<'a> {
    /// A call of the function that fits, of those of one name.
    pub fn functions(&mut self, defs: &[Def<'a>], name: &'a Name, args: Vec<Arg<'a>>, scope: &Scope, span: Span) -> Expr {
        let items: Vec<(Def<'a>, &'a FunctionItem)> = defs
            .iter()
            .filter_map(|def| match &def.item.kind {
                ItemKind::Function(item) => Some((*def, item)),
                _ => None,
            })
            .collect();
        match items.as_slice() {
            [] => Expr::error(span),
            [(def, item)] => self.function(*def, item, args, scope, span),
            _ => {
                // Arguments are inferred once, without a hint, then held against each.
                let typed: Vec<Arg<'a>> = args
                    .into_iter()
                    .map(|arg| {
                        let expr = self.argument(&arg, scope, None);
                        Arg { name: arg.name, value: super::ArgValue::Typed(Box::new(expr)) }
                    })
                    .collect();
                let types: Vec<Type> = typed
                    .iter()
                    .map(|arg| match &arg.value {
                        super::ArgValue::Typed(expr) => expr.ty.clone(),
                        _ => Type::Error,
                    })
                    .collect();
                if types.contains(&Type::Error) {
                    return Expr::error(span);
                }
                for exact in [true, false] {
                    for (def, item) in &items {
                        if self.applies(*def, item, &typed, exact) {
                            return self.function(*def, item, typed, scope, span);
                        }
                    }
                }
                let optional: Vec<Type> = types.iter().map(|ty| ty.required().clone()).collect();
                if optional != types {
                    let required: Vec<Arg<'a>> = typed
                        .iter()
                        .map(|arg| {
                            let mut arg = arg.clone();
                            if let super::ArgValue::Typed(expr) = &mut arg.value {
                                expr.ty = expr.ty.required().clone();
                            }
                            arg
                        })
                        .collect();
                    for (def, item) in &items {
                        if self.applies(*def, item, &required, false) {
                            return self.function(*def, item, typed, scope, span);
                        }
                    }
                }
                let shown: Vec<String> = types.iter().map(|ty| self.show(ty)).collect();
                let mut diagnostic = Diagnostic::new(
                    codes::NO_OVERLOAD,
                    format!("no `{}` takes ({})", name.text, shown.join(", ")),
                )
                .primary(span, "");
                for (def, item) in &items {
                    let signature = self.signature(*def, item);
                    diagnostic = diagnostic.note(format!("there is `{signature}`"));
                }
                self.fail(span, diagnostic.help("convert the arguments, or call another function"))
            }
        }
    }

    /// `len(text: String) -> Int`.
    fn signature(&mut self, def: Def<'a>, item: &'a FunctionItem) -> String {
        let generics: Vec<String> = item.generics.iter().map(|name| name.text.clone()).collect();
        let mut params = Vec::new();
        for param in &item.params {
            let ty = self.parameter_type(param, def.module, &generics);
            params.push(format!("{}: {}", param.name.text, self.show(&ty)));
        }
        let result = self.ty(&item.result, def.module, &generics);
        format!("{}({}) -> {}", item.name.text, params.join(", "), self.show(&result))
    }

    fn applies(&mut self, def: Def<'a>, item: &'a FunctionItem, args: &[Arg<'a>], exact: bool) -> bool {
        if args.len() > item.params.len() {
            return false;
        }
        let generics: Vec<String> = item.generics.iter().map(|name| name.text.clone()).collect();
        let mut substitution = Substitution::new();
        let mut given = vec![false; item.params.len()];
        for (position, arg) in args.iter().enumerate() {
            let index = match arg.name {
                Some(name) => item.params.iter().position(|param| param.name.text == name.text),
                None => Some(position),
            };
            let Some(param) = index.and_then(|index| item.params.get(index)) else { return false };
            if let Some(slot) = index.and_then(|index| given.get_mut(index)) {
                *slot = true;
            }
            let want = self.parameter_type(param, def.module, &generics);
            let super::ArgValue::Typed(expr) = &arg.value else { return false };
            unify(&want, &expr.ty, &mut substitution);
            let want = substitute(&want, &substitution);
            let good = if exact {
                expr.ty.base() == want.base()
            } else {
                self.would_fit(expr, &want)
            };
            if !good {
                return false;
            }
        }
        item.params.iter().zip(given).all(|(param, given)| given || param.default.is_some())
    }

    fn function(&mut self, def: Def<'a>, item: &'a FunctionItem, args: Vec<Arg<'a>>, scope: &Scope, span: Span) -> Expr {
        let what = format!("`{}`", item.name.text);
        let generics: Vec<String> = item.generics.iter().map(|name| name.text.clone()).collect();
        let Some(bound) = self.bind(&what, item.name.span, &item.params, args, span) else {
            return Expr::error(span);
        };
        let mut substitution = Substitution::new();
        let mut arguments: Vec<Expr> = Vec::new();
        let mut inner = Scope { rows: scope.rows, ..Scope::new(def.module) };
        let row_argument = Scope {
            rows: if scope.rows == RowPlace::Outside { RowPlace::Outside } else { RowPlace::Row },
            ..scope.clone()
        };
        let over_rows = matches!(&item.body, FunctionBody::Lower(fields)
            if fields.iter().any(|field| field.name.text == "aggregate" || field.name.text == "window"));
        let argument_scope = if over_rows { &row_argument } else { scope };
        for (param, bound) in item.params.iter().zip(bound) {
            let want = self.parameter_type(param, def.module, &generics);
            let expr = match bound {
                Bound::Given(arg) => {
                    let hint = substitute(&want, &substitution);
                    let expr = self.argument(&arg, argument_scope, Some(&hint));
                    unify(&want, &expr.ty, &mut substitution);
                    let want = substitute(&want, &substitution);
                    let because =
                        Because::new(param.span, format!("`{}` is {}", param.name.text, self.a(&want)));
                    let own = expr.ty.clone();
                    let fitted = self.fit(expr, &want, arg.span(), Some(because));
                    // A function that takes `none` as well says nothing of this argument.
                    if want.is_optional() && !own.is_optional() && !fitted.is_error() {
                        Expr { ty: want.required().clone(), ..fitted }
                    } else {
                        fitted
                    }
                }
                Bound::Default(ast) => self.check(ast, &inner, &want, None),
                Bound::Rest(_) => Expr::error(span),
            };
            inner.declare(&param.name.text, Local::Argument(expr.clone()));
            arguments.push(expr);
        }
        let result = self.ty(&item.result, def.module, &generics);
        let result = substitute(&result, &substitution);
        if arguments.iter().any(Expr::is_error) {
            return Expr { ty: result, ..Expr::error(span) };
        }
        if let FunctionBody::Lower(fields) = &item.body {
            let lowering = self.lowering(def, item, fields);
            if let Some(at) = lowering.pattern
                && !self.pattern_argument(item, at, &mut arguments)
            {
                return Expr { ty: result, ..Expr::error(span) };
            }
            // How many rows on is part of the plan.
            let rows = item.params.iter().position(|param| lowering.window.is_some() && param.name.text == "rows");
            if let Some(rows) = rows.and_then(|rows| arguments.get(rows)) {
                let because = Because::new(item.name.span, format!("`{}` looks so many rows away", item.name.text));
                if !self.stage(rows, Stage::Const, because) {
                    return Expr { ty: result, ..Expr::error(span) };
                }
            }
        }
        match &item.body {
            FunctionBody::Expr(body) => {
                if !self.enter(def) {
                    return Expr::error(span);
                }
                let because = Because::new(item.result.span, format!("`{}` gives {}", item.name.text, self.a(&result)));
                let expr = self.check(body, &inner, &result, Some(because));
                self.leave(def);
                Expr { span, ..expr }
            }
            FunctionBody::Lower(fields) => self.lowered(def, item, fields, arguments, result, scope, span),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a function with its body taken apart, and its call")]
    fn lowered(
        &mut self,
        def: Def<'a>,
        item: &'a FunctionItem,
        fields: &'a [ast::Field],
        arguments: Vec<Expr>,
        result: Type,
        scope: &Scope,
        span: Span,
    ) -> Expr {
        let lowering = self.lowering(def, item, fields);
        if let Some(intrinsic) = fields.iter().find(|field| field.name.text == "compiler") {
            let name = raw(&intrinsic.value).unwrap_or("");
            return self.intrinsic(name, &arguments, result, scope, span);
        }
        let over_rows = lowering.aggregate.is_some() || lowering.window.is_some();
        if over_rows {
            let allowed = match scope.rows {
                RowPlace::Outside | RowPlace::Row => false,
                RowPlace::Group => lowering.aggregate.is_some(),
                RowPlace::Window => true,
            };
            let kind = if lowering.aggregate.is_some() { "an aggregate" } else { "a window function" };
            if !allowed {
                let help = if lowering.aggregate.is_some() {
                    format!("give it a column in a group: `group KEY {{ x = {}(…) }}`", item.name.text)
                } else {
                    format!("give it a column in a window: `window by KEY order COLUMN {{ x = {}(…) }}`", item.name.text)
                };
                return self.fail(
                    span,
                    Diagnostic::new(codes::AGGREGATE_PLACE, format!("`{}` is {kind}, and there are no other rows here", item.name.text))
                        .primary(span, "")
                        .note("an aggregate or a window function stands alone right of `=` in a `group` or a `window`")
                        .help(help),
                );
            }
        }
        let constants: Option<Vec<&Value>> = arguments.iter().map(Expr::constant).collect();
        if let (Some(row), Some(constants)) = (&lowering.row, constants)
            && let Some(value) = fold::function(row, &constants)
        {
            return Expr::value(value, result, span);
        }
        if item.name.text == "len"
            && let [Expr { kind: ExprKind::List(elements), .. }] = arguments.as_slice()
        {
            return Expr::int(i64::try_from(elements.len()).unwrap_or(i64::MAX), span);
        }
        let stage = if over_rows { Stage::Row } else { super::build::latest(&arguments) };
        Expr::new(ExprKind::Call { function: lowering, arguments }, result, stage, span)
    }

    pub fn lowering(&mut self, def: Def<'a>, item: &'a FunctionItem, fields: &'a [ast::Field]) -> Arc<Lowering> {
        if let Some(known) = self.lowerings.get(&def.key()) {
            return known.clone();
        }
        let library = self.names.module(def.module).is_some_and(|names| names.is_library());
        let mut lowering = Lowering {
            name: item.name.text.clone(),
            params: item.params.iter().map(|param| param.name.text.clone()).collect(),
            pattern: item.params.iter().position(|param| library && param.name.text == "pattern"),
            hides: def.item.attributes.iter().any(|attribute| attribute.name.text == "hides"),
            deploy: None,
            run: None,
            row: None,
            aggregate: None,
            window: None,
        };
        const KNOWN: &[&str] = &["deploy", "run", "row", "aggregate", "window"];
        for field in fields {
            let Some(text) = raw(&field.value) else {
                if !matches!(field.value.kind, ast::ExprKind::Broken) {
                    self.report(
                        Diagnostic::new(codes::TYPE_MISMATCH, "a lowering is a text known to the compiler")
                            .primary(field.value.span, "")
                            .help(format!("write `{} = r\"…\"`", field.name.text)),
                    );
                }
                continue;
            };
            let slot = match field.name.text.as_str() {
                "deploy" => &mut lowering.deploy,
                "run" => &mut lowering.run,
                "row" => &mut lowering.row,
                "aggregate" => &mut lowering.aggregate,
                "window" => &mut lowering.window,
                "compiler" if library => continue,
                _ => {
                    let diagnostic = Diagnostic::new(
                        codes::UNKNOWN_SETTING,
                        format!("`{}` is no stage that a function can be lowered to", field.name.text),
                    )
                    .primary(field.name.span, "");
                    let diagnostic =
                        Self::suggest(diagnostic, &field.name.text, field.name.span, KNOWN, "there are");
                    self.report(diagnostic);
                    continue;
                }
            };
            *slot = Some(text.to_owned());
        }
        let lowering = Arc::new(lowering);
        self.lowerings.insert(def.key(), lowering.clone());
        lowering
    }
}

fn raw(ast: &ast::Expr) -> Option<&str> {
    match &ast.kind {
        ast::ExprKind::RawText(text) => Some(text),
        ast::ExprKind::Text(parts) => match parts.as_slice() {
            [ast::TextPart::Text(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Learns from an argument what the generic names of a parameter's type stand for.
fn unify(want: &Type, have: &Type, substitution: &mut Substitution) {
    match (want, have) {
        (Type::Generic(_), Type::Error | Type::None) => {}
        (Type::Generic(name), _) => {
            substitution.entry(name.clone()).or_insert_with(|| have.required().clone());
        }
        (Type::List(a), Type::List(b)) | (Type::Map(a), Type::Map(b)) | (Type::Optional(a), Type::Optional(b)) => {
            unify(a, b, substitution);
        }
        (Type::Optional(a), _) => unify(a, have, substitution),
        (Type::List(_), Type::Nominal { base, .. }) => unify(want, base, substitution),
        _ => {}
    }
}

pub(crate) fn substitute(ty: &Type, substitution: &Substitution) -> Type {
    match ty {
        Type::Generic(name) => substitution.get(name).cloned().unwrap_or_else(|| ty.clone()),
        Type::List(inner) => Type::List(Box::new(substitute(inner, substitution))),
        Type::Map(inner) => Type::Map(Box::new(substitute(inner, substitution))),
        Type::Optional(inner) => substitute(inner, substitution).optional(),
        Type::Record(fields) => {
            Type::Record(fields.iter().map(|(name, ty)| (name.clone(), substitute(ty, substitution))).collect())
        }
        _ => ty.clone(),
    }
}

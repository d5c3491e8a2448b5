//! Expressions of the deploy stage (const, plan, apply) as HCL.
//!
//! What HCL would do differently is said otherwise: `&&` and `||` evaluate both sides (before Terraform 1.12), so a
//! test for `none` on the left becomes a conditional; `coalesce` skips empty texts, so `??` of texts is a
//! conditional; dates and instants are compared by `timecmp`.

use super::hcl::{Part, binary, call, choose, every, index, list, member, negate, not, object, path, string, text, var};
use super::names::Names;
use super::{Unlowered, existence, template};
use flow_analysis::program::{
    AwsFact, Binary, Expr, ExprKind, FlowFact, Instance, Log, Program, Stage, StreamFact, TextPart, Type, Unary, Value,
};
use hcl_edit::expr::{BinaryOperator, Expression};

/// What expressions are lowered in: the program and the names that its parts have in Terraform.
#[derive(Debug)]
pub struct Scope<'p> {
    program: &'p Program,
    pub(crate) names: Names,
}

impl<'p> Scope<'p> {
    /// A scope for a program; the same program always gives the same names.
    pub fn new(program: &'p Program) -> Self {
        Scope { program, names: Names::new(program) }
    }

    /// The program.
    pub(crate) fn program(&self) -> &'p Program {
        self.program
    }

    /// Labels of the flow with this name.
    pub(crate) fn machine(&self, flow: &str) -> Option<&super::names::FlowNames> {
        self.names.flow(self.program.flows.iter().position(|known| known.name == flow)?)
    }

    /// Labels of the function of the stream with this name, and whether they have a `count`.
    fn stream_function(&self, stream: &str) -> Option<(&super::names::FunctionNames, bool)> {
        let id = self.program.streams.iter().find(|known| known.name == stream)?.function;
        Some((self.names.function(id)?, self.function_guard(id).is_some()))
    }

    /// An expression of the deploy stage.
    ///
    /// # Errors
    /// An expression of a later stage, or one that HCL has no words for; the checker lets neither through.
    pub fn expression(&self, expr: &Expr) -> Result<Expression, Unlowered> {
        Lower { scope: self, itself: None }.expr(expr)
    }

    /// As [`Scope::expression`], as one line of text.
    ///
    /// # Errors
    /// As [`Scope::expression`].
    pub fn text(&self, expr: &Expr) -> Result<String, Unlowered> {
        Ok(super::layout::expression(&mut self.expression(expr)?))
    }

    /// A condition on a value that [`ExprKind::Itself`] stands for.
    pub(crate) fn condition(&self, expr: &Expr, itself: &Expression) -> Result<Expression, Unlowered> {
        Lower { scope: self, itself: Some(itself) }.expr(expr)
    }
}

struct Lower<'a, 'p> {
    scope: &'a Scope<'p>,
    itself: Option<&'a Expression>,
}

impl Lower<'_, '_> {
    fn expr(&self, expr: &Expr) -> Result<Expression, Unlowered> {
        let refuse = |what: &str| Err(Unlowered { span: expr.span, what: what.to_owned() });
        Ok(match &expr.kind {
            ExprKind::Value(value) => constant(value),
            ExprKind::Param(name) => var(name),
            ExprKind::EnvName => var(&self.scope.names.variable("env")),
            ExprKind::Aws(fact) => fact_path(*fact),
            ExprKind::Attribute { resource, instance, path: attribute } => {
                let Some(resource) = self.scope.program.resource(*resource) else {
                    return refuse("a resource that the program does not have");
                };
                let whole = existence::address(resource);
                let parts = attribute.iter().map(String::as_str);
                match instance {
                    Instance::Only if resource.when.is_some() => member(index(whole, 0.into()), parts),
                    Instance::Only => member(whole, parts),
                    Instance::Key(key) => member(index(whole, self.expr(key)?), parts),
                    Instance::Every => every(whole, |one| member(one, parts)),
                }
            }
            ExprKind::Element { of, key } => {
                path([super::resources::iterator(of).as_str(), if *key { "key" } else { "value" }])
            }
            ExprKind::Index { target, index: place, set } => {
                let target = self.expr(target)?;
                let target = if *set { call("tolist", [target]) } else { target };
                index(target, self.expr(place)?)
            }
            ExprKind::FunctionArn(id) => match self.scope.names.function(*id) {
                Some(names) => {
                    let counted = self.scope.function_guard(*id).is_some();
                    existence::attribute("aws_lambda_function", &names.function, counted, ["arn"])
                }
                None => return refuse("a function that the program does not have"),
            },
            ExprKind::FlowArn(flow) => match self.scope.machine(flow) {
                Some(names) => existence::attribute("aws_sfn_state_machine", &names.machine, names.counted, ["arn"]),
                None => return refuse("a flow that the program does not have"),
            },
            ExprKind::FlowFact(flow, fact) => match self.scope.machine(flow) {
                Some(names) => match fact {
                    FlowFact::Name => existence::attribute("aws_sfn_state_machine", &names.machine, names.counted, ["name"]),
                    FlowFact::RoleArn => match self.scope.flow_named(flow).and_then(|flow| flow.own.role.as_ref()) {
                        Some(role) => self.expr(role)?,
                        None => existence::attribute("aws_iam_role", &names.role, names.counted, ["arn"]),
                    },
                    FlowFact::LogGroup if self.scope.flow_named(flow).is_some_and(|flow| flow.own.log == Log::Off) => {
                        return refuse("the log group of a flow with `log = \"off\"`");
                    }
                    FlowFact::LogGroup => {
                        existence::attribute("aws_cloudwatch_log_group", &names.logs, names.counted, ["name"])
                    }
                    FlowFact::Policy => {
                        let document = path(["data", "aws_iam_policy_document", &names.role]);
                        let document = if names.counted { index(document, 0.into()) } else { document };
                        member(document, ["json"])
                    }
                },
                None => return refuse("a flow that the program does not have"),
            },
            ExprKind::StreamFact(stream, fact) => {
                let Some((names, counted)) = self.scope.stream_function(stream) else {
                    return refuse("a stream that the program does not have");
                };
                match fact {
                    StreamFact::Name => existence::attribute("aws_lambda_function", &names.function, counted, ["function_name"]),
                    StreamFact::RoleArn => existence::attribute("aws_iam_role", &names.role, counted, ["arn"]),
                    StreamFact::LogGroup => existence::attribute("aws_cloudwatch_log_group", &names.logs, counted, ["name"]),
                }
            }
            ExprKind::TableFact(id, fact) => match self.scope.program.table(*id).and_then(|table| table.fact(*fact)) {
                Some(value) => self.expr(&value)?,
                None => return refuse("where a table lies that the program does not have"),
            },
            ExprKind::Itself => match self.itself {
                Some(value) => value.clone(),
                None => return refuse("a parameter's own value outside of its type's conditions"),
            },
            ExprKind::Field { target, name, optional } => {
                let target = self.expr(target)?;
                let field = member(target.clone(), [name.as_str()]);
                if *optional { choose(is_null(target), Expression::null(), field) } else { field }
            }
            ExprKind::Text(parts) => self.text(parts)?,
            ExprKind::Unary(Unary::Not, operand) => not(self.expr(operand)?),
            ExprKind::Unary(Unary::Negate, operand) => negate(self.expr(operand)?),
            ExprKind::Binary(operator, left, right) => return self.binary(expr, *operator, left, right),
            ExprKind::IsNone { operand, negated } => {
                let operator = if *negated { BinaryOperator::NotEq } else { BinaryOperator::Eq };
                binary(self.expr(operand)?, operator, Expression::null())
            }
            ExprKind::Coalesce(left, right) => {
                let (value, otherwise) = (self.expr(left)?, self.expr(right)?);
                if is_textual(&left.ty) || right.ty.is_optional() {
                    choose(binary(value.clone(), BinaryOperator::NotEq, Expression::null()), value, otherwise)
                } else {
                    call("coalesce", [value, otherwise])
                }
            }
            ExprKind::If(condition, then, otherwise) => {
                choose(self.expr(condition)?, self.expr(then)?, self.expr(otherwise)?)
            }
            ExprKind::Matches(value, pattern) => call("can", [call("regex", [string(pattern), self.expr(value)?])]),
            ExprKind::In(value, items) => call("contains", [self.expr(items)?, self.expr(value)?]),
            ExprKind::ToFloat(value) => self.expr(value)?,
            ExprKind::Call { function, arguments } => {
                let Some(deploy) = &function.deploy else {
                    return refuse(&format!("`{}`, which has no lowering to the deploy stage", function.name));
                };
                let arguments = arguments.iter().map(|argument| self.expr(argument)).collect::<Result<_, _>>()?;
                template::instantiate(deploy, &function.params, arguments).map_err(|error| Unlowered {
                    span: expr.span,
                    what: format!("`{}`, whose deploy text is not HCL: {error}", function.name),
                })?
            }
            ExprKind::List(items) => list(items.iter().map(|item| self.expr(item)).collect::<Result<Vec<_>, _>>()?),
            ExprKind::Record(fields) => object(
                fields
                    .iter()
                    .map(|(name, value)| Ok((name, self.expr(value)?)))
                    .collect::<Result<Vec<_>, Unlowered>>()?,
            ),
            ExprKind::SecretArn(id) => match self.scope.program.secret(*id) {
                Some(secret) => self.expr(&secret.arn)?,
                None => return refuse("a secret that the program does not have"),
            },
            ExprKind::SecretName(id) => match self.scope.program.secret(*id) {
                Some(secret) => self.expr(&secret.secret_name)?,
                None => return refuse("a secret that the program does not have"),
            },
            ExprKind::Variable(_)
            | ExprKind::Raw(_)
            | ExprKind::Perhaps(_)
            | ExprKind::Context(_)
            | ExprKind::TaskResult
            | ExprKind::Column(_)
            | ExprKind::Table(_)
            | ExprKind::Target(_) => return refuse(&format!("a value of the {} stage", late(expr.stage))),
            ExprKind::Error => return refuse("an expression with an error"),
        })
    }

    fn text(&self, parts: &[TextPart]) -> Result<Expression, Unlowered> {
        let mut lowered = Vec::with_capacity(parts.len());
        for part in parts {
            lowered.push(match part {
                TextPart::Text(text) => Part::Text(text.clone()),
                TextPart::Expr(part) => {
                    let value = self.expr(part)?;
                    Part::Value(if is_structured(&part.ty) { call("jsonencode", [value]) } else { value })
                }
            });
        }
        // A value alone is that value if it is a text already.
        if let [TextPart::Expr(only)] = parts
            && let Some(Part::Value(value)) = lowered.pop()
        {
            return Ok(match value {
                Expression::Number(_) | Expression::Bool(_) => text([Part::Value(value)]),
                value if is_textual(&only.ty) || is_structured(&only.ty) => value,
                value => call("tostring", [value]),
            });
        }
        Ok(text(lowered))
    }

    fn binary(&self, whole: &Expr, operator: Binary, left: &Expr, right: &Expr) -> Result<Expression, Unlowered> {
        let (a, b) = (self.expr(left)?, self.expr(right)?);
        Ok(match operator {
            Binary::And if tests_none(left) => choose(a, b, false.into()),
            Binary::Or if tests_none(left) => choose(a, true.into(), b),
            Binary::And => binary(a, BinaryOperator::And, b),
            Binary::Or => binary(a, BinaryOperator::Or, b),
            Binary::Equal | Binary::NotEqual => {
                let decimal = matches!((left.ty.base(), right.ty.base()), (Type::Decimal(..), Type::Decimal(..)));
                // Texts of digits: `12.5` is `12.50`.
                let (a, b) = if decimal { (call("tonumber", [a]), call("tonumber", [b])) } else { (a, b) };
                binary(a, if operator == Binary::Equal { BinaryOperator::Eq } else { BinaryOperator::NotEq }, b)
            }
            Binary::Less => self.compare(whole, left, a, BinaryOperator::Less, b)?,
            Binary::LessEqual => self.compare(whole, left, a, BinaryOperator::LessEq, b)?,
            Binary::Greater => self.compare(whole, left, a, BinaryOperator::Greater, b)?,
            Binary::GreaterEqual => self.compare(whole, left, a, BinaryOperator::GreaterEq, b)?,
            Binary::Add => binary(a, BinaryOperator::Plus, b),
            Binary::Subtract => binary(a, BinaryOperator::Minus, b),
            Binary::Multiply => binary(a, BinaryOperator::Mul, b),
            Binary::Divide | Binary::DivideDurations => binary(a, BinaryOperator::Div, b),
            Binary::Modulo => binary(a, BinaryOperator::Mod, b),
            Binary::AddTimestamp => call("timeadd", [a, seconds(b)]),
            Binary::SubtractFromTimestamp => call("timeadd", [a, seconds(negate(b))]),
            Binary::AddDate => date_of(call("timeadd", [midnight(a), seconds(b)])),
            Binary::SubtractFromDate => date_of(call("timeadd", [midnight(a), seconds(negate(b))])),
            Binary::SubtractDates | Binary::SubtractTimestamps => {
                return Err(Unlowered {
                    span: whole.span,
                    what: "the time between two dates, which Terraform has no function for".to_owned(),
                });
            }
        })
    }

    fn compare(
        &self,
        whole: &Expr,
        left: &Expr,
        a: Expression,
        operator: BinaryOperator,
        b: Expression,
    ) -> Result<Expression, Unlowered> {
        Ok(match left.ty.required().base() {
            Type::Date => binary(call("timecmp", [midnight(a), midnight(b)]), operator, 0.into()),
            Type::Timestamp => binary(call("timecmp", [a, b]), operator, 0.into()),
            Type::String | Type::Literals(_) | Type::Arn => {
                return Err(Unlowered {
                    span: whole.span,
                    what: "the order of two texts, which Terraform has no operator for".to_owned(),
                });
            }
            _ => binary(a, operator, b),
        })
    }
}

/// `data.aws_partition.current.partition` and the like.
pub(crate) fn fact_path(fact: AwsFact) -> Expression {
    match fact {
        AwsFact::Partition => path(["data", "aws_partition", "current", "partition"]),
        AwsFact::Account => path(["data", "aws_caller_identity", "current", "account_id"]),
        AwsFact::Region => path(["data", "aws_region", "current", "name"]),
    }
}

/// A constant: durations in seconds, sizes in bytes.
pub(crate) fn constant(value: &Value) -> Expression {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) | Value::Size(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::String(text) | Value::Decimal(text) | Value::Date(text) | Value::Timestamp(text) => string(text),
        Value::Duration(microseconds) if microseconds % 1_000_000 == 0 => (microseconds / 1_000_000).into(),
        #[expect(clippy::cast_precision_loss, reason = "a duration below 285 years keeps its microseconds")]
        Value::Duration(microseconds) => (*microseconds as f64 / 1_000_000.0).into(),
        Value::None => Expression::null(),
    }
}

fn is_null(value: Expression) -> Expression {
    binary(value, BinaryOperator::Eq, Expression::null())
}

fn midnight(date: Expression) -> Expression {
    text([Part::Value(date), "T00:00:00Z".into()])
}

fn date_of(at: Expression) -> Expression {
    call("formatdate", [string("YYYY-MM-DD"), at])
}

fn seconds(count: Expression) -> Expression {
    text([Part::Value(count), "s".into()])
}

/// Whether its values are texts in HCL.
pub(crate) fn is_textual(ty: &Type) -> bool {
    matches!(
        ty.required().base(),
        Type::String | Type::Date | Type::Timestamp | Type::Arn | Type::Literals(_) | Type::Bytes
    )
}

/// Whether its text form is JSON.
pub(crate) fn is_structured(ty: &Type) -> bool {
    matches!(ty.required().base(), Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Row(_) | Type::Json)
}

fn late(stage: Stage) -> &'static str {
    match stage {
        Stage::Row => "row",
        _ => "run",
    }
}

/// Whether a condition asks if something is `none`, so that what follows may rely on it.
fn tests_none(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::IsNone { .. } => true,
        ExprKind::Unary(_, operand) => tests_none(operand),
        ExprKind::Binary(_, left, right) => tests_none(left) || tests_none(right),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::testing::{
        attribute, aws, call, env_name, expr, int, lit, param, program, put, record, template, text,
    };
    use super::*;
    use flow_analysis::program::{FunctionId, SecretId, TextPart, VariableId};

    fn hcl(value: &Expr) -> String {
        Scope::new(&program()).text(value).unwrap()
    }

    fn texts(parts: impl IntoIterator<Item = TextPart>) -> String {
        hcl(&template(parts))
    }

    fn operation(operator: Binary, left: Expr, right: Expr) -> Expr {
        expr(ExprKind::Binary(operator, Box::new(left), Box::new(right)), Type::Bool, Stage::Plan)
    }

    fn optional(name: &str, ty: Type) -> Expr {
        param(name, ty.optional())
    }

    fn is_none(operand: Expr) -> Expr {
        expr(ExprKind::IsNone { operand: Box::new(operand), negated: false }, Type::Bool, Stage::Plan)
    }

    fn value(value: Value, ty: Type) -> Expr {
        expr(ExprKind::Value(value), ty, Stage::Const)
    }

    #[test]
    fn names_of_what_the_program_has() {
        assert_eq!(hcl(&param("raw", Type::String)), "var.raw");
        assert_eq!(hcl(&env_name()), "var.env");
        assert_eq!(hcl(&aws(AwsFact::Account)), "data.aws_caller_identity.current.account_id");
        assert_eq!(hcl(&attribute(1, "repository_url")), "aws_ecr_repository.dbt_runner.repository_url");
        assert_eq!(hcl(&attribute(4, "volume.0.name")), "aws_ecs_task_definition.dbt_build_definition.volume[0].name");
        assert_eq!(hcl(&attribute(3, "arn")), "aws_iam_role.dbt_build_role.arn");
        assert_eq!(
            hcl(&expr(ExprKind::FunctionArn(FunctionId(0)), Type::Arn, Stage::Apply)),
            "aws_lambda_function.worker.arn"
        );
        assert_eq!(
            hcl(&expr(ExprKind::SecretArn(SecretId(0)), Type::Arn, Stage::Apply)),
            "aws_secretsmanager_secret.slack_secret.arn"
        );
    }

    #[test]
    fn constants() {
        assert_eq!(hcl(&value(Value::Duration(90_000_000), Type::Duration)), "90");
        assert_eq!(hcl(&value(Value::Duration(1_500_000), Type::Duration)), "1.5");
        assert_eq!(hcl(&value(Value::Size(2_147_483_648), Type::Size)), "2147483648");
        assert_eq!(hcl(&value(Value::None, Type::None)), "null");
        assert_eq!(hcl(&int(-3)), "-3");
    }

    #[test]
    fn texts_with_values() {
        let raw = || put(param("raw", Type::String));
        assert_eq!(texts([lit("arn:"), raw(), lit("/*")]), r#""arn:${var.raw}/*""#);
        assert_eq!(texts([raw()]), "var.raw");
        assert_eq!(texts([put(param("count", Type::Int))]), "tostring(var.count)");
        assert_eq!(texts([put(int(3))]), r#""3""#);
        assert_eq!(texts([lit("n="), put(int(3)), put(param("n", Type::Int))]), r#""n=3${var.n}""#);
        // A text inside a text is part of it.
        assert_eq!(texts([lit("a-"), put(template([lit("b-"), raw()])), lit("-c")]), r#""a-b-${var.raw}-c""#);
        // A dollar before a value is a dollar, and no escape.
        assert_eq!(texts([lit("costs $"), raw()]), r#""costs ${"$"}${var.raw}""#);
        assert_eq!(texts([lit("100%"), raw()]), r#""100${"%"}${var.raw}""#);
        assert_eq!(texts([lit("$"), lit("{x}"), raw()]), r#""$${x}${var.raw}""#);
        assert_eq!(texts([lit("j "), put(record([("a", int(1))]))]), "\"j ${jsonencode({\n  a = 1\n})}\"");
    }

    #[test]
    fn a_text_inside_a_call_inside_a_text_keeps_its_escapes() {
        let inner = template([lit("x\""), put(param("raw", Type::String))]);
        let upper = call("upper", &["text"], "upper({text})", [inner]);
        assert_eq!(
            texts([lit("a\""), put(upper), lit("\"b")]),
            r#"join("", ["a\"", tostring(upper("x\"${var.raw}")), "\"b"])"#
        );
    }

    #[test]
    fn optionals() {
        let public = expr(
            ExprKind::Field {
                target: Box::new(param("network", Type::Json)),
                name: "assign_public_ip".to_owned(),
                optional: false,
            },
            Type::Bool.optional(),
            Stage::Plan,
        );
        let or = |left: Expr, right: Expr| {
            expr(ExprKind::Coalesce(Box::new(left), Box::new(right)), Type::String, Stage::Plan)
        };
        let no = value(Value::Bool(false), Type::Bool);
        assert_eq!(hcl(&or(public, no)), "coalesce(var.network.assign_public_ip, false)");
        // `coalesce` would take an empty text for none.
        assert_eq!(hcl(&or(optional("a", Type::String), text("b"))), r#"var.a != null ? var.a : "b""#);
        let field = expr(
            ExprKind::Field { target: Box::new(optional("a", Type::Json)), name: "b".to_owned(), optional: true },
            Type::String.optional(),
            Stage::Plan,
        );
        assert_eq!(hcl(&field), "var.a == null ? null : var.a.b");
    }

    #[test]
    fn a_test_for_none_guards_what_follows() {
        let length = || Expr { ty: Type::Int, ..call("len", &["t"], "length({t})", [optional("a", Type::String)]) };
        let long = || operation(Binary::Greater, length(), int(3));
        let absent = || is_none(optional("a", Type::String));
        assert_eq!(hcl(&operation(Binary::Or, absent(), long())), "var.a == null ? true : length(var.a) > 3");
        let present = expr(ExprKind::Unary(Unary::Not, Box::new(absent())), Type::Bool, Stage::Plan);
        assert_eq!(hcl(&operation(Binary::And, present, long())), "!(var.a == null) ? length(var.a) > 3 : false");
        assert_eq!(hcl(&operation(Binary::And, long(), long())), "length(var.a) > 3 && length(var.a) > 3");
    }

    #[test]
    fn operations_stand_in_parentheses_where_they_must() {
        let sum = || operation(Binary::Add, param("a", Type::Int), int(1));
        assert_eq!(hcl(&operation(Binary::Multiply, sum(), int(2))), "(var.a + 1) * 2");
        assert_eq!(hcl(&operation(Binary::Subtract, int(9), sum())), "9 - (var.a + 1)");
        let and = || operation(Binary::And, param("a", Type::Bool), param("b", Type::Bool));
        assert_eq!(hcl(&operation(Binary::Or, and(), and())), "(var.a && var.b) || (var.a && var.b)");
        assert_eq!(hcl(&operation(Binary::And, and(), and())), "var.a && var.b && (var.a && var.b)");
    }

    #[test]
    fn dates() {
        let day = || param("day", Type::Date);
        let week = value(Value::Duration(7 * 86_400_000_000), Type::Duration);
        assert_eq!(
            hcl(&operation(Binary::Less, day(), value(Value::Date("2026-01-05".to_owned()), Type::Date))),
            r#"timecmp("${var.day}T00:00:00Z", "2026-01-05T00:00:00Z") < 0"#
        );
        assert_eq!(
            hcl(&operation(Binary::AddDate, day(), week.clone())),
            r#"formatdate("YYYY-MM-DD", timeadd("${var.day}T00:00:00Z", "604800s"))"#
        );
        assert_eq!(
            hcl(&operation(Binary::SubtractFromTimestamp, param("at", Type::Timestamp), week)),
            r#"timeadd(var.at, "${-604800}s")"#
        );
    }

    #[test]
    fn what_is_not_of_the_deploy_stage_is_refused() {
        let program = program();
        let scope = Scope::new(&program);
        let late = expr(ExprKind::Variable(VariableId(0)), Type::Date, Stage::Run);
        assert_eq!(
            scope.expression(&late).unwrap_err().to_string(),
            "Terraform cannot be given a value of the run stage"
        );
        let dates = operation(Binary::SubtractDates, param("a", Type::Date), param("b", Type::Date));
        assert!(scope.expression(&dates).is_err());
        let unknown = expr(ExprKind::FunctionArn(FunctionId(9)), Type::Arn, Stage::Apply);
        assert!(scope.expression(&unknown).is_err());
    }
}

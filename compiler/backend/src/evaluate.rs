//! Deploy values with the values of one environment, as far as they are known without Terraform: for local runs, and
//! to fold toggles.
//!
//! What only AWS could say has a stand-in that is recognised at a glance: account `000000000000`, `local-<name>` for a
//! parameter without a value. Functions of the library are evaluated from their `deploy` text, by hcl-rs.

use flow_analysis::program::{
    AwsFact, Binary, Entry, Env, Expr, ExprKind, FlowFact, Instance, Program, ResourceId, ResourceKind, StreamFact, TextPart, Type, Unary,
};
use serde_json::{Map, Number, Value as Json, json};

/// The account of stand-ins.
const ACCOUNT: &str = "000000000000";

/// Evaluates deploy values.
#[derive(Debug, Clone, Copy)]
pub struct Evaluator<'a> {
    program: &'a Program,
    /// `None`: only what the compiler knows by itself.
    local: Option<Local<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Local<'a> {
    env: Option<&'a Env>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator of constants, or, with `env`, of every deploy value: in that environment, or in none where the
    /// program has no environments.
    pub fn new(program: &'a Program, env: Option<Option<&str>>) -> Self {
        let local = env.map(|name| Local { env: program.envs.iter().find(|env| Some(env.name.as_str()) == name) });
        Evaluator { program, local }
    }

    /// The environment's name, `local` where there is none.
    pub fn env_name(&self) -> &'a str {
        self.local.and_then(|local| local.env).map_or("local", |env| env.name.as_str())
    }

    /// The project's region; a module has none of its own.
    fn region(&self) -> &'a str {
        if self.program.project.module { "local" } else { &self.program.project.region }
    }

    /// A condition's value, if it is known.
    pub fn condition(&self, expr: &Expr) -> Option<bool> {
        self.value(expr)?.as_bool()
    }

    /// A value as text; what is no text as JSON.
    pub fn text(&self, expr: &Expr) -> Option<String> {
        Some(match self.value(expr)? {
            Json::String(text) => text,
            other => other.to_string(),
        })
    }

    /// The ARN that stands for a function.
    pub fn function_arn(&self, name: &str) -> String {
        format!(
            "arn:aws:lambda:{}:{ACCOUNT}:function:{}-{}-{name}",
            self.region(),
            self.program.project.name,
            self.env_name()
        )
    }

    /// The ARN that stands for a flow's state machine.
    pub fn machine_arn(&self, flow: &str) -> String {
        format!(
            "arn:aws:states:{}:{ACCOUNT}:stateMachine:{}-{}-{flow}",
            self.region(),
            self.program.project.name,
            self.env_name()
        )
    }

    /// A value in the run stage's encoding.
    pub fn value(&self, expr: &Expr) -> Option<Json> {
        Some(match &expr.kind {
            ExprKind::Value(value) => crate::asl::jsonata::constant_json(value),
            ExprKind::Param(name) => self.param(name)?,
            ExprKind::EnvName => {
                self.local?;
                json!(self.env_name())
            }
            ExprKind::Aws(fact) => {
                self.local?;
                match fact {
                    AwsFact::Partition => json!("aws"),
                    AwsFact::Account => json!(ACCOUNT),
                    AwsFact::Region => json!(self.region()),
                }
            }
            ExprKind::Attribute { resource, instance: Instance::Only, path } => self.attribute(*resource, path, &expr.ty)?,
            // Of several, each has a value of its own.
            ExprKind::Attribute { resource, instance, path } => {
                self.local?;
                let of = &self.program.resource(*resource)?.name;
                let key = match instance {
                    Instance::Key(key) => format!("{}-", self.text(key)?),
                    Instance::Only | Instance::Every => String::new(),
                };
                stand_in(&expr.ty, &format!("local-{of}-{key}{}", path.join("-")))
            }
            ExprKind::Index { target, index, .. } => {
                let (target, index) = (self.value(target)?, self.value(index)?);
                let found = match &index {
                    Json::String(key) => target.get(key),
                    index => target.get(usize::try_from(index.as_u64()?).ok()?),
                };
                found.cloned().unwrap_or(Json::Null)
            }
            ExprKind::FunctionArn(id) => {
                self.local?;
                json!(self.function_arn(&self.program.function(*id)?.name))
            }
            ExprKind::FlowArn(flow) => {
                self.local?;
                json!(self.machine_arn(flow))
            }
            ExprKind::FlowFact(flow, fact) => {
                self.local?;
                let project = match &self.program.project.prefix {
                    Some(prefix) => self.text(prefix)?,
                    None => self.program.project.name.clone(),
                };
                let env = self.env_name();
                let own = self.program.flows.iter().find(|item| item.name == *flow).map(|item| &item.own);
                let name = match own.and_then(|own| own.name.as_ref()) {
                    Some(name) => self.text(name)?,
                    None => format!("{project}-{env}-{flow}"),
                };
                match fact {
                    FlowFact::Name => json!(name),
                    FlowFact::RoleArn => match own.and_then(|own| own.role.as_ref()) {
                        Some(role) => self.value(role)?,
                        None => json!(format!("arn:aws:iam::{ACCOUNT}:role/{name}-flow")),
                    },
                    FlowFact::LogGroup => json!(format!("/aws/vendedlogs/states/{name}")),
                    FlowFact::Policy => json!("{}"),
                }
            }
            ExprKind::StreamFact(stream, fact) => {
                self.local?;
                let (project, env) = (&self.program.project.name, self.env_name());
                match fact {
                    StreamFact::Name => json!(format!("{project}-{env}-{stream}")),
                    StreamFact::RoleArn => json!(format!("arn:aws:iam::{ACCOUNT}:role/{project}-{env}-{stream}-function")),
                    StreamFact::LogGroup => json!(format!("/aws/lambda/{project}-{env}-{stream}")),
                }
            }
            ExprKind::TableFact(id, fact) => self.value(&self.program.table(*id)?.fact(*fact)?)?,
            ExprKind::SecretName(id) => {
                let secret = self.program.secret(*id)?;
                // Where the file of secrets is, they go by their names in the program.
                if self.local.is_some() { json!(secret.name) } else { self.value(&secret.secret_name)? }
            }
            ExprKind::SecretArn(id) => {
                let secret = self.program.secret(*id)?;
                match &secret.arn.kind {
                    ExprKind::Attribute { .. } => {
                        let region = self.region();
                        let name = self.text(&secret.secret_name)?;
                        json!(format!("arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}"))
                    }
                    _ => self.value(&secret.arn)?,
                }
            }
            ExprKind::Field { target, name, .. } => {
                self.value(target)?.get(name).cloned().unwrap_or(Json::Null)
            }
            ExprKind::Text(parts) => {
                let mut out = String::new();
                for part in parts {
                    match part {
                        TextPart::Text(text) => out.push_str(text),
                        TextPart::Expr(part) => match self.value(part)? {
                            Json::String(text) => out.push_str(&text),
                            Json::Null => out.push_str("none"),
                            other => out.push_str(&other.to_string()),
                        },
                    }
                }
                Json::String(out)
            }
            ExprKind::Unary(Unary::Not, operand) => json!(!self.condition(operand)?),
            ExprKind::Unary(Unary::Negate, operand) => match self.value(operand)? {
                Json::Number(number) => match number.as_i64() {
                    Some(value) => json!(value.checked_neg()?),
                    None => json!(-number.as_f64()?),
                },
                _ => return None,
            },
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right)?,
            ExprKind::IsNone { operand, negated } => json!(self.value(operand)?.is_null() != *negated),
            ExprKind::Coalesce(first, second) => match self.value(first)? {
                Json::Null => self.value(second)?,
                value => value,
            },
            ExprKind::If(condition, then, otherwise) => {
                self.value(if self.condition(condition)? { then } else { otherwise })?
            }
            ExprKind::In(item, list) => {
                let item = self.value(item)?;
                json!(self.value(list)?.as_array()?.contains(&item))
            }
            ExprKind::ToFloat(operand) => self.value(operand)?,
            ExprKind::Call { function, arguments } => {
                let arguments: Option<Vec<Json>> = arguments.iter().map(|argument| self.value(argument)).collect();
                functions::call(function.deploy.as_deref()?, &function.params, arguments?)?
            }
            ExprKind::List(items) => {
                let items: Option<Vec<Json>> = items.iter().map(|item| self.value(item)).collect();
                Json::Array(items?)
            }
            ExprKind::Record(fields) => {
                let fields: Option<Map<String, Json>> =
                    fields.iter().map(|(name, value)| Some((name.clone(), self.value(value)?))).collect();
                Json::Object(fields?)
            }
            // Later stages; a pattern is tested where values are given, by Terraform.
            ExprKind::Matches(..)
            | ExprKind::Itself
            | ExprKind::Element { .. }
            | ExprKind::Variable(_)
            | ExprKind::Raw(_)
            | ExprKind::Perhaps(_)
            | ExprKind::Context(_)
            | ExprKind::TaskResult
            | ExprKind::Column(_)
            | ExprKind::Table(_)
            | ExprKind::Target(_)
            | ExprKind::Error => return None,
        })
    }

    fn param(&self, name: &str) -> Option<Json> {
        let param = self.program.params.iter().find(|param| param.name == name)?;
        let local = self.local?;
        let given = local.env.and_then(|env| env.values.iter().find(|(param, _)| param == name));
        match (given, &param.default) {
            (Some((_, value)), _) => self.value(value),
            (None, Some(default)) => self.value(default),
            (None, None) => Some(stand_in(&param.ty, &format!("local-{name}"))),
        }
    }

    /// The value that the resource is given, or a stand-in for what only AWS knows.
    fn attribute(&self, id: ResourceId, path: &[String], ty: &Type) -> Option<Json> {
        self.local?;
        let resource = self.program.resource(id)?;
        let stand_in = || match path.last().map(String::as_str) {
            Some("arn") => {
                json!(format!("arn:aws:local:{}:{ACCOUNT}:{}", self.region(), resource.name))
            }
            _ => stand_in(ty, &format!("local-{}-{}", resource.name, path.join("-"))),
        };
        let given = match (&resource.kind, path) {
            (ResourceKind::Role { role_name, .. }, [name]) if name == "name" => self.value(role_name),
            (_, [name]) => Entry::attribute(resource.body(), name).and_then(|value| self.value(value)),
            _ => None,
        };
        Some(given.unwrap_or_else(stand_in))
    }

    fn binary(&self, operator: Binary, left: &Expr, right: &Expr) -> Option<Json> {
        let left = self.value(left)?;
        match (operator, left.as_bool()) {
            (Binary::And, Some(false)) => return Some(json!(false)),
            (Binary::Or, Some(true)) => return Some(json!(true)),
            _ => {}
        }
        let right = self.value(right)?;
        let ordering = || match (&left, &right) {
            (Json::String(a), Json::String(b)) => Some(a.cmp(b)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        };
        Some(match operator {
            Binary::And | Binary::Or => json!(right.as_bool()?),
            Binary::Equal => json!(left == right),
            Binary::NotEqual => json!(left != right),
            Binary::Less => json!(ordering()?.is_lt()),
            Binary::LessEqual => json!(ordering()?.is_le()),
            Binary::Greater => json!(ordering()?.is_gt()),
            Binary::GreaterEqual => json!(ordering()?.is_ge()),
            Binary::Add => arithmetic(&left, &right, i64::checked_add, |a, b| a + b)?,
            Binary::Subtract => arithmetic(&left, &right, i64::checked_sub, |a, b| a - b)?,
            Binary::Multiply => arithmetic(&left, &right, i64::checked_mul, |a, b| a * b)?,
            Binary::Divide | Binary::DivideDurations => Json::Number(Number::from_f64(left.as_f64()? / right.as_f64()?)?),
            Binary::Modulo => json!(left.as_i64()?.checked_rem(right.as_i64()?)?),
            // HCL has no dates; the checker keeps these from the deploy stage.
            Binary::SubtractDates
            | Binary::SubtractTimestamps
            | Binary::AddDate
            | Binary::SubtractFromDate
            | Binary::AddTimestamp
            | Binary::SubtractFromTimestamp => return None,
        })
    }
}

fn arithmetic(
    left: &Json,
    right: &Json,
    of_ints: fn(i64, i64) -> Option<i64>,
    of_floats: fn(f64, f64) -> f64,
) -> Option<Json> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(json!(of_ints(left, right)?)),
        _ => Some(Json::Number(Number::from_f64(of_floats(left.as_f64()?, right.as_f64()?))?)),
    }
}

/// What stands for a parameter that has no value.
fn stand_in(ty: &Type, name: &str) -> Json {
    match ty {
        Type::Nominal { base, .. } => stand_in(base, name),
        Type::Bool => json!(false),
        Type::Int | Type::Size | Type::Duration => json!(0),
        Type::Float | Type::Share => json!(0.0),
        Type::Date => json!("1970-01-01"),
        Type::Timestamp => json!("1970-01-01T00:00:00Z"),
        Type::Literals(texts) => texts.first().map_or(Json::Null, |text| json!(text)),
        Type::List(_) => json!([]),
        Type::Map(_) => json!({}),
        Type::Record(fields) => Json::Object(
            fields.iter().map(|(field, ty)| (field.clone(), stand_in(ty, &format!("{name}-{field}")))).collect(),
        ),
        Type::Optional(_) | Type::Json | Type::None => Json::Null,
        _ => json!(name),
    }
}

mod functions {
    //! Functions of HCL that the library names in its `deploy` texts.

    use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
    use hcl::{Expression, Value};
    use serde_json::Value as Json;

    type Function = fn(FuncArgs) -> Result<Value, String>;

    /// The value of a text of the library, with its parameters' values.
    pub(super) fn call(template: &str, params: &[String], arguments: Vec<Json>) -> Option<Json> {
        let mut text = template.to_owned();
        let mut context = Context::new();
        for (index, (param, value)) in params.iter().zip(arguments).enumerate() {
            let name = format!("flow_argument_{index}");
            text = text.replace(&format!("{{{param}}}"), &name);
            context.declare_var(name, hcl::to_value(value).ok()?);
        }
        for (name, arity, function) in FUNCTIONS {
            let mut builder = FuncDef::builder();
            for _ in 0..*arity {
                builder = builder.param(ParamType::Any);
            }
            context.declare_func(*name, builder.build(*function));
        }
        let value = text.parse::<Expression>().ok()?.evaluate(&context).ok()?;
        serde_json::to_value(value).ok()
    }

    const FUNCTIONS: &[(&str, usize, Function)] = &[
        ("length", 1, |args| match args.first() {
            Some(Value::Array(items)) => Ok(items.len().into()),
            Some(Value::Object(fields)) => Ok(fields.len().into()),
            _ => Ok(text(&args, 0)?.chars().count().into()),
        }),
        ("lower", 1, |args| Ok(text(&args, 0)?.to_lowercase().into())),
        ("upper", 1, |args| Ok(text(&args, 0)?.to_uppercase().into())),
        ("trimspace", 1, |args| Ok(text(&args, 0)?.trim().into())),
        ("strcontains", 2, |args| Ok(text(&args, 0)?.contains(text(&args, 1)?).into())),
        ("startswith", 2, |args| Ok(text(&args, 0)?.starts_with(text(&args, 1)?).into())),
        ("endswith", 2, |args| Ok(text(&args, 0)?.ends_with(text(&args, 1)?).into())),
        ("replace", 3, |args| Ok(text(&args, 0)?.replace(text(&args, 1)?, text(&args, 2)?).into())),
        ("tostring", 1, |args| match args.first() {
            Some(Value::String(text)) => Ok(text.as_str().into()),
            Some(Value::Bool(value)) => Ok(value.to_string().into()),
            Some(Value::Number(value)) => Ok(value.to_string().into()),
            _ => Err("not a text, a number or a boolean".to_owned()),
        }),
        ("jsonencode", 1, |args| {
            let value = args.first().ok_or("no argument")?;
            serde_json::to_string(value).map(Value::from).map_err(|error| error.to_string())
        }),
        ("substr", 3, |args| {
            let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            let (text, from, count) = (text(&args, 0)?, whole(&args, 1)?, whole(&args, 2)?);
            let from = if from < 0 { from.saturating_add(length(text.chars().count())).max(0) } else { from };
            let rest = text.chars().skip(usize::try_from(from).unwrap_or(usize::MAX));
            // A negative length is all the rest.
            Ok(rest.take(usize::try_from(count).unwrap_or(usize::MAX)).collect::<String>().into())
        }),
        ("split", 2, |args| {
            let (by, text) = (text(&args, 0)?, text(&args, 1)?);
            let pieces: Vec<Value> = match by {
                "" => text.chars().map(|c| c.to_string().into()).collect(),
                by => text.split(by).map(Value::from).collect(),
            };
            Ok(Value::Array(pieces))
        }),
        ("join", 2, |args| {
            let items = list(&args, 1)?.iter().map(|item| item.as_str().ok_or_else(|| "not a text".to_owned()));
            Ok(items.collect::<Result<Vec<_>, _>>()?.join(text(&args, 0)?).into())
        }),
        ("trimprefix", 2, |args| {
            let whole = text(&args, 0)?;
            Ok(whole.strip_prefix(text(&args, 1)?).unwrap_or(whole).into())
        }),
        ("trimsuffix", 2, |args| {
            let whole = text(&args, 0)?;
            Ok(whole.strip_suffix(text(&args, 1)?).unwrap_or(whole).into())
        }),
        ("abs", 1, |args| match args.first() {
            Some(Value::Number(number)) => Ok(match number.as_i64() {
                Some(value) => value.checked_abs().ok_or("a number that does not fit")?.into(),
                None => number.as_f64().ok_or("not a number")?.abs().into(),
            }),
            _ => Err("not a number".to_owned()),
        }),
        ("floor", 1, |args| Ok(number(&args)?.floor().into())),
        ("ceil", 1, |args| Ok(number(&args)?.ceil().into())),
    ];

    fn text(args: &FuncArgs, index: usize) -> Result<&str, String> {
        args.get(index).and_then(Value::as_str).ok_or_else(|| "not a text".to_owned())
    }

    fn list(args: &FuncArgs, index: usize) -> Result<&[Value], String> {
        args.get(index).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| "not a list".to_owned())
    }

    fn whole(args: &FuncArgs, index: usize) -> Result<i64, String> {
        args.get(index).and_then(Value::as_i64).ok_or_else(|| "not a whole number".to_owned())
    }

    fn number(args: &FuncArgs) -> Result<f64, String> {
        args.first().and_then(Value::as_f64).ok_or_else(|| "not a number".to_owned())
    }
}

//! `substitutions.json`: the one table of deploy values that state machines name.
//!
//! A value stands in a definition as a whole string, `"${worker_arn}"`. Terraform's `templatefile` replaces it by the
//! value of the entry's `hcl`, the local runner by its value in `local.json`; both escape the text as JSON asks. Text
//! that could be anything (and could so begin with `{%`, which the States Language would evaluate), and what is not
//! text at all, travels as JSON text: `encoding` says which, and the `hcl` has the `jsonencode` already.

use flow_analysis::program::{AwsFact, Entry, Expr, ExprKind, Program, ResourceId, Stage, TextPart, Type, Value};
use serde::{Deserialize, Serialize};

/// When a deploy value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// To the compiler.
    Const,
    /// To `terraform plan`.
    Plan,
    /// After `terraform apply`.
    Apply,
}

/// What stands for a value in a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// The text itself.
    Text,
    /// The value's JSON text.
    Json,
}

/// An entry of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Substitution {
    /// As in `${name}`: a name in HCL and in JSONata, unique in the program.
    pub name: String,
    /// When it is known.
    pub depth: Depth,
    /// Its type as the language writes it.
    #[serde(rename = "type")]
    pub ty: String,
    /// How it stands in the definition.
    pub encoding: Encoding,
    /// What gives the text that replaces `${name}`, before it is escaped as JSON.
    pub hcl: String,
    /// The value.
    #[serde(skip)]
    pub expr: Expr,
}

/// All deploy values of a program's state machines, in the order in which they come up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Substitutions {
    /// The entries.
    pub entries: Vec<Substitution>,
}

impl Substitutions {
    /// The entry for a value, made where it is new; `hint` is a name for what has none of its own.
    pub fn entry(&mut self, program: &Program, expr: &Expr, hint: &str) -> Substitution {
        let encoding = if is_safe_text(program, expr) { Encoding::Text } else { Encoding::Json };
        self.encoded(program, expr, hint, encoding)
    }

    /// The entry for a text where nothing is evaluated: in a comment.
    pub fn plain(&mut self, program: &Program, expr: &Expr, hint: &str) -> Substitution {
        self.encoded(program, expr, hint, Encoding::Text)
    }

    fn encoded(&mut self, program: &Program, expr: &Expr, hint: &str, encoding: Encoding) -> Substitution {
        if let Some(known) = self.entries.iter().find(|entry| entry.expr == *expr && entry.encoding == encoding) {
            return known.clone();
        }
        let wanted = own_name(program, expr).unwrap_or_else(|| hint.to_owned());
        let base = identifier(&wanted);
        let name = std::iter::once(base.clone())
            .chain((2..).map(|number: u32| format!("{base}_{number}")))
            .find(|name| self.entries.iter().all(|entry| entry.name != *name))
            .unwrap_or(base);
        let entry = Substitution {
            name,
            depth: match expr.stage {
                Stage::Const => Depth::Const,
                Stage::Plan => Depth::Plan,
                Stage::Apply | Stage::Run | Stage::Row => Depth::Apply,
            },
            ty: expr.ty.display(program),
            encoding,
            hcl: String::new(),
            expr: expr.clone(),
        };
        self.entries.push(entry.clone());
        entry
    }

    /// The entry with this name.
    pub fn get(&self, name: &str) -> Option<&Substitution> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The file's text. `hcl` gives the HCL of an expression.
    pub fn to_json(&self, hcl: &dyn Fn(&Expr) -> String) -> String {
        let entries: Vec<Substitution> = self
            .entries
            .iter()
            .map(|entry| {
                let text = hcl(&entry.expr);
                let text = match entry.encoding {
                    Encoding::Text => text,
                    Encoding::Json => format!("jsonencode({text})"),
                };
                Substitution { hcl: text, ..entry.clone() }
            })
            .collect();
        crate::asl::text::pretty(&entries)
    }
}

/// Whether a value is an ARN.
fn is_arn(expr: &Expr) -> bool {
    matches!(expr.ty.base(), Type::Arn)
        || match &expr.kind {
            ExprKind::FunctionArn(_) | ExprKind::FlowArn(_) | ExprKind::SecretArn(_) => true,
            ExprKind::Attribute { path, .. } => path.last().is_some_and(|last| last == "arn"),
            _ => false,
        }
}

/// Whether a value is text that cannot be mistaken for an expression of the States Language.
fn is_safe_text(program: &Program, expr: &Expr) -> bool {
    if is_arn(expr) {
        return true;
    }
    match &expr.kind {
        ExprKind::EnvName | ExprKind::Aws(_) | ExprKind::SecretName(_) => true,
        ExprKind::Value(Value::String(text)) => !text.starts_with('{'),
        ExprKind::Text(parts) => match parts.first() {
            Some(TextPart::Text(text)) => !text.is_empty() && !text.starts_with('{'),
            Some(TextPart::Expr(first)) => is_safe_text(program, first),
            None => true,
        },
        ExprKind::If(_, then, otherwise) => is_safe_text(program, then) && is_safe_text(program, otherwise),
        // What the program gives a resource, such as its name.
        ExprKind::Attribute { resource, path, .. } => given(program, *resource, path).is_some_and(|value| is_safe_text(program, value)),
        // By its own type, as it may stand where it could have been left out.
        ExprKind::Param(name) => program
            .params
            .iter()
            .any(|param| param.name == *name && matches!(param.ty.base(), Type::Arn | Type::Literals(_))),
        _ => matches!(expr.ty.base(), Type::Literals(_)),
    }
}

/// The value that the program itself gives an attribute of a resource.
fn given<'a>(program: &'a Program, resource: ResourceId, path: &[String]) -> Option<&'a Expr> {
    let [name] = path else { return None };
    Entry::attribute(program.resource(resource)?.body(), name)
}

/// The name that a value has of its own.
fn own_name(program: &Program, expr: &Expr) -> Option<String> {
    Some(match &expr.kind {
        ExprKind::Param(name) => name.clone(),
        ExprKind::EnvName => "env_name".to_owned(),
        ExprKind::Aws(AwsFact::Partition) => "aws_partition".to_owned(),
        ExprKind::Aws(AwsFact::Account) => "aws_account".to_owned(),
        ExprKind::Aws(AwsFact::Region) => "aws_region".to_owned(),
        ExprKind::Attribute { resource, path, .. } => {
            format!("{}_{}", program.resource(*resource)?.name, path.join("_"))
        }
        ExprKind::FlowArn(flow) => format!("{flow}_flow_arn"),
        ExprKind::FlowFact(flow, fact) => format!("{flow}_flow_{}", fact.name()),
        ExprKind::StreamFact(stream, fact) => format!("{stream}_stream_{}", fact.name()),
        ExprKind::TableFact(id, fact) => format!("{}_{}", program.table(*id)?.name, fact.name()),
        ExprKind::FunctionArn(id) => format!("{}_arn", program.function(*id)?.name),
        ExprKind::SecretArn(id) => format!("{}_arn", program.secret(*id)?.name),
        ExprKind::SecretName(id) => format!("{}_name", program.secret(*id)?.name),
        ExprKind::Field { target, name, .. } => format!("{}_{name}", own_name(program, target)?),
        _ => return None,
    })
}

/// A name in HCL and JSONata: lower case, `_` for what else there is, none of it in front, no keyword of HCL.
fn identifier(wanted: &str) -> String {
    let mut name = String::new();
    let mut before_is_lower = false;
    for c in wanted.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).chars() {
        if c.is_ascii_uppercase() && before_is_lower {
            name.push('_');
        }
        before_is_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        name.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && !matches!(name.as_str(), "true" | "false" | "null" | "for" | "in" | "if" | "else" | "endif" | "endfor");
    if plain { name } else { format!("value_{name}") }
}

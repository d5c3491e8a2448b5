//! What is deployed: parameters, environments, secrets, resources, roles, functions.

use super::{Expr, Guard, TableId, Type};
use flow_diagnostics::Span;

/// Index into [`super::Program::resources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub u32);

/// Index into [`super::Program::secrets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretId(pub u32);

/// Index into [`super::Program::functions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub u32);

/// `project`.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Its name; part of every resource's name.
    pub name: String,
    /// What names in AWS begin with, a text or a parameter; else its name.
    pub prefix: Option<Expr>,
    /// The same for roles.
    pub role_prefix: Option<Expr>,
    /// The region, const.
    pub region: String,
    /// Tags of every resource, const.
    pub tags: Vec<(String, String)>,
    /// Types of the provider's resources that get none of them: `aws_iam_role`.
    pub untagged: Vec<String>,
    /// Whether it is a module for other projects, which has no provider and no state of its own.
    pub module: bool,
    /// Where Terraform keeps the state.
    pub backend: Option<Backend>,
    /// Versions that Terraform and its AWS provider must have, beside what the module needs.
    pub versions: Versions,
    /// The module's `//!` comment.
    pub doc: Option<String>,
    /// Its name's place.
    pub span: Span,
}

/// `backend`.
#[derive(Debug, Clone, PartialEq)]
pub struct Backend {
    /// `s3`.
    pub kind: String,
    /// Its arguments, const.
    pub settings: Vec<(String, Expr)>,
}

/// `versions`: constraints as Terraform writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// `>= 1.9`.
    pub terraform: Option<String>,
    /// `~> 5.80`.
    pub aws: Option<String>,
}

/// `env NAME { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Env {
    /// `dev`.
    pub name: String,
    /// Values of parameters, const.
    pub values: Vec<(String, Expr)>,
    /// Its name's place.
    pub span: Span,
}

impl super::Program {
    /// Parameters that an environment gives no value to, and another one does.
    pub fn left_out(&self, env: &Env) -> Vec<&Param> {
        let gives = |env: &Env, name: &str| env.values.iter().any(|(known, _)| known == name);
        let open = |param: &&Param| param.default.is_none() && !param.ty.is_optional() && !gives(env, &param.name);
        self.params.iter().filter(open).filter(|param| self.envs.iter().any(|other| gives(other, &param.name))).collect()
    }
}

/// `param`.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its doc comment, or its type's.
    pub doc: Option<String>,
    /// Its type.
    pub ty: Type,
    /// Its default, const.
    pub default: Option<Expr>,
    /// Conditions of its type; [`super::ExprKind::Itself`] stands for its value.
    pub validations: Vec<Validation>,
    /// Its name's place.
    pub span: Span,
}

/// A condition that a parameter's value must satisfy.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// The condition, deploy stage.
    pub condition: Expr,
    /// It as written: `len(value) >= 3`.
    pub text: String,
    /// Whether it is of each element of a list.
    pub each: bool,
}

/// `secret`.
#[derive(Debug, Clone, PartialEq)]
pub struct Secret {
    /// Its name in the program.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// The shape of its value.
    pub ty: Type,
    /// Its ARN: an attribute of a resource, or a constant for an existing one.
    pub arn: Expr,
    /// Its name in Secrets Manager.
    pub secret_name: Expr,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// Its name's place.
    pub span: Span,
}

/// A folder of which `flowc build --package` makes a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The zip, in the build's folder: `functions/refresh.zip`.
    pub file: String,
    /// The folder, as the program's own file is named.
    pub folder: String,
    /// Files and folders that are left out, by their names.
    pub exclude: Vec<String>,
    /// Where the program names the folder.
    pub span: Span,
}

/// `output`.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Its value, deploy stage.
    pub value: Expr,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// Its name's place.
    pub span: Span,
}

/// A resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Its name in Terraform, unique in its type: `dbt_build_definition`.
    pub name: String,
    /// A comment for the reader: what it serves.
    pub doc: Option<String>,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// What there is one for each of.
    pub each: Option<Each>,
    /// Where the program asks for it (the user's file, not the library).
    pub span: Span,
}

/// `for k, v in MAP`: one for each key; within it [`super::ExprKind::Element`] of `each` stands for the key and the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    /// A list of texts, or a map; plan at most.
    pub values: Expr,
}

impl Each {
    /// Whether it is over a map.
    pub fn is_map(&self) -> bool {
        !matches!(self.values.ty.required().base(), Type::List(_))
    }
}

impl Resource {
    /// The name by which the index of the provider lists it; none of a module.
    pub fn listed(&self) -> Option<String> {
        match &self.kind {
            ResourceKind::Aws { ty, .. } => Some(ty.clone()),
            ResourceKind::Existing { ty, .. } => Some(format!("data.{ty}")),
            ResourceKind::Role { .. } => Some("aws_iam_role".to_owned()),
            ResourceKind::Module { .. } => None,
        }
    }

    /// Its attributes and blocks; of a role none, which has its own.
    pub fn body(&self) -> &[Entry] {
        match &self.kind {
            ResourceKind::Aws { body, .. } | ResourceKind::Existing { body, .. } | ResourceKind::Module { body, .. } => body,
            ResourceKind::Role { .. } => &[],
        }
    }
}

/// Kinds of resources.
#[derive(Debug, Clone, PartialEq)]
pub enum ResourceKind {
    /// A resource of the AWS provider.
    Aws {
        /// `aws_ecs_cluster`.
        ty: String,
        /// Its attributes and blocks, in the order of the text; an attribute that is `none` is left out.
        body: Vec<Entry>,
    },
    /// Something that the program does not own, read by the AWS provider: a data source.
    Existing {
        /// `aws_sqs_queue`.
        ty: String,
        /// What it is read by.
        body: Vec<Entry>,
    },
    /// A module of Terraform that others have written.
    Module {
        /// `./network`, relative to the folder that is written; `terraform-aws-modules/vpc/aws`.
        source: String,
        /// `5.8.1`, `~> 5.0`.
        version: Option<String>,
        /// Its inputs.
        body: Vec<Entry>,
    },
    /// A role with one inline policy. Attributes: `arn`, `name`.
    Role {
        /// Part of its name: `dbt_build-task`.
        role_name: Expr,
        /// Who assumes it: `ecs-tasks.amazonaws.com`.
        service: String,
        /// What it may do; none gives a role without a policy.
        statements: Vec<PolicyStatement>,
    },
}

/// An attribute or a nested block.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// `name = value`.
    Attribute(String, Expr),
    /// `name { … }`.
    Block(String, Vec<Entry>),
    /// `name { … }` for each element of what the compiler does not know.
    Dynamic {
        /// The block's type.
        name: String,
        /// What its elements are called in it, by [`super::ExprKind::Element`].
        element: String,
        /// The list or map; deploy stage.
        values: Expr,
        /// The entries of each.
        body: Vec<Entry>,
    },
    /// `depends_on`: what is made before it, though it names nothing of it.
    DependsOn(Vec<ResourceId>),
    /// `ignore_changes`: attributes that others change; `all` for all.
    IgnoreChanges(Vec<String>),
}

impl Entry {
    /// The value of an attribute.
    pub fn attribute<'e>(body: &'e [Entry], wanted: &str) -> Option<&'e Expr> {
        body.iter().find_map(|entry| match entry {
            Entry::Attribute(name, value) if name == wanted => Some(value),
            _ => None,
        })
    }

    /// Calls a function with each expression of some entries.
    pub fn each_expression<'e>(body: &'e [Entry], visit: &mut dyn FnMut(&'e Expr)) {
        for entry in body {
            match entry {
                Entry::Attribute(_, value) => visit(value),
                Entry::Block(_, inner) => Entry::each_expression(inner, visit),
                Entry::Dynamic { values, body, .. } => {
                    visit(values);
                    Entry::each_expression(body, visit);
                }
                Entry::DependsOn(_) | Entry::IgnoreChanges(_) => {}
            }
        }
    }
}

/// A statement of a policy that allows.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyStatement {
    /// `s3:GetObject`.
    pub actions: Vec<String>,
    /// ARNs, deploy stage.
    pub resources: Vec<Expr>,
    /// Conditions.
    pub conditions: Vec<PolicyCondition>,
    /// What of the user's text causes it.
    pub cause: Span,
}

/// A condition of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyCondition {
    /// `StringEquals`.
    pub test: String,
    /// `iam:PassedToService`.
    pub variable: String,
    /// Values, deploy stage.
    pub values: Vec<Expr>,
}

/// Where a function is attached, deploy stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Ids of subnets.
    pub subnets: Expr,
    /// Ids of security groups.
    pub security_groups: Expr,
}

/// A Lambda function of the generic binary.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Part of its name: `worker`, `worker-2gb`.
    pub name: String,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_s: u32,
    /// `/tmp` in MB.
    pub storage_mb: u32,
    /// Where it is attached, if it is.
    pub network: Option<Network>,
    /// Tables that its steps read.
    pub reads: Vec<TableId>,
    /// Tables that its steps write.
    pub writes: Vec<TableId>,
    /// What its handlers need beside tables.
    pub statements: Vec<PolicyStatement>,
    /// Steps that use it, as `flow.step`, for comments.
    pub steps: Vec<String>,
    /// The stream whose events it is handed, if it is not for steps.
    pub stream: Option<String>,
    /// The first step that asks for it.
    pub span: Span,
}

//! Functions of the generic binary: which one a step's `using` asks for.

use crate::check::{Because, Checker, Scope};
use crate::program::{Expr, ExprKind, Function, FunctionId, Network, Stage, Type, Value};
use flow_syntax::ast::Field;

impl<'a> Checker<'a> {
    /// The Lambda function that a `using` asks for; steps that ask for the same share one.
    pub(super) fn function_of(&mut self, using: Option<&'a Field>, step: &str, flow: &str, scope: &Scope) -> Option<FunctionId> {
        let Size { memory_mb, timeout_s, storage_mb, network } = self.compute(using, scope)?;
        let place = format!("{flow}.{step}");
        let known = self.program.functions.iter().position(|function| {
            function.stream.is_none()
                && (function.memory_mb, function.timeout_s, function.storage_mb) == (memory_mb, timeout_s, storage_mb)
                && function.network == network
        });
        let at = match known {
            Some(at) => at,
            None => {
                let mut name = "worker".to_owned();
                if memory_mb != 1024 {
                    name.push_str(&format!("-{}", amount(memory_mb)));
                }
                if timeout_s != 900 {
                    name.push_str(&format!("-{timeout_s}s"));
                }
                if storage_mb != 512 {
                    name.push_str(&format!("-disk-{}", amount(storage_mb)));
                }
                if network.is_some() {
                    name.push_str("-attached");
                    let same = self.program.functions.iter().filter(|function| function.name.starts_with(&name)).count();
                    if same > 0 {
                        name.push_str(&format!("-{}", same + 1));
                    }
                }
                self.program.functions.push(Function {
                    name,
                    memory_mb,
                    timeout_s,
                    storage_mb,
                    network,
                    reads: Vec::new(),
                    writes: Vec::new(),
                    statements: Vec::new(),
                    steps: Vec::new(),
                    stream: None,
                    span: self.cause,
                });
                self.program.functions.len() - 1
            }
        };
        if let Some(function) = self.program.functions.get_mut(at) {
            function.steps.push(place);
        }
        Some(FunctionId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    /// What `using` says; without it, as the library has it.
    pub(super) fn compute(&mut self, using: Option<&'a Field>, scope: &Scope) -> Option<Size> {
        let compute = self.prelude_type("Compute");
        let value = match using {
            Some(field) => {
                let value = self.check(&field.value, scope, &compute, None);
                let because = |why: &str| Because::new(field.name.span, why);
                // Where it is attached is a parameter of the deployment.
                let parts = match &value.kind {
                    ExprKind::Record(entries) => entries.iter().map(|(name, part)| (name.as_str(), part)).collect(),
                    _ => vec![("", &value)],
                };
                for (name, part) in parts {
                    let good = match name {
                        "network" => self.stage(part, Stage::Apply, because("where a function is attached is known when it is deployed")),
                        _ => self.stage(part, Stage::Const, because("a function's size is known to the compiler")),
                    };
                    if !good {
                        return None;
                    }
                }
                value
            }
            None => {
                let lambda = self
                    .names
                    .prelude
                    .iter()
                    .find_map(|module| self.names.module(*module)?.callables.get("lambda")?.first().copied())?;
                self.construct(lambda, Vec::new(), &Scope::new(scope.module), self.cause)
            }
        };
        let size = |name: &str, unit: i64| match value.entry(name).and_then(Expr::constant) {
            Some(Value::Size(amount) | Value::Duration(amount)) => u32::try_from(amount / unit).ok(),
            _ => None,
        };
        let memory_mb = size("memory", 1024 * 1024)?;
        let timeout_s = size("timeout", 1_000_000)?;
        let storage_mb = size("storage", 1024 * 1024)?;
        let network = value.entry("network").filter(|network| network.known_none() != Some(true)).map(|network| {
            let part = |name: &str| match network.entry(name) {
                Some(part) => part.clone(),
                None => {
                    let kind = ExprKind::Field { target: Box::new(network.clone()), name: name.to_owned(), optional: false };
                    Expr::new(kind, Type::List(Box::new(Type::String)), network.stage, network.span)
                }
            };
            Network { subnets: part("subnets"), security_groups: part("security_groups") }
        });
        Some(Size { memory_mb, timeout_s, storage_mb, network })
    }
}

/// What a function of the generic binary is made like.
pub(super) struct Size {
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_s: u32,
    /// `/tmp` in MB.
    pub storage_mb: u32,
    /// Subnets and security groups, deploy stage.
    pub network: Option<Network>,
}

/// `2gb`, `1536mb`.
fn amount(mb: u32) -> String {
    if mb.is_multiple_of(1024) { format!("{}gb", mb / 1024) } else { format!("{mb}mb") }
}

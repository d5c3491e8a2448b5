//! Functions of the generic binary: which one a step's `using` asks for.

use crate::check::{Because, Checker, Scope};
use crate::program::{Expr, Function, FunctionId, Stage, Value};
use flow_syntax::ast::Field;

impl<'a> Checker<'a> {
    /// The Lambda function that a `using` asks for; steps that ask for the same share one.
    pub(super) fn function_of(&mut self, using: Option<&'a Field>, step: &str, flow: &str, scope: &Scope) -> Option<FunctionId> {
        let (memory_mb, timeout_s, storage_mb) = self.compute(using, scope)?;
        let place = format!("{flow}.{step}");
        let known = self.program.functions.iter().position(|function| {
            function.stream.is_none()
                && (function.memory_mb, function.timeout_s, function.storage_mb) == (memory_mb, timeout_s, storage_mb)
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
                self.program.functions.push(Function {
                    name,
                    memory_mb,
                    timeout_s,
                    storage_mb,
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

    /// Memory and storage in MB, timeout in seconds, of what `using` says; without it, as the library has them.
    pub(super) fn compute(&mut self, using: Option<&'a Field>, scope: &Scope) -> Option<(u32, u32, u32)> {
        let compute = self.prelude_type("Compute");
        let value = match using {
            Some(field) => {
                let value = self.check(&field.value, scope, &compute, None);
                let because = Because::new(field.name.span, "a function's size is known to the compiler");
                if !self.stage(&value, Stage::Const, because) {
                    return None;
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
        Some((memory_mb, timeout_s, storage_mb))
    }
}

/// `2gb`, `1536mb`.
fn amount(mb: u32) -> String {
    if mb.is_multiple_of(1024) { format!("{}gb", mb / 1024) } else { format!("{mb}mb") }
}

//! Environments: what one of them leaves out.

use crate::program::Program;
use crate::suggest::listed;
use flow_diagnostics::{codes, Diagnostic, Diagnostics};

/// An environment that leaves out what others set: it cannot be deployed, the others can.
pub(super) fn left_out(program: &Program, diagnostics: &mut Diagnostics) {
    for env in program.envs.iter().filter(|env| !env.values.is_empty()) {
        let open: Vec<&str> = program.left_out(env).iter().map(|param| param.name.as_str()).collect();
        let (Some(first), Some(other)) = (
            open.first(),
            program.envs.iter().find(|other| open.iter().all(|name| other.values.iter().any(|(known, _)| known == name))),
        ) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::new(codes::ENV_WITHOUT, format!("environment `{}` leaves out {}", env.name, listed(open.iter().copied())))
                .primary(env.span, "cannot be built")
                .secondary(other.span, if open.len() == 1 { "sets it" } else { "sets them" })
                .note(format!("no `{}.tfvars` is written, and `--env {}` is refused; the other environments are as ever", env.name, env.name))
                .help(format!("write `{first} = …` in it"))
                .help("or a default, where the same value is right everywhere"),
        );
    }
}

//! Names: Terraform's labels (`aws_lambda_function.worker`), and names in AWS (`dpc-dev-worker`).

use super::hcl::{Part, is_plain, text, var};
use flow_analysis::limits::{Limit, ROLE_NAME};
use flow_analysis::program::{Expr, ExprKind, FunctionId, Program, Value};
use hcl_edit::expr::Expression;
use std::collections::BTreeSet;

/// Characters that an `env` may have where the program names none.
pub(crate) const ENV_LIMIT: usize = 16;

/// Labels of what belongs to a function.
#[derive(Debug, Clone)]
pub(crate) struct FunctionNames {
    /// `aws_lambda_function`.
    pub(crate) function: String,
    /// `aws_cloudwatch_log_group`.
    pub(crate) logs: String,
    /// `aws_iam_role`, its policy and its document.
    pub(crate) role: String,
}

/// Labels of what belongs to a flow.
#[derive(Debug, Clone)]
pub(crate) struct FlowNames {
    /// `aws_sfn_state_machine`.
    pub(crate) machine: String,
    /// `aws_cloudwatch_log_group`.
    pub(crate) logs: String,
    /// `aws_iam_role`, its policy and its document.
    pub(crate) role: String,
    /// The role of its schedules.
    pub(crate) schedule_role: String,
    /// `aws_scheduler_schedule`, one for each trigger.
    pub(crate) schedules: Vec<String>,
    /// `aws_cloudwatch_metric_alarm`.
    pub(crate) alarm: String,
    /// Whether all of them have a `count`.
    pub(crate) counted: bool,
}

/// Labels of what belongs to a stream, all `aws_cloudwatch_metric_alarm`.
#[derive(Debug, Clone)]
pub(crate) struct StreamNames {
    /// That its function fails.
    pub(crate) errors: String,
    /// That it falls behind.
    pub(crate) age: String,
    /// That something lies in a queue for what was given up.
    pub(crate) dead: String,
}

/// Characters that a prefix may have that is a parameter.
const PREFIX_LIMIT: usize = 20;

/// What names begin with.
#[derive(Debug, Clone)]
enum Prefix {
    /// A text.
    Text(String),
    /// The variable that says it.
    Variable(String),
}

impl Prefix {
    fn of(given: Option<&Expr>, project: &str) -> Prefix {
        match given.map(|given| &given.kind) {
            Some(ExprKind::Param(name)) => Prefix::Variable(name.clone()),
            Some(ExprKind::Value(Value::String(text))) => Prefix::Text(text.clone()),
            _ => Prefix::Text(project.to_owned()),
        }
    }
}

/// Names of one program.
#[derive(Debug)]
pub(crate) struct Names {
    prefix: Prefix,
    role_prefix: Prefix,
    env_length: usize,
    params: BTreeSet<String>,
    functions: Vec<FunctionNames>,
    flows: Vec<FlowNames>,
    streams: Vec<StreamNames>,
    /// `aws_scheduler_schedule_group`: the group of all schedules.
    pub(crate) schedule_group: String,
    /// `aws_cloudwatch_metric_alarm` on that group.
    pub(crate) schedule_alarm: String,
    taken: BTreeSet<(String, String)>,
}

impl Names {
    /// Gives everything its label: the program's resources keep theirs, what Flow adds goes round them.
    pub(crate) fn new(program: &Program) -> Self {
        let taken = program
            .resources
            .iter()
            .filter_map(|resource| Some((resource.listed()?, resource.name.clone())))
            .collect();
        let mut names = Names {
            prefix: Prefix::of(program.project.prefix.as_ref(), &program.project.name),
            role_prefix: Prefix::of(program.project.role_prefix.as_ref().or(program.project.prefix.as_ref()), &program.project.name),
            env_length: program.envs.iter().map(|env| env.name.chars().count()).max().unwrap_or(ENV_LIMIT),
            params: program.params.iter().map(|param| param.name.clone()).collect(),
            functions: Vec::new(),
            flows: Vec::new(),
            streams: Vec::new(),
            schedule_group: String::new(),
            schedule_alarm: String::new(),
            taken,
        };
        for function in &program.functions {
            let name = &function.name;
            let labels = FunctionNames {
                function: names.label("aws_lambda_function", name),
                logs: names.label("aws_cloudwatch_log_group", name),
                role: names.label("aws_iam_role", &format!("{name}_function")),
            };
            names.functions.push(labels);
        }
        for flow in &program.flows {
            let name = &flow.name;
            let single = flow.triggers.len() == 1;
            let labels = FlowNames {
                machine: names.label("aws_sfn_state_machine", name),
                logs: names.label("aws_cloudwatch_log_group", name),
                role: names.label("aws_iam_role", &format!("{name}_flow")),
                schedule_role: names.label("aws_iam_role", &format!("{name}_schedule")),
                schedules: (0..flow.triggers.len())
                    .map(|index| {
                        let wanted = if single { name.clone() } else { format!("{name}_{index}") };
                        names.label("aws_scheduler_schedule", &wanted)
                    })
                    .collect(),
                alarm: names.label("aws_cloudwatch_metric_alarm", &format!("{name}_failed")),
                counted: flow.when.is_some(),
            };
            names.flows.push(labels);
        }
        for stream in &program.streams {
            let mut alarm = |what: &str| names.label("aws_cloudwatch_metric_alarm", &format!("{}_{what}", stream.name));
            let labels = StreamNames { errors: alarm("errors"), age: alarm("age"), dead: alarm("dead_letters") };
            names.streams.push(labels);
        }
        names.schedule_group = names.label("aws_scheduler_schedule_group", "schedules");
        names.schedule_alarm = names.label("aws_cloudwatch_metric_alarm", "schedules_dropped");
        names
    }

    /// The variable of this name that Flow adds; one that a parameter of the program does not have already.
    pub(crate) fn variable(&self, wanted: &str) -> String {
        if self.params.contains(wanted) { format!("flow_{wanted}") } else { wanted.to_owned() }
    }

    /// Labels of a flow, by its place in the program.
    pub(crate) fn flow(&self, index: usize) -> Option<&FlowNames> {
        self.flows.get(index)
    }

    /// Labels of a stream, by its place in the program.
    pub(crate) fn stream(&self, index: usize) -> Option<&StreamNames> {
        self.streams.get(index)
    }

    /// A label that no other resource of this type has: letters, digits and `_`.
    fn label(&mut self, ty: &str, wanted: &str) -> String {
        let mut label: String =
            wanted.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        if !is_plain(&label) {
            label.insert_str(0, "x_");
        }
        let mut candidate = label.clone();
        let mut number = 2u32;
        while !self.taken.insert((ty.to_owned(), candidate.clone())) {
            candidate = format!("{label}_{number}");
            number += 1;
        }
        candidate
    }

    /// Labels of a function.
    pub(crate) fn function(&self, id: FunctionId) -> Option<&FunctionNames> {
        self.functions.get(id.0 as usize)
    }

    /// `<prefix>-<env>-<thing>`, as long as `limit` allows in every environment.
    pub(crate) fn physical(&self, thing: &str, limit: &Limit) -> Expression {
        self.named(&self.prefix, thing, limit)
    }

    /// The same for a role, whose prefix may be another: where who deploys may make roles of some names alone.
    pub(crate) fn role(&self, thing: &str) -> Expression {
        self.named(&self.role_prefix, thing, &ROLE_NAME)
    }

    fn named(&self, prefix: &Prefix, thing: &str, limit: &Limit) -> Expression {
        let room = usize::try_from(limit.max).unwrap_or(usize::MAX).saturating_sub(self.env_length + 2);
        let (first, room_for_thing) = match prefix {
            Prefix::Text(prefix) => (None, room.saturating_sub(prefix.chars().count()).max(room / 2)),
            Prefix::Variable(name) => (Some(Part::Value(var(name))), room.saturating_sub(PREFIX_LIMIT)),
        };
        let thing = shorten(thing, room_for_thing);
        let env = [Part::Value(var(&self.variable("env"))), Part::Text(format!("-{thing}"))];
        match (first, prefix) {
            (None, Prefix::Text(prefix)) => {
                let prefix = shorten(prefix, room.saturating_sub(thing.chars().count()));
                text(std::iter::once(Part::Text(format!("{prefix}-"))).chain(env))
            }
            (first, _) => text(first.into_iter().chain([Part::Text("-".to_owned())]).chain(env)),
        }
    }
}

/// The text, or as much of it as fits before a hash of the whole.
fn shorten(name: &str, limit: usize) -> String {
    if name.chars().count() <= limit {
        return name.to_owned();
    }
    let head: String = name.chars().take(limit.saturating_sub(7)).collect();
    format!("{}-{:06x}", head.trim_end_matches('-'), hash(name) & 0x00ff_ffff)
}

/// FNV-1a, 64 bits: the same on every machine and in every release.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::super::layout;
    use super::*;
    use flow_analysis::limits::LAMBDA_NAME;

    fn names(project: &str) -> Names {
        Names {
            prefix: Prefix::Text(project.to_owned()),
            role_prefix: Prefix::Text(project.to_owned()),
            env_length: 4,
            params: BTreeSet::new(),
            functions: Vec::new(),
            flows: Vec::new(),
            streams: Vec::new(),
            schedule_group: String::new(),
            schedule_alarm: String::new(),
            taken: BTreeSet::new(),
        }
    }

    fn physical(project: &str, thing: &str) -> String {
        layout::expression(&mut names(project).physical(thing, &LAMBDA_NAME))
    }

    #[test]
    fn a_name_that_fits_is_kept() {
        assert_eq!(physical("dpc", "worker"), "\"dpc-${var.env}-worker\"");
    }

    #[test]
    fn a_long_name_ends_in_a_hash_of_the_whole_and_fits() {
        let long = "build_the_reporting_models_on_the_mart_after_the_nightly_load-execution";
        let other = "build_the_reporting_models_on_the_mart_after_the_nightly_load-task";
        assert_eq!(
            physical("dpc", long),
            "\"dpc-${var.env}-build_the_reporting_models_on_the_mart_after_the-bcb203\""
        );
        assert_ne!(physical("dpc", long), physical("dpc", other));
        for (project, thing) in [("dpc", long), (long, "worker"), (long, other)] {
            let text = physical(project, thing).replace("${var.env}", "prod");
            assert!(text.len() - 2 <= 64, "{text}");
        }
    }

    #[test]
    fn labels_are_identifiers_and_unique_in_their_type() {
        let mut names = names("dpc");
        assert_eq!(names.label("aws_iam_role", "worker-2gb"), "worker_2gb");
        assert_eq!(names.label("aws_iam_role", "worker.2gb"), "worker_2gb_2");
        assert_eq!(names.label("aws_iam_policy", "worker-2gb"), "worker_2gb");
        assert_eq!(names.label("aws_iam_role", "2gb"), "x_2gb");
    }
}

//! The artefacts of a build, as a run takes them: `local.json`, the state machine that it names with its deploy values
//! filled in, and the source map.
//!
//! Filling is textual, as Terraform's `templatefile` does it: every `${name}` of the file is replaced by the value,
//! escaped for a JSON string. What stands in the user's own text as `${` is written with JSON escapes by the compiler,
//! so it is not touched.

use crate::error::{LOCAL_SETUP, LocalError, NOTHING_TO_RUN, listing, nearest};
use flow_asl::model::{State, StateMachine};
use flow_plan::{LocalAbsence, LocalFlow, LocalRun, LocalTask, PLAN_VERSION, SourceMap};
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use std::path::Path;

/// What a run takes of a build.
#[derive(Debug)]
pub struct Artefacts {
    /// `local.json`.
    pub local: LocalRun,
    /// The name of the flow that runs.
    pub name: String,
    /// It.
    pub flow: LocalFlow,
    /// Its state machine, filled; the `Arguments` of tasks that run differently here are the local ones.
    pub machine: StateMachine,
    /// Where each state comes from.
    pub source_map: SourceMap,
}

impl Artefacts {
    /// Reads the build in `directory`, and chooses a flow.
    ///
    /// # Errors
    /// A build that is not whole or of another release (FLOW0910); no flow, several, or not that one (FLOW0907).
    pub fn load(directory: &Path, flow: Option<&str>) -> Result<Self, LocalError> {
        let local = read_local(directory)?;
        let name = choose(&local, flow)?;
        let Some(chosen) = local.flows.get(&name).cloned() else {
            return Err(LocalError::new(NOTHING_TO_RUN, format!("there is no flow `{name}`")));
        };
        let path = directory.join(&chosen.definition);
        let text = fill(&read(&path)?, &chosen.substitutions).map_err(|unknown| {
            LocalError::new(LOCAL_SETUP, format!("`{}` names `${{{unknown}}}`, which local.json does not fill", chosen.definition))
                .help("build again; if it persists, this is a defect of flowc")
        })?;
        let mut machine = StateMachine::parse(&text).map_err(|error| malformed(&path, error))?;
        for_each_state(&mut machine.states, &mut |name, state| {
            if let (State::Task(task), Some(local)) = (state, chosen.tasks.get(name)) {
                task.arguments = Some(local.arguments.clone());
            }
        });
        let source_map = read_json(&directory.join(&chosen.source_map))?;
        Ok(Artefacts { local, name, flow: chosen, machine, source_map })
    }

    /// How a state is run here if it is not the generic binary.
    pub fn task(&self, state: &str) -> Option<&LocalTask> {
        self.flow.tasks.get(state)
    }

    /// `nightly.flow:93`, where the state comes from.
    pub fn place(&self, state: &str) -> Option<String> {
        let place = self.source_map.states.get(state)?;
        let file = Path::new(&place.file).file_name().map_or_else(|| place.file.clone(), |name| name.to_string_lossy().into_owned());
        Some(format!("{file}:{}", place.line))
    }
}

/// Reads `local.json`.
pub(crate) fn read_local(directory: &Path) -> Result<LocalRun, LocalError> {
    let local: LocalRun = read_json(&directory.join("local.json"))?;
    if local.version == PLAN_VERSION {
        return Ok(local);
    }
    Err(LocalError::new(
        LOCAL_SETUP,
        format!("the build has version {}, this release runs version {PLAN_VERSION}", local.version),
    )
    .help("build and run with the same release of flowc"))
}

fn choose(local: &LocalRun, flow: Option<&str>) -> Result<String, LocalError> {
    let names = || local.flows.keys().map(String::as_str);
    let Some(wanted) = flow else {
        let mut all = names();
        return match (all.next(), all.next()) {
            (Some(only), None) => Ok(only.to_owned()),
            (None, _) if !local.absent.is_empty() => {
                let why: Vec<String> = local.absent.iter().map(|(name, absence)| absent(name, absence)).collect();
                Err(LocalError::new(NOTHING_TO_RUN, format!("the program has no flow{}", place(local)))
                    .help(format!("{}\n{}", why.join("\n"), OTHER_VALUES)))
            }
            (None, _) => Err(LocalError::new(NOTHING_TO_RUN, "the program has no flow")
                .help("a flow is what runs: `flow nightly(run_date: Date) { step … }`")),
            (Some(first), Some(_)) => Err(LocalError::new(
                NOTHING_TO_RUN,
                format!("the program has {} flows: {}", local.flows.len(), listing(names())),
            )
            .help(format!("say which one: `--flow {first}`"))),
        };
    };
    if local.flows.contains_key(wanted) {
        return Ok(wanted.to_owned());
    }
    if let Some(absence) = local.absent.get(wanted) {
        return Err(LocalError::new(NOTHING_TO_RUN, format!("there is no flow `{wanted}`{}", place(local)))
            .help(format!("{}\n{}", absent(wanted, absence), OTHER_VALUES)));
    }
    let help = match nearest(wanted, names()) {
        Some(near) => format!("did you mean `{near}`? The program's flows: {}", listing(names())),
        None => format!("the program's flows: {}", listing(names())),
    };
    Err(LocalError::new(NOTHING_TO_RUN, format!("there is no flow `{wanted}`")).help(help))
}

/// What lets a flow exist that the environment does not have.
const OTHER_VALUES: &str = "run it with other values: `--param NAME=VALUE`, or in another environment: `--env ENV`";

/// ` in `dev``.
fn place(local: &LocalRun) -> String {
    local.env.as_deref().map(|env| format!(" in `{env}`")).unwrap_or_default()
}

/// ``flow `weekly` exists `when full`; `full` is false``.
fn absent(name: &str, absence: &LocalAbsence) -> String {
    let values: Vec<String> = absence.values.iter().map(|(name, value)| format!("`{name}` is {value}")).collect();
    let values = if values.is_empty() { "which is false".to_owned() } else { values.join(", ") };
    format!("flow `{name}` exists `when {}`: {values}", absence.when)
}

/// Calls `visit` for every state, those of branches and iterations too, in the order of the file.
pub(crate) fn for_each_state(states: &mut IndexMap<String, State>, visit: &mut dyn FnMut(&str, &mut State)) {
    for (name, state) in states {
        visit(name, state);
        match state {
            State::Parallel(parallel) => {
                for branch in &mut parallel.branches {
                    for_each_state(&mut branch.states, visit);
                }
            }
            State::Map(map) => {
                for branch in [&mut map.item_processor, &mut map.iterator].into_iter().flatten() {
                    for_each_state(&mut branch.states, visit);
                }
            }
            State::Pass(_) | State::Task(_) | State::Choice(_) | State::Wait(_) | State::Succeed(_) | State::Fail(_) => {}
        }
    }
}

/// Replaces every `${name}`; gives the first name that has no value.
fn fill(text: &str, values: &IndexMap<String, String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            // `$${` is templatefile's way to write `${`.
            filled.push_str(before);
            filled.push_str("${");
            rest = after;
            continue;
        }
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.get(name.trim()).ok_or_else(|| name.trim().to_owned())?;
        filled.push_str(&escaped(value));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}

fn read(path: &Path) -> Result<String, LocalError> {
    std::fs::read_to_string(path).map_err(|error| {
        LocalError::new(LOCAL_SETUP, format!("cannot read `{}`, a file of the build", path.display())).source(error)
    })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, LocalError> {
    serde_json::from_str(&read(path)?).map_err(|error| malformed(path, error))
}

fn malformed(path: &Path, error: serde_json::Error) -> LocalError {
    LocalError::new(LOCAL_SETUP, format!("`{}` is malformed", path.display()))
        .source(error)
        .help("build again with this release of flowc")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use serde_json::{Value, json};

    fn values(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_arrive_intact_whatever_is_in_them() {
        let awkward = "a \"quote\", a \\, ${x}, %{y}, {% $z %},\na new line";
        let text = r#"{"a": "${v}", "b": "\u0024{v}", "c": "$${v}"}"#;
        let filled: Value = serde_json::from_str(&fill(text, &values(&[("v", awkward)])).unwrap()).unwrap();
        assert_eq!(filled, json!({"a": awkward, "b": "${v}", "c": "${v}"}));
    }

    #[test]
    fn a_name_without_a_value_is_named() {
        assert_eq!(fill(r#"{"a": "${one}", "b": "${two}"}"#, &values(&[("one", "1")])).unwrap_err(), "two");
        assert_eq!(fill("${open", &values(&[])).unwrap_err(), "open");
    }

    #[test]
    fn a_flow_is_chosen() {
        let mut local = LocalRun::default();
        assert!(choose(&local, None).unwrap_err().message.contains("no flow"));
        local.flows.insert("nightly".into(), LocalFlow::default());
        assert_eq!(choose(&local, None).unwrap(), "nightly");
        let error = choose(&local, Some("nigthly")).unwrap_err();
        assert_eq!(error.help.unwrap(), "did you mean `nightly`? The program's flows: `nightly`");
        local.flows.insert("weekly".into(), LocalFlow::default());
        let error = choose(&local, None).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), ("FLOW0907", "the program has 2 flows: `nightly` and `weekly`"));
    }

    #[test]
    fn a_flow_that_the_environment_does_not_have_is_explained() {
        let mut local = LocalRun { env: Some("dev".into()), ..LocalRun::default() };
        let values = IndexMap::from([("full".to_owned(), json!(false)), ("env.name".to_owned(), json!("dev"))]);
        local.absent.insert("weekly".into(), LocalAbsence { when: "full or env.name == \"prod\"".into(), values });
        for wanted in [None, Some("weekly")] {
            let error = choose(&local, wanted).unwrap_err();
            assert_eq!(error.code, "FLOW0907");
            assert!(error.message.ends_with("in `dev`"), "{}", error.message);
            let help = error.help.unwrap();
            let why = "flow `weekly` exists `when full or env.name == \"prod\"`: `full` is false, `env.name` is \"dev\"";
            assert!(help.starts_with(why) && help.contains("--param"), "{help}");
        }
    }
}

//! What `--fail`, `--skip` and `--answer` ask for: of which step of which flow. A step is named as it is in the flow that
//! runs, or as `flow.step`, which reaches the flows that it calls, whoever calls them.

use crate::artefacts::Artefacts;
use crate::awaits;
use crate::error::{BAD_FAULT, LocalError, listing, nearest};
use crate::steps::Step;
use serde_json::Value;
use std::collections::BTreeMap;

/// An error in place of a step's first attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The step.
    pub step: String,
    /// The error's name: `States.TaskFailed`.
    pub error: String,
    /// How many attempts fail; `None` for all.
    pub times: Option<u64>,
}

/// What is asked for of the steps of one flow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// `--fail`, in order.
    pub faults: Vec<Fault>,
    /// `--skip`.
    pub skips: Vec<String>,
    /// `--answer`, by step: one after the other, the last of them for all that follow.
    pub answers: BTreeMap<String, Vec<Value>>,
}

impl Changes {
    /// Whether the step is not run.
    pub fn skips(&self, step: &str) -> bool {
        self.skips.iter().any(|skipped| skipped == step)
    }

    /// Whether the step itself is never started: it is skipped, or fails every time.
    pub fn never_runs(&self, step: &str) -> bool {
        self.skips(step) || self.faults.iter().any(|fault| fault.step == step && fault.times.is_none())
    }

    /// The error that the attempt (from 0, over the whole run) fails with.
    pub fn fault(&self, step: &str, attempt: u64) -> Option<&Fault> {
        let mut before = 0_u64;
        for fault in self.faults.iter().filter(|fault| fault.step == step) {
            match fault.times {
                None => return Some(fault),
                Some(times) if attempt < before.saturating_add(times) => return Some(fault),
                Some(times) => before = before.saturating_add(times),
            }
        }
        None
    }

    /// What is answered to the attempt.
    pub fn answer(&self, step: &str, attempt: u64) -> Option<&Value> {
        let answers = self.answers.get(step)?;
        // Attempts that were to fail were not answered.
        let failed: u64 = self.faults.iter().filter(|fault| fault.step == step).filter_map(|fault| fault.times).sum();
        let index = usize::try_from(attempt.saturating_sub(failed)).unwrap_or(usize::MAX);
        answers.get(index).or(answers.last())
    }
}

/// A flow whose steps can be named: the one that runs, or one that is called.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// It.
    pub artefacts: &'a Artefacts,
    /// Its steps.
    pub steps: &'a [Step],
    /// Whether it is the one that runs.
    pub own: bool,
}

impl Part<'_> {
    /// The flow's name.
    pub fn name(&self) -> &str {
        &self.artefacts.name
    }

    /// How one of its steps is named on the command line.
    pub fn path(&self, step: &str) -> String {
        if self.own { step.to_owned() } else { format!("{}.{step}", self.name()) }
    }
}

/// The options, each as given.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `--fail`.
    pub fails: &'a [String],
    /// `--skip`.
    pub skips: &'a [String],
    /// `--answer`.
    pub answers: &'a [String],
}

/// Reads the options; what they change, by flow.
///
/// # Errors
/// FLOW0909: a text that is not of the form, a step that is none. FLOW0922: an answer that does not fit.
pub fn changes(asked: Asked<'_>, parts: &[Part<'_>]) -> Result<BTreeMap<String, Changes>, LocalError> {
    let mut all: BTreeMap<String, Changes> = BTreeMap::new();
    for text in asked.fails {
        let (part, fault) = fault(text, parts)?;
        all.entry(part.name().to_owned()).or_default().faults.push(fault);
    }
    for text in asked.skips {
        let (part, step) = known(text, "--skip", parts)?;
        let changes = all.entry(part.name().to_owned()).or_default();
        if let Some(fault) = changes.faults.iter().find(|fault| fault.step == step) {
            return Err(LocalError::new(
                BAD_FAULT,
                format!("step `{text}` cannot both be skipped and fail with `{}`", fault.error),
            )
            .help("leave out `--skip` or `--fail`: a step that always fails is not run either"));
        }
        changes.skips.push(step);
    }
    for text in asked.answers {
        let (name, json) = text.split_once('=').ok_or_else(|| awaits::malformed(text, "gives no answer"))?;
        let (part, step) = known(name, "--answer", parts)?;
        let changes = all.entry(part.name().to_owned()).or_default();
        if changes.never_runs(&step) {
            let other = if changes.skips(&step) { "skipped" } else { "fail every time" };
            return Err(LocalError::new(BAD_FAULT, format!("step `{name}` cannot both be answered and {other}"))
                .help("leave one of the options out, or let only the first attempts fail: `--fail STEP:ERROR:1`"));
        }
        let value = awaits::answer(text, json, part, &step)?;
        changes.answers.entry(step).or_default().push(value);
    }
    Ok(all)
}

fn fault<'p, 'a>(text: &str, parts: &'p [Part<'a>]) -> Result<(&'p Part<'a>, Fault), LocalError> {
    let form = |what: &str| {
        LocalError::new(BAD_FAULT, format!("`--fail {text}` {what}")).help(
            "the form is STEP:ERROR[:TIMES], for example\n  --fail copy:States.TaskFailed    every attempt fails\n  \
             --fail copy:States.TaskFailed:2  the first two do",
        )
    };
    let (step, rest) = text.split_once(':').ok_or_else(|| form("names no error"))?;
    let (part, step) = known(step, "--fail", parts)?;
    let (error, times) = match rest.rsplit_once(':') {
        Some((error, times)) => {
            let number = times.parse::<u64>().ok().filter(|times| *times > 0);
            (error, Some(number.ok_or_else(|| form(&format!("ends with `{times}`, which is no number of attempts")))?))
        }
        None => (rest, None),
    };
    if error.trim().is_empty() || error.contains(char::is_whitespace) {
        return Err(form("names no error"));
    }
    Ok((part, Fault { step, error: error.to_owned(), times }))
}

/// The flow and the step that are meant.
fn known<'p, 'a>(given: &str, option: &str, parts: &'p [Part<'a>]) -> Result<(&'p Part<'a>, String), LocalError> {
    let has = |part: &Part<'_>, name: &str| part.steps.iter().any(|step| step.name == name);
    if let Some(part) = parts.iter().find(|part| part.own && has(part, given)) {
        return Ok((part, given.to_owned()));
    }
    let inside = |part: &Part<'_>| given.strip_prefix(part.name())?.strip_prefix('.').map(str::to_owned);
    let found = parts.iter().find_map(|part| inside(part).filter(|step| has(part, step)).map(|step| (part, step)));
    if let Some(found) = found {
        return Ok(found);
    }
    let of = |own: bool| -> Vec<String> {
        let parts = parts.iter().filter(|part| part.own == own);
        parts.flat_map(|part| part.steps.iter().map(|step| part.path(&step.name))).collect()
    };
    let (own, called) = (of(true), of(false));
    let names = || own.iter().chain(&called).map(String::as_str);
    // A step of a called flow without the flow's name is the likeliest of all.
    let bare = called.iter().find(|path| path.split_once('.').is_some_and(|(_, step)| step == given));
    let did = bare.map(String::as_str).or_else(|| nearest(given, names()));
    let did = did.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let steps = if own.is_empty() { "It has no steps".to_owned() } else { format!("The steps are {}", listing(own.iter().map(String::as_str))) };
    let more = match called.is_empty() {
        true => String::new(),
        false => format!("\nof flows that are called: {}", listing(called.iter().map(String::as_str))),
    };
    let which = match parts.iter().find(|part| inside(part).is_some()) {
        Some(part) => format!("which is no step of flow `{}`", part.name()),
        None => "which is no step of the flow".to_owned(),
    };
    Err(LocalError::new(BAD_FAULT, format!("`{option}` names `{given}`, {which}")).help(format!("{did}{steps}{more}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::awaits::tests::flow;
    use crate::steps::How;
    use serde_json::json;

    fn all(names: &[&str]) -> Vec<Step> {
        let step = |name: &&str| Step { name: (*name).to_owned(), resource: "r".to_owned(), how: How::Python };
        let mut steps: Vec<Step> = names.iter().map(step).collect();
        for step in &mut steps {
            if step.name == "ask" {
                step.how = How::Await;
            }
        }
        steps
    }

    /// A flow of five steps, which calls another.
    fn read(fails: &[&str], skips: &[&str], answers: &[&str]) -> Result<BTreeMap<String, Changes>, LocalError> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (fails, skips, answers) = (owned(fails), owned(skips), owned(answers));
        let (nightly, child) = (flow("nightly"), flow("child"));
        let own = all(&["validate", "copy", "compute", "dbt", "announce", "ask"]);
        let called = all(&["greet", "gate", "load.execute"]);
        let parts = [
            Part { artefacts: &nightly, steps: &own, own: true },
            Part { artefacts: &child, steps: &called, own: false },
        ];
        changes(Asked { fails: &fails, skips: &skips, answers: &answers }, &parts)
    }

    fn message(fails: &[&str], skips: &[&str], answers: &[&str]) -> String {
        let error = read(fails, skips, answers).unwrap_err();
        format!("{} {}\n{}", error.code, error.message, error.help.unwrap())
    }

    #[test]
    fn faults_are_read() {
        let all = read(&["copy:States.TaskFailed", "dbt:My.Error:2", "dbt:States.Timeout:1"], &["announce"], &[]).unwrap();
        let changes = &all["nightly"];
        assert_eq!(changes.fault("copy", 99).unwrap().error, "States.TaskFailed");
        let errors: Vec<_> = (0..4).map(|attempt| changes.fault("dbt", attempt).map(|fault| fault.error.as_str())).collect();
        assert_eq!(errors, [Some("My.Error"), Some("My.Error"), Some("States.Timeout"), None]);
        assert!(changes.never_runs("copy") && !changes.never_runs("dbt") && changes.never_runs("announce"));
    }

    #[test]
    fn steps_of_called_flows_are_reached_by_their_path() {
        let all = read(&["child.gate:A:1", "nightly.copy:B"], &["child.load.execute"], &[]).unwrap();
        assert_eq!(all["child"].fault("gate", 0).unwrap().error, "A");
        assert_eq!(all["child"].skips, ["load.execute"]);
        assert!(all["nightly"].never_runs("copy"));
    }

    #[test]
    fn answers_come_one_after_the_other() {
        let all = read(&["ask:Refused:2"], &[], &[r#"ask={"approved": true}"#, r#"ask={"approved": false, "by": "x=y"}"#]).unwrap();
        let changes = &all["nightly"];
        let answered: Vec<_> = (2..5).map(|attempt| changes.answer("ask", attempt).unwrap()["approved"].clone()).collect();
        assert_eq!(answered, [json!(true), json!(false), json!(false)]);
        assert_eq!(changes.answer("ask", 4).unwrap()["by"], "x=y");
        assert_eq!(changes.answer("copy", 0), None);
    }

    #[test]
    fn messages() {
        insta::assert_snapshot!("fault_without_error", message(&["copy"], &[], &[]));
        insta::assert_snapshot!("fault_empty_error", message(&["copy:"], &[], &[]));
        insta::assert_snapshot!("fault_times", message(&["copy:States.TaskFailed:often"], &[], &[]));
        insta::assert_snapshot!("fault_unknown_step", message(&["compte:States.TaskFailed"], &[], &[]));
        insta::assert_snapshot!("fault_in_a_called_flow", message(&["gate:States.TaskFailed"], &[], &[]));
        insta::assert_snapshot!("fault_misspelt_in_a_called_flow", message(&["child.gat:States.TaskFailed"], &[], &[]));
        insta::assert_snapshot!("skip_unknown_step", message(&[], &["report"], &[]));
        insta::assert_snapshot!("skip_and_fail", message(&["dbt:A"], &["dbt"], &[]));
        insta::assert_snapshot!("answer_and_fail", message(&["ask:A"], &[], &["ask={}"]));
        insta::assert_snapshot!("answer_without_value", message(&[], &[], &["ask"]));
        insta::assert_snapshot!("answer_of_another_step", message(&[], &[], &["copy=1"]));
        insta::assert_snapshot!("answer_no_json", message(&[], &[], &["ask=yes"]));
        insta::assert_snapshot!("answer_of_another_type", message(&[], &[], &[r#"ask={"approved": "yes", "by": "me"}"#]));
        insta::assert_snapshot!("answer_misspelt", message(&[], &[], &[r#"ask={"aproved": true}"#]));
    }
}

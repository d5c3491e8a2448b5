//! Names of variables and states in the States Language.

use flow_analysis::limits::STATE_NAME;
use flow_analysis::program::{ExprKind, Flow, Statement, VariableId};
use indexmap::{IndexMap, IndexSet};

/// Functions of JSONata 2.0.6 and of Step Functions, and its own variable: a variable of the same name would hide them.
const RESERVED: &[&str] = &[
    "states", "string", "length", "substring", "substringBefore", "substringAfter", "uppercase", "lowercase", "trim",
    "pad", "contains", "split", "join", "match", "replace", "eval", "base64encode", "base64decode",
    "encodeUrlComponent", "encodeUrl", "decodeUrlComponent", "decodeUrl", "number", "abs", "floor", "ceil", "round",
    "power", "sqrt", "random", "formatNumber", "formatBase", "formatInteger", "parseInteger", "sum", "max", "min",
    "average", "boolean", "not", "exists", "count", "append", "sort", "reverse", "shuffle", "distinct", "zip", "keys",
    "lookup", "spread", "merge", "sift", "each", "error", "assert", "type", "now", "millis", "fromMillis", "toMillis",
    "map", "filter", "single", "reduce", "partition", "range", "hash", "uuid", "parse", "clone",
];

/// The ASL name of each variable of a flow, by [`VariableId`].
///
/// A name of a function of JSONata gets `_value` at its end. The variables of `catch` and of `on failure` are one,
/// where no two of them are in use at once: `fail error` then goes on to `on failure` without a state in between.
pub fn variables(flow: &Flow) -> Vec<String> {
    let mut taken: IndexSet<String> = flow.variables.iter().map(|variable| variable.name.clone()).collect();
    let mut names: Vec<String> = flow
        .variables
        .iter()
        .map(|variable| {
            if RESERVED.contains(&variable.name.as_str()) {
                fresh(&mut taken, &format!("{}_value", variable.name))
            } else {
                variable.name.clone()
            }
        })
        .collect();
    for taken_by_raw in raw_names(flow, &names) {
        if let Some(slot) = names.iter_mut().find(|name| **name == taken_by_raw) {
            *slot = fresh(&mut taken, slot);
        }
    }
    if let Some(name) = flow.on_failure.as_ref().and_then(|on| names.get(on.binding.0 as usize).cloned()) {
        for binding in outer_handlers(&flow.body) {
            if let Some(slot) = names.get_mut(binding.0 as usize) {
                slot.clone_from(&name);
            }
        }
    }
    names
}

/// The variable of a step's whole answer, beside that of its result.
pub fn raw(name: &str) -> String {
    format!("{name}_raw")
}

fn raw_names(flow: &Flow, names: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    flow.walk(&mut |statement| {
        for root in statement.expressions().into_iter().chain(statement.outputs()) {
            root.walk(&mut |expr| {
                if let ExprKind::Raw(id) = expr.kind {
                    found.extend(names.get(id.0 as usize).map(|name| raw(name)));
                }
            });
        }
    });
    found
}

/// `wanted`, or with a number after it, as no other name is; it is taken from then on.
pub fn fresh(taken: &mut IndexSet<String>, wanted: &str) -> String {
    let name = std::iter::once(wanted.to_owned())
        .chain((2..).map(|number: u32| format!("{wanted}_{number}")))
        .find(|name| !taken.contains(name) && !RESERVED.contains(&name.as_str()))
        .unwrap_or_default();
    taken.insert(name.clone());
    name
}

/// The bindings of handlers that are in no other handler, branch or iteration: a scope's variables have names that no
/// variable around it has.
fn outer_handlers(statements: &[Statement]) -> Vec<VariableId> {
    statements
        .iter()
        .flat_map(|statement| {
            let plain = statement.blocks().into_iter().filter(|block| !block.handles && !block.inner);
            let mut bindings: Vec<VariableId> = plain.flat_map(|block| outer_handlers(block.statements)).collect();
            if let Statement::Try { catches, .. } = statement {
                bindings.extend(catches.iter().map(|catch| catch.handler.binding));
            }
            bindings
        })
        .collect()
}

/// Names of states: each is given once.
#[derive(Debug, Default)]
pub struct StateNames {
    taken: IndexSet<String>,
    /// The last number that a name got: with hundreds of choices, each would else be tried again.
    last: IndexMap<String, u32>,
}

impl StateNames {
    /// Keeps the names of all steps for them.
    pub fn new(steps: impl IntoIterator<Item = String>) -> Self {
        StateNames { taken: steps.into_iter().collect(), last: IndexMap::new() }
    }

    /// `wanted`, with a number after it where it is taken, as long as a state's name may be.
    pub fn fresh(&mut self, wanted: &str) -> String {
        let most = usize::try_from(STATE_NAME.max).unwrap_or(usize::MAX);
        let whole = cut(wanted, most);
        if !self.taken.contains(&whole) {
            self.taken.insert(whole.clone());
            return whole;
        }
        let short = cut(wanted, most.saturating_sub(11));
        let last = self.last.entry(short.clone()).or_insert(1);
        let name = loop {
            *last = last.saturating_add(1);
            let name = format!("{short} {last}");
            if !self.taken.contains(&name) || *last == u32::MAX {
                break name;
            }
        };
        self.taken.insert(name.clone());
        name
    }
}

fn cut(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

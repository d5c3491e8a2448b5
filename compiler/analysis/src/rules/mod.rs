//! What is proved about a whole program once names, types and stages are right: its graphs, what AWS would
//! refuse, and what is likely a mistake. One file per subject, one function per rule; [`check`] is the table of
//! contents.
//!
//! A rule that cannot be wrong is an error; one that can is a warning. Rules never look at the clock.

mod answers;
mod at_once;
mod catalogs;
mod catches;
mod calls;
mod circles;
mod constant;
mod container_environment;
mod containers;
mod crawled;
mod deployment;
mod durations;
mod environments;
mod express;
mod failures;
mod functions;
mod guards;
mod history;
mod messages;
mod names;
mod payload;
mod permissions;
mod physical;
mod pii;
mod paths;
mod places;
mod policies;
mod races;
mod reach;
mod redactions;
mod retries;
mod schedules;
mod senders;
mod sensitive;
mod streams;
mod tables;
mod unused;
mod visit;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use durations::{Duration, worst_case};

use crate::graph::FlowGraph;
use crate::program::{Flow, Program};
use flow_diagnostics::Diagnostics;

/// Checks a program against every rule.
///
/// Where earlier phases found errors, only the rules that look at one place are asked: a step that could not be
/// checked is missing from the program, and what reads its table is not to blame.
pub fn check(program: &Program, diagnostics: &mut Diagnostics) {
    let whole = !diagnostics.has_errors();
    for flow in &program.flows {
        one_place(program, flow, diagnostics);
        if whole {
            whole_flow(program, flow, diagnostics);
        }
    }
    schedules::expressions(program, diagnostics);
    schedules::zones(program, diagnostics);
    schedules::skipped_times(program, diagnostics);
    schedules::settings(program, diagnostics);
    circles::calls(program, diagnostics);
    deployment::circles(program, diagnostics);
    guards::references(program, diagnostics);
    sensitive::in_states(program, diagnostics);
    functions::settings(program, diagnostics);
    containers::sizes(program, diagnostics);
    permissions::of_roles(program, diagnostics);
    physical::without_env(program, diagnostics);
    physical::logs_after_function(program, diagnostics);
    places::partition_types(program, diagnostics);
    places::csv_is_flat(program, diagnostics);
    places::catalog_names(program, diagnostics);
    catalogs::formats(program, diagnostics);
    catalogs::partitions(program, diagnostics);
    places::quarantine_in_table(program, diagnostics);
    crawled::strangers(program, diagnostics);
    streams::each(program, diagnostics);
    environments::left_out(program, diagnostics);
    pii::results(program, diagnostics);
    pii::handed_on(program, diagnostics);
    pii::sent(program, diagnostics);
    redactions::passed_by(program, diagnostics);
    pii::partitions(program, diagnostics);
    if whole {
        places::tables_overlap(program, diagnostics);
        tables::never_written(program, diagnostics);
        tables::appended_and_replaced(program, diagnostics);
        policies::roles(program, diagnostics);
        streams::together(program, diagnostics);
    }
}

/// Rules about one statement, trigger or setting of a flow.
fn one_place(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    catches::taken_by_an_earlier_one(flow, diagnostics);
    catches::uncatchable(flow, diagnostics);
    retries::not_idempotent(flow, diagnostics);
    retries::fields(flow, diagnostics);
    names::states(flow, diagnostics);
    functions::step_timeouts(program, flow, diagnostics);
    containers::overrides(flow, diagnostics);
    container_environment::given_twice(program, flow, diagnostics);
    container_environment::missing(program, flow, diagnostics);
    calls::needed(flow, diagnostics);
    calls::of_a_database(program, flow, diagnostics);
    paths::in_texts(flow, diagnostics);
    payload::arguments(flow, diagnostics);
    payload::results(program, flow, diagnostics);
    permissions::of_steps(flow, diagnostics);
    permissions::sync_rules(flow, diagnostics);
    express::executions(program, flow, diagnostics);
    history::overflow(flow, diagnostics);
    durations::timeouts(flow, diagnostics);
    durations::heartbeats(flow, diagnostics);
    durations::retries_cut_off(flow, diagnostics);
    durations::at_once(flow, diagnostics);
    tables::copied_into_itself(program, flow, diagnostics);
    tables::read_and_written(program, flow, diagnostics);
    messages::subjects(flow, diagnostics);
    pii::told(program, flow, diagnostics);
}

/// Rules about statements together.
fn whole_flow(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    let graph = FlowGraph::of(program, flow);
    answers::unread(flow, diagnostics);
    reach::statement_after_the_end(flow, diagnostics);
    reach::try_without_steps(flow, diagnostics);
    catches::never_raised(flow, diagnostics);
    failures::ends_as_success(flow, diagnostics);
    failures::alarms(program, flow, diagnostics);
    failures::passes_a_catch(flow, diagnostics);
    tables::read_before_written(program, flow, &graph, diagnostics);
    races::branches(program, flow, diagnostics);
    races::iterations(program, flow, diagnostics);
    at_once::runs(flow, diagnostics);
    durations::overlap(program, flow, diagnostics);
    policies::machine(flow, diagnostics);
}

pub use unused::lint;

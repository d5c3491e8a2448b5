//! Which lines go up: those against an order of the boxes that control follows wherever it makes no loop.

use super::{Child, Link, Problem};
use crate::graph::LineKind;
use std::collections::{BTreeMap, BTreeSet};

/// For each line, whether it is laid out from its end to its start. In each frame, lines between its parts that are not
/// turned, and those that are, the other way round, make no circle: all go along one order.
pub(super) fn turned(problem: &Problem) -> Vec<bool> {
    let mut by_level: BTreeMap<Option<usize>, Vec<(usize, Child, Child)>> = BTreeMap::new();
    for (at, link) in problem.links.iter().enumerate() {
        let level = problem.common(link);
        if let (Some(from), Some(to)) = (problem.child(level, link.from), problem.child(level, link.to)) {
            by_level.entry(level).or_default().push((at, from, to));
        }
    }
    let mut turned = vec![false; problem.links.len()];
    for lines in by_level.values() {
        let order = order(&problem.links, lines);
        for (at, from, to) in lines {
            if let Some(turned) = turned.get_mut(*at) {
                *turned = order.get(from) > order.get(to);
            }
        }
    }
    turned
}

/// A number for each part that a line touches. Control and catches go up in it, but for those that close a loop; a table
/// comes right after the first that writes it, or right before the first that reads it.
fn order(links: &[Link], lines: &[(usize, Child, Child)]) -> BTreeMap<Child, (usize, i8)> {
    let is_data = |at: usize| links.get(at).is_none_or(|link| link.kind == LineKind::Data);
    let mut after: BTreeMap<Child, Vec<Child>> = BTreeMap::new();
    let mut starts = Vec::new();
    for (at, from, to) in lines.iter().filter(|(at, ..)| !is_data(*at)) {
        let first = links.get(*at).map_or(usize::MAX, |link| link.from.min(link.to));
        starts.extend([(first, *from), (first, *to)]);
        after.entry(*from).or_default().push(*to);
    }
    starts.sort();
    let mut finished: Vec<Child> = Vec::new();
    let mut seen = BTreeSet::new();
    for (_, start) in starts {
        // A depth-first search, its path on the heap: a flow may have thousands of steps in a row.
        let mut path = vec![(start, 0)];
        if !seen.insert(start) {
            continue;
        }
        while let Some((at, next)) = path.last_mut() {
            match after.get(at).and_then(|after| after.get(*next)) {
                Some(child) => {
                    *next += 1;
                    if seen.insert(*child) {
                        path.push((*child, 0));
                    }
                }
                None => {
                    finished.push(*at);
                    path.pop();
                }
            }
        }
    }
    let mut order: BTreeMap<Child, (usize, i8)> = BTreeMap::new();
    order.extend(finished.into_iter().rev().enumerate().map(|(number, child)| (child, (number, 0))));
    let mut tables: BTreeMap<Child, (usize, i8)> = BTreeMap::new();
    for says in ["writes", "reads"] {
        for (at, from, to) in lines.iter().filter(|(at, ..)| is_data(*at)) {
            if links.get(*at).is_none_or(|link| link.says != says) {
                continue;
            }
            let (table, step, side) = if says == "writes" { (to, from, 1) } else { (from, to, -1) };
            let Some((number, _)) = order.get(step).copied().filter(|_| !order.contains_key(table)) else { continue };
            let place = tables.entry(*table).or_insert((number, side));
            if place.1 == side && number < place.0 {
                *place = (number, side);
            }
        }
    }
    order.extend(tables);
    // Parts that data alone touches: frames of whole flows, between which tables lie.
    for (_, from, to) in lines {
        let next = order.len();
        order.entry(*from).or_insert((next, 0));
        let next = order.len();
        order.entry(*to).or_insert((next, 0));
    }
    order
}

//! Ranks, bends and the order in each rank, of one frame.

use super::{Child, Shared, Size};
use std::collections::BTreeMap;

/// Something that has a place in a rank.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) size: Size,
    pub(super) rank: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Child(Child),
    /// Where a strand goes through the frame's upper or lower edge.
    Port { top: bool },
    /// Where a strand goes through a rank.
    Bend,
    /// The same, with its label.
    Label { strand: usize },
}

/// A strand's way between two parts of the frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) strand: usize,
    pub(super) upper: usize,
    pub(super) lower: usize,
    /// How much it should be short and straight.
    pub(super) weight: f64,
    pub(super) shared: Shared,
    pub(super) turned: bool,
    /// The room for its label, if it stands in this frame.
    pub(super) label: Option<Size>,
}

/// A piece of a way, from one rank to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) strand: usize,
    pub(super) upper: usize,
    pub(super) lower: usize,
    pub(super) weight: f64,
}

/// Parts in ranks.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) nodes: Vec<Node>,
    pub(super) units: Vec<Unit>,
    /// For each way, its units from top to bottom.
    pub(super) chains: Vec<Vec<usize>>,
    /// The nodes of each rank, from left to right.
    pub(super) rows: Vec<Vec<usize>>,
}

/// How often the order of every rank is made anew.
const SWEEPS: usize = 12;

impl Layers {
    pub(super) fn of(nodes: Vec<Node>, ways: &[Way]) -> Layers {
        let mut layers = Layers { nodes, ..Layers::default() };
        layers.rank(ways);
        layers.bend(ways);
        layers.order();
        layers
    }

    pub(super) fn rank_of(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |node| node.rank)
    }

    fn set_rank(&mut self, node: usize, rank: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.rank = rank;
        }
    }

    /// Every part below those that lead to it; one to which nothing leads close to what it leads to.
    fn rank(&mut self, ways: &[Way]) {
        let count = self.nodes.len();
        let mut down: Vec<Vec<&Way>> = vec![Vec::new(); count];
        let (mut missing, mut hangs) = (vec![0_usize; count], vec![false; count]);
        for way in ways {
            if let Some(down) = down.get_mut(way.upper) {
                down.push(way);
            }
            if let Some(missing) = missing.get_mut(way.lower) {
                *missing += 1;
            }
            let port = self.nodes.get(way.upper).is_some_and(|node| node.kind == Kind::Port { top: true });
            hangs.get_mut(way.lower).into_iter().for_each(|hangs| *hangs |= !port);
        }
        let is = |node: &Node, top: bool| node.kind == Kind::Port { top };
        let first = usize::from(self.nodes.iter().any(|node| is(node, true)));
        for node in &mut self.nodes {
            node.rank = if is(node, true) { 0 } else { first };
        }
        let mut sorted: Vec<usize> =
            missing.iter().enumerate().filter(|(_, missing)| **missing == 0).map(|(at, _)| at).collect();
        let mut next = 0;
        while let Some(at) = sorted.get(next).copied() {
            next += 1;
            for way in down.get(at).into_iter().flatten() {
                let rank = self.rank_of(way.lower).max(self.rank_of(at) + length(way));
                self.set_rank(way.lower, rank);
                if let Some(missing) = missing.get_mut(way.lower) {
                    *missing -= 1;
                    if *missing == 0 {
                        sorted.push(way.lower);
                    }
                }
            }
        }
        for at in sorted.into_iter().rev() {
            let movable = self.nodes.get(at).is_some_and(|node| matches!(node.kind, Kind::Child(_)));
            let ways = down.get(at).map_or(&[][..], Vec::as_slice);
            let ports = |way: &&&Way| self.nodes.get(way.lower).is_some_and(|node| !is(node, false));
            let lowest = ways.iter().filter(ports).map(|way| self.rank_of(way.lower).saturating_sub(length(way))).min();
            if let Some(lowest) = lowest.filter(|_| movable && hangs.get(at) == Some(&false)) {
                self.set_rank(at, lowest.max(self.rank_of(at)));
            }
        }
        let last = self.nodes.iter().filter(|node| !is(node, false)).map(|node| node.rank).max().unwrap_or(0);
        for node in self.nodes.iter_mut().filter(|node| is(node, false)) {
            node.rank = last + 1;
        }
    }

    /// A bend in every rank that a way passes. Ways of one strand share them: a trunk.
    fn bend(&mut self, ways: &[Way]) {
        let mut trunks: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for way in ways {
            let (upper, lower) = (self.rank_of(way.upper), self.rank_of(way.lower));
            let trunk = trunks.entry(way.strand).or_insert((upper, lower));
            *trunk = (trunk.0.min(upper), trunk.1.max(lower));
        }
        let mut bends: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut units: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
        for way in ways {
            let (upper, lower) = (self.rank_of(way.upper), self.rank_of(way.lower));
            let (first, last) = trunks.get(&way.strand).copied().unwrap_or((upper, lower));
            // The label stands where the way begins, or where all of its trunk come together.
            let labelled = if way.shared == Shared::End || way.turned { last.saturating_sub(1) } else { first + 1 };
            let mut chain = Vec::new();
            let mut above = way.upper;
            for rank in upper + 1..=lower {
                let below = if rank == lower {
                    way.lower
                } else {
                    *bends.entry((way.strand, rank)).or_insert_with(|| {
                        let (kind, size) = match way.label.filter(|_| rank == labelled) {
                            Some(size) => (Kind::Label { strand: way.strand }, size),
                            None => (Kind::Bend, Size::default()),
                        };
                        self.nodes.push(Node { kind, size, rank });
                        self.nodes.len() - 1
                    })
                };
                chain.push(*units.entry((way.strand, above, below)).or_insert_with(|| {
                    self.units.push(Unit { strand: way.strand, upper: above, lower: below, weight: way.weight });
                    self.units.len() - 1
                }));
                above = below;
            }
            self.chains.push(chain);
        }
    }

    /// The order that crosses the fewest lines, of those that are looked at: each rank by the middle of what its parts
    /// are joined to, from the top down and from the bottom up.
    fn order(&mut self) {
        let ranks = self.nodes.iter().map(|node| node.rank + 1).max().unwrap_or(0);
        let mut rows = vec![Vec::new(); ranks];
        for (at, node) in self.nodes.iter().enumerate() {
            rows.get_mut(node.rank).into_iter().for_each(|row| row.push(at));
        }
        let (mut above, mut below) = (vec![Vec::new(); self.nodes.len()], vec![Vec::new(); self.nodes.len()]);
        for unit in &self.units {
            above.get_mut(unit.lower).into_iter().for_each(|list| list.push((unit.upper, unit.weight)));
            below.get_mut(unit.upper).into_iter().for_each(|list| list.push((unit.lower, unit.weight)));
        }
        let mut at = vec![0; self.nodes.len()];
        rows.iter().for_each(|row| number(row, &mut at));
        let mut best = (self.crossings(&rows, &below, &at), rows.clone());
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let numbers: Vec<usize> = if down { (1..ranks).collect() } else { (0..ranks.saturating_sub(1)).rev().collect() };
            for rank in numbers {
                if let Some(row) = rows.get_mut(rank) {
                    sort(row, &at, if down { &above } else { &below });
                    number(row, &mut at);
                }
            }
            let crossed = self.crossings(&rows, &below, &at);
            if crossed < best.0 {
                best = (crossed, rows.clone());
            }
            if crossed == 0.0 {
                break;
            }
        }
        self.rows = best.1;
    }

    fn crossings(&self, rows: &[Vec<usize>], below: &[Vec<(usize, f64)>], at: &[usize]) -> f64 {
        let mut total = 0.0;
        for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
            let mut ends: Vec<(usize, f64)> = Vec::new();
            for node in row {
                let mut targets: Vec<(usize, f64)> = below
                    .get(*node)
                    .into_iter()
                    .flatten()
                    .filter_map(|(to, weight)| Some((*at.get(*to)?, *weight)))
                    .collect();
                targets.sort_by_key(|(at, _)| *at);
                ends.extend(targets);
            }
            total += inversions(&ends, next.len());
        }
        total
    }
}

/// Ranks from a way's upper end to its lower one, at least.
fn length(way: &Way) -> usize {
    if way.label.is_some() { 2 } else { 1 }
}

/// Where each node of a row stands in it.
fn number(row: &[usize], at: &mut [usize]) {
    for (position, node) in row.iter().enumerate() {
        at.get_mut(*node).into_iter().for_each(|at| *at = position);
    }
}

/// Sorts a row by the middle of what its nodes are joined to; those that are joined to nothing keep their places.
fn sort(row: &mut [usize], at: &[usize], joined: &[Vec<(usize, f64)>]) {
    let middle = |node: &usize| {
        let ends = joined.get(*node)?.iter();
        let ends = ends.filter_map(|(other, weight)| Some((*at.get(*other)?, *weight)));
        let (mut sum, mut weights) = (0.0, 0.0);
        for (position, weight) in ends {
            sum += position as f64 * weight;
            weights += weight;
        }
        (weights > 0.0).then(|| sum / weights)
    };
    let mut moved: Vec<(f64, usize)> = row.iter().filter_map(|node| Some((middle(node)?, *node))).collect();
    moved.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut moved = moved.into_iter();
    for node in row.iter_mut().filter(|node| middle(node).is_some()) {
        if let Some((_, next)) = moved.next() {
            *node = next;
        }
    }
}

/// The sum over pairs that stand the wrong way round of the product of their weights, by a Fenwick tree.
fn inversions(ends: &[(usize, f64)], size: usize) -> f64 {
    let mut tree = vec![0.0; size + 1];
    let (mut total, mut all) = (0.0, 0.0);
    for (at, weight) in ends {
        // Those before that end here or further left.
        let (mut left, mut index) = (0.0, at + 1);
        while index > 0 {
            left += tree.get(index).copied().unwrap_or(0.0);
            index &= index - 1;
        }
        total += (all - left) * weight;
        all += weight;
        index = at + 1;
        while let Some(sum) = tree.get_mut(index) {
            *sum += weight;
            index += index & index.wrapping_neg();
        }
    }
    total
}

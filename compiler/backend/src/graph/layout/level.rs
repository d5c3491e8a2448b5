//! One frame, laid out: the places of what is directly in it, and the ways of lines through it.

use super::layers::{Kind, Layers, Node, Way};
use super::place::{Wish, median, settle, spread};
use super::{Area, Child, PADDING, Point, Problem, Size, Strand};
use crate::graph::LineKind;
use std::collections::{BTreeMap, BTreeSet};

/// A frame's inside; its upper left corner is 0, 0.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) size: Size,
    pub(super) children: Vec<(Child, Area)>,
    /// By strand: the middle of its label.
    pub(super) labels: BTreeMap<usize, Point>,
    /// By strand, upper and lower end: the pieces, from top to bottom, as numbers of `pieces`.
    ways: BTreeMap<(usize, End, End), Vec<usize>>,
    pub(super) pieces: Vec<Vec<Point>>,
    /// By strand, and whether on the upper edge.
    ports: BTreeMap<(usize, bool), f64>,
}

/// An end of a way in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Child(Child),
    Edge,
}

/// The least distance between boxes of a rank.
const APART: f64 = 30.0;
/// Beside a line.
const APART_LINE: f64 = 16.0;
/// Between ends of lines at a box.
const ENDS: f64 = 14.0;
/// How often coordinates are made better.
const ROUNDS: usize = 14;

impl Level {
    pub(super) fn of(
        problem: &Problem,
        strands: &[Strand],
        frame: Option<usize>,
        inner: &BTreeMap<Option<usize>, Level>,
    ) -> Level {
        let mut draft = Draft { problem, inner, nodes: Vec::new(), at: BTreeMap::new(), ways: Vec::new(), ends: Vec::new() };
        for (item, of) in problem.items.iter().enumerate().filter(|(_, of)| of.frame == frame) {
            draft.node((usize::MAX, End::Child(Child::Item(item))), Kind::Child(Child::Item(item)), of.size);
        }
        for (at, _) in problem.frames.iter().enumerate().filter(|(_, of)| of.parent == frame) {
            let size = inner.get(&Some(at)).map_or(Size::default(), |level| level.size);
            draft.node((usize::MAX, End::Child(Child::Frame(at))), Kind::Child(Child::Frame(at)), size);
        }
        for (at, strand) in strands.iter().enumerate() {
            draft.strand(at, strand, frame);
        }
        let title = frame.and_then(|frame| problem.frames.get(frame)).map_or(Size::default(), |around| around.title);
        draft.finish(title)
    }

    /// The pieces of a link's way here, from top to bottom: of its upper and its lower box.
    pub(super) fn way(&self, strand: usize, upper: Option<Child>, lower: Option<Child>) -> &[usize] {
        let end = |child: Option<Child>| child.map_or(End::Edge, End::Child);
        self.ways.get(&(strand, end(upper), end(lower))).map_or(&[], Vec::as_slice)
    }
}

struct Draft<'a> {
    problem: &'a Problem,
    inner: &'a BTreeMap<Option<usize>, Level>,
    nodes: Vec<Node>,
    /// Children by themselves, ports by their strand; a strand has one port on an edge at most, and never goes through
    /// both.
    at: BTreeMap<(usize, End), usize>,
    ways: Vec<Way>,
    ends: Vec<(End, End)>,
}

impl Draft<'_> {
    fn node(&mut self, key: (usize, End), kind: Kind, size: Size) -> usize {
        self.nodes.push(Node { kind, size, rank: 0 });
        self.at.insert(key, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn strand(&mut self, number: usize, strand: &Strand, frame: Option<usize>) {
        let mut known = BTreeSet::new();
        for link in strand.links.iter().filter_map(|at| self.problem.links.get(*at)) {
            let (upper, lower) = if strand.turned { (link.to, link.from) } else { (link.from, link.to) };
            let (upper, lower) = (self.problem.child(frame, upper), self.problem.child(frame, lower));
            if upper == lower {
                continue;
            }
            let ends = (upper.map_or(End::Edge, End::Child), lower.map_or(End::Edge, End::Child));
            let (Some(from), Some(to)) = (self.end(number, upper, true), self.end(number, lower, false)) else { continue };
            if !known.insert((from, to)) {
                continue;
            }
            let weight = match link.kind {
                LineKind::Control if strand.turned => 1.0,
                LineKind::Control if link.label.is_none() => 24.0,
                LineKind::Control => 8.0,
                LineKind::Catch | LineKind::Data => 1.0,
            };
            let label = link.label.filter(|_| strand.label_at == Some(frame));
            let (shared, turned) = (strand.shared, strand.turned);
            self.ways.push(Way { strand: number, upper: from, lower: to, weight, shared, turned, label });
            self.ends.push(ends);
        }
    }

    fn end(&mut self, strand: usize, child: Option<Child>, top: bool) -> Option<usize> {
        match child {
            Some(child) => self.at.get(&(usize::MAX, End::Child(child))).copied(),
            None => match self.at.get(&(strand, End::Edge)) {
                Some(known) => Some(*known),
                None => Some(self.node((strand, End::Edge), Kind::Port { top }, Size { width: 8.0, height: 0.0 })),
            },
        }
    }

    fn finish(self, title: Size) -> Level {
        let layers = Layers::of(self.nodes, &self.ways);
        let mut at = Coordinates { problem: self.problem, inner: self.inner, layers: &layers, x: Vec::new(), y: Vec::new(), tall: Vec::new() };
        at.across();
        let size = at.down(title);
        let mut level = Level { size, ..Level::default() };
        for (number, node) in layers.nodes.iter().enumerate() {
            match node.kind {
                Kind::Child(child) => level.children.push((child, at.area(number))),
                Kind::Label { strand } => {
                    let area = at.area(number);
                    let middle = Point { x: area.x + area.size.width / 2.0, y: area.y + area.size.height / 2.0 };
                    level.labels.insert(strand, middle);
                }
                Kind::Port { .. } | Kind::Bend => {}
            }
        }
        for ((strand, _), node) in self.at.iter().filter(|((_, end), _)| *end == End::Edge) {
            if let Some(Kind::Port { top }) = layers.nodes.get(*node).map(|node| node.kind) {
                level.ports.insert((*strand, top), at.x(*node));
            }
        }
        level.pieces = at.pieces();
        for ((way, ends), chain) in self.ways.iter().zip(&self.ends).zip(&layers.chains) {
            level.ways.insert((way.strand, ends.0, ends.1), chain.clone());
        }
        level
    }
}

/// Middles of nodes, and upper edges.
struct Coordinates<'a> {
    problem: &'a Problem,
    inner: &'a BTreeMap<Option<usize>, Level>,
    layers: &'a Layers,
    x: Vec<f64>,
    /// The upper edge and the height of each row.
    y: Vec<(f64, f64)>,
    /// Whether there is a frame in each row.
    tall: Vec<bool>,
}

impl Coordinates<'_> {
    fn x(&self, node: usize) -> f64 {
        self.x.get(node).copied().unwrap_or(0.0)
    }

    fn size(&self, node: usize) -> Size {
        self.layers.nodes.get(node).map_or(Size::default(), |node| node.size)
    }

    /// Where a strand touches a node, from its middle: at a frame, its port.
    fn attach(&self, node: usize, strand: usize, top: bool) -> f64 {
        match self.layers.nodes.get(node).map(|node| node.kind) {
            Some(Kind::Child(Child::Frame(frame))) => {
                let port = self.inner.get(&Some(frame)).and_then(|level| level.ports.get(&(strand, top)));
                port.map_or(0.0, |port| port - self.size(node).width / 2.0)
            }
            _ => 0.0,
        }
    }

    fn is_line(&self, node: usize) -> bool {
        self.layers.nodes.get(node).is_none_or(|node| !matches!(node.kind, Kind::Child(_)))
    }

    fn distance(&self, left: usize, right: usize) -> f64 {
        let apart = if self.is_line(left) || self.is_line(right) { APART_LINE } else { APART };
        (self.size(left).width + self.size(right).width) / 2.0 + apart
    }

    /// Middles from left to right; in the end the leftmost edge is at the padding.
    fn across(&mut self) {
        let count = self.layers.nodes.len();
        self.x = vec![0.0; count];
        for row in &self.layers.rows {
            let mut at = 0.0;
            let mut before = None;
            for node in row {
                at += before.map_or(0.0, |before| self.distance(before, *node));
                before = Some(*node);
                self.x.get_mut(*node).into_iter().for_each(|x| *x = at);
            }
        }
        // Of each node, those above and below: which, by how much apart, how strongly.
        let mut joined: Vec<Vec<(usize, f64, f64, bool)>> = vec![Vec::new(); count];
        for unit in &self.layers.units {
            let apart = self.attach(unit.upper, unit.strand, false) - self.attach(unit.lower, unit.strand, true);
            let straight = match (self.is_line(unit.upper), self.is_line(unit.lower)) {
                (true, true) => 8.0,
                (true, false) | (false, true) => 2.0,
                (false, false) => 1.0,
            };
            let weight = unit.weight * straight;
            joined.get_mut(unit.lower).into_iter().for_each(|list| list.push((unit.upper, apart, weight, true)));
            joined.get_mut(unit.upper).into_iter().for_each(|list| list.push((unit.lower, -apart, weight, false)));
        }
        for round in 0..ROUNDS {
            let last = round + 4 >= ROUNDS;
            let down = round % 2 == 0;
            let rows: Vec<&Vec<usize>> =
                if down { self.layers.rows.iter().collect() } else { self.layers.rows.iter().rev().collect() };
            for row in rows {
                let mut wishes = Vec::with_capacity(row.len());
                let mut before = None;
                for node in row {
                    let ends = joined.get(*node).into_iter().flatten().filter(|(.., above)| last || *above == down);
                    let places: Vec<(f64, f64)> =
                        ends.map(|(other, apart, weight, _)| (self.x(*other) + apart, *weight)).collect();
                    let weight = places.iter().map(|(_, weight)| weight).sum::<f64>();
                    wishes.push(Wish {
                        at: median(places).unwrap_or(self.x(*node)),
                        weight: weight.max(0.1),
                        distance: before.map_or(0.0, |before| self.distance(before, *node)),
                    });
                    before = Some(*node);
                }
                for (node, x) in row.iter().zip(settle(&wishes)) {
                    self.x.get_mut(*node).into_iter().for_each(|at| *at = x);
                }
            }
        }
        let left = (0..count).map(|node| self.x(node) - self.size(node).width / 2.0).fold(f64::INFINITY, f64::min);
        // Whole numbers keep what is drawn short and sharp.
        self.x.iter_mut().for_each(|x| *x = (*x - left + PADDING).round());
    }

    /// Rows from the top down. Gives the size of the whole.
    fn down(&mut self, title: Size) -> Size {
        let mut at = 0.0;
        let mut started = false;
        let mut rows = Vec::with_capacity(self.layers.rows.len());
        let gaps = self.gaps();
        for (number, row) in self.layers.rows.iter().enumerate() {
            let is_port = |node: &usize| {
                self.layers.nodes.get(*node).is_some_and(|node| matches!(node.kind, Kind::Port { .. }))
            };
            let ports = !row.is_empty() && row.iter().all(is_port);
            let height = row.iter().map(|node| self.size(*node).height).fold(0.0, f64::max);
            let gap = gaps.get(number).copied().unwrap_or_default();
            if !ports && !started {
                started = true;
                at = f64::max(gap, PADDING + title.height);
            } else if ports && number > 0 {
                at += gap.max(PADDING);
            } else {
                at += gap;
            }
            at = at.round();
            rows.push((at, height));
            at += height;
        }
        self.y = rows;
        let is_frame = |node: &usize| {
            self.layers.nodes.get(*node).is_some_and(|node| matches!(node.kind, Kind::Child(Child::Frame(_))))
        };
        self.tall = self.layers.rows.iter().map(|row| row.iter().any(is_frame)).collect();
        let ends_in_ports = self.layers.rows.last().is_some_and(|row| {
            row.iter().any(|node| self.layers.nodes.get(*node).is_some_and(|node| node.kind == Kind::Port { top: false }))
        });
        let right = (0..self.x.len()).map(|node| self.x(node) + self.size(node).width / 2.0).fold(0.0, f64::max);
        Size {
            width: f64::max(right + PADDING, title.width + 2.0 * PADDING).ceil(),
            height: if ends_in_ports { at } else { (at + PADDING).ceil() },
        }
    }

    /// Between each row and the one above it: more where lines go far to the side.
    fn gaps(&self) -> Vec<f64> {
        let mut gaps = vec![26.0; self.layers.rows.len()];
        for unit in &self.layers.units {
            let aside = (self.x(unit.upper) - self.x(unit.lower)).abs();
            let gap = gaps.get_mut(self.layers.rank_of(unit.lower));
            gap.into_iter().for_each(|gap| *gap = f64::max(*gap, (26.0 + aside * 0.05).min(60.0)));
        }
        gaps.first_mut().into_iter().for_each(|gap| *gap = 0.0);
        gaps
    }

    fn row(&self, node: usize) -> (f64, f64) {
        self.y.get(self.layers.rank_of(node)).copied().unwrap_or_default()
    }

    fn area(&self, node: usize) -> Area {
        let size = self.size(node);
        let (top, height) = self.row(node);
        // Beside a frame all begin at the top; else they stand in the middle of the row.
        let tall = self.tall.get(self.layers.rank_of(node)).copied().unwrap_or_default();
        let y = if tall { top } else { top + ((height - size.height) / 2.0).floor() };
        Area { x: self.x(node) - size.width / 2.0, y, size }
    }

    /// Of each unit its points, from top to bottom.
    fn pieces(&self) -> Vec<Vec<Point>> {
        let (upper, lower) = (self.ends(false), self.ends(true));
        let units = self.layers.units.iter().enumerate();
        units
            .map(|(number, unit)| {
                let start = upper.get(&number).copied().unwrap_or_default();
                let end = lower.get(&number).copied().unwrap_or_default();
                let (above, below) = (self.row(unit.upper), self.row(unit.lower));
                let (from, to) = (self.area(unit.upper), self.area(unit.lower));
                // A line goes upright through the whole of a row in which it bends.
                let leaves = if self.is_line(unit.upper) { above.0 } else { from.y + from.size.height };
                let arrives = if self.is_line(unit.lower) { below.0 } else { to.y };
                let mut points = vec![
                    Point { x: start, y: leaves },
                    Point { x: start, y: above.0 + above.1 },
                    Point { x: end, y: below.0 },
                    Point { x: end, y: arrives },
                ];
                points.dedup();
                points
            })
            .collect()
    }

    /// The x of each unit's end at its lower node (`top`: at that node's upper edge) or at its upper one.
    fn ends(&self, top: bool) -> BTreeMap<usize, f64> {
        let mut by_node: BTreeMap<usize, Vec<(f64, usize, usize)>> = BTreeMap::new();
        for (number, unit) in self.layers.units.iter().enumerate() {
            let (here, there) = if top { (unit.lower, unit.upper) } else { (unit.upper, unit.lower) };
            let other = self.x(there) + self.attach(there, unit.strand, !top);
            by_node.entry(here).or_default().push((other, unit.strand, number));
        }
        let mut places = BTreeMap::new();
        for (node, mut ends) in by_node {
            let item = match self.layers.nodes.get(node).map(|node| node.kind) {
                Some(Kind::Child(Child::Item(item))) => self.problem.items.get(item),
                _ => None,
            };
            let Some(item) = item else {
                for (_, strand, unit) in ends {
                    places.insert(unit, self.x(node) + self.attach(node, strand, top));
                }
                continue;
            };
            ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            // Lines of one strand that meet here share an end.
            let mut strands: Vec<(usize, f64)> = Vec::new();
            for (other, strand, _) in &ends {
                if !strands.iter().any(|(known, _)| known == strand) {
                    strands.push((*strand, *other));
                }
            }
            let area = self.area(node);
            let (low, high) = (area.x + item.inset, area.x + item.size.width - item.inset);
            let wishes: Vec<f64> = strands.iter().map(|(_, other)| *other).collect();
            let spread = spread(&wishes, low, high, ENDS);
            for (_, strand, unit) in ends {
                let at = strands.iter().zip(&spread).find(|((known, _), _)| *known == strand).map(|(_, x)| *x);
                places.insert(unit, at.unwrap_or(self.x(node)).round());
            }
        }
        places
    }
}

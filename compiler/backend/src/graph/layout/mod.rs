//! Places for boxes, frames and lines, so that a drawing reads from the top down.
//!
//! A frame is laid out by itself, as a layered graph (Sugiyama): every box has a rank, so that lines go down; the boxes
//! of one rank have an order, so that few lines cross; then each has its place. To the frame around it, it is one box.
//! A line that leaves a frame goes through a *port* on its upper or lower edge.
//!
//! ```text
//! lines against the order are turned round      (turn)
//! frames, the innermost first                   (level)
//!   ranks, bends, an order in each rank         (layers)
//!   coordinates                                 (place)
//! the lines of all levels are put together      (routes)
//! ```
//!
//! Nothing here is random, and no map is without an order: the same drawing has the same places. There are crates that
//! lay graphs out; none that was found does it with frames, labels on lines and lines that share a trunk.

mod layers;
mod level;
mod place;
mod routes;
mod turn;

#[cfg(test)]
mod tests;

use super::LineKind;
use std::collections::BTreeMap;

/// How wide and how high.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A rectangle, by its upper left corner.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) size: Size,
}

/// A box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) size: Size,
    /// How far from its corners a line may touch its upper and lower edges.
    pub(super) inset: f64,
    /// The frame around it.
    pub(super) frame: Option<usize>,
}

/// A frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    /// The room for its title.
    pub(super) title: Size,
    /// The frame around it.
    pub(super) parent: Option<usize>,
}

/// A line between two boxes.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: LineKind,
    /// The room for its label.
    pub(super) label: Option<Size>,
    /// What it says: catches that go to one box and say the same share a trunk.
    pub(super) says: String,
}

/// What is laid out.
#[derive(Debug, Clone, Default)]
pub(super) struct Problem {
    pub(super) items: Vec<Item>,
    pub(super) frames: Vec<Around>,
    pub(super) links: Vec<Link>,
}

/// A line's way, as points from its start: from one to the next it goes straight where both have the same x, else in a
/// curve that begins and ends upright (or level, where a line goes from a box to itself).
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Route {
    pub(super) points: Vec<Point>,
    /// Whether its end is at its box; a line that joins another's trunk ends there.
    pub(super) arrives: bool,
    /// The middle of its label, if it is the one of its trunk that shows it.
    pub(super) label: Option<Point>,
}

/// Everything's place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Layout {
    pub(super) size: Size,
    pub(super) items: Vec<Area>,
    pub(super) frames: Vec<Area>,
    pub(super) links: Vec<Route>,
}

/// Around everything, and inside of frames.
const PADDING: f64 = 16.0;

/// What a level has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Child {
    Item(usize),
    Frame(usize),
}

/// A line, or lines that share a trunk.
#[derive(Debug, Clone)]
struct Strand {
    /// Its lines, by index.
    links: Vec<usize>,
    /// Which end they share.
    shared: Shared,
    /// Whether it goes against the order: the end of the lines is above their start.
    turned: bool,
    /// The frame in which its label stands.
    label_at: Option<Option<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shared {
    /// One line.
    Nothing,
    Start,
    End,
}

impl Problem {
    /// Lays it out.
    pub(super) fn layout(&self) -> Layout {
        let turned = turn::turned(self);
        let strands = self.strands(&turned);
        // Inner frames first: what parts a frame has is known before the frame around it is laid out.
        let mut levels: BTreeMap<Option<usize>, level::Level> = BTreeMap::new();
        for frame in (0..self.frames.len()).rev().map(Some).chain([None]) {
            let level = level::Level::of(self, &strands, frame, &levels);
            levels.insert(frame, level);
        }
        routes::assemble(self, &strands, &levels)
    }

    /// The frames around a box, innermost first, and what is around them all.
    fn around(&self, item: usize) -> Vec<Option<usize>> {
        let mut chain = Vec::new();
        let mut at = self.items.get(item).and_then(|item| item.frame);
        while let Some(frame) = at {
            chain.push(Some(frame));
            at = self.frames.get(frame).and_then(|around| around.parent);
        }
        chain.push(None);
        chain
    }

    /// What of a frame (or of the whole) a box is in, or is; `None` if it is outside.
    fn child(&self, level: Option<usize>, item: usize) -> Option<Child> {
        let mut inner = Child::Item(item);
        for around in self.around(item) {
            if around == level {
                return Some(inner);
            }
            inner = Child::Frame(around?);
        }
        None
    }

    /// The innermost frame that is around both ends of a line.
    fn common(&self, link: &Link) -> Option<usize> {
        let around = self.around(link.to);
        self.around(link.from).into_iter().find(|frame| around.contains(frame)).flatten()
    }

    fn strands(&self, turned: &[bool]) -> Vec<Strand> {
        let mut strands: Vec<Strand> = Vec::new();
        let mut known: BTreeMap<(usize, LineKind, bool, &str), usize> = BTreeMap::new();
        for (at, link) in self.links.iter().enumerate().filter(|(_, link)| link.from != link.to) {
            let turned = turned.get(at).copied().unwrap_or_default();
            let reads = link.kind == LineKind::Data && link.says == "reads";
            let (end, shared) = if reads { (link.from, Shared::Start) } else { (link.to, Shared::End) };
            let key = (end, link.kind, turned, link.says.as_str());
            let joins = link.kind != LineKind::Control && !turned;
            match known.get(&key).and_then(|strand| strands.get_mut(*strand)).filter(|_| joins) {
                Some(strand) => {
                    strand.links.push(at);
                    strand.shared = shared;
                }
                None => {
                    known.insert(key, strands.len());
                    strands.push(Strand { links: vec![at], shared: Shared::Nothing, turned, label_at: None });
                }
            }
        }
        for strand in &mut strands {
            let links = || strand.links.iter().filter_map(|at| self.links.get(*at));
            if links().any(|link| link.label.is_some()) {
                // The outermost frame that all of them are in.
                let depth = |frame: &Option<usize>| frame.map_or(0, |frame| self.depth(frame));
                strand.label_at = links().map(|link| self.common(link)).min_by_key(depth);
            }
        }
        strands
    }

    fn depth(&self, frame: usize) -> usize {
        let parent = |at: &usize| self.frames.get(*at).and_then(|around| around.parent);
        std::iter::successors(Some(frame), parent).count()
    }
}

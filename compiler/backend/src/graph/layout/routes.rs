//! Everything in the coordinates of the whole, and the ways of lines through all frames put together.

use super::level::Level;
use super::{Area, Child, Layout, Point, Problem, Route, Strand};
use std::collections::{BTreeMap, BTreeSet};

/// How far a line from a box to itself goes out.
const LOOP: f64 = 14.0;

pub(super) fn assemble(problem: &Problem, strands: &[Strand], levels: &BTreeMap<Option<usize>, Level>) -> Layout {
    let mut layout = Layout {
        size: levels.get(&None).map(|level| level.size).unwrap_or_default(),
        items: vec![Area::default(); problem.items.len()],
        frames: vec![Area::default(); problem.frames.len()],
        links: vec![Route::default(); problem.links.len()],
    };
    // A frame's number is higher than that of the frame around it, whose place is known then.
    for frame in [None].into_iter().chain((0..problem.frames.len()).map(Some)) {
        let corner = corner(&layout, frame);
        for (child, area) in levels.get(&frame).into_iter().flat_map(|level| &level.children) {
            let area = Area { x: area.x + corner.x, y: area.y + corner.y, size: area.size };
            let place = match child {
                Child::Item(item) => layout.items.get_mut(*item),
                Child::Frame(frame) => layout.frames.get_mut(*frame),
            };
            place.into_iter().for_each(|place| *place = area);
        }
    }
    for (number, strand) in strands.iter().enumerate() {
        let mut drawn = BTreeSet::new();
        for at in &strand.links {
            let route = route(problem, &layout, levels, number, strand, *at, &mut drawn);
            layout.links.get_mut(*at).into_iter().for_each(|place| *place = route.clone());
        }
        // Its label is the first one's.
        if let (Some(frame), Some(first)) = (strand.label_at, strand.links.first()) {
            let corner = corner(&layout, frame);
            let label = levels.get(&frame).and_then(|level| level.labels.get(&number));
            if let (Some(label), Some(route)) = (label, layout.links.get_mut(*first)) {
                route.label = Some(Point { x: label.x + corner.x, y: label.y + corner.y });
            }
        }
    }
    for (at, link) in problem.links.iter().enumerate().filter(|(_, link)| link.from == link.to) {
        if let (Some(area), Some(route)) = (layout.items.get(link.from).copied(), layout.links.get_mut(at)) {
            let (right, y) = (area.x + area.size.width, area.y + area.size.height / 2.0);
            let point = |x, y| Point { x, y };
            route.points = vec![point(right, y - 7.0), point(right + LOOP, y), point(right, y + 7.0)];
            route.arrives = true;
        }
    }
    layout
}

fn corner(layout: &Layout, frame: Option<usize>) -> Point {
    let area = frame.and_then(|frame| layout.frames.get(frame));
    area.map_or(Point::default(), |area| Point { x: area.x, y: area.y })
}

/// A line's points. What another line of its strand has drawn already is left out.
fn route(
    problem: &Problem,
    layout: &Layout,
    levels: &BTreeMap<Option<usize>, Level>,
    number: usize,
    strand: &Strand,
    at: usize,
    drawn: &mut BTreeSet<(Option<usize>, usize)>,
) -> Route {
    let Some(link) = problem.links.get(at) else { return Route::default() };
    let (upper, lower) = if strand.turned { (link.to, link.from) } else { (link.from, link.to) };
    let common = problem.common(link);
    // From the upper box out of its frames, then into those of the lower one.
    let out = problem.around(upper).into_iter().take_while(|frame| *frame != common);
    let mut into: Vec<Option<usize>> = problem.around(lower).into_iter().take_while(|frame| *frame != common).collect();
    into.reverse();
    let mut points: Vec<Point> = Vec::new();
    let mut arrives = false;
    for frame in out.chain([common]).chain(into) {
        let Some(level) = levels.get(&frame) else { continue };
        let corner = corner(layout, frame);
        for piece in level.way(number, problem.child(frame, upper), problem.child(frame, lower)) {
            arrives = drawn.insert((frame, *piece));
            if arrives {
                let piece = level.pieces.get(*piece).into_iter().flatten();
                points.extend(piece.map(|point| Point { x: point.x + corner.x, y: point.y + corner.y }));
            }
        }
    }
    points.dedup();
    if strand.turned {
        points.reverse();
    }
    Route { points, arrives, label: None }
}

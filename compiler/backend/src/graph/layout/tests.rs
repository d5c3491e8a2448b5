//! Layouts of every program of the repository, and of drawings that are hard to lay out.

use super::{Area, Around, Item, Layout, Link, Point, Problem, Size};
use crate::graph::{Drawing, LineKind, svg};
use flow_diagnostics::{Diagnostics, FileSet};
use std::path::PathBuf;

#[path = "../../../../../tests/src/programs.rs"]
mod programs;

/// What must hold of every layout.
fn hold(name: &str, problem: &Problem, layout: &Layout) {
    let whole = Area { size: layout.size, ..Area::default() };
    for (at, (item, area)) in problem.items.iter().zip(&layout.items).enumerate() {
        let around = item.frame.map_or(whole, |frame| layout.frames[frame]);
        assert!(within(*area, around), "{name}: box {at} leaves what is around it: {area:?} in {around:?}");
        for (other, beside) in layout.items.iter().enumerate().skip(at + 1) {
            assert!(!overlap(*area, *beside), "{name}: boxes {at} and {other} overlap: {area:?}, {beside:?}");
        }
        for (frame, beside) in layout.frames.iter().enumerate() {
            let inside = problem.around(at).contains(&Some(frame));
            assert!(inside || !overlap(*area, *beside), "{name}: box {at} and frame {frame} overlap: {area:?}, {beside:?}");
        }
    }
    for (at, (frame, area)) in problem.frames.iter().zip(&layout.frames).enumerate() {
        let around = frame.parent.map_or(whole, |parent| layout.frames[parent]);
        assert!(within(*area, around), "{name}: frame {at} leaves what is around it: {area:?} in {around:?}");
        for (other, beside) in layout.frames.iter().enumerate().filter(|(other, _)| problem.frames[*other].parent == frame.parent) {
            assert!(other == at || !overlap(*area, *beside), "{name}: frames {at} and {other} overlap");
        }
    }
    for (at, (link, route)) in problem.links.iter().zip(&layout.links).enumerate() {
        let points = &route.points;
        // A line that another has drawn already has no points of its own.
        let Some((first, last)) = points.first().zip(points.last()) else {
            assert!(shares(problem, at), "{name}: line {at} is not drawn");
            continue;
        };
        assert!(points.iter().all(|point| contains(whole, *point)), "{name}: line {at} leaves the picture: {points:?}");
        assert!(route.arrives || shares(problem, at), "{name}: line {at} does not arrive");
        if route.arrives {
            let to = layout.items[link.to];
            assert!(on_edge(to, *last), "{name}: line {at} ends at {last:?}, its box is {to:?}");
        }
        let from = layout.items[link.from];
        assert!(on_edge(from, *first) || shares(problem, at), "{name}: line {at} starts at {first:?}, its box is {from:?}");
        if link.label.is_some() && link.from != link.to {
            let labelled = layout.links.iter().zip(&problem.links).any(|(route, other)| {
                route.label.is_some() && (other.to, &other.says) == (link.to, &link.says)
            });
            assert!(labelled, "{name}: line {at} has no label");
        }
        // Boxes are never crossed: where a line goes aside, it does so between the ranks.
        for pair in points.windows(2) {
            for (other, area) in layout.items.iter().enumerate() {
                let crossed = (1..20).map(|step| along(pair[0], pair[1], f64::from(step) / 20.0)).any(|point| strictly(*area, point));
                assert!(!crossed, "{name}: line {at} crosses box {other}: {pair:?}, {area:?}");
            }
        }
        if let Some(label) = route.label {
            let size = link.label.unwrap();
            let area = Area { x: label.x - size.width / 2.0, y: label.y - size.height / 2.0, size };
            assert!(within(area, whole), "{name}: the label of line {at} leaves the picture");
            for (other, beside) in layout.items.iter().enumerate() {
                assert!(!overlap(area, *beside), "{name}: the label of line {at} is on box {other}");
            }
        }
    }
}

/// Whether another line goes to, or comes from, the same box for the same reason.
fn shares(problem: &Problem, at: usize) -> bool {
    let link = &problem.links[at];
    problem.links.iter().enumerate().any(|(other, beside)| {
        other != at && beside.kind == link.kind && beside.says == link.says && (beside.to == link.to || beside.from == link.from)
    })
}

/// A point of the curve that is drawn: upright at both ends.
fn along(from: Point, to: Point, t: f64) -> Point {
    let s = 1.0 - t;
    let middle = (from.y + to.y) / 2.0;
    let mix = |a: f64, b: f64, c: f64, d: f64| s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d;
    Point { x: mix(from.x, from.x, to.x, to.x), y: mix(from.y, middle, middle, to.y) }
}

fn overlap(a: Area, b: Area) -> bool {
    a.x < b.x + b.size.width && b.x < a.x + a.size.width && a.y < b.y + b.size.height && b.y < a.y + a.size.height
}

fn within(a: Area, b: Area) -> bool {
    a.x >= b.x && a.y >= b.y && a.x + a.size.width <= b.x + b.size.width && a.y + a.size.height <= b.y + b.size.height
}

fn contains(area: Area, point: Point) -> bool {
    (area.x..=area.x + area.size.width).contains(&point.x) && (area.y..=area.y + area.size.height).contains(&point.y)
}

fn strictly(area: Area, point: Point) -> bool {
    point.x > area.x + 0.5
        && point.x < area.x + area.size.width - 0.5
        && point.y > area.y + 0.5
        && point.y < area.y + area.size.height - 0.5
}

fn on_edge(area: Area, point: Point) -> bool {
    contains(area, point) && !strictly(area, point)
}

fn programs() -> Vec<PathBuf> {
    ["examples", "tests", "stdlib", "compiler/syntax/tests"].iter().flat_map(|folder| programs::files(folder, "flow")).collect()
}

#[test]
fn every_program_is_laid_out_without_overlaps() {
    let mut drawn = 0;
    for path in programs() {
        let name = path.display().to_string();
        let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
        let file = files.add(name.clone(), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned());
        // A program with errors has a graph too, if a thin one; the editor may draw it.
        let program = flow_analysis::check(file, &mut files, &mut diagnostics);
        let flows: Vec<_> = program.flows.iter().collect();
        let each = flows.iter().map(|flow| vec![*flow]);
        for chosen in each.chain([flows.clone()]).filter(|flows| !flows.is_empty() || !program.streams.is_empty()) {
            let streams: Vec<_> = program.streams.iter().collect();
            let drawing = Drawing::of(&program, &files, &chosen, &streams);
            let problem = svg::problem_of(&drawing);
            hold(&name, &problem, &problem.layout());
            assert_eq!(drawing.svg(), Drawing::of(&program, &files, &chosen, &streams).svg());
            drawn += 1;
        }
    }
    assert!(drawn > 100, "only {drawn} drawings");
}

/// Boxes of different sizes in frames, and lines of all kinds: numbers from a small generator, the same each time.
fn made(seed: u64) -> Problem {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let count = 2 + next(40);
    let frames = next(8);
    let mut problem = Problem::default();
    for at in 0..frames {
        let parent = (at > 0 && next(2) == 0).then(|| next(at));
        problem.frames.push(Around { title: Size { width: next(200) as f64, height: 18.0 }, parent });
    }
    for _ in 0..count {
        let size = Size { width: 40.0 + 2.0 * next(100) as f64, height: 20.0 + next(60) as f64 };
        let frame = (frames > 0 && next(2) == 0).then(|| next(frames));
        problem.items.push(Item { size, inset: 10.0, frame });
    }
    for at in 0..count + next(count) {
        let from = if at + 1 < count { at } else { next(count) };
        let to = if at + 1 < count { at + 1 } else { next(count) };
        let (kind, says) = match next(5) {
            0 => (LineKind::Catch, "catch"),
            1 => (LineKind::Data, "reads"),
            2 => (LineKind::Control, "yes"),
            _ => (LineKind::Control, ""),
        };
        let label = (kind != LineKind::Data && !says.is_empty()).then_some(Size { width: 50.0, height: 16.0 });
        problem.links.push(Link { from, to, kind, label, says: says.to_owned() });
    }
    problem
}

#[test]
fn whatever_is_laid_out_holds() {
    for seed in 1..400 {
        let problem = made(seed);
        let layout = problem.layout();
        hold(&format!("seed {seed}"), &problem, &layout);
        assert_eq!(layout, problem.layout());
    }
    hold("nothing", &Problem::default(), &Problem::default().layout());
}

#[test]
fn what_follows_stands_below_and_what_goes_back_goes_up() {
    let item = Item { size: Size { width: 60.0, height: 30.0 }, inset: 10.0, frame: None };
    let line = |from, to| Link { from, to, kind: LineKind::Control, label: None, says: String::new() };
    let problem = Problem { items: vec![item; 3], frames: Vec::new(), links: vec![line(0, 1), line(1, 2), line(2, 1)] };
    let layout = problem.layout();
    assert!(layout.items[0].y < layout.items[1].y && layout.items[1].y < layout.items[2].y, "{layout:?}");
    let back = &layout.links[2].points;
    assert!(back.first().unwrap().y > back.last().unwrap().y, "{back:?}");
    // A straight line is straight.
    assert!(layout.links[0].points.iter().all(|point| point.x == layout.links[0].points[0].x), "{layout:?}");
}

#[test]
fn catches_share_a_trunk() {
    let item = Item { size: Size { width: 60.0, height: 30.0 }, inset: 10.0, frame: None };
    let line = |from, to| Link { from, to, kind: LineKind::Control, label: None, says: String::new() };
    let catch = |from| Link {
        from,
        to: 4,
        kind: LineKind::Catch,
        label: Some(Size { width: 40.0, height: 16.0 }),
        says: "catch".to_owned(),
    };
    let links = vec![line(0, 1), line(1, 2), line(2, 3), catch(0), catch(1), catch(2)];
    let problem = Problem { items: vec![item; 5], frames: Vec::new(), links };
    let layout = problem.layout();
    hold("catches", &problem, &layout);
    let arriving = layout.links[3..].iter().filter(|route| route.arrives).count();
    let labels = layout.links[3..].iter().filter(|route| route.label.is_some()).count();
    assert_eq!((arriving, labels), (1, 1), "{layout:?}");
}

//! What each kind of box looks like.

use super::{Size, number};
use crate::graph::Shape;
use crate::graph::layout::Area;
use std::fmt::Write;

/// How far the ends of a choice stick out.
const TIP: f64 = 14.0;
/// How high half of a table's rim is.
const RIM: f64 = 5.0;

/// Its class.
pub(super) fn kind(shape: Shape) -> &'static str {
    match shape {
        Shape::Start => "start",
        Shape::End => "end",
        Shape::Fail => "fail",
        Shape::Step => "step",
        Shape::Choice => "choice",
        Shape::Split => "split",
        Shape::Join => "join",
        Shape::Poll => "poll",
        Shape::Wait => "wait",
        Shape::Table => "table",
    }
}

/// Around a text; and how far from the corners the upper and the lower edge are, where lines touch it.
pub(super) fn size(shape: Shape, text: Size) -> (Size, f64) {
    // Even, so that the middle is a whole number.
    let even = |width: f64| (width / 2.0).ceil() * 2.0;
    let (wide, high) = match shape {
        Shape::Step | Shape::Fail | Shape::Wait => (24.0, 14.0),
        Shape::Start | Shape::End => (32.0, 12.0),
        Shape::Choice | Shape::Poll | Shape::Split | Shape::Join => (24.0 + 2.0 * TIP, 12.0),
        Shape::Table => (32.0, 14.0 + 2.0 * RIM),
    };
    let size = Size { width: even((text.width + wide).max(64.0)), height: text.height + high };
    let inset = match shape {
        Shape::Step | Shape::Fail => 10.0,
        Shape::Wait => 14.0,
        Shape::Start | Shape::End => (size.height / 2.0).min(size.width / 2.0 - 8.0),
        Shape::Choice | Shape::Poll | Shape::Split | Shape::Join => TIP + 4.0,
        // Further out a rim is visibly lower than the edge.
        Shape::Table => size.width / 4.0,
    };
    (size, inset)
}

pub(super) fn outline(shape: Shape, area: Area, out: &mut String) {
    let Area { x, y, size: Size { width, height } } = area;
    let (right, bottom, middle) = (x + width, y + height, y + height / 2.0);
    let mut polygon = |points: &[(f64, f64)]| {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        let _ = writeln!(out, "<polygon class=\"outline\" points=\"{}\"/>", points.join(" "));
    };
    match shape {
        Shape::Choice | Shape::Poll => polygon(&[
            (x, middle), (x + TIP, y), (right - TIP, y), (right, middle), (right - TIP, bottom), (x + TIP, bottom),
        ]),
        Shape::Split => polygon(&[(x + TIP, y), (right - TIP, y), (right, bottom), (x, bottom)]),
        Shape::Join => polygon(&[(x, y), (right, y), (right - TIP, bottom), (x + TIP, bottom)]),
        Shape::Table => {
            let (left, wide) = (number(x), number(width / 2.0));
            let (top, low) = (number(y + RIM), number(bottom - RIM));
            let rim = format!("a{wide} {RIM} 0 0");
            let _ = writeln!(
                out,
                "<path class=\"outline\" d=\"M{left} {top}{rim} 1 {0} 0V{low}{rim} 1 -{0} 0Z\"/>\
                 <path class=\"rim\" d=\"M{left} {top}{rim} 0 {0} 0\"/>",
                number(width)
            );
        }
        Shape::Step | Shape::Fail | Shape::Wait | Shape::Start | Shape::End => {
            let radius = match shape {
                Shape::Start | Shape::End => height / 2.0,
                Shape::Wait => 12.0,
                _ => 5.0,
            };
            let _ = writeln!(
                out,
                "<rect class=\"outline\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
                number(x), number(y), number(width), number(height), number(radius)
            );
        }
    }
}

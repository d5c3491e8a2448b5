//! Versions of Terraform and of its AWS provider: what the emitted files need, and constraints as Terraform writes them
//! (<https://developer.hashicorp.com/terraform/language/expressions/version-constraints>, checked 2026-09).
//!
//! ```
//! use flow_analysis::limits::versions::{AWS, Range};
//! let range = |text: &str| Range::of(text).unwrap();
//! assert!(range(AWS).and(&range("~> 6.0")).is_empty());
//! assert!(range("~> 5.80, != 5.81.0").is_within(&range(AWS)));
//! assert!(Range::of("five").is_none());
//! ```

/// `strcontains` came with Terraform 1.5; nothing later is used.
pub const TERRAFORM: &str = ">= 1.5";

/// The first version whose Lambda functions, schedules and state machines have every argument that is used here; the next
/// major version renames attributes.
pub const AWS: &str = "~> 5.60";

/// The parts of a version.
type Version = [u64; 3];

/// The versions that a constraint lets through, but for single ones that it leaves out (`!=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    from: Version,
    /// The first that is too late; `None` for no end.
    until: Option<Version>,
}

impl Range {
    /// Of a constraint: comparisons parted by commas. `None` where it is none.
    pub fn of(text: &str) -> Option<Range> {
        let mut range = Range { from: [0; 3], until: None };
        for part in text.split(',') {
            range = range.and(&comparison(part.trim())?);
        }
        Some(range)
    }

    /// What both let through.
    #[must_use]
    pub fn and(&self, other: &Range) -> Range {
        let until = match (self.until, other.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Range { from: self.from.max(other.from), until }
    }

    /// Whether nothing is let through.
    pub fn is_empty(&self) -> bool {
        self.until.is_some_and(|until| until <= self.from)
    }

    /// Whether all that is let through is let through by another.
    pub fn is_within(&self, other: &Range) -> bool {
        self.and(other) == *self
    }
}

fn comparison(text: &str) -> Option<Range> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (operator, version) = text.split_at(digits);
    let all = Range { from: [0; 3], until: None };
    let written: Vec<u64> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let mut exact: Version = [0; 3];
    if written.len() > exact.len() {
        return None;
    }
    for (slot, part) in exact.iter_mut().zip(&written) {
        *slot = *part;
    }
    let [major, minor, patch] = exact;
    let next = [major, minor, patch.saturating_add(1)];
    Some(match operator.trim() {
        "" | "=" => Range { from: exact, until: Some(next) },
        "!=" => all,
        ">" => Range { from: next, ..all },
        ">=" => Range { from: exact, ..all },
        "<" => Range { until: Some(exact), ..all },
        "<=" => Range { until: Some(next), ..all },
        // The last part that is written may rise.
        "~>" => {
            let until = match written.len() {
                3 => [major, minor.saturating_add(1), 0],
                _ => [major.saturating_add(1), 0, 0],
            };
            Range { from: exact, until: Some(until) }
        }
        _ => return None,
    })
}

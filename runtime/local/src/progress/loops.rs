//! Loops, lanes and waits: how many iterations are over, which look of a `poll` it is, for how long nothing happens.

use super::Progress;
use super::entries::Entry;
use crate::screen::{Tone, paint};
use crate::words;

/// Iterations that went well are told one by one in a loop of so many.
const FEW: u64 = 10;

impl Progress {
    /// `look 3 of 40`, where the entry is one of several.
    pub(super) fn round(&self, entry: &Entry) -> String {
        let most = self.setting.shape.looks.get(&entry.state);
        match (most, entry.round) {
            (Some(Some(most)), round) => format!("look {} of {}", words::number(round), words::number(*most)),
            (Some(None), round) => format!("look {}", words::number(round)),
            (None, 0 | 1) => String::new(),
            (None, round) => format!("time {}", words::number(round)),
        }
    }

    /// Whether an entry that goes well is told only by the loop that it is in.
    pub(super) fn many(&self, root: u64) -> bool {
        let items = self.entries.map(root).and_then(|map| self.entries.get(map)).and_then(|map| map.items);
        items.is_some_and(|items| items > FEW)
    }

    /// A Wait begins.
    pub(super) fn waits(&mut self, root: u64, entry: &Entry) {
        let time = self.setting.shape.waits.get(&entry.state).cloned();
        let text = time.map_or_else(|| "waits".to_owned(), |time| format!("waits {time}"));
        if self.screen.is_live() {
            self.busy(root, &text);
        } else if !self.setting.shape.pauses.contains(&entry.state) && !self.many(root) {
            let place = self.place(&entry.state);
            self.line(Tone::Dim, "…", &entry.label(), &text, &place);
        }
    }

    /// Branches or iterations begin.
    pub(super) fn begins(&mut self, root: u64) {
        let Some(entry) = self.entries.get(root) else { return };
        let branches = self.setting.shape.branches.get(&entry.state);
        let text = match (entry.items, branches) {
            (Some(items), _) => words::count(items, "iteration"),
            (None, Some(branches)) => words::count(*branches, "branch").replace("branchs", "branches"),
            (None, None) => return,
        };
        let (label, place) = (entry.label(), self.place(&entry.state));
        if self.screen.is_live() {
            let place = paint(self.screen.color, Tone::Dim, place.trim());
            self.busy(root, &format!("{text}  {place}"));
        } else if !self.many(root) {
            self.line(Tone::Dim, "▸", &label, &text, &place);
        }
    }

    /// `120 of 1,000 iterations, 2 failed`.
    pub(super) fn counted(entry: &Entry) -> String {
        let over = entry.done + entry.failed;
        let of = match entry.items {
            Some(items) => format!("{} of {}", words::number(over), words::count(items, "iteration")),
            None => words::count(over, "iteration"),
        };
        let failed = if entry.failed > 0 { format!(", {} failed", words::number(entry.failed)) } else { String::new() };
        format!("{of}{failed}")
    }

    /// An iteration begins or ends.
    pub(super) fn iterates(&mut self, root: u64, ended: bool) {
        let Some(entry) = self.entries.get(root) else { return };
        let (text, label) = (Self::counted(entry), entry.label());
        let over = entry.done + entry.failed;
        let at_work = entry.begun.saturating_sub(over);
        if self.screen.is_live() {
            let at_work = if at_work > 0 { format!(", {} at work", words::number(at_work)) } else { String::new() };
            return self.busy(root, &format!("{text}{at_work}"));
        }
        // A line for each tenth; the last one is that of the whole.
        let items = entry.items.unwrap_or_default();
        let tenth = |over: u64| over.saturating_mul(10) / items.max(1);
        let next = tenth(over) > tenth(over.saturating_sub(1));
        if ended && items > FEW && over < items && next && !self.many(root) {
            self.line(Tone::Dim, "…", &label, &text, "");
        }
    }
}

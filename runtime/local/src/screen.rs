//! Where progress is shown: on a terminal with a live line for what runs, elsewhere as plain lines.

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// It did not.
    Bad,
    /// Worth a look.
    Notice,
    /// Beside the matter.
    Dim,
    /// A name.
    Strong,
}

/// `text` in a tone, or as it is.
pub fn paint(color: bool, tone: Tone, text: &str) -> String {
    if !color || text.is_empty() {
        return text.to_owned();
    }
    let style = match tone {
        Tone::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Tone::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        Tone::Notice => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Tone::Dim => Style::new().dimmed(),
        Tone::Strong => Style::new().bold(),
    };
    format!("{style}{text}{style:#}")
}

/// Standard error, or a list of lines in tests.
#[derive(Debug)]
pub struct Screen {
    /// Whether lines are coloured.
    pub color: bool,
    /// Shows nothing for now.
    pub quiet: bool,
    live: Option<MultiProgress>,
    spinners: BTreeMap<String, ProgressBar>,
    /// What is at work, in the order of the lines that have one thing around them: its key, and that of what is around it.
    order: Vec<(String, Option<String>)>,
    /// Takes the lines instead of standard error.
    captured: Option<Vec<String>>,
    /// Whether live lines are taken too.
    captures_live: bool,
}

impl Screen {
    /// Standard error; with live lines where it is a terminal.
    pub fn stderr(color: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let live = (std::io::stderr().is_terminal() && !dumb)
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Screen { color, quiet: false, live, spinners: BTreeMap::new(), order: Vec::new(), captured: None, captures_live: false }
    }

    /// Keeps lines in memory; as on a terminal, or plain ones.
    #[cfg(test)]
    pub fn captured(live: bool) -> Self {
        Screen { color: false, quiet: false, live: None, spinners: BTreeMap::new(), order: Vec::new(), captured: Some(Vec::new()), captures_live: live }
    }

    /// What was kept.
    #[cfg(test)]
    pub fn lines(&self) -> String {
        self.captured.as_deref().unwrap_or_default().join("\n")
    }

    /// Whether what runs has a live line.
    pub fn is_live(&self) -> bool {
        self.live.is_some() || self.captures_live
    }

    /// Prints a line above those that are live.
    pub fn line(&mut self, text: &str) {
        if self.quiet {
            return;
        }
        if let Some(lines) = &mut self.captured {
            lines.push(text.trim_end().to_owned());
            return;
        }
        let print = || {
            let mut out = std::io::stderr().lock();
            let _closed = writeln!(out, "{text}").and_then(|()| out.flush());
        };
        match &self.live {
            Some(live) => live.suspend(print),
            None => print(),
        }
    }

    /// Shows that something runs, until [`Screen::done`].
    pub fn busy(&mut self, key: &str, text: &str) {
        self.busy_within(key, None, usize::MAX, text);
    }

    /// Shows that something runs, until [`Screen::done`], below what it is `within`. Of more than `most` things the last are
    /// not shown.
    pub fn busy_within(&mut self, key: &str, within: Option<&str>, most: usize, text: &str) {
        if self.quiet {
            return;
        }
        if let Some(lines) = self.captured.as_mut().filter(|_| self.captures_live) {
            lines.push(format!("~ {text}"));
            return;
        }
        let Some(live) = self.live.as_ref() else { return };
        if self.spinners.len() >= most && !self.spinners.contains_key(key) {
            return;
        }
        // Below the last of its like.
        let last = self.order.iter().rev().find(|(_, other)| within.is_some() && other.as_deref() == within);
        let above = last.map(|(key, _)| key.as_str()).or(within).and_then(|key| self.spinners.get(key)).cloned();
        if !self.spinners.contains_key(key) {
            self.order.push((key.to_owned(), within.map(str::to_owned)));
        }
        let tone = if self.color { "{spinner:.cyan}" } else { "{spinner}" };
        let spinner = self.spinners.entry(key.to_owned()).or_insert_with(|| {
            let spinner = match above {
                Some(above) => live.insert_after(&above, ProgressBar::new_spinner()),
                None => live.add(ProgressBar::new_spinner()),
            };
            if let Ok(style) = ProgressStyle::with_template(&format!("{tone} {{msg}}  {{elapsed}}")) {
                spinner.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
            }
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        spinner.set_message(text.to_owned());
    }

    /// It runs no longer.
    pub fn done(&mut self, key: &str) {
        if let Some(spinner) = self.spinners.remove(key) {
            spinner.finish_and_clear();
            self.order.retain(|(other, _)| other != key);
        }
    }

    /// Nothing runs any longer.
    pub fn all_done(&mut self) {
        self.order.clear();
        for (_, spinner) in std::mem::take(&mut self.spinners) {
            spinner.finish_and_clear();
        }
    }
}

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
    /// Takes the lines instead of standard error.
    captured: Option<Vec<String>>,
}

impl Screen {
    /// Standard error; with live lines where it is a terminal.
    pub fn stderr(color: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let live = (std::io::stderr().is_terminal() && !dumb)
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Screen { color, quiet: false, live, spinners: BTreeMap::new(), captured: None }
    }

    /// Keeps plain lines in memory.
    #[cfg(test)]
    pub fn captured() -> Self {
        Screen { color: false, quiet: false, live: None, spinners: BTreeMap::new(), captured: Some(Vec::new()) }
    }

    /// What was kept.
    #[cfg(test)]
    pub fn lines(&self) -> String {
        self.captured.as_deref().unwrap_or_default().join("\n")
    }

    /// Whether what runs has a live line.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
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
        let Some(live) = self.live.as_ref().filter(|_| !self.quiet) else { return };
        let tone = if self.color { "{spinner:.cyan}" } else { "{spinner}" };
        let spinner = self.spinners.entry(key.to_owned()).or_insert_with(|| {
            let spinner = live.add(ProgressBar::new_spinner());
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
        }
    }

    /// Nothing runs any longer.
    pub fn all_done(&mut self) {
        for (_, spinner) in std::mem::take(&mut self.spinners) {
            spinner.finish_and_clear();
        }
    }
}

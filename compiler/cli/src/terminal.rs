//! Where the commands print, and whether in colour.

use crate::command_error::CommandError;
use anstyle::Style;
use clap::ValueEnum;
use flow_diagnostics::render::{self, ColorChoice};
use flow_diagnostics::{Diagnostics, FileSet};
use std::io::{IsTerminal, Write};

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Where the output is a terminal and `NO_COLOR` is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The standard streams.
pub struct Terminal {
    /// Whether standard output is coloured.
    pub color_out: bool,
    /// Whether standard error is coloured.
    pub color_err: bool,
}

impl Terminal {
    /// Decides on colour for both streams.
    pub fn new(choice: Color) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let decide = |is_terminal: bool| match choice {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !plain,
        };
        Terminal {
            color_out: decide(std::io::stdout().is_terminal()),
            color_err: decide(std::io::stderr().is_terminal()),
        }
    }

    /// Prints to standard output; a closed pipe is no error.
    pub fn print(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Prints the messages of a compilation to standard error.
    pub fn diagnostics(&self, files: &FileSet, diagnostics: &Diagnostics) {
        let color = if self.color_err { ColorChoice::Always } else { ColorChoice::Never };
        self.eprint(&render::human(files, diagnostics, color));
    }

    /// Prints to standard error.
    pub fn eprint(&self, text: &str) {
        let mut out = std::io::stderr().lock();
        let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Prints what is beside the matter to standard error.
    pub fn aside(&self, text: &str) {
        let style = if self.color_err { Style::new().dimmed() } else { Style::new() };
        let line = text.trim_end_matches('\n');
        self.eprint(&format!("{style}{line}{style:#}{}", text.get(line.len()..).unwrap_or_default()));
    }

    /// Begins anew: on a terminal with an empty screen, elsewhere below a line.
    pub fn separate(&self, head: &str) {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let text = if std::io::stderr().is_terminal() && std::io::stdout().is_terminal() && !dumb {
            format!("\x1b[2J\x1b[H{head}\n\n")
        } else {
            format!("\n── {head}\n\n")
        };
        self.eprint(&text);
    }

    /// Prints an error of the command itself, with its causes and help.
    pub fn error(&self, error: CommandError) {
        let theme = if self.color_err {
            miette::GraphicalTheme::unicode()
        } else {
            miette::GraphicalTheme::unicode_nocolor()
        };
        // Not wrapped: what is to be copied (a path, a command) stays whole.
        let handler = miette::GraphicalReportHandler::new_themed(theme).with_wrap_lines(false).with_links(false);
        let mut text = String::new();
        match handler.render_report(&mut text, &error) {
            Ok(()) => self.eprint(&text),
            Err(_) => self.eprint(&format!("error: {error}\n")),
        }
    }
}

//! How strict a check is, which is the user's to say: `@allow(CODE, "reason")` before an item keeps a warning from being
//! raised in it, and the `[severity]` of a `flowc.toml` turns the warnings of a code into errors, or off.
//!
//! Only rules that can be wrong can be told so: those whose code is a warning. An error is a fact; no setting changes it.
//!
//! ```flow
//! @allow(FLOW0801, "read by the analysts, by hand")
//! sink archive: Table<Visit> = s3.table { … }
//! ```

mod allows;
mod levels;

pub use levels::{Level, Levels};

use allows::Allow;
use flow_diagnostics::{Code, Diagnostic, Diagnostics, Severity, Span, codes};
use flow_syntax::ast::{Attribute, Module};

/// Applies the `@allow`s of the user's modules, then the levels. `@allow`s that kept nothing back are reported, but not
/// while there are errors: rules that were not asked have raised nothing.
pub(crate) fn settle<'a>(modules: impl IntoIterator<Item = &'a Module>, levels: &Levels, diagnostics: &mut Diagnostics) {
    let whole = !diagnostics.has_errors();
    let mut allows: Vec<Allow<'a>> = Vec::new();
    for item in modules.into_iter().flat_map(|module| &module.items) {
        for attribute in item.attributes.iter().filter(|attribute| attribute.name.text == allows::NAME) {
            allows.extend(allows::read(attribute, item, diagnostics));
        }
    }
    keep_back(&mut allows, diagnostics);
    if whole {
        let unused: Vec<Diagnostic> =
            allows.iter().filter(|allow| !allow.used && levels.of(allow.code) != Some(Level::Off)).map(Allow::unused).collect();
        unused.into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
        // The report of an unused one may itself be allowed.
        keep_back(&mut allows, diagnostics);
    }
    diagnostics.retain_mut(|diagnostic| match levels.of(diagnostic.code) {
        Some(Level::Off) => false,
        Some(Level::Error) if diagnostic.severity == Severity::Warning => {
            diagnostic.severity = Severity::Error;
            diagnostic.notes.push("a warning by itself; the project's `flowc.toml` makes it an error".to_owned());
            true
        }
        Some(Level::Error | Level::Warn) | None => true,
    });
}

/// Removes the messages that an `@allow` covers.
fn keep_back(allows: &mut [Allow<'_>], diagnostics: &mut Diagnostics) {
    diagnostics.retain_mut(|diagnostic| match allows.iter_mut().find(|allow| allow.covers(diagnostic)) {
        Some(allow) => {
            allow.used = true;
            false
        }
        None => true,
    });
}

/// What is wrong with the name of an item's attribute, if anything.
pub(crate) fn unknown_attribute(attribute: &Attribute) -> Option<Diagnostic> {
    let name = &attribute.name;
    if name.text == allows::NAME {
        return None;
    }
    let diagnostic = Diagnostic::new(codes::UNKNOWN_SETTING, format!("there is no attribute `@{}` of items", name.text))
        .primary(name.span, "");
    Some(match name.text.as_str() {
        "hides" => {
            diagnostic.help("`@hides` stands above a function with `lower`, whose result hides what its argument tells")
        }
        "tag" => diagnostic.help("`@tag(kind)` stands above a `type` whose cases are records"),
        "key" | "pii" => diagnostic.help(format!("`@{}` stands behind the type of a schema's field", name.text)),
        text => match crate::suggest::nearest(text, [allows::NAME, "tag"]) {
            Some(near) => diagnostic
                .help(format!("did you mean `@{near}`?"))
                .fix(format!("write `@{near}`"), name.span, near),
            None => diagnostic.help("items have `@allow(CODE, \"reason\")`, which keeps a warning back"),
        },
    })
}

/// The code that somebody who wrote `written` meant: the same one in another form (`flow801`), or a warning that is one
/// slip away.
fn code_meant(written: &str) -> Option<Code> {
    let slip = |code: &&Code| {
        let text = code.to_string();
        code.severity == Severity::Warning && strsim::damerau_levenshtein(&text, &written.to_ascii_uppercase()) == 1
    };
    Code::parse(written).or_else(|| codes::ALL.iter().find(slip).copied())
}

/// The message about a code that there is not, named in an `@allow` or in the settings.
fn unknown_code(code: Code, written: &str, at: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(code, format!("there is no code `{written}`")).primary(at, "");
    match code_meant(written) {
        Some(meant) => diagnostic
            .help(format!("did you mean `{meant}`, {}?", meant.title))
            .fix(format!("write `{meant}`"), at, meant.to_string()),
        None => diagnostic.help("name the code of a warning, which a message shows in brackets: `warning[FLOW0801]`"),
    }
}

#[cfg(test)]
mod tests;

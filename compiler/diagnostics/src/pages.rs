//! The page of each code, as `flowc explain CODE` shows it: `pages/FLOW0301.md` and its like, in the binary.
//!
//! A page has a title and the parts What, Why, Fails and Fixed, the last two with a program each. Tests run the
//! programs; the tests here hold pages and registry one to one.

use crate::Code;
use include_dir::{include_dir, Dir};

static PAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/pages");

/// The page of a code, Markdown.
pub fn page(code: Code) -> Option<&'static str> {
    PAGES.get_file(format!("{code}.md"))?.contents_utf8()
}

/// The files that a part of a page shows beside its program: names and texts of the blocks that begin with
/// ```` ```json NAME ````.
pub fn files(part: &str) -> impl Iterator<Item = (&str, &str)> {
    part.split("```json ").skip(1).filter_map(|block| {
        let (name, text) = block.split_once('\n')?;
        Some((name.trim(), text.split("```").next()?))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::codes;

    #[test]
    fn every_code_has_a_page_of_the_layout() {
        let mut wrong = Vec::new();
        for code in codes::ALL {
            let Some(page) = page(*code) else {
                wrong.push(format!("{code}: no page"));
                continue;
            };
            let title = page.lines().next().unwrap_or("");
            if title != format!("# {code}: {}", code.title) {
                wrong.push(format!("{code}: the title is `{title}`, the registry says `{}`", code.title));
            }
            let heads: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
            if heads != ["## What", "## Why", "## Fails", "## Fixed"] {
                wrong.push(format!("{code}: its parts are {heads:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_page_has_a_code() {
        for file in PAGES.files() {
            let name = file.path().file_stem().unwrap().to_str().unwrap();
            let code = Code::parse(name).map(|code| code.to_string());
            assert_eq!(code.as_deref(), Some(name), "a page without a code");
        }
    }

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(codes::ALL.windows(2).all(|pair| matches!(pair, [a, b] if a.number < b.number)));
    }
}

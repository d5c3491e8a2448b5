//! The words of the language by their place: for messages, and for what completes or colours text. Keywords are
//! contextual, so a word is one only where its list may stand; only [`RESERVED`] words cannot name a value.

/// Words that begin an item.
pub const ITEMS: &[&str] = &[
    "use", "project", "env", "param", "secret", "output", "schema", "type", "source", "sink", "resource",
    "transform", "task", "construct", "retry", "schedule", "fn", "flow", "stream", "test",
];

/// Words that begin a statement of a flow.
pub const STATEMENTS: &[&str] = &[
    "step", "let", "if", "match", "parallel", "for", "poll", "try", "call", "await", "fail", "return", "continue",
    "wait", "on",
];

/// Words that begin a statement of a stream.
pub const STREAM_STATEMENTS: &[&str] = &["run", "each", "idempotent"];

/// Words that begin a statement of a test.
pub const TEST_STATEMENTS: &[&str] = &["given", "let", "mock", "run", "expect"];

/// The words that begin a statement of an item; `None` if it holds no statements.
pub fn statements(item: &str) -> Option<&'static [&'static str]> {
    match item {
        "flow" | "task" => Some(STATEMENTS),
        "stream" => Some(STREAM_STATEMENTS),
        "test" => Some(TEST_STATEMENTS),
        _ => None,
    }
}

/// Words that begin an operator of a transform.
pub const OPERATORS: &[&str] = &[
    "from", "where", "derive", "select", "drop", "rename", "join", "union", "explode", "window", "group", "sort",
    "take", "distinct", "check",
];

/// Words before `join`.
pub const JOIN_KINDS: &[&str] = &["inner", "left", "right", "full", "semi", "anti", "cross"];

/// Words inside statements, items and operators.
pub const CLAUSES: &[&str] = &[
    "existing", "when", "lower", "const", "deploy", "run", "row", "for", "in", "from", "as", "by", "order", "asc", "desc",
    "using", "on", "all", "outer", "into", "append", "to", "key", "at_least_once", "failure", "else", "catch",
    "branch", "every", "after", "max", "up", "until", "on_error", "retry", "then", "each", "send", "raises",
    "times", "ran", "failed", "redact",
];

/// Words that cannot be the name of a value.
pub const RESERVED: &[&str] =
    &["true", "false", "none", "not", "and", "or", "if", "else", "match", "in", "matches", "between"];

/// Operators that are words.
pub const WORD_OPERATORS: &[&str] = &["and", "or", "not", "in", "matches", "between"];

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word of the grammar is in a list, and every word of a list in the grammar.
    #[test]
    fn the_lists_are_the_grammar() {
        let grammar = include_str!("../../../grammar/flow.pest");
        let mut words: Vec<&str> = Vec::new();
        for line in grammar.lines().filter(|line| !line.trim_start().starts_with("//")) {
            if !line.contains("!name_char") && !line.trim_start().starts_with("(\"") {
                continue;
            }
            words.extend(line.split('"').skip(1).step_by(2).filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
        }
        words.sort_unstable();
        words.dedup();
        let lists =
            [ITEMS, STATEMENTS, STREAM_STATEMENTS, TEST_STATEMENTS, OPERATORS, JOIN_KINDS, CLAUSES, RESERVED, WORD_OPERATORS];
        let mut listed: Vec<&str> = lists.iter().flat_map(|list| list.iter().copied()).collect();
        listed.sort_unstable();
        listed.dedup();
        // A unit, a mark of the exponent.
        words.retain(|word| !matches!(*word, "e" | "d" | "t" | "r" | ""));
        assert_eq!(words, listed);
    }
}

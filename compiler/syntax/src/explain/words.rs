//! Words of the language, words of other languages, and how rules are called in messages.

use crate::grammar::Rule;
pub(super) use crate::words::*;

/// The most similar word, if it is close enough to be a slip of the fingers.
pub(super) fn similar(word: &str, list: &[&'static str]) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    let most = match lower.len() {
        0 | 1 => return None,
        2 | 3 => 1,
        _ => 2,
    };
    list.iter()
        .map(|known| (strsim::damerau_levenshtein(&lower, known), *known))
        .filter(|(distance, known)| *distance <= most && *distance < known.len().max(2) - 1)
        .min()
        .map(|(_, known)| known)
}

/// What an item of another language is here.
pub(super) fn item_of_other_language(word: &str) -> Option<&'static str> {
    Some(match word {
        "import" | "include" | "require" => "bring names in with `use std.aws.{s3}` or `use \"./shared.flow\"`",
        "function" | "def" | "func" | "fun" => "a function is `fn name(x: Int) -> Int = …`",
        "variable" | "var" | "input" => "an input of the deployment is `param name: String`",
        "const" | "val" | "locals" => "name a value with `fn name() -> Int = …`, or inside a flow with `let`",
        "struct" | "class" | "record" | "model" | "interface" | "message" => {
            "the shape of a table's rows is `schema Name { field: Type }`; of another value, `type Name = { … }`"
        }
        "enum" => "a choice of texts is `type Name = \"a\" | \"b\"`",
        "table" | "dataset" => "a table that is read is a `source`, one that is written a `sink`",
        "pipeline" | "workflow" | "job" | "dag" | "state_machine" => "steps in order are `flow name() { … }`",
        "module" | "package" => "a file is a module; `project name { … }` names the whole",
        _ => return None,
    })
}

/// What a statement of another language is here.
pub(super) fn statement_of_other_language(word: &str) -> Option<&'static str> {
    Some(match word {
        "switch" | "case" | "choice" => "choose among values with `match x { \"a\" -> { … }, else -> { … } }`",
        "while" | "loop" | "repeat" | "do" => {
            "look again and again with `poll every 30s max 20 { … } until CONDITION`"
        }
        "foreach" | "each" | "map" => "go through a list with `for x in xs max 10 { … }`",
        "sleep" | "pause" | "delay" => "wait with `wait 5m`, or `wait until TIME`",
        "throw" | "raise" | "error" | "abort" => "fail with `fail Name(\"cause\")`",
        "var" | "const" | "set" | "val" => "name a value with `let x = …`",
        "elif" | "elsif" | "elseif" => "write `else if` right after the `}`",
        "finally" => "write the statements after the `try`, and in each `catch`",
        "except" | "rescue" => "catch with `catch Name as error { … }`",
        "break" => "`poll` ends with its `until`, an iteration with `return`",
        "exit" | "succeed" | "pass" => "end the flow with `return`",
        "task" | "state" | "action" => "a step calls a task: `step NAME = task(…)`",
        "start" | "invoke" | "execute" | "trigger" => "a task is called by `step NAME = task(…)`, a flow by `call flow(…)`",
        "concurrently" | "concurrent" | "fork" => "write `parallel { branch a { … } branch b { … } }`",
        "assert" | "then" | "should" => "say what a test expects with `expect CONDITION`",
        _ => return None,
    })
}

/// What an operator of another language is here.
pub(super) fn operator_of_other_language(word: &str) -> Option<&'static str> {
    Some(match word {
        "filter" | "having" => "rows are kept with `where CONDITION`",
        "order" | "order_by" | "orderby" => "rows are sorted with `sort a, b desc`",
        "limit" | "head" | "top" => "the first rows are `take 10`",
        "append" | "concat" => "rows of another table are added with `union all other`",
        "unnest" | "flatten" | "unwind" => "a row per element is made with `explode list`",
        "inner" | "outer" | "left" | "right" => "tables are joined with `left join other on CONDITION`",
        "except" | "minus" | "intersect" => "rows are matched with `anti join other using (id)`, or `semi join`",
        "unique" | "dedupe" => "each row once is `distinct`",
        "map" | "mutate" | "with" | "let" | "extend" => "columns are added with `derive name = EXPRESSION`",
        "aggregate" | "summarize" | "summarise" => "rows are aggregated with `group key { name = count() }`",
        _ => return None,
    })
}

pub(super) fn items_note() -> String {
    format!("the items are {}", listed(ITEMS))
}

/// The statements that an item holds, and what it is called; `None` if it holds none.
pub(super) fn statements_of(item: &str) -> Option<(&'static [&'static str], &'static str)> {
    let owner = ["flow", "stream", "test"].into_iter().find(|owner| *owner == item)?;
    Some((crate::words::statements(item)?, owner))
}

pub(super) fn statements_note(list: &[&str], owner: &str) -> String {
    format!("the statements of a {owner} are {}; its settings are `name = value`", listed(list))
}

pub(super) fn operators_note() -> String {
    format!("the operators are {}", listed(OPERATORS))
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    either(&quoted, "and")
}

/// `a`, `b` or `c`.
fn either(words: &[String], joint: &str) -> String {
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {joint} {last}", rest.join(", ")),
    }
}

/// The words that a rule begins with, of those that stand inside statements.
pub(super) fn keywords(rule: Rule) -> &'static [&'static str] {
    use Rule::*;
    match rule {
        k_join | join_operator => &["join"],
        join_kind => JOIN_KINDS,
        join_on => &["on"],
        k_using | join_using => &["using"],
        k_every => &["every"],
        poll_after => &["after"],
        k_max => &["max"],
        k_until => &["until"],
        k_up => &["up"],
        k_to => &["to"],
        k_key | key => &["key"],
        k_into | into => &["into"],
        k_append | append => &["append"],
        at_least_once => &["at_least_once"],
        k_branch | branch => &["branch"],
        k_catch | catch => &["catch"],
        k_else => &["else"],
        k_from => &["from"],
        k_then => &["then"],
        k_send => &["send"],
        k_raises | raises => &["raises"],
        k_times | times => &["times"],
        k_as | binding => &["as"],
        k_by | by => &["by"],
        k_order | order => &["order"],
        k_lower => &["lower"],
        k_when | when_clause => &["when"],
        k_existing => &["existing"],
        k_check | check => &["check"],
        k_redact | redaction => &["redact"],
        _ => &[],
    }
}

/// The expected rules in the user's words: "a name or `{`". Nothing if they say too little or too much.
pub(super) fn expected(rules: &[Rule]) -> String {
    let mut phrases: Vec<String> = Vec::new();
    for rule in rules {
        if let Some(phrase) = phrase(*rule)
            && !phrases.contains(&phrase)
        {
            phrases.push(phrase);
        }
    }
    // An operator may follow any value: it says nothing where something else is expected.
    if phrases.len() > 1 {
        phrases.retain(|phrase| phrase != "an operator");
    }
    if phrases.len() > 5 { String::new() } else { either(&phrases, "or") }
}

/// A rule in the user's words; `None` for what goes without saying.
fn phrase(rule: Rule) -> Option<String> {
    use Rule::*;
    let words = match rule {
        name => "a name",
        path => "a name",
        assign => "`=`",
        colon => "`:`",
        arrow => "`->`",
        open => "`{`",
        close => "`}`",
        params => "parameters in `( )`",
        param => "a parameter",
        arguments | type_numbers => return None,
        type_expr | type_term | named_type | list_type | record_type => "a type",
        optional | type_arguments | attribute => return None,
        block => "a block `{ … }`",
        fields | column_block | resource_body => "a block `{ … }`",
        field => "`name = value`",
        column | new_column => "a column",
        partition => "a partition such as `dt = run_date`",
        partitions => "partitions in `[ ]`",
        index => return None,
        resource_each => "`for x in LIST`",
        record_entry | record_field | schema_field => "a field",
        item | lone_item => "an item",
        statement => "a statement",
        use_names => "names in `{ }`",
        EOI => "the end of the item",
        expr | free_expr | subject | bound | argument | variable | number | text | raw_text | date | timestamp | list
        | record | group_expr | if_expr | true_ | false_ | none | negate | not => "a value",
        coalesce | or | and | equal | not_equal | less | less_equal | greater | greater_equal | matches | is_in
        | add | subtract | multiply | divide | modulo | k_between | field_access | optional_access | between => {
            "an operator"
        }
        k_into => "`into`",
        k_to => "`to`",
        k_from => "`from`",
        open_list => "`(`",
        k_as | binding => "`as`",
        k_lower => "`lower`",
        k_catch | catch => "`catch`",
        k_else => "`else`",
        k_by | by => "`by`",
        k_order | order => "`order`",
        k_existing => "`existing`",
        k_branch | branch => "`branch`",
        k_every => "`every`",
        poll_after => "`after`",
        k_join => "`join`",
        k_send => "`send`",
        k_raises | raises => "`raises`",
        match_arm | match_value => "an arm `PATTERN -> …`",
        pattern | literal_choice | else_pattern => "a pattern",
        _ => return None,
    };
    Some(words.to_owned())
}

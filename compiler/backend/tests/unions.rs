//! Tagged unions in flows: what a `match` on them does when it runs, and which inputs are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(dead_code, reason = "shared with other tests")]
mod support;

use flow_asl::driver::Mock;
use serde_json::{Value as Json, json};
use support::{end, machine, run};

fn handled(input: Json) -> Json {
    end(&run(&machine("events", "handle"), input, &mut Mock::new()))
}

#[test]
fn a_match_takes_the_case_that_the_tag_says() {
    let created = |amount: f64| json!({ "kind": "Created", "id": "a", "amount": amount, "lines": ["x"] });
    assert_eq!(handled(json!({ "event": created(250.0) })), json!("large a of 250, none"));
    assert_eq!(handled(json!({ "event": created(5.0) })), json!("Created: a of 5, none"));
    let deleted = json!({ "kind": "Deleted", "id": "b", "at": "2026-01-05T02:00:00Z" });
    assert_eq!(handled(json!({ "event": deleted })), json!(["Event.Deleted", "b"]));
    let refund = json!({ "kind": "refunded", "id": "c", "reason": "late" });
    assert_eq!(handled(json!({ "event": refund, "before": refund })), json!("back late, c"));
    assert_eq!(handled(json!({ "event": { "kind": "refunded", "id": "c" }, "before": deleted })), json!("back ?, old"));
}

#[test]
fn an_input_that_is_no_case_is_refused() {
    let refused = |event: Json| {
        let end = handled(json!({ "event": event }));
        assert!(end[0].as_str().is_some_and(|name| name.starts_with("States.") || name.starts_with("Flow.")), "{end}");
    };
    refused(json!({ "kind": "Changed", "id": "a" }));
    refused(json!({ "id": "a" }));
    refused(json!({ "kind": "Created", "id": 3, "amount": 1.0, "lines": [] }));
}

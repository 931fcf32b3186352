//! Tests of `reassign`: each form on each kind of assignee.

use super::*;
use crate::{
    plan::Undo,
    testing::samples::{changes, flow, legacy, over_executions, over_flows, row, said},
};

/// What `reassign` says of an execution that has these assignees, in both generations; a change as its new list.
fn reassigned(arguments: &str, before: &Value) -> String {
    let actions = format!(
        "vars: {{ from: 10010, blank: \" \", two: [a, b], spaced: [\" 10010\", \"10020\\t\"], lines: \"5\\n6\", escape: \"1\\e[2J\" }}\nactions: [ reassign: {arguments} ]"
    );
    let v2 = said(
        &over_flows("", &actions),
        &flow("e", &json!({"assigned_to": before})),
    );
    let v1 = said(
        &over_executions("", &actions),
        &row("e", &json!({"assignedTo": before})),
    );
    let in_words = |lines: Vec<String>, start: &str| {
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        let list = line
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix('}'));
        list.map_or_else(|| line.replace("assignedTo", "assigned_to"), str::to_owned)
    };
    let v2 = in_words(v2, r#"PATCH /v2/flows/executions/e {"assigned_to":"#);
    let v1 = in_words(v1, r#"PATCH /v1/workflows/executions/e {"assignedTo":"#);
    assert_eq!(v2, v1);
    v2
}

#[test]
fn each_form_gives_the_list_that_it_says_or_why_nothing_changes() {
    const ALREADY: &str = "skipped e: is assigned like that already";
    for (arguments, before, after) in [
        // From one to another: the position is kept, and no assignee is listed twice.
        (r#"{ from: "1", to: "2" }"#, json!(["1"]), r#"["2"]"#),
        (
            r#"{ from: "1", to: "2" }"#,
            json!(["3", "1", "4"]),
            r#"["3","2","4"]"#,
        ),
        (
            r#"{ from: "1", to: "2" }"#,
            json!(["2", "3", "1"]),
            r#"["2","3"]"#,
        ),
        (r#"{ from: "1", to: "2" }"#, json!(["1", "1"]), r#"["2"]"#),
        // Blanks around an id are none of it, wherever it comes from.
        (r#"{ from: " 1", to: "2 " }"#, json!(["1"]), r#"["2"]"#),
        (r#"{ add: [" 2 ", "2"] }"#, json!(["1"]), r#"["1","2"]"#),
        (
            r#"{ set: ["{{ vars.spaced }}"] }"#,
            json!(["1"]),
            r#"["10010","10020"]"#,
        ),
        (
            r#"{ from: "1", to: "2" }"#,
            json!(["2"]),
            "skipped e: 1 is not assigned",
        ),
        (
            r#"{ from: "1", to: "2" }"#,
            json!([]),
            "skipped e: 1 is not assigned",
        ),
        (
            r#"{ from: "1", to: "2" }"#,
            Value::Null,
            "skipped e: 1 is not assigned",
        ),
        (
            r#"{ from: "{{ vars.from if execution.id else '' }}", to: "2" }"#,
            json!(["10010"]),
            r#"["2"]"#,
        ),
        (
            r#"{ from: "{{ vars.from if execution.id else '' }}", to: "{{ vars.from if execution.id else '' }}" }"#,
            json!(["10010"]),
            ALREADY,
        ),
        // Exactly these.
        (r#"{ set: ["2"] }"#, Value::Null, r#"["2"]"#),
        (r#"{ set: ["2", "3"] }"#, json!(["1", "3"]), r#"["3","2"]"#),
        (r#"{ set: ["2", "3"] }"#, json!(["3", "2"]), ALREADY),
        ("{ set: [] }", json!(["1"]), "[]"),
        ("{ set: [] }", Value::Null, ALREADY),
        // Some more, some less; who is in both is added.
        (r#"{ add: ["2"] }"#, Value::Null, r#"["2"]"#),
        (r#"{ add: ["2"] }"#, json!(["1"]), r#"["1","2"]"#),
        (r#"{ add: ["2", "1"] }"#, json!(["1", "2"]), ALREADY),
        (r#"{ remove: ["1"] }"#, json!(["1", "2"]), r#"["2"]"#),
        (r#"{ remove: ["1"] }"#, json!(["2", "2"]), ALREADY),
        (
            r#"{ add: ["2"], remove: ["1"] }"#,
            json!(["1", "3"]),
            r#"["3","2"]"#,
        ),
        (r#"{ add: ["1"], remove: ["1"] }"#, json!(["1"]), ALREADY),
        (r#"{ add: ["1"], remove: ["1"] }"#, json!([]), r#"["1"]"#),
        // An id in both is added where it was not, and keeps its place where it was.
        (
            r#"{ add: ["1", "3"], remove: ["1", "2"] }"#,
            json!(["1", "2"]),
            r#"["1","3"]"#,
        ),
        // The order and repetitions mean nothing, also those of the arguments.
        (r#"{ set: ["2", "3", "2"] }"#, json!(["1"]), r#"["2","3"]"#),
        (r#"{ set: ["2", "3"] }"#, json!(["3", "2", "3"]), ALREADY),
    ] {
        assert_eq!(
            reassigned(arguments, &before),
            after,
            "{arguments} of {before}"
        );
    }
}

#[test]
fn what_can_not_be_a_user_is_rejected() {
    for (arguments, before, after) in [
        (
            r#"{ from: "1", to: "{{ vars.lines if execution.id else '' }}" }"#,
            json!(["1"]),
            r#"rejected e: "5\n6" is not an id: an id consists of letters, digits, _ and -, after the first character also . ~ :; found '\n'"#,
        ),
        (
            r#"{ from: "{{ vars.lines if execution.id else '' }}", to: "1" }"#,
            json!(["1"]),
            r#"rejected e: "5\n6" is not an id: an id consists of letters, digits, _ and -, after the first character also . ~ :; found '\n'"#,
        ),
        (
            r#"{ set: ["1", "{{ vars.lines if execution.id else '' }}"] }"#,
            json!(["1"]),
            r#"rejected e: "5\n6" is not an id: an id consists of letters, digits, _ and -, after the first character also . ~ :; found '\n'"#,
        ),
        (
            r#"{ add: "{{ vars.escape if execution.id else '' }}" }"#,
            json!(["1"]),
            r#"rejected e: "1\u{1b}[2J" is not an id: an id consists of letters, digits, _ and -, after the first character also . ~ :; found '\u{1b}'"#,
        ),
        (
            r#"{ from: "1", to: "{{ vars.blank if execution.id else '' }}" }"#,
            json!(["1"]),
            "rejected e: the text is empty",
        ),
        (
            r#"{ from: "1", to: "{{ vars.two if execution.id else '' }}" }"#,
            json!(["1"]),
            "rejected e: a single text is needed here, not 2",
        ),
        (
            r#"{ from: "1", to: "2" }"#,
            json!("1"),
            r#"rejected e: assigned_to is no list but "1""#,
        ),
    ] {
        assert_eq!(
            reassigned(arguments, &before),
            after,
            "{arguments} of {before}"
        );
    }
}

#[test]
fn a_variable_assignee_survives_even_when_it_resolves_to_the_user() {
    let variable = json!({"variable": "{{Manager}}", "value": ["1"]});
    for (arguments, before, after) in [
        (
            r#"{ from: "1", to: "2" }"#,
            json!([variable, "1"]),
            json!([variable, "2"]),
        ),
        (
            r#"{ set: ["2"] }"#,
            json!(["1", variable]),
            json!([variable, "2"]),
        ),
        ("{ set: [] }", json!([variable, "1"]), json!([variable])),
        (
            r#"{ add: ["1"] }"#,
            json!([variable]),
            json!([variable, "1"]),
        ),
        (
            r#"{ remove: ["1"] }"#,
            json!([variable, "1"]),
            json!([variable]),
        ),
    ] {
        assert_eq!(
            reassigned(arguments, &before),
            after.to_string(),
            "{arguments}"
        );
    }
    for arguments in [
        r#"{ from: "1", to: "2" }"#,
        r#"{ remove: ["1"] }"#,
        "{ set: [] }",
    ] {
        assert_eq!(
            reassigned(arguments, &json!([variable])),
            "out of reach e: 1 is assigned through {{Manager}}, which reassign does not change",
            "{arguments}"
        );
    }
}

/// What `reassign` writes into the two fields of a step, or why nothing.
fn of_step(arguments: &str, listed: &Value, numbered: &Value) -> String {
    let playbook = over_executions("each: step", &format!("actions: [ reassign: {arguments} ]"));
    let step = json!({"id": "s", "assignedTo": listed, "userIds": numbered});
    said(&playbook, &legacy("e", &[step]))
        .join("")
        .replace("PATCH /v1/workflows/executions/e/steps/s ", "")
}

#[test]
fn who_stands_in_the_deprecated_numbers_of_a_step_is_reassigned_too() {
    const ALREADY: &str = "skipped s: is assigned like that already";
    let move_on = r#"{ from: "10", to: "20" }"#;
    for (arguments, listed, numbered, line) in [
        // In both fields, in one of them, in none.
        (
            move_on,
            json!(["10", "1"]),
            json!([10]),
            r#"{"assignedTo":["20","1"],"userIds":[20]}"#,
        ),
        (
            move_on,
            json!(null),
            json!([1, 10]),
            r#"{"assignedTo":["20"],"userIds":[1,20]}"#,
        ),
        (move_on, json!(["20"]), json!([10]), r#"{"userIds":[20]}"#),
        (
            move_on,
            json!(["10"]),
            json!([1]),
            r#"{"assignedTo":["20"]}"#,
        ),
        (
            move_on,
            json!(["1"]),
            json!([1]),
            "skipped s: 10 is not assigned",
        ),
        // An id that is no number stands in the list only.
        (
            r#"{ from: "10", to: "abc" }"#,
            json!(["10"]),
            json!([10]),
            r#"{"assignedTo":["abc"],"userIds":[]}"#,
        ),
        (
            r#"{ from: "10", to: "007" }"#,
            json!(["10"]),
            json!([10, 7]),
            r#"{"assignedTo":["007"],"userIds":[7]}"#,
        ),
        (
            r#"{ set: ["20", "1"] }"#,
            json!(["10"]),
            json!([10, 1]),
            r#"{"assignedTo":["20","1"],"userIds":[1]}"#,
        ),
        (r#"{ set: ["10"] }"#, json!(null), json!([10]), ALREADY),
        ("{ set: [] }", json!(null), json!([10]), r#"{"userIds":[]}"#),
        (
            r#"{ remove: ["10"] }"#,
            json!(["1"]),
            json!([10]),
            r#"{"userIds":[]}"#,
        ),
        (r#"{ add: ["10"] }"#, json!(["1"]), json!([10]), ALREADY),
        (
            r#"{ add: ["20"], remove: ["10"] }"#,
            json!(["10"]),
            json!([10]),
            r#"{"assignedTo":["20"],"userIds":[]}"#,
        ),
        (
            move_on,
            json!([]),
            json!("10"),
            r#"rejected s: userIds is no list but "10""#,
        ),
    ] {
        assert_eq!(
            of_step(arguments, &listed, &numbered),
            line,
            "{arguments} of {listed} and {numbered}"
        );
    }
}

#[test]
fn both_fields_of_a_step_go_back() {
    let playbook = over_executions(
        "each: step",
        r#"actions: [ reassign: { from: "10", to: "20" } ]"#,
    );
    let step = json!({"id": "s", "userIds": [10]});
    let change = &changes(&playbook, &legacy("e", &[step]))[0];
    let Undo::Request(undo) = &change.undo else {
        panic!("{:?}", change.undo)
    };
    assert_eq!(json!(undo.body), json!({"assignedTo": [], "userIds": [10]}));
    assert_eq!(
        json!(change.before),
        json!({"assignedTo": null, "userIds": [10]})
    );
}

#[test]
fn numbers_that_no_request_changes_are_named() {
    let playbook = over_executions("", r#"actions: [ reassign: { from: "10", to: "20" } ]"#);
    let said = |ids: Value| {
        said(
            &playbook,
            &row("e", &json!({"assignedTo": ["10"], "userIds": ids})),
        )
    };
    assert_eq!(
        said(json!([10])),
        ["rejected e: has userIds [10], which no request changes on an execution"]
    );
    assert_eq!(
        said(json!([1])),
        [r#"PATCH /v1/workflows/executions/e {"assignedTo":["20"]}"#]
    );
}

#[test]
fn arguments_may_be_one_value_or_a_list_and_numbers_are_ids_as_written() {
    for (arguments, after) in [
        ("{ set: [] }", "[]"),
        (r#"{ set: "10020" }"#, r#"["10020"]"#),
        ("{ set: 0070 }", r#"["0070"]"#),
        (
            r#"{ add: [ 10020, "10030" ] }"#,
            r#"["10010","10020","10030"]"#,
        ),
        ("{ remove: 10010 }", "[]"),
    ] {
        assert_eq!(
            reassigned(arguments, &json!(["10010"])),
            after,
            "{arguments}"
        );
    }
}

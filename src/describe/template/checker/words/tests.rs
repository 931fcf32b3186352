use crate::{
    api::{Generation, types::RUNNING_FLOWS},
    testing::expressions::{engine, scope, shown},
};

#[test]
fn a_word_that_the_api_does_not_have_is_a_fault_in_every_comparison() {
    for (text, under, field) in [
        ("task.status == 'PENDNG'", "'PENDNG'", "task.status"),
        ("'PENDNG' == task.status", "'PENDNG'", "task.status"),
        ("task.status != 'pending'", "'pending'", "task.status"),
        (
            "task.status in ['PENDNG', 'FAILED']",
            "'PENDNG'",
            "task.status",
        ),
        (
            "task.status in [task.name, 'PENDNG']",
            "'PENDNG'",
            "task.status",
        ),
        ("task.status not in ('PENDNG',)", "'PENDNG'", "task.status"),
        ("task.status is eq('PENDNG')", "'PENDNG'", "task.status"),
        ("task.status is ne 'PENDNG'", "'PENDNG'", "task.status"),
        ("task.status is not eq('PENDNG')", "'PENDNG'", "task.status"),
        ("task.status is in(['PENDNG'])", "'PENDNG'", "task.status"),
        ("task['status'] == 'PENDNG'", "'PENDNG'", "task['status']"),
        (
            "task.status == 'PEND' ~ 'NG'",
            "'PEND' ~ 'NG'",
            "task.status",
        ),
        (
            "not (task.enabled and task.status == 'PENDNG')",
            "'PENDNG'",
            "task.status",
        ),
        (
            "execution.tasks | selectattr('status', 'eq', 'PENDNG') | length > 0",
            "'PENDNG'",
            "execution.tasks[…].status",
        ),
        (
            "execution.tasks | rejectattr('status', 'in', ['PENDNG']) | length > 0",
            "'PENDNG'",
            "execution.tasks[…].status",
        ),
        (
            "'PENDNG' in execution.tasks | map(attribute='status')",
            "'PENDNG'",
            "execution.tasks | map(attribute='status')",
        ),
        (
            "(execution.tasks | map(attribute='status') | select('eq', 'PENDNG') | length) > 0",
            "'PENDNG'",
            "execution.tasks | map(attribute='status')[…]",
        ),
    ] {
        let faults = shown(text);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        let word = under.trim_matches('\'').replace("' ~ '", "");
        let message = format!("`{field}` is never `{word}`");
        assert_eq!(
            (faults[0].0.as_str(), &faults[0].1),
            (under, &message),
            "{text}"
        );
        assert!(
            faults[0].2.starts_with("did you mean `PENDING`?\n"),
            "{faults:?}"
        );
    }
    assert_eq!(
        shown("'PNDNG' in task.status")[0].1,
        "no word of `task.status` has `PNDNG` in it"
    );
    let faults = shown("task.phase.status == 'PENDING'");
    assert_eq!(
        faults[0].2,
        "it is one of OPEN, IN_PROGRESS, COMPLETED\nif the API has added this value, compare `task.phase.status | string`"
    );
}

#[test]
fn letters_that_a_filter_has_changed_are_compared_with_changed_words() {
    for (text, field, word, help) in [
        (
            "task.status | lower == 'PENDING'",
            "task.status | lower",
            "PENDING",
            "pending",
        ),
        (
            "'PENDING' == task.status|lower",
            "task.status|lower",
            "PENDING",
            "pending",
        ),
        (
            "task.status | upper == 'pending'",
            "task.status | upper",
            "pending",
            "PENDING",
        ),
        (
            "task.status | upper | lower in ['PENDING']",
            "task.status | upper | lower",
            "PENDING",
            "pending",
        ),
        (
            "task.status | trim | lower not in ['PENDING']",
            "task.status | trim | lower",
            "PENDING",
            "pending",
        ),
        (
            "not task.status | lower != 'PENDING'",
            "task.status | lower",
            "PENDING",
            "pending",
        ),
        (
            "task.status | lower is eq('PENDING')",
            "task.status | lower",
            "PENDING",
            "pending",
        ),
    ] {
        let faults = shown(text);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert_eq!(faults[0].1, format!("`{field}` is never `{word}`"));
        assert!(
            faults[0].2.starts_with(&format!("did you mean `{help}`?")),
            "{faults:?}"
        );
    }
    for (text, message) in [
        (
            "'PEND' in task.status | lower",
            "no word of `task.status | lower` has `PEND` in it",
        ),
        (
            "task.status is startingwith('pend')",
            "no word of `task.status` has `pend` at its start",
        ),
        (
            "task.status is not endingwith 'ing'",
            "no word of `task.status` has `ing` at its end",
        ),
        (
            "task.status | lower == 'pending' and task.status == 'FAILED'",
            "this is never true: an earlier condition on `task.status` excludes it",
        ),
    ] {
        assert_eq!(shown(text)[0].1, message, "{text}");
    }
}

#[test]
fn what_letters_lengths_and_empty_lists_can_never_be_is_a_fault() {
    for (text, message, help) in [
        (
            "task.name | lower == 'Call'",
            "`task.name | lower` is never `Call`",
            "write `\"call\"`",
        ),
        (
            "'call' == task.name | upper",
            "`task.name | upper` is never `call`",
            "write `\"CALL\"`",
        ),
        (
            "task.name | lower != 'Call'",
            "`task.name | lower` is never `Call`",
            "write `\"call\"`",
        ),
        (
            "task.name | lower in ['call', 'Mail']",
            "`task.name | lower` is never `Mail`",
            "write `\"mail\"`",
        ),
        (
            "'Call' in task.name | lower",
            "`task.name | lower` never has `Call` in it",
            "write `\"call\"`",
        ),
        (
            "task.name in []",
            "this is never true: an empty list holds nothing",
            "name what is meant, like `[\"a\", \"b\"]`",
        ),
        (
            "task.status not in [ ]",
            "this is always true: an empty list holds nothing",
            "name what is meant, like `[\"a\", \"b\"]`",
        ),
        (
            "task.name | length < 0",
            "this is never true: a length is 0 or more",
            "an empty list or text has the length 0",
        ),
        (
            "-1 == execution.tasks | length",
            "this is never true: a length is 0 or more",
            "an empty list or text has the length 0",
        ),
        (
            "0 <= execution.tasks | count",
            "this is always true: a length is 0 or more",
            "an empty list or text has the length 0",
        ),
        (
            "task.name | length != 1.5",
            "this is always true: a length is 0 or more",
            "an empty list or text has the length 0",
        ),
        (
            "task.name == 'a' and task.enabled and task.name == 'b'",
            "this is never true: an earlier condition on `task.name` excludes it",
            "join them with `or`, or name all that are meant in one list behind `in`",
        ),
        (
            "task.name in ['a', 'b'] and task.name not in ['a', 'b', 'c']",
            "this is never true: an earlier condition on `task.name` excludes it",
            "join them with `or`, or name all that are meant in one list behind `in`",
        ),
    ] {
        let faults = shown(text);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert_eq!(
            (faults[0].1.as_str(), faults[0].2.as_str()),
            (message, help),
            "{text}"
        );
    }
    for text in [
        "task.name | lower == 'call'",
        "task.name | lower == 'straße 1'",
        "task.name | lower == task.description.value",
        "task.name | length > 0 and execution.tasks | length <= 0",
        "task.name | length == 0",
        "1 - task.name | length < 0",
        "task.name == 'a' or task.name == 'b'",
        "task.name != 'a' and task.name != 'b'",
        "task.name in ['a', 'b'] and task.name != 'b'",
        "task.name == 'a' and task.phase.name == 'b'",
        "task.name == 'a' and task.name == vars.text",
        "'a' in task.name and 'b' in task.name",
        "task.name in task.taxonomies and task.name == 'b'",
    ] {
        assert!(
            engine().expression(text, &scope(Generation::V2)).is_ok(),
            "{text}: {:?}",
            shown(text)
        );
    }
}

#[test]
fn what_is_computed_or_compared_as_text_is_no_fault() {
    for text in [
        "task.status == 'ASSIGNED' or task.status == 'UNASSIGNED'",
        "task.status | string == 'NEW'",
        "task.status | lower == 'pending'",
        "task.status | lower in ['pending', 'failed'] and task.status != 'FAILED'",
        "task.status | string | lower == 'new'",
        "task.status == task.name",
        "task.status == vars.text",
        "task.status in vars.list",
        "task.status == none or task.status is none",
        "task.status | default('NEW') == 'NEW'",
        "'PEND' in task.status",
        "task.status is startingwith('PEND')",
        "task.status not in ['PENDING'] and task.status != 'FAILED'",
        "task.task_type == 'AI_AGENT' and task.schedule.mode == 'delayed'",
    ] {
        assert!(
            engine().expression(text, &scope(Generation::V2)).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn a_text_is_no_list_of_words() {
    for (text, under) in [
        ("task.status in 'CONDITION_PENDING'", "'CONDITION_PENDING'"),
        ("task.status not in 'PENDING'", "'PENDING'"),
        ("task.status is in('PENDING,SKIPPED')", "'PENDING,SKIPPED'"),
        ("task.status is not in 'PENDING'", "'PENDING'"),
        ("task.status in task.name", "task.name"),
        ("task.status in vars.text", "vars.text"),
        (
            "execution.tasks | selectattr('status', 'in', 'PENDING') | length > 0",
            "'PENDING'",
        ),
        ("task.status in 'PEND' ~ 'ING'", "'PEND' ~ 'ING'"),
    ] {
        let known = serde_json::json!({"text": "PENDING,SKIPPED"});
        let scope = scope(Generation::V2).with_values("vars", known.as_object().unwrap());
        let faults = engine().expression(text, &scope).err().unwrap_or_default();
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        let fault = &faults[0];
        let caret = &text[fault.offset..fault.offset + fault.len];
        assert_eq!(
            (caret, fault.message.as_str()),
            (under, "`in` would look for a part of a text here"),
            "{text}"
        );
        assert!(fault.help.as_deref().unwrap().starts_with("write a list: "));
    }
    for text in [
        "task.status in vars.text | split(',')",
        "task.status in [vars.text]",
        "task.status | string in 'PENDING'",
        "'PEND' in task.status",
    ] {
        assert!(
            engine().expression(text, &scope(Generation::V2)).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn a_condition_that_can_never_be_true_is_a_fault() {
    for text in [
        "task.status == 'PENDING' and task.status == 'FAILED'",
        "task.status == 'PENDING' and task.enabled and (task.status in ['FAILED', 'SKIPPED'])",
        "task.status == 'PENDING' and task.status != 'PENDING'",
        "task.enabled and (task.status == 'PENDING' and task.status == 'FAILED')",
    ] {
        let faults = shown(text);
        assert_eq!(
            faults[0].1, "this is never true: an earlier condition on `task.status` excludes it",
            "{text}"
        );
    }
    for text in [
        "task.status == 'PENDING' or task.status == 'FAILED'",
        "task.status == 'PENDING' and task.phase.status == 'OPEN'",
        "task.status == 'PENDING' and not (task.status == 'PENDING' and task.status == 'FAILED')",
        "task.status in ['PENDING', 'FAILED'] and task.status != 'FAILED'",
        "phase.status != 'OPEN' and phase.status not in ['IN_PROGRESS', 'COMPLETED']",
    ] {
        assert!(
            engine().expression(text, &scope(Generation::V2)).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn what_a_source_never_finds_is_a_fault_unless_something_else_may_hold() {
    let scope = scope(Generation::V2).with_found(Some(&RUNNING_FLOWS));
    for (text, is_never) in [
        ("execution.status == 'DONE'", true),
        ("execution.status in ['DONE', 'CLOSED']", true),
        ("execution.status != 'STARTED'", true),
        ("task.execution.status == 'DONE' and task.enabled", true),
        (
            "execution.status == 'DONE' or execution.status == 'CLOSED'",
            true,
        ),
        ("execution.status == 'DONE' or task.enabled", false),
        ("not execution.status == 'DONE'", false),
        ("execution.status != 'DONE'", false),
        ("execution.status in ['STARTED', 'DONE']", false),
        ("phase.status == 'COMPLETED'", false),
    ] {
        let faults = engine().expression(text, &scope).err().unwrap_or_default();
        let is_fault = faults
            .first()
            .is_some_and(|fault| fault.message.starts_with("this is never true"));
        assert_eq!(is_fault, is_never, "{text}: {faults:?}");
    }
}

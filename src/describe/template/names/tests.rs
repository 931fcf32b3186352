//! The tables of names and of what is offered for them. One file because each row is a name with its advice.

use crate::{
    api::Generation,
    testing::expressions::{engine, scope, shown},
};

/// One fault: what the caret stands under, the message, the help.
fn only(text: &str) -> (String, String, String) {
    let mut shown = shown(text);
    assert_eq!(shown.len(), 1, "{text}: {shown:?}");
    shown.remove(0)
}

/// `text` has this one fault; an empty `help` is not compared.
fn assert_only(text: &str, under: &str, message: &str, help: &str) {
    let (caret, said, cure) = only(text);
    assert_eq!((caret.as_str(), said.as_str()), (under, message), "{text}");
    if !help.is_empty() {
        assert_eq!(cure, help, "{text}");
    }
}

#[test]
fn an_unknown_name_is_found_without_data_and_the_right_one_is_offered() {
    for (text, under, message, help) in [
        (
            "tsk.enabled",
            "tsk",
            "`tsk` is not known here",
            "did you mean `task`?",
        ),
        (
            "colour == 'x'",
            "colour",
            "`colour` is not known here",
            "allowed: execution, now, phase, task, vars",
        ),
        (
            "task.status == null",
            "null",
            "`null` is not known here",
            "write `none`",
        ),
        (
            "step.enabled",
            "step",
            "`step` is not known here",
            "write `task`",
        ),
        (
            "due_before",
            "due_before",
            "`due_before` is not known here",
            "a helper is called: `due_before(…)`",
        ),
        (
            "vars.leavr == 'x'",
            "leavr",
            "`vars` has no `leavr`",
            "did you mean `leaver`?",
        ),
        (
            "vars.zzzzzz == 'x'",
            "zzzzzz",
            "`vars` has no `zzzzzz`",
            "it has day, deep, flag, leaver, list, none, number, text",
        ),
    ] {
        assert_only(text, under, message, help);
    }
}

#[test]
fn a_parent_is_written_behind_its_child() {
    use crate::api::{Level, types::record};
    let targets = |generation, name, level| {
        let of = |level| record(generation, level);
        crate::template::Scope::default()
            .with_record("execution", of(Level::Execution))
            .with_record(name, of(level))
    };
    for (generation, name, level, text, help) in [
        (
            Generation::V2,
            "task",
            Level::Task,
            "phase.status == 'OPEN'",
            "write `task.phase`",
        ),
        (
            Generation::V2,
            "task",
            Level::Task,
            "section.name == 'x'",
            "write `task.phase`",
        ),
        (
            Generation::V2,
            "task",
            Level::Task,
            "step.name == 'x'",
            "write `task`",
        ),
        (
            Generation::V2,
            "phase",
            Level::Phase,
            "section.name == 'x'",
            "write `phase`",
        ),
        (
            Generation::V1,
            "step",
            Level::Step,
            "task.name == 'x'",
            "write `step`",
        ),
        (
            Generation::V1,
            "step",
            Level::Step,
            "name == 'x'",
            "write `step.name`",
        ),
    ] {
        let scope = targets(generation, name, level);
        let faults = engine().expression(text, &scope).unwrap_err();
        assert_eq!(faults[0].help.as_deref(), Some(help), "{text}");
    }
}

#[test]
fn a_column_is_checked_however_it_is_named() {
    let known = serde_json::json!({"column": "new ownr", "right": "new owner"});
    let columns = ["new owner".to_owned(), "team".to_owned(), "a\"b".to_owned()];
    let scope = scope(Generation::V2)
        .with_values("vars", known.as_object().unwrap())
        .with_keys("row", columns);
    for (text, under, message) in [
        ("row.tem == 'x'", "tem", "`row` has no `tem`"),
        ("row['tem'] == 'x'", "tem", "`row` has no `tem`"),
        (
            "row['new ownr'] == 'x'",
            "new ownr",
            "`row` has no `new ownr`",
        ),
        (
            "row['new ownr'] | default('10020') == 'x'",
            "new ownr",
            "`row` has no `new ownr`",
        ),
        (
            "row[\"a\\\"c\"] == 'x'",
            "\"a\\\"c\"",
            "`row` has no `a\"c`",
        ),
        (
            "row['new' ~ ' ownr'] == 'x'",
            "'new' ~ ' ownr'",
            "`row` has no `new ownr`",
        ),
        (
            "row[vars.column] == 'x'",
            "vars.column",
            "`row` has no `new ownr`",
        ),
        (
            "row[('new ownr')] == 'x'",
            "('new ownr')",
            "`row` has no `new ownr`",
        ),
        (
            "task['na me'] == 'x'",
            "na me",
            "`task` has no field `na me`",
        ),
    ] {
        let faults = engine().expression(text, &scope).unwrap_err();
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        let fault = &faults[0];
        let caret = &text[fault.offset..fault.offset + fault.len];
        assert_eq!((caret, fault.message.as_str()), (under, message), "{text}");
    }
    for text in [
        "row['new owner'] == 'x'",
        "row[vars.right] == 'x'",
        "row[\"a\\\"b\"] == 'x'",
        "row[task.name] == 'x'",
    ] {
        assert_eq!(engine().expression(text, &scope).err(), None, "{text}");
    }
}

#[test]
fn of_many_columns_a_few_are_named() {
    let columns = (1000..3000).map(|number| format!("c{number}"));
    let scope = scope(Generation::V2).with_keys("row", columns);
    let faults = engine().expression("row.other == 'x'", &scope).unwrap_err();
    let help = faults[0].help.as_deref().unwrap();
    assert!(help.starts_with("it has c1000, c1001, "), "{help}");
    assert!(help.ends_with(", c1019 and 1,980 more"), "{help}");
}

#[test]
fn an_unknown_field_is_found_at_any_depth() {
    for (text, under, message, help) in [
        (
            "task.dueDate is none",
            "dueDate",
            "`task` has no field `dueDate`",
            "v2 says `due_date`",
        ),
        (
            "execution.creationTime is none",
            "creationTime",
            "`execution` has no field `creationTime`",
            "v2 says `created_at`",
        ),
        (
            "execution.closingReasonDescription is none",
            "closingReasonDescription",
            "`execution` has no field `closingReasonDescription`",
            "v2 says `closing_reason.extra_description`",
        ),
        (
            "task.staus == 'x'",
            "staus",
            "`task` has no field `staus`",
            "did you mean `status`?",
        ),
        (
            "task.schedule.reference.od is none",
            "od",
            "`task.schedule.reference` has no field `od`",
            "did you mean `id`?",
        ),
        (
            "task.phase.execution.contexts[0].entityid is none",
            "entityid",
            "`task.phase.execution.contexts[0]` has no field `entityid`",
            "did you mean `entity_id`?",
        ),
        (
            "execution.contexts[0].schema is none",
            "schema",
            "`execution.contexts[0]` has no field `schema`",
            "v2 says `entity_schema`",
        ),
        (
            "task['staus'] == 'x'",
            "staus",
            "`task` has no field `staus`",
            "did you mean `status`?",
        ),
        (
            "task.description.zzzzzz is none",
            "zzzzzz",
            "`task.description` has no field `zzzzzz`",
            "it has enabled, value",
        ),
        (
            "(task.phase).staus is none",
            "staus",
            "`(task.phase)` has no field `staus`",
            "did you mean `status`?",
        ),
        (
            "execution.tasks[0].phase.name is none",
            "phase",
            "`execution.tasks[0]` has no field `phase`",
            "did you mean `phase_id`?",
        ),
        (
            "execution.tasks.name is none",
            "name",
            "`execution.tasks` is a list and has no `name`",
            "take one item, like `execution.tasks[0]`, or filter it with `… | selectattr(…)`",
        ),
        (
            "task.status.name is none",
            "name",
            "`task.status` is text and has no `name`",
            "",
        ),
        (
            "now.year == 1",
            "year",
            "`now` is an instant and has no `year`",
            "",
        ),
        (
            "(execution.tasks | first).staus is none",
            "staus",
            "`(execution.tasks | first)` has no field `staus`",
            "did you mean `status`?",
        ),
    ] {
        assert_only(text, under, message, help);
    }
}

#[test]
fn a_helper_filter_or_test_that_is_not_there_is_named_with_the_right_one() {
    for (text, under, message, help) in [
        (
            "due_befor(task, now)",
            "due_befor",
            "there is no helper `due_befor`",
            "did you mean `due_before`?",
        ),
        (
            "lower(task.name) == 'x'",
            "lower(task.name)",
            "there is no helper `lower`",
            "write `task.name | lower`",
        ),
        (
            "task.name | lowr == 'x'",
            "lowr",
            "there is no filter `lowr`",
            "did you mean `lower`?",
        ),
        (
            "task | due == now",
            "task | due",
            "there is no filter `due`",
            "write `due(task)`",
        ),
        (
            "task.name is nome",
            "nome",
            "there is no test `nome`",
            "did you mean `none`?",
        ),
        ("task.name is odd", "odd", "there is no test `odd`", ""),
    ] {
        assert_only(text, under, message, help);
    }
}

#[test]
fn habits_from_other_languages_are_answered_with_what_is_written_here() {
    for (text, under, message, help) in [
        (
            "task.name contains 'x'",
            "task.name contains 'x'",
            "`contains` is not known here",
            "write `'x' in task.name`",
        ),
        (
            "task.name.startswith('x')",
            "task.name.startswith('x')",
            "`task.name` is text and has no `startswith`",
            "write `task.name is startingwith('x')`",
        ),
        (
            "task.name.lower() == 'x'",
            "task.name.lower()",
            "`task.name` is text and has no `lower`",
            "write `task.name | lower`",
        ),
        (
            "len(execution.tasks) > 0",
            "len(execution.tasks)",
            "there is no helper `len`",
            "write `execution.tasks | length`",
        ),
        (
            "(task.name = 'x')",
            "=",
            "`=` is not known here",
            "write `==`",
        ),
        (
            "task.name == {{ vars.text }}",
            "{{ vars.text }}",
            "remove the `{{ }}`: this is already an expression",
            "write `vars.text`",
        ),
        (
            "task.name == '{{ vars.text }}'",
            "'{{ vars.text }}'",
            "a text inside of an expression is no template",
            "write `vars.text`",
        ),
        (
            "task.name == 'for {{ vars.text }}'",
            "'for {{ vars.text }}'",
            "a text inside of an expression is no template",
            "write `'for ' ~ vars.text`",
        ),
        (
            "status == 'PENDING'",
            "status",
            "`status` is not known here",
            "write `task.status`",
        ),
        (
            "task.status == PENDING",
            "PENDING",
            "`PENDING` is not known here",
            "write `\"PENDING\"`: a text stands in quotes",
        ),
        (
            "not task.enabled AND true",
            "AND",
            "`AND` is not known here",
            "write `and`",
        ),
        (
            "task.name is not null",
            "null",
            "there is no test `null`",
            "write `none`",
        ),
        (
            "task.name.trim().lower() == 'x'",
            "task.name.trim().lower()",
            "`task.name.trim()` is text and has no `lower`",
            "write `task.name | trim | lower`",
        ),
        (
            "row.name == 'x'",
            "row",
            "`row` is not known here",
            "there is a `row` where a file names the targets: `rows: { file: …, id: … }`, or a `file` of `ids` or `entities`",
        ),
        (
            "entity.id == 'x'",
            "entity",
            "`entity` is not known here",
            "only the source `entities` has an `entity`: take that of `execution.contexts`, or of `context(execution, …)`",
        ),
    ] {
        assert_only(text, under, message, help);
    }
}

#[test]
fn all_faults_are_reported_at_once_in_their_order() {
    let text =
        "tsk.x and task.dueDate is none and (vars.a or phase.nam in [vars.b]) and due(vars.c) < nw";
    let under: Vec<_> = shown(text).into_iter().map(|(under, _, _)| under).collect();
    assert_eq!(under, ["tsk", "dueDate", "a", "nam", "b", "c", "nw"]);
}

#[test]
fn v1_names_are_checked_as_well() {
    let faults = engine()
        .expression(
            "execution.due_date is none or task.assigned_to is none",
            &scope(Generation::V1),
        )
        .unwrap_err();
    let help: Vec<_> = faults.into_iter().filter_map(|fault| fault.help).collect();
    assert_eq!(help, ["v1 says `dueDate`", "v1 says `assignedTo`"]);
    let open = "execution.flow[0].steps[0].anything is none";
    assert!(engine().expression(open, &scope(Generation::V1)).is_ok());
}

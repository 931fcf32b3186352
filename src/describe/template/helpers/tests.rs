use serde_json::json;

use crate::{
    api::Generation,
    testing::expressions::{failure, test, test_in, value, value_in},
};

#[test]
fn assignees_compare_as_text_and_resolved_variables_count() {
    for (condition, holds) in [
        ("has_assignee(task, '10010')", true),
        ("has_assignee(task, 10010)", true),
        ("has_assignee(task, vars.leaver)", true),
        ("has_assignee(task, vars.number)", true),
        ("has_assignee(task, '10020')", true),
        ("has_assignee(task, '1001')", false),
        ("has_assignee(task, '  10010\\t')", true),
        ("has_assignee(task, ' ' ~ vars.leaver)", true),
        ("' 10010' in assignees(task)", true),
        ("' 10010' not in assignees(task)", false),
        ("' 10010' is in(assignees(task))", true),
        ("' ' ~ vars.leaver ~ ' ' in assignees(task)", true),
        ("vars.none in assignees(task)", false),
        ("has_assignee(task, vars.none)", false),
        ("has_assignee(task.phase, '10030')", true),
        ("has_assignee(task.execution, '10010')", false),
        ("has_assignee(execution.tasks[1], '10010')", false),
        ("has_assignee(execution.tasks[9], '10010')", false),
    ] {
        assert_eq!(test(condition), Ok(holds), "{condition}");
    }
    for (condition, holds) in [
        ("has_assignee(execution, '10020')", true),
        ("has_assignee(task, '77')", true),
        ("has_assignee(task, 77)", true),
        ("has_assignee(phase, '10010')", false),
    ] {
        assert_eq!(test_in(Generation::V1, condition), Ok(holds), "{condition}");
    }
    assert_eq!(
        value("{{ assignees(task) }}"),
        Ok(json!(["10010", "10020"]))
    );
    assert_eq!(value("{{ assignees(execution) }}"), Ok(json!([])));
    let v1 = value_in(Generation::V1, "{{ assignees(task) }}");
    assert_eq!(v1, Ok(json!(["10010", "77"])));
}

#[test]
fn the_first_context_of_a_schema_is_found_in_both_generations() {
    for generation in [Generation::V1, Generation::V2] {
        let id = value_in(generation, "{{ context(execution, 'contact') }}");
        assert_eq!(id, Ok(json!("c1")), "{generation:?}");
        let none = value_in(generation, "{{ context(execution, 'order') }}");
        assert_eq!(none, Ok(json!(null)), "{generation:?}");
    }
}

#[test]
fn floating_due_dates_are_wall_time_of_the_zone() {
    for (template, shown) in [
        ("{{ due(task) }}", json!("2026-11-30T00:00:00+01:00")),
        ("{{ due(execution) }}", json!("2021-04-27T14:00:00+02:00")),
        ("{{ due(phase) }}", json!(null)),
        (
            "{{ date('2026-07-01') }}",
            json!("2026-07-01T00:00:00+02:00"),
        ),
        ("{{ now }}", json!("2026-12-01T09:00:00+01:00")),
        ("at {{ now }}", json!("at 2026-12-01T09:00:00+01:00")),
    ] {
        assert_eq!(value(template), Ok(shown), "{template}");
    }
}

#[test]
fn a_due_date_is_before_but_not_at_an_instant() {
    for (condition, holds) in [
        ("due_before(task, now)", true),
        ("due_before(task, '2026-11-30')", false),
        ("due_before(task, '2026-11-30T00:00:00.001')", true),
        ("due_before(task, vars.day)", false),
        ("due_before(task, '2026-11-29T23:00:00.000Z')", false),
        ("due_before(task, '2026-11-29T23:00:01.000Z')", true),
        ("due_before(task, due(execution))", false),
        ("due_before(execution, due(task))", true),
        // No date on either side: false, also the other way round.
        ("due_before(phase, now)", false),
        ("due_before(task, due(phase))", false),
        ("due_before(task, vars.none)", false),
        ("not due_before(phase, now)", true),
        ("due_before(execution.tasks[9], now)", false),
    ] {
        assert_eq!(test(condition), Ok(holds), "{condition}");
    }
}

#[test]
fn between_holds_both_ends() {
    for (condition, holds) in [
        ("due_between(task, '2026-11-30', '2026-12-01')", true),
        ("due_between(task, '2026-11-01', '2026-11-30')", true),
        (
            "due_between(task, '2026-11-30T00:00:01', '2026-12-01')",
            false,
        ),
        ("due_between(task, '2026-11-01', '2026-11-29')", false),
        ("due_between(task, start_of('week'), end_of('week'))", true),
        (
            "due_between(task, start_of('month'), end_of('month'))",
            false,
        ),
        ("due_between(phase, '2000-01-01', '2100-01-01')", false),
        ("due_between(task, vars.none, '2100-01-01')", false),
        (
            "scheduled_between(task, start_of('day'), end_of('day'))",
            true,
        ),
        ("scheduled_between(task, now, '2026-12-01T16:00:00')", true),
        ("scheduled_between(task, now, '2026-12-01T15:59:59')", false),
        (
            "scheduled_between(execution.tasks[1], '2000-01-01', '2100-01-01')",
            false,
        ),
    ] {
        assert_eq!(test(condition), Ok(holds), "{condition}");
    }
}

#[test]
fn age_counts_from_creation_and_idleness_from_the_last_update() {
    for (condition, holds) in [
        // Created 2026-09-02 10:00 in Berlin; now is 2026-12-01 09:00, an hour short of 90 days on the calendar.
        ("older_than(execution, '90 days')", false),
        ("older_than(execution, '89 days')", true),
        ("older_than(execution, days(89))", true),
        ("older_than(task, '3 months')", true),
        ("idle_for(task, '30 days')", true),
        ("idle_for(task, '31 days')", false),
        ("idle_for(phase, '1 day')", false),
        ("idle_for(phase, '23 hours')", true),
        ("idle_for(execution.tasks[1], '1 day')", false),
        ("older_than(task, vars.none)", false),
    ] {
        assert_eq!(test(condition), Ok(holds), "{condition}");
    }
    for (condition, holds) in [
        ("older_than(execution, '90 days')", true),
        ("older_than(task, '300 days')", true),
        ("idle_for(execution, '10 days')", true),
        ("idle_for(task, '2 days')", false),
    ] {
        assert_eq!(test_in(Generation::V1, condition), Ok(holds), "{condition}");
    }
}

#[test]
fn what_could_not_be_kept_fails_where_it_is_used_and_nowhere_else() {
    let task = crate::json::decode(
        br#"{"id": "t", "name": 1e999, "status": "PENDING", "due_date": 1e999, "schedule": {"duration": 1e999},
            "assigned_to": ["1", 1e999], "taxonomies": ["a", 1e999], "requirements": 1e999}"#,
    );
    let task = std::sync::Arc::new(task.unwrap());
    let record = crate::api::types::record(Generation::V2, crate::api::Level::Task);
    let context = crate::template::EvalContext::default().with_record("task", task, record);
    let said = |text: &str| {
        let scope = crate::testing::expressions::scope(Generation::V2);
        let expression = crate::testing::expressions::engine().expression(text, &scope);
        let tested = expression
            .unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
            .test(&context);
        tested.map_err(|error| error.message)
    };
    assert_eq!(
        said("task.status == 'PENDING' and task.id == 't'"),
        Ok(true)
    );
    for text in [
        "task.name == 'x'",
        "task.name == none",
        "'x' in task.name",
        "task.name is startingwith 'x'",
        "task.schedule.duration > 1",
        "'a' in task.taxonomies",
        "'b' in task.taxonomies",
        "task.requirements | length > 0",
        "has_assignee(task, '2')",
        "due_before(task, now)",
        "(task.due_date | default('x')) == 'x'",
    ] {
        let message = said(text).unwrap_err();
        assert!(message.contains("1e999"), "{text}: {message}");
    }
}

#[test]
fn what_should_be_a_date_and_is_none_is_an_error_not_false() {
    for (expression, part) in [
        ("due_before(task, vars.text)", "`x` is no date"),
        ("due_before(task, vars.flag)", "true or false is no instant"),
        ("date(vars.text)", "`x` is no date"),
        ("older_than(task, vars.text)", "`x` is no distance"),
        ("older_than(task, vars.number)", "a number is no distance"),
        ("days(vars.text)", "takes a whole number"),
        ("start_of(vars.text)", "a period is"),
        (
            "now < vars.day",
            "an instant and text have no order: make both instants",
        ),
        ("now == vars.day", "an instant and text can't be equal"),
        ("now + vars.number", "can't move by a number"),
        ("now + days(99999999999)", "takes a whole number"),
        (
            "has_assignee(task, task.name ~ ', 10011')",
            "`Check, 10011` is no id: an id consists of letters",
        ),
        (
            "has_assignee(task, vars.leaver ~ '@x')",
            "`10010@x` is no id: an id consists of letters",
        ),
        (
            "task.name ~ ',' in assignees(task)",
            "`Check,` is no id: an id consists of letters",
        ),
        (
            "has_assignee(vars.deep, '1')",
            "an object is no execution, phase or task",
        ),
        (
            "has_assignee(task, vars.list)",
            "a list can't be part of a text",
        ),
    ] {
        let message = failure(expression);
        assert!(message.contains(part), "{expression}: {message}");
    }
}

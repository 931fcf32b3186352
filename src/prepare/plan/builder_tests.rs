//! Tests of the builder: order, merging, what later actions see, and what each change says of itself.
//!
//! One file because they are the rules of one builder, which are read together.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::{
    plan::Undo,
    testing::samples::{changes, flow, lines, over_flows, said, scheduled},
};

const ALLOWED: &str = "guards: { allow: [run_schedule_now] }";

/// Two phases; the first holds `t1` and `t3`, the second `t2`. All are assigned to `1`.
fn two_phases() -> Execution {
    let assigned = json!(["1"]);
    let task = |id: &str, phase: &str| json!({"id": id, "name": id, "status": "PENDING", "phase_id": phase, "assigned_to": assigned, "due_date": "2026-05-28"});
    flow(
        "e",
        &json!({
            "assigned_to": assigned,
            "phases": [{"id": "p1", "name": "p1", "assigned_to": assigned}, {"id": "p2", "name": "p2", "assigned_to": assigned}],
            "tasks": [task("t1", "p1"), task("t2", "p2"), task("t3", "p1")],
        }),
    )
}

#[test]
fn finer_levels_go_first_and_each_level_keeps_the_order_of_the_execution() {
    let playbook = over_flows(
        "each: task",
        "actions: [ { reassign: { from: \"1\", to: \"2\" }, on: [execution, phase, task] } ]",
    );
    insta::assert_snapshot!(said(&playbook, &two_phases()).join("\n"), @r#"
PATCH /v2/flows/executions/e/tasks/t1 {"assigned_to":["2"]}
PATCH /v2/flows/executions/e/tasks/t2 {"assigned_to":["2"]}
PATCH /v2/flows/executions/e/tasks/t3 {"assigned_to":["2"]}
PATCH /v2/flows/executions/e/phases/p1 {"assigned_to":["2"]}
PATCH /v2/flows/executions/e/phases/p2 {"assigned_to":["2"]}
PATCH /v2/flows/executions/e {"assigned_to":["2"]}
"#);
}

#[test]
fn a_coarser_level_is_worked_on_once_and_only_where_a_target_was_selected() {
    let playbook = over_flows(
        "each: task, where_each: task.phase_id == \"p1\"",
        "actions: [ { reassign: { from: \"1\", to: \"2\" }, on: [phase, execution] } ]",
    );
    // The tasks themselves are no concern of any action: they are not even skipped.
    insta::assert_snapshot!(said(&playbook, &two_phases()).join("\n"), @r#"
PATCH /v2/flows/executions/e/phases/p1 {"assigned_to":["2"]}
PATCH /v2/flows/executions/e {"assigned_to":["2"]}
"#);
    let none = over_flows(
        "each: task, where_each: task.phase_id == \"p3\"",
        "actions: [ { reassign: { from: \"1\", to: \"2\" }, on: execution } ]",
    );
    assert!(lines(&none, &two_phases()).is_empty());
}

#[test]
fn neighbouring_patches_become_one_request_and_a_post_between_keeps_them_apart() {
    let task = scheduled(
        "t",
        &json!({"assigned_to": ["1"], "due_date": "2026-05-28"}),
    );
    let execution = flow("e", &json!({"tasks": [task]}));
    let of = |actions: &str| {
        let playbook = over_flows("each: task", &format!("actions: [ {actions} ]\n{ALLOWED}"));
        said(&playbook, &execution).join("\n")
    };
    let (reassign, shift, run) = (
        "reassign: { from: \"1\", to: \"2\" }",
        "shift_due_date: { by: 1 day }",
        "run_schedule_now",
    );
    insta::assert_snapshot!(of(&format!("{reassign}, {shift}, {run}")), @r#"
PATCH /v2/flows/executions/e/tasks/t {"assigned_to":["2"],"due_date":"2026-05-29"}
POST /v2/flows/executions/e/tasks/t/schedule/run-now null
"#);
    insta::assert_snapshot!(of(&format!("{reassign}, {run}, {shift}, {shift}")), @r#"
PATCH /v2/flows/executions/e/tasks/t {"assigned_to":["2"]}
POST /v2/flows/executions/e/tasks/t/schedule/run-now null
PATCH /v2/flows/executions/e/tasks/t {"due_date":"2026-05-30"}
"#);
}

#[test]
fn later_actions_see_what_earlier_ones_changed_on_their_own_level_and_on_finer_ones() {
    let playbook = over_flows(
        "each: task",
        r#"
actions:
  - reassign: { from: "1", to: "2" }
  - { shift_due_date: { by: 1 day }, when: 'has_assignee(task, "2")' }
  - { shift_due_date: { by: 1 week }, when: 'has_assignee(task, "1")' }
  - { reassign: { add: ["3"] }, on: execution, when: 'has_assignee(execution.tasks[1], "2")' }
"#,
    );
    insta::assert_snapshot!(said(&playbook, &two_phases()).join("\n"), @r#"
PATCH /v2/flows/executions/e/tasks/t1 {"assigned_to":["2"],"due_date":"2026-05-29"}
PATCH /v2/flows/executions/e/tasks/t2 {"assigned_to":["2"],"due_date":"2026-05-29"}
PATCH /v2/flows/executions/e/tasks/t3 {"assigned_to":["2"],"due_date":"2026-05-29"}
PATCH /v2/flows/executions/e {"assigned_to":["1","3"]}
"#);
}

#[test]
fn a_target_that_is_rejected_leaves_no_trace_for_later_actions() {
    let playbook = over_flows(
        "each: task, where_each: task.id == \"t1\"",
        r#"
actions:
  - reassign: { from: "1", to: "2" }
  - { reassign: { add: ["9"] }, when: 'due_before(task, execution.name)' }
  - { reassign: { add: ["3"] }, on: execution, when: 'has_assignee(execution.tasks[0], "2")' }
"#,
    );
    insta::assert_snapshot!(said(&playbook, &two_phases()).join("\n"), @r#"
rejected t1: `when` of reassign failed: `Flow e` is no date: it should look like `2026-05-28`, `2026-05-28T00:00:00.000` or `2021-04-27T12:00:00.000Z` in `due_before(task, execution.name)`
skipped e: `when` is false
"#);
}

#[test]
fn what_nothing_changes_is_skipped_with_every_reason_once() {
    let of = |actions: &str| {
        let playbook = over_flows("each: task, limit: 1", &format!("actions: [ {actions} ]"));
        said(&playbook, &two_phases()).join("\n")
    };
    let never = "{ reassign: { set: [\"9\"] }, when: task.status == \"FAILED\" }";
    let none = "reassign: { from: \"8\", to: \"9\" }";
    let there = "reassign: { from: \"1\", to: \"2\" }";
    let back = "reassign: { from: \"2\", to: \"1\" }";
    assert_eq!(
        of(&format!("{never}, {none}, {never}")),
        "skipped t1: `when` is false; 8 is not assigned"
    );
    assert_eq!(
        of(&format!("{there}, {back}")),
        "skipped t1: its actions cancel out"
    );
    assert_eq!(
        of(&format!("{none}, {there}, {back}")),
        "skipped t1: 8 is not assigned; its actions cancel out"
    );
}

#[test]
fn a_field_that_ends_where_it_began_is_left_out_of_the_request_that_changes_others() {
    let playbook = over_flows(
        "each: task, limit: 1",
        r#"
actions:
  - reassign: { from: "1", to: "2" }
  - shift_due_date: { by: 1 day }
  - reassign: { from: "2", to: "1" }
"#,
    );
    let [change] = &changes(&playbook, &two_phases())[..] else {
        panic!("one change")
    };
    let (before, after) = (
        json!({"due_date": "2026-05-28"}),
        json!({"due_date": "2026-05-29"}),
    );
    assert_eq!(json!(change.request.body), after);
    assert_eq!(json!(change.before), before);
    assert_eq!(json!(change.after), after);
    let Undo::Request(undo) = &change.undo else {
        panic!("{:?}", change.undo)
    };
    assert_eq!(json!(undo.body), before);
}

#[test]
fn what_can_not_go_back_is_no_matter_when_it_is_left_out() {
    let of = |actions: &str| {
        let execution = flow("e", &json!({"assigned_to": ["1", "2"]}));
        let playbook = over_flows("", &format!("actions: [ {actions} ]"));
        let [change] = &changes(&playbook, &execution)[..] else {
            panic!("one change")
        };
        (json!(change.after), matches!(change.undo, Undo::Request(_)))
    };
    // Other people and the same again, in another order.
    let there = "reassign: { add: [\"3\"], remove: [\"1\"] }";
    let back = "reassign: { add: [\"1\"], remove: [\"3\"] }";
    let text =
        |text: &str| format!("patch: {{ closing_reason: {{ extra_description: \"{text}\" }} }}");
    let contexts = "patch: { contexts: [ { entity_id: c, entity_schema: contact } ] }";
    assert_eq!(
        of(&format!("{there}, {contexts}, {back}")),
        (
            json!({"contexts": [{"entity_id": "c", "entity_schema": "contact"}]}),
            true
        )
    );
    assert_eq!(
        of(&format!("{}, {contexts}, {}", text("x"), text(""))),
        (
            json!({"contexts": [{"entity_id": "c", "entity_schema": "contact"}]}),
            true
        )
    );
    assert_eq!(
        of(&format!("{}, {}", text("x"), text("y"))),
        (json!({"closing_reason.extra_description": "y"}), false)
    );
}

#[test]
fn a_later_target_sees_what_was_changed_on_earlier_ones_of_its_execution() {
    let playbook = over_flows(
        "each: task",
        "actions: [ { reassign: { from: \"1\", to: \"2\" }, when: 'not has_assignee(execution.tasks[0], \"2\")' } ]",
    );
    insta::assert_snapshot!(said(&playbook, &two_phases()).join("\n"), @r#"
PATCH /v2/flows/executions/e/tasks/t1 {"assigned_to":["2"]}
skipped t2: `when` is false
skipped t3: `when` is false
"#);
}

#[test]
fn absent_assignees_that_come_and_go_are_no_change() {
    let playbook = over_flows(
        "",
        "actions: [ reassign: { add: [\"1\"] }, reassign: { remove: [\"1\"] } ]",
    );
    assert_eq!(
        said(&playbook, &flow("e", &json!({}))),
        ["skipped e: its actions cancel out"]
    );
}

#[test]
fn a_merged_change_takes_the_stricter_of_everything_and_goes_back_all_the_way() {
    let playbook = over_flows(
        "",
        r#"
actions:
  - { reassign: { from: "1", to: "2" }, name: first }
  - close: { reason: Won }
  - reassign: { from: "2", to: "3" }
"#,
    );
    let reasons =
        json!({"configured_reasons": [{"id": "r", "title": "Won"}], "extra_description": "x"});
    let execution = flow(
        "e",
        &json!({"assigned_to": ["1"], "closing_reason": reasons}),
    );
    let [change] = &changes(&playbook, &execution)[..] else {
        panic!("one change")
    };
    insta::assert_snapshot!(serde_json::to_string_pretty(change).unwrap(), @r#"
{
  "change": "73065b5acc04",
  "group": "e",
  "target": {
    "kind": "execution",
    "api": "v2",
    "execution": "e",
    "name": "Flow e"
  },
  "action": [
    "reassign: first",
    "close",
    "reassign"
  ],
  "request": {
    "method": "PATCH",
    "path": "/v2/flows/executions/e",
    "body": {
      "assigned_to": [
        "3"
      ],
      "closing_reason": {
        "selected_reasons": [
          {
            "id": "r",
            "title": "Won"
          }
        ]
      },
      "status": "CLOSED"
    }
  },
  "before": {
    "assigned_to": [
      "1"
    ],
    "closing_reason.selected_reasons": null,
    "status": "STARTED"
  },
  "after": {
    "assigned_to": [
      "3"
    ],
    "closing_reason.selected_reasons": [
      {
        "id": "r",
        "title": "Won"
      }
    ],
    "status": "CLOSED"
  },
  "requires": {},
  "repeat": "readable",
  "undo": {
    "request": {
      "method": "PATCH",
      "path": "/v2/flows/executions/e",
      "body": {
        "assigned_to": [
          "1"
        ],
        "closing_reason": {
          "selected_reasons": []
        },
        "status": "STARTED"
      }
    }
  },
  "effects": [
    "automations_may_fire",
    {
      "notice": "3"
    }
  ]
}
"#);
}

#[test]
fn a_change_requires_the_statuses_that_it_does_not_move_itself() {
    let required = |select: &str, rest: &str, execution: &Execution| -> Vec<String> {
        let changes = changes(
            &over_flows(select, &format!("{rest}\n{ALLOWED}")),
            execution,
        );
        let paths = changes.iter().map(|change| {
            change
                .requires
                .iter()
                .map(|(path, value)| format!("{path}={value}"))
        });
        paths
            .map(|paths| paths.collect::<Vec<_>>().join(" "))
            .collect()
    };
    let reasons = json!([{"id": "r", "title": "Won"}]);
    let task = scheduled("t", &json!({"assigned_to": ["1"]}));
    let execution = flow(
        "e",
        &json!({"assigned_to": ["1"], "closing_reason": {"configured_reasons": reasons}, "tasks": [task]}),
    );
    let reassign = "reassign: { from: \"1\", to: \"2\" }";
    assert_eq!(
        required(
            "each: task",
            &format!("actions: [ {reassign} ]"),
            &execution
        ),
        ["execution.status=\"STARTED\" target.status=\"SCHEDULED\""]
    );
    assert_eq!(
        required("", &format!("actions: [ {reassign} ]"), &execution),
        ["execution.status=\"STARTED\""]
    );
    assert_eq!(
        required("", "actions: [ close: { reason: Won } ]", &execution),
        [""]
    );
    // Whatever the automation makes of the task by then, the reassignment goes on.
    assert_eq!(
        required(
            "each: task",
            &format!("actions: [ run_schedule_now, {reassign} ]"),
            &execution
        )[1],
        "execution.status=\"STARTED\""
    );
}

#[test]
fn ids_of_changes_differ_within_a_plan_and_stay_from_plan_to_plan() {
    let plan = |to: &str, name: &str| {
        let actions = format!(
            "actions: [ {{ reassign: {{ from: \"1\", to: \"{to}\" }}, on: [task, phase, execution]{name} }}, run_schedule_now, {} ]\n{ALLOWED}",
            "{ reassign: { add: [\"7\"] }, on: task }, run_schedule_now, { reassign: { add: [\"8\"] }, on: task }"
        );
        let tasks = json!([
            scheduled("t", &json!({"assigned_to": ["1"]})),
            scheduled("u", &json!({"assigned_to": ["1"]}))
        ]);
        let execution = flow("e", &json!({"assigned_to": ["1"], "tasks": tasks}));
        let changes = changes(&over_flows("each: task", &actions), &execution);
        changes
            .into_iter()
            .map(|change| change.change)
            .collect::<Vec<_>>()
    };
    let ids = plan("2", "");
    assert_eq!(
        ids.len(),
        7,
        "PATCH, POST, PATCH of two tasks, and the flow's PATCH"
    );
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "{ids:?}"
    );
    assert_eq!(plan("3", ", name: other"), ids);
}

#[test]
fn an_action_that_fails_on_a_target_rejects_it_and_no_other() {
    let playbook = over_flows(
        "each: task",
        "actions: [ { reassign: { from: \"1\", to: \"2\" }, when: 'due_before(task, now)' } ]",
    );
    let mut execution = two_phases();
    let second = TargetPart::Task(crate::api::Id::new("t2").unwrap());
    execution.change(&second, "due_date", json!("soon"));
    let said = said(&playbook, &execution);
    assert!(said[0].starts_with("PATCH"), "{said:?}");
    assert!(
        said[1].starts_with("rejected t2: `when` of reassign failed"),
        "{said:?}"
    );
    assert!(said[2].starts_with("PATCH"), "{said:?}");
}

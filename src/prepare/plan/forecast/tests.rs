//! What a change causes elsewhere, action by action. One file because it is one table of effects.

use serde_json::{Value, json};

use super::{Change, Operation, entity_writes, notices};
use crate::api::Id;
use crate::testing::samples::{changes, flow, legacy, over_executions, over_flows, row, with};

/// A rule of a flow that writes into the attribute of the same name as its event.
fn rule(event: &str, filter: &Value) -> Value {
    json!({"trigger": {"event": event, "filter": filter}, "value": {"source": "workflow_name"},
        "target": {"entitySchema": "opportunity", "entityAttribute": event}})
}

/// A flow with a rule for each event, an opportunity and a contact.
fn ruled(fields: &Value) -> Value {
    let rules: Vec<Value> = EVENTS.iter().map(|on| rule(on, &Value::Null)).collect();
    let base = json!({
        "entity_sync": rules, "assigned_to": ["10010"],
        "contexts": [{"entity_id": "o1", "entity_schema": "opportunity"}, {"entity_id": "c1", "entity_schema": "contact"}],
        "phases": [{"id": "p", "template_id": "pt", "name": "", "status": "OPEN", "assigned_to": ["10010"]}],
        "tasks": [{"id": "t", "template_id": "tt", "name": "", "status": "PENDING", "enabled": true, "phase_id": "p",
            "task_type": "MANUAL", "assigned_to": ["10010", {"variable": "v", "value": ["7"]}]}],
    });
    with(base, fields)
}

const EVENTS: [&str; 18] = [
    "FlowStarted",
    "FlowCompleted",
    "FlowCancelled",
    "FlowReopened",
    "FlowDeleted",
    "FlowAssigned",
    "FlowDueDateChanged",
    "FlowContextsChanged",
    "TaskUpdated",
    "CurrTaskChanged",
    "TaskCompleted",
    "TaskSkipped",
    "TaskMarkedInProgress",
    "TaskMarkedOnHold",
    "PhaseUpdated",
    "PhaseCompleted",
    "PhaseSkipped",
    "PhaseMarkedInProgress",
];

/// What is forecast of the only change of a flow, in short: events in the order of the type, people, what is unknown.
fn forecast(action: &str, flow_fields: &Value) -> Vec<String> {
    forecast_of("PENDING", action, flow_fields)
}

/// As [`forecast`], where the task has this status.
fn forecast_of(status: &str, action: &str, flow_fields: &Value) -> Vec<String> {
    let allow = "guards: { allow: [delete, revert, execute, run_automation] }";
    let playbook = over_flows(
        "each: task",
        &format!("actions: [ {{ {action} }} ]\n{allow}").replace('\'', "\""),
    );
    let mut whole = ruled(flow_fields);
    whole["tasks"][0]["status"] = json!(status);
    let changes = changes(&playbook, &flow("e", &whole));
    assert_eq!(changes.len(), 1, "{changes:?}");
    short(&json!(changes[0].effects))
}

fn short(effects: &Value) -> Vec<String> {
    let effects = effects.as_array().unwrap().iter();
    effects
        .filter_map(|effect| match effect {
            Value::Object(caused) => Some(match caused.get("entity_write") {
                Some(write) => {
                    assert_eq!(write["entities"], json!(["o1"]));
                    write["on"].as_str().unwrap().to_owned()
                }
                None => format!("to {}", caused["notice"].as_str().unwrap()),
            }),
            word => word
                .as_str()
                .filter(|word| word.contains("unknown"))
                .map(str::to_owned),
        })
        .collect()
}

/// All that may happen when a flow goes on, in order.
const GOING_ON: [&str; 13] = [
    "CurrTaskChanged",
    "FlowCompleted",
    "FlowDueDateChanged",
    "FlowReopened",
    "PhaseCompleted",
    "PhaseMarkedInProgress",
    "PhaseSkipped",
    "PhaseUpdated",
    "TaskCompleted",
    "TaskMarkedInProgress",
    "TaskSkipped",
    "TaskUpdated",
    "notices_unknown",
];

#[test]
fn a_change_is_forecast_with_the_events_that_it_may_cause() {
    let none = json!({});
    for (action, fields, expected) in [
        (
            "reassign: { from: '10010', to: '10020' }, on: [execution]",
            &none,
            vec!["FlowAssigned", "to 10020"],
        ),
        (
            "set_due_date: 2026-12-24, on: [execution]",
            &none,
            vec!["FlowDueDateChanged"],
        ),
        (
            "close: { reason: r }, on: [execution]",
            &json!({"closing_reason": {"configured_reasons": [{"id": "r", "title": "r"}]}}),
            vec!["CurrTaskChanged", "FlowCancelled"],
        ),
        ("delete: {}, on: [execution]", &none, vec!["FlowDeleted"]),
        (
            "reassign: { from: '10010', to: '10020' }, on: [phase]",
            &none,
            vec!["PhaseUpdated", "to 10020"],
        ),
        // Who is there already, by a variable too, is not newly assigned.
        (
            "reassign: { set: ['7', '10010', '8'] }",
            &none,
            vec!["TaskUpdated", "to 8"],
        ),
        (
            "reassign: { remove: ['10010'] }",
            &none,
            vec!["TaskUpdated"],
        ),
        (
            "patch: { assigned_to: [ { variable: 'x' } ] }",
            &none,
            vec!["TaskUpdated", "notices_unknown"],
        ),
        (
            "set_status: IN_PROGRESS",
            &none,
            vec![
                "PhaseMarkedInProgress",
                "PhaseUpdated",
                "TaskMarkedInProgress",
                "TaskUpdated",
            ],
        ),
        (
            "add_task: { name: n, before: t, after: t, assigned_to: ['9'] }, on: [execution]",
            &none,
            vec!["TaskUpdated", "to 9"],
        ),
    ] {
        let mut found = forecast(action, fields);
        found.sort_by_key(|word| {
            (
                word.starts_with("to "),
                word.contains("unknown"),
                word.clone(),
            )
        });
        assert_eq!(found, expected, "{action}");
    }
    for action in [
        "set_status: COMPLETED",
        "set_status: SKIPPED",
        "execute: {}, on: [task]",
    ] {
        let mut found = forecast_of("IN_PROGRESS", action, &none);
        found.sort_by_key(|word| (word.contains("unknown"), word.clone()));
        assert_eq!(found, GOING_ON, "{action}");
    }
}

#[test]
fn a_rule_of_one_task_or_phase_is_no_rule_of_another() {
    for (filter, takes_up) in [
        (json!(null), true),
        (json!({}), true),
        (json!({"task_template_id": "tt"}), true),
        (json!({"task_template_id": "other"}), false),
        (json!({"phase_template_id": "pt"}), true),
        (json!({"phase_template_id": "other"}), false),
        (
            json!({"task_template_id": "tt", "phase_template_id": "other"}),
            false,
        ),
    ] {
        let fields = json!({"entity_sync": [rule("TaskUpdated", &filter)]});
        let found = forecast("reassign: { remove: ['10010'] }", &fields);
        assert_eq!(found == ["TaskUpdated"], takes_up, "{filter}: {found:?}");
        // Which tasks move when a flow goes on can't be foreseen.
        let found = forecast_of("IN_PROGRESS", "set_status: COMPLETED", &fields);
        assert_eq!(found, ["TaskUpdated", "notices_unknown"], "{filter}");
    }
}

#[test]
fn what_can_not_be_known_is_said_to_be_unknown_and_what_has_no_rule_is_not() {
    let reassign = "reassign: { from: '10010', to: '10020' }, on: [execution]";
    for (fields, expected) in [
        (json!({"entity_sync": null}), vec!["to 10020"]),
        (json!({"entity_sync": []}), vec!["to 10020"]),
        (
            json!({"entity_sync": [rule("FlowPainted", &Value::Null)]}),
            vec!["entity_writes_unknown", "to 10020"],
        ),
        (
            json!({"entity_sync": [{"trigger": {"event": "FlowAssigned"}}]}),
            vec!["entity_writes_unknown", "to 10020"],
        ),
        (
            json!({"entity_sync": {"a": 1}}),
            vec!["entity_writes_unknown", "to 10020"],
        ),
        // No entity of the rule's schema.
        (
            json!({"contexts": [{"entity_id": "c", "entity_schema": "contact"}]}),
            vec!["to 10020"],
        ),
        // None at all: an empty list tells it, the lack of a list does not.
        (json!({"contexts": []}), vec!["to 10020"]),
        (
            json!({"contexts": null}),
            vec!["entity_writes_unknown", "to 10020"],
        ),
        (
            json!({"contexts": "o1"}),
            vec!["entity_writes_unknown", "to 10020"],
        ),
        // What can't be read may be one, beside those that can.
        (
            json!({"contexts": [{"entity_schema": "opportunity"}]}),
            vec!["entity_writes_unknown", "to 10020"],
        ),
        (
            json!({"contexts": ["o1", {"entity_id": "o1", "entity_schema": "opportunity"}]}),
            vec!["FlowAssigned", "entity_writes_unknown", "to 10020"],
        ),
        // Without a rule that takes up the event, it does not matter.
        (
            json!({"contexts": null, "entity_sync": [rule("FlowDeleted", &Value::Null)]}),
            vec!["to 10020"],
        ),
        // One whose schema is not named may be one.
        (
            json!({"contexts": [{"entity_id": "o1"}]}),
            vec!["FlowAssigned", "to 10020"],
        ),
    ] {
        assert_eq!(forecast(reassign, &fields), expected, "{fields}");
    }
}

#[test]
fn an_execution_of_the_first_generation_tells_where_it_stands_if_its_row_has_the_rules() {
    let rules = |rules: &[&str]| -> Vec<Value> {
        let target = |rule: &str| json!({"entitySchema": "opportunity", "entityAttribute": rule});
        rules
            .iter()
            .map(|rule| json!({"source": rule, "target": target(rule)}))
            .collect()
    };
    let all = json!({"updateEntityAttributes": rules(&["workflow_status", "current_step"]),
        "contexts": [{"id": "o1", "schema": "opportunity", "title": ""}], "assignedTo": ["10010"]});
    let reassign = "reassign: { from: '10010', to: '10020' }";
    for (action, fields, expected) in [
        (reassign, &all, vec!["to 10020"]),
        (
            reassign,
            &json!({"assignedTo": ["10010"]}),
            vec!["to 10020"],
        ),
        ("complete", &all, vec!["workflow_status", "current_step"]),
        ("complete", &json!({}), vec!["entity_writes_unknown"]),
        ("complete", &json!({"updateEntityAttributes": []}), vec![]),
        (
            "add_step: { name: n, index: 0 }",
            &json!({}),
            vec!["entity_writes_unknown"],
        ),
    ] {
        let action = action.replace('\'', "\"");
        let playbook = over_executions("each: execution", &format!("actions: [ {action} ]"));
        let changes = changes(&playbook, &row("e", fields));
        let mut found = short(&json!(changes[0].effects));
        found.sort_by_key(|word| !word.starts_with("workflow"));
        assert_eq!(found, expected, "{action} {fields}");
    }
    let step = json!({"id": "s", "status": "PENDING", "assignedTo": [], "userIds": []});
    for (action, expected) in [
        ("reassign: { set: ['7'] }", vec!["to 7"]),
        ("set_status: IN_PROGRESS", vec!["entity_writes_unknown"]),
    ] {
        let action = action.replace('\'', "\"");
        let playbook = over_executions("each: step", &format!("actions: [ {action} ]"));
        let changes = changes(&playbook, &legacy("e", std::slice::from_ref(&step)));
        assert_eq!(short(&json!(changes[0].effects)), expected, "{action}");
    }
}

#[test]
fn entities_that_come_or_go_with_a_change_of_contexts_count_both_and_later_writes_to_them_are_unknown()
 {
    let playbook = over_flows(
        "each: execution",
        "actions: [ patch: { contexts: [ { entity_id: o2, entity_schema: opportunity } ] } ]",
    );
    let changes = changes(&playbook, &flow("e", &ruled(&json!({}))));
    assert_eq!(
        json!(changes[0].effects),
        json!([{"entity_write": {"attribute": "opportunity.FlowContextsChanged", "on": "FlowContextsChanged", "entities": ["o1", "o2"]}}, "entity_writes_unknown"])
    );
}

/// What is forecast of `change` when it is sent like this, in short and sorted.
fn sent(
    operation: &Operation,
    change: &Change,
    said: [Value; 4],
    execution: &Value,
) -> Vec<String> {
    let [before, body, after, effects] = said;
    let mut change = change.clone();
    change.before = serde_json::from_value(before).unwrap();
    change.request.body = Some(serde_json::from_value(body).unwrap());
    change.after = serde_json::from_value(after).unwrap();
    change.effects = serde_json::from_value(effects).unwrap();
    let mut effects = entity_writes(operation, &change, [execution; 2]);
    effects.extend(notices(operation, &change));
    let mut found = short(&json!(effects));
    found.sort();
    found
}

#[test]
fn each_operation_of_the_second_generation_has_its_events() {
    use Operation as Op;
    let id = |text| Id::new(text).unwrap();
    let [e, p, t] = ["e", "p", "t"].map(id);
    let playbook = over_flows("each: execution", "actions: [ reassign: { set: ['1'] } ]");
    let whole = ruled(&json!({}));
    let base = &changes(&playbook, &flow("e", &whole))[0];
    let none = || json!({});
    let unknown = vec!["entity_writes_unknown", "notices_unknown"];
    for (operation, body, after, expected) in [
        (
            Op::PatchFlow(e.clone()),
            json!({"due_date_config": {}}),
            none(),
            vec!["FlowDueDateChanged"],
        ),
        (
            Op::PatchFlow(e.clone()),
            json!({"status": "DONE"}),
            json!({"status": "DONE"}),
            vec!["CurrTaskChanged", "FlowCompleted"],
        ),
        (
            Op::PatchFlow(e.clone()),
            json!({"status": "STARTED"}),
            json!({"status": "STARTED"}),
            vec!["CurrTaskChanged", "FlowReopened"],
        ),
        (
            Op::PatchTask(e.clone(), t.clone()),
            json!({"status": "ON_HOLD"}),
            json!({"status": "ON_HOLD"}),
            vec!["TaskMarkedOnHold", "TaskUpdated"],
        ),
        (
            Op::AddTask(e.clone()),
            json!({"task": {"status": "SKIPPED", "phase_id": "p"}}),
            none(),
            vec!["TaskSkipped", "TaskUpdated"],
        ),
        (Op::StartFlow, none(), none(), unknown.clone()),
        (Op::CreateExecution, none(), none(), unknown),
    ] {
        let said = [none(), body, after, json!([])];
        let found = sent(&operation, base, said, &whole);
        assert_eq!(found, expected, "{operation:?}");
    }
    for effect in ["automation_fires", "flow_advances", "later_tasks_reset"] {
        let task = Op::PatchTask(e.clone(), t.clone());
        let said = [none(), none(), none(), json!([effect])];
        assert_eq!(sent(&task, base, said, &whole), GOING_ON, "{effect}");
    }
    for (template, expected) in [("pt", vec!["PhaseUpdated"]), ("other", Vec::new())] {
        let filter = json!({"phase_template_id": template});
        let whole = ruled(&json!({"entity_sync": [rule("PhaseUpdated", &filter)]}));
        let phase = Op::PatchPhase(e.clone(), p.clone());
        let said = [none(), none(), none(), json!([])];
        assert_eq!(sent(&phase, base, said, &whole), expected, "{template}");
    }
}

#[test]
fn each_operation_of_the_first_generation_tells_where_the_execution_stands_or_does_not() {
    use Operation as Op;
    let id = |text| Id::new(text).unwrap();
    let [e, s] = ["e", "s"].map(id);
    let whole = json!({"contexts": [{"id": "o1", "schema": "opportunity"}], "updateEntityAttributes": [
        {"source": "workflow_status", "target": {"entitySchema": "opportunity", "entityAttribute": "a"}}]});
    let playbook = over_executions("each: execution", "actions: [ reassign: { set: ['1'] } ]");
    let base = &changes(&playbook, &row("e", &whole))[0];
    let none = || json!({});
    let stands = ["workflow_status"];
    for (operation, body, expected) in [
        (
            Op::UpdateExecution(e.clone()),
            json!({"completedTime": "x"}),
            &stands[..],
        ),
        (
            Op::UpdateExecution(e.clone()),
            json!({"status": "x"}),
            &stands,
        ),
        (Op::UpdateExecution(e.clone()), json!({"name": "x"}), &[]),
        (Op::DeleteExecution(e.clone()), none(), &[]),
        (Op::CreateStep(e.clone()), none(), &stands),
        (Op::DeleteStep(e.clone(), s.clone()), none(), &stands),
        (
            Op::UpdateStep(e.clone(), s.clone()),
            json!({"name": "x"}),
            &stands,
        ),
        (
            Op::UpdateStep(e.clone(), s.clone()),
            json!({"assignedToInProgress": [], "assignedToOnHold": [], "dueDate": "x", "dynamicDueDate": {},
                "description": {}, "automationConfig": {}, "entityRefId": "x"}),
            &[],
        ),
        // Who has it already is not told again, whichever list says so.
        (
            Op::UpdateStep(e.clone(), s.clone()),
            json!({"userIds": [7, 8], "assignedTo": ["7", "9"]}),
            &["to 8", "to 9"],
        ),
    ] {
        let said = [json!({"userIds": [7]}), body, none(), json!([])];
        let found = sent(&operation, base, said, &whole);
        assert_eq!(found, expected, "{operation:?}");
    }
}

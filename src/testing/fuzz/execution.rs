//! Executions as the service sends them: what is planned from any of them is a plan that can be read.

use std::sync::LazyLock;

use serde_json::Value;

use crate::{
    api::{Generation, Level},
    json,
    plan::{Builder, Item, PlanReader, PlanWriter},
    playbook::Playbook,
    selection::Chooser,
    target::Execution,
    testing::samples::{over_executions, over_flows, plan_header},
};

/// All actions, and conditions that look at many fields.
static PLAYBOOKS: LazyLock<Vec<Playbook>> = LazyLock::new(|| {
    let flows = [
        (
            "each: task",
            "actions: [ reassign: { from: \"1\", to: \"2\" }, set_due_date: { to: 2026-12-24 } ]",
        ),
        (
            "each: task, where_each: task.due_date is not none and date(task.due_date) < now",
            "actions: [ shift_due_date: { by: 3 days } ]",
        ),
        (
            "each: task",
            "actions: [ run_schedule_now, cancel_schedule ]\nguards: { allow: [run_schedule_now, cancel_schedule] }",
        ),
        ("each: task", "actions: [ set_status: COMPLETED ]"),
        (
            "each: phase",
            "actions: [ { reassign: { add: [\"1\"], remove: [\"2\"] }, on: [phase, execution] } ]",
        ),
        (
            "where: execution.name is not none",
            "actions: [ close: { reason: [a, b], description: \"{{ execution.name }}\" } ]",
        ),
        ("", "actions: [ delete ]\nguards: { allow: [delete] }"),
        (
            "",
            "actions: [ add_task: { name: \"x {{ execution.name }}\", after: t } ]",
        ),
    ];
    let executions = [
        (
            "",
            "actions: [ reassign: { from: \"1\", to: \"2\" }, close: { reason: [b, a], description: x } ]",
        ),
        ("each: step", "actions: [ reassign: { set: [\"2\"] } ]"),
        (
            "each: step",
            "actions: [ set_due_date: { to: 2026-12-24 } ]",
        ),
        ("", "actions: [ add_step: { name: New, index: 0 } ]"),
    ];
    let flows = flows.map(|(select, rest)| over_flows(select, rest));
    let executions = executions.map(|(select, rest)| over_executions(select, rest));
    flows.into_iter().chain(executions).collect()
});

/// The JSON of an execution, as a flow and as a workflow execution.
pub fn execution(data: &[u8]) {
    let Ok(value) = json::decode(data) else {
        return;
    };
    for generation in [Generation::V1, Generation::V2] {
        let Ok(execution) = Execution::new(generation, value.clone()) else {
            continue;
        };
        for playbook in PLAYBOOKS.iter() {
            if playbook.select.source.generation() == generation {
                assert_plans(playbook, &execution);
            }
        }
    }
}

/// Plans one execution; asserts that the plan is read as it was written.
pub(super) fn assert_plans(playbook: &Playbook, execution: &Execution) {
    let mut chooser = Chooser::new(playbook);
    if playbook.select.each == Level::Entity
        || playbook.select.source.generation() != execution.generation
        || !matches!(chooser.keeps(execution), Ok(true))
    {
        return;
    }
    let chosen = chooser.choose(execution);
    let Ok(items) = Builder::new(playbook).group(execution, &chosen.parts) else {
        return;
    };
    let mut writer = PlanWriter::new(Vec::new(), &plan_header()).expect("it is in memory");
    for item in &items {
        writer.item(item).expect("it is in memory");
    }
    let (bytes, trailer, written) = writer.finish(1).expect("it is in memory");
    let mut reader = PlanReader::new(&bytes[..]).expect("a header");
    let mut read: Vec<Item> = Vec::new();
    loop {
        match reader.next_line() {
            Ok(Some(line)) => read.push(line.item),
            Ok(None) => break,
            Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&bytes)),
        }
    }
    assert_eq!(read, items);
    assert_eq!(reader.end(), Some(&(trailer, written.sha256())));
    for item in &items {
        if let Item::Change(change) = item {
            let body = change.request.body.iter().flatten();
            let is_kept = |value: &Value| json::find_unreadable(value).is_none();
            assert!(body.map(|(_, value)| value).all(is_kept), "{change:?}");
        }
    }
}

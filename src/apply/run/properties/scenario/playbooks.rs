//! Plans at random, made by the real planner from playbooks at random.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::flows::{RandomFlow, any_flow};
use crate::{
    api::Generation,
    plan::Change,
    target::Execution,
    testing::samples::{changes, playbook},
};

/// One execution, and what is planned for it.
#[derive(Clone, Debug)]
pub(in crate::apply::run::properties) enum Group {
    Flow(RandomFlow, Vec<(Act, u8)>),
    /// An execution of the first generation with so many steps.
    Legacy(usize, Vec<(Act, u8)>),
    /// An entity that an execution is started for.
    Start,
}

/// An action, where it works on tasks or steps with a bit for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apply::run::properties) enum Act {
    Reassign,
    Date,
    Begin,
    Complete,
    /// Completes by `patch`.
    PatchStatus,
    Skip,
    Revert,
    RunNow,
    Cancel,
    RunAutomation,
    Execute,
    Reconcile,
    /// A field that no read shows.
    Hidden,
    /// The first field again, to another value.
    ReassignOn,
    ReassignPhase,
    ReassignWhole,
    AddPart,
    DeleteStep,
    Close,
    CompleteWhole,
    Delete,
    SoftDelete,
}

const ALL: [Act; 22] = [
    Act::Reassign,
    Act::Date,
    Act::Begin,
    Act::Complete,
    Act::PatchStatus,
    Act::Skip,
    Act::Revert,
    Act::RunNow,
    Act::Cancel,
    Act::RunAutomation,
    Act::Execute,
    Act::Reconcile,
    Act::Hidden,
    Act::ReassignOn,
    Act::ReassignPhase,
    Act::ReassignWhole,
    Act::AddPart,
    Act::DeleteStep,
    Act::Close,
    Act::CompleteWhole,
    Act::Delete,
    Act::SoftDelete,
];

/// What the planner made of a group.
#[derive(Clone, Debug)]
pub(in crate::apply::run::properties) struct PlannedGroup {
    /// As it was planned on.
    pub(in crate::apply::run::properties) execution: Value,
    pub(in crate::apply::run::properties) changes: Vec<Change>,
}

pub(super) fn any_group() -> impl Strategy<Value = Group> {
    let acts = || prop::collection::vec((select(ALL.to_vec()), any::<u8>()), 1..5);
    prop_oneof![
        8 => (any_flow(), acts()).prop_map(|(flow, acts)| Group::Flow(flow, acts)),
        2 => (1..4_usize, acts()).prop_map(|(steps, acts)| Group::Legacy(steps, acts)),
        1 => Just(Group::Start),
    ]
}

impl Group {
    pub(in crate::apply::run::properties) fn plan(&self, id: &str) -> PlannedGroup {
        let (select, each, generation, execution, acts) = match self {
            Self::Flow(flow, acts) => (
                "flows: { entities: [ { id: c, schema: contact } ] }, each: task",
                "task",
                Generation::V2,
                flow.json(id),
                acts.as_slice(),
            ),
            Self::Legacy(steps, acts) => (
                "executions: { list: {} }, each: step",
                "step",
                Generation::V1,
                legacy(id, *steps),
                acts.as_slice(),
            ),
            Self::Start => (
                "entities: { list: [ { id: c, schema: contact } ], api: v2 }",
                "entity",
                Generation::V2,
                json!({"id": id, "schema": "contact", "title": "Contact"}),
                [].as_slice(),
            ),
        };
        let mut actions: Vec<String> = acts
            .iter()
            .filter(|(act, _)| !super::super::is_left_out(act))
            .filter_map(|(act, bits)| act.yaml(each, generation, *bits))
            .collect();
        match self {
            Self::Flow(..) | Self::Legacy(..) if actions.is_empty() => {
                actions.extend(Act::ReassignWhole.yaml(each, generation, 0));
            }
            Self::Flow(..) | Self::Legacy(..) => {}
            Self::Start => actions.push("start: { template: tpl }".to_owned()),
        }
        let playbook = playbook(&format!(
            "select: {{ {select} }}\nactions: [ {} ]\nguards: {{ allow: [ delete, delete_step, start, run_schedule_now, cancel_schedule, run_automation, execute, revert ] }}\n",
            actions.join(", ")
        ));
        let planned_on = Execution::new(generation, execution.clone()).unwrap();
        let mut changes = changes(&playbook, &planned_on);
        // The service for tests tells changes apart by their requests.
        let alike = |place: usize| {
            let request = &changes[place].request;
            changes[..place]
                .iter()
                .any(|earlier| earlier.request == *request)
        };
        if let Some(end) = (0..changes.len()).find(|place| alike(*place)) {
            changes.truncate(end);
        }
        PlannedGroup { execution, changes }
    }
}

fn legacy(id: &str, steps: usize) -> Value {
    let step = |place| {
        json!({"id": format!("t{place}"), "type": "STEP", "name": format!("Step {place}"), "status": "ASSIGNED",
               "assignedTo": ["1"], "dueDate": null})
    };
    let steps: Vec<Value> = (0..steps).map(step).collect();
    json!({
        "id": id, "orgId": "4711", "name": "Execution", "status": "STARTED", "assignedTo": ["1"], "flow": steps,
        "configuredClosingReasonSnapshot": [{"id": "r", "title": "reason"}],
    })
}

impl Act {
    /// As a playbook says it; none where the generation has no such thing. `bits` say which tasks or steps are meant.
    fn yaml(self, each: &str, generation: Generation, bits: u8) -> Option<String> {
        let named: Vec<String> = (0..4)
            .filter(|place| bits >> place & 1 == 1)
            .map(|place| format!("\"t{place}\""))
            .collect();
        // Whoever means none means all.
        let meant = if named.is_empty() {
            format!("{each}.id is not none")
        } else {
            format!("{each}.id in [{}]", named.join(", "))
        };
        let here = |action: &str| Some(format!("{{ {action}, when: '{meant}' }}"));
        let from = |action: &str, statuses: &str| {
            Some(format!(
                "{{ {action}, when: '{each}.status in [{statuses}] and {meant}' }}"
            ))
        };
        let on = |action: &str, level: &str| Some(format!("{{ {action}, on: {level} }}"));
        let second = generation == Generation::V2;
        let not_begun = "\"PENDING\", \"ASSIGNED\"";
        match self {
            Self::Reassign => here("reassign: { from: \"1\", to: \"2\" }"),
            Self::ReassignOn => here("reassign: { from: \"2\", to: \"3\" }"),
            Self::Date => here("set_due_date: 2026-12-24"),
            Self::Begin => from("set_status: IN_PROGRESS", not_begun),
            Self::Complete => from("set_status: COMPLETED", "\"IN_PROGRESS\""),
            Self::PatchStatus => from("patch: { status: COMPLETED }", "\"IN_PROGRESS\""),
            Self::Skip => from("set_status: SKIPPED", not_begun),
            Self::Revert if second => from(
                "set_status: { to: PENDING, revert: true }",
                "\"COMPLETED\", \"SKIPPED\"",
            ),
            Self::RunNow if second => from("run_schedule_now: {}", "\"SCHEDULED\""),
            Self::Cancel if second => from("cancel_schedule: {}", "\"SCHEDULED\""),
            Self::RunAutomation if second => from(
                "run_automation: {}",
                "\"PENDING\", \"FAILED\", \"SCHEDULED\"",
            ),
            Self::Execute if second => from("execute: {}", "\"PENDING\", \"FAILED\""),
            Self::Reconcile if second => from("reconcile_automation: {}", "\"IN_PROGRESS\""),
            Self::Hidden if second => Some(format!(
                "{{ patch: {{ completed_via_journey: true }}, converges: false, when: '{meant}' }}"
            )),
            Self::ReassignPhase if second => on("reassign: { from: \"1\", to: \"2\" }", "phase"),
            Self::ReassignWhole => on("reassign: { from: \"1\", to: \"2\" }", "execution"),
            Self::AddPart if second => on("add_task: { name: New, after: t0 }", "execution"),
            Self::AddPart => on("add_step: { name: New, index: 0 }", "execution"),
            Self::DeleteStep if !second => here("delete_step: {}"),
            Self::Close => on("close: { reason: reason }", "execution"),
            Self::CompleteWhole => on("complete: {}", "execution"),
            Self::Delete => on("delete: {}", "execution"),
            Self::SoftDelete if second => on("delete: { soft: true }", "execution"),
            Self::Revert
            | Self::RunNow
            | Self::Cancel
            | Self::RunAutomation
            | Self::Execute
            | Self::Reconcile
            | Self::Hidden
            | Self::ReassignPhase
            | Self::DeleteStep
            | Self::SoftDelete => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::flows::{RandomTask, TaskState};
    use super::*;
    use crate::testing::simulated_service::Habit;

    #[test]
    fn each_act_makes_a_change_of_some_execution() {
        let task = |automated, state| RandomTask {
            automated,
            state,
            second: false,
            habit: Habit::default(),
        };
        let flow = RandomFlow {
            tasks: vec![
                task(false, TaskState::Pending),
                task(true, TaskState::Scheduled),
                task(false, TaskState::InProgress),
                task(true, TaskState::InProgress),
            ],
            over: 1,
        };
        for act in ALL {
            // What the first one makes of an assignee, the second one goes on from.
            let acts = match act {
                Act::ReassignOn => vec![(Act::Reassign, 0), (Act::RunAutomation, 0), (act, 0)],
                Act::Begin | Act::Skip => vec![(Act::Revert, 0), (act, 0)],
                _ => vec![(act, 0)],
            };
            let groups = [
                Group::Flow(flow.clone(), acts.clone()),
                Group::Legacy(2, acts.clone()),
            ];
            let made = groups.iter().any(|group| {
                let planned = group.plan("e").changes;
                !planned.is_empty()
            });
            assert!(made, "{act:?}");
        }
        assert_eq!(Group::Start.plan("e").changes.len(), 1);
    }
}

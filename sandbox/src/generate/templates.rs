//! The workflows of an energy supplier, from `data/templates.json`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::wire::{
    sync::{EntitySync, UpdateEntityAttribute},
    v2::{Reason, TaskType},
};

/// A workflow's definition. Executions of both generations are made from it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkflowTemplate {
    /// The id of the v2 template.
    pub(super) flow_template_id: String,
    /// The id of the v1 definition.
    pub(super) definition_id: String,
    pub(super) name: String,
    /// At most one closing reason may be selected.
    pub(super) single_closing_reason: bool,
    pub(super) closing_reasons: Vec<Reason>,
    pub(super) phases: Vec<TemplatePhase>,
    /// Rules of v2. One in each list of them is for a schema that no flow of the sandbox has.
    pub(super) entity_sync: Vec<EntitySync>,
    /// Rules of v1.
    pub(super) update_entity_attributes: Vec<UpdateEntityAttribute>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplatePhase {
    pub(super) name: String,
    pub(super) template_id: String,
    pub(super) tasks: Vec<TemplateTask>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateTask {
    pub(super) name: String,
    pub(super) task_type: TaskType,
    pub(super) template_id: String,
    /// The automation that an automation task runs.
    pub(super) automation_id: Option<String>,
    /// The names of a decision's branches.
    #[serde(default)]
    pub(super) branches: Vec<String>,
}

pub(super) static TEMPLATES: LazyLock<Vec<WorkflowTemplate>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/templates.json"))
        .expect("a test reads the templates of this build")
});

impl WorkflowTemplate {
    pub(super) fn task_count(&self) -> usize {
        self.phases.iter().map(|phase| phase.tasks.len()).sum()
    }
}

/// The closing reasons of a v1 definition; empty for an unknown one.
pub(crate) fn closing_reasons(definition_id: &str) -> Vec<Reason> {
    TEMPLATES
        .iter()
        .find(|template| template.definition_id == definition_id)
        .map(|template| template.closing_reasons.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_has_four_to_nine_tasks_and_a_decision_something_to_decide_on() {
        for template in &*TEMPLATES {
            let name = &template.name;
            assert!((4..=9).contains(&template.task_count()), "{name}");
            let phases = template.phases.iter();
            let tasks: Vec<&TemplateTask> = phases.flat_map(|phase| &phase.tasks).collect();
            for task in &tasks {
                let branches = task.branches.len();
                assert_eq!(branches == 2, task.task_type == TaskType::Decision);
                assert_eq!(branches == 0, task.task_type != TaskType::Decision);
                let is_automation = task.task_type == TaskType::Automation;
                assert_eq!(task.automation_id.is_some(), is_automation, "{}", task.name);
            }
            let reasons = template.closing_reasons.len();
            assert!(reasons >= 2, "{name}: two reasons can be refused");
            // Both branches of a decision lead somewhere.
            let mut last_two = tasks.iter().rev().take(2);
            assert!(last_two.all(|task| task.branches.is_empty()), "{name}");
        }
    }
}

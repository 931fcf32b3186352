//! `add_step`: adds a step to an execution of the first generation.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, Edit, Nature, PlannedAction, Repeat, Requests,
    Subject, ValueForm, argument,
    body::{RequestFieldValue, values},
};
use crate::{
    api::{Generation, Level, Operation, OperationKind, types},
    document::reader::{all, present},
    json,
    template::Template,
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "add_step",
    doc: "Adds a step to an execution of the first generation.",
    example: "add_step: { name: \"…\", index: 0, section: \"…\" }",
    levels: &[Level::Execution],
    only_in: Some(Generation::V1),
    form: ArgumentsForm::Map(&[
        argument(
            "name",
            ValueForm::Field(types::new_step, "name"),
            "Its name.",
        ),
        argument(
            "index",
            ValueForm::Field(types::new_step, "insertionIndex"),
            "Its place, from 0.",
        ),
        argument(
            "section",
            ValueForm::Text,
            "The section to add it to, by id or name; without it, the step is in no section.",
        ),
        argument(
            "description",
            ValueForm::Field(types::new_step, "description"),
            "A description for people.",
        ),
        argument(
            "status",
            ValueForm::Field(types::new_step, "status"),
            "Its status.",
        ),
        argument(
            "execution_type",
            ValueForm::Field(types::new_step, "executionType"),
            "Whether a person or an automation does it.",
        ),
        argument(
            "automation_config",
            ValueForm::Field(types::new_step, "automationConfig"),
            "Its automation.",
        ),
    ]),
    converges: false,
    needs_allow: false,
    again: "adds another one",
    undo: "no",
    requests: Requests::Other(|operation| operation.kind() == OperationKind::AddStep),
    read: |arguments| Some(Arc::new(arguments.add_step()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn add_step(&mut self) -> Option<AddStep> {
        let needed = ["name", "index"].map(|name| self.required(name));
        let section = self.get("section").map(|field| self.template(field));
        let fields = self.request_fields();
        all(needed)?;
        Some(AddStep {
            fields: fields?,
            section: present(section)?,
        })
    }
}

#[derive(Clone, Debug)]
struct AddStep {
    fields: Vec<RequestFieldValue>,
    /// The section to add it to, by id or name.
    section: Option<Template>,
}

/// The service chooses the step's id, so sending it twice adds two steps.
pub(super) const NATURE: Nature = Nature {
    repeat: Repeat::Once,
    effects: &[],
    why_final: Some("the id of the new step is known to the service only: use delete_step"),
};

impl Action for AddStep {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        self.edit(subject)
            .map_or_else(PlannedAction::Reject, PlannedAction::Edit)
    }
}

impl AddStep {
    fn edit(&self, subject: &Subject<'_>) -> Result<Edit, String> {
        let request = types::new_step();
        let mut step = values(&self.fields, subject)?;
        if let Some(section) = &self.section {
            let id = self::section(subject, &subject.word(section)?)?;
            step.insert("sectionId".to_owned(), Value::String(id));
        }
        let sends = request
            .fields
            .iter()
            .filter_map(|field| Some((field.name, step.get(field.name)?.clone())))
            .collect();
        Ok(Edit {
            sends,
            ..Edit::bare(Operation::CreateStep(subject.execution.clone()))
        })
    }
}

/// The id of the only section with this name.
fn section(subject: &Subject<'_>, wanted: &str) -> Result<String, String> {
    let sections: Vec<&Value> = json::get(subject.data, "flow")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|item| item["type"] == "SECTION")
        .collect();
    super::named::one("section", &sections, wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::samples::{changes, over_executions, row, said};

    #[test]
    fn a_step_goes_into_the_section_of_that_name_and_is_sent_once() {
        let playbook = over_executions(
            "",
            "actions: [ add_step: { name: \"Call {{ execution.name }}\", index: 1, section: Meter } ]",
        );
        let sections = json!({"flow": [
            {"id": "s1", "type": "SECTION", "name": "Meter", "steps": []},
            {"id": "s2", "type": "STEP", "name": "Meter"},
        ]});
        let execution = row("e", &sections);
        assert_eq!(
            said(&playbook, &execution),
            [
                r#"POST /v1/workflows/executions/e/steps {"insertionIndex":1,"name":"Call Execution e","sectionId":"s1"}"#
            ]
        );
        let change = &changes(&playbook, &execution)[0];
        assert_eq!(change.repeat, Repeat::Once);
        assert_eq!(json!(change.before), json!({"step": null}));
        assert_eq!(
            said(&playbook, &row("e", &json!({"flow": []}))),
            ["rejected e: has no section `Meter`"]
        );
    }
}

//! `add_step`: adds a step to an execution of the first generation.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{
    Action, ActionKind, Argument, ArgumentValue, Arguments, ArgumentsForm, Edit, Nature,
    PlannedAction, Repeat, Subject, ValueForm,
};
use crate::{
    api::{
        Generation, Level, Operation,
        types::{self, FieldContent},
    },
    document::reader::present,
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
        Argument {
            name: "name",
            value: ValueForm::Field(types::new_step, "name"),
            doc: "Its name.",
        },
        Argument {
            name: "index",
            value: ValueForm::Field(types::new_step, "insertionIndex"),
            doc: "Its place, from 0.",
        },
        Argument {
            name: "section",
            value: ValueForm::Text,
            doc: "The section to add it to, by id or name; without it, the step is in no section.",
        },
        Argument {
            name: "description",
            value: ValueForm::Field(types::new_step, "description"),
            doc: "A description for people.",
        },
        Argument {
            name: "status",
            value: ValueForm::Field(types::new_step, "status"),
            doc: "Its status.",
        },
        Argument {
            name: "execution_type",
            value: ValueForm::Field(types::new_step, "executionType"),
            doc: "Whether a person or an automation does it.",
        },
        Argument {
            name: "automation_config",
            value: ValueForm::Field(types::new_step, "automationConfig"),
            doc: "Its automation.",
        },
    ]),
    converges: false,
    irreversible: false,
    again: "adds another one",
    undo: "no",
    read: |arguments| Some(Arc::new(arguments.add_step()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn add_step(&mut self) -> Option<AddStep> {
        let name = self.required("name");
        let index = self.required("index");
        let section = self.get("section").map(|field| self.template(field));
        let fields = [
            ("name", name),
            ("insertionIndex", index),
            ("description", self.get("description")),
            ("status", self.get("status")),
            ("executionType", self.get("execution_type")),
            ("automationConfig", self.get("automation_config")),
        ];
        let fields = self.bodies(types::new_step(), &fields);
        name.and(index)?;
        Some(AddStep {
            fields: fields?,
            section: present(section)?,
        })
    }
}

#[derive(Clone, Debug)]
struct AddStep {
    /// The step's fields, by the names of the API.
    fields: Vec<(&'static str, ArgumentValue)>,
    /// The section to add it to, by id or name.
    section: Option<Template>,
}

/// The service chooses the step's id, so sending it twice adds two steps.
const NATURE: Nature = Nature {
    repeat: Repeat::Once,
    effects: &[],
    irreversible: Some("the id of the new step is known to the service only: use delete_step"),
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
        let mut step = Map::new();
        for (name, body) in &self.fields {
            let content = request
                .field(name)
                .map_or(FieldContent::Text, |field| field.content);
            step.insert((*name).to_owned(), body.value(subject, content, name)?);
        }
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
            expects: BTreeMap::from([("step", Value::Object(step))]),
            ..Edit::bare(Operation::CreateStep(subject.execution.clone()), NATURE)
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

//! `start`: starts an execution for an entity.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, Edit, Effect, Nature, PlannedAction, Repeat,
    Requests, Subject, ValueForm, argument,
};
use crate::{
    api::{Generation, Level, Operation, OperationKind},
    document::reader::{FieldNode, all, present},
    template::Template,
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "start",
    doc: "Starts an execution for an entity.",
    example: "start: { template: \"…\" }",
    levels: &[Level::Entity],
    only_in: None,
    form: ArgumentsForm::Map(&[
        argument(
            "template",
            ValueForm::Text,
            "The id of a flow template, or of a workflow of v1.",
        ),
        argument(
            "contexts",
            ValueForm::Entities,
            "Entities besides the one for which it is started.",
        ),
        argument("assigned_to", ValueForm::Texts, "Who is assigned; v1 only."),
        argument(
            "purposes",
            ValueForm::Texts,
            "Purposes, passed on as they are.",
        ),
    ]),
    converges: false,
    needs_allow: true,
    again: "starts another one",
    undo: "no",
    requests: Requests::Other(|operation| operation.kind() == OperationKind::Start),
    read: |arguments| Some(Arc::new(arguments.start()?)),
};

impl<'n> Arguments<'_, '_, '_, 'n> {
    fn start(&mut self) -> Option<Start> {
        let template = self.required_id("template");
        let contexts = self.get("contexts").map(|field| {
            let items = self.reader.list(field, "a list of { id, schema }")?;
            all(items.iter().map(|item| self.context(field.item(item))))
        });
        let assigned_to = self.get("assigned_to").map(|field| {
            if self.setting.compiler.generation() == Some(Generation::V2) {
                self.reader.wrong(
                    field.at,
                    "flows start without assignees: their template says who gets what",
                    "leave it out, and reassign when they have started",
                );
                return None;
            }
            self.filled(field, Self::id)
        });
        let purposes = self
            .get("purposes")
            .map(|field| self.filled(field, Self::template));
        Some(Start {
            template: template?,
            contexts: present(contexts)?.unwrap_or_default(),
            assigned_to: present(assigned_to)?.unwrap_or_default(),
            purposes: present(purposes)?.unwrap_or_default(),
        })
    }

    fn context(&mut self, field: FieldNode<'n>) -> Option<EntityContext> {
        let fields = self.reader.map(field, &["id", "schema"])?;
        let help = "an entity needs both: `{ id: …, schema: … }`";
        let [id, schema] = ["id", "schema"].map(|name| {
            let field = self.reader.required(&fields, name, help)?;
            self.id(field)
        });
        Some(EntityContext {
            id: id?,
            schema: schema?,
        })
    }
}

#[derive(Clone, Debug)]
struct Start {
    /// The id of the template.
    template: Template,
    /// Entities besides the one for which it is started.
    contexts: Vec<EntityContext>,
    /// The assignees; first generation only.
    assigned_to: Vec<Template>,
    purposes: Vec<Template>,
}

/// A further entity of an execution.
#[derive(Clone, Debug)]
struct EntityContext {
    id: Template,
    schema: Template,
}

/// The service chooses the id, so sending it twice starts two.
pub(super) const NATURE: Nature = Nature {
    repeat: Repeat::Once,
    effects: &[Effect::AutomationsMayFire],
    why_final: Some("deleting a started execution does not undo what it has done"),
};

impl Action for Start {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        self.edit(subject)
            .map_or_else(PlannedAction::Reject, PlannedAction::Edit)
    }
}

impl Start {
    fn edit(&self, subject: &Subject<'_>) -> Result<Edit, String> {
        let entity = Entity {
            id: subject.execution.to_string(),
            schema: subject.text("schema").ok_or("has no schema")?.to_owned(),
            title: subject.text("title").unwrap_or_default().to_owned(),
        };
        let mut entities = vec![entity];
        for context in &self.contexts {
            entities.push(Entity {
                id: subject.id_of(&context.id)?,
                schema: subject.id_of(&context.schema)?,
                title: String::new(),
            });
        }
        let template = json!(subject.id_of(&self.template)?);
        let mut body: Vec<(&'static str, Value)> = match subject.generation {
            Generation::V1 => vec![
                ("workflowId", template),
                ("trigger", json!("MANUAL")),
                ("contexts", entities.iter().map(Entity::first).collect()),
            ],
            Generation::V2 => vec![
                ("flow_template_id", template),
                ("trigger", json!({"type": "MANUAL"})),
                (
                    "contexts",
                    entities
                        .iter()
                        .enumerate()
                        .map(|(place, entity)| entity.second(place == 0))
                        .collect(),
                ),
            ],
        };
        if !self.assigned_to.is_empty() {
            body.push(("assignedTo", json!(subject.ids_of(&self.assigned_to)?)));
        }
        if !self.purposes.is_empty() {
            body.push(("purposes", json!(subject.all_words(&self.purposes)?)));
        }
        let operation = match subject.generation {
            Generation::V1 => Operation::CreateExecution,
            Generation::V2 => Operation::StartFlow,
        };
        Ok(Edit {
            sends: body,
            ..Edit::bare(operation)
        })
    }
}

struct Entity {
    id: String,
    schema: String,
    title: String,
}

impl Entity {
    fn first(&self) -> Value {
        json!({"id": self.id, "title": self.title, "schema": self.schema})
    }

    fn second(&self, is_primary: bool) -> Value {
        json!({"entity_id": self.id, "entity_schema": self.schema, "is_primary": is_primary})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::Builder,
        target::{Execution, TargetPart},
        testing::samples::{playbook, short},
    };

    #[test]
    fn what_can_not_be_an_id_starts_nothing() {
        let started = |arguments: &str| {
            let playbook = playbook(&format!(
                "vars: {{ lines: \"5\\n6\" }}\nselect: {{ entities: {{ list: [ {{ id: c1, schema: contact }} ], api: v1 }} }}\n\
                 actions: [ start: {{ {arguments} }} ]\nguards: {{ allow: [start] }}"
            ));
            let entity = Execution::new(Generation::V1, json!({"id": "c1", "schema": "contact"}));
            let items = Builder::new(&playbook).group(&entity.unwrap(), &[TargetPart::Entity]);
            items.unwrap().iter().map(short).collect::<String>()
        };
        let whole = "template: t, contexts: [ { id: c2, schema: contact } ], assigned_to: [\"7\"], purposes: [ a purpose ]";
        assert_eq!(
            started(whole),
            r#"POST /v1/workflows/executions {"assignedTo":["7"],"contexts":[{"id":"c1","schema":"contact","title":""},{"id":"c2","schema":"contact","title":""}],"purposes":["a purpose"],"trigger":"MANUAL","workflowId":"t"}"#
        );
        let wrong = r#"rejected c1: "5\n6" is not an id: an id consists of letters, digits, _ and -, after the first character also . ~ :; found '\n'"#;
        for id in ["template: t", "id: c2", "schema: contact", "\"7\""] {
            let template = r#""{{ vars.lines if entity.id else '' }}""#;
            let lines = match id.split_once(": ") {
                Some((key, _)) => whole.replacen(id, &format!("{key}: {template}"), 1),
                None => whole.replacen(id, template, 1),
            };
            assert_eq!(started(&lines), wrong, "{id}");
        }
    }
}

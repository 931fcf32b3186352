//! `start`: an execution begins for an entity.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Edit, Effect, Nature, Planned, Repeat, Subject};
use crate::{
    api::{Generation, Operation},
    template::Template,
};

#[derive(Clone, Debug)]
pub struct Start {
    /// The id of the template.
    pub template: Template,
    /// Entities beside the one that it is started for.
    pub contexts: Vec<Context>,
    /// Who gets it; of the first generation only.
    pub assigned_to: Vec<Template>,
    pub purposes: Vec<Template>,
}

/// One more entity that an execution is about.
#[derive(Clone, Debug)]
pub struct Context {
    pub id: Template,
    pub schema: Template,
}

/// The service chooses the id, so sending it twice starts two.
const NATURE: Nature = Nature {
    repeat: Repeat::Once,
    effects: &[Effect::AutomationsMayFire],
    irreversible: Some("what has started may have acted; delete removes it, and no more"),
};

impl Start {
    pub(super) fn plan(&self, subject: &Subject<'_>) -> Planned {
        self.edit(subject)
            .map_or_else(Planned::Reject, Planned::Edit)
    }

    fn edit(&self, subject: &Subject<'_>) -> Result<Edit, String> {
        let entity = Entity {
            id: subject.execution.to_string(),
            schema: subject.text("schema").ok_or("has no schema")?.to_owned(),
            title: subject.text("title").unwrap_or_default().to_owned(),
        };
        let mut entities = vec![entity];
        for context in &self.contexts {
            entities.push(Entity {
                id: subject.word(&context.id)?,
                schema: subject.word(&context.schema)?,
                title: String::new(),
            });
        }
        let template = json!(subject.word(&self.template)?);
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
        for (name, templates) in [
            ("assignedTo", &self.assigned_to),
            ("purposes", &self.purposes),
        ] {
            if !templates.is_empty() {
                body.push((name, json!(subject.all_words(templates)?)));
            }
        }
        let operation = match subject.generation {
            Generation::V1 => Operation::CreateExecution,
            Generation::V2 => Operation::StartFlow,
        };
        Ok(Edit {
            expects: BTreeMap::from([("started", body[0].1.clone())]),
            sends: body,
            ..Edit::bare(operation, NATURE)
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

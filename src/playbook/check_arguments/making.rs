//! The arguments of what makes something new, and of `patch`: fields by the names of the API's requests.

use crate::{
    action::{AddStep, AddTask, Body, Context, Kind, Patch, Start},
    api::{
        Generation, Level,
        types::{self, Request},
    },
};

use super::Arguments;
use crate::playbook::{check_select::present, node::Value, reader::Field};

impl<'n> Arguments<'_, '_, '_, 'n> {
    pub(super) fn add_step(&mut self) -> Option<AddStep> {
        let example = Kind::AddStep.example();
        let name = self.reader.required(&self.fields, "name", example);
        let index = self.reader.required(&self.fields, "index", example);
        let section = self.fields.get("section").map(|field| self.template(field));
        let request = types::new_step();
        let fields = [
            ("name", name),
            ("insertionIndex", index),
            ("description", self.fields.get("description")),
            ("status", self.fields.get("status")),
            ("executionType", self.fields.get("execution_type")),
            ("automationConfig", self.fields.get("automation_config")),
        ];
        let fields = self.bodies(request, &fields);
        name.and(index)?;
        Some(AddStep {
            fields: fields?,
            section: present(section)?,
        })
    }

    pub(super) fn add_task(&mut self) -> Option<AddTask> {
        let name = self
            .reader
            .required(&self.fields, "name", Kind::AddTask.example());
        let [after, before, key, phase] = ["after", "before", "key", "phase"]
            .map(|name| self.fields.get(name).map(|field| self.template(field)));
        if after.is_none() && before.is_none() && !self.fields.is_empty() {
            self.reader.wrong(
                self.written.at,
                "`add_task` does not say where",
                "name the tasks that it stands between: `after`, `before` or both",
            );
            return None;
        }
        let fields = [
            "status",
            "due_date",
            "due_date_config",
            "assigned_to",
            "enabled",
            "automation_config",
            "task_type",
        ]
        .map(|name| (name, self.fields.get(name)));
        let fields = [&[("name", name)], fields.as_slice()].concat();
        let fields = self.bodies(types::new_task(), &fields);
        name?;
        Some(AddTask {
            after: present(after)?,
            before: present(before)?,
            phase: present(phase)?,
            key: present(key)?,
            fields: fields?,
            origin: format!("{}/{}", self.setting.playbook, self.written.place),
        })
    }

    pub(super) fn start(&mut self) -> Option<Start> {
        let template = self.required_id("template");
        let contexts = self.fields.get("contexts").map(|field| {
            let items = self.reader.list(field, "a list of { id, schema }")?;
            let contexts: Vec<Option<Context>> = items
                .iter()
                .map(|item| self.context(field.item(item)))
                .collect();
            contexts.into_iter().collect::<Option<Vec<_>>>()
        });
        let assigned_to = self.fields.get("assigned_to").map(|field| {
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
            .fields
            .get("purposes")
            .map(|field| self.filled(field, Self::template));
        Some(Start {
            template: template?,
            contexts: present(contexts)?.unwrap_or_default(),
            assigned_to: present(assigned_to)?.unwrap_or_default(),
            purposes: present(purposes)?.unwrap_or_default(),
        })
    }

    fn context(&mut self, field: Field<'n>) -> Option<Context> {
        let fields = self.reader.map(field, &["id", "schema"])?;
        let help = "an entity needs both: `{ id: …, schema: … }`";
        let [id, schema] = ["id", "schema"].map(|name| {
            let field = self.reader.required(&fields, name, help)?;
            self.id(field)
        });
        Some(Context {
            id: id?,
            schema: schema?,
        })
    }

    pub(super) fn patch(&mut self) -> Option<Patch> {
        if self.fields.is_empty() {
            self.reader.wrong(
                self.written.at,
                "`patch` has no fields",
                Kind::Patch.example(),
            );
            return None;
        }
        let generation = self.compiler.generation()?;
        let mut fields = Vec::new();
        let mut shows_something = false;
        for &level in self.levels {
            let Some(request) = types::update(generation, level) else {
                continue;
            };
            fields = self.patch_fields(request, level)?;
            let shown = types::record(generation, level);
            shows_something = fields.iter().any(|(name, _)| shown.field(name).is_some());
        }
        if !shows_something && !self.levels.is_empty() && self.written.converges != Some(false) {
            self.reader.wrong(
                self.written.at,
                "no read shows whether this `patch` has been made, so each plan makes it again",
                "if that is meant, write `converges: false` beside `patch`",
            );
            return None;
        }
        Some(Patch {
            fields,
            converges: self.written.converges.unwrap_or(true),
        })
    }

    fn patch_fields(
        &mut self,
        request: &'static Request,
        level: Level,
    ) -> Option<Vec<(String, Body)>> {
        let mut fields = Vec::new();
        for entry in self.fields.entries {
            let field = Field {
                name: &entry.key.text,
                at: entry.key.span,
                node: &entry.value,
            };
            let Some(known) = request.field(field.name) else {
                self.reader.unknown_key(&entry.key, &request.names());
                fields.push(None);
                continue;
            };
            if known.name == "revert_execution" && field.node.value != Value::Bool(false) {
                self.need_revert(field.at);
            }
            let is_status = known.name == "status" && matches!(level, Level::Step | Level::Task);
            if is_status
                && let Value::Text(word) = &field.node.value
                && !word.contains("{{")
                && self.status_to_set(word, field.node.span, None).is_none()
            {
                fields.push(None);
                continue;
            }
            let body = self.body(field, known.content);
            if is_status
                && let Some(Body::Template(template)) = &body
                && let Some(known) = template.known()
                && let Some(word) = known.value.as_str()
                && self
                    .status_to_set(word, field.node.span, Some(known))
                    .is_none()
            {
                fields.push(None);
                continue;
            }
            fields.push(body.map(|body| (field.name.to_owned(), body)));
        }
        fields.into_iter().collect()
    }

    /// The fields that are there, by the names of the API.
    fn bodies(
        &mut self,
        request: &'static Request,
        fields: &[(&'static str, Option<Field<'n>>)],
    ) -> Option<Vec<(&'static str, Body)>> {
        let bodies: Vec<Option<(&'static str, Body)>> = fields
            .iter()
            .filter_map(|(name, field)| Some((*name, (*field)?)))
            .map(|(name, field)| {
                let content = request.field(name)?.content;
                Some((name, self.body(field, content)?))
            })
            .collect();
        bodies.into_iter().collect()
    }
}

//! `close`: an execution ends with a reason.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Edit, Effect, FieldWrite, Nature, Planned, Repeat, Subject};
use crate::{api::Generation, json, template::Template};

#[derive(Clone, Debug)]
pub struct Close {
    /// Titles or ids in order of preference: the first that is configured is selected.
    pub reason: Vec<Template>,
    pub description: Option<Template>,
}

/// A read tells a status; flows that end are events that automations listen to.
const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effect: Some(Effect::AutomationsMayFire),
    irreversible: None,
};

/// Where a generation keeps what closing needs.
struct Paths {
    configured: &'static str,
    selected: &'static str,
    description: &'static str,
}

const V1: Paths = Paths {
    configured: "configuredClosingReasonSnapshot",
    selected: "selectedClosingReasons",
    description: "closingReasonDescription",
};

const V2: Paths = Paths {
    configured: "closing_reason.configured_reasons",
    selected: "closing_reason.selected_reasons",
    description: "closing_reason.extra_description",
};

impl Close {
    /// Where a v1 execution keeps the closing reasons that it was started with; slim rows may lack it.
    pub const SNAPSHOT: &'static str = V1.configured;

    pub(super) fn plan(&self, subject: &Subject<'_>) -> Planned {
        match subject.text("status") {
            Some("STARTED") => {}
            Some(status) => return Planned::Nothing(format!("is {status} already")),
            None => return Planned::Reject("has no status".to_owned()),
        }
        let paths = match subject.generation {
            Generation::V1 if json::get(subject.data, V1.configured).is_none() => {
                return Planned::ReasonsUnread;
            }
            Generation::V1 => V1,
            Generation::V2 => V2,
        };
        let writes = self.writes(subject, &paths);
        writes.map_or_else(Planned::Reject, |writes| {
            Planned::Edit(Edit {
                operation: subject.patch(),
                writes,
                expects: BTreeMap::new(),
                requires: Vec::new(),
                nature: NATURE,
            })
        })
    }

    fn writes(&self, subject: &Subject<'_>, paths: &Paths) -> Result<Vec<FieldWrite>, String> {
        let before = |path| json::get(subject.data, path).cloned();
        let mut writes = vec![
            FieldWrite {
                path: "status",
                after: json!("CLOSED"),
                undo: json!("STARTED"),
            },
            FieldWrite {
                path: paths.selected,
                after: json!([self.reason(subject, paths)?]),
                undo: before(paths.selected).unwrap_or_else(|| json!([])),
            },
        ];
        if let Some(description) = &self.description {
            writes.push(FieldWrite {
                path: paths.description,
                after: Value::String(subject.word(description)?),
                undo: before(paths.description).unwrap_or_else(|| json!("")),
            });
        }
        Ok(writes)
    }

    /// The first reason of the playbook that this execution has, as `{id, title}`.
    fn reason(&self, subject: &Subject<'_>, paths: &Paths) -> Result<Value, String> {
        let configured: &[Value] = match json::get(subject.data, paths.configured) {
            Some(Value::Array(reasons)) => reasons,
            Some(_) | None => &[],
        };
        let mut wanted = Vec::new();
        for template in &self.reason {
            wanted.extend(subject.words(template)?);
        }
        for wish in &wanted {
            let fits = |reason: &&Value| {
                ["title", "id"]
                    .iter()
                    .any(|key| reason[key].as_str() == Some(wish))
            };
            if let Some(reason) = configured.iter().find(fits) {
                return Ok(json!({"id": reason["id"], "title": reason["title"]}));
            }
        }
        let titles: Vec<&str> = configured
            .iter()
            .filter_map(|reason| reason["title"].as_str())
            .collect();
        let wanted = wanted.join(", ");
        Err(if titles.is_empty() {
            format!("no closing reasons are configured here, so not {wanted}")
        } else {
            format!(
                "none of its closing reasons is {wanted}; it has {}",
                titles.join(", ")
            )
        })
    }
}

//! `close`: closes an execution with a reason.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, Edit, FieldWrite, PlannedAction, Requests,
    Subject, ValueForm, argument,
};
use crate::{
    api::{Generation, Level},
    document::reader::present,
    json,
    template::Template,
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "close",
    doc: "Closes a started execution with a reason.",
    example: "close: { reason: \"…\", description: \"…\" }, the description may be left out",
    levels: &[Level::Execution],
    only_in: None,
    form: ArgumentsForm::Map(&[
        argument(
            "reason",
            ValueForm::Texts,
            "Titles or ids of reasons: the first that the execution has is selected.",
        ),
        argument("description", ValueForm::Text, "A text for people."),
    ]),
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "unless it adds a description",
    requests: Requests::Patch(|name, value| match name {
        "status" => value == "CLOSED",
        name => {
            let paths = [V1, V2].map(|paths| [paths.selected, paths.description]);
            let mut paths = paths.into_iter().flatten();
            paths.any(|path| path.split('.').next() == Some(name))
        }
    }),
    read: |arguments| Some(Arc::new(arguments.close()?)),
};

impl Arguments<'_, '_, '_, '_> {
    fn close(&mut self) -> Option<Close> {
        let reason = self
            .required("reason")
            .and_then(|field| self.filled(field, Self::template));
        let description = self.get("description").map(|field| self.template(field));
        Some(Close {
            reason: reason?,
            description: present(description)?,
        })
    }
}

#[derive(Clone, Debug)]
pub struct Close {
    /// Titles or ids in order of preference: the first configured one is selected.
    reason: Vec<Template>,
    description: Option<Template>,
}

/// The paths of the fields for closing in a generation.
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
    /// Where a v1 execution keeps its configured closing reasons; rows of a list may lack it.
    pub const SNAPSHOT: &'static str = V1.configured;
}

impl Action for Close {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        match subject.text("status") {
            Some("STARTED") => {}
            Some(status) => return PlannedAction::Nothing(format!("is {status} already")),
            None => return PlannedAction::Nothing("has no status".to_owned()),
        }
        let paths = match subject.generation {
            Generation::V1 if json::get(subject.data, V1.configured).is_none() => {
                return PlannedAction::ReasonsUnread;
            }
            Generation::V1 => V1,
            Generation::V2 => V2,
        };
        let writes = self.writes(subject, &paths);
        writes.map_or_else(PlannedAction::Reject, |writes| {
            PlannedAction::Edit(Edit::fields(subject, writes))
        })
    }
}

impl Close {
    fn writes(&self, subject: &Subject<'_>, paths: &Paths) -> Result<Vec<FieldWrite>, String> {
        // A reason that was selected earlier is sent, too: the service requires a reason with each closing.
        let along = |path, after| FieldWrite {
            goes_along: true,
            ..FieldWrite::new(subject.data, path, after)
        };
        let mut writes = vec![
            FieldWrite::new(subject.data, "status", json!("CLOSED")),
            along(paths.selected, json!([self.reason(subject, paths)?])),
        ];
        if let Some(description) = &self.description {
            let description = Value::String(subject.word(description)?);
            writes.push(along(paths.description, description));
        }
        Ok(writes)
    }

    /// The playbook's first reason that this execution has, as `{id, title}`.
    fn reason(&self, subject: &Subject<'_>, paths: &Paths) -> Result<Value, String> {
        let configured: &[Value] = match json::get(subject.data, paths.configured) {
            Some(Value::Array(reasons)) => reasons,
            Some(_) | None => &[],
        };
        let wanted = subject.all_words(&self.reason)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Builder, ReasonsUnread, Undo},
        target::TargetPart,
        testing::samples::{changes, flow, over_executions, over_flows, row, said},
    };

    fn reasons() -> Value {
        json!([{"id": "r1", "title": "Won"}, {"id": "r2", "title": "Moved away"}, {"id": "r3", "title": "r1"}])
    }

    /// What both generations say, in v2's words, of an execution with these closing reasons.
    fn closed(arguments: &str, configured: &Value, status: &str) -> String {
        let actions = format!("actions: [ close: {arguments} ]");
        let status = match status {
            "" => Value::Null,
            status => json!(status),
        };
        let v2 = json!({"status": status, "closing_reason": {"configured_reasons": configured}});
        let v1 = json!({"status": status, "configuredClosingReasonSnapshot": configured});
        let [v2] = &said(&over_flows("", &actions), &flow("e", &v2))[..] else {
            panic!("one line")
        };
        let [v1] = &said(&over_executions("", &actions), &row("e", &v1))[..] else {
            panic!("one line")
        };
        let Some(body) = v1.strip_prefix("PATCH /v1/workflows/executions/e ") else {
            assert_eq!(v1, v2);
            return v2.clone();
        };
        let v1: Value = serde_json::from_str(body).unwrap();
        let v2: Value =
            serde_json::from_str(v2.strip_prefix("PATCH /v2/flows/executions/e ").unwrap())
                .unwrap();
        assert_eq!(
            (&v1["status"], &v2["status"]),
            (&json!("CLOSED"), &json!("CLOSED"))
        );
        let reason = &v2["closing_reason"];
        assert_eq!(reason["selected_reasons"], v1["selectedClosingReasons"]);
        assert_eq!(
            reason.get("extra_description"),
            v1.get("closingReasonDescription")
        );
        reason.to_string()
    }

    #[test]
    fn the_first_reason_of_the_playbook_that_is_configured_is_selected_alone() {
        for (arguments, body) in [
            (
                "{ reason: Won }",
                r#"{"selected_reasons":[{"id":"r1","title":"Won"}]}"#,
            ),
            (
                "{ reason: r2 }",
                r#"{"selected_reasons":[{"id":"r2","title":"Moved away"}]}"#,
            ),
            (
                "{ reason: [Lost, Moved away, Won] }",
                r#"{"selected_reasons":[{"id":"r2","title":"Moved away"}]}"#,
            ),
            // Both would fit: the one that stands first in the execution.
            (
                "{ reason: r1 }",
                r#"{"selected_reasons":[{"id":"r1","title":"Won"}]}"#,
            ),
            (
                "{ reason: Won, description: \"as of {{ execution.status }}\" }",
                r#"{"extra_description":"as of STARTED","selected_reasons":[{"id":"r1","title":"Won"}]}"#,
            ),
        ] {
            assert_eq!(
                closed(arguments, &reasons(), "STARTED"),
                body,
                "{arguments}"
            );
        }
    }

    #[test]
    fn what_is_not_configured_is_rejected_and_what_has_ended_is_skipped() {
        for (arguments, configured, status, said) in [
            (
                "{ reason: [Lost, won] }",
                reasons(),
                "STARTED",
                "rejected e: none of its closing reasons is Lost, won; it has Won, Moved away, r1",
            ),
            (
                "{ reason: Won }",
                json!([]),
                "STARTED",
                "rejected e: no closing reasons are configured here, so not Won",
            ),
            (
                "{ reason: Won }",
                reasons(),
                "CLOSED",
                "skipped e: is CLOSED already",
            ),
            (
                "{ reason: Lost }",
                reasons(),
                "DONE",
                "skipped e: is DONE already",
            ),
            ("{ reason: Won }", reasons(), "", "skipped e: has no status"),
        ] {
            assert_eq!(closed(arguments, &configured, status), said, "{arguments}");
        }
    }

    #[test]
    fn a_closing_is_taken_back_unless_it_adds_a_description() {
        let closed = |arguments: &str, reason: &Value| {
            let playbook = over_flows("", &format!("actions: [ close: {arguments} ]"));
            let change = &changes(&playbook, &flow("e", &json!({"closing_reason": reason})))[0];
            json!([change.request.body, change.undo])
        };
        let won = json!([{"id": "r1", "title": "Won"}]);
        // A reason that was selected before goes along all the same.
        let reason = json!({"configured_reasons": reasons(), "selected_reasons": won});
        let body = json!({"status": "CLOSED", "closing_reason": {"selected_reasons": won}});
        let [sent, undo] = [0, 1].map(|place| closed("{ reason: Won }", &reason)[place].clone());
        assert_eq!(sent, body);
        assert_eq!(
            undo["request"]["body"],
            json!({"status": "STARTED", "closing_reason": {"selected_reasons": won}})
        );
        let undo = closed(
            "{ reason: Won, description: x }",
            &json!({"configured_reasons": reasons()}),
        )[1]
        .clone();
        let why = "closing_reason.extra_description had no value, and the API can't clear it";
        assert_eq!(undo, json!(Undo::None(why.to_owned())));
    }

    #[test]
    fn a_row_without_its_snapshot_asks_for_it_only_when_it_is_about_to_be_closed() {
        let actions = "actions: [ { close: { reason: Won }, when: execution.name != \"keep\" } ]";
        let playbook = over_executions("", actions);
        for (fields, is_asked) in [
            (json!({}), true),
            (json!({"configuredClosingReasonSnapshot": null}), true),
            (json!({"configuredClosingReasonSnapshot": []}), false),
            (json!({"status": "CLOSED"}), false),
            (json!({"name": "keep"}), false),
        ] {
            let group = Builder::new(&playbook).group(&row("e", &fields), &[TargetPart::Execution]);
            assert_eq!(group == Err(ReasonsUnread), is_asked, "{fields}");
        }
    }
}

//! Whether a change depends on a value that could not be kept. Pure.

use serde_json::Value;

use super::{Change, Fields};
use crate::json;

/// Why a change can't be planned: it reads, or would write back, a value that is not exactly the service's.
pub(super) fn unreadable(change: &Change) -> Option<String> {
    let body = change.request.body.as_ref();
    let all = [&change.before, &change.after, &change.requires].into_iter();
    if let Some(why) = all.chain(body).find_map(in_fields) {
        return Some(why);
    }
    let field = writes_back(&change.before, body?)?;
    Some(format!(
        "{field} holds text that can't be decoded, and this change would write it back altered"
    ))
}

fn in_fields(fields: &Fields) -> Option<String> {
    fields.iter().find_map(|(name, value)| {
        let (path, why) = json::find_unreadable(value)?;
        let dot = if path.is_empty() { "" } else { "." };
        Some(format!("{name}{dot}{path} can't be read: {why}"))
    })
}

/// The field whose invalid Unicode would be written back. Whether its replacement character was in the original text can't be known.
fn writes_back<'a>(before: &'a Fields, body: &Fields) -> Option<&'a String> {
    let is_sent = body.values().any(json::holds_replacement);
    let mut altered = before
        .iter()
        .filter(|(_, value): &(_, &Value)| json::holds_replacement(value));
    altered.next().filter(|_| is_sent).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::samples::{flow, over_flows};
    use crate::{
        api::Level,
        plan::{Builder, Item, Undo},
    };

    /// What becomes of a flow whose fields are JSON as the service may send it.
    fn planned(actions: &str, fields: &str) -> String {
        let fields = json::decode(fields.as_bytes()).unwrap();
        let execution = flow("e", &fields);
        let playbook = over_flows("", &format!("actions: [ {actions} ]"));
        let parts = execution.parts(Level::Execution).unwrap();
        let items = Builder::new(&playbook).group(&execution, &parts).unwrap();
        let words = items.iter().map(|item| match item {
            Item::Change(change) => {
                let undo = match &change.undo {
                    Undo::Request(_) => "undoable".to_owned(),
                    Undo::None(why) => why.clone(),
                };
                format!("{} ({undo})", json!(change.request.body))
            }
            Item::Skipped(skip) => format!("skipped: {}", skip.reason),
            Item::Rejected(rejection) => format!("rejected: {}", rejection.reason),
        });
        words.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn only_what_a_change_reads_or_writes_back_has_to_be_readable() {
        const MOVE: &str = "reassign: { from: \"1\", to: \"2\" }, on: execution";
        let deep = format!(
            "{{\"assigned_to\": {}1{}}}",
            "[".repeat(200),
            "]".repeat(200)
        );
        for (action, fields, expected) in [
            (
                MOVE,
                r#"{"assigned_to": ["1"], "name": "\ud83d", "more": 1e999}"#,
                r#"{"assigned_to":["2"]} (undoable)"#,
            ),
            (
                MOVE,
                r#"{"assigned_to": ["1", 123456789012345678901234]}"#,
                "rejected: assigned_to can't be read: the number 123456789012345678901234 is too large or too precise to be kept",
            ),
            (
                MOVE,
                r#"{"assigned_to": [1e999]}"#,
                "rejected: assigned_to can't be read: the number 1e999 is too large or too precise to be kept",
            ),
            (
                MOVE,
                &deep,
                "rejected: assigned_to can't be read: it is nested more than 100 levels deep",
            ),
            (
                MOVE,
                r#"{"assigned_to": ["1"], "status": 1e999}"#,
                "rejected: execution.status can't be read: the number 1e999 is too large or too precise to be kept",
            ),
            (
                MOVE,
                r#"{"assigned_to": ["1", "a\ud83d"]}"#,
                "rejected: assigned_to holds text that can't be decoded, and this change would write it back altered",
            ),
            (
                "reassign: { set: [\"3\"] }, on: execution",
                r#"{"assigned_to": ["\ud83d"]}"#,
                r#"{"assigned_to":["3"]} (assigned_to held text that can't be decoded)"#,
            ),
            (
                "set_due_date: { to: \"2026-05-28\" }, on: execution",
                r#"{"due_date": 1e999}"#,
                "rejected: due_date can't be read: the number 1e999 is too large or too precise to be kept",
            ),
            // Text of the playbook may be what it likes.
            (
                "patch: { closing_reason: { extra_description: \"\u{fffd}\" } }",
                r#"{"closing_reason": {"extra_description": "x"}}"#,
                "{\"closing_reason\":{\"extra_description\":\"\u{fffd}\"}} (undoable)",
            ),
        ] {
            assert_eq!(
                planned(&format!("{{ {action} }}"), fields),
                expected,
                "{action} {fields}"
            );
        }
    }
}

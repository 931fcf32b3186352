//! `reassign`: other assignees; variable assignees stay.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Edit, FieldWrite, Nature, Planned, Subject};
use crate::{api::Generation, json, template::Template};

#[derive(Clone, Debug)]
pub enum Reassign {
    /// Where `from` is assigned, `to` takes its place.
    FromTo { from: Template, to: Template },
    /// Exactly these.
    Set(Vec<Template>),
    /// These more, those less.
    Change {
        add: Vec<Template>,
        remove: Vec<Template>,
    },
}

impl Reassign {
    pub(super) fn plan(&self, subject: &Subject<'_>) -> Planned {
        let path = match subject.generation {
            Generation::V1 => "assignedTo",
            Generation::V2 => "assigned_to",
        };
        let before = match json::get(subject.data, path) {
            None => Vec::new(),
            Some(Value::Array(assignees)) => assignees.clone(),
            Some(other) => return Planned::Reject(format!("{path} is no list but {other}")),
        };
        match self.after(subject, &before) {
            Err(reason) => Planned::Reject(reason),
            Ok(Err(nothing)) => Planned::Nothing(nothing),
            Ok(Ok(after)) if are_same(&after, &before) => {
                Planned::Nothing("is assigned like that already".to_owned())
            }
            Ok(Ok(after)) => Planned::Edit(Edit {
                operation: subject.patch(),
                writes: vec![FieldWrite {
                    path,
                    after: Value::Array(after),
                    undo: Value::Array(before),
                }],
                sends: Vec::new(),
                expects: BTreeMap::new(),
                requires: Vec::new(),
                nature: Nature::PLAIN,
            }),
        }
    }

    /// The new list, who stays at their places; or (inner error) why nothing changes, or (outer error) why it can't be planned.
    fn after(
        &self,
        subject: &Subject<'_>,
        before: &[Value],
    ) -> Result<Result<Vec<Value>, String>, String> {
        match self {
            Self::FromTo { from, to } => {
                let (from, to) = (subject.word(from)?, subject.word(to)?);
                if !before.iter().any(|assignee| is_user(assignee, &from)) {
                    return Ok(Err(format!("{from} is not assigned")));
                }
                let replaced = before.iter().map(|assignee| {
                    if is_user(assignee, &from) {
                        Value::String(to.clone())
                    } else {
                        assignee.clone()
                    }
                });
                Ok(Ok(without_repeats(replaced)))
            }
            Self::Set(templates) => {
                let users = subject.all_words(templates)?;
                // An empty cell of a spreadsheet must not take everybody away.
                if users.is_empty() && !templates.is_empty() {
                    return Err(
                        "`set` gives nobody; to take everybody away write `set: []`".to_owned()
                    );
                }
                let kept = before
                    .iter()
                    .filter(|assignee| assignee.is_object() || is_one_of(assignee, &users));
                Ok(Ok(with(kept, &users)))
            }
            Self::Change { add, remove } => {
                let (add, remove) = (subject.all_words(add)?, subject.all_words(remove)?);
                let kept = before
                    .iter()
                    .filter(|assignee| !is_one_of(assignee, &remove));
                Ok(Ok(with(kept, &add)))
            }
        }
    }
}

/// Whether an entry is this user itself; a variable that resolves to the user is not.
fn is_user(assignee: &Value, user: &str) -> bool {
    match assignee {
        Value::String(id) => id == user,
        Value::Number(id) => id.to_string() == user,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn is_one_of(assignee: &Value, users: &[String]) -> bool {
    users.iter().any(|user| is_user(assignee, user))
}

/// Whether the same are assigned: the order and repetitions mean nothing.
fn are_same(one: &[Value], other: &[Value]) -> bool {
    one.iter().all(|assignee| other.contains(assignee))
        && other.iter().all(|assignee| one.contains(assignee))
}

/// `kept`, and behind them the users who are missing there.
fn with<'a>(kept: impl Iterator<Item = &'a Value>, users: &[String]) -> Vec<Value> {
    let mut assignees: Vec<Value> = kept.cloned().collect();
    for user in users {
        if !assignees.iter().any(|assignee| is_user(assignee, user)) {
            assignees.push(Value::String(user.clone()));
        }
    }
    without_repeats(assignees.into_iter())
}

fn without_repeats(assignees: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut seen = Vec::new();
    for assignee in assignees {
        if !seen.contains(&assignee) {
            seen.push(assignee);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::{flow, over_executions, over_flows, row, said};

    /// What `reassign` says of an execution that has these assignees, in both generations; a change as its new list.
    fn reassigned(arguments: &str, before: &Value) -> String {
        let actions = format!(
            "vars: {{ from: 10010, blank: \" \", two: [a, b] }}\nactions: [ reassign: {arguments} ]"
        );
        let v2 = said(
            &over_flows("", &actions),
            &flow("e", &json!({"assigned_to": before})),
        );
        let v1 = said(
            &over_executions("", &actions),
            &row("e", &json!({"assignedTo": before})),
        );
        let in_words = |lines: Vec<String>, start: &str| {
            let [line] = lines.as_slice() else {
                panic!("{lines:?}")
            };
            let list = line
                .strip_prefix(start)
                .and_then(|rest| rest.strip_suffix('}'));
            list.map_or_else(|| line.replace("assignedTo", "assigned_to"), str::to_owned)
        };
        let v2 = in_words(v2, r#"PATCH /v2/flows/executions/e {"assigned_to":"#);
        let v1 = in_words(v1, r#"PATCH /v1/workflows/executions/e {"assignedTo":"#);
        assert_eq!(v2, v1);
        v2
    }

    #[test]
    fn each_form_gives_the_list_that_it_says_or_why_nothing_changes() {
        const ALREADY: &str = "skipped e: is assigned like that already";
        for (arguments, before, after) in [
            // From one to another: the place stays, nobody stands twice.
            (r#"{ from: "1", to: "2" }"#, json!(["1"]), r#"["2"]"#),
            (
                r#"{ from: "1", to: "2" }"#,
                json!(["3", "1", "4"]),
                r#"["3","2","4"]"#,
            ),
            (
                r#"{ from: "1", to: "2" }"#,
                json!(["2", "3", "1"]),
                r#"["2","3"]"#,
            ),
            (r#"{ from: "1", to: "2" }"#, json!(["1", "1"]), r#"["2"]"#),
            (
                r#"{ from: "1", to: "2" }"#,
                json!(["2"]),
                "skipped e: 1 is not assigned",
            ),
            (
                r#"{ from: "1", to: "2" }"#,
                json!([]),
                "skipped e: 1 is not assigned",
            ),
            (
                r#"{ from: "1", to: "2" }"#,
                Value::Null,
                "skipped e: 1 is not assigned",
            ),
            (
                r#"{ from: "{{ vars.from }}", to: "2" }"#,
                json!(["10010"]),
                r#"["2"]"#,
            ),
            (
                r#"{ from: "{{ vars.from }}", to: "{{ vars.from }}" }"#,
                json!(["10010"]),
                ALREADY,
            ),
            // Exactly these.
            (r#"{ set: ["2"] }"#, Value::Null, r#"["2"]"#),
            (r#"{ set: ["2", "3"] }"#, json!(["1", "3"]), r#"["3","2"]"#),
            (r#"{ set: ["2", "3"] }"#, json!(["3", "2"]), ALREADY),
            ("{ set: [] }", json!(["1"]), "[]"),
            ("{ set: [] }", Value::Null, ALREADY),
            // Some more, some less; who is in both is added.
            (r#"{ add: ["2"] }"#, Value::Null, r#"["2"]"#),
            (r#"{ add: ["2"] }"#, json!(["1"]), r#"["1","2"]"#),
            (r#"{ add: ["2", "1"] }"#, json!(["1", "2"]), ALREADY),
            (r#"{ remove: ["1"] }"#, json!(["1", "2"]), r#"["2"]"#),
            (r#"{ remove: ["1"] }"#, json!(["2", "2"]), ALREADY),
            (
                r#"{ add: ["2"], remove: ["1"] }"#,
                json!(["1", "3"]),
                r#"["3","2"]"#,
            ),
            (r#"{ add: ["1"], remove: ["1"] }"#, json!(["1"]), ALREADY),
            (r#"{ add: ["1"], remove: ["1"] }"#, json!([]), r#"["1"]"#),
            // What can't be a user.
            (
                r#"{ from: "1", to: "{{ vars.blank }}" }"#,
                json!(["1"]),
                "rejected e: a text is needed here, and it is empty",
            ),
            (
                r#"{ from: "1", to: "{{ vars.two }}" }"#,
                json!(["1"]),
                "rejected e: a single text is needed here, not 2",
            ),
            (
                r#"{ from: "1", to: "2" }"#,
                json!("1"),
                r#"rejected e: assigned_to is no list but "1""#,
            ),
        ] {
            assert_eq!(
                reassigned(arguments, &before),
                after,
                "{arguments} of {before}"
            );
        }
    }

    #[test]
    fn a_variable_assignee_survives_even_when_it_resolves_to_the_user() {
        let variable = json!({"variable": "{{Manager}}", "value": ["1"]});
        for (arguments, before, after) in [
            (
                r#"{ from: "1", to: "2" }"#,
                json!([variable, "1"]),
                json!([variable, "2"]),
            ),
            (
                r#"{ set: ["2"] }"#,
                json!(["1", variable]),
                json!([variable, "2"]),
            ),
            ("{ set: [] }", json!([variable, "1"]), json!([variable])),
            (
                r#"{ add: ["1"] }"#,
                json!([variable]),
                json!([variable, "1"]),
            ),
            (
                r#"{ remove: ["1"] }"#,
                json!([variable, "1"]),
                json!([variable]),
            ),
        ] {
            assert_eq!(
                reassigned(arguments, &before),
                after.to_string(),
                "{arguments}"
            );
        }
        for arguments in [r#"{ from: "1", to: "2" }"#, r#"{ remove: ["1"] }"#] {
            assert!(
                reassigned(arguments, &json!([variable])).starts_with("skipped"),
                "{arguments}"
            );
        }
    }
}

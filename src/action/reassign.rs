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
            Self::Set(users) => {
                let users = all_words(subject, users)?;
                let kept = before
                    .iter()
                    .filter(|assignee| assignee.is_object() || is_one_of(assignee, &users));
                Ok(Ok(with(kept, &users)))
            }
            Self::Change { add, remove } => {
                let (add, remove) = (all_words(subject, add)?, all_words(subject, remove)?);
                let kept = before
                    .iter()
                    .filter(|assignee| !is_one_of(assignee, &remove));
                Ok(Ok(with(kept, &add)))
            }
        }
    }
}

fn all_words(subject: &Subject<'_>, templates: &[Template]) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    for template in templates {
        words.extend(subject.words(template)?);
    }
    Ok(words)
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

//! Who is assigned to a target, and the lists with others.

use serde_json::{Value, json};

use crate::{action::PlannedAction, json};

/// The assignees by field.
pub(super) struct Assigned {
    /// `assigned_to`, `assignedTo`: ids as texts, or variables.
    pub(super) listed: Vec<Value>,
    /// The first generation's deprecated `userIds`: ids as numbers.
    pub(super) numbered: Vec<Value>,
}

impl Assigned {
    pub(super) fn has(&self, user: &str) -> bool {
        let mut all = self.listed.iter().chain(&self.numbered);
        all.any(|assignee| is_user(assignee, user))
    }

    /// Whether a variable stands for this user. (Variables stay as they are.)
    pub(super) fn is_by_variable(&self, user: &str) -> bool {
        self.listed
            .iter()
            .any(|assignee| stands_for(assignee, user))
    }

    /// The users that the variables resolve to.
    pub(super) fn by_variables(&self) -> impl Iterator<Item = String> {
        self.listed.iter().flat_map(users_of).map(|id| match id {
            Value::String(id) => id.clone(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => id.to_string(),
        })
    }

    /// The reason why a user is not removed.
    pub(super) fn why_not(&self, user: &str) -> PlannedAction {
        let variables: Vec<&str> = self
            .listed
            .iter()
            .filter(|assignee| stands_for(assignee, user))
            .map(|assignee| assignee["variable"].as_str().unwrap_or("a variable"))
            .collect();
        if variables.is_empty() {
            PlannedAction::Nothing(format!("{user} is not assigned"))
        } else {
            let variables = variables.join(" and ");
            PlannedAction::OutOfReach(format!(
                "{user} is assigned through {variables}, which reassign does not change"
            ))
        }
    }

    /// Those who stay, followed by the missing users.
    pub(super) fn with(&self, stays: impl Fn(&Value) -> bool, users: &[String]) -> Self {
        let kept = |all: &[Value]| -> Vec<Value> {
            without_repeats(all.iter().filter(|assignee| stays(assignee)).cloned())
        };
        let (mut listed, numbered) = (kept(&self.listed), kept(&self.numbered));
        for user in users {
            add(&mut listed, user);
        }
        Self { listed, numbered }
    }

    /// All assignees, of both fields.
    pub(super) fn everybody(&self) -> Vec<Value> {
        let all = self.listed.iter().chain(&self.numbered);
        all.map(|assignee| match assignee {
            Value::Number(id) => Value::String(id.to_string()),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => assignee.clone(),
        })
        .collect()
    }
}

/// Whether an entry is this user, not a variable that resolves to the user.
fn is_user(assignee: &Value, user: &str) -> bool {
    match assignee {
        Value::String(id) => id == user,
        Value::Number(id) => id.to_string() == user,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The users that a variable resolves to; none if it is not a variable.
fn users_of(assignee: &Value) -> impl Iterator<Item = &Value> {
    let users = json::get(assignee, "value").and_then(Value::as_array);
    users.into_iter().flatten()
}

fn stands_for(assignee: &Value, user: &str) -> bool {
    users_of(assignee).any(|id| is_user(id, user))
}

pub(super) fn is_one_of(assignee: &Value, users: &[String]) -> bool {
    users.iter().any(|user| is_user(assignee, user))
}

/// The id in the form of `userIds`; none if it is not a number.
pub(super) fn number(user: &str) -> Option<Value> {
    let number = json!(user.parse::<u64>().ok()?);
    is_user(&number, user).then_some(number)
}

/// The list with `to` in place of a user, or without the user if there is no `to`.
pub(super) fn replaced(assignees: &[Value], from: &str, to: Option<&Value>) -> Vec<Value> {
    without_repeats(assignees.iter().filter_map(|assignee| {
        if is_user(assignee, from) {
            to.cloned()
        } else {
            Some(assignee.clone())
        }
    }))
}

pub(super) fn add(assignees: &mut Vec<Value>, user: &str) {
    if !assignees.iter().any(|assignee| is_user(assignee, user)) {
        assignees.push(json!(user));
    }
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

//! Who is assigned.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Outcome, Planned, Reject, Target, Write};
use crate::{
    arguments::{Action, Who},
    data::Api,
};

/// What becomes of somebody: stays, goes, or is replaced by another.
type Stays = Box<dyn Fn(&String) -> Option<String>>;

impl Target<'_> {
    pub(super) fn names(&self, who: Who) -> Result<Vec<String>, Reject> {
        let cell = || self.row().map(|row| row.to).ok_or(Reject);
        let names: Vec<String> = match who {
            Who::Id(id) => vec![id.to_owned()],
            Who::Leaver => vec!["1".to_owned()],
            Who::Successor => vec!["2".to_owned()],
            Who::OfExecution => self.scope.assignees("execution"),
            Who::Cell => vec![cell()?.to_owned()],
            // An empty cell is an empty list.
            Who::Cells => cell()?
                .split(',')
                .filter(|_| !cell().is_ok_and(str::is_empty))
                .map(str::to_owned)
                .collect(),
        };
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let is_id = |name: &String| {
            let of_an_id = |c: char| c.is_ascii_alphanumeric() || "._~:-".contains(c);
            !name.is_empty() && name.chars().all(of_an_id)
        };
        if names.iter().all(is_id) {
            Ok(names)
        } else {
            Err(Reject)
        }
    }

    pub(super) fn all_names(&self, who: &[Who]) -> Result<Vec<String>, Reject> {
        let names: Result<Vec<_>, _> = who.iter().map(|who| self.names(*who)).collect();
        Ok(names?.concat())
    }

    pub(super) fn name(&self, who: Who) -> Result<String, Reject> {
        let [name] = self.names(who)?.try_into().map_err(|_| Reject)?;
        Ok(name)
    }

    pub(super) fn reassign(&self, action: &Action) -> Planned {
        let path = match self.api {
            Api::V1 => "assignedTo",
            Api::V2 => "assigned_to",
        };
        let list = |path: &str| {
            self.get(path)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        // Numbers of the deprecated field name people as well.
        let (named, numbered) = (list(path), list("userIds"));
        let id = |entry: &Value| match entry {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        };
        let assigned: Vec<String> = named.iter().chain(&numbered).filter_map(id).collect();
        let (stays, new): (Stays, Vec<String>) = match action {
            Action::Replace { from, to } => {
                let (from, to) = (self.name(*from)?, self.name(*to)?);
                if !assigned.contains(&from) {
                    return Ok(Outcome::Nothing);
                }
                let new = vec![to.clone()];
                (
                    Box::new(move |id| Some(if *id == from { &to } else { id }.clone())),
                    new,
                )
            }
            Action::Assign(who) => {
                let people = self.all_names(who)?;
                // Nobody is meant only where nobody is written.
                if people.is_empty() && !who.is_empty() {
                    return Err(Reject);
                }
                let new = people.clone();
                (
                    Box::new(move |id| people.contains(id).then(|| id.clone())),
                    new,
                )
            }
            Action::Change { add, remove } => {
                let (add, remove) = (self.all_names(add)?, self.all_names(remove)?);
                let new = add.clone();
                (
                    Box::new(move |id| {
                        (add.contains(id) || !remove.contains(id)).then(|| id.clone())
                    }),
                    new,
                )
            }
            other => panic!("{other:?} assigns nobody"),
        };
        let once = |entries: Vec<Value>| {
            let mut once = Vec::new();
            for entry in entries {
                if !once.contains(&entry) {
                    once.push(entry);
                }
            }
            once
        };
        let kept = |entry: &Value| match (entry, id(entry)) {
            (Value::Number(_), Some(id)) => stays(&id).map(|id| json!(id.parse::<u64>().unwrap())),
            (_, Some(id)) => stays(&id).map(Value::String),
            // A variable.
            (entry, None) => Some(entry.clone()),
        };
        let mut named_after: Vec<Value> = named.iter().filter_map(kept).collect();
        named_after.extend(new.into_iter().map(Value::String));
        let (named_after, numbered_after) = (
            once(named_after),
            once(numbered.iter().filter_map(kept).collect()),
        );
        // The order and repetitions mean nothing, nor does the field in which somebody is named.
        let everybody = |named: &[Value], numbered: &[Value]| -> BTreeSet<String> {
            let all = named.iter().chain(numbered);
            all.map(|entry| id(entry).unwrap_or_else(|| entry.to_string()))
                .collect()
        };
        if everybody(&named_after, &numbered_after) == everybody(&named, &numbered) {
            return Ok(Outcome::Nothing);
        }
        let mut writes = vec![
            self.write(path, json!(named_after)),
            self.write("userIds", json!(numbered_after)),
        ];
        writes.retain(Write::is_change);
        Ok(Outcome::Edit(self.patches(writes)))
    }
}

//! Finds the part of an execution's JSON that a target or an operation means.

use serde_json::Value;

use super::{Generation, Id, Level, Operation};
use crate::json;

/// The fields of an execution that hold its parts.
pub const fn lists(generation: Generation) -> &'static [&'static str] {
    match generation {
        Generation::V1 => &["flow"],
        Generation::V2 => &["phases", "tasks"],
    }
}

/// The parts of a level, in the execution's order, with their ids unchecked. None for a malformed part.
pub fn parts(execution: &Value, level: Level) -> Vec<&Value> {
    let parts = parts_in_parents(execution, level).into_iter();
    parts.map(|(part, _)| part).collect()
}

/// As [`parts`], each with the id of its phase or section; null if it has none.
pub fn parts_in_parents(execution: &Value, level: Level) -> Vec<(&Value, &Value)> {
    let list = |name: &str| match execution.get(name) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(_) | None => &[],
    };
    match level {
        Level::Entity | Level::Execution => Vec::new(),
        Level::Phase => list("phases")
            .iter()
            .map(|phase| (phase, &Value::Null))
            .collect(),
        Level::Task => list("tasks")
            .iter()
            .map(|task| (task, &task["phase_id"]))
            .collect(),
        Level::Step => list("flow")
            .iter()
            .flat_map(|item| match item.get("steps") {
                Some(Value::Array(steps)) => steps.iter().map(|step| (step, &item["id"])).collect(),
                // A step that is in no section.
                Some(_) | None if item["type"] != "SECTION" => vec![(item, &Value::Null)],
                Some(_) | None => Vec::new(),
            })
            .collect(),
    }
}

/// The value and the name of the field that should list the parts of a level, if it is not a list: then the parts are unknown.
pub fn no_list(execution: &Value, level: Level) -> Option<(&'static str, &Value)> {
    let no_list = |of, name| Some((name, odd(of, name)?));
    match level {
        Level::Entity | Level::Execution => None,
        Level::Phase => no_list(execution, "phases"),
        Level::Task => no_list(execution, "tasks"),
        Level::Step => no_list(execution, "flow").or_else(|| {
            let mut items = execution.get("flow")?.as_array()?.iter();
            items.find_map(|item| no_list(item, "steps"))
        }),
    }
}

/// The value of a field that is neither a list nor absent.
fn odd<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    of.get(name)
        .filter(|value| !value.is_null() && !value.is_array())
}

/// The part with this id, or the execution itself at that level.
pub fn find<'a>(execution: &'a Value, level: Level, id: Option<&Id>) -> Option<&'a Value> {
    match (level, id) {
        (Level::Entity | Level::Execution, _) => Some(execution),
        (Level::Step | Level::Phase | Level::Task, Some(id)) => parts(execution, level)
            .into_iter()
            .find(|part| part["id"] == id.as_str()),
        (Level::Step | Level::Phase | Level::Task, None) => None,
    }
}

/// As [`find`], to change it.
pub fn find_mut<'a>(
    execution: &'a mut Value,
    level: Level,
    id: Option<&Id>,
) -> Option<&'a mut Value> {
    let id = match (level, id) {
        (Level::Entity | Level::Execution, _) => return Some(execution),
        (Level::Step | Level::Phase | Level::Task, id) => id?.as_str(),
    };
    match level {
        Level::Entity | Level::Execution => None,
        Level::Phase => json::item_mut(execution, "phases", id),
        Level::Task => json::item_mut(execution, "tasks", id),
        Level::Step => execution
            .get_mut("flow")?
            .as_array_mut()?
            .iter_mut()
            .find_map(|item| match item.get("steps") {
                Some(Value::Array(_)) => json::item_mut(item, "steps", id),
                Some(_) | None => (item["type"] != "SECTION" && item["id"] == id).then_some(item),
            }),
    }
}

/// The section of a step; none for a step outside of sections.
pub fn section_of<'a>(execution: &'a Value, step: &Id) -> Option<&'a Value> {
    execution
        .get("flow")?
        .as_array()?
        .iter()
        .find(|item| json::item(item, "steps", step.as_str()).is_some())
}

/// Removes a part from its execution.
pub fn remove(execution: &mut Value, level: Level, id: &Id) {
    let take_out = |items: Option<&mut Value>| {
        if let Some(Value::Array(items)) = items {
            items.retain(|item| item["type"] == "SECTION" || item["id"] != id.as_str());
        }
    };
    match level {
        Level::Entity | Level::Execution => {}
        Level::Phase => take_out(execution.get_mut("phases")),
        Level::Task => take_out(execution.get_mut("tasks")),
        Level::Step => {
            take_out(execution.get_mut("flow"));
            if let Some(Value::Array(items)) = execution.get_mut("flow") {
                for item in items {
                    take_out(item.get_mut("steps"));
                }
            }
        }
    }
}

impl Operation {
    /// Its object within an execution; none if it does not exist.
    pub fn find<'a>(&self, execution: &'a Value) -> Option<&'a Value> {
        let (level, _, id) = self.subject()?;
        find(execution, level, id)
    }

    /// As [`Self::find`], to change it.
    pub fn find_mut<'a>(&self, execution: &'a mut Value) -> Option<&'a mut Value> {
        let (level, _, id) = self.subject()?;
        find_mut(execution, level, id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(text: &str) -> Id {
        Id::new(text).unwrap()
    }

    fn legacy() -> Value {
        json!({"id": "e", "flow": [
            {"id": "s1", "type": "SECTION", "steps": [{"id": "a", "type": "STEP"}, {"id": "b", "type": "STEP"}]},
            {"id": "c", "type": "STEP"},
            {"id": "s2", "type": "SECTION", "steps": []},
            {"id": "s3", "type": "SECTION"},
        ]})
    }

    #[test]
    fn steps_are_found_in_sections_and_beside_them() {
        let execution = legacy();
        let ids: Vec<_> = parts(&execution, Level::Step)
            .into_iter()
            .map(|step| step["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, ["a", "b", "c"]);
        for (step, section) in [("a", Some("s1")), ("b", Some("s1")), ("c", None)] {
            let mut execution = legacy();
            let found = find(&execution, Level::Step, Some(&id(step)))
                .unwrap()
                .clone();
            assert_eq!(found["id"], step);
            assert_eq!(
                section_of(&execution, &id(step)).map(|section| section["id"].as_str().unwrap()),
                section
            );
            *find_mut(&mut execution, Level::Step, Some(&id(step))).unwrap() = json!({"id": "x"});
            assert!(find(&execution, Level::Step, Some(&id("x"))).is_some());
            assert!(find(&execution, Level::Step, Some(&id(step))).is_none());
        }
        for section in ["s1", "s2", "s3"] {
            assert!(find(&legacy(), Level::Step, Some(&id(section))).is_none());
        }
    }

    #[test]
    fn a_removed_part_is_gone_and_the_others_stay() {
        let mut execution = legacy();
        for step in ["a", "c", "s1"] {
            remove(&mut execution, Level::Step, &id(step));
        }
        let left: Vec<_> = parts(&execution, Level::Step)
            .into_iter()
            .map(|step| step["id"].clone())
            .collect();
        assert_eq!(left, ["b"]);
    }
}

//! The parts of an execution, found in its JSON.

use serde_json::Value;

use crate::data::Api;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Task,
    Phase,
    Step,
    Execution,
    Entity,
}

impl Level {
    /// The finer levels are planned first.
    pub(crate) const ALL: [Self; 5] = [
        Self::Task,
        Self::Phase,
        Self::Step,
        Self::Execution,
        Self::Entity,
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Phase => "phase",
            Self::Step => "step",
            Self::Execution => "execution",
            Self::Entity => "entity",
        }
    }

    /// The levels of targets that a generation has.
    pub(crate) const fn of(api: Api) -> &'static [Self] {
        match api {
            Api::V1 => &[Self::Execution, Self::Step],
            Api::V2 => &[Self::Execution, Self::Task, Self::Phase],
        }
    }

    /// Where actions can work when these are the targets.
    pub(crate) const fn and_above(self) -> &'static [Self] {
        match self {
            Self::Task => &[Self::Task, Self::Phase, Self::Execution],
            Self::Phase => &[Self::Phase, Self::Execution],
            Self::Step => &[Self::Step, Self::Execution],
            Self::Execution => &[Self::Execution],
            Self::Entity => &[Self::Entity],
        }
    }
}

fn items<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    object[name].as_array().into_iter().flatten()
}

/// The ids of all parts of a level, in the execution's order.
pub(crate) fn ids(execution: &Value, level: Level) -> Vec<String> {
    let all: Vec<&Value> = match level {
        Level::Execution | Level::Entity => vec![execution],
        Level::Task => items(execution, "tasks").collect(),
        Level::Phase => items(execution, "phases").collect(),
        Level::Step => items(execution, "flow")
            .flat_map(|item| match item["type"].as_str() {
                Some("SECTION") => items(item, "steps").collect(),
                _ => vec![item],
            })
            .collect(),
    };
    all.iter()
        .map(|part| part["id"].as_str().unwrap().to_owned())
        .collect()
}

fn pointer(execution: &Value, level: Level, id: &str) -> Option<String> {
    let in_list = |list: &str| {
        let mut all = execution.pointer(list)?.as_array()?.iter();
        Some(format!(
            "{list}/{}",
            all.position(|part| part["id"] == id && part["type"] != "SECTION")?
        ))
    };
    match level {
        Level::Execution | Level::Entity => Some(String::new()),
        Level::Task => in_list("/tasks"),
        Level::Phase => in_list("/phases"),
        Level::Step => {
            let count = items(execution, "flow").count();
            let mut lists = (0..count).map(|section| format!("/flow/{section}/steps"));
            in_list("/flow").or_else(|| lists.find_map(|list| in_list(&list)))
        }
    }
}

pub(crate) fn find<'a>(execution: &'a Value, level: Level, id: &str) -> Option<&'a Value> {
    execution.pointer(&pointer(execution, level, id)?)
}

pub(crate) fn find_mut<'a>(
    execution: &'a mut Value,
    level: Level,
    id: &str,
) -> Option<&'a mut Value> {
    let pointer = pointer(execution, level, id)?;
    execution.pointer_mut(&pointer)
}

pub(crate) fn remove(execution: &mut Value, level: Level, id: &str) {
    if let Some((list, place)) = pointer(execution, level, id)
        .as_deref()
        .and_then(|at| at.rsplit_once('/'))
    {
        let list = execution.pointer_mut(list).and_then(Value::as_array_mut);
        list.unwrap().remove(place.parse().unwrap());
    }
}

/// The phase of a task, the section of a step.
pub(crate) fn parent<'a>(execution: &'a Value, level: Level, part: &Value) -> Option<&'a Value> {
    match level {
        Level::Task => find(execution, Level::Phase, part["phase_id"].as_str()?),
        Level::Step => items(execution, "flow")
            .find(|item| items(item, "steps").any(|step| step["id"] == part["id"])),
        Level::Phase | Level::Execution | Level::Entity => None,
    }
}

/// The names of what a part stands in: the execution, then the phase or section.
pub(crate) fn names_around<'a>(execution: &'a Value, level: Level, id: &str) -> Vec<&'a str> {
    let outer = match level {
        Level::Execution | Level::Entity => Vec::new(),
        Level::Phase => vec![Some(execution)],
        Level::Task | Level::Step => {
            let part = find(execution, level, id).unwrap();
            vec![Some(execution), parent(execution, level, part)]
        }
    };
    let name_of = |outer: &'a Value| outer["name"].as_str();
    let names = outer.into_iter().flatten().filter_map(name_of);
    names.filter(|name| !name.is_empty()).collect()
}

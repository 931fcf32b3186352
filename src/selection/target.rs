//! The parts of an execution that actions work on.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::Execution;
use crate::{
    api::{Id, Level, types},
    json,
    template::Context,
};

/// An execution itself, or one of its phases or tasks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Execution,
    Phase(Id),
    Task(Id),
}

impl Part {
    pub const fn level(&self) -> Level {
        match self {
            Self::Execution => Level::Execution,
            Self::Phase(_) => Level::Phase,
            Self::Task(_) => Level::Task,
        }
    }

    /// The phase's or task's own id.
    pub const fn id(&self) -> Option<&Id> {
        match self {
            Self::Execution => None,
            Self::Phase(id) | Self::Task(id) => Some(id),
        }
    }

    const fn list(&self) -> Option<(&'static str, &Id)> {
        match self {
            Self::Execution => None,
            Self::Phase(id) => Some(("phases", id)),
            Self::Task(id) => Some(("tasks", id)),
        }
    }
}

impl Execution {
    /// All parts of a level, in the execution's order.
    ///
    /// # Errors
    ///
    /// When an id can't be used, or stands twice so that it names no one part.
    pub fn parts(&self, level: Level) -> Result<Vec<Part>, String> {
        let (list, part): (_, fn(Id) -> Part) = match level {
            Level::Execution => return Ok(vec![Part::Execution]),
            Level::Phase => ("phases", Part::Phase),
            Level::Task => ("tasks", Part::Task),
        };
        let Some(parts) = json::get(&self.data, list).and_then(Value::as_array) else {
            return Ok(Vec::new());
        };
        let mut seen = BTreeSet::new();
        parts
            .iter()
            .map(|data| {
                let text = data["id"].as_str().unwrap_or_default();
                let id = Id::new(text).map_err(|error| {
                    format!("the id {text:?} of one of its {list} can't be used: {error}")
                })?;
                if seen.insert(id.clone()) {
                    Ok(part(id))
                } else {
                    Err(format!("the id {id} stands twice among its {list}"))
                }
            })
            .collect()
    }

    /// The parts of `level` that hold one of `selected`, in the execution's order; the selected ones themselves when
    /// that is their level.
    pub fn parts_above(&self, selected: &[Part], level: Level) -> Vec<Part> {
        let wanted: BTreeSet<Part> = selected
            .iter()
            .filter_map(|part| match (part, level) {
                (_, Level::Execution) => Some(Part::Execution),
                (Part::Task(_), Level::Phase) => self.phase_id(part).map(Part::Phase),
                (Part::Phase(_), Level::Phase) | (Part::Task(_), Level::Task) => Some(part.clone()),
                (Part::Execution, Level::Phase | Level::Task) | (Part::Phase(_), Level::Task) => {
                    None
                }
            })
            .collect();
        self.parts(level)
            .unwrap_or_default()
            .into_iter()
            .filter(|part| wanted.contains(part))
            .collect()
    }

    /// A part's JSON; none when it is not there.
    pub fn data_of(&self, part: &Part) -> Option<Arc<Value>> {
        match part.list() {
            None => Some(Arc::clone(&self.data)),
            Some((list, id)) => json::item(&self.data, list, id.as_str())
                .cloned()
                .map(Arc::new),
        }
    }

    /// Puts a value at a dotted path of a part.
    pub fn change(&mut self, part: &Part, path: &str, value: Value) {
        let data = Arc::make_mut(&mut self.data);
        let place = match part.list() {
            None => Some(data),
            Some((list, id)) => json::item_mut(data, list, id.as_str()),
        };
        if let Some(place) = place {
            json::set(place, path, value);
        }
    }

    fn phase_id(&self, task: &Part) -> Option<Id> {
        Id::new(self.data_of(task)?["phase_id"].as_str()?).ok()
    }
}

/// What expressions see of a part: `vars`, `execution`, and the part itself with its parents.
pub fn context(execution: &Execution, part: &Part, vars: &Value) -> Context {
    let generation = execution.generation;
    let level = part.level();
    let whole = (
        Arc::clone(&execution.data),
        types::record(generation, Level::Execution),
    );
    let context = Context::default().with_json("vars", vars).with_record(
        "execution",
        Arc::clone(&whole.0),
        whole.1,
    );
    let Some(data) = execution
        .data_of(part)
        .filter(|_| level != Level::Execution)
    else {
        return context;
    };
    let mut parents = vec![("execution", whole.0, whole.1)];
    let phase = execution.phase_id(part).map(Part::Phase);
    if let Some(phase) = phase.and_then(|phase| execution.data_of(&phase)) {
        parents.push(("phase", phase, types::record(generation, Level::Phase)));
    }
    context.with_child(
        level.word(),
        data,
        types::record(generation, level),
        parents,
    )
}

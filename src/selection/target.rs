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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{api::Generation, fixture};

    fn task(id: &str) -> Part {
        Part::Task(Id::new(id).unwrap())
    }

    fn phase(id: &str) -> Part {
        Part::Phase(Id::new(id).unwrap())
    }

    /// `a` and `c` in phase `p`, `b` in `q`, `d` in none, `e` in one that is not there; phase `r` is empty.
    fn execution() -> Execution {
        let task = |id, phase: Value| json!({"id": id, "phase_id": phase, "status": "PENDING"});
        fixture::flow(
            "x",
            &json!({
                "phases": [{"id": "q"}, {"id": "p"}, {"id": "r"}],
                "tasks": [
                    task("a", json!("p")), task("b", json!("q")), task("c", json!("p")),
                    task("d", Value::Null), task("e", json!("gone")),
                ],
            }),
        )
    }

    #[test]
    fn a_coarser_part_is_found_once_for_all_that_were_selected_in_it() {
        let execution = execution();
        let all = execution.parts(Level::Task).unwrap();
        for (selected, level, found) in [
            (all.clone(), Level::Task, all.clone()),
            (
                vec![task("c"), task("a")],
                Level::Task,
                vec![task("a"), task("c")],
            ),
            (all.clone(), Level::Phase, vec![phase("q"), phase("p")]),
            (vec![task("a"), task("c")], Level::Phase, vec![phase("p")]),
            (vec![task("d"), task("e")], Level::Phase, vec![]),
            (vec![phase("r")], Level::Phase, vec![phase("r")]),
            (all, Level::Execution, vec![Part::Execution]),
            (vec![phase("r")], Level::Execution, vec![Part::Execution]),
            (vec![], Level::Execution, vec![]),
            (vec![phase("p")], Level::Task, vec![]),
            (vec![Part::Execution], Level::Phase, vec![]),
        ] {
            assert_eq!(
                execution.parts_above(&selected, level),
                found,
                "{selected:?} {level}"
            );
        }
    }

    #[test]
    fn a_part_is_changed_in_its_place_and_in_this_copy_alone() {
        let before = execution();
        let mut changed = before.clone();
        changed.change(&task("c"), "assigned_to", json!(["1"]));
        changed.change(&phase("q"), "due_date", json!("2026-05-28"));
        changed.change(
            &Part::Execution,
            "closing_reason.extra_description",
            json!("x"),
        );
        changed.change(&task("none"), "assigned_to", json!(["1"]));
        assert_eq!(changed.data["tasks"][2]["assigned_to"], json!(["1"]));
        assert_eq!(changed.data["phases"][0]["due_date"], "2026-05-28");
        assert_eq!(changed.data["closing_reason"]["extra_description"], "x");
        assert_eq!(before, execution());
    }

    #[test]
    fn an_execution_without_an_id_that_can_be_used_is_none() {
        for (data, said) in [
            (json!({}), "an execution without an id"),
            (json!({"id": 7}), "an execution without an id"),
            (json!([]), "an execution without an id"),
            (json!("x"), "an execution without an id"),
            (
                json!({"id": "../x"}),
                "the execution id \"../x\" can't be used: ",
            ),
        ] {
            let error = Execution::new(Generation::V2, data).unwrap_err();
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}

//! The parts of an execution that actions work on.

use std::{collections::BTreeSet, iter, sync::Arc};

use serde_json::{Map, Value, json};

use super::Execution;
use crate::{
    api::{Id, Level, part, types},
    json,
    template::EvalContext,
};

/// An execution, one of its parts, or the entity for which an execution is to be started.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetPart {
    Entity,
    Execution,
    Step(Id),
    Phase(Id),
    Task(Id),
}

impl TargetPart {
    /// The part of a level; one without an id of its own is the whole execution or entity.
    pub fn of(level: Level, id: Option<Id>) -> Self {
        match (level, id) {
            (Level::Entity, _) => Self::Entity,
            (Level::Step, Some(id)) => Self::Step(id),
            (Level::Phase, Some(id)) => Self::Phase(id),
            (Level::Task, Some(id)) => Self::Task(id),
            (Level::Execution | Level::Step | Level::Phase | Level::Task, _) => Self::Execution,
        }
    }

    pub const fn level(&self) -> Level {
        match self {
            Self::Entity => Level::Entity,
            Self::Execution => Level::Execution,
            Self::Step(_) => Level::Step,
            Self::Phase(_) => Level::Phase,
            Self::Task(_) => Level::Task,
        }
    }

    /// The part's own id.
    pub const fn id(&self) -> Option<&Id> {
        match self {
            Self::Entity | Self::Execution => None,
            Self::Step(id) | Self::Phase(id) | Self::Task(id) => Some(id),
        }
    }
}

impl Execution {
    /// All parts of a level, in the execution's order.
    ///
    /// # Errors
    ///
    /// If an id is invalid, or occurs twice and so identifies no part.
    pub fn parts(&self, level: Level) -> Result<Vec<TargetPart>, String> {
        let part: fn(Id) -> TargetPart = match level {
            Level::Entity => return Ok(vec![TargetPart::Entity]),
            Level::Execution => return Ok(vec![TargetPart::Execution]),
            Level::Step => TargetPart::Step,
            Level::Phase => TargetPart::Phase,
            Level::Task => TargetPart::Task,
        };
        let levels = level.plural();
        if let Some((name, other)) = part::no_list(&self.data, level) {
            let why = json::unreadable(other).unwrap_or("it is no list");
            return Err(format!(
                "its {levels} can't be told: {name} can't be read: {why}"
            ));
        }
        let mut seen = BTreeSet::new();
        part::parts(&self.data, level)
            .into_iter()
            .map(|data| {
                if let Some(why) = json::unreadable(&data["id"]) {
                    return Err(format!(
                        "the id of one of its {levels} can't be read: {why}"
                    ));
                }
                let text = data["id"].as_str().unwrap_or_default();
                let id = Id::new(text).map_err(|error| {
                    format!("the id {text:?} of one of its {levels} can't be used: {error}")
                })?;
                if seen.insert(id.clone()) {
                    Ok(part(id))
                } else {
                    Err(format!("the id {id} occurs twice among its {levels}"))
                }
            })
            .collect()
    }

    /// The parts of `level` that contain one of `selected`, in the execution's order; the selected ones themselves if they have this level.
    pub fn parts_above(&self, selected: &[TargetPart], level: Level) -> Vec<TargetPart> {
        let wanted: BTreeSet<TargetPart> = selected
            .iter()
            .filter(|part| level.is_above(part.level()))
            .filter_map(|part| match (part, level) {
                (TargetPart::Task(_), Level::Phase) => self.phase_id(part).map(TargetPart::Phase),
                (_, Level::Execution) => Some(TargetPart::Execution),
                (_, Level::Entity | Level::Step | Level::Phase | Level::Task) => Some(part.clone()),
            })
            .collect();
        self.parts(level)
            .unwrap_or_default()
            .into_iter()
            .filter(|part| wanted.contains(part))
            .collect()
    }

    /// A part's JSON; none if it does not exist.
    pub fn data_of(&self, part: &TargetPart) -> Option<Arc<Value>> {
        match part.id() {
            None => Some(Arc::clone(&self.data)),
            id @ Some(_) => part::find(&self.data, part.level(), id)
                .cloned()
                .map(Arc::new),
        }
    }

    /// Sets a value at a dotted path of a part.
    pub fn change(&mut self, part: &TargetPart, path: &str, value: Value) {
        let data = Arc::make_mut(&mut self.data);
        if let Some(place) = part::find_mut(data, part.level(), part.id()) {
            json::set(place, path, value);
        }
    }

    /// The phase of a task or the section of a step, with its name in expressions.
    fn parent_of(&self, part: &TargetPart) -> Option<(&'static str, Arc<Value>)> {
        match part {
            TargetPart::Entity | TargetPart::Execution | TargetPart::Phase(_) => None,
            TargetPart::Step(id) => {
                let section = part::section_of(&self.data, id)?;
                Some(("section", Arc::new(section.clone())))
            }
            TargetPart::Task(_) => {
                let phase = self.phase_id(part).map(TargetPart::Phase)?;
                Some(("phase", self.data_of(&phase)?))
            }
        }
    }

    /// The names of the objects above a part, from the outside; of those that have one.
    pub fn names_around(&self, part: &TargetPart) -> Vec<String> {
        let execution = match part {
            TargetPart::Entity | TargetPart::Execution => None,
            TargetPart::Step(_) | TargetPart::Phase(_) | TargetPart::Task(_) => {
                Some(Arc::clone(&self.data))
            }
        };
        let parent = self.parent_of(part).map(|(_, parent)| parent);
        let around = execution.into_iter().chain(parent);
        let names = around.filter_map(|outer| outer["name"].as_str().map(str::to_owned));
        names.filter(|name| !name.is_empty()).collect()
    }

    /// Removes a part from this copy.
    pub fn remove(&mut self, part: &TargetPart) {
        if let Some(id) = part.id() {
            part::remove(Arc::make_mut(&mut self.data), part.level(), id);
        }
    }

    /// The ids of each part of a level: of the execution, of the part, and of the objects between them. Also of a part with an invalid id.
    pub fn ids_of_parts(&self, level: Level) -> Vec<Vec<&str>> {
        let execution = self.id.as_str();
        match level {
            Level::Entity | Level::Execution => vec![vec![execution]],
            Level::Step | Level::Phase | Level::Task => part::parts_in_parents(&self.data, level)
                .into_iter()
                .map(|(part, parent)| {
                    let own = [&part["id"], parent].into_iter().filter_map(Value::as_str);
                    iter::once(execution).chain(own).collect()
                })
                .collect(),
        }
    }

    fn phase_id(&self, task: &TargetPart) -> Option<Id> {
        let task = part::find(&self.data, task.level(), task.id())?;
        Id::new(task["phase_id"].as_str()?).ok()
    }
}

/// The variables as expressions see them, converted once for all parts.
#[derive(Clone, Debug)]
pub struct ContextVars(EvalContext);

impl ContextVars {
    pub fn new(vars: &Map<String, Value>) -> Self {
        let vars = Value::Object(vars.clone());
        Self(EvalContext::default().with_json("vars", &vars))
    }
}

/// The names in expressions about a part: `vars`, `execution`, and the part itself with its parents.
pub fn context(execution: &Execution, part: &TargetPart, vars: &ContextVars) -> EvalContext {
    let generation = execution.generation;
    let level = part.level();
    let root = if level == Level::Entity {
        Level::Entity
    } else {
        Level::Execution
    };
    let whole = (Arc::clone(&execution.data), types::record(generation, root));
    let mut context = vars.0.clone();
    if let Some(row) = &execution.row {
        context = context.with_json("row", &json!(row.cells));
    }
    let context = context.with_record(root.word(), Arc::clone(&whole.0), whole.1);
    let Some(data) = part.id().and_then(|_| execution.data_of(part)) else {
        return context;
    };
    let mut parents = vec![("execution", whole.0, whole.1)];
    if let Some((name, parent)) = execution.parent_of(part) {
        parents.push((name, parent, types::record(generation, Level::Phase)));
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
    use crate::{api::Generation, testing::samples};

    fn task(id: &str) -> TargetPart {
        TargetPart::Task(Id::new(id).unwrap())
    }

    fn phase(id: &str) -> TargetPart {
        TargetPart::Phase(Id::new(id).unwrap())
    }

    /// `a` and `c` in phase `p`, `b` in `q`, `d` in none, `e` in one that is not there; phase `r` is empty.
    fn execution() -> Execution {
        let task = |id, phase: Value| json!({"id": id, "phase_id": phase, "status": "PENDING"});
        samples::flow(
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
            (all, Level::Execution, vec![TargetPart::Execution]),
            (
                vec![phase("r")],
                Level::Execution,
                vec![TargetPart::Execution],
            ),
            (vec![], Level::Execution, vec![]),
            (vec![phase("p")], Level::Task, vec![]),
            (vec![TargetPart::Execution], Level::Phase, vec![]),
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
            &TargetPart::Execution,
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

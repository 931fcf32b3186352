//! Chooses the parts of an execution that are targets: pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    api::{Id, Level},
    playbook::{IdList, Playbook, Select},
    target::{Execution, TargetPart, context},
};

/// Chooses targets, execution after execution, until the limit is reached.
#[derive(Debug)]
pub struct Chooser<'a> {
    select: &'a Select,
    vars: Value,
    left: Option<u64>,
}

/// The targets of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub parts: Vec<TargetPart>,
    /// Parts (or the whole execution) that could not be evaluated, and why.
    pub rejected: Vec<(TargetPart, String)>,
}

impl<'a> Chooser<'a> {
    pub fn new(playbook: &'a Playbook) -> Self {
        Self {
            select: &playbook.select,
            vars: Value::Object(playbook.vars.clone()),
            left: playbook.select.limit,
        }
    }

    /// Whether the limit is reached, so that no execution can have a target any more.
    pub fn is_full(&self) -> bool {
        self.left == Some(0)
    }

    /// The whole execution.
    pub fn root(&self) -> TargetPart {
        match self.select.source.root() {
            Level::Entity => TargetPart::Entity,
            Level::Execution | Level::Step | Level::Phase | Level::Task => TargetPart::Execution,
        }
    }

    /// `exclude` and `only`: whether a part with these ids may be a target: its own id and those of the objects above it.
    fn is_meant(&self, ids: &[&str]) -> bool {
        let Select { exclude, only, .. } = self.select;
        let names_one = |lists: &[IdList]| {
            lists
                .iter()
                .any(|list| ids.iter().any(|id| list.ids.contains(*id)))
        };
        !names_one(exclude) && only.as_deref().is_none_or(names_one)
    }

    /// Whether `only` is given.
    pub fn picks(&self) -> bool {
        self.select.only.is_some()
    }

    /// Whether `exclude` and `only` name this execution itself, with all its parts.
    pub fn names(&self, id: &Id) -> bool {
        self.is_meant(&[id.as_str()])
    }

    /// Whether `exclude` and `only` leave no target in an execution. With `only`: no part of it is named; without `only`: every part is
    /// excluded.
    pub fn leaves_out(&self, execution: &Execution) -> bool {
        let Select { exclude, each, .. } = self.select;
        let is_meant = |ids: &Vec<&str>| self.is_meant(ids);
        is_named(exclude, &execution.id)
            || (self.picks() && !execution.ids_of_parts(*each).iter().any(is_meant))
    }

    /// `where`: whether an execution is kept. It is not evaluated if the ids leave the execution out, as far as they can tell.
    ///
    /// # Errors
    ///
    /// If the expression fails on this execution.
    pub fn keeps(&self, execution: &Execution) -> Result<bool, String> {
        let is_left_out = if self.select.lacks_steps() {
            is_named(&self.select.exclude, &execution.id)
        } else {
            self.leaves_out(execution)
        };
        if is_left_out {
            return Ok(false);
        }
        let root = self.root();
        match &self.select.filter {
            None => Ok(true),
            Some(filter) => filter
                .test(&context(execution, &root, &self.vars))
                .map_err(|error| format!("`where` failed: {error}")),
        }
    }

    /// `each`, `where_each`, `exclude`, `only` and `limit`: the targets of an execution that was kept. Nothing beyond the limit is
    /// evaluated.
    pub fn choose(&mut self, execution: &Execution) -> Chosen {
        let mut chosen = Chosen::default();
        if self.is_full() || self.leaves_out(execution) {
            return chosen;
        }
        let parts = match execution.parts(self.select.each) {
            Ok(parts) => parts,
            Err(reason) => {
                chosen.rejected.push((TargetPart::Execution, reason));
                return chosen;
            }
        };
        let ids = execution.ids_of_parts(self.select.each);
        for (part, ids) in parts.into_iter().zip(ids) {
            if self.is_full() {
                break;
            }
            let is_found = |steps: &BTreeSet<Id>| part.id().is_none_or(|id| steps.contains(id));
            if !self.is_meant(&ids) || !execution.steps.as_ref().is_none_or(is_found) {
                continue;
            }
            let wanted = self.select.filter_each.as_ref().map_or(Ok(true), |filter| {
                filter.test(&context(execution, &part, &self.vars))
            });
            match wanted {
                Err(error) => chosen
                    .rejected
                    .push((part, format!("`where_each` failed: {error}"))),
                Ok(false) => {}
                Ok(true) => {
                    self.left = self.left.map(|left| left - 1);
                    chosen.parts.push(part);
                }
            }
        }
        chosen
    }
}

fn is_named(lists: &[IdList], id: &Id) -> bool {
    lists.iter().any(|list| list.ids.contains(id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::samples::{flow, id_list, over_executions, over_flows, row};

    const NO_MATTER: &str = "actions: [ { reassign: { set: [] }, on: execution } ]";

    /// Tasks `a` to `d` in this order, two of them pending; `a` and `c` in phase `p`, `b` in `q`, `d` in none.
    fn four_tasks(id: &str) -> Execution {
        let task = |id, phase, status| json!({"id": id, "phase_id": phase, "status": status, "due_date": "2026-05-28"});
        let tasks = [
            task("a", Some("p"), "PENDING"),
            task("b", Some("q"), "COMPLETED"),
            task("c", Some("p"), "PENDING"),
            task("d", None, "SKIPPED"),
        ];
        let phases = json!([{"id": "p", "name": "First"}, {"id": "q", "name": "Second"}]);
        flow(id, &json!({"phases": phases, "tasks": tasks}))
    }

    /// What is chosen of two flows, one after the other, as `flow/part`.
    fn chosen(select: &str) -> String {
        let playbook = over_flows(select, NO_MATTER);
        chosen_of(&playbook, &[four_tasks("e"), four_tasks("f")])
    }

    /// What is chosen of executions, one after the other, as `execution/part`.
    fn chosen_of(playbook: &Playbook, executions: &[Execution]) -> String {
        let mut chooser = Chooser::new(playbook);
        let mut found = Vec::new();
        for execution in executions {
            if !chooser.keeps(execution).unwrap() {
                continue;
            }
            let chosen = chooser.choose(execution);
            assert_eq!(chosen.rejected, []);
            for part in chosen.parts {
                found.push(match part.id() {
                    Some(id) => format!("{}/{id}", execution.id),
                    None => execution.id.to_string(),
                });
            }
        }
        found.join(" ")
    }

    #[test]
    fn each_part_of_select_narrows_what_is_chosen() {
        for (select, expected) in [
            ("", "e f"),
            ("each: execution", "e f"),
            ("each: phase", "e/p e/q f/p f/q"),
            ("each: task", "e/a e/b e/c e/d f/a f/b f/c f/d"),
            ("where: execution.id == \"f\"", "f"),
            ("where: execution.id == \"f\", each: phase", "f/p f/q"),
            (
                "each: task, where_each: task.status == \"PENDING\"",
                "e/a e/c f/a f/c",
            ),
            (
                "each: phase, where_each: phase.name == \"First\"",
                "e/p f/p",
            ),
            ("where_each: execution.id == \"e\"", "e"),
            (
                "each: task, where_each: task.execution.id == \"f\" and task.status == \"SKIPPED\"",
                "f/d",
            ),
            // Ids of executions, or of their parts.
            ("exclude: [e]", "f"),
            ("each: task, exclude: [e, a, d]", "f/b f/c"),
            ("each: phase, exclude: [p]", "e/q f/q"),
            // The limit counts targets that all filters let through, in the plan's order.
            ("limit: 1", "e"),
            ("each: task, limit: 3, exclude: [b]", "e/a e/c e/d"),
            (
                "each: task, where_each: task.status == \"PENDING\", limit: 3",
                "e/a e/c f/a",
            ),
            ("each: task, limit: 9", "e/a e/b e/c e/d f/a f/b f/c f/d"),
        ] {
            assert_eq!(chosen(select), expected, "{select}");
        }
    }

    #[test]
    fn an_id_leaves_out_or_selects_itself_and_everything_below_it() {
        let section = |id, steps: &[&str]| {
            let steps: Vec<Value> = steps.iter().map(|id| json!({"id": id})).collect();
            json!({"id": id, "type": "SECTION", "steps": steps})
        };
        let sections =
            json!([section("s", &["a", "b"]), {"id": "c", "type": "STEP"}, section("t", &["d"])]);
        let old = [
            row("e", &json!({"flow": sections})),
            row("f", &json!({"flow": sections})),
        ];
        let new = [four_tasks("e"), four_tasks("f")];
        // The level, the ids, and what they leave out; they select the rest.
        for (each, ids, found) in [
            ("execution", "e", "e"),
            ("phase", "e", "e/p e/q"),
            ("task", "e", "e/a e/b e/c e/d"),
            ("phase", "p", "e/p f/p"),
            ("task", "p", "e/a e/c f/a f/c"),
            ("task", "a", "e/a f/a"),
            ("task", "q d", "e/b e/d f/b f/d"),
            ("task", "p e", "e/a e/b e/c e/d f/a f/c"),
            ("step", "e", "e/a e/b e/c e/d"),
            ("step", "s", "e/a e/b f/a f/b"),
            ("step", "c", "e/c f/c"),
            // What stands above it is another thing.
            ("execution", "p a", ""),
            ("phase", "a", ""),
            ("step", "x", ""),
        ] {
            let select = format!("each: {each}");
            let (mut playbook, executions) = if each == "step" {
                (over_executions(&select, NO_MATTER), &old)
            } else {
                (over_flows(&select, NO_MATTER), &new)
            };
            let all = chosen_of(&playbook, executions);
            playbook.select.only = Some(vec![id_list("--only", ids)]);
            assert_eq!(chosen_of(&playbook, executions), found, "only, {select}");
            playbook.select.exclude = playbook.select.only.take().unwrap();
            let rest: Vec<&str> = all
                .split(' ')
                .filter(|part| !found.split(' ').any(|found| found == *part))
                .collect();
            assert_eq!(chosen_of(&playbook, executions), rest.join(" "), "{select}");
            // Of what is both, nothing is left.
            playbook.select.only = Some(playbook.select.exclude.clone());
            assert_eq!(chosen_of(&playbook, executions), "", "both, {select}");
            // No id is none, and no list is all.
            playbook.select.exclude = vec![id_list("--exclude-file", "")];
            playbook.select.only = Some(vec![id_list("--only-file", "")]);
            assert_eq!(chosen_of(&playbook, executions), "", "empty, {select}");
            playbook.select.only = None;
            assert_eq!(chosen_of(&playbook, executions), all, "no list, {select}");
        }
    }

    #[test]
    fn an_execution_of_the_first_generation_is_one_target() {
        let playbook = over_executions(
            "where: execution.status == \"STARTED\"",
            "actions: [ reassign: { set: [] } ]",
        );
        let mut chooser = Chooser::new(&playbook);
        let started = row("e", &json!({"flow": [{"id": "s", "name": "Section"}]}));
        assert_eq!(chooser.keeps(&started), Ok(true));
        assert_eq!(chooser.choose(&started).parts, [TargetPart::Execution]);
        assert_eq!(
            chooser.keeps(&row("f", &json!({"status": "DONE"}))),
            Ok(false)
        );
    }

    #[test]
    fn an_expression_that_fails_rejects_what_it_fails_on_and_nothing_else() {
        let playbook = over_flows(
            "where: 'due_before(execution, now)', each: task, where_each: 'due_before(task, now)'",
            NO_MATTER,
        );
        let mut chooser = Chooser::new(&playbook);
        let soon = flow("e", &json!({"due_date": "soon"}));
        let error = chooser.keeps(&soon).unwrap_err();
        assert!(
            error.starts_with("`where` failed: `soon` is no date"),
            "{error}"
        );
        let mut execution = four_tasks("f");
        let task = |id| TargetPart::Task(crate::api::Id::new(id).unwrap());
        execution.change(&task("b"), "due_date", json!("soon"));
        let chosen = chooser.choose(&execution);
        assert_eq!(chosen.parts, [task("a"), task("c"), task("d")]);
        let [(part, reason)] = &chosen.rejected[..] else {
            panic!("{chosen:?}")
        };
        assert_eq!(*part, task("b"));
        assert!(
            reason.starts_with("`where_each` failed: `soon` is no date"),
            "{reason}"
        );
    }

    #[test]
    fn what_is_left_out_by_its_id_is_not_even_looked_at() {
        let playbook = over_flows(
            "where: 'due_before(execution, now)', each: task, where_each: 'due_before(task, now)', exclude: [e, b]",
            NO_MATTER,
        );
        let mut chooser = Chooser::new(&playbook);
        assert_eq!(
            chooser.keeps(&flow("e", &json!({"due_date": "soon"}))),
            Ok(false)
        );
        let mut execution = four_tasks("f");
        let task = TargetPart::Task(crate::api::Id::new("b").unwrap());
        execution.change(&task, "due_date", json!("soon"));
        assert_eq!(chooser.choose(&execution).rejected, []);
    }

    #[test]
    fn an_execution_in_which_only_leaves_no_target_is_not_even_looked_at() {
        let new = json!({"due_date": "soon", "phases": [{"id": "p"}, {"id": "q"}],
            "tasks": [{"id": "a", "phase_id": "p"}, {"id": "b", "phase_id": "p"}]});
        let broken = json!({"due_date": "soon", "phases": [{"id": "p"}],
            "tasks": [{"id": "../a", "phase_id": "p"}]});
        let old = json!({"dueDate": "soon", "flow": [
            {"id": "s", "type": "SECTION", "steps": [{"id": "a"}]}, {"id": "b", "type": "STEP"}]});
        let list = "executions: { list: {} }";
        let ids = "ids: { list: [e], api: v1 }";
        let flows = "flows: { entities: [ { id: c, schema: contact } ] }";
        // What the source finds, the level, what is named, and whether `where` is asked of the execution.
        for (source, each, only, exclude, data, is_asked) in [
            (flows, "execution", "e", "x", &new, true),
            (flows, "execution", "f", "x", &new, false),
            (flows, "execution", "p", "x", &new, false),
            (flows, "phase", "e", "x", &new, true),
            (flows, "phase", "q", "x", &new, true),
            (flows, "phase", "a", "x", &new, false),
            (flows, "task", "e", "x", &new, true),
            (flows, "task", "p", "x", &new, true),
            (flows, "task", "q", "x", &new, false),
            (flows, "task", "b", "x", &new, true),
            (flows, "task", "c", "x", &new, false),
            (flows, "task", "p", "a", &new, true),
            (flows, "task", "a", "p", &new, false),
            // What is above a part stays as it is where the part is left out.
            (flows, "task", "", "p", &new, true),
            (flows, "task", "p", "x", &broken, true),
            (flows, "task", "f", "x", &broken, false),
            (ids, "execution", "f", "x", &old, false),
            (ids, "step", "s", "x", &old, true),
            (ids, "step", "b", "x", &old, true),
            (ids, "step", "f", "x", &old, false),
            (list, "execution", "e", "x", &old, true),
            (list, "execution", "a", "x", &old, false),
            // A list tells nothing of the steps.
            (list, "step", "f", "x", &json!({"dueDate": "soon"}), true),
            (list, "step", "f", "e", &json!({"dueDate": "soon"}), false),
        ] {
            let mut playbook = crate::testing::samples::playbook(&format!(
                "select: {{ {source}, where: 'due_before(execution, now)', each: {each}, exclude: [{exclude}] }}\n{NO_MATTER}"
            ));
            playbook.select.only = (!only.is_empty()).then(|| vec![id_list("--only", only)]);
            let execution = if source == flows {
                flow("e", data)
            } else {
                row("e", data)
            };
            let mut chooser = Chooser::new(&playbook);
            let what = format!("{source}, {each}, only {only}, exclude {exclude}");
            assert_eq!(chooser.keeps(&execution).is_err(), is_asked, "{what}");
            // Ids that can't be used reject what is named, too, and nothing else.
            let rejected = chooser.choose(&execution).rejected;
            assert_eq!(
                rejected.len(),
                usize::from(is_asked && data == &broken),
                "{what}"
            );
        }
    }

    #[test]
    fn parts_that_can_not_be_addressed_reject_their_execution_unless_the_limit_is_reached() {
        let playbook = over_flows("each: task, limit: 4", NO_MATTER);
        for (tasks, reason) in [
            (
                json!([{"id": "a"}, {"id": "../b"}]),
                "the id \"../b\" of one of its tasks can't be used: ",
            ),
            (
                json!([{"name": "x"}]),
                "the id \"\" of one of its tasks can't be used: ",
            ),
            (
                json!([{"id": "a"}, {"id": "a"}]),
                "the id a occurs twice among its tasks",
            ),
        ] {
            let broken = flow("e", &json!({"tasks": tasks}));
            let mut chooser = Chooser::new(&playbook);
            let chosen = chooser.choose(&broken);
            let [(TargetPart::Execution, said)] = &chosen.rejected[..] else {
                panic!("{chosen:?}")
            };
            assert!(said.starts_with(reason), "{said}");
            assert_eq!(chosen.parts, []);

            assert_eq!(chooser.choose(&four_tasks("a")).parts.len(), 4);
            assert_eq!(chooser.choose(&broken), Chosen::default());
        }
    }
}

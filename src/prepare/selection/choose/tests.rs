use serde_json::{Value, json};

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

use serde_json::json;

use super::{super::Chooser, *};
use crate::testing::samples::{flow, id_list, over_executions, over_flows, row};

const SET: &str = "actions: [ { reassign: { set: [] }, on: execution } ]";

fn seen(playbook: &Playbook, executions: &[(Execution, bool)]) -> Vec<String> {
    let mut misses = Misses::new(playbook);
    let mut chooser = Chooser::new(playbook);
    for (execution, is_whole) in executions {
        misses.see(execution, *is_whole);
        misses.tell(execution, &chooser.choose(execution));
    }
    misses.notes()
}

#[test]
fn ids_that_match_nothing_are_counted_for_each_list() {
    let mut playbook = over_flows("each: task, exclude: [ e, zz ]", SET);
    playbook.select.only = Some(vec![
        id_list("--only", "t p x"),
        id_list("--only-file a.txt", "e t"),
    ]);
    let data = json!({"phases": [{"id": "p"}], "tasks": [{"id": "t", "phase_id": "p"}]});
    assert_eq!(
        seen(&playbook, &[(flow("e", &data), true)]),
        [
            "2 of 3 ids in --only were found, but nothing of them is selected (look at `each`, `exclude`): p, t",
            "1 of 3 ids in --only matched nothing: x",
            "2 of 2 ids in --only-file a.txt were found, but nothing of them is selected (look at `each`, `exclude`): e, t",
            "1 of 2 ids in `exclude` of the playbook matched nothing: zz",
        ]
    );
    // One that has no part was there all the same.
    playbook.select.only = None;
    assert_eq!(
        seen(&playbook, &[(flow("e", &json!({})), true)]),
        ["1 of 2 ids in `exclude` of the playbook matched nothing: zz"]
    );
    let many: Vec<String> = (10..31).map(|n| format!("x{n}")).collect();
    playbook.select.only = Some(vec![id_list("--only", &many.join(" "))]);
    let notes = seen(&playbook, &[]);
    assert!(
        notes[0].starts_with("21 of 21 ids in --only matched nothing: x10, x11, "),
        "{notes:?}"
    );
    assert!(notes[0].ends_with("x19 and 11 more"), "{notes:?}");
}

#[test]
fn a_list_without_an_id_is_named() {
    let mut playbook = over_flows("", SET);
    for (only, exclude, expected) in [
        (
            vec![id_list("a", "")],
            vec![],
            &["a names no id, so nothing is selected"][..],
        ),
        (
            vec![id_list("a", ""), id_list("b", "e")],
            vec![],
            &["a names no id"],
        ),
        (
            vec![id_list("b", "e")],
            vec![id_list("c", "")],
            &["c names no id"],
        ),
        (vec![id_list("b", "e")], vec![], &[]),
    ] {
        playbook.select.only = Some(only);
        playbook.select.exclude = exclude;
        assert_eq!(seen(&playbook, &[(flow("e", &json!({})), true)]), expected);
    }
}

#[test]
fn names_that_nothing_has_are_said_unless_nothing_can_tell() {
    let playbook = over_flows(
        "where: execution.name == \"F\", each: task, where_each: 'task.phase.name in [\"Phase?\", \"P\"] and task.name != \"T?\" and \"T\" == task.name'",
        SET,
    );
    let data = json!({"name": "F", "phases": [{"name": "P"}], "tasks": [{"name": "T"}]});
    let (phase, task) = (
        "no scanned flow has a phase named \"Phase?\"",
        "no scanned flow has a task named \"T?\"",
    );
    assert_eq!(seen(&playbook, &[(flow("e", &data), true)]), [phase, task]);
    assert_eq!(
        seen(&playbook, &[(flow("e", &json!({"name": "G"})), true)]),
        [
            "no scanned flow is named \"F\"",
            "no scanned flow has a phase named \"P\", \"Phase?\"",
            "no scanned flow has a task named \"T\", \"T?\"",
        ]
    );
    // Nothing was scanned: that is said elsewhere.
    assert_eq!(seen(&playbook, &[]), [""; 0]);
    let playbook = over_executions(
        "each: step, where_each: 'step.name == \"S\" and step.section.name == \"X\" and step.name != \"Y\"'",
        "actions: [ { reassign: { set: [] }, on: execution } ]",
    );
    let slim = row("e", &json!({}));
    assert_eq!(seen(&playbook, &[(slim.clone(), false)]), [""; 0]);
    let named = over_executions(
        "each: step, where: execution.name == \"E\" or execution.name == \"F\"",
        "actions: [ { reassign: { set: [] }, on: execution } ]",
    );
    assert_eq!(
        seen(&named, &[(row("e", &json!({"name": "E"})), false)]),
        ["no scanned execution is named \"F\""]
    );
    let whole = row(
        "e",
        &json!({"flow": [{"type": "SECTION", "name": "X", "steps": [{"name": "S"}]}]}),
    );
    assert_eq!(
        seen(&playbook, &[(slim, false), (whole, true)]),
        ["no execution that was read has a step named \"Y\""]
    );
}

#[test]
fn entities_without_a_flow_are_counted() {
    let playbook = over_flows("", SET);
    let mut misses = Misses::new(&playbook);
    for number in 10..30 {
        let id = Id::new(&format!("c{number}")).unwrap();
        misses.see_entity(&id, number % 2 == 0 || number > 24);
    }
    assert_eq!(
        misses.notes(),
        ["7 of 20 entities have no running flow: c11, c13, c15, c17, c19, c21, c23"]
    );
}

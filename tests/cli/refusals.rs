//! Several things are wrong at once: the one that is said first is the one that the user has to correct first.

use crate::{
    environment::{Environment, SandboxProcess},
    operations::playbook,
};

const TASKS: &str = "select: { FLOWS, each: task, where_each: due(task) is not none, limit: 2 }
actions: [ shift_due_date: { by: 3 days } ]";

const NO_TERMINAL: &str = "there is no terminal to ask on";

#[test]
fn bad_arguments_come_first_then_what_is_not_there_then_what_it_is_and_the_question_last() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    environment
        .run_on(&sandbox, &["run", &file, "--yes"])
        .expect_code(0);
    environment.file("broken.yaml", "version: 1\nselect: 7\n");
    environment.file("broken.plan", "{\"wf_bulk_plan\":1,");
    let reads = sandbox.ledger().requests().len();
    for (command, code, said) in [
        (&["undo", "01"][..], 64, NO_TERMINAL),
        (&["undo", "nothing"], 1, "starts with \"nothing\""),
        (
            &["undo", "nothing", "--only-file", "none.csv"],
            64,
            "none.csv",
        ),
        (&["undo", "--last"], 64, NO_TERMINAL),
        (&["undo", "--last", "--exclude", "nobody"], 64, "nobody"),
        (&["retry", "nothing"], 1, "starts with \"nothing\""),
        (&["retry", "nothing", "--sign", "key"], 64, "--sign"),
        (
            &["retry", "--last", "--playbook", "none.yaml"],
            1,
            "none.yaml",
        ),
        (&["retry", "--last"], 64, NO_TERMINAL),
        (&["run", "none.yaml"], 1, "none.yaml"),
        (&["run", "broken.yaml"], 1, "broken.yaml"),
        (&["run", &file], 64, NO_TERMINAL),
        (&["apply", "none.plan"], 1, "none.plan"),
        (&["apply", "broken.plan"], 1, "broken.plan"),
    ] {
        let ended = environment.run_on(&sandbox, command).expect_said(said);
        assert_eq!(ended.code, code, "{command:?}: {ended:?}");
        let asks = ended.stderr.contains(NO_TERMINAL);
        assert_eq!(asks, said == NO_TERMINAL, "{command:?}: {ended:?}");
    }
    environment
        .run(&["abandon", "nothing"])
        .expect_code(1)
        .expect_said("starts with \"nothing\"");
    environment
        .run(&["prune", "--keep", "90d"])
        .expect_code(0)
        .expect_said("nothing was deleted");
    assert_eq!(sandbox.ledger().requests().len(), reads);
}

#[test]
fn an_undo_of_what_can_not_be_undone_any_more_says_so_before_it_asks_for_an_approval() {
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    environment
        .run(&["run", &file, "--yes", "--sandbox"])
        .expect_code(0);
    environment.run(&["sandbox", "reset"]).expect_code(0);
    for command in ["undo", "retry"] {
        environment
            .run(&[command, "--last"])
            .expect_code(1)
            .expect_said("`sandbox reset` has deleted");
    }
}

#[test]
fn a_deleted_run_is_answered_with_what_the_history_still_knows_by_every_command() {
    let environment = Environment::new();
    let file = playbook(&environment, "tasks", TASKS);
    let mut runs = Vec::new();
    for _ in 0..2 {
        environment
            .run(&["run", &file, "--yes", "--sandbox", "--again"])
            .expect_code(0);
        let newest = environment.runs().into_iter().max().unwrap();
        runs.push(newest.file_name().unwrap().to_str().unwrap().to_owned());
    }
    environment
        .run(&["prune", "--keep", "0d", "--yes"])
        .expect_code(0);
    let first = &*runs[0];
    for command in [
        &["status", first][..],
        &["status", first, "--watch"],
        &["resume", first],
        &["undo", first, "--yes"],
        &["retry", first, "--yes"],
        &["verify", first],
        &["report", first],
        &["abandon", first, "--yes"],
    ] {
        let ended = environment.run(command).expect_code(1);
        ended
            .expect_said(&format!("run {first} was deleted with `prune` on 20"))
            .expect_said("the history knows that it was finished on 20")
            .expect_said(": 2 applied");
    }
    // Both begin with it.
    let said = environment.run(&["undo", &first[..4]]).expect_code(1);
    said.expect_said("is the beginning of 2 runs that were deleted with `prune`")
        .expect_said(first);
    environment
        .run(&["undo", "nothing"])
        .expect_code(1)
        .expect_said("starts with \"nothing\"");
}

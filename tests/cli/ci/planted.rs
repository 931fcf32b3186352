//! What somebody has put in the place of a run.

use super::{
    continued::{do_all, with_approved_plan},
    *,
};

#[test]
fn what_was_committed_in_the_place_of_a_run_or_a_plan_is_not_used() {
    if !has_programs() {
        return;
    }
    let (desk, _) = with_approved_plan(FAST, PLAYBOOK);
    let mut job = approved(&desk, 1).unwrap();
    // The checkout of this job brings them.
    for committed in [".wf-bulk/runs/0", "found/runs/0", "plan"] {
        desk.environment.file(&format!("{committed}/plan"), "mine");
    }
    desk.environment.file("result.json", "{}");
    assert_eq!(do_all(&mut job), 0);
    assert_eq!(job.summary(), "137 planned = 137 applied\n");
}

#[test]
fn of_two_runs_in_a_folder_none_is_continued_though_one_is_of_the_approved_plan() {
    if !has_programs() {
        return;
    }
    let (desk, _) = with_approved_plan(SLOW, PLAYBOOK);
    let mut job = approved(&desk, 1).unwrap();
    job.run(FETCH).expect_code(0);
    assert_eq!(interrupt(&desk, job.command("Apply")), 130);
    job.upload("Keep the run folder");
    let applied = desk.sandbox.ledger().effects().len();
    let folder = desk.artifact(APPLYING, "wf-bulk-run-7-1");
    let run = fs::read_dir(folder.join("runs")).unwrap().next().unwrap();
    copy_folder(&run.unwrap().path(), &folder.join("runs/0"));

    clean_up(&desk);
    let mut job = approved(&desk, 2).unwrap();
    job.run(FETCH).expect_code(0);
    assert!(!desk.path().join(".wf-bulk").exists());
    // The plan would be begun again, which the ledger forbids.
    job.run("Apply").expect_code(1);
    assert_eq!(desk.sandbox.ledger().effects().len(), applied);
}

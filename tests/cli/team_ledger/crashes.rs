//! Processes that die around the ledger, and copies of a run's folder.

use std::{thread, time::Duration};

use super::*;
use crate::environment::copy_folder;

/// Applies the plan here, and kills the process while the repository decides about its entry.
fn kill_at_the_push(team: &Team, verdict: u8) {
    let began = team.repository.path().join("began");
    let hook = team.hook(&format!(": >\"$GIT_DIR/began\"; sleep 1; exit {verdict}"));
    let apply = ["apply", "x.plan", "--yes", "--ledger", team.ledger()];
    let mut command = team.here.command_on(&team.sandbox, &apply);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !began.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The repository still decides.
    thread::sleep(Duration::from_millis(1_500));
    fs::remove_file(hook).unwrap();
    fs::remove_file(began).unwrap();
}

#[test]
fn a_process_that_dies_between_its_entry_and_its_first_change_is_no_dead_end() {
    for is_recorded in [false, true] {
        let team = Team::new(FAST);
        team.plan(&team.here, SHIFT);
        kill_at_the_push(&team, u8::from(!is_recorded));
        assert_eq!(team.recorded().len(), usize::from(is_recorded));
        assert_eq!(team.sandbox.ledger().writes(), 0);
        team.on(&team.here, &["resume", "--last"]).expect_code(0);
        assert_eq!((team.effects(), team.most_of_a_target()), (60, 1));
        assert_eq!(team.recorded()[0]["end"]["how"], "finished");
    }
}

#[test]
fn a_run_goes_on_on_any_machine_with_its_newest_folder_and_on_none_with_an_older_copy() {
    let team = Team::new(SLOW);
    team.plan(&team.here, SHIFT);
    let run = team.apply_and_kill();
    let carry = || {
        drop(fs::remove_dir_all(team.there.path().join(".wf-bulk")));
        copy_folder(
            &team.here.path().join(".wf-bulk"),
            &team.there.path().join(".wf-bulk"),
        );
    };
    // Without the ledger, nobody knows whether it went on elsewhere.
    team.here
        .run_on(&team.sandbox, &["resume", &run])
        .expect_code(64)
        .expect_said("is recorded in a ledger")
        .expect_said(&format!("wf-bulk resume {run} --ledger {}", team.ledger()));
    carry();
    // It goes on there, and is killed.
    let resume = ["resume", &run, "--ledger", team.ledger(), "--rate", "60/s"];
    let command = team.there.command_on(&team.sandbox, &resume);
    let (mut child, ended) = start_until(&team.there, command, 60);
    assert!(!ended);
    child.kill().unwrap();
    child.wait().unwrap();
    let before = team.sandbox.ledger().writes();
    team.on(&team.here, &["resume", &run])
        .expect_code(1)
        .expect_said("is an older copy: the ledger says that the run was continued on ");
    // What it does not know may have been made.
    assert_eq!(team.sandbox.ledger().writes(), before);
    team.on(&team.there, &["resume", &run]).expect_code(0);
    assert_eq!((team.effects(), team.most_of_a_target()), (60, 1));
    team.on(&team.here, &["resume", &run])
        .expect_code(1)
        .expect_said("has ended on ")
        .expect_said(&format!(
            "abandon this copy: wf-bulk abandon {run} --ledger"
        ));
    team.offline(&team.here, &["abandon", &run, "--yes"])
        .expect_code(0);
    assert_eq!(
        team.recorded()[0]["end"]["how"],
        "finished",
        "the copy knows less"
    );
    assert_eq!(team.effects(), 60);
}

#[test]
fn an_older_copy_that_is_abandoned_says_no_more_than_it_knows() {
    let team = Team::new(SLOW);
    team.plan(&team.here, SHIFT);
    let run = team.apply_and_kill();
    copy_folder(
        &team.here.path().join(".wf-bulk"),
        &team.there.path().join(".wf-bulk"),
    );
    let resume = ["resume", &run, "--ledger", team.ledger(), "--rate", "60/s"];
    let command = team.there.command_on(&team.sandbox, &resume);
    let (mut child, ended) = start_until(&team.there, command, 60);
    assert!(!ended);
    child.kill().unwrap();
    child.wait().unwrap();
    lose_folder(&team.there);
    team.offline(&team.here, &["abandon", &run, "--yes"])
        .expect_code(0);
    let outcomes = team.recorded()[0]["end"]["outcomes"].clone();
    assert!(outcomes["in_doubt"].as_u64().unwrap() > 20, "{outcomes}");
    assert_eq!(outcomes["not_attempted"], Value::Null);

    // Abandoned by hand, a folder that comes back is not continued.
    let other = Team::new(SLOW);
    other.plan(&other.here, SHIFT);
    let run = other.apply_and_kill();
    other
        .offline(&other.there, &["abandon", &run, "--yes"])
        .expect_code(0);
    other
        .on(&other.here, &["resume", &run])
        .expect_code(1)
        .expect_said("was abandoned on ");
    other
        .offline(&other.here, &["abandon", &run, "--yes"])
        .expect_code(0);
}

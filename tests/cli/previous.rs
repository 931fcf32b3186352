//! Files of the previous version of the tool are read. `tests/previous/runs` was written by the version of 2026-11-26: a run that was
//! killed, and one that is finished.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use serde_json::Value;

use crate::environment::{Environment, copy_folder};

const KILLED: &str = "01a21b21-65a1-7c63-a52a-a95cfa8c1aa1";
const FINISHED: &str = "01a21b20-3404-7252-92e6-fa264789b8a4";

/// An environment with both runs.
fn environment() -> Environment {
    let environment = Environment::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/previous/runs");
    let runs = environment.path().join(".wf-bulk/runs");
    fs::create_dir_all(&runs).unwrap();
    for run in [KILLED, FINISHED] {
        copy_folder(&samples.join(run), &runs.join(run));
        // A checkout may be writable for the group, which a run is not.
        for entry in fs::read_dir(runs.join(run)).unwrap() {
            fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o644)).unwrap();
        }
    }
    environment
}

#[test]
fn runs_of_the_previous_version_are_told_as_they_stand() {
    let environment = environment();
    environment
        .run(&["status"])
        .expect_code(0)
        .expect_out(&format!("wf-bulk resume {KILLED}"))
        .expect_out("15 planned = 15 applied");
    environment
        .run(&["status", KILLED])
        .expect_code(0)
        .expect_out("36 planned = 14 applied + 1 refused + 21 not_attempted")
        .expect_out("400: not now");
}

#[test]
fn runs_from_before_the_history_are_findings_of_its_check_since_nothing_says_what_they_were() {
    let environment = environment();
    let found = || {
        let check = environment.run(&["status", "--check"]).expect_code(1);
        for run in [KILLED, FINISHED] {
            let said = format!("run {run}: it is missing in the history");
            assert!(check.stdout.contains(&said), "{}", check.stdout);
        }
    };
    found();
    environment
        .run(&["abandon", KILLED, "--yes"])
        .expect_code(0);
    found();
}

#[test]
fn an_unfinished_run_of_the_previous_version_forbids_to_apply_its_plan() {
    let environment = environment();
    let plan = format!(".wf-bulk/runs/{KILLED}/plan");
    environment
        .run(&["show", &plan])
        .expect_code(0)
        .expect_out("This plan can't be applied")
        .expect_out(&format!("wf-bulk resume {KILLED}"));
}

#[test]
fn a_plan_of_the_previous_version_is_shown_whole() {
    let environment = environment();
    let plan = format!(".wf-bulk/runs/{KILLED}/plan");
    let shown = environment.run(&["show", &plan, "--json"]).expect_code(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["changes"], 36);
    assert_eq!(shown["irreversible_changes"].as_array().unwrap().len(), 7);
    environment
        .run(&["diff", &plan, &plan, "--exit-code"])
        .expect_code(0);
}

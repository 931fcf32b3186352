//! The files of each released version are read by this one. `tests/formats/make` has made them with the released program.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::environment::{Environment, copy_folder};

/// The kept versions.
fn versions() -> Vec<PathBuf> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let entries = fs::read_dir(kept).unwrap();
    let mut versions: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    versions.sort();
    versions
}

/// An environment with the files of a version, and its two runs: the finished one and the one that was killed.
fn environment(version: &Path) -> (Environment, [String; 2]) {
    let environment = Environment::new();
    let state = environment.path().join(".wf-bulk");
    copy_folder(&version.join("state"), &state);
    fs::copy(version.join("plan"), environment.path().join("x.plan")).unwrap();
    // Data that is younger than a run is not the data of that run.
    let data = File::options()
        .write(true)
        .open(state.join("sandbox/sandbox.json"));
    data.unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let mut runs: Vec<String> = environment
        .runs()
        .iter()
        .map(|run| run.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    runs.sort();
    (environment, runs.try_into().unwrap())
}

#[test]
fn this_version_has_kept_files() {
    let kept = versions()
        .iter()
        .any(|version| version.ends_with(env!("CARGO_PKG_VERSION")));
    assert!(kept, "bash tests/formats/make target/debug/wf-bulk");
}

#[test]
fn the_files_of_each_version_are_shown_and_checked() {
    for version in versions() {
        let (environment, [finished, killed]) = environment(&version);
        environment
            .run(&["show", "x.plan"])
            .expect_code(0)
            .expect_out("reassign-leaver  on sandbox");
        environment
            .run(&["status"])
            .expect_code(0)
            .expect_out("4 planned = 4 applied")
            .expect_out(&format!("wf-bulk resume {killed}"));
        environment
            .run(&["status", "--check"])
            .expect_code(0)
            .expect_out("the files of 2 runs are as they were recorded");
        environment
            .run(&["history", "--changes"])
            .expect_code(0)
            .expect_out(&finished);
        for run in [&finished, &killed] {
            environment
                .run(&["report", run, "--format", "markdown"])
                .expect_code(0)
                .expect_out(run);
        }
    }
}

#[test]
fn the_runs_of_each_version_are_verified_resumed_and_undone_and_its_plan_is_applied() {
    for version in versions() {
        let (environment, [finished, killed]) = environment(&version);
        environment
            .run(&["verify", &finished])
            .expect_code(0)
            .expect_out("4 unchanged");
        environment
            .run(&["resume", &killed, "--yes", "--rate", "200/s"])
            .expect_code(0)
            .expect_said("17 planned = 17 applied");
        environment
            .run(&["undo", &finished, "--yes"])
            .expect_code(0)
            .expect_said("4 planned = 4 applied");
        environment
            .run(&[
                "apply",
                "x.plan",
                "--sandbox",
                "--yes",
                "--max-age",
                "P3650D",
            ])
            .expect_code(0)
            .expect_said("2 planned = 2 applied");
        environment.run(&["status", "--check"]).expect_code(0);
    }
}

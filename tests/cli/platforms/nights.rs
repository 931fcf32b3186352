//! The nightly runs.

use super::*;

pub(super) fn at_night(hosted: &Hosted) {
    let playbooks = hosted.desk.path().join("playbooks");
    fs::rename(
        hosted.desk.path().join(PLAYBOOK),
        playbooks.join("nightly.yaml"),
    )
    .unwrap();
    hosted.push(&[]);
}

#[test]
fn a_night_goes_on_with_what_the_last_one_has_left_and_then_runs_the_playbook() {
    for hosted in on_each(SLOW) {
        at_night(&hosted);
        let ended = hosted.run("night", 1, true);
        assert_ne!(ended.code, 0);
        let applied = effects(&hosted);
        assert!(applied > 0 && applied < 137, "{applied}");
        // What was committed where an artifact is unpacked is no run of the last night.
        for part in ["kept", "wf-bulk-run-1"] {
            let file = format!("earlier.parts/{part}/state/runs/0/plan");
            hosted.desk.environment.file(&file, "mine");
        }
        let ended = hosted.run("night", 2, false).expect_code(0);
        assert_eq!(effects(&hosted), 137, "{}", ended.stderr);
        let runs = hosted.kept("night", 2).join("state/runs");
        assert_eq!(fs::read_dir(&runs).unwrap().count(), 1, "it was resumed");
        let run = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
        let recorded: Value =
            serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
        assert!(
            recorded["by"]["link"].as_str().unwrap().starts_with("http"),
            "{recorded}"
        );
        // A night with nothing to do keeps what the nights before have left.
        hosted.run("night", 3, false).expect_code(0);
        assert_eq!(
            fs::read_dir(hosted.kept("night", 3).join("state/runs"))
                .unwrap()
                .count(),
            1
        );
    }
}

#[test]
fn a_night_is_interrupted_while_it_resumes_and_the_next_one_goes_on() {
    for hosted in on_each(SLOW) {
        at_night(&hosted);
        hosted.run("night", 1, true);
        let ended = hosted.run("night", 2, true);
        assert_ne!(ended.code, 0);
        let applied = effects(&hosted);
        assert!(applied < 137, "{applied}");
        hosted.run("night", 3, false).expect_code(0);
        assert_eq!(effects(&hosted), 137);
        assert_eq!(
            fs::read_dir(hosted.kept("night", 3).join("state/runs"))
                .unwrap()
                .count(),
            1
        );
    }
}

#[test]
fn a_night_whose_folder_is_lost_stops_the_next_one_once() {
    for hosted in on_each(SLOW) {
        at_night(&hosted);
        hosted.run("night", 1, true);
        let applied = effects(&hosted);
        fs::remove_dir_all(hosted.kept("night", 1)).unwrap();
        hosted.run("night", 2, false).expect_code(1).expect_said(
            "is lost. Next: look at what it did. The next night begins with an empty one",
        );
        assert_eq!(effects(&hosted), applied);
        hosted.run("night", 3, false).expect_code(0);
        let check = [
            "plan",
            "playbooks/nightly.yaml",
            "-o",
            "check.plan",
            "--detailed-exitcode",
        ];
        hosted
            .desk
            .environment
            .run_on(&hosted.desk.sandbox, &check)
            .expect_code(0);
    }
}

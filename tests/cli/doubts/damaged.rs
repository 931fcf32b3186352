//! A list of answers, or a file beside it, that is not as the run has left it.

use std::fs;

use super::{answered, four_in_doubt, list};

#[test]
fn answers_of_another_run_or_change_are_put_aside_and_never_become_answers_of_this_one() {
    let (environment, sandbox, run) = four_in_doubt();
    let list = list(&environment);
    let aside = |name: &str| fs::read_to_string(list.with_file_name(name));
    let written = fs::read_to_string(&list).unwrap();
    let typed = answered(&written, &["applied", "", "skip"]);
    let resume = ["resume", &run];
    let other_run = typed.replace(&run, "01920000-0000-7000-8000-000000000000");
    // Only the column `line` was sorted.
    let sorted = typed
        .replace(",2,1,c1", ",4,1,c1")
        .replace(",4,1,c3", ",2,1,c3");
    for (wrong, name) in [
        (other_run, "in_doubt.unread.csv"),
        (sorted, "in_doubt.unread-2.csv"),
    ] {
        fs::write(&list, &wrong).unwrap();
        environment
            .run_on(&sandbox, &resume)
            .expect_code(6)
            .expect_said(&format!("it is now .wf-bulk/runs/{run}/{name}"));
        let now = fs::read_to_string(&list).unwrap();
        assert!(now.lines().skip(1).all(|row| row.ends_with(',')), "{now}");
        assert_eq!(aside(name).unwrap(), wrong);
    }
    let bare = typed.replace("id,execution", "x,y");
    environment.file("bare.csv", &bare);
    environment
        .run_on(&sandbox, &["resume", &run, "--in-doubt", "bare.csv"])
        .expect_code(64)
        .expect_said("bare.csv has no column id");
}

#[test]
fn numbers_of_events_that_can_not_be_read_cost_the_events_and_not_the_session() {
    let (environment, sandbox, run) = four_in_doubt();
    fs::create_dir(environment.runs()[0].join("events.next")).unwrap();
    environment
        .run_on(&sandbox, &["resume", &run, "--events", "events.jsonl"])
        .expect_code(6)
        .expect_said("warning: the events can't be numbered, so none is written: ")
        .expect_said("it is a folder");
}

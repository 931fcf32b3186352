//! What the comment says, and which playbook it is about.

use super::*;

/// The comment after the steps of the planning job.
fn comment(desk: &Desk) -> String {
    plan(desk, 1);
    desk.comments().pop().unwrap()
}

#[test]
fn the_comment_says_who_asked_for_what_until_when_and_whether_it_can_be_done_twice() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    let said = comment(&desk);
    for part in [
        "Asked for by `ann`: `Ann leaves  @all`, `Ticket: OPS-4711`. Playbook: `playbooks/reassign.yaml`.",
        "Idempotent: yes. To be applied before 20",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    desk.commit(&["playbooks/shift-due-dates.yaml"]);
    let said = comment(&desk);
    for part in [
        "Idempotent: **no** (shift_due_date). Planned and applied once more, it changes the same targets again. To",
        "- not idempotent (shift_due_date): a second plan after the run changes the same targets again",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_changed_file_is_planned_with_the_playbook_that_names_it() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    let find = || {
        let mut job = Job::start(&desk, "plan", "find", PLANNING, 1);
        let code = job.run("Find the playbook").code;
        let path = job.values.get("steps.playbook.outputs.path").cloned();
        (code, path.unwrap_or_default())
    };
    desk.commit(&["playbooks/new-owners.csv"]);
    assert_eq!(find(), (0, "playbooks/new-owners.yaml".to_owned()));
    // Named in comments alone, or by nothing.
    desk.environment
        .file("playbooks/other.yml", "version: 1\n# days.txt\n");
    desk.environment.file("playbooks/days.txt", "2026-12-24\n");
    desk.commit(&["playbooks/days.txt"]);
    assert_eq!(find(), (0, String::new()));
    desk.environment
        .file("playbooks/other.yml", "version: 1\ncalendar: [days.txt]\n");
    desk.commit(&["playbooks/days.txt"]);
    assert_eq!(find(), (0, "playbooks/other.yml".to_owned()));
    desk.commit(&["playbooks/other.yml"]);
    assert_eq!(find(), (0, "playbooks/other.yml".to_owned()));
    // Two that read it: nobody knows which is meant.
    desk.environment
        .file("playbooks/third.yaml", "calendar: [days.txt]\n");
    desk.commit(&["playbooks/days.txt"]);
    assert_eq!(find().0, 1);
}

#[test]
fn a_selection_that_scans_nothing_is_no_green_check() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    let playbook = fs::read_to_string(desk.path().join(PLAYBOOK)).unwrap();
    let select = playbook
        .lines()
        .find(|line| line.trim_start().starts_with("entities:"));
    let playbook = playbook.replace(select.unwrap(), "    entities: { file: none.csv }");
    desk.environment.file(PLAYBOOK, &playbook);
    desk.environment.file(
        "playbooks/none.csv",
        "entity_id,entity_schema\n00000000-0000-4000-8000-000000000000,opportunity\n",
    );
    desk.commit(&[PLAYBOOK]);
    let refused = planned(&desk, 1).run(CHECK).expect_code(1).stdout;
    assert!(refused.contains("nothing was scanned"), "{refused}");
    let said = desk.comments().pop().unwrap();
    assert!(said.contains("**Nothing was scanned**"), "{said}");
    assert!(approved(&desk, 1).is_err());
}

#[test]
fn an_attempt_without_the_secret_has_not_begun_and_a_plan_that_is_gone_names_the_next_step() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    let sha256 = plan(&desk, 1);
    desk.reviews(&approval(&sha256));
    let mut job = approved(&desk, 1).unwrap();
    job.run(FETCH).expect_code(0);
    job.values
        .insert("secrets.EPILOT_TOKEN".to_owned(), String::new());
    let said = job.run("Look for the token").expect_code(1).stdout;
    assert!(said.contains("Re-run failed jobs"), "{said}");
    job.run("Say how it ended").expect_code(0);
    job.run("Tell the pull request").expect_code(0);
    assert!(
        desk.comments()
            .pop()
            .unwrap()
            .contains("Nothing was applied")
    );

    fs::remove_dir_all(desk.artifact(PLANNING, "wf-bulk-plan-1")).unwrap();
    clean_up(&desk);
    let said = approved(&desk, 1).unwrap().run(FETCH).expect_code(1).stdout;
    assert!(said.contains("Re-run all jobs"), "{said}");
}

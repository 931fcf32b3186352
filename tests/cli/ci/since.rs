//! What the comment says of the past: of the plan that it showed before, and of the last run of the playbook.

use super::*;

const HEADING: &str = "#### Since the last plan of this pull request\n\n";

/// What the comment says of the last plan, up to the next part.
fn since(desk: &Desk) -> String {
    let comment = desk.comments().pop().unwrap();
    let (_, since) = comment
        .split_once(HEADING)
        .unwrap_or_else(|| panic!("{comment}"));
    since.split("\n---\n").next().unwrap().to_owned()
}

/// Another successor, so that each change gets another value.
fn change_successor(desk: &Desk, to: &str) {
    let playbook = fs::read_to_string(desk.path().join(PLAYBOOK)).unwrap();
    let line = playbook
        .lines()
        .find(|line| line.trim_start().starts_with("successor:"));
    let changed = playbook.replace(line.unwrap(), &format!("  successor: \"{to}\""));
    desk.environment.file(PLAYBOOK, &changed);
}

#[test]
fn a_push_says_what_it_changed_in_the_plan_also_after_one_that_could_not_be_planned() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    let first = plan(&desk, 1);
    assert_eq!(since(&desk), "No earlier plan is known.\n");
    let second_line = |desk: &Desk| {
        let comment = desk.comments().pop().unwrap();
        comment.lines().nth(1).unwrap().to_owned()
    };
    let mark = format!("<!-- wf-bulk-last-plan run=41 attempt=1 sha256={first} -->");
    assert_eq!(second_line(&desk), mark);

    let playbook = fs::read_to_string(desk.path().join(PLAYBOOK)).unwrap();
    desk.environment.file(PLAYBOOK, "version: 1\n");
    planned(&desk, 2).run(CHECK).expect_code(1);
    assert_eq!(second_line(&desk), mark);

    desk.environment.file(PLAYBOOK, &playbook);
    change_successor(&desk, "10030");
    let second = plan(&desk, 3);
    let said = since(&desk);
    for part in [
        &*format!(
            "Compared with the plan with SHA-256 `{first}`: 0 changes added, 0 removed, 137 altered, 0 the same."
        ),
        "- `vars.successor: 10020 → 10030`\n",
        "assigned_to will be 10030 (was to be 10020)",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(
        second_line(&desk),
        format!("<!-- wf-bulk-last-plan run=41 attempt=3 sha256={second} -->")
    );
    plan(&desk, 4);
    let said = since(&desk);
    assert!(
        said.contains("the same 137 changes in both plans: applying either does the same"),
        "{said}"
    );
}

#[test]
fn a_last_plan_that_is_gone_or_is_not_the_one_is_a_sentence_and_no_failure() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    let first = plan(&desk, 1);
    let comments = fs::read_to_string(desk.path().join("gh/comments.json")).unwrap();
    let artifact = desk.artifact(PLANNING, "wf-bulk-plan-1");
    let whole = fs::read(artifact.join("review.plan")).unwrap();
    let half = whole[..whole.len() / 2].to_vec();
    let run = run_of("wf-bulk-plan.yml", HEAD);
    let other = |field: &str, value: &str| {
        let mut run = run.clone();
        run[field] = value.into();
        run
    };
    let of_a_fork = {
        let mut run = run.clone();
        run["head_repository"]["full_name"] = "mallory/r".into();
        run
    };
    let no_run = "is none that planned this branch";
    let edited = comments.replace(&first, &digest::sha256(&half));
    for (number, (run, comments, plan_there, part)) in (2..).zip([
        (
            &run_of("another.yml", HEAD),
            &comments,
            Some(&whole),
            no_run,
        ),
        (
            &other("head_branch", "main"),
            &comments,
            Some(&whole),
            no_run,
        ),
        (&other("event", "push"), &comments, Some(&whole), no_run),
        (&of_a_fork, &comments, Some(&whole), no_run),
        (
            &run,
            &comments,
            Some(&half),
            "holds another one than the comment named",
        ),
        (
            &run,
            &edited,
            Some(&half),
            "could not be compared with this one",
        ),
        (
            &run,
            &comments,
            None,
            "could not be fetched: it is kept for eight days",
        ),
    ]) {
        desk.environment.file("gh/comments.json", comments);
        desk.environment.file("gh/run-41.json", &run.to_string());
        drop(fs::remove_dir_all(&artifact));
        if let Some(plan) = plan_there {
            fs::create_dir_all(&artifact).unwrap();
            fs::write(artifact.join("review.plan"), plan).unwrap();
        }
        let mut job = planned(&desk, number);
        job.run(CHECK).expect_code(0);
        let said = since(&desk);
        assert!(
            said.contains(part) && said.lines().count() == 1,
            "{part}: {said}"
        );
        assert!(
            desk.comments()
                .pop()
                .unwrap()
                .contains("    wf-bulk: apply ")
        );
    }
}

/// Puts these files where the archive of the ledger's branch is fetched from.
fn ledger(desk: &Desk, runs: &[Value]) {
    for (number, run) in runs.iter().enumerate() {
        let file = format!("gh/o-r-0123456/{number}.json");
        desk.environment.file(&file, &run.to_string());
    }
    let mut tar = desk.program("tar");
    tar.args(["-czf", "gh/ledger.tar.gz", "-C", "gh", "o-r-0123456"]);
    assert!(tar.status().unwrap().success());
}

#[test]
fn the_comment_says_when_the_playbook_was_last_applied_if_the_ledger_knows() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    let said = || {
        planned(&desk, 1).run(CHECK).expect_code(0);
        let comment = desk.comments().pop().unwrap();
        let at = comment
            .find("Playbook: `playbooks/reassign.yaml`.\n\n")
            .unwrap();
        comment[at..].lines().nth(2).unwrap().to_owned()
    };
    let unknown = "When this playbook was last applied is not known: there is no ledger, or it could not be read.";
    assert_eq!(said(), unknown);
    let run = |started: &str, applied: u64| {
        json!({
            "playbook": "reassign-leaver", "server": desk.sandbox.url(), "org": "4711", "follows": null,
            "started_at": started,
            "end": {"how": "finished", "outcomes": {"applied": applied, "drifted": 2, "failed": 0}},
        })
    };
    let with = |run: &Value, field: &str, value: Value| {
        let mut run = run.clone();
        run[field] = value;
        run
    };
    let last = run("2026-11-20T08:30:07.123Z", 137);
    let others = [
        with(
            &run("2026-11-26T08:00:00Z", 1),
            "playbook",
            "another".into(),
        ),
        with(
            &run("2026-11-26T08:00:00Z", 1),
            "server",
            "https://a.example".into(),
        ),
        with(&run("2026-11-26T08:00:00Z", 1), "org", "1".into()),
        run("2026-11-26T08:00:00Z", 0),
    ];
    ledger(&desk, &others);
    assert_eq!(said(), "Never applied here, as far as the ledger knows.");
    let all = [&others[..], &[run("2026-11-01T08:00:00Z", 9), last.clone()]].concat();
    ledger(&desk, &all);
    let applied = "Last applied by a run that started at 2026-11-20T08:30Z: 137 applied, 2 drifted";
    assert_eq!(said(), format!("{applied}."));
    let undone = with(&last, "follows", json!({"run": "x", "by": "undo"}));
    let open = with(&run("2026-11-26T09:00:00Z", 0), "end", json!(null));
    ledger(&desk, &[&others[..], &[open, undone]].concat());
    assert_eq!(
        said(),
        format!("A run of this playbook has not ended. {applied}; its plan was of `wf-bulk undo`.")
    );
    // What somebody else has written is no Markdown.
    for hostile in [
        with(&last, "started_at", "2026-11-20T08:30:07Z\n# @all".into()),
        with(&last, "follows", json!({"by": "`<b>"})),
        with(
            &last,
            "end",
            json!({"outcomes": {"applied": 1, "[x](y)": 3}}),
        ),
        with(&last, "end", json!({"outcomes": {"applied": "<b>"}})),
    ] {
        ledger(
            &desk,
            &[&others[..], &[hostile, with(&last, "org", "1".into())]].concat(),
        );
        assert_eq!(said(), unknown);
    }
}

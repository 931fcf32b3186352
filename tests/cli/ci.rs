//! What `docs/ci.md` and the files beside it say, done as written.
//!
//! One file because its tests share the jobs of one workflow.

mod approvals;
mod comments;
mod continued;
mod machines;
mod planted;
mod requests;
mod since;
mod written;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use wf_bulk::digest;

use crate::{
    environment::{BINARY, Ended, copy_folder},
    workflow::{Desk, HEAD, Job, documented, has_programs, run_of, workflow},
};

const FAST: &str = "rate: 3000/s, burst: 100, concurrency: 8";
/// Slow enough to be interrupted.
const SLOW: &str = "rate: 300/s, burst: 1, concurrency: 2";
const PLAYBOOK: &str = "playbooks/reassign.yaml";
/// The run of the workflow that plans, and of the one that applies.
const PLANNING: &str = "41";
const APPLYING: &str = "42";

/// The jobs of the planning workflow, as far as they go: the last one, after the comment.
fn planned(desk: &Desk, attempt: u32) -> Job<'_> {
    planned_from(desk, attempt, "o/r")
}

/// The same for a pull request from this repository.
fn planned_from<'a>(desk: &'a Desk, attempt: u32, repository: &str) -> Job<'a> {
    let [mut find, mut plan, mut result] = ["find", "plan", "result"].map(|job| {
        let mut job = Job::start(desk, "plan", job, PLANNING, attempt);
        let head = "github.event.pull_request.head.repo.full_name".to_owned();
        job.values.insert(head, repository.to_owned());
        job
    });
    let conclusion = |is_good: bool| if is_good { "success" } else { "failure" };
    let found = find.run("Find the playbook").code == 0;
    for job in [&mut plan, &mut result] {
        find.hand_on("find", conclusion(found), job);
    }
    if plan.values["needs.find.outputs.decision"] == "plan" {
        let is_planned = plan.run("Plan").code == 0;
        if is_planned {
            plan.run("Get the last plan of this pull request")
                .expect_code(0);
            if plan.values.contains_key("steps.last.outputs.found") {
                plan.run("Compare with the last plan").expect_code(0);
            }
            plan.run("Look when the playbook was last applied")
                .expect_code(0);
            plan.upload("Keep the plan");
        }
        plan.hand_on("plan", conclusion(is_planned), &mut result);
        clean_up(desk);
        if is_planned {
            result.run("Get the plan").expect_code(0);
        }
    } else {
        plan.hand_on("plan", "skipped", &mut result);
    }
    // Its condition.
    if repository == "o/r" {
        result.run("Comment").expect_code(0);
    }
    result
}

const CHECK: &str = "Say whether it can be merged";

/// Plans; gives the digest of the plan that the comment shows.
fn plan(desk: &Desk, attempt: u32) -> String {
    planned(desk, attempt);
    let plan = fs::read(desk.path().join("review.plan")).unwrap();
    digest::sha256(&plan)
}

/// The job that looks for an approval; gives the one that applies, ready with what it was handed.
fn approved(desk: &Desk, attempt: u32) -> Result<Job<'_>, Ended> {
    applying(desk, APPLYING, attempt, &[])
}

/// The same for a run of the workflow with these values of expressions.
fn applying<'a>(
    desk: &'a Desk,
    run: &'a str,
    attempt: u32,
    values: &[(&str, &str)],
) -> Result<Job<'a>, Ended> {
    let start = |name| {
        let mut job = Job::start(desk, "apply", name, run, attempt);
        let values = values.iter();
        let values = values.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        job.values.extend(values);
        job
    };
    let mut job = start("approved");
    let ended = job.run("Find what was approved");
    if ended.code != 0 {
        return Err(ended);
    }
    let mut apply = start("apply");
    job.hand_on("approved", "success", &mut apply);
    Ok(apply)
}

const FETCH: &str = "Get the plan, or what an earlier run has left";

fn approval(sha256: &str) -> Value {
    json!([{
        "state": "APPROVED", "commit_id": HEAD, "user": {"login": "bo", "type": "User"},
        "body": format!("wf-bulk: apply {sha256}\r\n\r\nFine.\r\n"),
    }])
}

/// A machine that is new: nothing of an earlier job is left on it.
fn clean_up(desk: &Desk) {
    for name in [".wf-bulk", "plan", "last", "found", ".local"] {
        drop(fs::remove_dir_all(desk.path().join(name)));
    }
    for name in ["plan", "md", "html", "json"] {
        drop(fs::remove_file(desk.path().join(format!("review.{name}"))));
    }
    for name in ["result.json", "since.md", "applied.md"] {
        drop(fs::remove_file(desk.path().join(name)));
    }
}

#[test]
fn a_pull_request_gets_one_comment_which_is_brought_up_to_date() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    // Of somebody else, and of another workflow: neither is touched.
    let others = json!([
        {"id": 1, "user": {"login": "bo"}, "body": "<!-- wf-bulk-plan run=1 -->"},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "hello"},
    ]);
    desk.environment
        .file("gh/comments.json", &others.to_string());
    desk.commit(&[PLAYBOOK]);
    let first = plan(&desk, 1);
    let comment = desk.comments()[2].clone();
    assert!(comment.starts_with(&format!(
        "<!-- wf-bulk-plan run=41 attempt=1 sha256={first} -->\n"
    )));
    assert!(comment.contains(&format!("    wf-bulk: apply {first}\n")));
    assert!(comment.contains("reassign-leaver"), "{comment}");
    // GitHub takes 65,536 characters of a comment; the parts for the plan and its differences have at most 64,000 bytes.
    let parts = ["review.md", "since.md"].map(|name| {
        let part = fs::read_to_string(desk.path().join(name)).unwrap();
        part.len()
    });
    let [plan_part, since] = parts;
    assert!(comment.len() - plan_part - since < 1_500, "{comment}");

    let playbook = fs::read_to_string(desk.path().join(PLAYBOOK)).unwrap();
    desk.environment
        .file(PLAYBOOK, &playbook.replace("\"10020\"", "\"10030\""));
    let second = plan(&desk, 2);
    assert_ne!(first, second);
    let comments = desk.comments();
    assert_eq!(comments.len(), 3);
    let line = |sha256: &str| format!("    wf-bulk: apply {sha256}\n");
    assert!(comments[2].contains(&line(&second)) && !comments[2].contains(&line(&first)));
    assert_eq!(comments[1], "hello");
    assert_eq!(desk.sandbox.ledger().writes(), 0);
}

#[test]
fn what_was_approved_is_applied_and_all_else_is_refused_with_nothing_written() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    let refused = |why: &str| {
        let Err(ended) = approved(&desk, 1) else {
            panic!("not refused: {why}");
        };
        let said = ended.expect_code(1).stdout;
        assert!(said.contains(why), "{why}: {said}");
    };
    refused("there is no plan");
    desk.commit(&[PLAYBOOK]);
    let sha256 = plan(&desk, 1);
    let reviewed = desk.artifact(PLANNING, "wf-bulk-plan-1");

    desk.reviews(&approval(&sha256));
    let run = |description: &Value| {
        desk.environment
            .file("gh/run-41.json", &description.to_string());
    };
    for another in [
        run_of("another.yml", HEAD),
        run_of("wf-bulk-plan.yml", &HEAD.replace('1', "2")),
    ] {
        run(&another);
        refused("was not made of the commit that was merged");
    }
    run(&run_of("wf-bulk-plan.yml", HEAD));

    // The comment of a plan that was made after the approval.
    let comments = fs::read_to_string(desk.path().join("gh/comments.json")).unwrap();
    let edited = comments.replace(&sha256, &"0".repeat(64));
    desk.environment.file("gh/comments.json", &edited);
    refused("no approval of the last commit has this plan");
    let edited = comments.replace(&format!("sha256={sha256}"), "sha256=none");
    desk.environment.file("gh/comments.json", &edited);
    refused("and a review approves one with changes");
    desk.environment.file("gh/comments.json", &comments);

    // Another plan, as valid as the first, in its place.
    clean_up(&desk);
    let another = ["plan", PLAYBOOK, "-o", "another.plan", "--limit", "3"];
    desk.environment
        .run_on(&desk.sandbox, &another)
        .expect_code(0);
    let kept = fs::read(reviewed.join("review.plan")).unwrap();
    fs::copy(
        desk.path().join("another.plan"),
        reviewed.join("review.plan"),
    )
    .unwrap();
    let mut job = approved(&desk, 1).unwrap();
    job.run(FETCH).expect_code(0);
    job.run("Apply")
        .expect_code(1)
        .expect_said("this is not the plan that was approved");
    job.run("Say how it ended").expect_code(0);
    assert!(job.summary().contains("Nothing was applied"));
    assert!(desk.environment.runs().is_empty());
    assert_eq!(desk.sandbox.ledger().writes(), 0);

    fs::write(reviewed.join("review.plan"), kept).unwrap();
    clean_up(&desk);
    let mut job = approved(&desk, 1).unwrap();
    job.run(FETCH).expect_code(0);
    job.run("Apply").expect_code(0);
    let said = job.run("Say how it ended").expect_code(0).stdout;
    assert!(!said.contains("::error::"), "{said}");
    assert_eq!(job.summary(), "137 planned = 137 applied\n");
    assert_eq!(desk.sandbox.ledger().effects().len(), 137);
    job.upload("Keep the run folder");
    let run = fs::read_dir(desk.artifact(APPLYING, "wf-bulk-run-7-1").join("runs")).unwrap();
    let run = run.last().unwrap().unwrap().path();
    let settings = fs::read_to_string(run.join("run.json")).unwrap();
    let recorded: Value = serde_json::from_str(&settings).unwrap();
    let who = ["actor", "approver", "link"].map(|name| recorded["by"][name].clone());
    assert_eq!(who, ["max", "bo", "https://localhost/o/r/pull/7"]);
    assert!(settings.contains("pull request #7"), "{settings}");
    // The pull request is told.
    job.run("Tell the pull request").expect_code(0);
    let told = desk.comments().pop().unwrap();
    assert!(
        told.contains("137 planned = 137 applied") && told.contains(&sha256[..12]),
        "{told}"
    );
}

#[test]
fn what_somebody_changed_since_the_review_is_left_alone_and_everybody_sees_it() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    desk.reviews(&approval(&plan(&desk, 1)));
    let plan = fs::read_to_string(desk.path().join("review.plan")).unwrap();
    let change: Value = serde_json::from_str(plan.lines().nth(1).unwrap()).unwrap();
    let path = format!("/_sandbox/edit/{}", change["group"].as_str().unwrap());
    let edit = json!({"status": "CLOSED"});
    desk.sandbox.request("POST", &path, &edit.to_string());

    let mut job = approved(&desk, 1).unwrap();
    job.run(FETCH).expect_code(0);
    job.run("Apply").expect_code(5);
    job.upload("Keep the run folder");
    assert!(
        desk.artifact(APPLYING, "wf-bulk-run-7-1")
            .join("runs")
            .is_dir()
    );
    let said = job.run("Say how it ended").expect_code(0).stdout;
    assert!(
        said.contains("::error::") && said.contains("drifted"),
        "{said}"
    );
    assert!(job.summary().contains(" drifted"), "{}", job.summary());
}

#[test]
fn where_nothing_is_to_be_changed_the_comment_says_so_and_nothing_is_approved_or_applied() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    let nothing = || {
        planned(&desk, 1).run(CHECK).expect_code(0);
        let comments = desk.comments();
        let [comment] = &comments[..] else {
            panic!("{comments:?}");
        };
        assert!(comment.contains("sha256=none -->"), "{comment}");
        assert!(comment.contains("nothing will be applied"), "{comment}");
        let job = approved(&desk, 1).unwrap();
        assert_eq!(job.values["needs.approved.outputs.sha256"], "none");
    };
    desk.environment
        .file("playbooks/README.md", "What is here.");
    desk.commit(&["playbooks/README.md"]);
    nothing();
    let playbook = fs::read_to_string(desk.path().join(PLAYBOOK)).unwrap();
    desk.environment
        .file(PLAYBOOK, &playbook.replace("\"10010\"", "\"99999\""));
    desk.commit(&[PLAYBOOK]);
    nothing();
    assert_eq!(
        workflow("apply")["jobs"]["apply"]["if"],
        "needs.approved.outputs.sha256 != 'none'"
    );
}

#[test]
fn what_can_not_be_planned_fails_the_check_says_so_in_the_comment_and_is_not_applied() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    // A guard that does not hold: there is a plan to look at, and the check fails.
    let playbook = fs::read_to_string(desk.path().join(PLAYBOOK)).unwrap();
    desk.environment.file(
        PLAYBOOK,
        &playbook.replace("max_changes: 1000", "max_changes: 5"),
    );
    desk.commit(&[PLAYBOOK]);
    let refused = planned(&desk, 1).run(CHECK).expect_code(1).stdout;
    assert!(refused.contains("the plan is refused"), "{refused}");
    let sha256 = digest::sha256(fs::read(desk.path().join("review.plan")).unwrap());
    let comment = desk.comments().pop().unwrap();
    assert!(
        comment.contains("max_changes") && comment.contains("nothing to approve"),
        "{comment}"
    );
    assert!(!comment.contains("wf-bulk: apply"), "{comment}");
    desk.reviews(&approval(&sha256));
    assert!(approved(&desk, 1).is_err());

    // No plan at all: the comment does not go on showing an earlier one.
    desk.environment.file(PLAYBOOK, "version: 1\n");
    planned(&desk, 2).run(CHECK).expect_code(1);
    let comment = desk.comments().pop().unwrap();
    assert!(comment.contains("sha256=failed -->"), "{comment}");
    assert!(approved(&desk, 1).is_err());

    // Which playbook is meant must be clear, and its name is no code.
    desk.commit(&[PLAYBOOK, "playbooks/close-stale.yaml"]);
    planned(&desk, 3).run(CHECK).expect_code(1);
    desk.environment.file("playbooks/a\nb=c.yaml", "");
    desk.commit(&["playbooks/a\nb=c.yaml"]);
    planned(&desk, 3).run(CHECK).expect_code(1);
    let comment = desk.comments().pop().unwrap();
    assert!(comment.contains("sha256=failed -->"), "{comment}");
    assert_eq!(desk.sandbox.ledger().writes(), 0);
}

/// Starts a command and interrupts it in the middle of its writes, as a cancelled job is: the process that was started,
/// and no child of it.
fn interrupt(desk: &Desk, mut command: Command) -> i32 {
    let before = desk.sandbox.ledger().writes();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while desk.sandbox.ledger().writes() < before + 10 {
        assert!(start.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(5));
    }
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
    child.wait().unwrap().code().unwrap()
}

#[test]
fn the_nightly_workflow_runs_its_playbook() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    fs::rename(
        desk.path().join(PLAYBOOK),
        desk.path().join("playbooks/nightly.yaml"),
    )
    .unwrap();
    let mut job = Job::start(&desk, "nightly", "nightly", APPLYING, 1);
    job.values
        .insert("vars.WF_BULK_NIGHT_LEDGER".to_owned(), "yes".to_owned());
    job.run("Run").expect_code(0);
    job.upload("Keep the run folder");
    let run = desk.environment.runs().remove(0);
    let settings = fs::read_to_string(run.join("run.json")).unwrap();
    let recorded: Value = serde_json::from_str(&settings).unwrap();
    let link = format!("https://localhost/o/r/actions/runs/{APPLYING}");
    assert_eq!(recorded["by"]["link"], *link);
    assert!(recorded["ledger"].is_string(), "{recorded}");
    assert_eq!(desk.sandbox.ledger().effects().len(), 137);
}

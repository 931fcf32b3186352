//! What the pages about GitLab and Azure DevOps say, done as written: the jobs run as their YAML says, and a server on
//! loopback stands in for the platform's API.

mod approvals;
mod azure;
mod edges;
mod gitlab;
mod hosted;
mod nights;
mod server;
mod state;
mod steps;
mod variables;
mod written;

use std::{fs, process::Command};

use serde_json::{Value, json};

use self::{
    hosted::{Hosted, program},
    state::{BO, OWN, Platform, TOKEN},
};
use crate::{environment::Ended, workflow::has_programs};

const FAST: &str = "rate: 3000/s, burst: 100, concurrency: 8";
/// Slow enough to be interrupted.
const SLOW: &str = "rate: 300/s, burst: 1, concurrency: 2";
const PLAYBOOK: &str = "playbooks/reassign.yaml";

/// A repository on each platform; none where the programs of their machines are missing.
fn on_each(pace: &str) -> Vec<Hosted> {
    if !has_programs() || !has_programs_of_platforms() {
        return Vec::new();
    }
    [Platform::GitLab, Platform::Azure]
        .map(|platform| Hosted::new(platform, pace))
        .into()
}

fn has_programs_of_platforms() -> bool {
    ["curl", "zip", "unzip"].iter().all(|program| {
        let help = Command::new(program).arg("--help").output();
        help.is_ok_and(|output| output.status.success())
    })
}

fn edit(hosted: &Hosted, from: &str, to: &str) {
    let playbook = fs::read_to_string(hosted.desk.path().join(PLAYBOOK)).unwrap();
    assert!(playbook.contains(from));
    hosted
        .desk
        .environment
        .file(PLAYBOOK, &playbook.replace(from, to));
    hosted.push(&[PLAYBOOK]);
}

fn effects(hosted: &Hosted) -> usize {
    hosted.desk.sandbox.ledger().effects().len()
}

fn expect_refused(ended: Ended, hosted: &Hosted, why: &str) {
    ended.expect_code(1).expect_said(why);
    let told = hosted.comments().pop().unwrap();
    assert!(
        told.contains("Nothing is applied") && told.contains(why),
        "{told}"
    );
}

#[test]
fn a_request_gets_one_comment_with_the_plan_which_is_brought_up_to_date() {
    for hosted in on_each(FAST) {
        hosted.say(BO, "<!-- wf-bulk-plan job=1 sha256=none -->");
        hosted.say(OWN, "hello");
        hosted.push(&[PLAYBOOK]);
        let (ended, first) = (hosted.run("plan", 1, false), hosted.comments()[2].clone());
        ended.expect_code(0);
        let digest = first
            .lines()
            .next()
            .unwrap()
            .split("sha256=")
            .nth(1)
            .unwrap()
            .trim_end_matches(" -->")
            .to_owned();
        let plan = fs::read(hosted.kept("plan", 1).join("review.plan")).unwrap();
        assert_eq!(digest, wf_bulk::digest::sha256(&plan));
        for part in [
            format!("    wf-bulk: apply {digest}\n").as_str(),
            "Asked for by `ann`: `Ann leaves  @all`, `Ticket: OPS-4711`. Playbook: `playbooks/reassign.yaml`.",
            "Idempotent: yes. To be applied before 20",
            "reassign-leaver",
        ] {
            assert!(first.contains(part), "{part}: {first}");
        }
        assert!(hosted.kept("plan", 1).join("review.html").is_file());

        edit(&hosted, "\"10020\"", "\"10030\"");
        hosted.run("plan", 2, false).expect_code(0);
        let comments = hosted.comments();
        assert_eq!(comments.len(), 3);
        assert!(
            !comments[2].contains(&digest) && comments[2].contains("wf-bulk: apply "),
            "{}",
            comments[2]
        );
        assert_eq!(comments[1], "hello");
        assert_eq!(hosted.desk.sandbox.ledger().writes(), 0);
    }
}

#[test]
fn the_approved_plan_is_applied_once_and_the_request_is_told() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        let digest = hosted.plan_and_approve();
        // The platform knows of the merge a little later than the pipeline.
        hosted.state().late = 2;
        hosted.apply(1).expect_code(0);
        assert_eq!(effects(&hosted), 137);
        let told = hosted.comments().pop().unwrap();
        assert!(told.contains("137 planned = 137 applied"), "{told}");
        let runs = hosted.kept("apply", 1).join("state/runs");
        let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
        let recorded: Value =
            serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
        assert_eq!(
            [&recorded["by"]["actor"], &recorded["by"]["approver"]],
            ["max", "bo"]
        );
        assert_eq!(recorded["plan_sha256"], *digest);
        let link = recorded["by"]["link"].as_str().unwrap();
        assert!(link.ends_with('7'), "{link}");

        // Once more: nothing is sent, and the result is the same.
        let writes = hosted.desk.sandbox.ledger().writes();
        hosted.apply(2).expect_code(0);
        assert_eq!(hosted.desk.sandbox.ledger().writes(), writes);
        let told = hosted.comments().pop().unwrap();
        assert!(told.contains("137 planned = 137 applied"), "{told}");
    }
}

#[test]
fn what_somebody_changed_since_the_review_is_left_alone_and_the_job_fails() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        hosted.plan_and_approve();
        let plan = fs::read_to_string(hosted.kept("plan", 1).join("review.plan")).unwrap();
        let change: Value = serde_json::from_str(plan.lines().nth(1).unwrap()).unwrap();
        let path = format!("/_sandbox/edit/{}", change["group"].as_str().unwrap());
        hosted
            .desk
            .sandbox
            .request("POST", &path, &json!({"status": "CLOSED"}).to_string());
        hosted.apply(1).expect_code(5);
        let told = hosted.comments().pop().unwrap();
        assert!(told.contains(" drifted"), "{told}");
        // The result and the exit code, again.
        hosted.apply(2).expect_code(5);
    }
}

#[test]
fn a_cancelled_job_leaves_its_run_and_the_next_attempt_goes_on_with_it() {
    for hosted in on_each(SLOW) {
        hosted.push(&[PLAYBOOK]);
        hosted.plan_and_approve();
        // The shell of GitLab's runner ends with a code of its own.
        let code = if hosted.platform == Platform::GitLab {
            1
        } else {
            130
        };
        hosted.run("apply", 1, true).expect_code(code);
        let applied = effects(&hosted);
        assert!(applied < 137, "{applied}");

        // Its folder is lost, and no record says what it did.
        let folder = hosted.kept("apply", 1);
        let aside = hosted.desk.path().join("aside");
        fs::rename(&folder, &aside).unwrap();
        expect_refused(
            hosted.apply(2),
            &hosted,
            "began, and its run folder is lost",
        );
        assert_eq!(effects(&hosted), applied);
        fs::rename(&aside, &folder).unwrap();

        // Of another plan than the one that was approved.
        let plan = fs::read_dir(folder.join("state/runs"))
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path()
            .join("plan");
        let digest = wf_bulk::digest::sha256(fs::read(&plan).unwrap());
        let comment = hosted.comments()[0].replace(&digest, &"0".repeat(64));
        let comment = std::mem::replace(&mut hosted.state().remarks[0].body, comment);
        hosted.say(BO, &format!("wf-bulk: apply {}", "0".repeat(64)));
        hosted
            .apply(3)
            .expect_code(1)
            .expect_said("is not the one that was approved");
        hosted.state().remarks[0].body = comment;
        hosted.say(BO, &format!("wf-bulk: apply {digest}"));
        assert_eq!(effects(&hosted), applied);
        fs::remove_dir_all(hosted.kept("apply", 3).join("state")).unwrap();

        // Of two runs, the one that is compared might not be the one that is continued.
        let second = folder.join("state/runs/0");
        crate::environment::copy_folder(plan.parent().unwrap(), &second);
        expect_refused(hosted.apply(4), &hosted, "has more than one run");
        fs::remove_dir_all(second).unwrap();

        // The attempts between have begun nothing, and say so.
        hosted.apply(5).expect_code(0);
        assert_eq!(effects(&hosted), 137);
        assert!(
            hosted
                .comments()
                .pop()
                .unwrap()
                .contains("137 planned = 137 applied")
        );
    }
}

#[test]
fn what_can_not_be_planned_fails_the_check_says_so_and_is_not_applied() {
    for hosted in on_each(FAST) {
        edit(&hosted, "max_changes: 1000", "max_changes: 5");
        let (ended, digest) = hosted.plan(1);
        ended.expect_code(4);
        assert_eq!(digest, "failed");
        let comment = hosted.comments().pop().unwrap();
        assert!(
            comment.contains("max_changes") && comment.contains("nothing to approve"),
            "{comment}"
        );
        assert!(!comment.contains("wf-bulk: apply"), "{comment}");
        expect_refused(hosted.apply(1), &hosted, "planning failed");

        // No plan at all: the comment does not go on showing an earlier one.
        hosted.desk.environment.file(PLAYBOOK, "version: 1\n");
        hosted.push(&[PLAYBOOK]);
        let (ended, digest) = hosted.plan(2);
        ended.expect_code(1);
        assert_eq!(digest, "failed");
        assert!(hosted.comments()[0].contains("**There is no plan**"));

        // Which playbook is meant must be clear, and its name is no code.
        hosted.push(&[PLAYBOOK, "playbooks/close-stale.yaml"]);
        hosted
            .run("plan", 3, false)
            .expect_code(1)
            .expect_said("more than one playbook");
        hosted.desk.environment.file("playbooks/a\nb=c.yaml", "");
        hosted.push(&["playbooks/a\nb=c.yaml"]);
        hosted
            .run("plan", 4, false)
            .expect_code(1)
            .expect_said("letters, digits");
        assert_eq!(hosted.desk.sandbox.ledger().writes(), 0);
    }
}

#[test]
fn where_nothing_is_to_be_changed_nothing_is_approved_or_applied() {
    for hosted in on_each(FAST) {
        hosted
            .desk
            .environment
            .file("playbooks/README.md", "What is here.");
        hosted.push(&["playbooks/README.md"]);
        let (ended, digest) = hosted.plan(1);
        ended.expect_code(0);
        assert_eq!(digest, "none");
        assert!(hosted.comments()[0].contains("**No playbook was planned**"));
        edit(&hosted, "\"10010\"", "\"99999\"");
        let (ended, digest) = hosted.plan(2);
        ended.expect_code(0);
        assert_eq!(digest, "none");
        hosted
            .apply(1)
            .expect_code(0)
            .expect_out("there is nothing to change");
        assert!(hosted.comments()[1].contains("says that the plan has no changes"));
    }
}

#[test]
fn a_selection_that_scans_nothing_is_no_green_check() {
    for hosted in on_each(FAST) {
        hosted.desk.environment.file(
            "playbooks/none.csv",
            "entity_id,entity_schema\n00000000-0000-4000-8000-000000000000,opportunity\n",
        );
        let playbook = fs::read_to_string(hosted.desk.path().join(PLAYBOOK)).unwrap();
        let select = playbook
            .lines()
            .find(|line| line.trim_start().starts_with("entities:"))
            .unwrap();
        edit(&hosted, select, "    entities: { file: none.csv }");
        let (ended, digest) = hosted.plan(1);
        ended.expect_code(1);
        assert_eq!(digest, "failed");
        assert!(hosted.comments()[0].contains("**Nothing was scanned**"));
    }
}

#[test]
fn a_plan_that_is_gone_or_a_token_that_is_missing_is_said_with_the_next_step() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        hosted.plan_and_approve();
        let plan = hosted.kept("plan", 1);
        let aside = hosted.desk.path().join("aside");
        fs::rename(&plan, &aside).unwrap();
        expect_refused(hosted.apply(1), &hosted, "run the planning job again");
        fs::rename(&aside, &plan).unwrap();
        // Another plan, as valid as the first, in its place.
        let another = ["plan", PLAYBOOK, "-o", "another.plan", "--limit", "3"];
        hosted
            .desk
            .environment
            .run_on(&hosted.desk.sandbox, &another)
            .expect_code(0);
        let kept = fs::read(plan.join("review.plan")).unwrap();
        fs::copy(
            hosted.desk.path().join("another.plan"),
            plan.join("review.plan"),
        )
        .unwrap();
        hosted
            .apply(2)
            .expect_code(1)
            .expect_said("this is not the plan that was approved");
        assert!(
            hosted
                .comments()
                .pop()
                .unwrap()
                .contains("Nothing was applied")
        );
        fs::write(plan.join("review.plan"), kept).unwrap();
        assert_eq!(hosted.desk.sandbox.ledger().writes(), 0);
        hosted.state().has_token = false;
        hosted
            .apply(3)
            .expect_code(1)
            .expect_said("no token that can write");
        hosted.state().has_token = true;
        // These attempts have made no run: the next one begins.
        hosted.apply(4).expect_code(0);
        assert_eq!(effects(&hosted), 137);
    }
}

#[test]
fn the_token_of_the_platform_is_in_no_list_of_processes_and_goes_to_no_other_server() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        // Notes what it is called with, and calls it.
        let real = Command::new("sh")
            .args(["-c", "command -v curl"])
            .output()
            .unwrap()
            .stdout;
        let real = String::from_utf8(real).unwrap();
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>\"$HOME/curl.txt\"\nexec {} \"$@\"\n",
            real.trim()
        );
        program(&hosted.desk, "curl", &script);
        hosted.plan_and_approve();
        hosted.apply(1).expect_code(0);
        hosted.apply(2).expect_code(0);
        let called = fs::read_to_string(hosted.desk.path().join("curl.txt")).unwrap();
        assert!(
            called.lines().count() > 10 && !called.contains(TOKEN),
            "{called}"
        );
        // GitLab's answer leads to another server: it gets no token.
        let requests = hosted.state().requests.clone();
        let stored = requests
            .iter()
            .filter(|(_, authorization)| authorization.is_empty())
            .count();
        assert_eq!(stored, usize::from(hosted.platform == Platform::GitLab));
        if hosted.platform == Platform::Azure {
            hosted.state().elsewhere = Some("http://localhost:1/x".to_owned());
            expect_refused(hosted.apply(3), &hosted, "could not be fetched");
        }
    }
}

//! Which comments are an approval, of whom, and for what.

use super::{
    state::{ANN, BLOCKED, BOT, GUEST, MAX, STRANGER},
    *,
};

/// The comments that follow the plan's own.
fn said(hosted: &Hosted, remarks: &[(u64, String)]) {
    hosted.state().remarks.truncate(1);
    for (person, body) in remarks {
        hosted.say(*person, body);
    }
}

/// Whose comments approve, as the job that applies asks it.
fn approvers(hosted: &Hosted, sha256: &str) -> String {
    let script = ". wf-bulk/lib.sh; change=7; approvals \"$1\" \"$(facts | jq -r .author_id)\"";
    let mut command = hosted.desk.program("bash");
    command
        .args(["-c", script, "bash", sha256])
        .envs(hosted.variables("apply", &hosted.id("apply", 1)));
    if hosted.platform == Platform::Azure {
        command.env("SYSTEM_ACCESSTOKEN", TOKEN);
    }
    let ended = Ended::from(command.output().unwrap()).expect_code(0);
    ended.stdout.trim_end().to_owned()
}

#[test]
fn only_the_exact_line_at_the_start_of_the_last_comment_of_another_person_who_may_approve_approves()
{
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        let (ended, sha256) = hosted.plan(1);
        ended.expect_code(0);
        let line = format!("wf-bulk: apply {sha256}");
        // Each of another person, so that a wrong approval names its comment.
        let none = [
            (100, "LGTM".to_owned()),
            (101, String::new()),
            (102, sha256.clone()),
            (103, format!("wf-bulk: apply {}", "0".repeat(64))),
            (104, format!("do NOT {line}")),
            (105, format!("{line} is wrong")),
            (106, format!("Don't do this:\n{line}")),
            (107, format!("> {line}\n\nNot yet.")),
            (108, format!("```\n{line}\n```\n")),
            (109, format!("    {line}\n")),
            (110, format!("<!--\n{line}\n-->")),
            (111, format!("\n{line}\n")),
            (112, line.clone()),
            (112, "Wait.".to_owned()),
            (113, line.clone()),
            (114, line.clone()),
            (BOT, line.clone()),
            (OWN, line.clone()),
            (GUEST, line.clone()),
            (STRANGER, line.clone()),
            (ANN, line.clone()),
        ];
        said(&hosted, &none);
        for remark in &mut hosted.state().remarks {
            remark.edited |= remark.person == 113;
            remark.by_platform |= remark.person == 114;
        }
        assert_eq!(approvers(&hosted, &sha256), "");
        for (remarks, people) in [
            (vec![(BO, format!("{line}\r\n\r\nFine.\r\n"))], "bo"),
            (
                vec![
                    (BO, "Wait.".to_owned()),
                    (BO, line.clone()),
                    (MAX, line.clone()),
                    (GUEST, line.clone()),
                    (100, "Wait.".to_owned()),
                ],
                "bo, max",
            ),
        ] {
            said(&hosted, &remarks);
            assert_eq!(approvers(&hosted, &sha256), people);
        }
        assert_eq!(hosted.desk.sandbox.ledger().writes(), 0);
    }
}

#[test]
fn an_approval_needs_on_gitlab_an_active_member_and_on_azure_a_vote_for_the_group() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        let (_, sha256) = hosted.plan(1);
        let line = format!("wf-bulk: apply {sha256}");
        if hosted.platform == Platform::GitLab {
            said(&hosted, &[(BLOCKED, line)]);
            assert!(approvers(&hosted, &sha256).is_empty());
            continue;
        }
        said(&hosted, &[(BO, line)]);
        for vote in [(0, true), (5, true), (-10, true), (10, false)] {
            hosted.state().votes.insert(BO, vote);
            assert!(approvers(&hosted, &sha256).is_empty(), "{vote:?}");
        }
        hosted.state().votes.insert(BO, (10, true));
        assert_eq!(approvers(&hosted, &sha256), "bo");
    }
}

#[test]
fn a_new_push_needs_a_new_plan_and_a_new_approval() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        let digest = hosted.plan_and_approve();
        let first = hosted.state().head.clone();
        // Not planned yet.
        edit(&hosted, "\"10020\"", "\"10030\"");
        expect_refused(
            hosted.apply(1),
            &hosted,
            "was not made of the commit that was merged",
        );
        // Planned, and not approved.
        let (ended, second) = hosted.plan(2);
        ended.expect_code(0);
        assert_ne!(digest, second);
        expect_refused(
            hosted.apply(2),
            &hosted,
            "no approval has the approval line",
        );
        // A planning job of an older commit, which ends late, shows nothing.
        let head = std::mem::replace(&mut hosted.state().head, first);
        hosted
            .run("plan", 3, false)
            .expect_code(1)
            .expect_said("a newer commit was pushed");
        hosted.state().head = head;
        assert!(hosted.comments()[0].contains(&second));
        assert_eq!(hosted.desk.sandbox.ledger().writes(), 0);
    }
}

#[test]
fn a_comment_that_another_user_wrote_or_that_names_another_job_is_no_plan() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        let digest = hosted.plan_and_approve();
        let comment = hosted.comments()[0].clone();
        hosted.state().remarks[0].person = BO;
        expect_refused(hosted.apply(1), &hosted, "there is no plan");
        hosted.state().remarks.truncate(2);
        hosted.state().remarks[0].person = OWN;
        // An attempt to apply is no planning job.
        let names = comment.replace(&hosted.id("plan", 1), &hosted.id("apply", 1));
        hosted.state().remarks[0].body = names;
        expect_refused(
            hosted.apply(2),
            &hosted,
            "was not made of the commit that was merged",
        );
        hosted.state().remarks[0].body = comment.replace(&digest, &"0".repeat(64));
        expect_refused(
            hosted.apply(3),
            &hosted,
            "no approval has the approval line",
        );
        hosted.state().remarks[0].body = comment;
        hosted.state().is_fork = true;
        expect_refused(hosted.apply(4), &hosted, "comes from a fork");
        assert_eq!(hosted.desk.sandbox.ledger().writes(), 0);
    }
}

#[test]
fn on_gitlab_a_plan_of_merged_results_and_a_merge_without_a_merge_commit_are_found() {
    for hosted in on_each(FAST) {
        if hosted.platform != Platform::GitLab {
            continue;
        }
        hosted.push(&[PLAYBOOK]);
        hosted.plan_and_approve();
        hosted.state().jobs[0].kind = "merged plan";
        hosted.state().is_squashed = true;
        hosted.apply(1).expect_code(0);
        // Of the merge of another commit.
        hosted.state().jobs[0].commit = "another".to_owned();
        expect_refused(
            hosted.apply(2),
            &hosted,
            "was not made of the commit that was merged",
        );
    }
}

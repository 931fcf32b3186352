//! Which pull requests are planned, and what the check says of the others: no playbook, renames, forks, merge queues.

use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_pull_request_without_a_playbook_passes_the_check_with_no_secret_and_no_comment() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[]);
    let mut job = planned(&desk, 1);
    job.run(CHECK).expect_code(0);
    assert!(
        job.summary()
            .contains("Nothing below `playbooks/` is changed."),
        "{}",
        job.summary()
    );
    assert_eq!(desk.comments(), [""; 0]);
    let workflow = workflow("plan");
    for job in ["find", "result"] {
        let job = &workflow["jobs"][job];
        assert!(job["environment"].is_null());
        assert!(!job.to_string().contains("secrets."), "{job}");
    }
    // With a path filter, the check would not end where it filters out.
    let on = &workflow["on"];
    assert_eq!(on["pull_request"], json!({"branches": ["main"]}));
    assert_eq!(workflow["jobs"]["result"]["if"], "always()");
    let condition = &workflow["jobs"]["plan"]["if"];
    assert_eq!(condition, "needs.find.outputs.decision == 'plan'");

    // A playbook that an earlier commit had changed: its plan is not shown any more.
    desk.commit(&[PLAYBOOK]);
    let sha256 = plan(&desk, 2);
    desk.reviews(&approval(&sha256));
    desk.commit(&[]);
    // A new commit dismisses approvals.
    desk.reviews(&json!([]));
    planned(&desk, 3).run(CHECK).expect_code(0);
    let comment = desk.comments().pop().unwrap();
    assert!(comment.contains("**No playbook was planned**"), "{comment}");
    assert!(!comment.contains("wf-bulk: apply"), "{comment}");
    let applying = approved(&desk, 3).unwrap();
    assert_eq!(applying.values["needs.approved.outputs.sha256"], "none");
}

#[test]
fn a_merge_queue_is_not_held_up_and_no_queue_cancels_another_one() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    let mut job = Job::start(&desk, "plan", "result", PLANNING, 1);
    let event = ("github.event_name", "merge_group");
    let skipped = ["find", "plan"].map(|job| Job::start(&desk, "plan", job, PLANNING, 1));
    for (name, other) in ["find", "plan"].into_iter().zip(&skipped) {
        other.hand_on(name, "skipped", &mut job);
    }
    job.values.insert(event.0.to_owned(), event.1.to_owned());
    job.run(CHECK).expect_code(0);
    assert!(
        job.summary()
            .contains("Nothing is planned in a merge queue")
    );
    let workflow = workflow("plan");
    assert_eq!(workflow["on"]["merge_group"], json!({"branches": ["main"]}));
    assert_eq!(
        workflow["jobs"]["find"]["if"],
        "github.event_name == 'pull_request'"
    );
    let comment = &workflow["jobs"]["result"]["steps"][1]["if"];
    let comment = comment.as_str().unwrap();
    assert!(
        comment.contains("github.event_name == 'pull_request'"),
        "{comment}"
    );
    // The number of a pull request is empty in a queue.
    assert_eq!(
        workflow["concurrency"]["group"],
        "wf-bulk-plan-${{ github.event.pull_request.number || github.run_id }}"
    );
}

#[test]
fn the_plans_of_two_pull_requests_are_applied_one_after_the_other_and_what_the_first_changed_is_left_alone()
 {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    // Both are planned before one of them is merged.
    desk.commit(&[PLAYBOOK]);
    let first = plan(&desk, 1);
    let comments = fs::read_to_string(desk.path().join("gh/comments.json")).unwrap();
    let playbook = fs::read_to_string(desk.path().join(PLAYBOOK)).unwrap();
    desk.environment
        .file(PLAYBOOK, &playbook.replace("\"10020\"", "\"10030\""));
    let second = plan(&desk, 2);
    let later = fs::read_to_string(desk.path().join("gh/comments.json")).unwrap();
    for (comments, sha256, code, ended) in [
        (comments, first, 0, " = 137 applied\n"),
        (later, second, 5, " drifted"),
    ] {
        desk.environment.file("gh/comments.json", &comments);
        desk.reviews(&approval(&sha256));
        clean_up(&desk);
        let mut job = approved(&desk, 1).unwrap();
        job.run(FETCH).expect_code(0);
        job.run("Apply").expect_code(code);
        job.run("Say how it ended").expect_code(0);
        assert!(job.summary().contains(ended), "{}", job.summary());
    }
    assert_eq!(desk.sandbox.ledger().effects().len(), 137);
    let concurrency = &workflow("apply")["jobs"]["apply"]["concurrency"];
    assert_eq!(
        *concurrency,
        json!({"group": "wf-bulk-apply", "queue": "max"})
    );
}

#[test]
fn a_fork_is_told_that_no_plan_was_made_and_what_to_do_and_is_not_green() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    let mut job = planned_from(&desk, 1, "mallory/r");
    let said = job.run(CHECK).expect_code(1).stdout;
    for part in [
        "::error::there is no plan",
        "from a fork gets no secrets",
        "Next: push the branch to this repository",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!desk.path().join("review.plan").exists());
    assert_eq!(desk.comments(), [""; 0]);
    desk.environment
        .file("playbooks/README.md", "What is here.");
    desk.commit(&["playbooks/README.md"]);
    planned_from(&desk, 1, "mallory/r")
        .run(CHECK)
        .expect_code(0);
}

#[test]
fn a_playbook_that_is_removed_or_only_renamed_is_not_planned_and_the_comment_says_what_that_means()
{
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    let moved = "playbooks/people/leaver.yaml";
    let playbook = fs::read_to_string(desk.path().join(PLAYBOOK)).unwrap();
    let commit = |alter: &dyn Fn(&Path)| {
        desk.commit_change(alter);
        planned(&desk, 1).run(CHECK).expect_code(0);
        desk.comments().pop().unwrap()
    };
    let rename = |folder: &Path| {
        fs::create_dir_all(folder.join("playbooks/people")).unwrap();
        fs::rename(folder.join(PLAYBOOK), folder.join(moved)).unwrap();
    };
    let said = commit(&rename);
    for part in [
        "sha256=none -->",
        "**No playbook was planned**, so nothing will be applied.",
        "Renamed without a change: `playbooks/reassign.yaml`, now `playbooks/people/leaver.yaml`. To have it planned, change it.",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = commit(&|folder| fs::remove_file(folder.join(moved)).unwrap());
    let removed = "Removed: `playbooks/people/leaver.yaml`. What it has changed stays as it is.";
    assert!(said.contains(removed), "{said}");

    // Renamed and changed: that is what the author wants to be planned.
    desk.environment.file(PLAYBOOK, &playbook);
    let said = commit(&|folder| {
        rename(folder);
        let changed = playbook.replace("\"10020\"", "\"10030\"");
        fs::write(folder.join(moved), changed).unwrap();
    });
    assert!(said.contains(&format!("Playbook: `{moved}`")), "{said}");
    assert!(said.contains("wf-bulk: apply"), "{said}");

    // A name that would be Markdown is not repeated, and a long list is not either.
    let hostile = "playbooks/`<b>\n- x.yaml";
    for number in 0..6 {
        desk.environment
            .file(&format!("playbooks/z{number}.yaml"), "");
    }
    desk.environment.file(hostile, "");
    let said = commit(&|folder| {
        fs::remove_file(folder.join(hostile)).unwrap();
        for number in 0..6 {
            fs::remove_file(folder.join(format!("playbooks/z{number}.yaml"))).unwrap();
        }
    });
    assert!(
        said.contains("Removed: a file with an unusual name."),
        "{said}"
    );
    assert!(said.contains(" Removed or renamed: 2 more."), "{said}");
    assert!(!said.contains("<b>"), "{said}");
}

#[test]
fn rows_that_are_renamed_or_removed_are_planned_with_the_playbook_that_names_them() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit_change(|folder| {
        let rows = folder.join("playbooks/new-owners.csv");
        fs::rename(rows, folder.join("playbooks/people.csv")).unwrap();
    });
    // The playbook names the old file: planning fails, and the comment does not say that no playbook is changed.
    let said = planned(&desk, 1).run(CHECK).expect_code(1).stdout;
    assert!(said.contains("the job \"plan\" says why"), "{said}");
    let comment = desk.comments().pop().unwrap();
    assert!(comment.contains("**There is no plan**"), "{comment}");
    assert!(
        comment.contains("Playbook: `playbooks/new-owners.yaml`"),
        "{comment}"
    );
}

#[test]
fn a_playbook_that_becomes_a_link_is_refused() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit_change(|folder| {
        fs::remove_file(folder.join(PLAYBOOK)).unwrap();
        symlink("close-stale.yaml", folder.join(PLAYBOOK)).unwrap();
    });
    planned(&desk, 1).run(CHECK).expect_code(1);
    let comment = desk.comments().pop().unwrap();
    assert!(comment.contains("**There is no plan**"), "{comment}");
}

#[test]
fn nothing_is_to_be_approved_where_everything_was_rejected_and_what_the_playbook_allows_is_no_obstacle()
 {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    let rows = fs::read_to_string(desk.path().join("playbooks/new-owners.csv")).unwrap();
    let row = |rows: &str| desk.environment.file("playbooks/new-owners.csv", rows);
    row("execution id;new owners;new due date\nno id;10020;2027-02-01\n");
    desk.commit(&["playbooks/new-owners.yaml"]);
    let said = planned(&desk, 1).run(CHECK).expect_code(1).stdout;
    assert!(said.contains("the plan is refused"), "{said}");
    let comment = desk.comments().pop().unwrap();
    assert!(comment.contains("nothing to approve"), "{comment}");
    assert!(!comment.contains("wf-bulk: apply"), "{comment}");

    let playbook = fs::read_to_string(desk.path().join("playbooks/new-owners.yaml")).unwrap();
    let allowed = playbook.replace("max_changes: 500", "max_changes: 500, rejected: allow");
    desk.environment.file("playbooks/new-owners.yaml", &allowed);
    desk.commit(&["playbooks/new-owners.yaml"]);
    planned(&desk, 2).run(CHECK).expect_code(0);
    let comment = desk.comments().pop().unwrap();
    assert!(comment.contains("There is nothing to change"), "{comment}");
    assert!(!comment.contains("wf-bulk: apply"), "{comment}");

    row(&format!("{rows}no id;10020;2027-02-01\n"));
    desk.commit(&["playbooks/new-owners.yaml"]);
    planned(&desk, 3).run(CHECK).expect_code(0);
    let comment = desk.comments().pop().unwrap();
    assert!(comment.contains("1 rejected"), "{comment}");
    assert!(comment.contains("    wf-bulk: apply "), "{comment}");
}

#[test]
fn a_planning_job_without_the_secret_says_so() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    desk.commit(&[PLAYBOOK]);
    let mut find = Job::start(&desk, "plan", "find", PLANNING, 1);
    find.run("Find the playbook").expect_code(0);
    let mut plan = Job::start(&desk, "plan", "plan", PLANNING, 1);
    find.hand_on("find", "success", &mut plan);
    plan.values
        .insert("secrets.EPILOT_TOKEN".to_owned(), String::new());
    let said = plan.run("Plan").expect_code(1).stdout;
    assert!(said.contains("has no secret EPILOT_TOKEN"), "{said}");
}

//! An apply that was cut off, came too late or lost its folder goes on, by another attempt or by hand.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const SHIFT: &str = "playbooks/shift-due-dates.yaml";
/// The run that a person starts by hand.
const BY_HAND: &str = "50";
const LEDGER: &str = "https://localhost/o/r";

/// A job that a person has started with these inputs.
fn by_hand<'a>(desk: &'a Desk, sha256: &str, inputs: &[(&str, &str)]) -> Result<Job<'a>, Ended> {
    let mut values = vec![
        ("github.event_name", "workflow_dispatch"),
        ("github.event.pull_request.number", ""),
        ("github.event.pull_request.merged_by.login", ""),
        ("github.actor", "eva"),
        ("inputs.pull_request", "7"),
        ("inputs.sha256", sha256),
        ("inputs.in_doubt", "none"),
        ("inputs.again", "false"),
    ];
    values.extend(inputs);
    applying(desk, BY_HAND, 1, &values)
}

/// What GitHub says of a run that a person has started on a branch.
fn started_on(desk: &Desk, run: &str, branch: &str) {
    let mut description = run_of("wf-bulk-apply.yml", &HEAD.replace('1', "9"));
    description["event"] = "workflow_dispatch".into();
    description["head_branch"] = branch.into();
    desk.environment
        .file(&format!("gh/run-{run}.json"), &description.to_string());
}

/// A desk with an approved plan of a playbook; gives its digest.
pub(super) fn with_approved_plan(pace: &str, playbook: &str) -> (Desk, String) {
    let desk = Desk::new(pace);
    desk.commit(&[playbook]);
    let sha256 = plan(&desk, 1);
    desk.reviews(&approval(&sha256));
    (desk, sha256)
}

/// The steps of a job from the first to the last; gives the exit code of the one that applies.
pub(super) fn do_all(job: &mut Job<'_>) -> i32 {
    job.run("Empty the names that this job writes")
        .expect_code(0);
    job.run(FETCH).expect_code(0);
    job.run("Look for the token").expect_code(0);
    let ended = job.run("Apply");
    job.upload("Keep the run folder");
    job.run("Say how it ended").expect_code(0);
    ended.code
}

#[test]
fn a_cancelled_job_leaves_its_run_folder_and_any_other_run_of_the_workflow_goes_on_with_it() {
    if !has_programs() {
        return;
    }
    let (desk, sha256) = with_approved_plan(SLOW, PLAYBOOK);
    let mut job = approved(&desk, 1).unwrap();
    job.run(FETCH).expect_code(0);
    assert_eq!(interrupt(&desk, job.command("Apply")), 130);
    job.upload("Keep the run folder");
    let applied = desk.sandbox.ledger().effects().len();
    assert!(applied < 137, "{applied}");

    // The folder is lost. The ledger has a record of the run, so the plan is not applied again.
    let folder = desk.artifact(APPLYING, "wf-bulk-run-7-1");
    let aside = desk.path().join("aside");
    fs::rename(&folder, &aside).unwrap();
    clean_up(&desk);
    let mut job = approved(&desk, 2).unwrap();
    job.run(FETCH).expect_code(0);
    job.run("Apply").expect_code(1);
    let said = job.run("Say how it ended").expect_code(0).stdout;
    assert!(said.starts_with("::error::run "), "{said}");
    assert!(
        said.contains("is not finished (the ledger says: "),
        "{said}"
    );
    assert!(said.contains(&format!("--ledger {LEDGER}")), "{said}");
    job.upload("Keep the run folder");

    // The folder, taken to where the token is.
    let kept = desk.path().join("kept");
    copy_folder(&aside, &kept);
    let status = ["status", "--state-dir", "kept"];
    let shown = desk.environment.run(&status).expect_code(0).stdout;
    assert!(shown.contains("reassign-leaver"), "{shown}");

    fs::rename(&aside, &folder).unwrap();
    clean_up(&desk);
    let mut job = by_hand(&desk, &sha256, &[]).unwrap();
    assert_eq!(do_all(&mut job), 0);
    assert_eq!(job.summary(), "137 planned = 137 applied\n");
    let ledger = desk.sandbox.ledger();
    assert_eq!(ledger.effects().len(), 137);

    // Once more, since it is all done: nothing happens, and the result is the same, with the folder of the run by hand.
    started_on(&desk, BY_HAND, "main");
    clean_up(&desk);
    let mut job = approved(&desk, 3).unwrap();
    assert_eq!(do_all(&mut job), 0);
    assert_eq!(job.summary(), "137 planned = 137 applied\n");
    assert_eq!(desk.sandbox.ledger().writes(), ledger.writes());

    // An older folder than the newest one is not continued.
    for artifact in [(BY_HAND, "wf-bulk-run-7-1"), (APPLYING, "wf-bulk-run-7-3")] {
        fs::remove_dir_all(desk.artifact(artifact.0, artifact.1)).unwrap();
    }
    clean_up(&desk);
    let mut job = approved(&desk, 4).unwrap();
    assert_eq!(do_all(&mut job), 1);
    assert_eq!(desk.sandbox.ledger().writes(), ledger.writes());
}

#[test]
fn a_killed_job_whose_folder_is_lost_shifts_no_date_twice_and_a_person_finds_the_way_out() {
    if !has_programs() {
        return;
    }
    let (desk, _) = with_approved_plan(SLOW, SHIFT);
    let mut job = approved(&desk, 1).unwrap();
    job.run(FETCH).expect_code(0);
    let mut command = job.command("Apply");
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while desk.sandbox.ledger().writes() < 10 {
        assert!(start.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let writes = desk.sandbox.ledger().writes();

    // Planned again and approved, as the page used to say.
    clean_up(&desk);
    let again = plan(&desk, 2);
    desk.reviews(&approval(&again));
    clean_up(&desk);
    let mut job = by_hand(&desk, &again, &[("inputs.again", "true")]).unwrap();
    assert_eq!(do_all(&mut job), 1);
    let said = job.run("Say how it ended").expect_code(0).stdout;
    assert_eq!(desk.sandbox.ledger().writes(), writes);

    // What it tells, on the machine of a person.
    let abandon = said.split("wf-bulk abandon ").nth(1).unwrap();
    let abandon = abandon.split("%0A").next().unwrap().trim();
    let words: Vec<&str> = abandon.split(' ').collect();
    assert_eq!(words[1..], ["--ledger", LEDGER]);
    clean_up(&desk);
    let mut command = desk.program("wf-bulk");
    command.arg("abandon").args(words).arg("--yes");
    Ended::from(command.output().unwrap()).expect_code(0);

    // Now it is known that it may have been done, and only a person says that it is meant.
    let mut job = by_hand(&desk, &again, &[]).unwrap();
    assert_eq!(do_all(&mut job), 1);
    let said = job.run("Say how it ended").expect_code(0).stdout;
    assert!(said.contains("may have done this already"), "{said}");
    assert_eq!(desk.sandbox.ledger().writes(), writes);
    clean_up(&desk);
    let mut job = by_hand(&desk, &again, &[("inputs.again", "true")]).unwrap();
    assert_eq!(do_all(&mut job), 0);
}

#[test]
fn only_a_merged_pull_request_with_its_approved_digest_is_started_by_hand() {
    if !has_programs() {
        return;
    }
    let (desk, sha256) = with_approved_plan(FAST, PLAYBOOK);
    let refused = |sha256: &str, inputs: &[(&str, &str)], why: &str| {
        let Err(ended) = by_hand(&desk, sha256, inputs) else {
            panic!("not refused: {why}");
        };
        let said = ended.expect_code(1).stdout;
        assert!(said.contains(why), "{why}: {said}");
    };
    refused(&"0".repeat(64), &[], &format!("give its digest: {sha256}"));
    refused("", &[], "the given digest is not that of the plan");
    for number in ["", "7/../8", "7 8", "-1", "$(id)"] {
        refused(&sha256, &[("inputs.pull_request", number)], "is no number");
    }
    let merged = fs::read_to_string(desk.path().join("gh/pull.json")).unwrap();
    let merged: Value = serde_json::from_str(&merged).unwrap();
    for (path, value) in [
        ("/merged", json!(false)),
        ("/base/ref", json!("other")),
        ("/head/repo/full_name", json!("x/r")),
        ("/head/repo", Value::Null),
    ] {
        let mut pull = merged.clone();
        *pull.pointer_mut(path).unwrap() = value;
        desk.environment.file("gh/pull.json", &pull.to_string());
        refused(&sha256, &[], "is not merged into main");
    }
    desk.environment.file("gh/pull.json", &merged.to_string());
    // As without a person: the approval is of the last commit, or none.
    desk.reviews(&json!([]));
    refused(&sha256, &[], "no approval of the last commit");
    desk.reviews(&approval(&sha256));
    let job = by_hand(&desk, &sha256, &[]).unwrap();
    assert_eq!(job.values["needs.approved.outputs.approvals"], "bo");

    let apply = workflow("apply");
    let condition = apply["jobs"]["approved"]["if"].as_str().unwrap();
    assert!(
        condition.starts_with(
            "github.event_name == 'workflow_dispatch' && github.ref == 'refs/heads/main' ||"
        ),
        "{condition}"
    );
    for (job, permission) in [("approved", Value::Null), ("apply", json!("write"))] {
        assert_eq!(apply["jobs"][job]["permissions"]["contents"], permission);
    }
}

#[test]
fn a_folder_of_another_plan_branch_or_workflow_is_not_continued() {
    if !has_programs() {
        return;
    }
    let (desk, sha256) = with_approved_plan(FAST, PLAYBOOK);
    let mut job = by_hand(&desk, &sha256, &[]).unwrap();
    assert_eq!(do_all(&mut job), 0);
    let folder = desk.artifact(BY_HAND, "wf-bulk-run-7-1");
    let fetched = || {
        clean_up(&desk);
        let mut job = by_hand(&desk, &sha256, &[]).unwrap();
        job.run(FETCH).expect_code(0);
        let continues = desk.path().join(".wf-bulk/runs").exists();
        assert_ne!(continues, desk.path().join("plan/review.plan").exists());
        continues
    };
    for (branch, continues) in [("other", false), ("main", true)] {
        started_on(&desk, BY_HAND, branch);
        assert_eq!(fetched(), continues, "{branch}");
    }
    let of_a_pull_request = run_of("wf-bulk-apply.yml", &HEAD.replace('1', "3"));
    for (description, continues) in [
        (of_a_pull_request, false),
        (run_of("other.yml", HEAD), false),
        (run_of("wf-bulk-apply.yml", HEAD), true),
    ] {
        desk.environment
            .file("gh/run-50.json", &description.to_string());
        assert_eq!(fetched(), continues, "{description}");
    }
    // A folder whose only fault is another plan.
    let run = fs::read_dir(folder.join("runs")).unwrap().next();
    let plan = run.unwrap().unwrap().path().join("plan");
    let text = fs::read(&plan).unwrap();
    fs::write(&plan, [&text[..], b"\n"].concat()).unwrap();
    assert!(!fetched());
    fs::write(&plan, text).unwrap();
    assert!(fetched());
    // Of another pull request.
    fs::rename(&folder, folder.with_file_name("wf-bulk-run-77-1")).unwrap();
    assert!(!fetched());
}

#[test]
fn the_answers_of_the_person_who_starts_it_reach_the_command_and_nothing_else_does() {
    if !has_programs() {
        return;
    }
    let (desk, sha256) = with_approved_plan(FAST, PLAYBOOK);
    let program = desk.path().join("bin/wf-bulk");
    fs::remove_file(&program).unwrap();
    desk.environment.file(
        "bin/wf-bulk",
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$HOME/words\"\n",
    );
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let words = |job: &mut Job<'_>| {
        job.run("Apply").expect_code(0);
        fs::read_to_string(desk.path().join("words")).unwrap()
    };
    let common = format!("--ledger\n{LEDGER}\n--json\n");
    let apply = format!(
        "apply\nplan/review.plan\n--approved\n{sha256}\n--yes\n--reason\npull request #7\n--actor\nACTOR\n--approved-by\nbo\n--link\nhttps://localhost/o/r/pull/7\n{common}"
    );
    assert_eq!(
        words(&mut approved(&desk, 1).unwrap()),
        apply.replace("ACTOR", "max")
    );
    let apply = apply.replace("ACTOR", "eva");
    for (again, flags) in [("true", "--again\n"), ("false", ""), ("$(id)", "")] {
        let mut job = by_hand(&desk, &sha256, &[("inputs.again", again)]).unwrap();
        assert_eq!(words(&mut job), format!("{apply}{flags}"));
    }
    desk.environment.file(".wf-bulk/runs/0192/plan", "");
    assert_eq!(
        words(&mut approved(&desk, 1).unwrap()),
        format!("resume\n0192\n--approved\n{sha256}\n{common}")
    );
    for (in_doubt, flags) in [
        ("retry", "--in-doubt\nretry\n"),
        ("skip", "--in-doubt\nskip\n"),
        ("none", ""),
        ("$(id)", ""),
    ] {
        let mut job = by_hand(&desk, &sha256, &[("inputs.in_doubt", in_doubt)]).unwrap();
        let expected =
            format!("resume\n0192\n--approved\n{sha256}\n{common}{flags}--max-age\n14 days\n");
        assert_eq!(words(&mut job), expected);
    }
}

#[test]
fn each_dead_end_names_the_next_step_and_no_text_becomes_a_command_of_the_workflow() {
    if !has_programs() {
        return;
    }
    let (desk, sha256) = with_approved_plan(FAST, PLAYBOOK);
    let mut job = by_hand(&desk, &sha256, &[]).unwrap();
    let error = |exit_code: u8| {
        let error = json!({
            "errors": [{"message": "100%\n::set-output name=x::y", "causes": ["why"], "help": "do\nthis"}],
            "exit_code": exit_code,
        });
        desk.environment.file("result.json", &error.to_string());
    };
    error(5);
    let said = job.run("Say how it ended").expect_code(0).stdout;
    assert!(
        said.starts_with("::error::100%25%0A::set-output name=x::y%0Awhy%0Ado%0Athis\n"),
        "{said}"
    );
    assert!(
        said.contains("::error::Next: open workflow run 41 of wf-bulk plan")
            && said.contains("number 7"),
        "{said}"
    );
    desk.environment.file(".wf-bulk/runs/0192/plan", "");
    let said = job.run("Say how it ended").expect_code(0).stdout;
    assert!(
        said.contains("::error::Next: start this workflow on main"),
        "{said}"
    );
    error(1);
    let said = job.run("Say how it ended").expect_code(0).stdout;
    assert!(!said.contains("Next:"), "{said}");

    // A plan that is gone.
    clean_up(&desk);
    fs::remove_dir_all(desk.artifact(PLANNING, "wf-bulk-plan-1")).unwrap();
    let said = job.run(FETCH).expect_code(1).stdout;
    assert!(
        said.contains("Re-run all jobs") && said.contains("with the number 7"),
        "{said}"
    );
}

#[test]
fn git_gets_the_token_of_the_job_from_a_helper_and_no_argument_has_it() {
    if !has_programs() {
        return;
    }
    let (desk, sha256) = with_approved_plan(FAST, PLAYBOOK);
    let job = by_hand(&desk, &sha256, &[]).unwrap();
    let step = job.command("Apply");
    let mut git = desk.program("git");
    let ours = |name: &str| name.starts_with("GIT_CONFIG_") || name == "LEDGER_TOKEN";
    let variables = step.get_envs();
    git.envs(
        variables
            .filter_map(|(name, value)| Some((name.to_str().filter(|name| ours(name))?, value?))),
    );
    let request = desk
        .environment
        .file("request", "protocol=https\nhost=localhost\n\n");
    git.args(["credential", "fill"])
        .stdin(fs::File::open(request).unwrap());
    let filled = Ended::from(git.output().unwrap()).expect_code(0).stdout;
    assert!(
        filled.contains("username=x-access-token\n") && filled.contains("password=gh-token\n"),
        "{filled}"
    );
}

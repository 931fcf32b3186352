//! What happens between two requests, two jobs or two lines of a script.

use super::{variables::LEDGER, *};
use crate::workflow::documented;

/// A job's shell with its functions.
fn shell(hosted: &Hosted, script: &str) -> Ended {
    let mut command = hosted.desk.program("bash");
    command
        .args(["-c", script])
        .envs(hosted.variables("apply", &hosted.id("apply", 1)));
    if hosted.platform == Platform::Azure {
        command.env("SYSTEM_ACCESSTOKEN", TOKEN);
    }
    Ended::from(command.output().unwrap())
}

/// The runs in the state folder that a night has left.
fn runs_of_night(hosted: &Hosted, night: u32) -> Vec<std::ffi::OsString> {
    let runs = hosted.kept("night", night).join("state/runs");
    let runs = fs::read_dir(runs).into_iter().flatten();
    runs.map(|entry| entry.unwrap().file_name()).collect()
}

#[test]
fn of_two_comments_that_two_jobs_make_at_the_same_time_one_stays() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        let rival = "<!-- wf-bulk-plan job=9 sha256=failed -->\nof another job".to_owned();
        hosted.state().rival = Some(rival);
        for number in [1, 2] {
            let (ended, digest) = hosted.plan(number);
            ended.expect_code(0);
            let comments = hosted.comments();
            assert!(comments[0].contains(&format!("wf-bulk: apply {digest}")));
            assert_eq!(comments[1..], ["deleted"]);
        }
    }
}

#[test]
fn a_request_that_only_reads_is_made_again_also_if_it_is_a_post() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        hosted.plan_and_approve();
        let part = match hosted.platform {
            Platform::GitLab => "/api/graphql",
            Platform::Azure => "/pullrequestquery",
        };
        hosted.state().failing = Some((part, 1));
        hosted.apply(1).expect_code(0);
        assert_eq!(effects(&hosted), 137);
    }
}

/// On GitLab, by a tag with the name of the branch; on Azure, by hand.
#[test]
fn a_state_folder_of_a_job_that_no_schedule_of_the_branch_has_started_is_not_used() {
    for hosted in on_each(SLOW) {
        nights::at_night(&hosted);
        hosted.run("night", 1, true);
        let of_night = |night| {
            let runs = hosted.kept("night", night).join("state/runs");
            let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap();
            run.file_name()
        };
        let foreign = of_night(1);
        hosted.state().jobs.last_mut().unwrap().kind = "foreign night";
        hosted.run("night", 2, false).expect_code(0);
        assert_ne!(of_night(2), foreign);
    }
}

#[test]
fn a_run_that_began_is_not_forgotten_when_the_comment_says_that_there_is_nothing_to_change() {
    for hosted in on_each(SLOW) {
        hosted.push(&[PLAYBOOK]);
        hosted.plan_and_approve();
        hosted.run("apply", 1, true);
        let applied = effects(&hosted);
        let plan = hosted.comments()[0].clone();
        let job = plan
            .split("job=")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        hosted.state().remarks[0].body = format!("<!-- wf-bulk-plan job={job} sha256=none -->");
        hosted
            .apply(2)
            .expect_code(1)
            .expect_said("has begun a run, and the comment says that its plan has no changes");
        assert_eq!(effects(&hosted), applied);
        hosted.state().remarks[0].body = plan;
        hosted.apply(3).expect_code(0);
        assert_eq!(effects(&hosted), 137);
    }
}

#[test]
fn a_download_that_fails_begins_no_night_and_no_apply_anew() {
    for hosted in on_each(SLOW) {
        nights::at_night(&hosted);
        hosted.run("night", 1, true);
        let applied = effects(&hosted);
        let part = match hosted.platform {
            Platform::GitLab => "/jobs/51/artifacts",
            Platform::Azure => "/drop/51/",
        };
        hosted.state().failing = Some((part, 99));
        hosted
            .run("night", 2, false)
            .expect_code(1)
            .expect_said("could not be fetched. Next: run this job again");
        assert_eq!(effects(&hosted), applied);
        hosted.state().failing = None;
        hosted.run("night", 3, false).expect_code(0);
        assert_eq!(effects(&hosted), 137);
        assert_eq!(runs_of_night(&hosted, 3), runs_of_night(&hosted, 1));
    }
}

#[test]
fn on_gitlab_a_night_finds_the_last_one_behind_the_pipelines_of_other_schedules() {
    for hosted in on_each(SLOW) {
        if hosted.platform != Platform::GitLab {
            continue;
        }
        nights::at_night(&hosted);
        hosted.run("night", 1, true);
        hosted.state().other_pipelines = 100;
        hosted.run("night", 2, false).expect_code(0);
        assert_eq!(effects(&hosted), 137);
        assert_eq!(runs_of_night(&hosted, 2), runs_of_night(&hosted, 1));
    }
}

#[test]
fn on_gitlab_a_pipeline_for_merged_results_plans_what_differs_from_the_target_branch_as_it_is_now()
{
    for hosted in on_each(FAST) {
        if hosted.platform != Platform::GitLab {
            continue;
        }
        // Since the branch began, another playbook and the scripts were changed on the target branch.
        hosted.push(&[PLAYBOOK]);
        let git = |words: &str| {
            let words = words.split(' ');
            let identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
            let mut command = hosted.desk.program("git");
            let output = command.args(identity).args(words).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let (base, branch) = (git("rev-parse HEAD^"), git("rev-parse HEAD"));
        git("checkout --quiet --force -B target HEAD^");
        let playbooks = hosted.desk.path().join("playbooks");
        let other = fs::read_to_string(playbooks.join("close-stale.yaml")).unwrap();
        hosted
            .desk
            .environment
            .file("playbooks/close-stale.yaml", &format!("{other}# changed\n"));
        let script = documented("ci/shared/plan.sh");
        let now = "echo 'the scripts of the target as it is now' >&2; base=$1 ";
        hosted
            .desk
            .environment
            .file("wf-bulk/plan.sh", &script.replace("base=$1 ", now));
        git("add playbooks/close-stale.yaml wf-bulk");
        git("commit --quiet --message target");
        let target = git("rev-parse HEAD");
        git(&format!("merge --quiet --no-edit {branch}"));
        let mut state = hosted.state();
        state.head.clone_from(&branch);
        state.merged_results = Some([base, target, branch]);
        drop(state);
        hosted
            .run("plan", 1, false)
            .expect_code(0)
            .expect_said("the scripts of the target as it is now");
        assert!(hosted.comments()[0].contains(PLAYBOOK));
    }
}

#[test]
fn after_a_signal_nothing_more_is_begun_though_the_command_has_ended_well() {
    for hosted in on_each(FAST) {
        hosted.push(&[]);
        let script = ". wf-bulk/lib.sh; child bash -c 'trap \"\" TERM; kill -TERM $PPID; exit 0'; echo begun";
        let ended = shell(&hosted, script).expect_code(130);
        assert_eq!(ended.stdout, "");
        let ended = shell(
            &hosted,
            ". wf-bulk/lib.sh; child bash -c 'exit 5' || echo $?",
        );
        assert_eq!(ended.stdout, "5\n");
    }
}

#[test]
fn what_was_rejected_and_may_be_fails_no_check() {
    for hosted in on_each(FAST) {
        let (playbook, rows) = ("playbooks/new-owners.yaml", "playbooks/new-owners.csv");
        let read = |name| fs::read_to_string(hosted.desk.path().join(name)).unwrap();
        let (text, good) = (read(playbook), read(rows));
        let write = |name, text: &str| hosted.desk.environment.file(name, text);
        let allowed = text.replace("max_changes: 500", "max_changes: 500, rejected: allow");
        assert_ne!(allowed, text);
        write(playbook, &allowed);
        write(rows, &format!("{good}no id;10020;2027-02-01\n"));
        hosted.push(&[playbook]);
        let (ended, digest) = hosted.plan(1);
        ended.expect_code(0);
        assert_eq!(digest.len(), 64);
        assert!(hosted.comments()[0].contains("1 rejected"));
        // Nothing is left to approve.
        write(
            rows,
            "execution id;new owners;new due date\nno id;10020;2027-02-01\n",
        );
        hosted.push(&[playbook]);
        let (ended, digest) = hosted.plan(2);
        ended.expect_code(0);
        assert_eq!(digest, "none");
        // The playbook does not allow it.
        write(playbook, &text);
        hosted.push(&[playbook]);
        let (ended, digest) = hosted.plan(3);
        ended.expect_code(3);
        assert_eq!(digest, "failed");
    }
}

#[test]
fn a_changed_file_whose_name_has_a_line_break_is_refused() {
    for hosted in on_each(FAST) {
        hosted.desk.environment.file("playbooks/rows\n.csv", "a\n");
        hosted.push(&["playbooks/rows\n.csv"]);
        hosted
            .run("plan", 1, false)
            .expect_code(1)
            .expect_said("has a line break: rename it");
    }
}

#[test]
fn with_a_ledger_the_run_of_a_lost_folder_is_known_to_the_next_attempt() {
    for hosted in on_each(SLOW) {
        hosted.state().ledger = Some(LEDGER);
        hosted.push(&[PLAYBOOK]);
        hosted.plan_and_approve();
        hosted.run("apply", 1, true);
        let applied = effects(&hosted);
        let folder = hosted.kept("apply", 1);
        let aside = hosted.desk.path().join("aside");
        fs::rename(&folder, &aside).unwrap();
        hosted
            .apply(2)
            .expect_code(1)
            .expect_said("is not finished (the ledger says: ");
        assert_eq!(effects(&hosted), applied);
        fs::rename(&aside, &folder).unwrap();
        hosted.apply(3).expect_code(0);
        assert_eq!(effects(&hosted), 137);
    }
}

#[test]
fn with_a_ledger_a_night_whose_folder_is_lost_is_not_begun_anew_until_a_person_has_looked() {
    for hosted in on_each(SLOW) {
        hosted.state().ledger = Some(LEDGER);
        nights::at_night(&hosted);
        hosted.run("night", 1, true);
        let applied = effects(&hosted);
        fs::remove_dir_all(hosted.kept("night", 1)).unwrap();
        for number in [2, 3] {
            let ended = hosted.run("night", number, false).expect_code(1);
            assert_eq!(effects(&hosted), applied);
            if number == 3 {
                let abandon = ended.stderr.split("wf-bulk abandon ").nth(1).unwrap();
                let run = abandon.split_whitespace().next().unwrap();
                let mut command = hosted.desk.program("wf-bulk");
                command.args(["abandon", run, "--ledger", LEDGER, "--yes"]);
                Ended::from(command.output().unwrap()).expect_code(0);
            }
        }
        hosted.run("night", 4, false).expect_code(0);
        // A flow whose tasks were all moved is not found again by this playbook.
        assert!(effects(&hosted) > applied);
    }
}

#[test]
fn git_gets_the_token_of_the_ledger_for_the_ledger_alone() {
    let Some(hosted) = on_each(FAST).pop() else {
        return;
    };
    let asked = |url: &str, token: &str| {
        let script = format!(
            "export WF_BULK_LEDGER='{LEDGER}#runs' WF_BULK_LEDGER_TOKEN='{token}' GIT_TERMINAL_PROMPT=0
            . wf-bulk/ledger.sh; printf 'url=%s\\n\\n' '{url}' | git credential fill"
        );
        shell(&hosted, &script)
    };
    asked(LEDGER, "s3cret").expect_out("password=s3cret\n");
    for (url, token) in [
        ("https://elsewhere.example/o/r", "s3cret"),
        (LEDGER, "$(WF_BULK_LEDGER_TOKEN)"),
    ] {
        let ended = asked(url, token);
        assert_ne!(ended.code, 0, "{ended:?}");
    }
}

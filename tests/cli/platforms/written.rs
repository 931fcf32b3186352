//! What the jobs and the scripts have to look like, without doing it.

use super::*;
use crate::workflow::documented;

#[test]
fn only_a_job_of_the_default_branch_gets_the_token_that_can_write_and_they_run_one_after_the_other()
{
    let job = |kind| Platform::GitLab.definition(kind);
    let plan = job("plan").to_string();
    assert!(
        !plan.contains("EPILOT_APPLY_TOKEN") && plan.contains("merge_request_event"),
        "{plan}"
    );
    assert!(
        plan.contains("$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID"),
        "{plan}"
    );
    for (kind, source) in [("apply", "push"), ("night", "schedule")] {
        let job = job(kind);
        let rule = job["rules"][0]["if"].as_str().unwrap();
        let begin = format!(
            "$CI_PIPELINE_SOURCE == \"{source}\" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
        );
        assert!(rule.starts_with(&begin), "{rule}");
        assert_eq!(job["rules"].as_array().unwrap().len(), 1);
        assert_eq!(job["resource_group"], "wf-bulk-apply");
        assert_eq!(job["interruptible"], false);
        assert!(job["retry"].is_null());
        // An attempt that ends early leaves its artifact, too.
        assert_eq!(
            job["script"][0],
            "rm -rf kept && mkdir kept && date >kept/began"
        );
        assert_eq!(job["artifacts"]["access"], "developer");
    }
    let plan = Platform::Azure.definition("plan");
    assert_eq!(plan["variables"], json!([{"group": "wf-bulk-plan"}]));
    assert!(
        plan["jobs"][0]["condition"]
            .as_str()
            .unwrap()
            .contains("System.PullRequest.IsFork")
    );
    for kind in ["apply", "night"] {
        let pipeline = Platform::Azure.definition(kind);
        assert_eq!(pipeline["lockBehavior"], "sequential");
        let [job] = &pipeline["jobs"].as_array().unwrap()[..] else {
            panic!("{pipeline}");
        };
        assert_eq!(job["environment"], "wf-bulk-apply");
        let condition = job["condition"].as_str().unwrap();
        assert!(
            condition.contains("eq(variables['Build.SourceBranch'], 'refs/heads/main')"),
            "{condition}"
        );
        let reason = if kind == "night" { "Schedule" } else { "" };
        assert!(condition.contains(reason), "{condition}");
        let steps = job["strategy"]["runOnce"]["deploy"]["steps"]
            .as_array()
            .unwrap();
        for step in steps.iter().filter(|step| step["env"].is_object()) {
            assert_eq!(
                step["target"],
                json!({"commands": "restricted", "settableVariables": "none"})
            );
        }
    }
}

#[test]
fn on_gitlab_a_push_cancels_no_job_that_waits_to_write() {
    let text = documented("ci/gitlab/wf-bulk.yml");
    let jobs: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(
        jobs["workflow"]["auto_cancel"]["on_new_commit"],
        "interruptible"
    );
    for (job, is_cancelled) in [("plan", true), ("apply", false), ("night", false)] {
        assert_eq!(
            jobs[format!("wf-bulk-{job}")]["interruptible"],
            is_cancelled
        );
    }
}

#[test]
fn the_plan_is_made_with_the_scripts_of_the_target_branch() {
    for hosted in on_each(FAST) {
        hosted.push(&[PLAYBOOK]);
        // The branch of the request has others; what is not committed is not what counts either.
        let script = hosted.desk.environment.file(
            "wf-bulk/plan.sh",
            "echo the script of the request >&2\nexit 9\n",
        );
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
            let ended = hosted
                .desk
                .program("git")
                .args(identity)
                .args(arguments)
                .output()
                .unwrap();
            assert!(ended.status.success(), "{ended:?}");
        };
        git(&["add", "wf-bulk"]);
        git(&["commit", "--quiet", "--amend", "--message", "change"]);
        let head = hosted
            .desk
            .program("git")
            .args(["rev-parse", "HEAD"])
            .output()
            .unwrap()
            .stdout;
        hosted.state().head = String::from_utf8(head).unwrap().trim().to_owned();
        hosted.run("plan", 1, false).expect_code(0);
        assert!(script.is_file() && hosted.comments()[0].contains("wf-bulk: apply "));
    }
}

#[test]
fn the_program_is_built_from_a_commit_alone_and_comes_from_no_checkout() {
    for hosted in on_each(FAST) {
        hosted.push(&[]);
        let install = |commit: &str| {
            let mut command = hosted.desk.program("bash");
            let output = command
                .arg("wf-bulk/install.sh")
                .env("WF_BULK_COMMIT", commit)
                .output();
            Ended::from(output.unwrap())
        };
        install(&"c".repeat(40)).expect_code(0);
        install("main")
            .expect_code(1)
            .expect_said("the full id of a commit");
        let git = hosted
            .desk
            .program("git")
            .args(["add", ".wf-bulk-program"])
            .status();
        assert!(git.unwrap().success());
        install(&"c".repeat(40))
            .expect_code(1)
            .expect_said("only the cache may hold it");
    }
}

#[test]
fn the_nightly_pipeline_of_azure_starts_when_the_crontab_does() {
    let pipeline: Value = serde_yaml::from_str(&documented("ci/azure/wf-bulk-night.yml")).unwrap();
    assert_eq!(pipeline["schedules"][0]["cron"], "17 3 * * *");
    assert_eq!(
        pipeline["schedules"][0]["branches"]["include"],
        json!(["main"])
    );
}

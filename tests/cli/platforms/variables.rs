//! The variables that a platform sets for a job.

use std::{collections::BTreeMap, fs};

use super::{
    azure::GROUP,
    hosted::Hosted,
    state::{MERGE, Platform, TOKEN},
};

/// Where the desk has a repository.
pub(crate) const LEDGER: &str = "https://localhost/o/r";

impl Hosted {
    /// The variables that the platform sets.
    pub(crate) fn variables(&self, kind: &str, id: &str) -> BTreeMap<String, String> {
        let (url, has_token, ledger, merged_results) = {
            let state = self.state();
            let merged_results = state.merged_results.clone();
            (
                state.url.clone(),
                state.has_token,
                state.ledger,
                merged_results,
            )
        };
        let [start, target, branch] = merged_results.unwrap_or_default();
        let epilot = if has_token { "sandbox" } else { "" };
        let is_plan = kind == "plan";
        let temporary = self.desk.path().join("runner/temporary");
        fs::create_dir_all(&temporary).unwrap();
        let temporary = temporary.display().to_string();
        let (build, attempt) = id.split_once('.').unwrap_or((id, ""));
        let source = if is_plan {
            self.commit("HEAD")
        } else {
            MERGE.to_owned()
        };
        let definition = match kind {
            "plan" => "1",
            "apply" => "2",
            _ => "3",
        };
        let api = format!("{url}/api/v4");
        let graphql = format!("{url}/api/graphql");
        let collection = format!("{url}/o/");
        let name = format!("wf-bulk-{kind}");
        let commit = "c".repeat(40);
        let base = if start.is_empty() {
            self.commit("HEAD^")
        } else {
            start
        };
        let job_url = format!("https://localhost/g/r/-/jobs/{id}");
        let all: &[(&str, &str)] = match self.platform {
            Platform::GitLab => &[
                ("CI_API_V4_URL", &api),
                ("CI_API_GRAPHQL_URL", &graphql),
                ("CI_PROJECT_ID", "7"),
                ("CI_PROJECT_PATH", "g/r"),
                ("CI_JOB_ID", id),
                ("CI_JOB_URL", &job_url),
                ("CI_JOB_NAME", &name),
                ("CI_COMMIT_SHA", &source),
                ("CI_DEFAULT_BRANCH", "main"),
                ("CI_COMMIT_BRANCH", "main"),
                ("GITLAB_USER_LOGIN", "max"),
                ("WF_BULK_GITLAB_TOKEN", TOKEN),
                ("EPILOT_PLAN_TOKEN", epilot),
                ("EPILOT_APPLY_TOKEN", epilot),
                ("WF_BULK_COMMIT", &commit),
                ("CI_MERGE_REQUEST_IID", if is_plan { "7" } else { "" }),
                (
                    "CI_MERGE_REQUEST_DIFF_BASE_SHA",
                    if is_plan { &base } else { "" },
                ),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", &target),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", &branch),
            ],
            Platform::Azure => &[
                ("SYSTEM_COLLECTIONURI", &collection),
                ("SYSTEM_TEAMPROJECTID", "p"),
                ("SYSTEM_DEFINITIONID", definition),
                ("SYSTEM_JOBATTEMPT", attempt),
                ("BUILD_BUILDID", build),
                ("BUILD_REPOSITORY_ID", "r"),
                ("BUILD_SOURCEVERSION", MERGE),
                ("BUILD_SOURCEBRANCH", "refs/heads/main"),
                ("BUILD_REQUESTEDFOR", "Max"),
                ("AGENT_TEMPDIRECTORY", &temporary),
                ("WF_BULK_COMMIT", &commit),
                ("WF_BULK_APPROVERS", GROUP),
                (
                    "SYSTEM_PULLREQUEST_PULLREQUESTID",
                    if is_plan { "7" } else { "" },
                ),
                (
                    "SYSTEM_PULLREQUEST_SOURCECOMMITID",
                    if is_plan { &source } else { "" },
                ),
            ],
        };
        let ledger = ledger.filter(|_| !is_plan);
        all.iter()
            .copied()
            .chain(ledger.map(|ledger| ("WF_BULK_LEDGER", ledger)))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

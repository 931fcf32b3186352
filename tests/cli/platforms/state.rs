//! What a platform knows of one request, in its own words nowhere: `gitlab.rs` and `azure.rs` beside it tell it.

use std::{collections::BTreeMap, path::PathBuf};

/// The person who asks for the change, one who may approve it, and others whose approval is none.
pub(crate) const ANN: u64 = 1;
pub(crate) const BO: u64 = 2;
pub(crate) const GUEST: u64 = 3;
pub(crate) const BOT: u64 = 4;
pub(crate) const OWN: u64 = 5;
pub(crate) const BLOCKED: u64 = 6;
pub(crate) const MAX: u64 = 7;
pub(crate) const STRANGER: u64 = 8;

/// The token of the platform, which no other server may see.
pub(crate) const TOKEN: &str = "platform-token";

/// The merge of the request.
pub(crate) const MERGE: &str = "3333333333333333333333333333333333333333";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    GitLab,
    Azure,
}

/// A comment on the request.
#[derive(Clone, Debug)]
pub(crate) struct Remark {
    pub(crate) person: u64,
    pub(crate) body: String,
    pub(crate) edited: bool,
    pub(crate) by_platform: bool,
}

/// A job that the platform has seen. `id` is a number on GitLab, and the build with the attempt on Azure.
#[derive(Clone, Debug)]
pub(crate) struct SeenJob {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) commit: String,
    pub(crate) began: bool,
}

impl SeenJob {
    /// The pipeline of GitLab, the build of Azure.
    pub(crate) fn pipeline(&self) -> u64 {
        let build = self.id.split('.').next().unwrap().parse().unwrap();
        match self.kind {
            // All attempts of this job are of one pipeline.
            "apply" if !self.id.contains('.') => 9,
            _ => build,
        }
    }
}

#[derive(Debug)]
pub(crate) struct PlatformState {
    pub(crate) platform: Platform,
    /// Where it is served, and where GitLab keeps its artifacts.
    pub(crate) url: String,
    pub(crate) store: String,
    pub(crate) artifacts: PathBuf,
    pub(crate) title: String,
    pub(crate) remarks: Vec<Remark>,
    pub(crate) head: String,
    pub(crate) is_fork: bool,
    /// GitLab: whether the merge has made one commit of all, and no merge commit.
    pub(crate) is_squashed: bool,
    /// How often the merge is asked for before the platform knows of it.
    pub(crate) late: usize,
    /// Azure: what each has voted, and whether as a member of the group of approvers.
    pub(crate) votes: BTreeMap<u64, (i64, bool)>,
    pub(crate) jobs: Vec<SeenJob>,
    /// Whether the jobs get the token of the service.
    pub(crate) has_token: bool,
    /// Each request, with its authorization.
    pub(crate) requests: Vec<(String, String)>,
    /// Azure: where an artifact is said to be, in the place of where it is.
    pub(crate) elsewhere: Option<String>,
    /// The part of an address that is answered with an error of the server, and how often.
    pub(crate) failing: Option<(&'static str, usize)>,
    /// What another job comments while this one is making its comment.
    pub(crate) rival: Option<String>,
    /// GitLab: where the branch began, the target branch and the branch, in a pipeline for merged results.
    pub(crate) merged_results: Option<[String; 3]>,
    /// How many pipelines other schedules have started since.
    pub(crate) other_pipelines: u64,
    /// The ledger of the jobs.
    pub(crate) ledger: Option<&'static str>,
}

/// Name, whether it is a person, and whether that person may log in. From 100 on they are people who may approve.
pub(crate) fn person(id: u64) -> (String, bool, bool) {
    let (name, is_human, is_active) = match id {
        ANN => ("ann", true, true),
        BO => ("bo", true, true),
        GUEST => ("guest", true, true),
        BOT => ("project_7_bot_1", false, true),
        OWN => ("project_7_bot_2", false, true),
        BLOCKED => ("blocked", true, false),
        MAX => ("max", true, true),
        STRANGER => ("stranger", true, true),
        other => return (format!("person-{other}"), true, true),
    };
    (name.to_owned(), is_human, is_active)
}

/// GitLab's level of access: 30 may push.
pub(crate) fn access(id: u64) -> Option<u64> {
    match id {
        GUEST => Some(20),
        STRANGER => None,
        MAX | BOT => Some(40),
        _ => Some(30),
    }
}

/// The moment of a comment, which are a second apart.
pub(crate) fn moment(index: usize) -> String {
    format!("2026-11-27T10:00:{index:02}Z")
}

/// The user of the token comments, and gets the id of the comment.
pub(crate) fn commented(state: &mut PlatformState, body: String) -> usize {
    for body in state.rival.take().into_iter().chain([body]) {
        state.remarks.push(Remark {
            person: OWN,
            body,
            edited: false,
            by_platform: false,
        });
    }
    state.remarks.len()
}

/// A comment is deleted. Its place stays, since the ids of the others are theirs.
pub(crate) fn deleted(state: &mut PlatformState, id: &str) -> Reply {
    let remark = &mut state.remarks[id.parse::<usize>().unwrap() - 1];
    *remark = Remark {
        by_platform: true,
        body: "deleted".to_owned(),
        ..remark.clone()
    };
    Reply::Json(serde_json::json!({}))
}

/// What the platform answers.
pub(crate) enum Reply {
    Json(serde_json::Value),
    Bytes(Vec<u8>),
    Redirect(String),
    NotFound,
    Unavailable,
}

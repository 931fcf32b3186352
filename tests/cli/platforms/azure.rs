//! The API of Azure DevOps, as far as the scripts ask it: form and words are those of its documentation.

use serde_json::{Value, json};

use super::{
    server::zipped,
    state::{
        MERGE, OWN, PlatformState, Remark, Reply, SeenJob, access, commented, deleted, person,
    },
};

pub(crate) const GROUP: &str = "00000000-0000-4000-8000-00000000000a";

pub(crate) fn answer(state: &mut PlatformState, method: &str, target: &str, body: &str) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let is_versioned = query.ends_with("api-version=7.1");
    assert!(
        is_versioned || parts.contains(&"connectionData") || parts.contains(&"drop"),
        "{target}"
    );
    match (method, &parts[..]) {
        ("GET", ["o", "_apis", "connectionData"]) => {
            Reply::Json(json!({"authenticatedUser": {"id": guid(OWN)}}))
        }
        ("GET", ["o", "p", "drop", build, name]) => {
            let folder = state.artifacts.join(build);
            if folder.join(name).is_dir() {
                Reply::Bytes(zipped(&folder, name))
            } else {
                Reply::NotFound
            }
        }
        ("GET", ["o", "p", "_apis", "build", "builds"]) => Reply::Json(builds(state, query)),
        ("GET", ["o", "p", "_apis", "build", "builds", id]) => {
            let found = state
                .jobs
                .iter()
                .find(|seen| seen.pipeline().to_string() == *id);
            found.map_or(Reply::NotFound, |seen| Reply::Json(build(seen)))
        }
        ("GET", ["o", "p", "_apis", "build", "builds", id, "artifacts"]) => {
            artifacts(state, id, query)
        }
        (_, ["o", "p", "_apis", "git", "repositories", "r", rest @ ..]) => {
            repository(state, method, rest, body)
        }
        _ => Reply::NotFound,
    }
}

fn repository(state: &mut PlatformState, method: &str, rest: &[&str], body: &str) -> Reply {
    match (method, rest) {
        ("GET", ["pullRequests", "7"]) => Reply::Json(pull_request(state)),
        ("POST", ["pullrequestquery"]) => {
            let asked: Value = serde_json::from_str(body).unwrap();
            assert_eq!(
                asked["queries"],
                json!([{"type": "lastMergeCommit", "items": [MERGE]}])
            );
            let mut abandoned = pull_request(state);
            abandoned["status"] = "abandoned".into();
            abandoned["pullRequestId"] = 6.into();
            Reply::Json(json!({"results": [{MERGE: [abandoned, pull_request(state)]}]}))
        }
        ("GET", ["commits", id]) => {
            // The merge of a head with its target.
            let head: String = id.chars().rev().collect();
            Reply::Json(json!({"parents": ["base", head]}))
        }
        ("GET", ["pullRequests", "7", "threads"]) => {
            let threads = state.remarks.iter().enumerate().map(thread);
            Reply::Json(json!({"value": threads.collect::<Vec<_>>()}))
        }
        ("POST", ["pullRequests", "7", "threads"]) => {
            let thread: Value = serde_json::from_str(body).unwrap();
            assert_eq!(
                thread["status"], "closed",
                "an open thread may stop the merge"
            );
            let body = thread["comments"][0]["content"]
                .as_str()
                .unwrap()
                .to_owned();
            Reply::Json(json!({"id": commented(state, body), "comments": [{"id": 1}]}))
        }
        ("DELETE", ["pullRequests", "7", "threads", id, "comments", "1"]) => deleted(state, id),
        ("PATCH", ["pullRequests", "7", "threads", id, "comments", "1"]) => {
            let comment: Value = serde_json::from_str(body).unwrap();
            let remark = &mut state.remarks[id.parse::<usize>().unwrap() - 1];
            comment["content"]
                .as_str()
                .unwrap()
                .clone_into(&mut remark.body);
            remark.edited = true;
            Reply::Json(json!({}))
        }
        _ => Reply::NotFound,
    }
}

/// A moment in as many digits as it needs, or in more. Every second one is half a second after the one before.
fn published(index: usize, more: &str) -> String {
    let (second, part) = (index.div_ceil(2), ["", ".5"][(index + 1) % 2]);
    let part = match (part, more) {
        ("", "") => String::new(),
        ("", more) => format!(".{more}"),
        (part, more) => format!("{part}{more}"),
    };
    format!("2026-11-27T10:00:{second:02}{part}Z")
}

fn guid(id: u64) -> String {
    format!("00000000-0000-4000-8000-{id:012}")
}

fn thread((index, remark): (usize, &Remark)) -> Value {
    let (login, human, _) = person(remark.person);
    let edited = if remark.edited {
        "2026-11-28T10:00:00Z".to_owned()
    } else {
        published(index, "00")
    };
    let service = if human { "aad" } else { "svc" };
    json!({"id": index + 1, "isDeleted": false, "comments": [
        {"id": 1, "commentType": if remark.by_platform { "system" } else { "text" }, "content": remark.body,
            "publishedDate": published(index, ""), "lastUpdatedDate": "2026-11-29T10:00:00Z", "lastContentUpdatedDate": edited,
            "author": {"id": guid(remark.person), "uniqueName": login, "descriptor": format!("{service}.x{}", remark.person)}},
        {"id": 2, "commentType": "text", "isDeleted": true, "publishedDate": "2026-11-30T10:00:00Z",
            "author": {"id": guid(remark.person), "uniqueName": login, "descriptor": format!("{service}.x")}},
    ]})
}

fn pull_request(state: &PlatformState) -> Value {
    let reviewer = |(id, (vote, of_group)): (&u64, &(i64, bool))| {
        let groups = if *of_group {
            json!([{"id": GROUP, "vote": vote, "isContainer": true}])
        } else {
            json!([])
        };
        json!({"id": guid(*id), "vote": vote, "votedFor": groups})
    };
    let mut reviewers: Vec<Value> = state.votes.iter().map(reviewer).collect();
    reviewers.push(json!({"id": GROUP, "vote": 10, "isContainer": true, "isRequired": true}));
    let mut request = json!({
        "pullRequestId": 7, "title": state.title, "description": "As agreed.\r\nTicket: OPS-4711\r\n",
        "status": "completed", "createdBy": {"id": guid(1), "uniqueName": "ann"}, "targetRefName": "refs/heads/main",
        "closedBy": {"id": guid(7), "uniqueName": "max"}, "lastMergeSourceCommit": {"commitId": state.head},
        "lastMergeCommit": {"commitId": MERGE}, "reviewers": reviewers,
    });
    if state.is_fork {
        request["forkSource"] = json!({"repository": {"id": "another"}});
    }
    request
}

fn build(seen: &SeenJob) -> Value {
    let (reason, branch, version) = match seen.kind {
        "plan" => (
            "pullRequest",
            "refs/pull/7/merge",
            seen.commit.chars().rev().collect(),
        ),
        "apply" => ("individualCI", "refs/heads/main", seen.commit.clone()),
        "foreign night" => ("manual", "refs/heads/main", seen.commit.clone()),
        _ => ("schedule", "refs/heads/main", seen.commit.clone()),
    };
    json!({"id": seen.pipeline(), "reason": reason, "sourceBranch": branch, "sourceVersion": version,
        "repository": {"id": "r"}})
}

/// Those of one pipeline: its number is that of the kind of job.
fn builds(state: &PlatformState, query: &str) -> Value {
    let kind = if query.starts_with("definitions=2&branchName=refs/heads/main&") {
        "apply"
    } else {
        "night"
    };
    let mut builds: Vec<Value> = state
        .jobs
        .iter()
        .filter(|seen| seen.kind.trim_start_matches("foreign ") == kind)
        .map(build)
        .collect();
    builds.dedup();
    builds.reverse();
    json!({"value": builds})
}

fn artifacts(state: &PlatformState, id: &str, query: &str) -> Reply {
    let mut names: Vec<String> = std::fs::read_dir(state.artifacts.join(id))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let artifact = |name: &String| {
        let url = format!("{}/o/p/drop/{id}/{name}?format=zip", state.url);
        json!({"name": name, "resource": {"downloadUrl": state.elsewhere.clone().unwrap_or(url)}})
    };
    let Some(asked) = query.strip_prefix("artifactName=") else {
        return Reply::Json(json!({"value": names.iter().map(artifact).collect::<Vec<_>>()}));
    };
    let asked = asked.split('&').next().unwrap();
    let found = names.iter().find(|name| *name == asked);
    found.map_or(Reply::NotFound, |name| Reply::Json(artifact(name)))
}

/// What Azure's agent leaves of GitLab's levels: who may approve is a vote.
pub(crate) fn default_votes() -> std::collections::BTreeMap<u64, (i64, bool)> {
    (1..=8)
        .chain(100..130)
        .map(|id| (id, (10, access(id).is_some_and(|level| level >= 30))))
        .collect()
}

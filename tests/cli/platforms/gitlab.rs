//! GitLab's API, as far as the scripts ask it: form and words are those of its documentation.

use serde_json::{Value, json};

use super::{
    server::zipped,
    state::{
        MERGE, PlatformState, Remark, Reply, SeenJob, access, commented, deleted, moment, person,
    },
};

/// The pipelines of other schedules have ids from here on.
const OTHERS: u64 = 1_000_000;

const PROJECT: &str = "/api/v4/projects/7/";

pub(crate) fn answer(state: &mut PlatformState, method: &str, target: &str, body: &str) -> Reply {
    if target == "/api/graphql" {
        return Reply::Json(notes(state, &serde_json::from_str(body).unwrap()));
    }
    let Some(path) = target.strip_prefix(PROJECT) else {
        return Reply::NotFound;
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').collect();
    match (method, &parts[..]) {
        ("GET", ["merge_requests", "7"]) => Reply::Json(merge_request(state)),
        ("GET", ["repository", "commits", MERGE, "merge_requests"]) => {
            let merged = state.late == 0;
            state.late = state.late.saturating_sub(1);
            let mut other = merge_request(state);
            other["merge_commit_sha"] = state.head.clone().into();
            other["iid"] = 6.into();
            let found = if merged {
                vec![other, merge_request(state)]
            } else {
                vec![]
            };
            Reply::Json(found.into())
        }
        ("GET", ["members", "all", id]) => {
            let id = id.parse().unwrap();
            let Some(level) = access(id) else {
                return Reply::NotFound;
            };
            let state = if person(id).2 { "active" } else { "blocked" };
            Reply::Json(json!({"id": id, "state": state, "access_level": level}))
        }
        ("POST", ["merge_requests", "7", "notes"]) => {
            Reply::Json(json!({"id": commented(state, text(body))}))
        }
        ("DELETE", ["merge_requests", "7", "notes", id]) => deleted(state, id),
        ("PUT", ["merge_requests", "7", "notes", id]) => {
            let remark = &mut state.remarks[id.parse::<usize>().unwrap() - 1];
            remark.body = text(body);
            remark.edited = true;
            Reply::Json(json!({}))
        }
        ("GET", ["jobs", id]) => {
            found(state, id).map_or(Reply::NotFound, |seen| Reply::Json(job(&seen)))
        }
        ("GET", ["jobs", id, "artifacts"]) => {
            if !state.artifacts.join(id).join("kept").is_dir() {
                return Reply::NotFound;
            }
            Reply::Redirect(format!("{}/{id}", state.store))
        }
        ("GET", ["jobs", id, "artifacts", "review", "review.plan"]) => {
            let plan = state.artifacts.join(id).join("review/review.plan");
            std::fs::read(plan).map_or(Reply::NotFound, Reply::Bytes)
        }
        (_, ["pipelines", rest @ ..]) => pipelines(state, rest, query),
        _ => Reply::NotFound,
    }
}

fn pipelines(state: &PlatformState, rest: &[&str], query: &str) -> Reply {
    match rest {
        [] => {
            let is_asked = |seen: &&SeenJob| match query.strip_prefix("sha=") {
                Some(rest) => seen.kind == "apply" && rest.starts_with(&seen.commit),
                None => {
                    seen.kind == "night" && query.starts_with("source=schedule&updated_after=20")
                }
            };
            let others = if query.starts_with("source=schedule") {
                state.other_pipelines
            } else {
                0
            };
            let mut ids: Vec<u64> = state
                .jobs
                .iter()
                .filter(is_asked)
                .map(SeenJob::pipeline)
                .collect();
            ids.sort_unstable();
            ids.dedup();
            ids.extend(OTHERS..OTHERS + others);
            ids.reverse();
            let page: usize = query.rsplit("&page=").next().unwrap().parse().unwrap();
            let page = ids.chunks(100).nth(page - 1).unwrap_or_default();
            Reply::Json(page.iter().map(|id| json!({"id": id})).collect())
        }
        [id, "jobs"] if id.parse::<u64>().unwrap() >= OTHERS => Reply::Json(json!([])),
        [id, "jobs"] => {
            // The newest first, with those that were retried, a page of 100.
            assert!(
                query.starts_with("include_retried=true&per_page=100&page="),
                "{query}"
            );
            let page: usize = query.rsplit('=').next().unwrap().parse().unwrap();
            let id: u64 = id.parse().unwrap();
            let of_other_jobs = (0..100)
                .map(|number| json!({"id": 1000 + number, "name": "other", "started_at": "2026"}));
            let own = state
                .jobs
                .iter()
                .filter(|seen| seen.pipeline() == id)
                .map(job);
            let all: Vec<Value> = of_other_jobs.chain(own).collect();
            Reply::Json(
                all.chunks(100)
                    .nth(page - 1)
                    .unwrap_or_default()
                    .to_vec()
                    .into(),
            )
        }
        _ => Reply::NotFound,
    }
}

/// The archive, on the server that a redirect leads to.
pub(crate) fn stored(state: &PlatformState, target: &str) -> Reply {
    Reply::Bytes(zipped(
        &state.artifacts.join(target.trim_start_matches('/')),
        "kept",
    ))
}

fn text(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    let text = body["body"].as_str().unwrap();
    assert!(
        !text.lines().any(|line| line.trim_start().starts_with('/')),
        "a quick action: {text}"
    );
    text.to_owned()
}

fn found(state: &PlatformState, id: &str) -> Option<SeenJob> {
    state.jobs.iter().find(|seen| seen.id == id).cloned()
}

fn job(seen: &SeenJob) -> Value {
    // A pipeline for merged results has the merge as its commit.
    let (reference, sha, parents) = match seen.kind {
        "plan" => (
            "refs/merge-requests/7/head",
            seen.commit.clone(),
            json!(["base"]),
        ),
        "merged plan" => (
            "refs/merge-requests/7/merge",
            "merge".to_owned(),
            json!(["base", seen.commit]),
        ),
        _ => ("main", seen.commit.clone(), json!([])),
    };
    let name = seen
        .kind
        .trim_start_matches("merged ")
        .trim_start_matches("foreign ");
    json!({
        "id": seen.id.parse::<u64>().unwrap(), "name": format!("wf-bulk-{name}"),
        "tag": seen.kind.starts_with("foreign "), "started_at": seen.began.then_some("2026-11-27T11:00:00Z"),
        "pipeline": {"id": seen.pipeline(), "ref": reference, "sha": sha},
        "commit": {"id": sha, "parent_ids": parents},
    })
}

fn merge_request(state: &PlatformState) -> Value {
    json!({
        "iid": 7, "title": state.title, "description": "As agreed.\r\nTicket: OPS-4711\r\n", "state": "merged",
        "author": {"id": 1, "username": "ann"}, "web_url": "https://localhost/g/r/-/merge_requests/7",
        "sha": state.head, "merge_user": {"id": 7, "username": "max"}, "target_branch": "main",
        "source_project_id": if state.is_fork { 8 } else { 7 }, "target_project_id": 7,
        "merge_commit_sha": (!state.is_squashed).then_some(MERGE),
        "squash_commit_sha": state.is_squashed.then_some(MERGE),
    })
}

/// Two notes a page.
fn notes(state: &PlatformState, request: &Value) -> Value {
    let variables = &request["variables"];
    assert_eq!(
        (&variables["path"], &variables["iid"]),
        (&json!("g/r"), &json!("7"))
    );
    let start: usize = variables["after"]
        .as_str()
        .map_or(0, |cursor| cursor.parse().unwrap());
    let end = (start + 2).min(state.remarks.len());
    let node = |(index, remark): (usize, &Remark)| {
        let (login, human, active) = person(remark.person);
        json!({
            "id": format!("gid://gitlab/DiscussionNote/{}", index + 1), "body": remark.body,
            "system": remark.by_platform, "imported": false, "createdAt": moment(index),
            "lastEditedAt": remark.edited.then_some("2026-11-28T10:00:00Z"),
            "author": {"id": format!("gid://gitlab/User/{}", remark.person), "username": login, "bot": !human,
                "state": if active { "active" } else { "blocked" }},
        })
    };
    let nodes: Vec<Value> = state
        .remarks
        .iter()
        .enumerate()
        .skip(start)
        .take(end - start)
        .map(node)
        .collect();
    json!({"data": {
        "currentUser": {"id": "gid://gitlab/User/5"},
        "project": {"mergeRequest": {"notes": {
            "pageInfo": {"hasNextPage": end < state.remarks.len(), "endCursor": end.to_string()}, "nodes": nodes,
        }}},
    }})
}

//! What the page and the workflows have to look like, without doing it.

use serde_json::json;
use wf_bulk::cli::Cli;

use crate::workflow::{documented, workflow};

#[test]
fn the_commands_on_the_page_can_be_written_like_that() {
    let page = documented("ci.md");
    let lines = page
        .lines()
        .filter_map(|line| line.strip_prefix("$ wf-bulk "));
    let mut number = 0;
    for line in lines {
        let words = line.split('#').next().unwrap().split_whitespace();
        let words = ["wf-bulk"].into_iter().chain(words);
        if let Err(error) = Cli::read(words.map(Into::into)) {
            panic!("{line}: {error}");
        }
        number += 1;
    }
    assert!(number >= 2);
}

#[test]
fn the_workflows_have_no_more_rights_than_they_need_and_nothing_that_moves() {
    for name in ["plan", "apply", "nightly"] {
        let workflow = workflow(name);
        assert_eq!(workflow["permissions"], json!({}), "{name}");
        assert!(workflow["on"]["pull_request_target"].is_null());
        for (id, job) in workflow["jobs"].as_object().unwrap() {
            assert!(job["permissions"].is_object(), "{name}, {id}");
            assert!(job["timeout-minutes"].is_u64(), "{name}, {id}");
            for step in job["steps"].as_array().unwrap() {
                let Some(action) = step["uses"].as_str() else {
                    let script = step["run"].as_str().unwrap();
                    assert!(!script.contains("${{"), "{name}, {id}: {script}");
                    continue;
                };
                let commit = action.split_once('@').map(|(_, commit)| commit);
                let is_pinned = commit.is_some_and(|commit| {
                    commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
                });
                assert!(is_pinned || action.starts_with("./"), "{action}");
            }
        }
    }
    let apply = workflow("apply");
    assert_eq!(apply["jobs"]["apply"]["environment"], "wf-bulk-apply");
    assert!(apply["jobs"]["approved"]["environment"].is_null());
}

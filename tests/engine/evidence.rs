//! What the sandbox's ledger says of requests: when they came, in which order, and what became of them.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::{
    judge::{Planned, writes},
    ledger::Ledger,
    records::Records,
};

/// A request of the API on the ledger.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Its line in the plan, if it is a planned write.
    pub(crate) line: Option<u64>,
    /// The execution that it names, if the plan has it.
    pub(crate) execution: Option<String>,
    pub(crate) is_write: bool,
    /// Milliseconds by the sandbox's monotonic clock.
    pub(crate) ms: u64,
    pub(crate) unix_ms: i64,
    /// None if the connection was closed without an answer.
    pub(crate) status: Option<u64>,
}

/// The requests after number `since`, in the order of their arrival.
pub(crate) fn seen(planned: &[Planned], ledger: &Ledger, since: u64) -> Vec<Seen> {
    let writes: HashMap<u64, Option<u64>> = writes(planned, ledger)
        .into_iter()
        .map(|(line, request)| (number(request, "seq"), line))
        .collect();
    let executions: HashSet<&str> = planned
        .iter()
        .map(|planned| planned.execution.as_str())
        .collect();
    let requests = ledger.requests().iter().filter(|request| {
        let is_of_the_api = !request["path"].as_str().unwrap().starts_with("/_sandbox");
        is_of_the_api && number(request, "seq") > since
    });
    requests
        .map(|request| {
            let mut parts = request["path"].as_str().unwrap().split('/');
            let write = writes.get(&number(request, "seq"));
            Seen {
                line: write.copied().flatten(),
                is_write: write.is_some(),
                execution: parts
                    .find(|part| executions.contains(part))
                    .map(str::to_owned),
                ms: number(request, "ms"),
                unix_ms: request["unix_ms"].as_i64().unwrap(),
                status: request["status"].as_u64(),
            }
        })
        .collect()
}

fn number(request: &Value, name: &str) -> u64 {
    request[name].as_u64().unwrap()
}

/// In every window there were at most `rate`·t + `burst` requests, and one more for the jitter of the arrivals.
#[track_caller]
pub(crate) fn expect_pace(seen: &[Seen], rate: u64, burst: u64) {
    for (from, first) in seen.iter().enumerate() {
        for (to, last) in seen.iter().enumerate().skip(from) {
            let (requests, passed_ms) = ((to - from + 1) as u64, last.ms - first.ms);
            assert!(
                requests * 1000 <= rate * passed_ms + (burst + 1) * 1000,
                "{requests} requests in {passed_ms} ms"
            );
        }
    }
}

/// Of each execution, no request came before the one before it was answered, which took at least `answer_ms`; and changes were sent in the
/// order of the plan. Those alone that were in doubt may come later: others go on until it is decided.
#[track_caller]
pub(crate) fn expect_order(seen: &[Seen], answer_ms: u64, records: &Records) {
    let mut last: HashMap<&str, u64> = HashMap::new();
    let mut latest: HashMap<&str, u64> = HashMap::new();
    let mut sent: HashSet<u64> = HashSet::new();
    for seen in seen {
        let Some(execution) = seen.execution.as_deref() else {
            continue;
        };
        if let Some(before) = last.insert(execution, seen.ms) {
            // Both are cut to whole milliseconds.
            assert!(
                seen.ms + 1 >= before + answer_ms,
                "two requests about {execution} were under way at {} ms",
                seen.ms
            );
        }
        if let Some(line) = seen.line
            && records.started[&line] == 1
            && sent.insert(line)
        {
            let earlier = latest.insert(execution, line);
            assert!(
                earlier.is_none_or(|earlier| earlier < line),
                "line {line} was sent after line {earlier:?}"
            );
        }
    }
}

/// No change was sent once more after it was made.
#[track_caller]
pub(crate) fn expect_nothing_after_success(seen: &[Seen]) {
    let mut done: HashMap<u64, u64> = HashMap::new();
    for seen in seen {
        let Some(line) = seen.line else {
            continue;
        };
        if let Some(before) = done.get(&line) {
            panic!(
                "line {line} was done at {before} ms and sent at {} ms",
                seen.ms
            );
        }
        if seen.status.is_some_and(|status| status < 300) {
            done.insert(line, seen.ms);
        }
    }
}

/// No write of a later stage came before the last one of an earlier stage. `ends`: executions before each later stage.
#[track_caller]
pub(crate) fn expect_stages(planned: &[Planned], seen: &[Seen], ends: &[usize]) {
    let mut executions: Vec<&str> = planned
        .iter()
        .map(|planned| planned.execution.as_str())
        .collect();
    executions.dedup();
    let stage_of_execution: HashMap<&str, usize> = executions
        .iter()
        .enumerate()
        .map(|(place, execution)| (*execution, ends.iter().filter(|end| place >= **end).count()))
        .collect();
    let stage_of_line: HashMap<u64, usize> = planned
        .iter()
        .map(|planned| (planned.line, stage_of_execution[planned.execution.as_str()]))
        .collect();
    let stages: Vec<usize> = seen
        .iter()
        .filter_map(|seen| seen.line.map(|line| stage_of_line[&line]))
        .collect();
    assert!(stages.is_sorted(), "{stages:?}");
}

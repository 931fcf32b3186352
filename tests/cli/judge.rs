//! What really happened, told from the plan and the sandbox's ledger alone: what the client says of itself is no evidence.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, fs,
    path::Path,
};

use serde_json::Value;
use wf_bulk_sandbox::body_hash;

use crate::ledger::Ledger;

/// The client counts the time that makes a read conclusive from when it sent, the ledger from when a request arrived. On a
/// busy machine these are some milliseconds apart.
const ARRIVAL_MS: i64 = 100;

/// One change of a plan.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Its line in the plan, from 1, as the checkpoint counts.
    pub(crate) line: u64,
    pub(crate) execution: String,
    /// `safe`, `readable` or `once`.
    pub(crate) repeat: String,
    pub(crate) request: Asked,
}

/// What makes two requests the same: method, path with query, body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    method: String,
    path: String,
    body: u64,
}

/// What the ledger says against a run. All of it is empty after a good one.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) planned: usize,
    /// Requests of all kinds, reads too.
    pub(crate) requests: usize,
    /// Changes without an effect.
    pub(crate) lost: Vec<String>,
    /// Changes with more than one.
    pub(crate) doubled: Vec<String>,
    /// Repetitions of what may not be repeated unless it is known to have had no effect.
    pub(crate) blind: Vec<String>,
    /// Writes that nobody planned.
    pub(crate) foreign: Vec<String>,
}

impl Asked {
    fn planned(request: &Value) -> Self {
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        let body = request.get("body").map(ToString::to_string);
        Self {
            method: text("method"),
            path: text("path"),
            body: body_hash(body.unwrap_or_default().as_bytes()),
        }
    }

    fn seen(request: &Value) -> Self {
        let path = request["path"].as_str().unwrap();
        let query = request["query"].as_str();
        Self {
            method: request["method"].as_str().unwrap().to_owned(),
            path: query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")),
            body: request["body"].as_u64().unwrap(),
        }
    }
}

/// The changes of a plan file.
pub(crate) fn planned(plan: &Path) -> Vec<Planned> {
    let text = fs::read_to_string(plan).unwrap();
    let lines = (1..).zip(text.lines());
    let changes = lines.filter(|(_, line)| line.starts_with("{\"change\""));
    changes
        .map(|(line, text)| {
            let change: Value = serde_json::from_str(text).unwrap();
            Planned {
                line,
                execution: change["group"].as_str().unwrap().to_owned(),
                repeat: change["repeat"].as_str().unwrap().to_owned(),
                request: Asked::planned(&change["request"]),
            }
        })
        .collect()
}

/// The writes on the ledger, each with the plan line that it is of, or none.
pub(crate) fn writes<'a>(planned: &[Planned], ledger: &'a Ledger) -> Vec<(Option<u64>, &'a Value)> {
    let lines: HashMap<&Asked, u64> = planned
        .iter()
        .map(|planned| (&planned.request, planned.line))
        .collect();
    assert_eq!(lines.len(), planned.len(), "two changes are one request");
    let requests = ledger.requests().iter();
    let writes = requests.filter(|request| {
        request["method"] != "GET" && !request["path"].as_str().unwrap().ends_with(":search")
    });
    writes
        .map(|request| (lines.get(&Asked::seen(request)).copied(), request))
        .collect()
}

/// Compares a plan with what the sandbox was asked and what it did. A read shows what a request did not do `settle_ms`
/// after it. Lines in `undecided` ended without anybody knowing: these may have had no effect.
pub(crate) fn judge(
    planned: &[Planned],
    ledger: &Ledger,
    settle_ms: i64,
    undecided: &BTreeSet<u64>,
) -> Verdict {
    assert_eq!(
        ledger.0["requests_forgotten"], 0,
        "the ledger is no witness of all"
    );
    let mut verdict = Verdict {
        planned: planned.len(),
        requests: ledger.requests().len(),
        ..Verdict::default()
    };
    let mut effects: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for effect in ledger.effects() {
        let request = effect["request"].as_u64().unwrap();
        effects.entry(request).or_default().push(effect);
    }
    let mut by_line: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for (line, request) in writes(planned, ledger) {
        match line {
            Some(line) => by_line.entry(line).or_default().push(request),
            None => verdict.foreign.push(request.to_string()),
        }
    }
    for planned in planned {
        let none = Vec::new();
        let requests = by_line.get(&planned.line).unwrap_or(&none);
        let of = |request: &&&Value| {
            effects.get(&seq(request)).map_or(0, |effects| {
                let counts = |effect: &&&Value| planned.repeat != "safe" || changes_a_field(effect);
                effects.iter().filter(counts).count()
            })
        };
        let seen: usize = requests.iter().map(|request| of(&request)).sum();
        if seen == 0 && !undecided.contains(&planned.line) {
            verdict.lost.push(format!("{planned:?}: {requests:?}"));
        }
        if seen > 1 {
            verdict.doubled.push(format!("{planned:?}: {requests:?}"));
        }
        for (place, later) in requests.iter().enumerate() {
            let blind = |earlier: &&&Value| {
                is_blind(planned, ledger, (earlier, of(earlier)), later, settle_ms)
            };
            if let Some(earlier) = requests[..place].iter().find(blind) {
                verdict
                    .blind
                    .push(format!("{planned:?}: {earlier} and {later}"));
            }
        }
    }
    verdict
}

/// Absolute values that are written a second time change nothing but the stamp.
fn changes_a_field(effect: &Value) -> bool {
    let fields = effect["fields"].as_object().unwrap();
    fields.keys().any(|name| name != "updated_at")
}

/// Whether the later request was sent although nobody could know that the earlier one had done nothing.
fn is_blind(
    planned: &Planned,
    ledger: &Ledger,
    (earlier, effects): (&Value, usize),
    later: &Value,
    settle_ms: i64,
) -> bool {
    // Before it was looked at. Any other refusal may come of what the later one had done by then.
    let was_refused = effects == 0 && matches!(earlier["status"].as_u64(), Some(401 | 429));
    if planned.repeat == "safe" || was_refused {
        return false;
    }
    let execution = format!("/{}", planned.execution);
    let conclusive = |read: &Value| {
        read["method"] == "GET"
            && read["path"].as_str().unwrap().ends_with(&execution)
            && (seq(earlier)..seq(later)).contains(&seq(read))
            && at(read) >= at(earlier) + settle_ms - ARRIVAL_MS
    };
    planned.repeat == "once" || effects > 0 || !ledger.requests().iter().any(conclusive)
}

fn seq(entry: &Value) -> u64 {
    entry["seq"].as_u64().unwrap()
}

fn at(entry: &Value) -> i64 {
    entry["unix_ms"].as_i64().unwrap()
}

impl Verdict {
    #[track_caller]
    pub(crate) fn expect_innocent(&self, of: impl fmt::Display) {
        let Self {
            lost,
            doubled,
            blind,
            foreign,
            planned: _,
            requests: _,
        } = self;
        let found: Vec<String> = [
            ("lost", lost),
            ("doubled", doubled),
            ("repeated blindly", blind),
            ("not planned", foreign),
        ]
        .into_iter()
        .flat_map(|(what, found)| found.iter().map(move |found| format!("{what}: {found}")))
        .collect();
        assert!(found.is_empty(), "{of}\n{}", found.join("\n"));
    }
}

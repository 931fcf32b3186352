//! What the simulated service knows: its executions, who changed what and when, and each request that came.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde_json::Value;
use tokio::{sync::mpsc, time::Instant};

use super::{
    Fault,
    rules::{self, AutomationStarted, Habit, Ruling},
};
use crate::api::Operation;

/// Method, path and body: each change of a test's plan has its own.
pub(crate) type Key = String;

/// On whose account something happened: whoever began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    We,
    /// Anybody else, or the service by itself.
    Somebody,
}

/// An execution from a moment on.
#[derive(Clone, Debug)]
pub(crate) struct ExecutionVersion {
    pub(crate) at: Instant,
    pub(crate) who: Who,
    /// What happened, for people.
    pub(crate) what: String,
    /// None: it is not there.
    pub(crate) execution: Option<Value>,
}

/// What the client was told of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientKnows {
    /// A write had no effect; 0 when it never left.
    No(u16),
    /// A write had its effect.
    Yes,
    /// A read showed the execution, or that it is not there.
    Truth,
    /// Nothing that it can build on.
    Nothing,
}

/// A request that reached the network.
#[derive(Clone, Debug)]
pub(crate) struct LoggedRequest {
    pub(crate) at: Instant,
    pub(crate) session: usize,
    pub(crate) execution: String,
    /// None for a read.
    pub(crate) write: Option<Key>,
    /// The client was told that it took no effect.
    pub(crate) denied: bool,
    /// The answer said that it was accepted, and did not show what was written.
    pub(crate) lied: bool,
    /// What the client was told, and when; none while it waits, and when it died waiting.
    pub(crate) told: Option<(ClientKnows, Instant)>,
    pub(crate) fault: Fault,
}

/// What somebody else does.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Sends a request of his own.
    Request(Operation, Option<Value>),
    /// A task or step is taken out.
    Remove(String),
    /// What an automation that ran before the plan ends with.
    AutomationEnds { task: String, fails: bool },
}

/// Something that somebody else does with the `nth` request on an execution, or so long after it.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) execution: String,
    pub(crate) nth: usize,
    pub(crate) after: Duration,
    pub(crate) deed: Deed,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) executions: BTreeMap<String, Value>,
    /// How the tasks behave, by execution and id.
    pub(crate) habits: BTreeMap<(String, String), Habit>,
    /// The effects of requests of ours, in their order.
    pub(crate) ledger: Vec<Key>,
    /// By execution, since its beginning.
    pub(crate) versions: BTreeMap<String, Vec<ExecutionVersion>>,
    pub(crate) log: Vec<LoggedRequest>,
    /// Sessions that have begun.
    pub(crate) session: usize,
    pub(crate) plots: Vec<Plot>,
    /// Each answer that says "not found" has an empty body, as the second generation may.
    pub(crate) silent: bool,
    /// After a write that is answered with "not found", so many reads of its execution fail.
    pub(crate) blind: usize,
    /// By method and path; no fault when it is used up.
    pub(crate) script: BTreeMap<String, VecDeque<Fault>>,
    /// What becomes of all requests after so many more.
    pub(crate) outage: Option<(usize, Fault)>,
    /// By method and path: how much longer the next of these requests take.
    pub(crate) delays: BTreeMap<String, VecDeque<Duration>>,
    /// Reads, by method and path, that are answered once this write has come.
    pub(crate) queued: BTreeMap<String, Key>,
    /// The plan's line and the group of each change.
    pub(crate) lines: BTreeMap<Key, (u64, String)>,
    /// Told when this many more requests have come.
    pub(crate) alarm: Option<(usize, mpsc::UnboundedSender<()>)>,
    pub(crate) writing: BTreeMap<String, usize>,
    /// Most executions that were written to at the same time.
    pub(crate) most_at_once: usize,
    /// Promises that a client broke.
    pub(crate) broken: Vec<String>,
    /// Ids that the service gave.
    ids: u64,
}

impl World {
    pub(crate) fn begin(&mut self, id: &str, execution: Value) {
        let version = ExecutionVersion {
            at: Instant::now(),
            who: Who::We,
            what: "as planned on".to_owned(),
            execution: Some(execution.clone()),
        };
        self.executions.insert(id.to_owned(), execution);
        self.versions.insert(id.to_owned(), vec![version]);
    }

    /// Does what a request asks for, and what follows from it. Gives the automations that have started, too: their ends
    /// are to come.
    pub(crate) fn request(
        &mut self,
        who: Who,
        id: &str,
        operation: &Operation,
        body: Option<&Value>,
    ) -> (Ruling, Vec<AutomationStarted>) {
        let what = || {
            let body = body.map(Value::to_string).unwrap_or_default();
            format!("{:?} {} {body}", operation.method(), operation.path())
        };
        let mut started = Vec::new();
        let answer = self.change(who, id, what, |rules, execution| {
            let answer = rules.request(execution, operation, body);
            started.append(&mut rules.started);
            answer
        });
        (answer, started)
    }

    /// An automation ends, unless its task has gone on without it.
    pub(crate) fn end_automation(
        &mut self,
        who: Who,
        id: &str,
        ended: &AutomationStarted,
    ) -> Vec<AutomationStarted> {
        let mut started = Vec::new();
        self.change(
            who,
            id,
            || format!("the automation of {} ends", ended.task),
            |rules, execution| {
                if let Some(execution) = execution {
                    rules.end_automation(execution, ended);
                }
                started.append(&mut rules.started);
            },
        );
        started
    }

    /// What somebody else does; gives the automations that start by it.
    pub(crate) fn plot(&mut self, id: &str, deed: &Deed) -> Vec<AutomationStarted> {
        match deed {
            Deed::Request(operation, body) => {
                self.request(Who::Somebody, id, operation, body.as_ref()).1
            }
            Deed::Remove(part) => {
                self.change(
                    Who::Somebody,
                    id,
                    || format!("{part} is taken out"),
                    |_, execution| {
                        if let Some(execution) = execution {
                            rules::take_out(execution, part);
                        }
                    },
                );
                Vec::new()
            }
            Deed::AutomationEnds { task, fails } => {
                let running = self
                    .executions
                    .get(id)
                    .and_then(|execution| crate::json::item(execution, "tasks", task))
                    .and_then(|task| task["automation_execution_id"].as_str())
                    .map(str::to_owned);
                let Some(automation) = running else {
                    return Vec::new();
                };
                let ended = AutomationStarted {
                    task: task.clone(),
                    automation,
                    takes: None,
                    fails: *fails,
                };
                self.end_automation(Who::Somebody, id, &ended)
            }
        }
    }

    fn change<T>(
        &mut self,
        who: Who,
        id: &str,
        what: impl FnOnce() -> String,
        change: impl FnOnce(&mut rules::Rules<'_>, &mut Option<Value>) -> T,
    ) -> T {
        let before = self.executions.remove(id);
        let mut execution = before.clone();
        let mut rules = rules::Rules {
            id,
            habits: &self.habits,
            ids: &mut self.ids,
            started: Vec::new(),
        };
        let result = change(&mut rules, &mut execution);
        if let Some(execution) = &execution {
            self.executions.insert(id.to_owned(), execution.clone());
        }
        if execution != before {
            self.versions
                .entry(id.to_owned())
                .or_default()
                .push(ExecutionVersion {
                    at: Instant::now(),
                    who,
                    what: what(),
                    execution,
                });
        }
        result
    }
}

//! What a service for tests knows: its executions, who changed what and when, and each request that came.

mod rules;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde_json::Value;
use tokio::{sync::mpsc, time::Instant};

pub(super) use rules::{Answer, AutomationStarted, Enter, Habit, is_shown, settle_phases};

use super::fake_service::Fault;
use crate::api::Operation;

/// Method, path and body: each change of a test's plan has its own.
pub(super) type Key = String;

/// On whose account something happened: whoever began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    We,
    /// Anybody else, or the service by itself.
    Somebody,
}

/// An execution from a moment on.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) at: Instant,
    pub(super) who: Who,
    /// What happened, for people.
    pub(super) what: String,
    /// None: it is not there.
    pub(super) execution: Option<Value>,
}

/// What the client was told of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
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
pub(super) struct Sent {
    pub(super) at: Instant,
    pub(super) session: usize,
    pub(super) execution: String,
    /// None for a read.
    pub(super) write: Option<Key>,
    /// The client was told that it took no effect.
    pub(super) denied: bool,
    /// The answer said that it was accepted, and did not show what was written.
    pub(super) lied: bool,
    /// What the client was told, and when; none while it waits, and when it died waiting.
    pub(super) told: Option<(Told, Instant)>,
    pub(super) fault: Fault,
}

/// What somebody else does.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// Sends a request of his own.
    Request(Operation, Option<Value>),
    /// A task or step is taken out.
    Remove(String),
    /// What an automation that ran before the plan ends with.
    AutomationEnds { task: String, fails: bool },
}

/// Something that somebody else does with the `nth` request on an execution, or so long after it.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub(super) execution: String,
    pub(super) nth: usize,
    pub(super) after: Duration,
    pub(super) deed: Deed,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) executions: BTreeMap<String, Value>,
    /// How the tasks behave, by execution and id.
    pub(super) habits: BTreeMap<(String, String), Habit>,
    /// The effects of requests of ours, in their order.
    pub(super) ledger: Vec<Key>,
    /// By execution, since its beginning.
    pub(super) moments: BTreeMap<String, Vec<Moment>>,
    pub(super) log: Vec<Sent>,
    /// Sessions that have begun.
    pub(super) session: usize,
    pub(super) plots: Vec<Plot>,
    /// Each answer that says "not found" has an empty body, as the second generation may.
    pub(super) silent: bool,
    /// After a write that is answered with "not found", so many reads of its execution fail.
    pub(super) blind: usize,
    /// By method and path; no fault when it is used up.
    pub(super) script: BTreeMap<String, VecDeque<Fault>>,
    /// What becomes of all requests after so many more.
    pub(super) outage: Option<(usize, Fault)>,
    /// By method and path: how much longer the next of these requests take.
    pub(super) delays: BTreeMap<String, VecDeque<Duration>>,
    /// Reads, by method and path, that are answered once this write has come.
    pub(super) queued: BTreeMap<String, Key>,
    /// The plan's line and the group of each change.
    pub(super) lines: BTreeMap<Key, (u64, String)>,
    /// Told when this many more requests have come.
    pub(super) alarm: Option<(usize, mpsc::UnboundedSender<()>)>,
    pub(super) writing: BTreeMap<String, usize>,
    /// Most executions that were written to at the same time.
    pub(super) most_at_once: usize,
    /// Promises that a client broke.
    pub(super) broken: Vec<String>,
    /// Ids that the service gave.
    ids: u64,
}

impl World {
    pub(super) fn begin(&mut self, id: &str, execution: Value) {
        let moment = Moment {
            at: Instant::now(),
            who: Who::We,
            what: "as planned on".to_owned(),
            execution: Some(execution.clone()),
        };
        self.executions.insert(id.to_owned(), execution);
        self.moments.insert(id.to_owned(), vec![moment]);
    }

    /// Does what a request asks for, and what follows from it. Gives the automations that have started, too: their ends
    /// are to come.
    pub(super) fn request(
        &mut self,
        who: Who,
        id: &str,
        operation: &Operation,
        body: Option<&Value>,
    ) -> (Answer, Vec<AutomationStarted>) {
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
    pub(super) fn end_automation(
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
    pub(super) fn plot(&mut self, id: &str, deed: &Deed) -> Vec<AutomationStarted> {
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
            self.moments.entry(id.to_owned()).or_default().push(Moment {
                at: Instant::now(),
                who,
                what: what(),
                execution,
            });
        }
        result
    }
}

//! Owns the checkpoint, the counts and the reporter; hands groups to workers and processes their messages in order.

mod doubts;
mod intake;
mod pass;
mod stage;
mod traces;

use std::{
    collections::{BTreeMap, HashMap},
    io::BufRead,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, watch},
    time::{Interval, MissedTickBehavior},
};

use doubts::to_look_at;

use super::{
    decide::{ChangeState, Limits},
    error_budget::ErrorBudget,
    failures::Failures,
    group::GroupStream,
    lease::Lease,
    link::{Link, Message},
    worker::Shared,
};
use crate::{
    api::Operation,
    checkpoint::{Checkpoint, PersonAnswer, Record},
    client::{Client, ClientEvent},
    event::{Event, Reporter, StopReason},
    outcome::Counts,
    plan::{PlanError, PlanReader},
};

/// The interval of ticks for reporters: short enough for an estimate that moves.
const TICK: Duration = Duration::from_secs(1);

/// How long a read is valid for writes, since another user may change the execution after it. Long enough for the writes of a usual
/// execution at the default pace, and as short as a user of the service's own pages needs between opening an execution and saving it.
pub const VIEW_LASTS: Duration = Duration::from_secs(5);

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The run's id.
    pub run: String,
    /// The organisation of the plan; none if nothing was read.
    pub org: Option<String>,
    /// Changes in the plan.
    pub planned: u64,
    /// Whether each execution is re-checked.
    pub recheck: bool,
    /// Concurrent groups.
    pub concurrency: usize,
    /// Failures in a row that stop the run.
    pub stop_after: u32,
    /// Changes that may fail over all sessions; the run stops at the last of them.
    pub max_errors: Option<u64>,
    /// The executions of each stage, counted from 0; each is in one stage.
    pub stages: Vec<Range<u64>>,
    /// A person's answers about single changes that earlier sessions left in doubt. They are recorded before anything is sent.
    pub answers: Vec<GivenAnswer>,
    /// A person's answer about all other changes that earlier sessions left in doubt and no read-back can decide.
    pub doubts: Option<DoubtAnswer>,
    /// The maximum number of attempts of a change in one session.
    pub attempts: u32,
    /// How long after an attempt was given up a read-back can prove that it had no effect.
    pub settle: Duration,
    /// A read that is older than this is repeated before a write that depends on it ([`VIEW_LASTS`]).
    pub view_lasts: Duration,
    /// The current time in Unix milliseconds, for people who read the checkpoint. No decision uses it.
    pub now: fn() -> i64,
}

impl Settings {
    pub(super) const fn limits(&self) -> Limits {
        Limits {
            attempts: self.attempts,
            settle: self.settle,
        }
    }
}

/// A person's answer about one change in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GivenAnswer {
    /// The change's line in the plan.
    pub line: u64,
    /// The number of attempts that it is about.
    pub attempt: u32,
    pub answer: PersonAnswer,
}

/// A person's answer about all changes in doubt that no read can decide. There is no `applied`: it would claim an effect of each change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtAnswer {
    /// Send them again.
    Retry,
    /// Leave them in doubt permanently.
    Skip,
}

/// The external inputs of a run.
#[derive(Debug)]
pub struct Signals {
    /// A message requests to finish what is in flight and to stop.
    pub interrupts: mpsc::UnboundedReceiver<()>,
    /// Events of the client.
    pub client_events: mpsc::UnboundedReceiver<ClientEvent>,
    /// Whether requests may leave.
    pub lease: Lease,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResult {
    /// The number of changes with each outcome.
    pub counts: Counts,
    /// Why it stopped early, if it did.
    pub stopped: Option<StopReason>,
    /// `resume` has nothing left to do.
    pub finished: bool,
}

/// Applies a plan.
#[expect(
    missing_debug_implementations,
    reason = "a reporter writes to anything"
)]
pub struct Dispatcher<'a> {
    shared: Arc<Shared>,
    checkpoint: Checkpoint,
    reporter: &'a mut dyn Reporter,
    signals: Signals,
    inbox: mpsc::UnboundedReceiver<Message>,
    link: Link,
    stop: watch::Sender<bool>,
    stopped: Option<StopReason>,
    /// When this session began, by the monotonic clock.
    began: tokio::time::Instant,
    /// When the last attempt of a change without an outcome was started or given up in this session, by plan line.
    given_up: HashMap<u64, tokio::time::Instant>,
    /// The attempts of earlier sessions for changes without an outcome, by plan line.
    inherited: BTreeMap<u64, u32>,
    failures: Failures,
    /// The last successful read of an execution in this session.
    last_read: Option<Operation>,
    /// Whether a change was not sent because the error budget did not permit it then.
    out_of_budget: bool,
    /// The number of records of this session.
    records: u64,
}

/// Whether any of these lines of the plan is wanted; the number is that of the changes among them.
pub type Wanted<'a> = &'a dyn Fn(Range<u64>, u64) -> bool;

/// The groups of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// All with open changes.
    Everything,
    /// Those with a doubt that a read-back may decide.
    Doubts,
}

impl<'a> Dispatcher<'a> {
    pub fn new(
        settings: Settings,
        client: Arc<Client>,
        checkpoint: Checkpoint,
        reporter: &'a mut dyn Reporter,
        signals: Signals,
    ) -> Self {
        let (messages, inbox) = mpsc::unbounded_channel();
        let (stop, stopping) = watch::channel(false);
        let state = checkpoint.state();
        let inherited = state.all_open().map(|(line, open)| (line, open.attempts));
        Self {
            failures: Failures::new(settings.stop_after),
            last_read: None,
            inherited: inherited.collect(),
            shared: Arc::new(Shared {
                client,
                budget: ErrorBudget::new(settings.max_errors, state.errors()),
                settings,
            }),
            checkpoint,
            reporter,
            inbox,
            link: Link::new(messages, stopping, signals.lease.clone()),
            signals,
            stop,
            stopped: None,
            began: tokio::time::Instant::now(),
            given_up: HashMap::new(),
            out_of_budget: false,
            records: 0,
        }
    }

    /// Lets the run read this, which could be read before, to find out whether the service works.
    pub fn with_witness(mut self, read: Option<Operation>) -> Self {
        self.last_read = read;
        self
    }

    /// Executes all changes, or stops early. `plan` opens the plan again for each pass, from its beginning or from some group before the first
    /// lines that are wanted: it may ask with the numbers of some lines, and the number of changes among them.
    ///
    /// # Errors
    ///
    /// If the plan can't be read any more.
    pub async fn run<P: BufRead>(
        mut self,
        mut plan: impl FnMut(Wanted<'_>) -> Result<PlanReader<P>, PlanError>,
    ) -> Result<RunResult, PlanError> {
        self.report(&Event::Started {
            run: self.settings().run.clone(),
            planned: self.settings().planned,
            earlier: self.checkpoint.state().ended().clone(),
        });
        self.record_answers();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let stages = self.settings().stages.clone();
        for (number, stage) in (1..).zip(&stages) {
            if stages.len() > 1 {
                self.report(&Event::Stage {
                    number,
                    of: stages.len(),
                    executions: stage.end - stage.start,
                });
            }
            self.work_off(stage, &mut plan, &mut tick).await?;
            if self.stopped.is_none() && number < stages.len() {
                let groups = GroupStream::within(plan(&|_, _| true)?, stage.clone());
                self.stop_after_stage(number, stage.end, groups)?;
            }
            if self.stopped.is_some() {
                break;
            }
        }
        let everything = 0..u64::MAX;
        let open = self.open_groups(&everything, &mut plan)?;
        self.look_at_doubts(open).await?;
        let open = self.open_groups(&everything, &mut plan)?;
        self.finish(open)
    }

    /// Makes passes over some groups until none of them has open changes, or the run stops.
    async fn work_off<P: BufRead>(
        &mut self,
        groups: &Range<u64>,
        plan: &mut impl FnMut(Wanted<'_>) -> Result<PlanReader<P>, PlanError>,
        tick: &mut Interval,
    ) -> Result<(), PlanError> {
        // While no change may fail any more, doubts are decided first: their outcome may return a slot.
        let mut everything_later = self.shared.budget.used_up().is_some();
        let mut pass = if everything_later {
            Pass::Doubts
        } else {
            Pass::Everything
        };
        let mut has_waited = false;
        // Each change has a limited number of attempts, so the number of passes that write is limited.
        loop {
            let records = self.records;
            let open = self.open_groups(groups, plan)?;
            self.pass(open, pass, tick).await?;
            self.judge_failures().await;
            if self.stopped.is_some() {
                return Ok(());
            }
            // Read-backs that were late enough have proved what they can.
            let proved = has_waited && self.records == records;
            let ages = if proved {
                Vec::new()
            } else {
                self.provable(self.open_groups(groups, plan)?)?
            };
            has_waited = !ages.is_empty();
            if has_waited {
                if !self.settle(&ages, tick).await {
                    return Ok(());
                }
                pass = Pass::Doubts;
                continue;
            }
            let open = self.open_groups(groups, plan)?;
            let to_send = self.answer_doubts(open)? || std::mem::take(&mut everything_later);
            if !to_send && !self.out_of_budget {
                return Ok(());
            }
            if let (false, Some(errors)) = (to_send, self.shared.budget.used_up()) {
                self.drain(StopReason::ErrorBudget { errors });
                return Ok(());
            }
            self.out_of_budget = false;
            pass = Pass::Everything;
        }
    }

    /// The groups of `range` that may have a change without an outcome.
    fn open_groups<P: BufRead>(
        &self,
        range: &Range<u64>,
        plan: &mut impl FnMut(Wanted<'_>) -> Result<PlanReader<P>, PlanError>,
    ) -> Result<GroupStream<P>, PlanError> {
        let state = self.checkpoint.state();
        let reader = plan(&|lines, changes| state.ended_among(lines) < changes)?;
        Ok(GroupStream::within(reader, range.clone()))
    }

    fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Reports the changes in doubt, and closes the checkpoint.
    fn finish<P: BufRead>(mut self, mut groups: GroupStream<P>) -> Result<RunResult, PlanError> {
        // In doubt, or started and not finished.
        let is_open = self.checkpoint.state().all_open().next().is_some();
        while is_open && let Some(group) = groups.next_group()? {
            for planned in group.changes {
                if let ChangeState::Doubtful { may_repeat, .. } = self.standing(&planned) {
                    let event = to_look_at(planned, may_repeat, self.checkpoint.state());
                    self.report(&event);
                }
            }
        }
        let counts = self.checkpoint.state().counts();
        let finished = self.stopped.is_none() && !is_open;
        if finished {
            self.write(
                Record::Finished {
                    at: (self.settings().now)(),
                },
                None,
            );
        }
        self.reporter.finish(Instant::now());
        if let Err(failure) = self.checkpoint.close() {
            // More important than the reason for the stop.
            self.stopped = Some(StopReason::Checkpoint {
                message: failure.to_string(),
            });
        }
        Ok(RunResult {
            counts,
            finished: finished && self.stopped.is_none(),
            stopped: self.stopped,
        })
    }
}

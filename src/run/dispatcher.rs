//! Owns the checkpoint, the counts and the reporter; hands groups to workers and puts what they tell in order.

use std::{
    collections::BTreeMap,
    io::BufRead,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{JoinError, JoinSet},
    time::{Interval, MissedTickBehavior},
};

use super::{
    decide::{Limits, Standing},
    group::{Group, Groups, Planned},
    link::{Ended, Link, Message},
    worker::{Shared, work},
};
use crate::{
    api::Id,
    checkpoint::{Ack, Checkpoint, Outstanding, Record, WriteFailed},
    client::{Client, Notice},
    event::{Drain, Event},
    outcome::{Counts, Outcome},
    plan::{PlanError, Reader, Repeat},
    report::Reporter,
};

/// Clocks are slewed by less than a thousandth (adjtime): after this much more than the settle time by
/// one clock, it is over by the other.
const SLACK: Duration = Duration::from_millis(100);

/// How often reporters see time pass: often enough for a moving estimate.
const TICK: Duration = Duration::from_secs(1);

/// How a run goes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The run's id.
    pub run: String,
    /// The organisation that was planned on; none when nothing was read.
    pub org: Option<String>,
    /// Changes in the plan.
    pub planned: u64,
    /// Whether each execution is read once more before its changes are sent.
    pub recheck: bool,
    /// Groups at the same time.
    pub concurrency: usize,
    /// Failures in a row that stop the run.
    pub stop_after: u32,
    /// A change gets no more attempts than this, over all sessions of the run; save for one in each session when
    /// it is known that none took effect.
    pub attempts: u32,
    /// How long after a send a read can prove that it did not take effect.
    pub settle: Duration,
    /// The present, in Unix milliseconds.
    pub now: fn() -> i64,
}

/// What reaches a run from outside.
#[derive(Debug)]
pub struct Signals {
    /// A message asks to finish what is in flight and to stop.
    pub interrupts: mpsc::UnboundedReceiver<()>,
    /// What the client tells of the service.
    pub notices: mpsc::UnboundedReceiver<Notice>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Every change of the plan, counted once, by how it ended.
    pub counts: Counts,
    /// Why it stopped early, if it did.
    pub stopped: Option<Drain>,
    /// Nothing is left that `resume` could do.
    pub finished: bool,
}

/// Why a run could not be brought to a counted end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Checkpoint(#[from] WriteFailed),
}

/// Applies a plan.
#[expect(
    missing_debug_implementations,
    reason = "a reporter writes to anything"
)]
pub struct Dispatcher<'a> {
    settings: Settings,
    shared: Arc<Shared>,
    checkpoint: Checkpoint,
    reporter: &'a mut dyn Reporter,
    signals: Signals,
    inbox: mpsc::UnboundedReceiver<Message>,
    link: Link,
    stop: watch::Sender<bool>,
    stopped: Option<Drain>,
    /// Ends that this session recorded, and those of earlier sessions.
    ended: Counts,
    /// The attempts that earlier sessions made for changes without an end, by plan line.
    inherited: BTreeMap<u64, u32>,
    failures_in_a_row: u32,
    /// Changes that failed since the last success. If the run stops now, that was the run's trouble and not theirs.
    suspected: Vec<Ended>,
    /// Where the last failure was, and what it was.
    last_failure: Option<(Id, String)>,
    /// Records that this session has written.
    records: u64,
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
        let shared = Arc::new(Shared {
            client,
            recheck: settings.recheck,
            org: settings.org.clone(),
            limits: Limits {
                attempts: settings.attempts,
                settle: settings.settle,
            },
            now: settings.now,
        });
        Self {
            settings,
            shared,
            checkpoint,
            reporter,
            signals,
            inbox,
            link: Link::new(messages, stopping),
            stop,
            stopped: None,
            ended: Counts::default(),
            inherited: BTreeMap::new(),
            failures_in_a_row: 0,
            suspected: Vec::new(),
            last_failure: None,
            records: 0,
        }
    }

    /// Brings all changes of the plan to an end, or stops on the way. `plan` opens the plan anew for each pass.
    ///
    /// # Errors
    ///
    /// When the plan can't be read any more, or the checkpoint's last records can't be written.
    pub async fn run<P: BufRead>(
        mut self,
        mut plan: impl FnMut() -> Result<Reader<P>, PlanError>,
    ) -> Result<End, RunError> {
        self.start(plan()?)?;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut doubts_only = false;
        // Each change has few attempts, so there is a last pass that finds something to write.
        loop {
            let records = self.records;
            self.pass(Groups::new(plan()?), doubts_only, &mut tick)
                .await?;
            self.believe_failures();
            // Its reads were late enough to prove what they can.
            let at_an_end = doubts_only && self.records == records;
            if at_an_end || self.stopped.is_some() {
                break;
            }
            let ages = self.provable(Groups::new(plan()?))?;
            if !self.settle(&ages, &mut tick).await {
                break;
            }
            doubts_only = true;
        }
        self.finish(plan()?)
    }

    /// Takes in, and says, what earlier sessions of the run did.
    fn start<P: BufRead>(&mut self, plan: Reader<P>) -> Result<(), PlanError> {
        let open = self.checkpoint.state().all_open();
        self.inherited = open.map(|(line, open)| (line, open.attempts)).collect();
        let mut groups = Groups::new(plan);
        while let Some(group) = groups.next_group()? {
            for planned in &group.changes {
                if let Some(outcome) = self.checkpoint.state().outcome(planned.line) {
                    self.ended.add(outcome, 1);
                }
            }
        }
        self.report(&Event::Started {
            run: self.settings.run.clone(),
            planned: self.settings.planned,
            earlier: self.ended.clone(),
        });
        Ok(())
    }

    /// Hands every group that has something to do to a worker.
    async fn pass<P: BufRead>(
        &mut self,
        mut groups: Groups<P>,
        doubts_only: bool,
        tick: &mut Interval,
    ) -> Result<(), PlanError> {
        let mut workers = JoinSet::new();
        let mut more = true;
        let mut result = Ok(());
        loop {
            while more && self.stopped.is_none() && workers.len() < self.settings.concurrency {
                match groups.next_group() {
                    Ok(Some(group)) => self.hand_over(group, doubts_only, &mut workers),
                    Ok(None) => more = false,
                    Err(error) => {
                        result = Err(error);
                        more = false;
                        self.stop.send_replace(true);
                    }
                }
            }
            if workers.is_empty() {
                return result;
            }
            tokio::select! {
                biased;
                // What comes seldom is asked first, so that a flood of messages can't hide it.
                Some(()) = self.signals.interrupts.recv() => self.drain(Drain::Interrupted),
                _ = tick.tick() => self.reporter.tick(Instant::now()),
                Some(notice) = self.signals.notices.recv() => self.tell(notice),
                Some(message) = self.inbox.recv() => self.take(message),
                Some(ended) = workers.join_next() => self.joined(ended),
            }
        }
    }

    fn hand_over(&self, group: Group, doubts_only: bool, workers: &mut JoinSet<()>) {
        let standings: Vec<Standing> = group
            .changes
            .iter()
            .map(|planned| self.standing(planned))
            .collect();
        let outstanding = |(standing, planned): (&Standing, &Planned)| match standing {
            Standing::Ended(_) => false,
            Standing::Waiting { .. } => !doubts_only,
            Standing::Doubtful { .. } => can_be_proved(planned),
        };
        if standings.iter().zip(&group.changes).any(outstanding) {
            let (shared, link) = (Arc::clone(&self.shared), self.link.clone());
            workers.spawn(async move { work(&shared, &link, group, standings).await });
        }
    }

    fn standing(&self, planned: &Planned) -> Standing {
        let state = self.checkpoint.state();
        match (state.outcome(planned.line), state.outstanding(planned.line)) {
            (Some(outcome), _) => Standing::Ended(outcome),
            (None, Outstanding::Send { attempt }) => Standing::Waiting {
                attempts: attempt - 1,
            },
            (
                None,
                Outstanding::Resolve {
                    attempts,
                    last_sent_ms,
                },
            ) => Standing::Doubtful {
                attempts,
                age: self.age(last_sent_ms),
                inherited: self.inherited.get(&planned.line) == Some(&attempts),
            },
            // An end is an outcome.
            (None, Outstanding::Nothing) => Standing::Ended(Outcome::NotAttempted),
        }
    }

    /// How long ago a moment was; a clock that was put back makes nothing older.
    fn age(&self, at: i64) -> Duration {
        Duration::from_millis(u64::try_from((self.settings.now)() - at).unwrap_or(0))
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Record { record, on_disk } => {
                self.write(record, on_disk);
            }
            Message::Ended(ended) => {
                let (execution, outcome) = (ended.target.execution.clone(), ended.outcome());
                let detail = ended.detail.clone().unwrap_or_default();
                if outcome == Outcome::Failed {
                    self.suspected.push(ended);
                } else {
                    self.end(&ended);
                }
                self.count_failure(&execution, outcome, &detail);
            }
            Message::Event(event) => {
                self.report(&event);
                if let Event::Doubted { target, reason } = &event {
                    self.count_failure(&target.execution, Outcome::InDoubt, reason);
                }
            }
            Message::Trouble(drain) => self.drain(drain),
        }
    }

    /// Writes an end down, counts and tells it.
    fn end(&mut self, ended: &Ended) {
        if self.write(ended.record(), None) {
            self.ended.add(ended.outcome(), 1);
            self.report(&ended.event());
        }
    }

    /// Failures are the changes' own after all. While the run is stopping, nobody can tell; the changes took no effect
    /// and stay open then, so that `resume` tries them again.
    fn believe_failures(&mut self) {
        if self.stopped.is_none() {
            for ended in std::mem::take(&mut self.suspected) {
                self.end(&ended);
            }
        }
    }

    /// False when the record contradicts what is known; it does not count then.
    fn write(&mut self, record: Record, on_disk: Option<oneshot::Sender<Ack>>) -> bool {
        let written = match on_disk {
            None => self.checkpoint.append_without_waiting(record),
            // A worker that is gone does not need its answer.
            Some(answer) => self
                .checkpoint
                .append(record)
                .map(|ack| drop(answer.send(ack))),
        };
        if let Err(illegal) = &written {
            self.drain(Drain::Checkpoint {
                message: illegal.to_string(),
            });
        } else if let Some(failure) = self.checkpoint.failure() {
            let message = failure.to_string();
            self.drain(Drain::Checkpoint { message });
        }
        self.records += u64::from(written.is_ok());
        written.is_ok()
    }

    /// The same trouble with the same execution counts once: one bad record, however many changes it has, fails alone.
    fn count_failure(&mut self, execution: &Id, outcome: Outcome, detail: &str) {
        match outcome {
            Outcome::Applied => {
                self.failures_in_a_row = 0;
                self.last_failure = None;
                self.believe_failures();
            }
            Outcome::AlreadyDone | Outcome::Drifted | Outcome::Gone | Outcome::NotAttempted => {}
            Outcome::Refused | Outcome::Failed | Outcome::InDoubt => {
                let failure = Some((execution.clone(), detail.to_owned()));
                if self.last_failure == failure {
                    return;
                }
                self.last_failure = failure;
                self.failures_in_a_row += 1;
                if self.failures_in_a_row >= self.settings.stop_after {
                    self.drain(Drain::FailuresInARow {
                        failures: self.failures_in_a_row,
                        last: detail.to_owned(),
                    });
                }
            }
        }
    }

    fn report(&mut self, event: &Event) {
        self.reporter.event(Instant::now(), event);
    }

    fn tell(&mut self, notice: Notice) {
        match notice {
            Notice::Throttled { pause } => self.report(&Event::Throttled { pause }),
        }
    }

    /// Starts nothing new. The first reason stays.
    fn drain(&mut self, reason: Drain) {
        if self.stopped.is_none() {
            self.report(&Event::Draining {
                reason: reason.clone(),
            });
            self.stopped = Some(reason);
            self.stop.send_replace(true);
        }
    }

    /// A worker has ended: all that it told is taken in.
    fn joined(&mut self, ended: Result<(), JoinError>) {
        while let Ok(message) = self.inbox.try_recv() {
            self.take(message);
        }
        if let Err(panic) = ended {
            self.drain(Drain::Bug {
                message: panic.to_string(),
            });
        }
    }

    /// The ages of the doubts that a read can end.
    fn provable<P: BufRead>(&self, mut groups: Groups<P>) -> Result<Vec<Duration>, PlanError> {
        let mut ages = Vec::new();
        if !self
            .checkpoint
            .state()
            .all_open()
            .any(|(_, open)| open.doubtful)
        {
            return Ok(ages);
        }
        while let Some(group) = groups.next_group()? {
            let provable = group
                .changes
                .iter()
                .filter(|planned| can_be_proved(planned));
            ages.extend(provable.filter_map(|planned| match self.standing(planned) {
                Standing::Doubtful { age, .. } => Some(age),
                Standing::Ended(_) | Standing::Waiting { .. } => None,
            }));
        }
        Ok(ages)
    }

    /// Waits until a read can prove what doubtful requests of these ages did. False when there are none, or the run
    /// was stopped.
    async fn settle(&mut self, ages: &[Duration], tick: &mut Interval) -> bool {
        let Some(youngest) = ages.iter().min() else {
            return false;
        };
        let wait = self.settings.settle.saturating_sub(*youngest) + SLACK;
        self.report(&Event::Settling {
            changes: ages.len() as u64,
            wait,
        });
        let settled = tokio::time::sleep(wait);
        tokio::pin!(settled);
        loop {
            tokio::select! {
                biased;
                Some(()) = self.signals.interrupts.recv() => {
                    self.drain(Drain::Interrupted);
                    return false;
                }
                () = &mut settled => return true,
                _ = tick.tick() => self.reporter.tick(Instant::now()),
            }
        }
    }

    /// Counts what has no recorded end, and closes the checkpoint.
    fn finish<P: BufRead>(mut self, plan: Reader<P>) -> Result<End, RunError> {
        let mut counts = self.ended.clone();
        let mut groups = Groups::new(plan);
        while let Some(group) = groups.next_group()? {
            for planned in group.changes {
                match self.standing(&planned) {
                    Standing::Ended(_) => {}
                    Standing::Waiting { .. } => counts.add(Outcome::NotAttempted, 1),
                    Standing::Doubtful { .. } => {
                        counts.add(Outcome::InDoubt, 1);
                        self.report(&in_doubt(planned));
                    }
                }
            }
        }
        let finished = self.stopped.is_none() && counts.get(Outcome::InDoubt) == 0;
        if finished {
            self.write(
                Record::Finished {
                    at: (self.settings.now)(),
                },
                None,
            );
        }
        self.reporter.finish(Instant::now());
        self.checkpoint.close()?;
        Ok(End {
            counts,
            finished: finished && self.stopped.is_none(),
            stopped: self.stopped,
        })
    }
}

/// What a person has to look at.
fn in_doubt(planned: Planned) -> Event {
    let wanted: Vec<String> = planned
        .change
        .after
        .iter()
        .map(|(path, value)| format!("{path} is {value}"))
        .collect();
    Event::Ended {
        detail: Some(format!(
            "nobody knows whether it took effect; look whether {}",
            wanted.join(" and ")
        )),
        target: planned.change.target,
        action: planned.change.action,
        outcome: Outcome::InDoubt,
    }
}

/// Whether a read can tell what an attempt did.
fn can_be_proved(planned: &Planned) -> bool {
    planned.change.repeat != Repeat::Once
}

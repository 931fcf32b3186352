//! A run for tests: the real dispatcher, client and checkpoint between the simulated service and a plan in memory.

mod counting_disk;
mod recorder;
mod results;
mod wall_clock;

use std::{
    collections::BTreeMap,
    fs,
    future::poll_fn,
    io::Cursor,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{sync::mpsc, time::Instant};

use self::{counting_disk::CountingDisk, recorder::Recorder, wall_clock::now_ms};
use super::{
    changes::{execution, key_of},
    lockstep::Lockstep,
    played_transport::client_parts,
    samples::plan_header,
    simulated_service::{Key, SimulatedService},
};
use crate::{
    api::Operation,
    checkpoint::{Checkpoint, CheckpointHeader},
    client::{Client, ClientParts},
    event::Event,
    pace::Pacer,
    plan::{Change, CheckedBlocks, Item, PlanError, PlanReader, PlanWriter, Repeat},
    private_file,
    run::{Dispatcher, DoubtAnswer, Lease, RunResult, Settings, Signals, Wanted},
};

pub(crate) use counting_disk::Breaks;
pub(crate) use wall_clock::step_wall_clock;

pub(crate) const SETTLE: Duration = Duration::from_secs(30);
pub(crate) const ATTEMPTS: u32 = 3;

/// A test that waits longer would wait for ever.
const DEADLOCK: Duration = Duration::from_secs(60);

/// A session that takes longer than this by tokio's clock never ends.
const ENDLESS: Duration = Duration::from_secs(7 * 24 * 3600);

/// One run over all its sessions.
#[derive(Debug)]
pub(crate) struct TestRun {
    pub(crate) service: SimulatedService,
    pub(crate) settings: Settings,
    pub(crate) events: Vec<Event>,
    pub(crate) breaks: Option<Breaks>,
    /// In the next session this sync, from 1, takes until the service's wish for a rest is known.
    pub(crate) hold_sync: Option<u32>,
    /// Syncs of each session, from 1, that take so long. In lockstep only.
    pub(crate) stalls: Vec<(u32, Duration)>,
    /// Requests a second, and the burst.
    pub(crate) pace: (f64, u32),
    /// The right to send of the next sessions.
    pub(crate) lease: Lease,
    /// What could be read before the next sessions.
    pub(crate) witness: Option<Operation>,
    /// The runtime's, when it has one.
    pub(crate) lockstep: Option<Lockstep>,
    pub(crate) sessions: Vec<EndedSession>,
    /// The changes by their line.
    pub(crate) planned: BTreeMap<u64, Change>,
    plan: Vec<u8>,
    changes: BTreeMap<u64, (Key, Repeat)>,
    header: CheckpointHeader,
    durable: Arc<AtomicU64>,
    folder: TempDir,
}

/// A session that is over.
#[derive(Clone, Debug)]
pub(crate) struct EndedSession {
    pub(crate) settings: Settings,
    pub(crate) breaks: bool,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// Records of all sessions before it.
    pub(crate) records_before: usize,
    /// None when it was killed.
    pub(crate) end: Option<RunResult>,
}

/// What ends a session from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    Never,
    /// Ctrl-C with the nth request.
    InterruptAt(usize),
    /// Ctrl-C with the first event of this kind; no request may leave after it.
    InterruptOn(fn(&Event) -> bool),
    /// The process dies with the nth request.
    KillAt(usize),
    /// The process dies when the run has been polled so often.
    KillAtPoll(usize),
    /// As above, and of the checkpoint only what was synced is left.
    PowerCutAtPoll(usize),
}

impl TestRun {
    /// Each execution stands as the first change of it expects.
    pub(crate) fn new(changes: &[Change]) -> Self {
        let test_run = Self::of(changes);
        for change in changes {
            let mut world = test_run.service.world();
            let id = change.group.as_str();
            if !world.executions.contains_key(id) {
                world.begin(id, execution(id));
            }
        }
        test_run
    }

    /// Without executions.
    pub(crate) fn of(changes: &[Change]) -> Self {
        wall_clock::begin();
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("checkpoint.jsonl");
        let durable = Arc::new(AtomicU64::new(0));
        let service = SimulatedService::new(checkpoint.clone(), Arc::clone(&durable));

        let mut writer = PlanWriter::new(Vec::new(), &plan_header()).unwrap();
        let mut by_line = BTreeMap::new();
        for (line, change) in (2_u64..).zip(changes) {
            writer
                .item(&Item::Change(Box::new(change.clone())))
                .unwrap();
            let key = key_of(change);
            assert!(
                by_line.values().all(|(other, _)| *other != key),
                "two changes alike: {key}"
            );
            by_line.insert(line, (key.clone(), change.repeat));
            service.expect_line(key, line, change.group.as_str());
        }
        let (plan, trailer, written) = writer.finish(1).unwrap();
        let header = CheckpointHeader::new(
            "run".to_owned(),
            written.sha256(),
            trailer.changes + 2,
            trailer.changes,
        );
        Checkpoint::create(&checkpoint, &header).unwrap();
        durable.store(fs::metadata(&checkpoint).unwrap().len(), Ordering::SeqCst);
        Self {
            service,
            settings: Settings {
                run: "run".to_owned(),
                org: Some("4711".to_owned()),
                planned: trailer.changes,
                recheck: true,
                concurrency: 3,
                stop_after: 1_000,
                max_errors: None,
                stages: std::iter::once(0..trailer.groups).collect(),
                answers: Vec::new(),
                doubts: None,
                attempts: ATTEMPTS,
                settle: SETTLE,
                // Hours go by while the checkpoint's thread works.
                view_lasts: Duration::from_secs(100_000 * 3600),
                now: now_ms,
            },
            events: Vec::new(),
            breaks: None,
            hold_sync: None,
            stalls: Vec::new(),
            pace: (1_000.0, 100),
            lease: Lease::permanent(),
            witness: None,
            lockstep: None,
            sessions: Vec::new(),
            planned: (2_u64..).zip(changes.iter().cloned()).collect(),
            plan,
            changes: by_line,
            header,
            durable,
            folder,
        }
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.path().join("checkpoint.jsonl")
    }

    /// Runs one session to its end.
    pub(crate) async fn run(&mut self) -> Result<RunResult, PlanError> {
        self.session(Cut::Never).await.unwrap()
    }

    /// Runs one session; none when it was killed.
    pub(crate) async fn session(&mut self, cut: Cut) -> Option<Result<RunResult, PlanError>> {
        self.session_with(cut, |_, wanted, plan| {
            let checked = checked(plan)?;
            PlanReader::again_from(Cursor::new(plan.to_vec()), checked, wanted)
        })
        .await
    }

    /// As above; `open` gets how often the plan was opened before, what of it is wanted, and the plan.
    #[expect(
        clippy::too_many_lines,
        reason = "everything of a session is made and taken down in one place"
    )]
    pub(crate) async fn session_with(
        &mut self,
        cut: Cut,
        mut open: impl FnMut(usize, Wanted<'_>, &[u8]) -> Result<PlanReader<Cursor<Vec<u8>>>, PlanError>,
    ) -> Option<Result<RunResult, PlanError>> {
        self.service.world().session += 1;
        let (began, records_before) = (Instant::now(), self.records().len());
        let (interrupt, interrupts) = mpsc::unbounded_channel();
        let (kill, mut killed) = mpsc::unbounded_channel();
        let (told, client_events) = mpsc::unbounded_channel();
        let pacer = Pacer::per_second(self.pace.0, self.pace.1);
        let client = Client::new(ClientParts {
            client_events: Some(told),
            ..client_parts(self.service.clone(), pacer)
        });
        let (durable, breaks) = (Arc::clone(&self.durable), self.breaks);
        let (rest_known, held) = std::sync::mpsc::channel();
        let hold_sync = self.hold_sync.take();
        let (pump, mut stalled) = mpsc::unbounded_channel();
        let lockstep = self.lockstep.clone();
        let pump = lockstep.clone().map(|lockstep| (lockstep, pump));
        let stalls = self.stalls.clone();
        let opened = Checkpoint::replay(&self.checkpoint()).unwrap().go_on_with(
            &self.header,
            now_ms(),
            |file| {
                durable.store(file.metadata().unwrap().len(), Ordering::SeqCst);
                Ok(vec![CountingDisk {
                    file,
                    durable,
                    breaks,
                    hold: hold_sync.map(|nth| (nth, held)),
                    stalls,
                    pump,
                    writes: 0,
                    syncs: 0,
                }])
            },
        );
        let mut recorder = Recorder {
            service: self.service.clone(),
            events: Vec::new(),
            interrupt_on: None,
            interrupt: interrupt.clone(),
            rest_known,
            requests: usize::MAX,
            lockstep: lockstep.clone(),
        };
        let time = lockstep.clone().map(|lockstep| {
            lockstep.begin();
            tokio::spawn(async move {
                while let Some(takes) = stalled.recv().await {
                    tokio::time::sleep(takes).await;
                    lockstep.go_on();
                }
            })
        });
        // Before the checkpoint's thread is waited for.
        let release = || {
            if let Some(lockstep) = &lockstep {
                lockstep.release();
            }
        };
        let (polls, power_cut) = match cut {
            Cut::Never => (usize::MAX, false),
            Cut::InterruptOn(is_it) => {
                recorder.interrupt_on = Some(is_it);
                (usize::MAX, false)
            }
            Cut::InterruptAt(nth) => {
                self.service.alarm_at(nth, interrupt.clone());
                (usize::MAX, false)
            }
            Cut::KillAt(nth) => {
                self.service.alarm_at(nth, kill);
                (usize::MAX, false)
            }
            Cut::KillAtPoll(polls) => (polls, false),
            Cut::PowerCutAtPoll(polls) => (polls, true),
        };
        let dispatcher = Dispatcher::new(
            self.settings.clone(),
            Arc::new(client),
            opened.unwrap().checkpoint,
            &mut recorder,
            Signals {
                interrupts,
                client_events,
                lease: self.lease.clone(),
            },
        )
        .with_witness(self.witness.clone());
        let mut opened = 0..;
        let run =
            dispatcher.run(|wanted| open(opened.next().unwrap_or_default(), wanted, &self.plan));
        let mut survives = 0;
        let run = until_poll(polls, run, || {
            survives = self.durable.load(Ordering::SeqCst);
            release();
        });
        let ended = tokio::select! {
            biased;
            Some(()) = async { killed.recv().await.inspect(|()| release()) } => None,
            () = async { tokio::time::sleep(ENDLESS).await; release(); } => panic!("it does not end"),
            ended = run => ended,
        };
        if let Some(time) = time {
            time.abort();
        }
        let sent = self.service.world().log.len();
        assert!(sent <= recorder.requests, "sent after the interrupt");
        assert!(recorder.interrupt_on.is_none(), "nothing to interrupt at");
        self.events.extend(recorder.events);
        if ended.is_none() {
            // What the workers held is dropped when the runtime comes to it.
            tokio::task::yield_now().await;
            if power_cut {
                // The writer has synced when it was dropped; here it did not come to that.
                private_file::set_length(&self.checkpoint(), survives).unwrap();
            }
        }
        assert_eq!(self.service.world().broken, [] as [String; 0]);
        self.sessions.push(EndedSession {
            settings: self.settings.clone(),
            breaks: self.breaks.is_some(),
            began,
            ended: Instant::now(),
            records_before,
            end: ended.as_ref().and_then(|end| end.as_ref().ok()).cloned(),
        });
        ended
    }

    /// Sessions without a cut until the run is finished; its last end.
    pub(crate) async fn resume_until_finished(&mut self) -> RunResult {
        self.service.heal();
        self.settings.max_errors = None;
        self.settings.doubts = Some(DoubtAnswer::Skip);
        for _ in 0..4 {
            let end = self.run().await.unwrap();
            if end.finished {
                return end;
            }
        }
        panic!(
            "not finished after four sessions: {:?}",
            self.snapshot().state.counts()
        );
    }
}

/// Polls a future at most so often, and drops it then.
async fn until_poll<T>(
    polls: usize,
    run: impl Future<Output = T>,
    mut killed: impl FnMut(),
) -> Option<T> {
    let mut left = polls;
    let mut run = Box::pin(run);
    poll_fn(move |context| {
        left = left.saturating_sub(1);
        match run.as_mut().poll(context) {
            Poll::Pending if left == 0 => {
                killed();
                Poll::Ready(None)
            }
            polled => polled.map(Some),
        }
    })
    .await
}

/// Checks a plan, so that it can be read again.
pub(crate) fn checked(plan: &[u8]) -> Result<CheckedBlocks, PlanError> {
    let mut reader = PlanReader::new(plan)?;
    while reader.next_line()?.is_some() {}
    reader.checked().ok_or(PlanError::NoEnd)
}

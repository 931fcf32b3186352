//! A run on a stage: the real dispatcher, client and checkpoint between a service for tests and a plan in memory.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    future::poll_fn,
    io::{self, Cursor, Write},
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

use super::{
    Dispatcher, DoubtAnswer, RunError, RunResult, Settings, Signals,
    fake_service::{Key, Sent, Service},
    sample::{execution, key_of, plan_header},
};
use crate::{
    checkpoint::{Checkpoint, CheckpointHeader, Disk, Record, Snapshot, lockstep::Lockstep},
    client::{Client, ClientParts},
    event::Event,
    outcome::Outcome,
    pace::Pacer,
    plan::{Change, Item, PlanError, PlanReader, PlanWriter, Repeat},
    report::Reporter,
    retry::Policy,
};

pub(super) const SETTLE: Duration = Duration::from_secs(30);
pub(super) const ATTEMPTS: u32 = 3;

/// A test that waits longer would wait for ever.
const DEADLOCK: Duration = Duration::from_mins(1);

/// A session that takes longer than this by tokio's clock never ends.
const ENDLESS: Duration = Duration::from_hours(7 * 24);

thread_local! {
    static EPOCH: Cell<Option<Instant>> = const { Cell::new(None) };
    /// How far the wall clock was put forward, in milliseconds.
    static STEPPED: Cell<i64> = const { Cell::new(0) };
}

/// The present by the wall clock, which is tokio's until somebody steps it: the tests' runtimes have one thread.
fn now_ms() -> i64 {
    let epoch = EPOCH.get().unwrap();
    1_700_000_000_000 + i64::try_from(epoch.elapsed().as_millis()).unwrap() + STEPPED.get()
}

/// Puts the wall clock forward, or back.
pub(super) fn step_wall_clock(milliseconds: i64) {
    STEPPED.set(STEPPED.get() + milliseconds);
}

/// Keeps the events, and may interrupt the run at one of them.
#[derive(Debug)]
struct Recorder {
    service: Service,
    events: Vec<Event>,
    interrupt_on: Option<fn(&Event) -> bool>,
    interrupt: mpsc::UnboundedSender<()>,
    /// Told of each rest.
    rest_known: std::sync::mpsc::Sender<()>,
    /// Requests that had been sent when it interrupted.
    requests: usize,
    lockstep: Option<Lockstep>,
}

impl Reporter for Recorder {
    fn event(&mut self, _now: std::time::Instant, event: &Event) {
        self.events.push(event.clone());
        if matches!(event, Event::Throttled { .. }) {
            // Mostly nobody waits for it.
            let _ = self.rest_known.send(());
        }
        if self.interrupt_on.take_if(|is_it| is_it(event)).is_some() {
            self.requests = self.service.world().log.len();
            self.interrupt.send(()).unwrap();
        }
    }

    fn tick(&mut self, _now: std::time::Instant) {}

    fn finish(&mut self, _now: std::time::Instant) {
        // The run is about to wait for the checkpoint's thread.
        if let Some(lockstep) = &self.lockstep {
            lockstep.release();
        }
    }
}

/// A file that knows what of it is on disk, and may fail.
#[derive(Debug)]
pub(super) struct CountingDisk {
    file: File,
    durable: Arc<AtomicU64>,
    breaks: Option<Breaks>,
    /// A sync that waits for the word.
    hold: Option<(u32, std::sync::mpsc::Receiver<()>)>,
    /// Syncs that take time.
    stalls: Vec<(u32, Duration)>,
    /// Where a stall begins, and who lets time pass then.
    pump: Option<(Lockstep, mpsc::UnboundedSender<Duration>)>,
    writes: u32,
    syncs: u32,
}

/// The `nth` call of its kind, from 1, and all later ones fail.
#[derive(Clone, Copy, Debug)]
pub(super) enum Breaks {
    Write(u32),
    Sync(u32),
}

impl Write for CountingDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        match self.breaks {
            Some(Breaks::Write(nth)) if self.writes >= nth => {
                Err(io::ErrorKind::StorageFull.into())
            }
            Some(Breaks::Write(_) | Breaks::Sync(_)) | None => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for CountingDisk {
    // Nothing is synced for real: what survives a crash is what is counted here.
    fn sync_data(&mut self) -> io::Result<()> {
        self.syncs += 1;
        if let Some((_, word)) = self.hold.take_if(|(nth, _)| *nth == self.syncs) {
            word.recv_timeout(DEADLOCK).unwrap();
        }
        let stall = self.stalls.iter().find(|(nth, _)| *nth == self.syncs);
        if let (Some((_, takes)), Some((lockstep, pump))) = (stall, &self.pump) {
            lockstep.stall(|| {
                let _ = pump.send(*takes);
            });
        }
        match self.breaks {
            Some(Breaks::Sync(nth)) if self.syncs >= nth => Err(io::Error::from_raw_os_error(5)),
            Some(Breaks::Write(_) | Breaks::Sync(_)) | None => {
                let length = self.file.metadata()?.len();
                self.durable.store(length, Ordering::SeqCst);
                Ok(())
            }
        }
    }
}

/// One run over all its sessions.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) service: Service,
    pub(super) settings: Settings,
    pub(super) events: Vec<Event>,
    pub(super) breaks: Option<Breaks>,
    /// In the next session this sync, from 1, takes until the service's wish for a rest is known.
    pub(super) hold_sync: Option<u32>,
    /// Syncs of each session, from 1, that take so long. In lockstep only.
    pub(super) stalls: Vec<(u32, Duration)>,
    /// Requests a second, and the burst.
    pub(super) pace: (f64, u32),
    /// The runtime's, when it has one.
    pub(super) lockstep: Option<Lockstep>,
    pub(super) sessions: Vec<Session>,
    /// The changes by their line.
    pub(super) planned: BTreeMap<u64, Change>,
    plan: Vec<u8>,
    changes: BTreeMap<u64, (Key, Repeat)>,
    header: CheckpointHeader,
    durable: Arc<AtomicU64>,
    folder: TempDir,
}

/// A session that is over.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) settings: Settings,
    pub(super) breaks: bool,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    /// Records of all sessions before it.
    pub(super) records_before: usize,
    /// None when it was killed.
    pub(super) end: Option<RunResult>,
}

/// What ends a session from outside.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
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

impl Stage {
    /// Each execution stands as the first change of it expects.
    pub(super) fn new(changes: &[Change]) -> Self {
        let stage = Self::of(changes);
        for change in changes {
            let mut world = stage.service.world();
            let id = change.group.as_str();
            if !world.executions.contains_key(id) {
                world.begin(id, execution(id));
            }
        }
        stage
    }

    /// Without executions.
    pub(super) fn of(changes: &[Change]) -> Self {
        EPOCH.set(Some(Instant::now()));
        STEPPED.set(0);
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("checkpoint.jsonl");
        let durable = Arc::new(AtomicU64::new(0));
        let service = Service::new(checkpoint.clone(), Arc::clone(&durable));

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
        let (plan, trailer, sha256) = writer.finish(1).unwrap();
        let header = CheckpointHeader::new(
            "run".to_owned(),
            sha256,
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
                doubts: None,
                attempts: ATTEMPTS,
                settle: SETTLE,
                // Hours go by while the checkpoint's thread works.
                view_lasts: Duration::from_hours(100_000),
                now: now_ms,
            },
            events: Vec::new(),
            breaks: None,
            hold_sync: None,
            stalls: Vec::new(),
            pace: (1_000.0, 100),
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
    pub(super) async fn run(&mut self) -> Result<RunResult, RunError> {
        self.session(Cut::Never).await.unwrap()
    }

    /// Runs one session; none when it was killed.
    pub(super) async fn session(&mut self, cut: Cut) -> Option<Result<RunResult, RunError>> {
        self.session_with(cut, |_, plan| PlanReader::new(Cursor::new(plan.to_vec())))
            .await
    }

    /// As above; `open` gets the plan and how often it was opened before.
    #[expect(
        clippy::too_many_lines,
        reason = "everything of a session is made and taken down in one place"
    )]
    pub(super) async fn session_with(
        &mut self,
        cut: Cut,
        mut open: impl FnMut(usize, &[u8]) -> Result<PlanReader<Cursor<Vec<u8>>>, PlanError>,
    ) -> Option<Result<RunResult, RunError>> {
        self.service.world().session += 1;
        let (began, records_before) = (Instant::now(), self.records().len());
        let (interrupt, interrupts) = mpsc::unbounded_channel();
        let (kill, mut killed) = mpsc::unbounded_channel();
        let (told, notices) = mpsc::unbounded_channel();
        let client = Client::new(ClientParts {
            transport: Box::new(self.service.clone()),
            pacer: Pacer::per_second(self.pace.0, self.pace.1),
            policy: Policy::default(),
            rng: fastrand::Rng::with_seed(7),
            now: || jiff::Timestamp::UNIX_EPOCH,
            notices: Some(told),
        });
        let (durable, breaks) = (Arc::clone(&self.durable), self.breaks);
        let (rest_known, held) = std::sync::mpsc::channel();
        let hold_sync = self.hold_sync.take();
        let (pump, mut stalled) = mpsc::unbounded_channel();
        let lockstep = self.lockstep.clone();
        let pump = lockstep.clone().map(|lockstep| (lockstep, pump));
        let stalls = self.stalls.clone();
        let opened = Checkpoint::open_on(&self.checkpoint(), &self.header, now_ms(), |file| {
            durable.store(file.metadata().unwrap().len(), Ordering::SeqCst);
            CountingDisk {
                file,
                durable,
                breaks,
                hold: hold_sync.map(|nth| (nth, held)),
                stalls,
                pump,
                writes: 0,
                syncs: 0,
            }
        });
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
                notices,
            },
        );
        let mut opened = 0..;
        let run = dispatcher.run(|| open(opened.next().unwrap_or_default(), &self.plan));
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
                let mut file = OpenOptions::new();
                let file = file.write(true).open(self.checkpoint()).unwrap();
                // The writer has synced when it was dropped; here it did not come to that.
                file.set_len(survives).unwrap();
            }
        }
        assert_eq!(self.service.world().broken, [] as [String; 0]);
        self.sessions.push(Session {
            settings: self.settings.clone(),
            breaks: self.breaks.is_some(),
            began,
            ended: Instant::now(),
            records_before,
            end: ended.as_ref().and_then(|end| end.as_ref().ok()).cloned(),
        });
        ended
    }

    /// All records, in their order.
    pub(super) fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        Checkpoint::visit(&self.checkpoint(), |record| records.push(record.clone())).unwrap();
        records
    }

    /// The key of each change, by its line.
    pub(super) fn keys(&self) -> impl Iterator<Item = (u64, &Key)> {
        self.changes.iter().map(|(line, (key, _))| (*line, key))
    }

    /// Sessions without a cut until the run is finished; its last end.
    pub(super) async fn resume_until_finished(&mut self) -> RunResult {
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

    pub(super) fn snapshot(&self) -> Snapshot {
        Checkpoint::read(&self.checkpoint()).unwrap()
    }

    /// How each change ended, in the plan's order.
    pub(super) fn outcomes(&self) -> Vec<Option<Outcome>> {
        let state = self.snapshot().state;
        self.changes
            .keys()
            .map(|line| state.outcome(*line))
            .collect()
    }

    /// How often each change took effect, in the plan's order.
    pub(super) fn effects(&self) -> Vec<usize> {
        let world = self.service.world();
        let count = |key: &Key| world.ledger.iter().filter(|effect| *effect == key).count();
        self.changes.values().map(|(key, _)| count(key)).collect()
    }

    /// How often each change was sent, in the plan's order.
    pub(super) fn sends(&self) -> Vec<usize> {
        let world = self.service.world();
        let sent = |key: &Key| {
            let sends = world
                .log
                .iter()
                .filter(|sent| sent.write.as_ref() == Some(key));
            sends.count()
        };
        self.changes.values().map(|(key, _)| sent(key)).collect()
    }

    pub(super) fn reads(&self) -> usize {
        let world = self.service.world();
        world.log.iter().filter(|sent| sent.write.is_none()).count()
    }

    /// What holds for every run, however it went.
    pub(super) fn check(&self) {
        self.check_repetitions();
        let outcomes = self.outcomes();
        let effects = self.effects();
        for (place, (outcome, (_, repeat))) in
            outcomes.iter().zip(self.changes.values()).enumerate()
        {
            let (effects, what) = (effects[place], format!("change {place}: {outcome:?}"));
            match repeat {
                Repeat::Readable | Repeat::Once => {
                    assert!(effects <= 1, "{what}, {effects} effects");
                }
                Repeat::Safe => {}
            }
            match outcome {
                Some(Outcome::Applied) => assert!(effects >= 1, "{what} without an effect"),
                Some(
                    Outcome::AlreadyDone | Outcome::Drifted | Outcome::Refused | Outcome::Failed,
                ) => assert_eq!(effects, 0, "{what}"),
                // Of a target that is gone nobody can read whether a doubtful request had reached it.
                Some(Outcome::Gone) => assert!(effects == 0 || self.is_doubtful(place), "{what}"),
                Some(Outcome::NotAttempted) => panic!("{what} is no record"),
                // Left so by a person; or in doubt, or not attempted.
                Some(Outcome::InDoubt) | None => {}
            }
        }
        let state = self.snapshot().state;
        assert_eq!(state.counts().total(), self.settings.planned);
        if let Some(max_errors) = self.settings.max_errors {
            assert!(state.errors() <= max_errors, "{:?}", state.counts());
        }
        for (line, effects) in self.changes.keys().zip(effects) {
            if state.open(*line).is_none_or(|open| !open.doubtful) && state.outcome(*line).is_none()
            {
                assert_eq!(effects, 0, "line {line} is not attempted");
            }
        }
    }

    /// Whether a send of this change was never answered.
    fn is_doubtful(&self, place: usize) -> bool {
        let key = &self.changes.values().nth(place).unwrap().0;
        let world = self.service.world();
        let mut sends = world
            .log
            .iter()
            .filter(|sent| sent.write.as_ref() == Some(key));
        sends.any(|sent| !sent.denied)
    }

    /// A readable change is sent again only when the service denied the send before, or a late enough read
    /// disproved it.
    fn check_repetitions(&self) {
        let world = self.service.world();
        for (key, repeat) in self.changes.values() {
            if *repeat == Repeat::Safe {
                continue;
            }
            let mut before = None;
            for sent in world
                .log
                .iter()
                .filter(|sent| sent.write.as_ref() == Some(key))
            {
                if let Some(before) = before.replace(sent) {
                    let proof = |read: &&Sent| {
                        read.write.is_none()
                            && read.execution == sent.execution
                            && read.at <= sent.at
                            && read.at >= before.at + SETTLE
                    };
                    assert!(
                        before.denied || world.log.iter().any(|read| proof(&read)),
                        "{key} was sent again blindly"
                    );
                }
            }
        }
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

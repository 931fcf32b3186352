//! Works on one group: the run loop of the embedded mode, on a plan of this group alone, with its checkpoint in the heartbeats.

use std::{io::Cursor, path::Path, sync::Arc};

use jiff::Timestamp;
use tokio::{
    runtime::Handle,
    sync::mpsc,
    task::{self, JoinError},
};

use super::{
    error::EngineError,
    heartbeat::Heartbeats,
    task::{ChangeSums, GroupEnd, GroupTask},
};
use crate::{
    api::Operation,
    checkpoint::{Checkpoint, CheckpointHeader, CheckpointState, Record, RecordedOutcome},
    client::Client,
    event::{Reporters, StopReason},
    plan::{Change, CheckedBlocks, Item, PlanError, PlanHeader, PlanReader, PlanWriter},
    retry::Policy,
    run::{Dispatcher, GivenAnswer, Settings, Signals, VIEW_LASTS},
};

/// The name of a group's checkpoint in messages.
const NAME: &str = "of the group at the engine";

/// The line of a group's first change in its own plan: the header is before it.
pub(super) const FIRST_LINE: u64 = 2;

/// A plan of one group.
#[derive(Debug)]
struct GroupPlan {
    bytes: Vec<u8>,
    checked: CheckedBlocks,
    header: CheckpointHeader,
}

/// Works on the group as far as that is possible now. `kept` is its checkpoint, as the attempt before this one or the last session has left it.
///
/// # Errors
///
/// If the group's lines are not those of a plan, or its checkpoint can't be used.
pub(super) async fn work_on(
    task: GroupTask,
    kept: String,
    client: Arc<Client>,
    heartbeats: Arc<Heartbeats>,
    interrupts: mpsc::UnboundedReceiver<()>,
) -> Result<GroupEnd, EngineError> {
    let plan = GroupPlan::of(&task)?;
    let begun = records_in(&task.journal)?.len();
    if is_finished(&kept)? {
        // An attempt has brought it to its end, and could not say so any more.
        return end(true, None, &kept, begun);
    }
    let checkpoint = Checkpoint::on_medium(
        Path::new(NAME),
        kept.as_bytes(),
        &plan.header,
        now_ms(),
        |bytes| heartbeats.disk(bytes),
    )?;
    let signals = Signals {
        interrupts,
        // Nobody is told of a pause here: the workers share it.
        client_events: mpsc::unbounded_channel().1,
        lease: heartbeats.lease(),
    };
    let settings = settings(&task, &plan);
    let witness = task
        .witness
        .as_ref()
        .map(|(generation, id)| Operation::read(*generation, id));
    let runtime = Handle::current();
    // The checkpoint is closed by waiting for its thread, which waits for the engine.
    let run = task::spawn_blocking(move || {
        let mut reporter = Reporters::default();
        let dispatcher = Dispatcher::new(settings, client, checkpoint, &mut reporter, signals)
            .with_witness(witness);
        let GroupPlan { bytes, checked, .. } = plan;
        let open = |wanted: crate::run::Wanted<'_>| {
            PlanReader::again_from(Cursor::new(bytes.clone()), checked.clone(), wanted)
        };
        runtime.block_on(dispatcher.run(open))
    });
    let result = run.await.map_err(|panic| bug(&panic))??;
    end(
        result.finished,
        result.stopped,
        &heartbeats.journal(),
        begun,
    )
}

impl GroupPlan {
    /// Checks each line by the rules of a plan: what comes from the engine may have been changed there.
    fn of(task: &GroupTask) -> Result<Self, EngineError> {
        let unusable = |error: serde_json::Error| EngineError::Unusable(error.to_string());
        let header: PlanHeader = serde_json::from_str(&task.header).map_err(unusable)?;
        let is_here = header.server == task.session.server
            && (header.org.is_none() || header.org == task.session.org);
        if !is_here {
            return Err(EngineError::Unusable(
                "the plan is for another server or organisation".to_owned(),
            ));
        }
        let mut writer = PlanWriter::new(Vec::new(), &header)?;
        for (_, line) in &task.lines {
            let change: Change = serde_json::from_str(line).map_err(unusable)?;
            writer.item(&Item::Change(Box::new(change)))?;
        }
        let (bytes, trailer, _) = writer.finish(1)?;
        if trailer.groups != 1 {
            return Err(EngineError::Unusable(
                "its changes are not of one execution".to_owned(),
            ));
        }
        let mut reader = PlanReader::new(bytes.as_slice())?;
        while reader.next_line()?.is_some() {}
        let checked = reader.checked().ok_or(PlanError::NoEnd)?;
        let lines = trailer.changes + 2;
        let run = task.session.run.clone();
        let sha256 = checked.sha256();
        Ok(Self {
            header: CheckpointHeader::new(run, sha256, lines, trailer.changes),
            bytes,
            checked,
        })
    }
}

fn settings(task: &GroupTask, plan: &GroupPlan) -> Settings {
    let session = &task.session;
    let answers = session.answers.iter().filter_map(|given| {
        let place = task
            .lines
            .iter()
            .position(|(line, _)| *line == given.line)?;
        Some(GivenAnswer {
            line: place as u64 + FIRST_LINE,
            ..*given
        })
    });
    Settings {
        run: session.run.clone(),
        org: session.org.clone(),
        planned: plan.header.changes,
        recheck: session.recheck,
        concurrency: 1,
        stop_after: session.pace.stop_after.get(),
        max_errors: task.max_errors,
        stages: std::iter::once(0..1).collect(),
        answers: answers.collect(),
        doubts: session.doubts,
        attempts: Policy::default().attempts.get(),
        settle: session.settle(),
        view_lasts: VIEW_LASTS,
        now: now_ms,
    }
}

/// What became of the group, from its checkpoint. `begun`: the records of earlier sessions.
fn end(
    finished: bool,
    stopped: Option<StopReason>,
    journal: &str,
    begun: usize,
) -> Result<GroupEnd, EngineError> {
    let (state, records) = read(journal)?;
    let (mut succeeded, mut failure) = (false, None);
    for record in &records[begun.min(records.len())..] {
        match record {
            Record::Ended {
                outcome: RecordedOutcome::Applied,
                ..
            } => {
                succeeded = true;
                failure = None;
            }
            Record::Ended {
                outcome: RecordedOutcome::Refused | RecordedOutcome::Failed,
                detail,
                ..
            } => failure = Some(detail.as_ref().map_or("", |detail| detail.as_str())),
            Record::Unknown { reason, .. } => failure = Some(reason.as_str()),
            Record::Ended { .. }
            | Record::Started { .. }
            | Record::Throttled { .. }
            | Record::NoEffect { .. }
            | Record::NotApplied { .. }
            | Record::SendAgain { .. }
            | Record::Looked { .. }
            | Record::Answered { .. }
            | Record::StageStopped { .. }
            | Record::Resumed { .. }
            | Record::Finished { .. }
            | Record::Abandoned { .. } => {}
        }
    }
    Ok(GroupEnd {
        errors: state.errors(),
        doubtful: is_doubtful(&state),
        open: !finished,
        sums: ChangeSums {
            counts: state.counts(),
            undecided: state.all_open().filter(|(_, open)| open.doubtful).count() as u64,
        },
        succeeded,
        failure: failure.map(str::to_owned),
        stopped,
        journal: journal.to_owned(),
    })
}

/// The end of a group that can't be worked on, with this checkpoint.
pub(super) fn unworkable(journal: String, stopped: StopReason) -> GroupEnd {
    let state = if journal.is_empty() {
        None
    } else {
        read(&journal).ok().map(|(state, _)| state)
    };
    GroupEnd {
        errors: state.as_ref().map_or(0, CheckpointState::errors),
        doubtful: state.is_some_and(|state| is_doubtful(&state)),
        open: true,
        stopped: Some(stopped),
        journal,
        ..GroupEnd::default()
    }
}

fn is_doubtful(state: &CheckpointState) -> bool {
    state.all_open().any(|(_, open)| open.doubtful)
}

/// The records of a group's checkpoint, in the numbering of its own plan.
pub(super) fn records_in(journal: &str) -> Result<Vec<Record>, EngineError> {
    if journal.is_empty() {
        return Ok(Vec::new());
    }
    read(journal).map(|(_, records)| records)
}

/// Whether the group was brought to its end.
fn is_finished(journal: &str) -> Result<bool, EngineError> {
    Ok(!journal.is_empty() && read(journal)?.0.is_finished())
}

fn read(journal: &str) -> Result<(CheckpointState, Vec<Record>), EngineError> {
    let mut records = Vec::new();
    let snapshot = Checkpoint::visit_bytes(Path::new(NAME), journal.as_bytes(), |record| {
        records.push(record.clone());
    })?;
    Ok((snapshot.state, records))
}

fn bug(panic: &JoinError) -> EngineError {
    EngineError::Unusable(panic.to_string())
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

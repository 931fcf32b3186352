//! Makes a plan file from a playbook: streams the selection into the builder.

mod follow_up;
mod follow_up_title;
mod retry;
mod tried;

use std::{
    cell::RefCell,
    convert::Infallible,
    io::{self, Write},
    mem,
};

use futures::{StreamExt, TryStreamExt, channel::oneshot, stream};
use jiff::Timestamp;

use crate::{
    action::Close,
    client::Client,
    plan::{
        Builder, CheckedBlocks, Item, PlanError, PlanHeader, PlanWriter, PlaybookRef, Rejection,
        Trailer, VERSION, target_of,
    },
    playbook::Playbook,
    selection::{
        Chooser, Chosen, Misses, ScanError, ScanProgress, ScannedExecution, read_closing_reasons,
        read_whole, scan,
    },
    target::{Execution, TargetPart},
};

pub use follow_up::{FollowedRun, plan_undo};
pub use retry::{Remaining, plan_retry};
pub use tried::{Tried, TriedResult, not_yet_made};

/// Where and when a plan is made, for its header.
#[derive(Clone, Debug)]
pub struct PlanOrigin {
    /// The origin of the server, or `sandbox`.
    pub server: String,
    /// The requested organisation, if any.
    pub org: Option<String>,
    /// The reference time for relative dates.
    pub now: Timestamp,
    /// The time at which the plan is made.
    pub made_at: Timestamp,
    /// The tool and its version.
    pub tool: String,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    #[error(transparent)]
    Scan(#[from] ScanError),
    #[error("organisation {asked} was requested, but the executions belong to {found}")]
    OtherOrganisation { asked: String, found: String },
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("what was read can't be put aside on disk: {0}")]
    Disk(#[from] io::Error),
}

/// Selects, plans and writes the plan; returns its trailer, and what the file is [read again](crate::plan::PlanReader::again) with.
///
/// # Errors
///
/// If the selection can't be completed or `out` can't be written; then the written part is not a plan.
pub async fn plan(
    client: &Client,
    playbook: &Playbook,
    origin: &PlanOrigin,
    out: impl Write,
    mut progress: impl FnMut(ScanProgress),
) -> Result<(Trailer, CheckedBlocks), PlanningError> {
    let mut reads = ScanProgress::default();
    let (mut scanned, misses) = scan(client, playbook, |scan| {
        reads = scan;
        progress(scan);
    })
    .await?;
    let org = organisation(origin.org.as_deref(), scanned.org.as_deref())?;
    let mut writer = PlanWriter::new(out, &header(playbook, origin, org))?;
    for row in scanned.rejected.by_ref() {
        let (row, reason) = row?;
        let reason: String = serde_json::from_str(&reason).map_err(io::Error::from)?;
        let row = row.parse().map_err(io::Error::other)?;
        writer.item(&Item::Rejected(Rejection {
            target: None,
            row: Some(row),
            reason,
        }))?;
    }

    let builder = Builder::new(playbook);
    let chooser = RefCell::new(Chooser::new(playbook));
    let misses = RefCell::new(misses);
    let reads = RefCell::new((reads, progress));
    // How many reads follow the scan is known when the last one is asked for.
    let counted = |count: fn(&mut ScanProgress)| {
        let (reads, progress) = &mut *reads.borrow_mut();
        count(reads);
        progress(*reads);
    };
    // The steps that a list lacks are read only if they are needed.
    let is_incomplete = playbook.select.lacks_steps();
    let concurrency = playbook.pace.concurrency.get() as usize;
    // The limit counts in the plan's order: targets of an execution are chosen after those of the one before it.
    let (_, mut before) = oneshot::channel::<Infallible>();
    // One stage with all requests of an execution. With a second stage behind it, the futures of the first would not be polled while the
    // second is full; one of them could hold the limiter's turn and block everything.
    let mut groups = stream::iter(scanned.by_ref())
        .map(|look| {
            let (chosen, next) = oneshot::channel();
            let before = mem::replace(&mut before, next);
            let (builder, chooser, misses, counted) = (&builder, &chooser, &misses, &counted);
            async move {
                let look = look?;
                let slim = needs_whole(is_incomplete, &chooser.borrow(), &look);
                let whole = match slim {
                    Some(slim) => {
                        counted(|reads| reads.of += 1);
                        let whole = read_whole(client, slim).await;
                        counted(|reads| reads.done += 1);
                        Some(whole)
                    }
                    None => None,
                };
                // It ends when its sender is dropped.
                let _ = before.await;
                let look = match whole {
                    // Which executions were read beyond the limit depends on timing, so they are ignored.
                    Some(whole) if !chooser.borrow().is_full() => {
                        complete(&chooser.borrow(), &mut misses.borrow_mut(), look, whole?)
                    }
                    Some(_) | None => Some(look),
                };
                let found = look.map(|look| choose(&mut chooser.borrow_mut(), look));
                if let Some((execution, chosen)) = &found {
                    misses.borrow_mut().tell(execution, chosen);
                }
                drop(chosen);
                Ok::<_, PlanningError>(match found {
                    Some((execution, parts)) => {
                        items(client, builder, execution, parts, counted).await?
                    }
                    None => Vec::new(),
                })
            }
        })
        .buffered(concurrency);
    while let Some(group) = groups.try_next().await? {
        for item in group {
            writer.item(&item)?;
        }
    }
    drop(groups);
    let mut notes = misses.into_inner().notes();
    notes.extend(playbook.calendar.note());
    writer.notes(notes);
    let (_, trailer, written) = writer.finish(scanned.executions())?;
    Ok((trailer, written))
}

/// The organisation of the plan: that of the executions, which must be the requested one.
fn organisation(asked: Option<&str>, found: Option<&str>) -> Result<Option<String>, PlanningError> {
    match (asked, found) {
        (Some(asked), Some(found)) if asked != found => Err(PlanningError::OtherOrganisation {
            asked: asked.to_owned(),
            found: found.to_owned(),
        }),
        (asked, found) => Ok(found.or(asked).map(str::to_owned)),
    }
}

/// The first line of a plan for the organisation `org`: everything that is known before the first read.
pub fn header(playbook: &Playbook, origin: &PlanOrigin, org: Option<String>) -> PlanHeader {
    PlanHeader {
        wf_bulk_plan: VERSION,
        playbook: PlaybookRef {
            name: playbook.name.clone(),
            sha256: playbook.sha256.clone(),
            converges: playbook.actions.iter().all(|entry| entry.converges),
            repeatable: playbook.repeatable,
        },
        vars: playbook.vars.clone().into_iter().collect(),
        server: origin.server.clone(),
        org,
        now: origin.now,
        made_at: (origin.made_at != origin.now).then_some(origin.made_at),
        timezone: playbook.zone.iana_name().unwrap_or("UTC").to_owned(),
        pace: playbook.pace.clone(),
        guards: playbook.guards.clone(),
        follows: None,
        tool: origin.tool.clone(),
    }
}

/// The execution of a list that must be read completely.
fn needs_whole(
    is_incomplete: bool,
    chooser: &Chooser<'_>,
    look: &ScannedExecution,
) -> Option<Execution> {
    if !is_incomplete || chooser.is_full() {
        return None;
    }
    // Without `only`, nothing would exclude a rejected one, which has no targets.
    let is_needed = look.rejected.is_none() || chooser.picks();
    is_needed.then(|| look.execution.clone())
}

/// An execution of a list that was read completely, or does not exist any more; none if its steps show that it is left out.
fn complete(
    chooser: &Chooser<'_>,
    misses: &mut Misses,
    look: ScannedExecution,
    whole: Option<Execution>,
) -> Option<ScannedExecution> {
    let Some(whole) = whole else {
        let gone = || "was in the list, but does not exist any more".to_owned();
        return chooser.names(&look.execution.id).then(|| ScannedExecution {
            rejected: Some(look.rejected.unwrap_or_else(gone)),
            ..look
        });
    };
    misses.see(&whole, true);
    (!chooser.leaves_out(&whole)).then_some(ScannedExecution {
        execution: whole,
        ..look
    })
}

/// The targets of an execution; none beyond the limit, where errors are ignored, too.
fn choose(chooser: &mut Chooser<'_>, look: ScannedExecution) -> (Execution, Chosen) {
    let ScannedExecution {
        execution,
        rejected,
    } = look;
    let chosen = match rejected {
        None => chooser.choose(&execution),
        Some(_) if chooser.is_full() => Chosen::default(),
        Some(reason) => Chosen {
            rejected: vec![(chooser.root(), reason)],
            ..Chosen::default()
        },
    };
    (execution, chosen)
}

/// The lines of one execution: first its rejected parts, then its planned ones.
async fn items(
    client: &Client,
    builder: &Builder<'_>,
    mut execution: Execution,
    chosen: Chosen,
    counted: &impl Fn(fn(&mut ScanProgress)),
) -> Result<Vec<Item>, ScanError> {
    let planned = loop {
        if let Ok(planned) = builder.group(&execution, &chosen.parts) {
            break planned;
        }
        // The closing reasons were not read. This happens at most once: the result of a read is a list, possibly empty.
        counted(|reads| reads.of += 1);
        let reasons = read_closing_reasons(client, &execution).await?;
        counted(|reads| reads.done += 1);
        execution.change(&TargetPart::Execution, Close::SNAPSHOT, reasons);
    };
    let rejected = chosen.rejected.into_iter().map(|(part, reason)| {
        Item::Rejected(Rejection {
            target: target_of(&execution, &part),
            row: execution.row.as_ref().map(|row| row.number),
            reason,
        })
    });
    Ok(rejected.chain(planned).collect())
}

#[cfg(test)]
mod tests;

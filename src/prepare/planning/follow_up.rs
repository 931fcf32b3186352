//! Plans after a run: made of its plan, and of a new read of each execution that it has changed.

use std::io::{self, Write};

use futures::{StreamExt, TryStreamExt, stream};

use super::{PlanOrigin, PlanningError, follow_up_title::title, organisation};
use crate::{
    client::Client,
    pace::Pace,
    plan::{
        Change, CheckedBlocks, FollowUp, Follows, PlanError, PlanHeader, PlanWriter, PlaybookRef,
        Trailer, VERSION, undo,
    },
    playbook::Guards,
    run_id::RunId,
    selection::{ScanError, ScanProgress, read_execution},
    target::Execution,
};

/// A run that has changed something.
#[derive(Debug)]
pub struct FollowedRun<'a> {
    /// Its id.
    pub run: RunId,
    /// The header of its plan.
    pub plan: &'a PlanHeader,
    /// Its speed.
    pub pace: Pace,
    /// The SHA-256 of its plan.
    pub plan_sha256: String,
    /// How many executions are read, at most.
    pub executions: u64,
    /// What a plan says about the run.
    pub notes: Vec<String>,
}

impl FollowedRun<'_> {
    /// The header of a plan that does this with the run's executions.
    pub fn header(&self, by: FollowUp, origin: &PlanOrigin) -> PlanHeader {
        let follows = self.plan.follows.as_ref().map(|follows| follows.by);
        PlanHeader {
            wf_bulk_plan: VERSION,
            playbook: PlaybookRef {
                name: title(by, &self.plan.playbook.name, follows),
                sha256: self.plan_sha256.clone(),
                converges: true,
                repeatable: false,
            },
            vars: self.plan.vars.clone(),
            server: origin.server.clone(),
            org: origin.org.clone(),
            now: origin.now,
            made_at: (origin.made_at != origin.now).then_some(origin.made_at),
            timezone: self.plan.timezone.clone(),
            pace: self.pace.clone(),
            guards: Guards::default(),
            follows: Some(self.follows(by)),
            tool: origin.tool.clone(),
        }
    }

    /// What a plan that does this says of the run.
    pub fn follows(&self, by: FollowUp) -> Follows {
        Follows { run: self.run, by }
    }

    /// Reads the execution of a change; none if it does not exist any more.
    pub(super) async fn read(
        &self,
        client: &Client,
        org: Option<&str>,
        change: &Change,
    ) -> Result<Option<Execution>, PlanningError> {
        let target = &change.target;
        let execution = read_execution(client, target.api, &target.execution).await?;
        if let Some(execution) = &execution {
            let found = execution.org().map_err(|source| ScanError::Execution {
                what: format!("the read of {}", execution.id),
                source,
            })?;
            organisation(org, found)?;
        }
        Ok(execution)
    }

    /// Reads the execution of each group, several at once, and gives it to `take` with the group, in their order; none if it does not exist
    /// any more. `groups` are changes of the run, together for each execution.
    ///
    /// # Errors
    ///
    /// If an execution can't be read, or the errors of `take`.
    pub async fn read_each(
        &self,
        client: &Client,
        org: Option<&str>,
        groups: impl Iterator<Item = Result<Vec<Change>, PlanError>>,
        mut progress: impl FnMut(ScanProgress),
        mut take: impl FnMut(&[Change], Option<Execution>) -> Result<(), PlanningError>,
    ) -> Result<ScanProgress, PlanningError> {
        let mut reads = ScanProgress {
            of: self.executions,
            ..ScanProgress::default()
        };
        progress(reads);
        let concurrency = self.pace.concurrency.get() as usize;
        let mut groups = stream::iter(groups)
            .map(|changes| async {
                let changes = changes?;
                let execution = match changes.first() {
                    Some(first) => self.read(client, org, first).await?,
                    None => None,
                };
                Ok::<_, PlanningError>((changes, execution))
            })
            .buffered(concurrency);
        while let Some((changes, execution)) = groups.try_next().await? {
            reads.done += 1;
            reads.executions += u64::from(execution.is_some());
            progress(reads);
            take(&changes, execution)?;
        }
        Ok(reads)
    }
}

/// Writes the plan that undoes a run. `applied` are its changes that were applied, together for each execution, in the order of its plan.
///
/// # Errors
///
/// If an execution can't be read or `out` can't be written; then the written part is not a plan.
pub async fn plan_undo(
    client: &Client,
    run: &FollowedRun<'_>,
    origin: &PlanOrigin,
    applied: impl Iterator<Item = Result<Vec<Change>, PlanError>>,
    out: impl Write,
    progress: impl FnMut(ScanProgress),
) -> Result<(Trailer, CheckedBlocks), PlanningError> {
    let mut writer = PlanWriter::new(out, &run.header(FollowUp::Undo, origin))?;
    let org = origin.org.as_deref();
    let write = |changes: &[Change], execution: Option<Execution>| {
        let items = undo(execution, changes).map_err(io::Error::other)?;
        items
            .iter()
            .try_for_each(|item| writer.item(item))
            .map_err(PlanningError::from)
    };
    let reads = run.read_each(client, org, applied, progress, write).await?;
    writer.notes(run.notes.clone());
    let (_, trailer, written) = writer.finish(reads.executions)?;
    Ok((trailer, written))
}

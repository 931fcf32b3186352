//! Makes the plan that undoes a run: reads each execution that the run has changed.

use std::io::{self, Write};

use futures::{StreamExt, TryStreamExt, stream};

use super::{PlanOrigin, PlanningError, organisation};
use crate::{
    client::Client,
    plan::{
        Change, FollowUp, Follows, PlanError, PlanHeader, PlanWriter, PlaybookRef, Trailer,
        VERSION, undo,
    },
    playbook::Guards,
    selection::{ScanError, ScanProgress, read_execution},
};

/// The run that is undone.
#[derive(Debug)]
pub struct UndoneRun<'a> {
    /// Its id.
    pub run: String,
    /// The header of its plan.
    pub plan: &'a PlanHeader,
    /// The SHA-256 of its plan.
    pub plan_sha256: String,
    /// How many executions it has changed, at most.
    pub executions: u64,
    /// What the plan says about it.
    pub notes: Vec<String>,
}

impl UndoneRun<'_> {
    /// The header of the plan that undoes it.
    pub fn header(&self, origin: &PlanOrigin) -> PlanHeader {
        PlanHeader {
            wf_bulk_plan: VERSION,
            playbook: PlaybookRef {
                name: format!("undo: {}", self.plan.playbook.name),
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
            pace: self.plan.pace.clone(),
            guards: Guards::default(),
            follows: Some(Follows {
                run: self.run.clone(),
                by: FollowUp::Undo,
            }),
            tool: origin.tool.clone(),
        }
    }
}

/// Writes the plan that undoes a run. `applied` are its changes that were applied, together for each execution, in the order of its plan.
///
/// # Errors
///
/// If an execution can't be read or `out` can't be written; then the written part is not a plan.
pub async fn plan_undo(
    client: &Client,
    run: &UndoneRun<'_>,
    origin: &PlanOrigin,
    applied: impl Iterator<Item = Result<Vec<Change>, PlanError>>,
    out: impl Write,
    mut progress: impl FnMut(ScanProgress),
) -> Result<(Trailer, String), PlanningError> {
    let mut reads = ScanProgress {
        of: run.executions,
        ..ScanProgress::default()
    };
    progress(reads);
    let mut writer = PlanWriter::new(out, &run.header(origin))?;
    let concurrency = run.plan.pace.concurrency.get() as usize;
    let mut groups = stream::iter(applied)
        .map(|changes| async {
            let changes = changes?;
            let Some(first) = changes.first() else {
                return Ok((Vec::new(), 0));
            };
            let target = &first.target;
            let execution = read_execution(client, target.api, &target.execution).await?;
            if let Some(execution) = &execution {
                let found = execution.org().map_err(|source| ScanError::Execution {
                    what: format!("the read of {}", execution.id),
                    source,
                })?;
                organisation(origin.org.as_deref(), found)?;
            }
            let found = u64::from(execution.is_some());
            let items = undo(execution, &changes).map_err(io::Error::other)?;
            Ok::<_, PlanningError>((items, found))
        })
        .buffered(concurrency);
    while let Some((items, found)) = groups.try_next().await? {
        reads.done += 1;
        reads.executions += found;
        progress(reads);
        for item in items {
            writer.item(&item)?;
        }
    }
    drop(groups);
    writer.notes(run.notes.clone());
    let (_, trailer, sha256) = writer.finish(reads.executions)?;
    Ok((trailer, sha256))
}

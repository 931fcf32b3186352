//! `undo`: plans what brings back the values before a run, shows the plan, asks, and applies it.

use super::{
    follow_up::FollowUpPlan, lineage::Lineage, observers::Observers, part_filter::PartFilter,
    past_run::PastRun, retry_hint::PART, runs::readable,
};
use crate::{
    checkpoint::Checkpoint,
    cli::{Common, FollowUpArgs},
    error::{Error, ExitCode},
    outcome::Outcome,
    plan::{Change, PlanError},
    planning::plan_undo,
    store::StateDir,
    text::count,
};

pub(super) async fn undo(
    common: &Common,
    args: &FollowUpArgs,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let follow_up = FollowUpPlan::new(common, args, "undo", observers)?;
    let (run, filter) = (&follow_up.run, &follow_up.filter);
    let is_read = |filter: &mut PartFilter, group| !filter.applied(group).is_empty();
    let (executions, misses) = run.survey(filter, is_read)?;
    let notes = [notes(run), retried(common, run)?, misses].concat();
    let undone = run.followed(executions, notes);
    let applied = applied(run, filter.clone())?;
    let plan = follow_up.conclude(async |backend, out, progress| {
        let origin = run.origin(backend);
        plan_undo(&backend.client, &undone, &origin, applied, out, progress).await
    });
    Box::pin(plan).await
}

/// The changes of the part that were applied, together for each execution.
pub(super) fn applied(
    run: &PastRun,
    mut filter: PartFilter,
) -> Result<impl Iterator<Item = Result<Vec<Change>, PlanError>>, Error> {
    Ok(run.results()?.filter_map(move |group| match group {
        Ok(group) => Some(filter.applied(group))
            .filter(|group| !group.is_empty())
            .map(Ok),
        Err(error) => Some(Err(error)),
    }))
}

/// What a reader of the plan should know of the run.
fn notes(run: &PastRun) -> Vec<String> {
    let id = run.settings.run;
    let counts = run.state.counts();
    let doubts = counts.get(Outcome::InDoubt);
    let in_doubt = (doubts > 0).then(|| {
        let changes = count(doubts, "change", "changes");
        let are = if doubts == 1 { "is" } else { "are" };
        format!("{changes} of run {id} {are} in doubt and {are} not undone")
    });
    let left = run.state.left();
    let unfinished = (run.state.ending().is_none() && left > 0).then(|| {
        format!(
            "run {id} is not finished: `resume` would still make its {}; to prevent that, abandon it",
            count(left, "remaining change", "remaining changes")
        )
    });
    in_doubt.into_iter().chain(unfinished).collect()
}

/// The retries of the run that have changed something, and were not undone.
fn retried(common: &Common, run: &PastRun) -> Result<Vec<String>, Error> {
    let listing = readable(&StateDir::new(common.state_dir.clone()))?;
    let lineage = Lineage::of(&listing);
    let id = run.settings.run;
    let invocation = common.invocation.without(&PART);
    let mut notes = Vec::new();
    for retry in lineage.retries_of(id) {
        let listed = listing
            .runs
            .iter()
            .find(|listed| listed.folder.id() == retry);
        let is_undone = lineage.undone_by(retry).is_some();
        let Some(listed) = listed.filter(|_| !is_undone) else {
            continue;
        };
        let applied = Checkpoint::read(&listed.folder.checkpoint())
            .map_err(|error| {
                Error::failed(format!("the checkpoint of run {retry} can't be used"))
                    .caused_by(error)
            })?
            .state
            .counts()
            .get(Outcome::Applied);
        if applied > 0 {
            let command = invocation.command("undo", &[&retry.to_string()]);
            let changes = count(applied, "change", "changes");
            notes.push(format!(
                "run {retry} is a retry of run {id}; this plan does not undo its {changes}: {command}"
            ));
        }
    }
    Ok(notes)
}

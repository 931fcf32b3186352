//! Which runs undo, retry or correct which others.

use crate::{
    checkpoint::Checkpoint,
    outcome::{Counts, Outcome},
    plan::{FollowUp, Follows},
    report::{UndoRun, Undone},
    store::{RunFolder, RunId, RunListing, StoreError},
};

/// The runs of a state folder that follow another one, newest first.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    followers: Vec<(RunId, Follows)>,
    /// Those of the followers.
    folders: Vec<RunFolder>,
}

impl Lineage {
    /// Of the runs that can be read. Who decides by it refuses a listing with others.
    pub(super) fn of(listing: &RunListing) -> Self {
        let follow_ups = listing.runs.iter();
        let (followers, folders) = follow_ups
            .filter_map(|run| Some(((run.folder.id(), run.follows?), run.folder.clone())))
            .unzip();
        Self { followers, folders }
    }

    /// What follows a run, newest first.
    pub(super) fn of_run(&self, run: RunId) -> impl Iterator<Item = (RunId, FollowUp)> {
        let followers = self
            .followers
            .iter()
            .filter(move |(_, follows)| follows.run == run);
        followers.map(|(id, follows)| (*id, follows.by))
    }

    /// The newest run that does this with a run.
    pub(super) fn newest(&self, run: RunId, by: FollowUp) -> Option<RunId> {
        self.of_run(run)
            .find_map(|(id, what)| (what == by).then_some(id))
    }

    /// What the undos of a run have left of their effect. An undo counts only as far as it was not undone itself.
    ///
    /// # Errors
    ///
    /// If the checkpoint of an undo can't be read.
    pub(super) fn undone(&self, run: RunId) -> Result<Undone, StoreError> {
        undone(self, &[run], &|run| {
            let mut folders = self.folders.iter();
            let Some(folder) = folders.find(|folder| folder.id() == run) else {
                return Ok(Counts::default());
            };
            Ok(Checkpoint::read(&folder.checkpoint())?.state.counts())
        })
    }

    /// The newest run that has undone a run, at least in part, and was not undone itself. If a checkpoint can't be read, the newest undo.
    pub(super) fn undone_by(&self, run: RunId) -> Option<UndoRun> {
        self.known_undone(run).in_force()
    }

    /// What is known of the undos: of one whose checkpoint can't be read, that it is there.
    pub(super) fn known_undone(&self, run: RunId) -> Undone {
        self.undone(run).unwrap_or_else(|_| {
            Undone(
                (self.newest(run, FollowUp::Undo).into_iter())
                    .map(|run| UndoRun {
                        run,
                        changes: 0,
                        in_doubt: 0,
                        undone_by: None,
                    })
                    .collect(),
            )
        })
    }

    /// The other runs that do the same with the run that a run follows, newest first.
    pub(super) fn siblings(&self, run: RunId, follows: Follows) -> impl Iterator<Item = RunId> {
        self.of_run(follows.run)
            .filter(move |(id, by)| *id != run && *by == follows.by)
            .map(|(id, _)| id)
    }

    /// The runs that a run retries, the first one first.
    pub(super) fn retried_by(&self, run: RunId) -> Vec<RunId> {
        let mut runs = Vec::new();
        let mut at = run;
        let parent = |of: RunId| {
            let mut all = self.followers.iter();
            all.find_map(|(id, follows)| {
                (*id == of && follows.by == FollowUp::Retry).then_some(follows.run)
            })
        };
        while let Some(parent) = parent(at).filter(|parent| !runs.contains(parent)) {
            runs.insert(0, parent);
            at = parent;
        }
        runs
    }

    /// The retries of a run, and the retries of these.
    pub(super) fn retries_of(&self, run: RunId) -> Vec<RunId> {
        let mut runs = vec![run];
        let mut next = 0;
        while let Some(run) = runs.get(next).copied() {
            let followers = self.of_run(run).filter(|(_, by)| *by == FollowUp::Retry);
            let new: Vec<RunId> = followers
                .map(|(id, _)| id)
                .filter(|id| !runs.contains(id))
                .collect();
            runs.extend(new);
            next += 1;
        }
        runs.split_off(1)
    }
}

/// The undos of the last run of `chain`, with what is left of each after its own undos. Each run of the chain undoes the one before it.
/// `counts` are the outcomes of a run.
fn undone<E>(
    lineage: &Lineage,
    chain: &[RunId],
    counts: &impl Fn(RunId) -> Result<Counts, E>,
) -> Result<Undone, E> {
    let mut undos = Vec::new();
    let followers = chain.last().map(|run| lineage.of_run(*run));
    for (undo, by) in followers.into_iter().flatten() {
        // A folder that was changed may say that a run undoes itself.
        if by != FollowUp::Undo || chain.contains(&undo) {
            continue;
        }
        let of_undo = undone(lineage, &[chain, &[undo]].concat(), counts)?;
        let counts = counts(undo)?;
        let made = counts.get(Outcome::Applied) + counts.get(Outcome::AlreadyDone);
        undos.push(UndoRun {
            run: undo,
            changes: made.saturating_sub(of_undo.changes()),
            in_doubt: counts.get(Outcome::InDoubt),
            undone_by: of_undo.in_force().map(|undo| undo.run),
        });
    }
    Ok(Undone(undos))
}

#[cfg(test)]
mod tests;

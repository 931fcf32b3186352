//! Which runs undo, retry or correct which others.

use crate::{
    plan::{FollowUp, Follows},
    store::{RunId, RunListing},
};

/// The runs of a state folder that follow another one, newest first.
#[derive(Debug, Default)]
pub(super) struct Lineage(Vec<(RunId, Follows)>);

impl Lineage {
    /// Of the runs that can be read. Who decides by it refuses a listing with others.
    pub(super) fn of(listing: &RunListing) -> Self {
        let follow_ups = listing.runs.iter();
        let follow_ups = follow_ups.filter_map(|run| Some((run.folder.id(), run.follows?)));
        Self(follow_ups.collect())
    }

    /// What follows a run, newest first.
    pub(super) fn of_run(&self, run: RunId) -> impl Iterator<Item = (RunId, FollowUp)> {
        let followers = self.0.iter().filter(move |(_, follows)| follows.run == run);
        followers.map(|(id, follows)| (*id, follows.by))
    }

    /// The newest run that does this with a run.
    pub(super) fn newest(&self, run: RunId, by: FollowUp) -> Option<RunId> {
        self.of_run(run)
            .find_map(|(id, what)| (what == by).then_some(id))
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
            let mut all = self.0.iter();
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

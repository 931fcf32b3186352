//! Which runs undo, retry or correct which others.

use crate::{
    plan::{FollowUp, Follows},
    store::{RunId, RunListing, StoreError},
};

/// The runs of a state folder that follow another one, newest first.
#[derive(Debug, Default)]
pub(super) struct Lineage(Vec<(RunId, Follows)>);

impl Lineage {
    /// Of all runs whose plan can be read.
    pub(super) fn of_the_readable(listing: &RunListing) -> Self {
        let follow_ups = listing.runs.iter().filter_map(|run| {
            let header = run.folder.plan_header().ok()?;
            Some((run.folder.id(), header.follows?))
        });
        Self(follow_ups.collect())
    }

    /// Of all runs.
    ///
    /// # Errors
    ///
    /// If a plan can't be read: it may be that of a follow-up.
    pub(super) fn of(listing: &RunListing) -> Result<Self, StoreError> {
        let mut follow_ups = Vec::new();
        for run in &listing.runs {
            let follows = run.folder.plan_header()?.follows;
            follow_ups.extend(follows.map(|follows| (run.folder.id(), follows)));
        }
        Ok(Self(follow_ups))
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

//! What other runs have made of the changes of one: the retries of the same run, or its undos.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::BufReader,
};

use super::lineage::Lineage;
use crate::{
    api::Id,
    checkpoint::{Checkpoint, CheckpointState},
    outcome::Outcome,
    plan::{Follows, Item, PlanReader, Target},
    planning::{Tried, TriedResult},
    store::{RunFolder, RunId, RunListing},
    target::TargetPart,
};

type ReadError = Box<dyn std::error::Error + Send + Sync>;

/// The targets of the other runs that make the same changes as a run.
#[derive(Debug, Default)]
pub(super) struct OtherFollowUps {
    /// By execution.
    tried: BTreeMap<Id, Vec<Tried>>,
    /// The targets in the plans of its own retries, also those that were skipped there.
    retried: BTreeSet<(Id, TargetPart)>,
}

impl OtherFollowUps {
    /// Of a run, or a retry of one: the retries that it has a first run in common with, without itself and those that it retries.
    ///
    /// # Errors
    ///
    /// If the plan or the checkpoint of one of them can't be read.
    pub(super) fn retries(
        listing: &RunListing,
        lineage: &Lineage,
        run: RunId,
    ) -> Result<Self, ReadError> {
        let parents = lineage.retried_by(run);
        let own = lineage.retries_of(run);
        let mut others = Self::default();
        for id in lineage.retries_of(parents.first().copied().unwrap_or(run)) {
            let listed = listing.runs.iter().find(|listed| listed.folder.id() == id);
            if id != run
                && !parents.contains(&id)
                && let Some(listed) = listed
            {
                others.add(&listed.folder, own.contains(&id))?;
            }
        }
        Ok(others)
    }

    /// Of an undo or a correction: the others of the same run.
    ///
    /// # Errors
    ///
    /// As for retries.
    pub(super) fn siblings(
        listing: &RunListing,
        lineage: &Lineage,
        run: RunId,
        follows: Follows,
    ) -> Result<Self, ReadError> {
        let mut others = Self::default();
        for id in lineage.siblings(run, follows) {
            if let Some(listed) = listing.runs.iter().find(|listed| listed.folder.id() == id) {
                others.add(&listed.folder, false)?;
            }
        }
        Ok(others)
    }

    fn add(&mut self, folder: &RunFolder, is_own: bool) -> Result<(), ReadError> {
        let (mut plan, state) = open(folder)?;
        while let Some(line) = plan.next_line()? {
            let target = match &line.item {
                Item::Change(change) => Some(&change.target),
                Item::Skipped(skip) => Some(&skip.target),
                Item::Rejected(rejection) => rejection.target.as_ref(),
            };
            if is_own {
                self.retried.extend(target.map(key));
            }
            if let Item::Change(change) = line.item {
                let (execution, part) = key(&change.target);
                self.tried.entry(execution).or_default().push(Tried {
                    run: folder.id(),
                    part,
                    labels: change.action,
                    fate: fate(state.outcome_so_far(line.number)),
                });
            }
        }
        Ok(())
    }

    /// Whether it is unknown of a change whether another run has made it.
    pub(super) fn is_any_in_doubt(&self) -> bool {
        let mut tried = self.tried.values().flatten();
        tried.any(|tried| tried.fate == TriedResult::InDoubt)
    }

    /// Those with targets in an execution.
    pub(super) fn in_execution(&self, execution: &Id) -> &[Tried] {
        self.tried.get(execution).map_or(&[], Vec::as_slice)
    }

    /// Of the targets that a run left: how many are in no plan of its own retries, and whether another run has made all.
    pub(super) fn left_of(&self, folder: &RunFolder) -> Result<Left, ReadError> {
        let (mut plan, state) = open(folder)?;
        // What was made of them in part is then completed.
        let is_idempotent = plan.header().playbook.converges;
        let mut open = BTreeMap::new();
        while let Some(line) = plan.next_line()? {
            if let Item::Change(change) = line.item
                && fate(state.outcome_so_far(line.number)) == TriedResult::Left
                && state.outcome_so_far(line.number) != Outcome::Gone
            {
                let (execution, part) = key(&change.target);
                let tried = self.in_execution(&execution);
                let is_made = change.action.iter().all(|label| {
                    let of_it = |other: &&Tried| other.part == part && other.labels.contains(label);
                    let is_left = |run| {
                        let left =
                            |other: &Tried| other.run == run && other.fate == TriedResult::Left;
                        tried.iter().filter(of_it).any(left)
                    };
                    let mut made = tried
                        .iter()
                        .filter(of_it)
                        .filter(|other| other.fate != TriedResult::Left);
                    made.any(|other| !(is_idempotent && is_left(other.run)))
                });
                *open.entry((execution, part)).or_insert(false) |= !is_made;
            }
        }
        Ok(Left {
            not_retried: open
                .keys()
                .filter(|key| !self.retried.contains(*key))
                .count() as u64,
            is_any_to_make: open.values().any(|to_make| *to_make),
        })
    }
}

/// What is left of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// How many targets are in no plan of its own retries.
    pub(super) not_retried: u64,
    /// Whether there is one that no other run has made, or may have made.
    pub(super) is_any_to_make: bool,
}

fn open(folder: &RunFolder) -> Result<(PlanReader<BufReader<File>>, CheckpointState), ReadError> {
    let plan = PlanReader::new(BufReader::new(File::open(folder.plan())?))?;
    Ok((plan, Checkpoint::read(&folder.checkpoint())?.state))
}

fn key(target: &Target) -> (Id, TargetPart) {
    let part = TargetPart::of(target.kind, target.id.clone());
    (target.execution.clone(), part)
}

const fn fate(outcome: Outcome) -> TriedResult {
    match outcome {
        Outcome::Applied | Outcome::AlreadyDone => TriedResult::Made,
        Outcome::InDoubt => TriedResult::InDoubt,
        Outcome::Drifted
        | Outcome::Gone
        | Outcome::Refused
        | Outcome::Failed
        | Outcome::NotAttempted => TriedResult::Left,
    }
}

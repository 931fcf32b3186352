//! What the history still knows of a run whose folder a person has deleted.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    PLAN, RunId, RunOrigin,
    record::{HistoryEvent, HistoryRecord},
};
use crate::outcome::Outcome;

/// A run that `prune` has deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedRun {
    pub run: RunId,
    pub deleted_at: Timestamp,
    /// When its creation was recorded; none if that record is missing.
    pub created_at: Option<Timestamp>,
    /// None if the record of its creation is missing, or is of an earlier version.
    pub origin: Option<RunOrigin>,
    pub plan_sha256: Option<String>,
    /// None if the record of its end is missing.
    pub end: Option<RunEnd>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// `finished` or `abandoned`
    pub how: String,
    pub ended_at: Timestamp,
    /// How many changes have each outcome, without zeros.
    pub outcomes: BTreeMap<Outcome, u64>,
}

/// The deleted runs whose ids begin with `prefix`, in the order of their ids.
pub(super) fn deleted_runs(records: &[HistoryRecord], prefix: &str) -> Vec<DeletedRun> {
    let mut ends = BTreeMap::new();
    let mut creations = BTreeMap::new();
    let mut deleted = BTreeMap::new();
    for record in records {
        match &record.event {
            HistoryEvent::Ended {
                run,
                how,
                ended_at,
                outcomes,
                ..
            } => {
                let ended_at = Timestamp::from_millisecond(*ended_at).unwrap_or(record.at);
                ends.insert(
                    *run,
                    RunEnd {
                        how: how.clone(),
                        ended_at,
                        outcomes: outcomes.clone(),
                    },
                );
            }
            HistoryEvent::Created { run, files, origin } => {
                creations.insert(*run, (record.at, files.get(PLAN), origin));
            }
            HistoryEvent::Pruned { run } if run.to_string().starts_with(prefix) => {
                deleted.insert(*run, record.at);
            }
            HistoryEvent::Pruned { .. } | HistoryEvent::NoRun(_) => {}
        }
    }
    let deleted = deleted.into_iter();
    let of = |(run, deleted_at)| {
        let creation = creations.remove(&run);
        let (created_at, plan, origin) = creation
            .map_or((None, None, None), |(at, plan, origin)| {
                (Some(at), plan, origin.as_deref())
            });
        DeletedRun {
            run,
            deleted_at,
            created_at,
            origin: origin.cloned(),
            plan_sha256: plan.cloned(),
            end: ends.remove(&run),
        }
    };
    deleted.map(of).collect()
}

//! What becomes of a run's entry when a session begins, and when the run has ended: pure.

use super::{LedgerEnding, LedgerRun, LedgerSession};
use crate::outcome::Outcome;

/// What a session that is about to begin finds in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerBegin {
    /// The run is not in the ledger: whether it may begin, the other runs decide.
    Unrecorded,
    /// The session is in the ledger already: the answer to a push was lost.
    Written,
    /// The run, with this session as its last one.
    Continue(Box<LedgerRun>),
}

/// Why a session may not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerObjection {
    /// The run has ended elsewhere, or was abandoned.
    Ended(Box<LedgerRun>),
    /// Another folder has continued the run, and this one does not know what was done there.
    OlderCopy(LedgerSession),
    /// The ledger has a run of this id with another plan.
    OtherPlan,
}

/// Whether a session of `mine` may begin. `known`: the sessions that the run's folder knows.
///
/// # Errors
///
/// If it may not.
pub fn begin(
    runs: &[LedgerRun],
    mine: &LedgerRun,
    known: &[String],
) -> Result<LedgerBegin, LedgerObjection> {
    let Some(found) = runs.iter().find(|run| run.run == mine.run) else {
        return Ok(LedgerBegin::Unrecorded);
    };
    if found.plan_sha256 != mine.plan_sha256 {
        return Err(LedgerObjection::OtherPlan);
    }
    if found.end.is_some() {
        return Err(LedgerObjection::Ended(Box::new(found.clone())));
    }
    if found.session.id == mine.session.id {
        return Ok(LedgerBegin::Written);
    }
    if !known.contains(&found.session.id) {
        return Err(LedgerObjection::OlderCopy(found.session.clone()));
    }
    Ok(LedgerBegin::Continue(Box::new(LedgerRun {
        session: mine.session.clone(),
        ..found.clone()
    })))
}

/// The entry of a run that has ended as `mine` says; none if the ledger knows it, or knows better. `known`: the sessions that the run's folder
/// knows.
pub fn end(runs: &[LedgerRun], mine: &LedgerRun, known: &[String]) -> Option<LedgerRun> {
    let mut end = mine.end.clone()?;
    let Some(found) = runs.iter().find(|run| run.run == mine.run) else {
        return Some(mine.clone());
    };
    match (found.end.as_ref().map(|end| end.how), end.how) {
        (Some(LedgerEnding::Finished), _)
        | (Some(LedgerEnding::Abandoned), LedgerEnding::Abandoned) => {
            return None;
        }
        // It was given up for lost, and was not.
        (Some(LedgerEnding::Abandoned) | None, LedgerEnding::Finished)
        | (None, LedgerEnding::Abandoned) => {}
    }
    // An older copy of the folder does not know what was sent after it: nothing of that may count as not sent.
    if !known.contains(&found.session.id) {
        let unknown = end.outcomes.remove(&Outcome::NotAttempted).unwrap_or(0);
        *end.outcomes.entry(Outcome::InDoubt).or_default() += unknown;
    }
    Some(LedgerRun {
        end: Some(end),
        ..found.clone()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::{super::LedgerEnd, *};
    use crate::run_id::RunId;

    fn run(session: &str, end: Option<(LedgerEnding, [(Outcome, u64); 2])>) -> LedgerRun {
        LedgerRun {
            wf_bulk_ledger: super::super::LedgerVersion,
            run: RunId::new(Timestamp::UNIX_EPOCH, [1; 10]),
            plan_sha256: "ab".repeat(32),
            playbook: "p".to_owned(),
            vars_sha256: "cd".repeat(32),
            server: "https://a.example".to_owned(),
            org: None,
            follows: None,
            changes: 3,
            started_at: Timestamp::UNIX_EPOCH,
            user: "eva".to_owned(),
            host: "laptop".to_owned(),
            actor: None,
            link: None,
            session: LedgerSession {
                id: session.to_owned(),
                host: "laptop".to_owned(),
                at: Timestamp::UNIX_EPOCH,
            },
            end: end.map(|(how, outcomes)| LedgerEnd {
                how,
                at: Timestamp::UNIX_EPOCH,
                host: "laptop".to_owned(),
                outcomes: BTreeMap::from(outcomes),
                exit_code: None,
            }),
        }
    }

    const DONE: [(Outcome, u64); 2] = [(Outcome::Applied, 1), (Outcome::NotAttempted, 2)];

    #[test]
    fn a_session_begins_unless_the_run_has_ended_or_its_folder_is_an_older_copy() {
        let mine = run("new", None);
        let known = ["first".to_owned(), "lost".to_owned()];
        let ended = run("first", Some((LedgerEnding::Finished, DONE)));
        let another = LedgerRun {
            plan_sha256: "ef".repeat(32),
            ..run("first", None)
        };
        for (found, expected) in [
            (None, Ok(LedgerBegin::Unrecorded)),
            (
                Some(run("first", None)),
                Ok(LedgerBegin::Continue(Box::new(mine.clone()))),
            ),
            // The answer to the push, or the process behind it, was lost.
            (Some(run("new", None)), Ok(LedgerBegin::Written)),
            (
                Some(run("elsewhere", None)),
                Err(LedgerObjection::OlderCopy(run("elsewhere", None).session)),
            ),
            (
                Some(ended.clone()),
                Err(LedgerObjection::Ended(Box::new(ended))),
            ),
            (Some(another), Err(LedgerObjection::OtherPlan)),
        ] {
            let found: Vec<LedgerRun> = found.into_iter().collect();
            assert_eq!(begin(&found, &mine, &known), expected);
        }
    }

    #[test]
    fn an_end_is_recorded_once_and_what_a_folder_does_not_know_counts_as_in_doubt() {
        let known = ["first".to_owned()];
        let finished = Some((LedgerEnding::Finished, DONE));
        let abandoned = Some((LedgerEnding::Abandoned, DONE));
        let in_doubt = [(Outcome::Applied, 1), (Outcome::InDoubt, 2)];
        for (found, mine, expected) in [
            (None, finished, Some(finished)),
            (Some(("first", None)), finished, Some(finished)),
            (Some(("first", None)), abandoned, Some(abandoned)),
            (
                Some(("elsewhere", None)),
                abandoned,
                Some(Some((LedgerEnding::Abandoned, in_doubt))),
            ),
            (Some(("first", finished)), finished, None),
            (Some(("first", finished)), abandoned, None),
            (Some(("first", abandoned)), abandoned, None),
            (Some(("first", abandoned)), finished, Some(finished)),
            (Some(("first", None)), None, None),
        ] {
            let runs: Vec<LedgerRun> = found
                .map(|(session, end)| run(session, end))
                .into_iter()
                .collect();
            let session = found.map_or("first", |(session, _)| session);
            let expected = expected.map(|end| run(session, end));
            assert_eq!(end(&runs, &run("first", mine), &known), expected);
        }
    }
}

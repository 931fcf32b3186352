//! What became of each change of a run, with its reason, its attempts and their times: plan and checkpoint, read side by side.

use std::io::{self, BufRead};

use jiff::Timestamp;

use super::{
    Problem,
    change_facts::{AttemptTimes, facts, key, known},
    run_files::RunFilesError,
    words,
};
use crate::{
    checkpoint::{CheckpointState, PersonAnswer},
    outcome::Outcome,
    plan::{Change, Item, PlanReader},
    store::RunFolder,
};

/// The reason of a change that waits for another one, without that one's name.
const DEPENDS: &str = "it depends on another change that did not succeed";

/// What became of one change.
#[derive(Debug)]
pub(super) struct ChangeEnd<'a> {
    pub(super) change: &'a Change,
    pub(super) outcome: Outcome,
    /// The answer of the service or the finding of the re-check; or why it was not attempted, or what to look at.
    pub(super) detail: Option<String>,
    /// The same without what is about this one target, so that equal ones can be counted.
    pub(super) message: Option<String>,
    /// What is about this one target.
    pub(super) about: Option<String>,
    pub(super) attempts: AttemptTimes,
    /// Its line in the plan.
    pub(super) line: u64,
    /// If it is in doubt, and a person can still answer.
    pub(super) doubt: Option<OpenDoubt>,
}

/// What a person needs for an answer about a change in doubt.
#[derive(Debug)]
pub(super) struct OpenDoubt {
    /// All that were begun, which is what an answer is about.
    pub(super) attempts: u32,
    pub(super) first_sent_at: Option<Timestamp>,
    pub(super) last_sent_at: Option<Timestamp>,
    /// The end of "look …".
    pub(super) look_at: String,
    /// What the last look at the service showed.
    pub(super) found: Option<String>,
    /// An answer that has not taken effect.
    pub(super) answer: Option<PersonAnswer>,
}

impl OpenDoubt {
    fn of(state: &CheckpointState, line: u64, change: &Change) -> Option<Self> {
        let open = state.open(line).filter(|open| open.doubtful)?;
        if state.ending().is_some() {
            return None;
        }
        Some(Self {
            attempts: open.attempts,
            first_sent_at: state.first_sent_at(line),
            last_sent_at: state.sent_at(line),
            look_at: change.look_at(state.sent_at(line)),
            found: state.found(line).map(str::to_owned),
            answer: state.answer(line),
        })
    }
}

impl ChangeEnd<'_> {
    /// Its entry among the changes that need attention; none if it needs none.
    pub(super) fn problem(&self) -> Option<Problem<'_>> {
        Problem::new(
            &self.change.target,
            &self.change.action,
            self.outcome,
            self.detail.as_deref(),
        )
    }
}

/// A change that did not succeed, and on which others may depend.
struct Unmet {
    change: Change,
    /// The change on which it depends itself, or else its outcome.
    cause: String,
}

/// Visits all changes in the plan's order. `why`: the reason for changes that were not attempted and depend on no other.
///
/// # Errors
///
/// If plan or checkpoint can't be read, the facts can't be sorted, or `take` fails.
pub(super) fn each_change<P: BufRead>(
    folder: &RunFolder,
    mut plan: PlanReader<P>,
    why: &str,
    mut take: impl FnMut(&ChangeEnd<'_>) -> io::Result<()>,
) -> Result<(), RunFilesError> {
    let (state, facts) = facts(folder)?;
    let mut facts = facts.peekable();
    // The changes of one execution, which are together in the plan.
    let mut unmet: Vec<Unmet> = Vec::new();
    while let Some(line) = plan.next_line()? {
        let Item::Change(change) = line.item else {
            continue;
        };
        let known = known(&mut facts, &key(line.number))?;
        let outcome = state.outcome_so_far(line.number);
        let on = unmet_before(&mut unmet, &change);
        let mut message = known.said;
        let mut about = None;
        match outcome {
            // The error of an earlier attempt is no reason for a success.
            Outcome::Applied | Outcome::AlreadyDone => message = known.end,
            Outcome::InDoubt => {
                // Nor is it one for a doubt about the last one.
                if state.open(line.number).is_some() {
                    message = state.last_answer(line.number).map(str::to_owned);
                }
                let look = change.look_at(state.sent_at(line.number));
                let found = state.found(line.number);
                let found = found.map_or_else(String::new, |found| format!("seen: {found}; "));
                about = Some(format!("{found}look {look}"));
            }
            Outcome::NotAttempted => {
                message = Some(if on.is_some() { DEPENDS } else { why }.to_owned());
                about = on.as_ref().map(|cause| format!("it depends on {cause}"));
            }
            Outcome::Drifted | Outcome::Gone | Outcome::Refused | Outcome::Failed => {}
        }
        let detail = match (&message, &about) {
            (Some(said), Some(look)) if outcome == Outcome::InDoubt => {
                Some(format!("{said}; {look}"))
            }
            (_, Some(about)) => Some(about.clone()),
            (said, None) => said.clone(),
        };
        take(&ChangeEnd {
            change: &change,
            outcome,
            detail,
            message,
            about,
            attempts: known.attempts,
            line: line.number,
            doubt: OpenDoubt::of(&state, line.number, &change),
        })?;
        // Changes that the run did not reach have no cause among the changes.
        if matches!(outcome, Outcome::Applied | Outcome::AlreadyDone)
            || (outcome == Outcome::NotAttempted && on.is_none())
        {
            continue;
        }
        let cause = on.unwrap_or_else(|| words::cause(&change, outcome));
        unmet.push(Unmet {
            change: *change,
            cause,
        });
    }
    Ok(())
}

/// Why a change of the same execution keeps this one waiting. Forgets those of the execution before.
fn unmet_before(unmet: &mut Vec<Unmet>, change: &Change) -> Option<String> {
    if unmet
        .first()
        .is_some_and(|first| first.change.group != change.group)
    {
        unmet.clear();
    }
    let on = unmet
        .iter()
        .find(|earlier| change.depends_on(&earlier.change));
    on.map(|earlier| earlier.cause.clone())
}

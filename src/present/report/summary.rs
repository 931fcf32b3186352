//! The result of a run or a dry run.

use std::{path::PathBuf, time::Duration};

use crate::{
    error::ExitCode,
    event::StopReason,
    outcome::{Counts, Outcome},
    plan::Trailer,
};

/// The result of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The run's id; none in a dry run.
    pub run: Option<String>,
    /// The SHA-256 of the plan; none if there is no unfinished run.
    pub plan_sha256: Option<String>,
    /// The signer of the plan, if this session checked the signature.
    pub signed_by: Option<String>,
    pub planned: u64,
    /// Over all sessions of the run.
    pub outcomes: Counts,
    /// Skipped targets of the plan, without those out of reach.
    pub skipped: u64,
    /// Targets out of reach.
    pub out_of_reach: u64,
    /// Rejected targets.
    pub rejected: u64,
    /// The plan's notes.
    pub notes: Vec<String>,
    /// Of the last session; the default if unknown.
    pub session: Session,
    /// There were earlier sessions.
    pub is_resumed: bool,
    /// Why it stopped.
    pub stopped: Option<StopReason>,
    /// The reason for abandoning it, if it was.
    pub abandoned: Option<String>,
    /// `resume` has nothing left to do.
    pub finished: bool,
    /// The run's folder; none in a dry run.
    pub folder: Option<PathBuf>,
    /// The sentence with the command that plans the remaining changes of an ended run again.
    pub to_try_the_rest: Option<String>,
}

/// The requests and the time of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// All requests that were sent, including reads and retries.
    pub requests: u64,
    pub retries: u64,
    /// Answers with 429.
    pub throttled: u64,
    pub elapsed: Duration,
}

/// The outcomes do not add up to the changes: a bug has lost or doubled one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{planned} changes were planned, but {counted} outcomes were counted; don't trust this result, and report it as a bug"
)]
pub struct Unaccounted {
    pub planned: u64,
    pub counted: u64,
}

impl Summary {
    /// The result of a dry run: nothing was attempted.
    #[must_use]
    pub fn dry_run(mut self, session: Session) -> Self {
        self.outcomes.add(Outcome::NotAttempted, self.planned);
        Self {
            session,
            finished: true,
            ..self
        }
    }

    /// What the plan itself says; no change has an outcome yet.
    pub fn of_plan(sha256: String, trailer: &Trailer, out_of_reach: u64) -> Self {
        Self {
            plan_sha256: Some(sha256),
            planned: trailer.changes,
            skipped: trailer.skipped - out_of_reach,
            out_of_reach,
            rejected: trailer.rejected,
            notes: trailer.notes.clone(),
            ..Self::default()
        }
    }

    /// There is no unfinished run.
    pub fn nothing() -> Self {
        Self {
            finished: true,
            ..Self::default()
        }
    }

    /// Every planned change has exactly one outcome.
    ///
    /// # Errors
    ///
    /// If the sum of the outcomes differs from the number of planned changes.
    pub fn check(&self) -> Result<(), Unaccounted> {
        let counted = self.outcomes.total();
        if counted == self.planned {
            Ok(())
        } else {
            Err(Unaccounted {
                planned: self.planned,
                counted,
            })
        }
    }

    /// The exit code of the command.
    pub fn exit_code(&self) -> ExitCode {
        let accounted = match self.check() {
            Ok(()) => ExitCode::Done,
            Err(Unaccounted { .. }) => ExitCode::Error,
        };
        let stopped = self.stopped.as_ref().map(stop_code);
        // The user wanted to resume it.
        let abandoned = self.abandoned.as_ref().map(|_| ExitCode::Error);
        let rejected = (self.rejected > 0).then_some(ExitCode::SomeFailed);
        let outcomes = Outcome::ALL
            .into_iter()
            .filter(|outcome| self.outcomes.get(*outcome) > 0)
            .map(|outcome| self.outcome_code(outcome));
        ExitCode::of_all(
            [accounted]
                .into_iter()
                .chain(stopped)
                .chain(abandoned)
                .chain(rejected)
                .chain(outcomes),
        )
    }

    const fn outcome_code(&self, outcome: Outcome) -> ExitCode {
        match outcome {
            Outcome::Applied | Outcome::AlreadyDone => ExitCode::Done,
            Outcome::Drifted | Outcome::Gone => ExitCode::Stale,
            Outcome::Refused | Outcome::Failed => ExitCode::SomeFailed,
            Outcome::InDoubt => ExitCode::InDoubt,
            // If the run stopped, the reason has its own code; if it did not start, nothing was to be attempted. Otherwise the change
            // waited for one that did not succeed, which is never a success.
            Outcome::NotAttempted => match (&self.run, &self.stopped) {
                (None, _) | (_, Some(_)) => ExitCode::Done,
                (Some(_), None) => ExitCode::Stale,
            },
        }
    }
}

const fn stop_code(drain: &StopReason) -> ExitCode {
    match drain {
        StopReason::Interrupted => ExitCode::Interrupted,
        StopReason::FailuresInARow { .. }
        | StopReason::NothingGotThrough { .. }
        | StopReason::ErrorBudget { .. }
        | StopReason::Stage { .. }
        | StopReason::LongPause { .. } => ExitCode::Stopped,
        StopReason::Unauthorized { .. }
        | StopReason::Checkpoint { .. }
        | StopReason::OtherOrganisation { .. }
        | StopReason::Bug { .. } => ExitCode::Error,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A run whose outcomes add up.
    pub(in crate::present::report) fn run(
        outcomes: &[(Outcome, u64)],
        stopped: Option<StopReason>,
    ) -> Summary {
        let mut counts = Counts::default();
        for (outcome, changes) in outcomes {
            counts.add(*outcome, *changes);
        }
        let counts_in_doubt = counts.get(Outcome::InDoubt);
        Summary {
            run: Some("0192f0c4-8a5e-7000-8000-0000000000c4".to_owned()),
            plan_sha256: Some("5e".repeat(32)),
            signed_by: None,
            planned: counts.total(),
            outcomes: counts,
            skipped: 2,
            out_of_reach: 1,
            rejected: 0,
            notes: Vec::new(),
            session: Session {
                requests: 229,
                retries: 2,
                throttled: 1,
                elapsed: Duration::from_millis(28_750),
            },
            finished: stopped.is_none() && counts_in_doubt == 0,
            is_resumed: false,
            stopped,
            abandoned: None,
            folder: Some(".wf-bulk/runs/0192f0c4-8a5e-7000-8000-0000000000c4".into()),
            to_try_the_rest: None,
        }
    }

    pub(in crate::present::report) fn failures_in_a_row() -> StopReason {
        StopReason::FailuresInARow {
            failures: 10,
            last: "connection refused".to_owned(),
        }
    }

    #[test]
    fn each_end_has_its_exit_code_and_several_the_first_of_1_6_130_4_3_5() {
        use Outcome::{
            AlreadyDone, Applied, Drifted, Failed, Gone, InDoubt, NotAttempted, Refused,
        };
        let unauthorized = StopReason::Unauthorized {
            message: String::new(),
        };
        let checkpoint = StopReason::Checkpoint {
            message: String::new(),
        };
        let other = StopReason::OtherOrganisation {
            planned: String::new(),
            found: String::new(),
        };
        let long_pause = StopReason::LongPause {
            pause: Duration::from_secs(600),
        };
        let all = [(InDoubt, 1), (Failed, 1), (Drifted, 1), (NotAttempted, 1)];
        for (outcomes, stopped, code) in [
            (&[][..], None, 0),
            (&[(Applied, 5), (AlreadyDone, 2)], None, 0),
            (&[(Applied, 5), (Drifted, 1)], None, 5),
            (&[(Gone, 1)], None, 5),
            (&[(Refused, 1)], None, 3),
            (&[(Failed, 1), (Gone, 1)], None, 3),
            (&[(InDoubt, 1), (Failed, 1), (Gone, 1)], None, 6),
            (&[(NotAttempted, 1)], None, 5),
            (&[(Failed, 1), (NotAttempted, 1)], None, 3),
            (
                &[(Applied, 1), (NotAttempted, 1)],
                Some(StopReason::Interrupted),
                130,
            ),
            (
                &[(Failed, 10), (NotAttempted, 1)],
                Some(failures_in_a_row()),
                4,
            ),
            (&[(NotAttempted, 1)], Some(long_pause), 4),
            (&[(NotAttempted, 1)], Some(unauthorized.clone()), 1),
            (&[(NotAttempted, 1)], Some(checkpoint), 1),
            (&[(NotAttempted, 1)], Some(other), 1),
            (&all, Some(unauthorized), 1),
            (&all, Some(StopReason::Interrupted), 6),
            (&[(Failed, 1)], Some(StopReason::Interrupted), 130),
        ] {
            let summary = run(outcomes, stopped);
            assert_eq!(summary.exit_code().code(), code, "{summary:?}");
        }
        let mut rejected = run(&[(Applied, 1), (Drifted, 1)], None);
        rejected.rejected = 1;
        assert_eq!(rejected.exit_code(), ExitCode::SomeFailed);
        let mut abandoned = run(&[(Applied, 1), (InDoubt, 1)], None);
        abandoned.abandoned = Some("a user abandoned the run".to_owned());
        assert_eq!(abandoned.exit_code(), ExitCode::Error);
        assert_eq!(Summary::nothing().exit_code(), ExitCode::Done);
    }

    #[test]
    fn a_lost_or_doubled_change_is_an_error() {
        for planned in [9, 11] {
            let mut summary = run(&[(Outcome::Applied, 9), (Outcome::InDoubt, 1)], None);
            assert_eq!(summary.check(), Ok(()));
            summary.planned = planned;
            assert_eq!(
                summary.check(),
                Err(Unaccounted {
                    planned,
                    counted: 10
                })
            );
            assert_eq!(summary.exit_code(), ExitCode::Error);
        }
    }

    #[test]
    fn a_dry_run_attempts_nothing_and_ends_well_unless_something_is_rejected() {
        let mut trailer = Trailer {
            changes: 137,
            skipped: 2,
            ..Trailer::default()
        };
        let dry_run = |trailer: &Trailer| {
            Summary::of_plan("5e".to_owned(), trailer, 1).dry_run(Session::default())
        };
        let summary = dry_run(&trailer);
        assert_eq!(summary.outcomes.get(Outcome::NotAttempted), 137);
        assert_eq!((summary.skipped, summary.out_of_reach), (1, 1));
        assert_eq!(summary.check(), Ok(()));
        assert_eq!(summary.exit_code(), ExitCode::Done);
        trailer.rejected = 1;
        assert_eq!(dry_run(&trailer).exit_code(), ExitCode::SomeFailed);
    }
}

//! A session and the ledger: its beginning is recorded before the first change is sent, and its end if the run has ended.

use jiff::SignedDuration;
use tokio::sync::mpsc;

use super::{
    abandon::record_abandoned,
    admit::refused,
    earlier::{Candidate, RunsElsewhere},
    known_plan::KnownPlan,
    signals::unless_interrupted,
    team_ledger::{NotBegun, TeamLedger, ToldRun},
};
use crate::{
    cli::Common,
    error::{Error, ExitCode},
    ledger::LedgerRun,
    store::{RunSettings, StateDir},
};

/// A session that is about to begin, and the ledger in which that is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionInLedger<'a> {
    pub(super) common: &'a Common,
    pub(super) state_dir: &'a StateDir,
    pub(super) ledger: &'a TeamLedger,
    pub(super) told: &'a ToldRun,
    pub(super) settings: &'a RunSettings,
    pub(super) plan: &'a KnownPlan,
    pub(super) again: bool,
    /// The maximum age of the plan; none if it was just made.
    pub(super) max_age: Option<SignedDuration>,
}

impl<'a> SessionInLedger<'a> {
    /// That of `resume`. Its plan was kept, and a second application is not intended.
    pub(super) const fn resumed(
        common: &'a Common,
        state_dir: &'a StateDir,
        ledger: &'a TeamLedger,
        told: &'a ToldRun,
        settings: &'a RunSettings,
        plan: &'a KnownPlan,
    ) -> Self {
        Self {
            common,
            state_dir,
            ledger,
            told,
            settings,
            plan,
            again: false,
            max_age: Some(SignedDuration::MAX),
        }
    }

    /// Records a new run, whose folder was just made. If another machine has recorded one meanwhile that forbids it, the run is over: it has
    /// sent nothing.
    pub(super) async fn begin(
        &self,
        interrupts: &mut mpsc::UnboundedReceiver<()>,
    ) -> Result<(), Error> {
        let begun = async { Ok(self.try_to_begin().await) };
        match unless_interrupted(interrupts, begun).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(NotBegun::Refused(error))) => {
                let header = self.plan.checkpoint_header(self.settings.run);
                let why = "another run was recorded in the ledger first; nothing was sent";
                record_abandoned(self.state_dir, self.told.folder(), &header, why)?;
                Err(error)
            }
            // The record may have been made, so the run stays as it is.
            Ok(Err(NotBegun::Failed(error))) | Err(error) => {
                let run = self.told.id();
                let command = |name| self.common.invocation.command(name, &[&run]);
                let resume = command("resume");
                Err(error
                    .hint(format!(
                        "the run is made, and has sent nothing; to go on with it: {resume}"
                    ))
                    .hint(format!("or abandon it: {}", command("abandon"))))
            }
        }
    }

    /// Records that a session continues a run.
    pub(super) async fn begin_again(
        &self,
        interrupts: &mut mpsc::UnboundedReceiver<()>,
    ) -> Result<(), Error> {
        let begun = async { Ok(self.try_to_begin().await) };
        match unless_interrupted(interrupts, begun).await? {
            Ok(()) => Ok(()),
            Err(NotBegun::Refused(error)) => Err(error),
            Err(NotBegun::Failed(error)) => Err(error.hint("nothing was changed")),
        }
    }

    /// Checks, before anybody is asked, that a session may continue a run.
    pub(super) async fn expect_resumable(&self) -> Result<(), Error> {
        let judge = |recorded: &[LedgerRun]| self.refusal(recorded);
        self.ledger
            .expect_resumable(self.common, self.told, judge)
            .await
    }

    async fn try_to_begin(&self) -> Result<(), NotBegun> {
        let judge = |recorded: &[LedgerRun]| self.refusal(recorded);
        self.ledger.begin(self.common, self.told, judge).await
    }

    /// Why a run that is not in the ledger may not begin, with these runs in it.
    fn refusal(&self, recorded: &[LedgerRun]) -> Option<Error> {
        let candidate = Candidate {
            header: &self.plan.header,
            sha256: &self.plan.sha256,
            org: self.settings.org.as_deref(),
            again: self.again,
            elsewhere: RunsElsewhere::in_ledger(recorded),
        };
        match candidate.refusal_elsewhere(self.state_dir, self.max_age) {
            Ok(refusal) => refusal.map(|refusal| refused(self.common, &refusal)),
            Err(error) => Some(error),
        }
    }
}

/// Refuses to continue a run that was recorded in a ledger without it: this folder may be an older copy.
pub(super) fn refuse_unrecorded(
    common: &Common,
    settings: &RunSettings,
    ledger: Option<&TeamLedger>,
) -> Result<(), Error> {
    let (Some(recorded), None) = (&settings.ledger, ledger) else {
        return Ok(());
    };
    let run = settings.run.to_string();
    let resume = common
        .invocation
        .command("resume", &[&run, "--ledger", recorded]);
    Err(Error::usage(format!(
        "run {run} is recorded in a ledger, and only the ledger knows whether it was continued elsewhere"
    ))
    .hint(format!("add --ledger, if this is the one: {resume}"))
    .hint("nothing was changed"))
}

/// Records how a run has ended, if it has.
pub(super) async fn record_end(
    common: &Common,
    ledger: Option<&TeamLedger>,
    told: &ToldRun,
    ended: &Result<ExitCode, Error>,
) {
    let Some(ledger) = ledger else { return };
    let exit_code = match ended {
        Ok(exit_code) => *exit_code,
        Err(error) => error.exit_code(),
    };
    ledger
        .record_end_or_warn(common, told, exit_code.code())
        .await;
}

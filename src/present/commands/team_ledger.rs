//! The ledger of `--ledger`: what this machine asks of it, and says in it.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    backend::SANDBOX,
    core_dumps,
    known_plan::KnownPlan,
    operator::host,
    runs::store_error,
    terminal::{say, with_causes},
};
use crate::{
    checkpoint::{Checkpoint, Ending},
    cli::Common,
    dates,
    error::Error,
    ledger::{
        self, LedgerBegin, LedgerBranch, LedgerEnd, LedgerEnding, LedgerError, LedgerObjection,
        LedgerRemote, LedgerRun, LedgerSession,
    },
    outcome::{Counts, Outcome},
    plan::Follows,
    store::{Operator, RunFolder, RunSettings},
    text::Untrusted,
};

/// An open ledger.
#[derive(Debug)]
pub(super) struct TeamLedger {
    branch: LedgerBranch,
    host: String,
}

/// A run with its folder, of which the ledger is told.
#[derive(Clone, Debug)]
pub(super) struct ToldRun {
    folder: RunFolder,
    settings: RunSettings,
    follows: Option<Follows>,
    changes: u64,
}

impl ToldRun {
    /// `follows`: the run that its plan undoes, retries or corrects. `changes`: the number of changes in its plan.
    pub(super) fn new(
        folder: &RunFolder,
        settings: &RunSettings,
        follows: Option<Follows>,
        changes: u64,
    ) -> Self {
        Self {
            folder: folder.clone(),
            settings: settings.clone(),
            follows,
            changes,
        }
    }

    pub(super) fn of_plan(folder: &RunFolder, settings: &RunSettings, plan: &KnownPlan) -> Self {
        Self::new(folder, settings, plan.header.follows, plan.trailer.changes)
    }

    pub(super) const fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Its id, as an argument.
    pub(super) fn id(&self) -> String {
        self.settings.run.to_string()
    }
}

/// Why a session has not begun.
#[derive(Debug)]
pub(super) enum NotBegun {
    /// The ledger says why: it will not begin either.
    Refused(Error),
    /// The ledger can't be read or written, or the run's folder.
    Failed(Error),
}

impl From<LedgerError> for NotBegun {
    fn from(error: LedgerError) -> Self {
        Self::Failed(unreachable_ledger(error))
    }
}

/// The remote in a text of `--ledger`.
pub(super) fn remote(text: &str) -> Result<LedgerRemote, Error> {
    text.parse::<LedgerRemote>()
        .map_err(|error| Error::usage(error.to_string()).hint(error.hint()))
}

fn unreachable_ledger(error: LedgerError) -> Error {
    let hint = error.hint();
    Error::failed("the ledger can't be read or written")
        .caused_by(error)
        .hint(hint)
}

impl TeamLedger {
    /// The ledger for runs on a server. None without `--ledger`, and for the sandbox, whose data no other machine has.
    pub(super) async fn open(text: Option<&str>, server: &str) -> Result<Option<Self>, Error> {
        let Some(text) = text else { return Ok(None) };
        let remote = remote(text)?;
        if server == SANDBOX {
            say(|out| writeln!(out, "runs on the sandbox are not recorded in the ledger"));
            return Ok(None);
        }
        Self::at(remote).await.map(Some)
    }

    /// The ledger for the runs of any server.
    pub(super) async fn at(remote: LedgerRemote) -> Result<Self, Error> {
        // Git and its helpers must not read the token in the environment of this process.
        core_dumps::forbid();
        let branch = LedgerBranch::open(remote).await;
        Ok(Self {
            branch: branch.map_err(unreachable_ledger)?,
            host: host().await,
        })
    }

    /// How the command line names it.
    pub(super) fn name(&self) -> &str {
        self.branch.remote().text()
    }

    /// All runs in it, oldest first.
    pub(super) async fn runs(&self) -> Result<Vec<LedgerRun>, Error> {
        let runs = self.branch.runs().await;
        runs.map_err(|error| unreachable_ledger(error).hint("nothing was changed"))
    }

    /// Checks, before anything is written, that a session of a run may begin.
    pub(super) async fn expect_resumable(
        &self,
        common: &Common,
        told: &ToldRun,
        judge: impl Fn(&[LedgerRun]) -> Option<Error>,
    ) -> Result<(), Error> {
        let known = told.folder.ledger_sessions().map_err(store_error)?;
        let mine = self.entry(told, None);
        let runs = self.runs().await?;
        match ledger::begin(&runs, &mine, &known) {
            Ok(LedgerBegin::Written | LedgerBegin::Continue(_)) => Ok(()),
            Ok(LedgerBegin::Unrecorded) => judge(&runs).map_or(Ok(()), Err),
            Err(objection) => Err(refusal(common, told, objection)),
        }
    }

    /// Records that a session begins, before it sends anything. `judge`: why a run that is not in the ledger may not begin, with the runs in it.
    pub(super) async fn begin(
        &self,
        common: &Common,
        told: &ToldRun,
        judge: impl Fn(&[LedgerRun]) -> Option<Error>,
    ) -> Result<(), NotBegun> {
        let failed = |error| NotBegun::Failed(store_error(error));
        let known = told.folder.ledger_sessions().map_err(failed)?;
        let mine = self.entry(told, None);
        // First here: an entry whose session no folder knows would be the end of the run.
        told.folder
            .add_ledger_session(&mine.session.id)
            .map_err(failed)?;
        self.branch
            .update(|runs| match ledger::begin(runs, &mine, &known) {
                Ok(LedgerBegin::Written) => Ok(None),
                Ok(LedgerBegin::Continue(entry)) => Ok(Some(*entry)),
                Ok(LedgerBegin::Unrecorded) => match judge(runs) {
                    Some(error) => Err(NotBegun::Refused(error)),
                    None => Ok(Some(mine.clone())),
                },
                Err(objection) => Err(NotBegun::Refused(refusal(common, told, objection))),
            })
            .await
    }

    /// Records how a run has ended, if it has.
    pub(super) async fn record_end(
        &self,
        told: &ToldRun,
        exit_code: Option<u8>,
    ) -> Result<(), Error> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::failed("the run's checkpoint can't be used").caused_by(error)
        };
        let snapshot = Checkpoint::read(&told.folder.checkpoint());
        let state = snapshot.map_err(|error| failed(error.into()))?.state;
        let how = match state.ending() {
            None => return Ok(()),
            Some(Ending::Finished { .. }) => LedgerEnding::Finished,
            Some(Ending::Abandoned { .. }) => LedgerEnding::Abandoned,
        };
        let known = told.folder.ledger_sessions().map_err(store_error)?;
        let mine = self.entry(told, Some(self.end(how, &state.counts(), exit_code)));
        self.branch
            .update(|runs| Ok(ledger::end(runs, &mine, &known)))
            .await
            .map_err(unreachable_ledger)
    }

    /// Records the end of a session. The outcome of the run stands, also if that is not possible.
    pub(super) async fn record_end_or_warn(&self, common: &Common, told: &ToldRun, exit_code: u8) {
        let Err(error) = self.record_end(told, Some(exit_code)).await else {
            return;
        };
        let error = with_causes(&error);
        let resume = common.invocation.command("resume", &[&told.id()]);
        let (error, resume) = (Untrusted(&error), Untrusted(&resume));
        say(|out| {
            writeln!(
                out,
                "warning: the end of the run is not in the ledger: {}\nhint: this records it: {}",
                error.terminal(),
                resume.terminal()
            )
        });
    }

    /// Closes the entry of a run whose folder is lost. What it did is unknown, so all its changes count as in doubt.
    pub(super) async fn abandon(&self, run: &LedgerRun) -> Result<(), Error> {
        let closed = LedgerRun {
            end: Some(LedgerEnd {
                outcomes: run.all_in_doubt(),
                ..self.end(LedgerEnding::Abandoned, &Counts::default(), None)
            }),
            ..run.clone()
        };
        let known = [run.session.id.clone()];
        self.branch
            .update(|runs| Ok(ledger::end(runs, &closed, &known)))
            .await
            .map_err(unreachable_ledger)
    }

    fn end(&self, how: LedgerEnding, counts: &Counts, exit_code: Option<u8>) -> LedgerEnd {
        LedgerEnd {
            how,
            at: Timestamp::now(),
            host: self.host.clone(),
            outcomes: outcomes_of(counts),
            exit_code,
        }
    }

    /// The entry of a run, with a session that begins here and now.
    fn entry(&self, told: &ToldRun, end: Option<LedgerEnd>) -> LedgerRun {
        let session = LedgerSession {
            id: format!("{:032x}", fastrand::u128(..)),
            host: self.host.clone(),
            at: Timestamp::now(),
        };
        entry_of(&told.settings, (told.follows, told.changes), session, end)
    }
}

/// What a team knows of a run. Its plan has so many changes, and may follow another run.
pub(super) fn entry_of(
    settings: &RunSettings,
    (follows, changes): (Option<Follows>, u64),
    session: LedgerSession,
    end: Option<LedgerEnd>,
) -> LedgerRun {
    let by = settings.by.clone().unwrap_or_else(|| Operator {
        user: "an unknown user".to_owned(),
        host: "an unknown host".to_owned(),
        ..Operator::default()
    });
    LedgerRun {
        wf_bulk_ledger: ledger::LedgerVersion,
        run: settings.run,
        plan_sha256: settings.plan_sha256.clone(),
        playbook: settings.playbook.clone(),
        vars_sha256: settings.vars_sha256.clone(),
        server: settings.server.clone(),
        org: settings.org.clone(),
        follows,
        changes,
        started_at: settings.started_at,
        user: by.user,
        host: by.host,
        actor: by.actor,
        link: by.link,
        session,
        end,
    }
}

/// The outcomes that some changes have.
pub(super) fn outcomes_of(counts: &Counts) -> BTreeMap<Outcome, u64> {
    let outcomes = Outcome::ALL.map(|outcome| (outcome, counts.get(outcome)));
    let some = outcomes.into_iter().filter(|(_, changes)| *changes > 0);
    some.collect()
}

/// Why a session may not begin, and what to do.
fn refusal(common: &Common, told: &ToldRun, objection: LedgerObjection) -> Error {
    let run = told.id();
    let at = |moment| dates::in_zone(moment, &TimeZone::system());
    let abandon = common.invocation.command("abandon", &[&run]);
    let error = match objection {
        LedgerObjection::Ended(found) => {
            let end = found.end.as_ref();
            let (host, when) = end.map_or_else(
                || (found.session.host.clone(), found.session.at),
                |end| (end.host.clone(), end.at),
            );
            let when = at(when);
            match end.map(|end| end.how) {
                Some(LedgerEnding::Abandoned) => Error::failed(format!(
                    "run {run} was abandoned on {host}, {when}, as the ledger says, so its remaining changes are not made"
                ))
                .hint(format!("abandon it here, too: {abandon}"))
                .hint(format!(
                    "to make them anyway, abandon it, and then: {}",
                    common.invocation.command("retry", &[&run])
                )),
                Some(LedgerEnding::Finished) | None => Error::failed(format!(
                    "run {run} has ended on {host}, {when}, as the ledger says: this folder is an older copy"
                ))
                .hint(format!("abandon this copy: {abandon}")),
            }
        }
        LedgerObjection::OlderCopy(LedgerSession { host, at: when, .. }) => Error::failed(format!(
            "this folder of run {run} is an older copy: the ledger says that the run was continued on {host}, {}, and what was done there is not in this folder",
            at(when)
        ))
        .hint("resume it from its newest folder")
        .hint(format!(
            "if that is lost, look at what the run did, and abandon it: {abandon}"
        )),
        LedgerObjection::OtherPlan => Error::failed(format!(
            "the ledger has run {run} with another plan than the one in this folder"
        ))
        .hint("restore the run folder as it was"),
    };
    error.hint("nothing was changed")
}

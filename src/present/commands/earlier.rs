//! Finds earlier runs in the state folder, in the ledger and at the engine that may be a reason to refuse a plan.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    backend::{SANDBOX, sandbox_folder},
    lineage::Lineage,
    runs::{readable, store_error},
};
use crate::{
    checkpoint::{Checkpoint, Ending},
    cli::Common,
    dates,
    error::Error,
    ledger::{LedgerEnding, LedgerRun},
    outcome::Outcome,
    plan::{
        Circumstances, Done, EarlierRun, EarlierStanding, FollowUp, Follows, PlanHeader, Refusal,
        RunKeeper, RunRecord, earlier_refusals, matters,
    },
    server_name::is_same_server,
    store::{ListedRun, RunFolder, RunId, RunListing, RunSettings, StateDir},
};

/// A plan, and how it is to be applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) header: &'a PlanHeader,
    /// Its SHA-256.
    pub(super) sha256: &'a str,
    /// The organisation in which it would be applied, if known.
    pub(super) org: Option<&'a str>,
    /// `--again`: a second application is intended.
    pub(super) again: bool,
    pub(super) elsewhere: RunsElsewhere<'a>,
}

/// The runs of a team.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunsElsewhere<'a> {
    pub(super) by: RunKeeper,
    pub(super) runs: &'a [LedgerRun],
}

impl<'a> RunsElsewhere<'a> {
    pub(super) const NONE: Self = Self::in_ledger(&[]);

    pub(super) const fn in_ledger(runs: &'a [LedgerRun]) -> Self {
        Self {
            by: RunKeeper::Ledger,
            runs,
        }
    }

    /// Whether they know more of a run than its folder here.
    fn know_more(&self, run: &ListedRun) -> bool {
        self.by == RunKeeper::Engine
            && run.settings.engine.is_some()
            && self.runs.iter().any(|other| other.run == run.folder.id())
    }
}

/// What says whether two runs do the same.
#[derive(Clone, Copy, Debug)]
struct RunSubject<'a> {
    plan_sha256: &'a str,
    playbook: &'a str,
    vars_sha256: &'a str,
    server: &'a str,
    org: Option<&'a str>,
}

impl<'a> RunSubject<'a> {
    fn of(settings: &'a RunSettings) -> Self {
        Self {
            plan_sha256: &settings.plan_sha256,
            playbook: &settings.playbook,
            vars_sha256: &settings.vars_sha256,
            server: &settings.server,
            org: settings.org.as_deref(),
        }
    }

    fn of_recorded(run: &'a LedgerRun) -> Self {
        Self {
            plan_sha256: &run.plan_sha256,
            playbook: &run.playbook,
            vars_sha256: &run.vars_sha256,
            server: &run.server,
            org: run.org.as_deref(),
        }
    }
}

impl Candidate<'_> {
    /// Whether a run had the same plan, or the same playbook and variables on the same server. An unknown organisation may be the same.
    fn is_about_the_same(&self, run: RunSubject<'_>, vars_sha256: &str) -> bool {
        let other_org = matches!((run.org, self.org), (Some(one), Some(other)) if one != other);
        run.plan_sha256 == self.sha256
            || (run.playbook == self.header.playbook.name
                && run.vars_sha256 == vars_sha256
                && is_same_server(run.server, &self.header.server)
                && !other_org)
    }

    /// The environment for the plan's admission on its server and in its organisation.
    pub(super) fn circumstances(&self, state_dir: &StateDir) -> Result<Circumstances, Error> {
        Ok(self.circumstances_after(self.earlier_runs(state_dir)?))
    }

    /// Why the plan may not be applied because of runs that are in the ledger alone. `max_age`: none if the plan was just made.
    pub(super) fn refusal_elsewhere(
        &self,
        state_dir: &StateDir,
        max_age: Option<SignedDuration>,
    ) -> Result<Option<Refusal>, Error> {
        let here = Circumstances {
            max_age,
            ..self.circumstances_after(self.runs_elsewhere(&readable(state_dir)?))
        };
        Ok(earlier_refusals(self.header, &here).into_iter().next())
    }

    fn circumstances_after(&self, earlier: Vec<EarlierRun>) -> Circumstances {
        Circumstances {
            server: self.header.server.clone(),
            org: self.header.org.clone(),
            now: Timestamp::now(),
            max_age: None,
            sha256: self.sha256.to_owned(),
            approved: None,
            max_changes: None,
            again: self.again,
            earlier,
        }
    }

    /// The runs that may be a reason to refuse the plan.
    fn earlier_runs(&self, state_dir: &StateDir) -> Result<Vec<EarlierRun>, Error> {
        let listing = readable(state_dir)?;
        let sandbox_made_at = sandbox_made_at(state_dir);
        let vars_sha256 = self.header.vars_sha256();
        let mut earlier = self.runs_elsewhere(&listing);
        for run in listing.runs {
            if !self.is_about_the_same(RunSubject::of(&run.settings), &vars_sha256)
                || self.elsewhere.know_more(&run)
                || is_of_thrown_away_data(&run.settings, sandbox_made_at)
            {
                continue;
            }
            let same_plan = run.settings.plan_sha256 == self.sha256;
            if !same_plan && run.ending.is_some() && self.is_meant_to_follow(run.follows) {
                continue;
            }
            if let Some(standing) = self.standing(&run, same_plan)? {
                earlier.push(EarlierRun {
                    id: run.folder.id().to_string(),
                    same_plan,
                    standing,
                    recorded: None,
                });
            }
        }
        Ok(earlier)
    }

    /// The runs of the team that may be a reason to refuse the plan. Of a run whose folder is here, the folder knows more than a ledger,
    /// and less than an engine.
    fn runs_elsewhere(&self, here: &RunListing) -> Vec<EarlierRun> {
        let vars_sha256 = self.header.vars_sha256();
        let knows =
            |other: &ListedRun, run| other.folder.id() == run && !self.elsewhere.know_more(other);
        let is_here = |run: RunId| here.runs.iter().any(|other| knows(other, run));
        let recorded = self.elsewhere.runs.iter().filter(|run| {
            !is_here(run.run) && self.is_about_the_same(RunSubject::of_recorded(run), &vars_sha256)
        });
        recorded.filter_map(|run| self.run_elsewhere(run)).collect()
    }

    fn run_elsewhere(&self, run: &LedgerRun) -> Option<EarlierRun> {
        let same_plan = run.plan_sha256 == self.sha256;
        let standing = match &run.end {
            None => EarlierStanding::Unfinished,
            Some(_) if !same_plan && self.is_meant_to_follow(run.follows) => return None,
            Some(_) if !matters(self.header, same_plan, self.again) => return None,
            Some(end) => {
                let done = Done {
                    applied: end.count(Outcome::Applied),
                    already_done: end.count(Outcome::AlreadyDone),
                    in_doubt: end.count(Outcome::InDoubt),
                };
                match end.how {
                    LedgerEnding::Finished => EarlierStanding::Finished(done),
                    LedgerEnding::Abandoned => EarlierStanding::Abandoned(done),
                }
            }
        };
        Some(EarlierRun {
            id: run.run.to_string(),
            same_plan,
            standing,
            recorded: Some(RunRecord {
                by: self.elsewhere.by,
                said: origin_of(run),
            }),
        })
    }

    /// Whether the plan makes what earlier runs have left undone, and the run is no other retry of the same one.
    fn is_meant_to_follow(&self, run_follows: Option<Follows>) -> bool {
        let is_retry = |follows: Follows| follows.by == FollowUp::Retry;
        self.header.follows.is_some_and(is_retry) && run_follows != self.header.follows
    }

    /// The state of a run; none if it has ended and is no reason to refuse the plan.
    fn standing(&self, run: &ListedRun, same_plan: bool) -> Result<Option<EarlierStanding>, Error> {
        let mut ending = run.ending.clone();
        if ending.is_none() {
            if run.folder.is_worked_on().map_err(store_error)? {
                return Ok(Some(EarlierStanding::Running));
            }
            // It may have ended between the two checks.
            let verified = run.folder.verified_ending(&run.settings);
            ending = verified.map_err(store_error)?;
        }
        let Some(ending) = ending else {
            return Ok(Some(EarlierStanding::Unfinished));
        };
        if !matters(self.header, same_plan, self.again) {
            return Ok(None);
        }
        let done = done(&run.folder)?;
        Ok(Some(match ending {
            Ending::Finished { .. } => EarlierStanding::Finished(done),
            Ending::Abandoned { .. } => EarlierStanding::Abandoned(done),
        }))
    }
}

/// Where and when a run was started, for people: it is in another state folder.
pub(super) fn origin_of(run: &LedgerRun) -> String {
    let who = run.actor.as_ref().unwrap_or(&run.user);
    let at = dates::in_zone(run.started_at, &TimeZone::system());
    format!("started on {} by {who}, {at}", run.host)
}

/// A run that has not ended, for which another plan of the playbook of an ended run is refused, such as a retry or the same undo again.
pub(super) fn unfinished_like(
    state_dir: &StateDir,
    listing: &RunListing,
    header: &PlanHeader,
    ended: &RunSettings,
) -> Option<RunId> {
    let candidate = Candidate {
        header,
        sha256: &ended.plan_sha256,
        org: ended.org.as_deref(),
        again: true,
        elsewhere: RunsElsewhere::NONE,
    };
    let vars_sha256 = header.vars_sha256();
    let made_at = sandbox_made_at(state_dir);
    let mut unfinished = listing.runs.iter().filter(|run| run.ending.is_none());
    let found = unfinished.find(|run| {
        candidate.is_about_the_same(RunSubject::of(&run.settings), &vars_sha256)
            && !is_of_thrown_away_data(&run.settings, made_at)
    });
    found.map(|run| run.folder.id())
}

/// When the data of the built-in sandbox were generated; none if there are none.
fn sandbox_made_at(state_dir: &StateDir) -> Option<Timestamp> {
    let made_at = wf_bulk_sandbox::made_at(&sandbox_folder(state_dir.path()))?;
    Timestamp::try_from(made_at).ok()
}

/// Refuses to resume a run whose data `sandbox reset` has deleted: its earlier changes are not in the new data.
pub(super) fn refuse_thrown_away_data(
    common: &Common,
    state_dir: &StateDir,
    settings: &RunSettings,
) -> Result<(), Error> {
    if !are_data_gone(state_dir, settings) {
        return Ok(());
    }
    let run = settings.run.to_string();
    Err(Error::failed(format!(
        "run {run} worked on data that `sandbox reset` has deleted"
    ))
    .hint(format!(
        "abandon it, and run the playbook again: {}",
        common.invocation.command("abandon", &[&run])
    )))
}

/// Refuses to make the remaining changes of a run that another run has undone.
pub(super) fn refuse_undone(common: &Common, run: RunId) -> Result<(), Error> {
    let listing = readable(&StateDir::new(common.state_dir.clone()))?;
    let lineage = Lineage::of(&listing);
    let Some(undo) = lineage.undone_by(run) else {
        return Ok(());
    };
    let id = run.to_string();
    let in_part = undo.undone_by.map_or_else(String::new, |by| {
        format!(" (of which run {by} has undone only a part)")
    });
    Err(Error::failed(format!(
        "run {id} was undone by run {}{in_part}, so its remaining changes are not made",
        undo.run
    ))
    .hint(format!(
        "abandon it: {}",
        common.invocation.command("abandon", &[&id])
    ))
    .hint(format!(
        "to make them anyway, abandon it, and then: {}",
        common.invocation.command("retry", &[&id])
    )))
}

/// Whether the data that a run worked on were deleted.
pub(super) fn are_data_gone(state_dir: &StateDir, settings: &RunSettings) -> bool {
    is_of_thrown_away_data(settings, sandbox_made_at(state_dir))
}

/// Whether a run worked on data of the built-in sandbox that `sandbox reset` has deleted since.
fn is_of_thrown_away_data(settings: &RunSettings, made_at: Option<Timestamp>) -> bool {
    settings.server == SANDBOX && made_at.is_none_or(|made_at| settings.started_at < made_at)
}

fn done(folder: &RunFolder) -> Result<Done, Error> {
    let snapshot = Checkpoint::read(&folder.checkpoint()).map_err(|error| {
        Error::failed(format!(
            "the checkpoint of run {} can't be used, and the run may have done this already",
            folder.id()
        ))
        .caused_by(error)
        .hint("if it did not, or if you want to do it again, add --again")
        .hint("nothing was changed")
    })?;
    let counts = snapshot.state.counts();
    Ok(Done {
        applied: counts.get(Outcome::Applied),
        already_done: counts.get(Outcome::AlreadyDone),
        in_doubt: counts.get(Outcome::InDoubt),
    })
}

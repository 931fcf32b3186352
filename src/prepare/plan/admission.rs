//! Whether a plan may be applied here and now: pure.

mod earlier_run;

use jiff::{SignedDuration, Timestamp};

use super::{PlanHeader, Trailer};
use crate::{
    dates,
    invocation::{Invocation, flag},
    playbook::Rejected,
    server_name::is_same_server,
    text::count,
};

pub use earlier_run::{Done, EarlierRun, EarlierStanding, RunKeeper, RunRecord};

/// How much later than here a plan may have been made: the clocks of two machines differ by less, and its age is known well enough.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The environment a plan is checked against.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The origin of the server, or `sandbox`.
    pub server: String,
    /// The organisation in the requests, if any.
    pub org: Option<String>,
    pub now: Timestamp,
    /// The maximum age of a plan; none if it was just made.
    pub max_age: Option<SignedDuration>,
    /// The SHA-256 of the plan.
    pub sha256: String,
    /// The SHA-256 of the approved plan, if given.
    pub approved: Option<String>,
    /// `--max-changes`: the maximum number of changes.
    pub max_changes: Option<u64>,
    /// `--again`: a second application is intended.
    pub again: bool,
    /// Runs in the same state folder, in the ledger or at the engine of the same plan, or of the same playbook and variables on the same server. Of the
    /// ended runs only those that [`matters`].
    pub earlier: Vec<EarlierRun>,
}

impl Circumstances {
    /// Whether the plan comes from a file, so that it may have been applied before.
    const fn is_of_a_kept_plan(&self) -> bool {
        self.max_age.is_some()
    }
}

/// Why a plan may not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "this is not the plan that was approved: its sha256 is {sha256}, approved is {approved}"
    )]
    NotApproved { sha256: String, approved: String },
    #[error(
        "the plan is for {}, not for {}",
        server_words(planned),
        server_words(here)
    )]
    Server { planned: String, here: String },
    #[error("the plan is for organisation {planned}, not for {here}")]
    Organisation { planned: String, here: String },
    #[error("the plan was made at {made} and is too old")]
    Stale { made: String },
    #[error("the plan was made at {made}, and here it is only {now}, so its age is unknown")]
    FromTheFuture { made: String, now: String },
    #[error(
        "{} could not be planned, so the plan is not complete",
        count(*rejected, "item", "items")
    )]
    Rejected { rejected: u64 },
    #[error("a guard does not hold: {broken}")]
    Guard { broken: String },
    #[error("{}", over_the_flag(*changes, *most))]
    MaxChanges { changes: u64, most: u64 },
    #[error("run {run} of the same playbook and variables is running now")]
    Running { run: String },
    #[error("run {run} of the same playbook and variables is not finished{}", as_recorded(recorded.as_ref()))]
    Unfinished {
        run: String,
        recorded: Option<RunRecord>,
    },
    #[error("run {run} has already applied this plan{}", as_recorded(recorded.as_ref()))]
    Applied {
        run: String,
        recorded: Option<RunRecord>,
    },
    #[error(
        "run {run} {} this already ({done}){}, and a second time it would take effect again{}",
        if done.is_certain() { "did" } else { "may have done" },
        if *abandoned { " before it was abandoned" } else { "" },
        as_recorded(recorded.as_ref())
    )]
    Repeated {
        run: String,
        done: Done,
        abandoned: bool,
        recorded: Option<RunRecord>,
    },
}

impl Refusal {
    /// The reason, without the words that say that it is a guard.
    pub fn sentence(&self) -> String {
        match self {
            Self::Guard { broken } => broken.clone(),
            Self::NotApproved { .. }
            | Self::Server { .. }
            | Self::Organisation { .. }
            | Self::Stale { .. }
            | Self::FromTheFuture { .. }
            | Self::Rejected { .. }
            | Self::MaxChanges { .. }
            | Self::Running { .. }
            | Self::Unfinished { .. }
            | Self::Applied { .. }
            | Self::Repeated { .. } => self.to_string(),
        }
    }

    /// What to do: one or several ways, each with a command at its end, if there is one.
    pub fn cures(&self, invocation: &Invocation) -> Vec<String> {
        let one = |cure: &str| vec![cure.to_owned()];
        match self {
            Self::NotApproved { .. } => vec![format!(
                "apply the plan that was reviewed, or have this one reviewed: {}",
                invocation.command("show", &["PLAN"])
            )],
            Self::Server { planned, .. } if planned == "sandbox" => one("add --sandbox"),
            Self::Server { planned, .. } => {
                vec![format!(
                    "apply it with {}, or plan again",
                    flag("--server", planned)
                )]
            }
            Self::Organisation { planned, .. } => vec![format!(
                "plan again in this organisation; or apply it with {}, if the token is allowed to work there",
                flag("--org", planned)
            )],
            Self::Stale { .. } => one("plan again, or allow it with --max-age"),
            Self::FromTheFuture { .. } => one(
                "correct the clock of this machine, or of the one that made the plan, and plan again",
            ),
            Self::Rejected { .. } => one(
                "look at the rejected items; to apply the other changes, write `rejected: allow` in the playbook's guards",
            ),
            Self::Guard { .. } => one(
                "change what is selected (--limit, `where`), or change the guard in the playbook if this is intended",
            ),
            Self::MaxChanges { .. } => one(
                "select less (--limit, `where`), or give a larger --max-changes if this is intended",
            ),
            Self::Running { .. } => one("wait until it ends, or use --wait"),
            Self::Unfinished { run, recorded } if !is_elsewhere(recorded.as_ref()) => vec![
                format!("resume it: {}", invocation.command("resume", &[run])),
                format!("or abandon it: {}", invocation.command("abandon", &[run])),
            ],
            Self::Unfinished { run, .. } => vec![
                format!(
                    "resume it where its folder is: {}",
                    invocation.command("resume", &[run])
                ),
                format!(
                    "if its folder is lost, look at what it did, and abandon it: {}",
                    invocation.command("abandon", &[run])
                ),
            ],
            Self::Applied { .. } => one(
                "for the remaining changes, plan again; to apply the same plan again, add --again",
            ),
            Self::Repeated { run, recorded, .. } => vec![
                format!(
                    "look at what it did{}: {}",
                    if is_elsewhere(recorded.as_ref()) {
                        ", where its folder is"
                    } else {
                        ""
                    },
                    invocation.command("status", &[run])
                ),
                "to do it again, add --again".to_owned(),
            ],
        }
    }
}

/// All reasons why a plan may not be applied, the most basic first.
pub fn refusals(header: &PlanHeader, trailer: &Trailer, here: &Circumstances) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if let Some(approved) = &here.approved
        && *approved != here.sha256
    {
        refusals.push(Refusal::NotApproved {
            sha256: here.sha256.clone(),
            approved: approved.clone(),
        });
    }
    refusals.extend(elsewhere(header, &here.server));
    if let (Some(planned), Some(org)) = (&header.org, &here.org)
        && planned != org
    {
        refusals.push(Refusal::Organisation {
            planned: planned.clone(),
            here: org.clone(),
        });
    }
    refusals.extend(
        here.max_age
            .and_then(|most| wrong_age(header, here.now, most)),
    );
    if trailer.rejected > 0 && header.guards.rejected == Rejected::Refuse {
        refusals.push(Refusal::Rejected {
            rejected: trailer.rejected,
        });
    }
    refusals.extend(broken_guards(header, trailer, here.max_changes));
    refusals.extend(earlier_refusals(header, here));
    refusals
}

fn wrong_age(header: &PlanHeader, now: Timestamp, most: SignedDuration) -> Option<Refusal> {
    let (made, zone) = (header.made_at(), &header.timezone);
    let age = now.duration_since(made);
    if age > most {
        let made = dates::on_wall_clock(made, zone);
        return Some(Refusal::Stale { made });
    }
    (age < -MAX_SKEW).then(|| Refusal::FromTheFuture {
        made: dates::to_the_second(made, zone),
        now: dates::to_the_second(now, zone),
    })
}

/// What is recorded of a run, behind a sentence about it.
fn as_recorded(recorded: Option<&RunRecord>) -> String {
    recorded.map_or_else(String::new, |recorded| format!(" ({recorded})"))
}

/// Whether the run has a folder on another machine, and nothing else.
fn is_elsewhere(recorded: Option<&RunRecord>) -> bool {
    recorded.is_some_and(|recorded| recorded.by == RunKeeper::Ledger)
}

/// A server in a sentence.
fn server_words(server: &str) -> &str {
    match server {
        "sandbox" => "the sandbox",
        url => url,
    }
}

/// The refusal if the plan is not for this server.
pub fn elsewhere(header: &PlanHeader, server: &str) -> Option<Refusal> {
    (!is_same_server(&header.server, server)).then(|| Refusal::Server {
        planned: header.server.clone(),
        here: server.to_owned(),
    })
}

/// The guards of the playbook and the command line that the plan does not meet.
pub fn broken_guards(
    header: &PlanHeader,
    trailer: &Trailer,
    max_changes: Option<u64>,
) -> Vec<Refusal> {
    let broken = header.guards.broken(trailer.size()).into_iter();
    let most = max_changes.filter(|&most| trailer.changes > most);
    broken
        .map(|broken| Refusal::Guard { broken })
        .chain(most.map(|most| Refusal::MaxChanges {
            changes: trailer.changes,
            most,
        }))
        .collect()
}

/// The message for more changes than `--max-changes` allows. The playbook may allow more.
fn over_the_flag(changes: u64, most: u64) -> String {
    format!("{changes} changes are planned, --max-changes is {most}")
}

/// Reasons in earlier runs, which are known before planning.
pub fn earlier_refusals(header: &PlanHeader, here: &Circumstances) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for EarlierRun {
        id,
        same_plan,
        standing,
        recorded,
    } in &here.earlier
    {
        let run = id.clone();
        let recorded = recorded.clone();
        let is_applied = *same_plan && here.is_of_a_kept_plan();
        match *standing {
            EarlierStanding::Running => refusals.push(Refusal::Running { run }),
            EarlierStanding::Unfinished => refusals.push(Refusal::Unfinished { run, recorded }),
            EarlierStanding::Finished(done) | EarlierStanding::Abandoned(done)
                if here.again || done.is_nothing() => {}
            EarlierStanding::Finished(_) if is_applied => {
                refusals.push(Refusal::Applied { run, recorded });
            }
            EarlierStanding::Finished(done) | EarlierStanding::Abandoned(done)
                if is_once(header) =>
            {
                refusals.push(Refusal::Repeated {
                    run,
                    done,
                    abandoned: matches!(standing, EarlierStanding::Abandoned(_)),
                    recorded,
                });
            }
            EarlierStanding::Finished(_) | EarlierStanding::Abandoned(_) => {}
        }
    }
    refusals
}

/// Whether an ended run may be a reason to refuse this plan, so that its outcomes must be read.
pub const fn matters(header: &PlanHeader, same_plan: bool, again: bool) -> bool {
    !again && (same_plan || is_once(header))
}

/// The plan is not idempotent, and the playbook is not `repeatable`.
pub const fn is_once(header: &PlanHeader) -> bool {
    !header.playbook.converges && !header.playbook.repeatable
}

#[cfg(test)]
mod tests;

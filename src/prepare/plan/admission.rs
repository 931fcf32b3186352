//! Whether a plan may be applied here and now: pure.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{PlanHeader, Trailer};
use crate::{
    dates,
    invocation::{Invocation, flag},
    playbook::Rejected,
    server_name::is_same_server,
    text::count,
};

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
    /// Runs in the same state folder of the same plan, or of the same playbook and variables on the same server. Of the ended runs only
    /// those that [`matters`].
    pub earlier: Vec<EarlierRun>,
}

impl Circumstances {
    /// Whether the plan comes from a file, so that it may have been applied before.
    const fn is_of_a_kept_plan(&self) -> bool {
        self.max_age.is_some()
    }
}

/// An earlier run of the same plan or playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierRun {
    pub id: String,
    /// Whether it applied the same plan.
    pub same_plan: bool,
    pub standing: EarlierStanding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlierStanding {
    /// A process is working on it.
    Running,
    /// It can be resumed.
    Unfinished,
    Finished(Done),
    /// A person abandoned it.
    Abandoned(Done),
}

/// The numbers of changes of an ended run that took effect, or may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub applied: u64,
    /// Already done before they were sent. They may still be effects of this playbook.
    pub already_done: u64,
    pub in_doubt: u64,
}

impl Done {
    const fn is_nothing(self) -> bool {
        !self.is_certain() && self.in_doubt == 0
    }

    const fn is_certain(self) -> bool {
        self.applied + self.already_done > 0
    }
}

impl fmt::Display for Done {
    /// `3 applied + 1 in_doubt`, as in the summary of a run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            applied,
            already_done,
            in_doubt,
        } = *self;
        let counts = [
            (applied, "applied"),
            (already_done, "already_done"),
            (in_doubt, "in_doubt"),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(changes, _)| *changes > 0)
            .map(|(changes, outcome)| format!("{changes} {outcome}"))
            .collect();
        f.write_str(&counts.join(" + "))
    }
}

/// Why a plan may not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "this is not the plan that was approved: its sha256 is {sha256}, approved is {approved}"
    )]
    NotApproved { sha256: String, approved: String },
    #[error("the plan is for {planned}, not for {here}")]
    Server { planned: String, here: String },
    #[error("the plan is for organisation {planned}, not for {here}")]
    Organisation { planned: String, here: String },
    #[error("the plan was made at {made} and is too old")]
    Stale { made: String },
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
    #[error("run {run} of the same playbook and variables is not finished")]
    Unfinished { run: String },
    #[error("run {run} applied this very plan already")]
    Applied { run: String },
    #[error(
        "run {run} {} this already ({done}){}, and a second time it would take effect again",
        if done.is_certain() { "did" } else { "may have done" },
        if *abandoned { " before it was abandoned" } else { "" }
    )]
    Repeated {
        run: String,
        done: Done,
        abandoned: bool,
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
            Self::Unfinished { run } => vec![
                format!("resume it: {}", invocation.command("resume", &[run])),
                format!("or abandon it: {}", invocation.command("abandon", &[run])),
            ],
            Self::Applied { .. } => one(
                "for the remaining changes, plan again; to apply the same plan again, add --again",
            ),
            Self::Repeated { run, .. } => vec![
                format!(
                    "look at what it did: {}",
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
    if !is_same_server(&header.server, &here.server) {
        refusals.push(Refusal::Server {
            planned: header.server.clone(),
            here: here.server.clone(),
        });
    }
    if let (Some(planned), Some(org)) = (&header.org, &here.org)
        && planned != org
    {
        refusals.push(Refusal::Organisation {
            planned: planned.clone(),
            here: org.clone(),
        });
    }
    if here
        .max_age
        .is_some_and(|most| here.now.duration_since(header.made_at()) > most)
    {
        refusals.push(Refusal::Stale {
            made: dates::on_wall_clock(header.made_at(), &header.timezone),
        });
    }
    if trailer.rejected > 0 && header.guards.rejected == Rejected::Refuse {
        refusals.push(Refusal::Rejected {
            rejected: trailer.rejected,
        });
    }
    refusals.extend(broken_guards(header, trailer, here.max_changes));
    refusals.extend(earlier_refusals(header, here));
    refusals
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
    } in &here.earlier
    {
        let run = id.clone();
        let is_applied = *same_plan && here.is_of_a_kept_plan();
        match *standing {
            EarlierStanding::Running => refusals.push(Refusal::Running { run }),
            EarlierStanding::Unfinished => refusals.push(Refusal::Unfinished { run }),
            EarlierStanding::Finished(done) | EarlierStanding::Abandoned(done)
                if here.again || done.is_nothing() => {}
            EarlierStanding::Finished(_) if is_applied => refusals.push(Refusal::Applied { run }),
            EarlierStanding::Finished(done) | EarlierStanding::Abandoned(done)
                if is_once(header) =>
            {
                refusals.push(Refusal::Repeated {
                    run,
                    done,
                    abandoned: matches!(standing, EarlierStanding::Abandoned(_)),
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
mod tests {
    use serde_json::json;

    use super::*;

    fn header(converges: bool, repeatable: bool) -> PlanHeader {
        serde_json::from_value(json!({
            "wf_bulk_plan": 1,
            "playbook": {"name": "p", "sha256": "00", "converges": converges, "repeatable": repeatable},
            "vars": {}, "server": "https://a.example", "org": "4711", "now": "2026-12-01T08:00:00Z",
            "timezone": "Europe/Berlin",
            "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
            "guards": {"max_changes": 5, "allow": [], "rejected": "refuse"},
            "tool": "wf-bulk 0.1.0",
        }))
        .unwrap()
    }

    fn here() -> Circumstances {
        Circumstances {
            server: "https://a.example".to_owned(),
            org: Some("4711".to_owned()),
            now: "2026-12-08T08:00:00Z".parse().unwrap(),
            max_age: Some(SignedDuration::from_hours(7 * 24)),
            sha256: "ab".repeat(32),
            approved: None,
            max_changes: None,
            again: false,
            earlier: Vec::new(),
        }
    }

    fn trailer(changes: u64, rejected: u64) -> Trailer {
        Trailer {
            changes,
            groups: 1,
            rejected,
            scanned: 9,
            ..Trailer::default()
        }
    }

    fn earlier(standing: EarlierStanding) -> Vec<EarlierRun> {
        vec![EarlierRun {
            id: "r".to_owned(),
            same_plan: false,
            standing,
        }]
    }

    #[test]
    fn a_plan_is_admitted_where_and_when_it_was_made_for() {
        assert_eq!(refusals(&header(true, false), &trailer(5, 0), &here()), []);
        let unasked = Circumstances {
            org: None,
            max_age: None,
            ..here()
        };
        assert_eq!(refusals(&header(true, false), &trailer(5, 0), &unasked), []);
    }

    #[test]
    fn each_reason_is_told_by_itself_and_with_its_cure() {
        let header = header(true, false);
        let one = |trailer: &Trailer, here: &Circumstances| {
            let refusals = refusals(&header, trailer, here);
            let [refusal] = refusals.as_slice() else {
                panic!("{refusals:?}")
            };
            assert!(!refusal.cures(&Invocation::default()).is_empty());
            refusal.to_string()
        };
        let fine = trailer(5, 0);
        let sandbox = Circumstances {
            server: "sandbox".to_owned(),
            ..here()
        };
        assert_eq!(
            one(&fine, &sandbox),
            "the plan is for https://a.example, not for sandbox"
        );
        let other = Circumstances {
            org: Some("1".to_owned()),
            ..here()
        };
        assert_eq!(
            one(&fine, &other),
            "the plan is for organisation 4711, not for 1"
        );
        let late = Circumstances {
            now: "2026-12-08T08:00:01Z".parse().unwrap(),
            ..here()
        };
        assert_eq!(
            one(&fine, &late),
            "the plan was made at 2026-12-01 09:00 Europe/Berlin and is too old"
        );
        assert_eq!(
            one(&trailer(5, 2), &here()),
            "2 items could not be planned, so the plan is not complete"
        );
        assert_eq!(
            one(&trailer(6, 0), &here()),
            "a guard does not hold: 6 changes are planned, max_changes is 5"
        );
        let fewer = Circumstances {
            max_changes: Some(4),
            ..here()
        };
        assert_eq!(
            one(&fine, &fewer),
            "5 changes are planned, --max-changes is 4"
        );
        assert_eq!(refusals(&header, &trailer(4, 0), &fewer), []);
        let swapped = Circumstances {
            approved: Some("cd".repeat(32)),
            ..here()
        };
        assert_eq!(
            one(&fine, &swapped),
            format!(
                "this is not the plan that was approved: its sha256 is {}, approved is {}",
                "ab".repeat(32),
                "cd".repeat(32)
            )
        );
        let unfinished = Circumstances {
            earlier: earlier(EarlierStanding::Unfinished),
            again: true,
            ..here()
        };
        assert_eq!(
            one(&fine, &unfinished),
            "run r of the same playbook and variables is not finished"
        );
        let running = Circumstances {
            earlier: earlier(EarlierStanding::Running),
            again: true,
            ..here()
        };
        assert_eq!(
            one(&fine, &running),
            "run r of the same playbook and variables is running now"
        );
    }

    #[test]
    fn the_age_of_a_plan_counts_from_when_it_was_made_whatever_its_now() {
        let at = |text: &str| text.parse().unwrap();
        for now in ["2024-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
            for (here_now, is_stale) in [
                ("2026-12-08T08:00:00Z", false),
                ("2026-12-08T08:00:01Z", true),
            ] {
                let header = PlanHeader {
                    now: at(now),
                    made_at: Some(at("2026-12-01T08:00:00Z")),
                    ..header(true, false)
                };
                let here = Circumstances {
                    now: at(here_now),
                    ..here()
                };
                let found = refusals(&header, &trailer(5, 0), &here);
                assert_eq!(!found.is_empty(), is_stale, "{now}: {found:?}");
            }
        }
    }

    #[test]
    fn a_plan_for_this_machine_is_for_it_however_it_is_written() {
        let header = PlanHeader {
            server: "http://localhost:9".to_owned(),
            ..header(true, false)
        };
        for (server, is_same) in [
            ("http://127.0.0.1:9", true),
            ("http://[::1]:9", true),
            ("http://127.0.0.1:8", false),
        ] {
            let here = Circumstances {
                server: server.to_owned(),
                ..here()
            };
            let found = refusals(&header, &trailer(5, 0), &here);
            assert_eq!(found.is_empty(), is_same, "{server}: {found:?}");
        }
    }

    const DONE: Done = Done {
        applied: 2,
        already_done: 0,
        in_doubt: 1,
    };

    #[test]
    fn a_plan_is_applied_once_unless_again_is_meant_or_it_was_made_just_now() {
        let told = |same_plan, again, kept, standing| {
            let mut earlier = earlier(standing);
            earlier[0].same_plan = same_plan;
            let here = Circumstances {
                again,
                max_age: here().max_age.filter(|_| kept),
                approved: Some(here().sha256),
                earlier,
                ..here()
            };
            refusals(&header(true, false), &trailer(1, 0), &here)
        };
        let applied = [Refusal::Applied {
            run: "r".to_owned(),
        }];
        let finished = EarlierStanding::Finished(DONE);
        assert_eq!(told(true, false, true, finished), applied);
        for fine in [
            told(true, true, true, finished),
            told(true, false, false, finished),
            told(false, false, true, finished),
            told(true, false, true, EarlierStanding::Abandoned(DONE)),
            // It applied nothing, so "applied already" would not be true.
            told(
                true,
                false,
                true,
                EarlierStanding::Finished(Done::default()),
            ),
        ] {
            assert_eq!(fine, []);
        }
    }

    #[test]
    fn what_does_not_converge_runs_once_unless_that_is_meant() {
        let told = |converges, repeatable, again, standing| {
            let here = Circumstances {
                again,
                earlier: earlier(standing),
                ..here()
            };
            !refusals(&header(converges, repeatable), &trailer(1, 0), &here).is_empty()
        };
        for standing in [EarlierStanding::Finished, EarlierStanding::Abandoned] {
            for (done, is_anything) in [
                (DONE, true),
                (
                    Done {
                        applied: 1,
                        ..Done::default()
                    },
                    true,
                ),
                (
                    Done {
                        already_done: 1,
                        ..Done::default()
                    },
                    true,
                ),
                (
                    Done {
                        in_doubt: 1,
                        ..Done::default()
                    },
                    true,
                ),
                (Done::default(), false),
            ] {
                let standing = standing(done);
                assert_eq!(
                    told(false, false, false, standing),
                    is_anything,
                    "{standing:?}"
                );
                assert!(!told(true, false, false, standing));
                assert!(!told(false, true, false, standing));
                assert!(!told(false, false, true, standing));
            }
        }
    }

    #[test]
    fn a_repetition_says_what_the_earlier_run_did_and_how_that_ended() {
        let told = |standing| {
            let here = Circumstances {
                earlier: earlier(standing),
                ..here()
            };
            let refusals = refusals(&header(false, false), &trailer(1, 0), &here);
            format!(
                "{}; {}",
                refusals[0],
                refusals[0].cures(&Invocation::default()).join("; ")
            )
        };
        let cure = "look at what it did: wf-bulk status r; to do it again, add --again";
        let doubt = Done { applied: 0, ..DONE };
        for (standing, said) in [
            (
                EarlierStanding::Finished(DONE),
                "run r did this already (2 applied + 1 in_doubt)",
            ),
            (
                EarlierStanding::Abandoned(DONE),
                "run r did this already (2 applied + 1 in_doubt) before it was abandoned",
            ),
            (
                EarlierStanding::Abandoned(doubt),
                "run r may have done this already (1 in_doubt) before it was abandoned",
            ),
        ] {
            let expected = format!("{said}, and a second time it would take effect again; {cure}");
            assert_eq!(told(standing), expected);
        }
    }

    #[test]
    fn of_ended_runs_those_matter_that_can_be_a_reason() {
        let once = header(false, false);
        let converging = header(true, false);
        assert!(matters(&once, false, false) && matters(&once, true, false));
        assert!(matters(&converging, true, false) && !matters(&converging, false, false));
        assert!(!matters(&header(false, true), false, false));
        assert!(!matters(&once, true, true));
    }
    #[test]
    fn a_plan_that_is_too_old_says_when_it_was_made_and_not_which_moment_it_was_made_for() {
        let mut old = header(true, false);
        old.made_at = Some("2026-11-20T08:00:00Z".parse().unwrap());
        let said = refusals(&old, &trailer(1, 0), &here());
        let [Refusal::Stale { made }] = &said[..] else {
            panic!("{said:?}")
        };
        assert!(made.contains("2026-11-20"), "{made}");
    }
}

//! An earlier run that may be a reason to refuse a plan, and what it has done.

use std::fmt;

/// An earlier run of the same plan or playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierRun {
    pub id: String,
    /// Whether it applied the same plan.
    pub same_plan: bool,
    pub standing: EarlierStanding,
    /// What is recorded elsewhere of a run that is not in the state folder.
    pub recorded: Option<RunRecord>,
}

/// What is recorded elsewhere of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    pub by: RunKeeper,
    /// Like `started on laptop by jane, …`.
    pub said: String,
}

/// Who keeps the runs of a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKeeper {
    /// The ledger knows of a run; its folder is on another machine.
    Ledger,
    /// The engine has all of it: any machine can go on with it.
    Engine,
}

impl RunKeeper {
    const fn word(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Engine => "engine",
        }
    }
}

impl fmt::Display for RunRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} says: {}", self.by.word(), self.said)
    }
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
    pub(super) const fn is_nothing(self) -> bool {
        !self.is_certain() && self.in_doubt == 0
    }

    pub(super) const fn is_certain(self) -> bool {
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

//! How a sandbox is asked for.

use std::time::Duration;

use jiff::civil::Date;

use crate::faults::Faults;

/// Any number would do; it is fixed so that everyone's examples show the same data.
pub(crate) const DEFAULT_SEED: u64 = 4711;

/// 2,000 flows and 400 v1 executions: enough to see a bulk job work, few enough to start in milliseconds.
pub(crate) const DEFAULT_EXECUTIONS: u32 = 2_400;

/// The token that a sandbox accepts unless it is given another.
pub(crate) const DEFAULT_TOKEN: &str = "sandbox";

/// Automations of real systems take minutes; and whoever tries something out sees them run first.
pub(crate) const DEFAULT_AUTOMATIONS_TAKE: Duration = Duration::from_secs(300);

/// A sandbox in memory.
#[derive(Clone, Debug)]
pub struct Options {
    pub seed: u64,
    /// The day that due dates lie around.
    pub epoch: Date,
    /// Of both generations together.
    pub executions: u32,
    /// The bearer token that requests must have.
    pub token: String,
    pub faults: Faults,
    /// From the start of an automation to its end; some never end.
    pub automations_take: Duration,
}

impl Options {
    /// The defaults around a day.
    pub fn new(epoch: Date) -> Self {
        Self {
            seed: DEFAULT_SEED,
            epoch,
            executions: DEFAULT_EXECUTIONS,
            token: DEFAULT_TOKEN.to_owned(),
            faults: Faults::default(),
            automations_take: DEFAULT_AUTOMATIONS_TAKE,
        }
    }
}

/// A sandbox in a folder. What is none comes from the folder, or from the defaults when it is new.
#[derive(Clone, Debug)]
pub struct FolderOptions {
    pub seed: Option<u64>,
    pub epoch: Option<Date>,
    /// Of both generations together.
    pub executions: Option<u32>,
    /// The bearer token that requests must have.
    pub token: String,
    pub faults: Faults,
    /// From the start of an automation to its end; some never end.
    pub automations_take: Duration,
    /// The epoch of a new folder when none is asked for.
    pub today: Date,
}

impl FolderOptions {
    /// Nothing in particular.
    pub fn new(today: Date) -> Self {
        Self {
            seed: None,
            epoch: None,
            executions: None,
            token: DEFAULT_TOKEN.to_owned(),
            faults: Faults::default(),
            automations_take: DEFAULT_AUTOMATIONS_TAKE,
            today,
        }
    }
}

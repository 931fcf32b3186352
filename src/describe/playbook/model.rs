//! A checked playbook.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{
    action::{ActionEntry, Allow},
    api::{Generation, Id, Level, part},
    dates::Calendar,
    pace::{Pace, Percent},
    template::Expression,
};

/// A completely checked playbook; further errors depend on data.
#[derive(Clone, Debug)]
pub struct Playbook {
    pub name: String,
    pub description: Option<String>,
    /// SHA-256 of the file's bytes, in hex.
    pub sha256: String,
    /// The zone of all calendar arithmetic.
    pub zone: TimeZone,
    /// Business days and holidays.
    pub calendar: Calendar,
    /// The variables with their overrides, all with a value.
    pub vars: serde_json::Map<String, serde_json::Value>,
    /// The names that its expressions compare with names in the data, by level.
    pub names: BTreeSet<(Level, String)>,
    /// Whether one of its expressions may read the parts of an execution.
    pub reads_parts: bool,
    pub select: Select,
    /// In order; never empty.
    pub actions: Vec<ActionEntry>,
    pub guards: Guards,
    pub pace: Pace,
    /// Whether it may run again although it is not idempotent.
    pub repeatable: bool,
}

impl Playbook {
    /// The fields of an execution that nothing reads while its changes are planned: lists of its parts, where all targets are executions.
    pub fn unread(&self) -> &'static [&'static str] {
        let is_part = |level: &Level| match level {
            Level::Step | Level::Phase | Level::Task => true,
            Level::Entity | Level::Execution => false,
        };
        let acts_on_parts =
            |entry: &ActionEntry| entry.kind.reads_parts() || entry.on.iter().any(is_part);
        if self.reads_parts
            || is_part(&self.select.each)
            || self.names.iter().any(|(level, _)| is_part(level))
            || self.actions.iter().any(acts_on_parts)
        {
            &[]
        } else {
            part::lists(self.select.source.generation())
        }
    }
}

/// Which executions, and which of their parts.
#[derive(Clone, Debug)]
pub struct Select {
    pub source: Source,
    /// `where`: keeps executions.
    pub filter: Option<Expression>,
    pub each: Level,
    /// `where_each`: keeps targets.
    pub filter_each: Option<Expression>,
    /// Ids of executions and parts to exclude, with everything below them.
    pub exclude: Vec<IdList>,
    /// Ids of the only executions and parts to select, with everything below them. None selects all; lists without an id select nothing.
    pub only: Option<Vec<IdList>>,
    /// The maximum number of targets, after the filters, in the plan's order.
    pub limit: Option<u64>,
}

impl Select {
    /// Whether its targets are steps that the source does not return, so that each execution must be read.
    pub fn lacks_steps(&self) -> bool {
        self.each == Level::Step && self.source.is_slim()
    }

    /// Whether `only` has lists and no id, so that there is nothing to select.
    pub fn selects_nothing(&self) -> bool {
        let only = self.only.as_ref();
        only.is_some_and(|lists| lists.iter().all(|list| list.ids.is_empty()))
    }
}

/// Ids that narrow a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdList {
    /// Their origin, for messages: `--only-file failed.csv`.
    pub origin: String,
    pub ids: BTreeSet<Id>,
}

/// The source of the executions.
#[derive(Clone, Debug)]
pub enum Source {
    /// v2: one search per entity.
    Flows(Entities),
    /// v1: the list of all, optionally of one context or schema.
    Executions {
        context: Option<String>,
        schema: Option<String>,
    },
    /// v1: the search that epilot has deprecated.
    Search(ExecutionSearch),
    /// v1: the executions that have certain steps, by another search that is deprecated.
    Steps(StepSearch),
    /// One read per execution.
    Ids {
        generation: Generation,
        ids: IdSource<Id>,
    },
    /// As `Ids`; the actions can use the other columns of the file.
    Rows {
        generation: Generation,
        file: PathBuf,
        /// The column with the ids.
        id: String,
    },
    /// The entities themselves, to start executions for them.
    Entities {
        generation: Generation,
        entities: Entities,
    },
}

impl Source {
    pub const fn generation(&self) -> Generation {
        match self {
            Self::Flows(_) => Generation::V2,
            Self::Executions { .. } | Self::Search(_) | Self::Steps(_) => Generation::V1,
            Self::Ids { generation, .. }
            | Self::Rows { generation, .. }
            | Self::Entities { generation, .. } => *generation,
        }
    }

    /// The objects that `where` filters.
    pub const fn root(&self) -> Level {
        match self {
            Self::Entities { .. } => Level::Entity,
            Self::Flows(_)
            | Self::Executions { .. }
            | Self::Search(_)
            | Self::Steps(_)
            | Self::Ids { .. }
            | Self::Rows { .. } => Level::Execution,
        }
    }

    /// Whether it names executions, so that a missing one is a mistake in its row.
    pub const fn names_executions(&self) -> bool {
        match self {
            Self::Ids { .. } | Self::Rows { .. } => true,
            Self::Flows(_)
            | Self::Executions { .. }
            | Self::Search(_)
            | Self::Steps(_)
            | Self::Entities { .. } => false,
        }
    }

    /// The file that names its executions or entities.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Flows(Entities::Named(IdSource::File(file)))
            | Self::Entities {
                entities: Entities::Named(IdSource::File(file)),
                ..
            }
            | Self::Ids {
                ids: IdSource::File(file),
                ..
            }
            | Self::Rows { file, .. } => Some(file),
            Self::Flows(Entities::Named(IdSource::List(_)) | Entities::Query(_))
            | Self::Entities {
                entities: Entities::Named(IdSource::List(_)) | Entities::Query(_),
                ..
            }
            | Self::Ids {
                ids: IdSource::List(_),
                ..
            }
            | Self::Executions { .. }
            | Self::Search(_)
            | Self::Steps(_) => None,
        }
    }

    /// Whether its executions lack their steps.
    pub const fn is_slim(&self) -> bool {
        match self {
            Self::Executions { .. } | Self::Search(_) => true,
            Self::Flows(_)
            | Self::Steps(_)
            | Self::Ids { .. }
            | Self::Rows { .. }
            | Self::Entities { .. } => false,
        }
    }
}

/// Names of executions or entities.
#[derive(Clone, Debug)]
pub enum IdSource<T> {
    List(Vec<T>),
    /// CSV or JSON Lines; an absolute path or one resolved against the playbook's folder, `-` is standard input.
    File(PathBuf),
}

#[derive(Clone, Debug)]
pub enum Entities {
    Named(IdSource<EntityRef>),
    /// Lucene, for the entity search.
    Query(String),
}

/// The query of the deprecated first-generation search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionSearch {
    pub name: Option<String>,
    pub status: Option<String>,
    pub assigned_to: Option<String>,
    pub include_done: Option<bool>,
    pub sorting: Option<String>,
}

/// What the deprecated search for steps of the first generation is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepSearch {
    /// A part of the execution's name.
    pub execution: Option<String>,
    /// A part of the step's name.
    pub name: Option<String>,
    pub status: Option<String>,
    /// The service takes a number here.
    pub assigned_to: Option<u64>,
    pub manually_created: Option<bool>,
    pub include_done: Option<bool>,
    pub sorting: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityRef {
    pub id: Id,
    pub schema: String,
}

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.id, f)
    }
}

/// The conditions for a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// The maximum number of changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_changes: Option<u64>,
    /// The maximum share of the scanned executions that get a change, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_percent: Option<Percent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<LeastScanned>,
    /// The permitted irreversible actions.
    pub allow: BTreeSet<Allow>,
    pub rejected: Rejected,
}

/// The expected number of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// The number of executions that must have been scanned, whether or not they are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeastScanned {
    pub min: u64,
}

/// Whether a plan with rejected items may be applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rejected {
    #[default]
    Refuse,
    Allow,
}

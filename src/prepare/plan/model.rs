//! The lines of a plan file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct as _};
use serde_json::{Value, json};

use crate::{
    action::{Effect, Expected, Repeat},
    api::{Generation, Id, Level, Method},
    digest,
    pace::Pace,
    playbook::{Guards, Size},
    run_id::RunId,
};

/// The version of the plan format that is written.
pub const VERSION: u32 = 1;

/// Fields and their values; sorted, so that plans diff well.
pub type Fields = BTreeMap<String, Value>;

/// The first line: the inputs of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanHeader {
    pub wf_bulk_plan: u32,
    pub playbook: PlaybookRef,
    pub vars: Fields,
    /// The origin of the server, or `sandbox`.
    pub server: String,
    /// The organisation of the executions that were read; if they do not name one, the requested one. None if there is neither.
    pub org: Option<String>,
    /// The reference time for relative dates.
    pub now: Timestamp,
    /// The time at which the plan was made, if different: with `--now`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    pub timezone: String,
    pub pace: Pace,
    pub guards: Guards,
    /// The run after which it was made, with `undo` or `retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Follows>,
    /// The tool and its version.
    pub tool: String,
}

/// The run that a plan undoes or continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Follows {
    /// The run's id.
    pub run: RunId,
    /// What the plan does with it.
    pub by: FollowUp,
}

/// What a plan does with the run that it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FollowUp {
    /// It brings back what the run changed.
    Undo,
    /// It makes the changes that the run did not make.
    Retry,
    /// It corrects tasks from the automations that the run has started.
    Reconcile,
}

impl PlanHeader {
    /// The time at which the plan was made, for its age.
    pub fn made_at(&self) -> Timestamp {
        self.made_at.unwrap_or(self.now)
    }

    /// The digest of the variables, to distinguish runs of one playbook.
    pub fn vars_sha256(&self) -> String {
        digest::sha256(json!(self.vars).to_string())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookRef {
    pub name: String,
    pub sha256: String,
    /// Whether it is idempotent: a second plan after the run has no change.
    pub converges: bool,
    /// Whether it may run again although it is not idempotent.
    pub repeatable: bool,
}

/// The fields of [`Change::after`] that hold a new part of the execution.
const NEW_PARTS: [&str; 2] = ["task", "step"];

/// One request on one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// 12 hex digits of a digest over resource and actions; the same in each plan of the same change.
    pub change: String,
    /// The execution; changes of one group are sent one after another.
    pub group: Id,
    pub target: Target,
    /// The actions that this request results from.
    pub action: Vec<String>,
    pub request: PlannedRequest,
    /// The fields it writes, with their values as read.
    pub before: Fields,
    /// The fields it writes, with their new values.
    pub after: Fields,
    /// Other values that must not have changed: dotted paths below `execution` and `target`.
    pub requires: Fields,
    pub repeat: Repeat,
    pub undo: Undo,
    pub effects: Vec<Effect>,
}

impl Change {
    /// What it expects of its target.
    pub const fn expected(&self) -> Expected<'_> {
        Expected {
            before: &self.before,
            after: &self.after,
            requires: &self.requires,
        }
    }

    /// Whether it needs the success of `earlier`, a change before it in its group: a change of its own target, or any change if this one is
    /// of the execution.
    pub fn depends_on(&self, earlier: &Self) -> bool {
        self.target.kind == Level::Execution || earlier.target.id == self.target.id
    }

    /// The fields that get another value, each with old and new value; fields that are sent unchanged are left out. Of a new task or step
    /// each field is one, except for its id.
    pub fn writes(&self) -> impl Iterator<Item = (String, &Value, &Value)> {
        self.after.iter().flat_map(|(field, after)| {
            let before = self.before.get(field).unwrap_or(&Value::Null);
            match (before, after) {
                (before, after) if before == after => Vec::new(),
                (Value::Null, Value::Object(new)) if NEW_PARTS.contains(&field.as_str()) => {
                    let fields = new.iter().filter(|(name, _)| *name != "id");
                    fields
                        .map(|(name, value)| (format!("{field}.{name}"), &Value::Null, value))
                        .collect()
                }
                (before, after) => vec![(field.clone(), before, after)],
            }
        })
    }
}

/// A target: ids and names, and no other personal data.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenTarget")]
pub struct Target {
    pub kind: Level,
    pub api: Generation,
    /// The execution; for a start, the entity.
    pub execution: Id,
    /// The part's own id; none for an execution.
    pub id: Option<Id>,
    pub name: String,
    /// The names of its execution and of its phase or section, from the outside. Only those that have a name.
    pub within: Vec<String>,
}

/// A target in the file format, where an entity has its own key.
#[derive(Deserialize)]
struct WrittenTarget {
    kind: Level,
    api: Generation,
    #[serde(default)]
    entity: Option<Id>,
    #[serde(default)]
    execution: Option<Id>,
    #[serde(default)]
    id: Option<Id>,
    name: String,
    #[serde(default)]
    within: Vec<String>,
}

/// Writes the form of `WrittenTarget`.
impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let execution = match self.kind {
            Level::Entity => "entity",
            Level::Execution | Level::Step | Level::Phase | Level::Task => "execution",
        };
        let fields = 4 + usize::from(self.id.is_some()) + usize::from(!self.within.is_empty());
        let mut target = serializer.serialize_struct("Target", fields)?;
        target.serialize_field("kind", &self.kind)?;
        target.serialize_field("api", &self.api)?;
        target.serialize_field(execution, &self.execution)?;
        if let Some(id) = &self.id {
            target.serialize_field("id", id)?;
        }
        target.serialize_field("name", &self.name)?;
        if !self.within.is_empty() {
            target.serialize_field("within", &self.within)?;
        }
        target.end()
    }
}

impl TryFrom<WrittenTarget> for Target {
    type Error = &'static str;

    fn try_from(written: WrittenTarget) -> Result<Self, Self::Error> {
        let is_entity = written.kind == Level::Entity;
        let execution = match (written.entity, written.execution) {
            (Some(entity), None) if is_entity => entity,
            (None, Some(execution)) if !is_entity => execution,
            (Some(_) | None, _) => return Err("a target has either an execution or an entity"),
        };
        Ok(Self {
            kind: written.kind,
            api: written.api,
            execution,
            id: written.id,
            name: written.name,
            within: written.within,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRequest {
    pub method: Method,
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Fields>,
}

/// How a change can be undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Undo {
    Request(PlannedRequest),
    /// Why it can't be undone.
    None(String),
}

/// A target without changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    pub target: Target,
    pub reason: String,
    /// The target is not as the playbook wants it, and its action can't change that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out_of_reach: bool,
}

/// A target that could not be planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The 1-based row of the input file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    pub reason: String,
}

/// The last line: the counts, the notes, and the digest of all bytes before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    pub changes: u64,
    /// Executions with a change.
    pub groups: u64,
    pub skipped: u64,
    pub rejected: u64,
    /// Executions that were scanned.
    pub scanned: u64,
    /// The notes: names that matched nothing, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// SHA-256 in hex over all bytes of the file before this value.
    pub sha256: String,
}

impl Trailer {
    /// The numbers for the guards.
    pub const fn size(&self) -> Size {
        Size {
            changes: self.changes,
            groups: self.groups,
            scanned: self.scanned,
        }
    }
}

/// The content of a line between header and trailer.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Change(Box<Change>),
    Skipped(Skip),
    Rejected(Rejection),
}

/// An item with the 1-based number of its line.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberedItem {
    pub number: u64,
    pub item: Item,
}

//! The specification of an action: everything that other code knows about it.

use std::{cmp::Ordering, fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Arguments, PlannedAction, Subject};
use crate::{
    api::{
        Generation, Level, Operation,
        types::{RequestField, RequestType},
    },
    template::Expression,
};

/// The specification of one action. Each action's file declares one; [`ALL`](super::ALL) lists them.
#[derive(Debug)]
pub struct ActionKind {
    /// Its name in playbooks.
    pub word: &'static str,
    /// What it does, for editors.
    pub doc: &'static str,
    /// An example.
    pub example: &'static str,
    /// The levels that it works on.
    pub levels: &'static [Level],
    /// The only generation with an operation for it; if none, the levels decide.
    pub only_in: Option<Generation>,
    pub form: ArgumentsForm,
    /// Whether it is idempotent: a second plan after the run has no change.
    pub converges: bool,
    /// Whether a playbook must name it in `guards.allow`, because it can't be undone.
    pub needs_allow: bool,
    /// What a second run does, for the reference.
    pub again: &'static str,
    /// Whether the plan holds the opposite request, for the reference.
    pub undo: &'static str,
    /// The requests that it sends, which the actions of a plan's change must explain.
    pub(super) requests: Requests,
    /// Reads the arguments; none if any of them is wrong.
    pub(super) read: fn(&mut Arguments<'_, '_, '_, '_>) -> Option<Arc<dyn Action>>,
}

/// The requests that an action sends.
#[derive(Clone, Copy, Debug)]
pub enum Requests {
    /// A PATCH of fields: whether it may set this field, named as in the body, to this value.
    Patch(fn(&str, &Value) -> bool),
    Other(fn(&Operation) -> bool),
}

/// How the arguments of an action are written.
#[derive(Clone, Copy, Debug)]
pub enum ArgumentsForm {
    /// There are none.
    None,
    Map(&'static [Argument]),
    /// A map that may be left out.
    OptionalMap(&'static [Argument]),
    /// A map, or only the value of its first argument.
    ValueOrMap(&'static [Argument]),
    /// The fields of the API's request for the target.
    RequestFields,
}

/// One argument of an action.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    pub name: &'static str,
    pub value: ValueForm,
    pub doc: &'static str,
}

/// A short name for the tables.
pub(super) const fn argument(name: &'static str, value: ValueForm, doc: &'static str) -> Argument {
    Argument { name, value, doc }
}

/// What an argument holds.
#[derive(Clone, Copy, Debug)]
pub enum ValueForm {
    /// A text with templates in it; an id may be a number.
    Text,
    /// One such text, or a list of them.
    Texts,
    Bool,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or a template that gives one.
    WordOrTemplate(&'static [&'static str]),
    /// The type of a field of the API's request.
    Field(fn() -> &'static RequestType, &'static str),
    /// A map whose fields the API defines.
    Object,
    /// A list of `{ id, schema }`.
    Entities,
}

/// An action with its arguments.
pub trait Action: fmt::Debug + Send + Sync {
    /// Plans the action for a target.
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction;
}

/// One entry of a playbook's `actions`.
#[derive(Clone, Debug)]
pub struct ActionEntry {
    pub kind: &'static ActionKind,
    pub action: Arc<dyn Action>,
    /// Its levels; never empty.
    pub on: Vec<Level>,
    pub when: Option<Expression>,
    /// A name for people, shown beside the action's name.
    pub name: Option<String>,
    /// Whether it is idempotent: a second plan after the run has no change.
    pub converges: bool,
}

impl ActionEntry {
    /// Its name in the plan: the action's name, and the playbook's name for it.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{}: {name}", self.kind.word),
            None => self.kind.word.to_owned(),
        }
    }
}

/// An action without arguments.
struct Bare(fn(&Subject<'_>) -> PlannedAction);

pub(super) fn bare(plan: fn(&Subject<'_>) -> PlannedAction) -> Arc<dyn Action> {
    Arc::new(Bare(plan))
}

impl fmt::Debug for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bare")
    }
}

impl Action for Bare {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        self.0(subject)
    }
}

impl ActionKind {
    /// The action of the changes that `wf-bulk undo` plans.
    pub const UNDO: &'static Self = &super::undo::KIND;

    /// The action that `wf-bulk verify` plans where it helps.
    pub const RECONCILE: &'static Self = &super::task_automation::RECONCILE_AUTOMATION;

    /// An action of playbooks.
    pub fn named(word: &str) -> Option<&'static Self> {
        super::ALL.iter().copied().find(|kind| kind.word == word)
    }

    /// The action of a plan's change: also the one that no playbook can name.
    pub fn in_plans(word: &str) -> Option<&'static Self> {
        Self::named(word).or_else(|| (word == Self::UNDO.word).then_some(Self::UNDO))
    }

    /// Whether it reads the parts of an execution to change the execution.
    pub fn reads_parts(&self) -> bool {
        [super::add_step::KIND.word, super::add_task::KIND.word].contains(&self.word)
    }

    /// Whether it sends a PATCH of fields.
    pub const fn is_patch(&self) -> bool {
        matches!(self.requests, Requests::Patch(_))
    }

    /// Whether it may set this field of a PATCH to this value.
    pub fn writes(&self, name: &str, value: &Value) -> bool {
        matches!(self.requests, Requests::Patch(writes) if writes(name, value))
    }

    /// Whether it sends this operation, which is no PATCH.
    pub fn sends(&self, operation: &Operation) -> bool {
        matches!(self.requests, Requests::Other(sends) if sends(operation))
    }

    pub const fn arguments(&self) -> &'static [Argument] {
        match self.form {
            ArgumentsForm::Map(arguments)
            | ArgumentsForm::OptionalMap(arguments)
            | ArgumentsForm::ValueOrMap(arguments) => arguments,
            ArgumentsForm::None | ArgumentsForm::RequestFields => &[],
        }
    }

    /// Whether a generation of the API has an operation for it.
    pub fn is_in(&self, generation: Generation) -> bool {
        match self.only_in {
            Some(only) => only == generation,
            None => self.levels.iter().any(|level| level.is_in(generation)),
        }
    }

    /// Its row in the reference's table.
    pub fn row(&self) -> String {
        let levels: Vec<&str> = self.levels.iter().map(|level| level.word()).collect();
        let only = match self.only_in {
            Some(Generation::V1) => " (v1)",
            Some(Generation::V2) => " (v2)",
            None => "",
        };
        let Self {
            word, again, undo, ..
        } = self;
        format!(
            "| `{word}` | {}{only} | {again} | {undo} |",
            levels.join(", ")
        )
    }
}

impl ValueForm {
    /// The field of the API's request that an argument sets, if it is one.
    pub fn field(self) -> Option<&'static RequestField> {
        match self {
            Self::Field(request, name) => request().field(name),
            Self::Text
            | Self::Texts
            | Self::Bool
            | Self::Word(_)
            | Self::WordOrTemplate(_)
            | Self::Object
            | Self::Entities => None,
        }
    }
}

/// The entries of `guards.allow`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Allow {
    Action(&'static ActionKind),
    /// To revert a task, which resets later tasks.
    Revert,
}

impl Allow {
    /// Their names in playbooks, with their meaning.
    pub fn words() -> impl Iterator<Item = (&'static str, Self)> {
        let actions = super::ALL.iter().copied().map(Self::Action);
        let all = actions.into_iter().chain([Self::Revert]);
        all.map(|allow| (allow.word(), allow))
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Action(kind) => kind.word,
            Self::Revert => "revert",
        }
    }

    /// In the order of [`words`](Self::words).
    fn place(self) -> usize {
        Self::words()
            .position(|(word, _)| word == self.word())
            .unwrap_or_default()
    }
}

impl PartialEq for Allow {
    fn eq(&self, other: &Self) -> bool {
        self.word() == other.word()
    }
}

impl Eq for Allow {}

impl PartialOrd for Allow {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Allow {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl From<Allow> for String {
    fn from(allow: Allow) -> Self {
        allow.word().to_owned()
    }
}

impl TryFrom<String> for Allow {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let found = Self::words().find(|(word, _)| *word == text);
        found
            .map(|(_, allow)| allow)
            .ok_or_else(|| format!("unknown action {text:?}"))
    }
}

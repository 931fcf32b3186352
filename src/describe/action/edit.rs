//! The input and the output of an action.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Effect, FieldWrite};
use crate::{
    api::{Generation, Id, IdError, Level, Operation},
    dates::Calendar,
    json,
    template::{EvalContext, EvalError, Template},
    text::cut,
};

/// The longest value that a message quotes, in characters.
const QUOTED: usize = 60;

/// One target as an action sees it: its JSON with the changes of earlier actions.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub generation: Generation,
    pub level: Level,
    pub execution: &'a Id,
    /// The part's own id; none for an execution.
    pub id: Option<&'a Id>,
    pub data: &'a Value,
    pub context: &'a EvalContext,
    /// The zone of calendar arithmetic.
    pub zone: &'a TimeZone,
    /// Which days are worked on.
    pub calendar: &'a Calendar,
}

/// The result of an action for a target.
#[derive(Clone, Debug, PartialEq)]
pub enum PlannedAction {
    Edit(Edit),
    /// There is nothing to do, and why.
    Nothing(String),
    /// The target is not as the playbook wants it, and the action can't change that; the reason.
    OutOfReach(String),
    /// It can't be planned, and why.
    Reject(String),
    /// It can't be planned before the execution's closing reasons are read, which its row lacks.
    ReasonsUnread,
}

impl PlannedAction {
    /// A PATCH of one plain field; nothing, for this reason, if the field has the value already.
    pub(super) fn field(subject: &Subject<'_>, write: FieldWrite, nothing: &str) -> Self {
        if write.changes() {
            Self::Edit(Edit::fields(subject, vec![write]))
        } else {
            Self::Nothing(nothing.to_owned())
        }
    }
}

/// One request, with what it does to the target.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    pub operation: Operation,
    /// The fields of the target in the request's body.
    pub writes: Vec<FieldWrite>,
    /// Other fields of the body that are not fields of the target, like the branch of a decision.
    pub sends: Vec<(&'static str, Value)>,
    /// What it causes on this target beyond its [`Nature`](super::Nature).
    pub causes: Option<Effect>,
}

impl Edit {
    /// A request without a body.
    pub(super) const fn bare(operation: Operation) -> Self {
        Self {
            operation,
            writes: Vec::new(),
            sends: Vec::new(),
            causes: None,
        }
    }

    /// A PATCH of plain fields.
    pub(super) fn fields(subject: &Subject<'_>, writes: Vec<FieldWrite>) -> Self {
        Self {
            writes,
            ..Self::bare(subject.patch())
        }
    }
}

/// A generation's names for the due date and for the rule from which one is computed.
pub(super) struct DueFields {
    pub(super) due: &'static str,
    pub(super) rule: &'static str,
}

impl DueFields {
    pub(super) const fn of(generation: Generation) -> Self {
        match generation {
            Generation::V1 => Self {
                due: "dueDate",
                rule: "dynamicDueDate",
            },
            Generation::V2 => Self {
                due: "due_date",
                rule: "due_date_config",
            },
        }
    }
}

impl Subject<'_> {
    pub(super) const fn due_fields(&self) -> DueFields {
        DueFields::of(self.generation)
    }

    /// The due date, if there is one.
    ///
    /// # Errors
    ///
    /// If it is not text.
    pub(super) fn due(&self) -> Result<Option<&str>, String> {
        let path = self.due_fields().due;
        match json::get(self.data, path) {
            None => Ok(None),
            Some(due) => match due.as_str() {
                Some(due) => Ok(Some(due)),
                None => Err(no_text(path, due)),
            },
        }
    }

    /// The operation that patches this target. (Entities are not patched, and parts have ids.)
    pub fn patch(&self) -> Operation {
        let execution = self.execution.clone();
        match (self.generation, self.level, self.id) {
            (Generation::V1, Level::Step, Some(id)) => Operation::UpdateStep(execution, id.clone()),
            (Generation::V2, Level::Phase, Some(id)) => {
                Operation::PatchPhase(execution, id.clone())
            }
            (Generation::V2, Level::Task, Some(id)) => Operation::PatchTask(execution, id.clone()),
            (Generation::V1, _, _) => Operation::UpdateExecution(execution),
            (Generation::V2, _, _) => Operation::PatchFlow(execution),
        }
    }

    /// The text at a dotted path, when there is one.
    pub fn text(&self, path: &str) -> Option<&str> {
        json::get(self.data, path).and_then(Value::as_str)
    }

    /// The value of a template as one text; a number becomes a text, for ids that were written without quotes.
    ///
    /// # Errors
    ///
    /// If the template fails on this target, or returns neither text nor a number.
    pub fn word(&self, template: &Template) -> Result<String, String> {
        match self.words(template)?.as_slice() {
            [word] => Ok(word.clone()),
            words => Err(format!("a single text is needed here, not {}", words.len())),
        }
    }

    /// The values of several templates as texts.
    ///
    /// # Errors
    ///
    /// As [`Self::word`].
    pub fn all_words(&self, templates: &[Template]) -> Result<Vec<String>, String> {
        let mut words = Vec::new();
        for template in templates {
            words.extend(self.words(template)?);
        }
        Ok(words)
    }

    /// As [`Self::word`], for an id.
    ///
    /// # Errors
    ///
    /// As [`Self::word`], or when the text can't be an id.
    pub fn id_of(&self, template: &Template) -> Result<String, String> {
        self.word(template).and_then(checked)
    }

    /// As [`Self::all_words`], for ids.
    ///
    /// # Errors
    ///
    /// As [`Self::id_of`].
    pub fn ids_of(&self, templates: &[Template]) -> Result<Vec<String>, String> {
        let words = self.all_words(templates)?;
        words.into_iter().map(checked).collect()
    }

    /// The value of a template as texts: the items of a list, or one text.
    ///
    /// # Errors
    ///
    /// As [`Self::word`].
    pub fn words(&self, template: &Template) -> Result<Vec<String>, String> {
        let value = template
            .value(self.context)
            .map_err(|error: EvalError| error.to_string())?;
        words_of(&value)
    }
}

/// Why a field with this value, which should be text, can't be used.
pub(super) fn no_text(field: &str, value: &Value) -> String {
    match json::unreadable(value) {
        Some(why) => format!("{field} can't be read: {why}"),
        None => format!(
            "{field} is {}, and should be text",
            cut(&value.to_string(), QUOTED)
        ),
    }
}

/// The texts in the value of a template: the items of a list, or one text.
///
/// # Errors
///
/// When it is empty, or no text and no number.
pub(super) fn words_of(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(items) => items.iter().map(word_of).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            word_of(value).map(|word| vec![word])
        }
    }
}

/// Checks an id; a cell of a spreadsheet may contain a line break, or two ids.
fn checked(id: String) -> Result<String, String> {
    match Id::new(&id) {
        Ok(_) => Ok(id),
        // Most come from the column of a file, which is unknown here.
        Err(IdError::Number) => Err(format!(
            "{id:?} is not an id: Excel or another program has turned it into a number; if it comes from a spreadsheet, format its column as text there and enter it again"
        )),
        Err(error) => Err(format!("{id:?} is not an id: {error}")),
    }
}

fn word_of(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("the text is empty".to_owned()),
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("a text is needed, not {value}"))
        }
    }
}

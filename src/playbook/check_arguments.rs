//! The arguments of each action.

mod making;
mod status;

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::{
    action::{
        Action, Body, CancelSchedule, Close, Delete, DeleteStep, EndOrGoOn, Execute, Kind,
        MoveOffHolidays, Reassign, ReconcileAutomation, Removal, RunAutomation, RunScheduleNow,
        SetDueDate, ShiftDueDate, rule_content, words_of,
    },
    api::{Generation, Id, Level, types::Content},
    dates::{self, Direction, Step},
    template::Template,
};

use super::{
    check_actions::Setting,
    check_body::Bodies,
    check_expression::Compiler,
    check_select::present,
    node::{Node, Value},
    reader::{Field, Fields, Reader},
    span::Span,
};

/// An action as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'n> {
    pub kind: Kind,
    /// The action's name.
    pub at: Span,
    pub argument: Option<Field<'n>>,
    /// What a `converges` beside it says.
    pub converges: Option<bool>,
    /// Its place among the actions, from 0.
    pub place: usize,
}

/// What the arguments of one action are read with.
struct Arguments<'r, 's, 'c, 'n> {
    reader: &'r mut Reader<'s>,
    setting: &'c Setting<'c>,
    compiler: &'c Compiler,
    levels: &'c [Level],
    fields: Fields<'n>,
    written: Written<'n>,
    kind: Kind,
}

/// The action with its arguments; None when any of them is wrong.
pub(super) fn arguments(
    reader: &mut Reader<'_>,
    written: Written<'_>,
    setting: &Setting<'_>,
    levels: &[Level],
) -> Option<Action> {
    let kind = written.kind;
    let fields = fields(reader, written)?;
    let mut arguments = Arguments {
        reader,
        setting,
        compiler: setting.compiler,
        levels,
        fields,
        written,
        kind,
    };
    match kind {
        Kind::Reassign => arguments.reassign().map(Action::Reassign),
        Kind::ShiftDueDate => arguments.shift_due_date().map(Action::ShiftDueDate),
        Kind::SetDueDate => arguments.set_due_date().map(Action::SetDueDate),
        Kind::MoveOffHolidays => arguments.move_off_holidays().map(Action::MoveOffHolidays),
        Kind::Close => arguments.close().map(Action::Close),
        Kind::Complete => Some(Action::EndOrGoOn(EndOrGoOn::Complete)),
        Kind::Reopen => Some(Action::EndOrGoOn(EndOrGoOn::Reopen)),
        Kind::SetStatus => arguments.set_status().map(Action::SetStatus),
        Kind::RunScheduleNow => Some(Action::RunScheduleNow(RunScheduleNow)),
        Kind::CancelSchedule => Some(Action::CancelSchedule(CancelSchedule)),
        Kind::RunAutomation => Some(Action::RunAutomation(RunAutomation)),
        Kind::Execute => Some(Action::Execute(Execute)),
        Kind::ReconcileAutomation => Some(Action::ReconcileAutomation(ReconcileAutomation)),
        Kind::AddStep => arguments.add_step().map(Action::AddStep),
        Kind::DeleteStep => Some(Action::DeleteStep(DeleteStep)),
        Kind::AddTask => arguments.add_task().map(Action::AddTask),
        Kind::Start => arguments.start().map(Action::Start),
        Kind::Delete => arguments.delete().map(Action::Delete),
        Kind::Patch => arguments.patch().map(Action::Patch),
    }
}

fn fields<'n>(reader: &mut Reader<'_>, written: Written<'n>) -> Option<Fields<'n>> {
    let Written {
        kind, at, argument, ..
    } = written;
    let Some(field) = argument else {
        return Some(Fields::none(at));
    };
    match (kind, &field.node.value) {
        // `set_status: IN_PROGRESS`, the argument itself.
        (Kind::SetStatus | Kind::SetDueDate, Value::Text(_)) => Some(Fields::none(at)),
        (Kind::Patch, _) => reader.free_map(field, "a map of fields", "name"),
        (_, Value::Map(entries)) if kind.arguments().is_empty() => match entries.first() {
            Some(first) => {
                takes_nothing(reader, kind, first.key.span);
                None
            }
            None => Some(Fields::none(at)),
        },
        (_, _) if kind.arguments().is_empty() => {
            takes_nothing(reader, kind, field.node.span);
            None
        }
        (_, _) => reader.map(field, kind.arguments()),
    }
}

fn takes_nothing(reader: &mut Reader<'_>, kind: Kind, span: Span) {
    let word = kind.word();
    reader.wrong(
        span,
        format!("`{word}` takes no arguments"),
        format!("write just `- {word}`"),
    );
}

impl<'n> Arguments<'_, '_, '_, 'n> {
    fn reassign(&mut self) -> Option<Reassign> {
        let [from, to, set, add, remove] =
            ["from", "to", "set", "add", "remove"].map(|name| self.fields.get(name));
        let is_pair = from.is_some() || to.is_some();
        let is_change = add.is_some() || remove.is_some();
        match (is_pair, set, is_change) {
            (true, None, false) => self.replacement(),
            (false, Some(set), false) => self.set(set),
            (false, None, true) => self.change(add, remove),
            (false, None, false) => {
                // Misspelt keys have been reported already.
                if self.fields.is_empty() {
                    let at = self.fields.at;
                    self.reader
                        .wrong(at, "`reassign` has no arguments", Kind::Reassign.example());
                }
                None
            }
            (true, Some(_), _) | (true, _, true) | (_, Some(_), true) => {
                let at = self.fields.at;
                self.reader.wrong(
                    at,
                    "`reassign` takes { from, to }, { set } or { add, remove }, not a mixture",
                    "split it into two actions, or keep one form",
                );
                None
            }
        }
    }

    fn set(&mut self, field: Field<'n>) -> Option<Reassign> {
        let set = self.each(field, Self::id)?;
        // Only a list that is written as `[]` takes everybody away.
        let is_nobody = |template: &Template| {
            template
                .known()
                .is_some_and(|known| known.value == Json::Array(Vec::new()))
        };
        if let Some(known) = set.first().and_then(Template::known)
            && set.iter().all(is_nobody)
        {
            let message = "this gives nobody";
            let help = "to take everybody away, write `set: []`";
            let span = field.node.span;
            self.compiler
                .wrong_value(self.reader, span, known, message, help);
            return None;
        }
        Some(Reassign::Set(set))
    }

    fn replacement(&mut self) -> Option<Reassign> {
        let from = self.required_id("from");
        let to = self.required_id("to");
        let (from, to) = (from?, to?);
        let id = |template: &Template| words_of(&template.known()?.value).ok();
        if let Some(known) = to.known()
            && id(&from) == id(&to)
            && id(&to).is_some()
        {
            let at = self
                .fields
                .get("to")
                .map_or(self.fields.at, |field| field.node.span);
            let message = "`from` and `to` are the same: nothing would change";
            let help = "give `to` another id";
            self.compiler
                .wrong_value(self.reader, at, known, message, help);
            return None;
        }
        Some(Reassign::FromTo { from, to })
    }

    fn change(&mut self, add: Option<Field<'n>>, remove: Option<Field<'n>>) -> Option<Reassign> {
        let add = add.map(|field| self.filled(field, Self::id));
        let remove = remove.map(|field| self.filled(field, Self::id));
        Some(Reassign::Change {
            add: present(add)?.unwrap_or_default(),
            remove: present(remove)?.unwrap_or_default(),
        })
    }

    fn shift_due_date(&mut self) -> Option<ShiftDueDate> {
        let by = self.required_template("by")?;
        let field = self.fields.get("by")?;
        let help = "the units are minutes, hours, days, weeks, months, years and business days; or ISO 8601, like `P6M`";
        self.check_word(field, &by, help, |text| {
            Step::parse(text)
                .map(drop)
                .map_err(|error| error.to_string())
        })?;
        Some(ShiftDueDate { by })
    }

    fn close(&mut self) -> Option<Close> {
        let help = Kind::Close.example();
        let reason = self
            .reader
            .required(&self.fields, "reason", help)
            .and_then(|field| self.filled(field, Self::template));
        let description = self
            .fields
            .get("description")
            .map(|field| self.template(field));
        Some(Close {
            reason: reason?,
            description: present(description)?,
        })
    }

    /// The argument itself, where it is a text and no map.
    fn bare(&self) -> Option<Field<'n>> {
        let argument = self.written.argument?;
        matches!(argument.node.value, Value::Text(_)).then_some(argument)
    }

    fn set_due_date(&mut self) -> Option<SetDueDate> {
        let example = Kind::SetDueDate.example();
        let to = self.bare().or_else(|| self.fields.get("to"));
        match (to, self.fields.get("config")) {
            (Some(field), None) => {
                let date = self.template(field)?;
                self.check_word(field, &date, example, |text| {
                    dates::stored(text, None, &TimeZone::UTC)
                        .map(drop)
                        .map_err(|error| error.to_string())
                })?;
                Some(SetDueDate::Date(date))
            }
            (None, Some(field)) => {
                let generation = self.compiler.generation()?;
                let level = *self.levels.first()?;
                let content = rule_content(generation, level)?;
                self.body(field, content).map(SetDueDate::Rule)
            }
            (Some(_), Some(field)) => {
                self.reader.wrong(
                    field.at,
                    "`set_due_date` sets a date or a rule, not both: the date would win",
                    "remove one of them",
                );
                None
            }
            (None, None) => {
                if self.fields.is_empty() {
                    self.reader
                        .wrong(self.written.at, "`set_due_date` does not say when", example);
                }
                None
            }
        }
    }

    fn move_off_holidays(&mut self) -> Option<MoveOffHolidays> {
        let words = [("next", Direction::Next), ("previous", Direction::Previous)];
        let direction = match self.fields.get("direction") {
            None => Direction::Next,
            Some(field) => self.reader.word(field, &words)?,
        };
        Some(MoveOffHolidays { direction })
    }

    fn delete(&mut self) -> Option<Delete> {
        let Some(field) = self.fields.get("soft") else {
            return Some(Delete {
                removal: Removal::ForGood,
            });
        };
        let is_soft = self.reader.boolean(field)?;
        if is_soft && self.compiler.generation() == Some(Generation::V1) {
            self.reader.wrong(
                field.at,
                "executions of the first generation are deleted for good",
                "leave `soft` out if that is meant",
            );
            return None;
        }
        Some(Delete {
            removal: if is_soft {
                Removal::Soft
            } else {
                Removal::ForGood
            },
        })
    }

    fn body(&mut self, field: Field<'_>, content: Content) -> Option<Body> {
        let bodies = Bodies {
            compiler: self.compiler,
            levels: self.levels,
        };
        bodies.body(self.reader, field, content)
    }

    fn required_template(&mut self, name: &str) -> Option<Template> {
        let field = self
            .reader
            .required(&self.fields, name, self.kind.example())?;
        self.template(field)
    }

    fn required_id(&mut self, name: &str) -> Option<Template> {
        let field = self
            .reader
            .required(&self.fields, name, self.kind.example())?;
        let id = self.id(field)?;
        self.check_word(field, &id, "", |_| Ok(()))?;
        Some(id)
    }

    /// An id, or a template that gives one; what that gives is checked when planning.
    fn id(&mut self, field: Field<'_>) -> Option<Template> {
        let template = self.template(field)?;
        if let Some(known) = template.known() {
            let words = words_of(&known.value).unwrap_or_default();
            let wrong = |id: &String| Some((id.clone(), Id::new(id).err()?));
            if let Some((id, error)) = words.iter().find_map(wrong) {
                let message = format!("`{id}` is not an id: {error}");
                let help = "use the id as the API gives it";
                let span = field.node.span;
                self.compiler
                    .wrong_value(self.reader, span, known, message, help);
                return None;
            }
        }
        Some(template)
    }

    /// The texts that a template gives, where that depends on no data; none when they can't be used.
    fn known_words(&mut self, field: Field<'_>, template: &Template) -> Option<Vec<String>> {
        let Some(known) = template.known() else {
            return Some(Vec::new());
        };
        match words_of(&known.value) {
            Ok(words) => Some(words),
            Err(error) => {
                let span = field.node.span;
                self.compiler
                    .wrong_value(self.reader, span, known, error, "");
                None
            }
        }
    }

    /// Checks the one text that a template gives, where that depends on no data.
    fn check_word(
        &mut self,
        field: Field<'_>,
        template: &Template,
        help: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Option<()> {
        let words = self.known_words(field, template)?;
        let error = match (template.known(), words.as_slice()) {
            (Some(_), [word]) => check(word).err(),
            (Some(_), words) => Some(format!("a single text is needed here, not {}", words.len())),
            (None, _) => None,
        };
        match (error, template.known()) {
            (Some(error), Some(known)) => {
                let span = field.node.span;
                self.compiler
                    .wrong_value(self.reader, span, known, error, help);
                None
            }
            (_, _) => Some(()),
        }
    }

    fn template(&mut self, field: Field<'_>) -> Option<Template> {
        let template = self
            .compiler
            .template(self.reader, field, "text", self.levels)?;
        self.known_words(field, &template)?;
        Some(template)
    }

    /// A list of at least one value.
    fn filled(
        &mut self,
        field: Field<'_>,
        read: fn(&mut Self, Field<'_>) -> Option<Template>,
    ) -> Option<Vec<Template>> {
        let templates = self.each(field, read)?;
        if templates.is_empty() {
            self.reader.wrong(
                field.node.span,
                format!("`{}` is an empty list", field.name),
                "name at least one, or leave the key out",
            );
            return None;
        }
        Some(templates)
    }

    /// A list of values; one value stands for a list of one.
    fn each(
        &mut self,
        field: Field<'_>,
        read: fn(&mut Self, Field<'_>) -> Option<Template>,
    ) -> Option<Vec<Template>> {
        let items: &[Node] = match &field.node.value {
            Value::List(items) => items,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Map(_)
            | Value::CollectionKey => std::slice::from_ref(field.node),
        };
        let items = items.iter();
        let templates: Vec<Option<Template>> = items
            .map(|node| read(self, Field { node, ..field }))
            .collect();
        templates.into_iter().collect()
    }
}

//! The arguments of each action.

use crate::{
    action::{Action, Close, Reassign, RunScheduleNow, ShiftDueDate},
    api::Level,
    dates::Distance,
    template::Template,
};

use super::{
    action_kind::Kind,
    check_expression::Compiler,
    check_select::present,
    node::{Node, Value},
    reader::{Field, Fields, Reader},
    span::Span,
};

/// What the arguments of one action are read with.
struct Arguments<'r, 's, 'c, 'n> {
    reader: &'r mut Reader<'s>,
    compiler: &'c Compiler,
    levels: &'c [Level],
    fields: Fields<'n>,
    kind: Kind,
}

/// The action with its arguments; None when any of them is wrong.
pub(super) fn arguments(
    reader: &mut Reader<'_>,
    kind: Kind,
    at: Span,
    field: Option<Field<'_>>,
    compiler: &Compiler,
    levels: &[Level],
) -> Option<Action> {
    let fields = match field {
        Some(field) if kind.arguments().is_empty() => {
            let Value::Map(entries) = &field.node.value else {
                takes_nothing(reader, kind, field.node.span);
                return None;
            };
            if let Some(first) = entries.first() {
                takes_nothing(reader, kind, first.key.span);
                return None;
            }
            Fields::none(at)
        }
        Some(field) => reader.map(field, kind.arguments())?,
        None => Fields::none(at),
    };
    let mut arguments = Arguments {
        reader,
        compiler,
        levels,
        fields,
        kind,
    };
    match kind {
        Kind::Reassign => arguments.reassign().map(Action::Reassign),
        Kind::ShiftDueDate => arguments.shift_due_date().map(Action::ShiftDueDate),
        Kind::Close => arguments.close().map(Action::Close),
        Kind::RunScheduleNow => Some(Action::RunScheduleNow(RunScheduleNow)),
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
            (false, Some(set), false) => self.templates(set).map(Reassign::Set),
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

    fn replacement(&mut self) -> Option<Reassign> {
        let from = self.required_template("from");
        let to = self.required_template("to");
        let (from, to) = (from?, to?);
        if from.literal().is_some() && from.literal() == to.literal() {
            let at = self
                .fields
                .get("to")
                .map_or(self.fields.at, |field| field.node.span);
            self.reader.wrong(
                at,
                "`from` and `to` are the same: nothing would change",
                "give `to` another id",
            );
            return None;
        }
        Some(Reassign::FromTo { from, to })
    }

    fn change(&mut self, add: Option<Field<'n>>, remove: Option<Field<'n>>) -> Option<Reassign> {
        let add = add.map(|field| self.filled(field));
        let remove = remove.map(|field| self.filled(field));
        Some(Reassign::Change {
            add: present(add)?.unwrap_or_default(),
            remove: present(remove)?.unwrap_or_default(),
        })
    }

    fn shift_due_date(&mut self) -> Option<ShiftDueDate> {
        let by = self.required_template("by")?;
        let field = self.fields.get("by")?;
        if let Some(text) = by.literal()
            && let Err(error) = Distance::parse(text)
        {
            let help = "the units are days, weeks, months and years";
            self.reader.wrong(field.node.span, error.to_string(), help);
            return None;
        }
        Some(ShiftDueDate { by })
    }

    fn close(&mut self) -> Option<Close> {
        let help = Kind::Close.example();
        let reason = self
            .reader
            .required(&self.fields, "reason", help)
            .and_then(|field| self.filled(field));
        let description = self
            .fields
            .get("description")
            .map(|field| self.template(field));
        Some(Close {
            reason: reason?,
            description: present(description)?,
        })
    }

    fn required_template(&mut self, name: &str) -> Option<Template> {
        let field = self
            .reader
            .required(&self.fields, name, self.kind.example())?;
        self.template(field)
    }

    fn template(&mut self, field: Field<'_>) -> Option<Template> {
        self.compiler
            .template(self.reader, field, "text", self.levels)
    }

    /// A list of at least one value.
    fn filled(&mut self, field: Field<'_>) -> Option<Vec<Template>> {
        let templates = self.templates(field)?;
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
    fn templates(&mut self, field: Field<'_>) -> Option<Vec<Template>> {
        let items: &[Node] = match &field.node.value {
            Value::List(items) => items,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Map(_)
            | Value::CollectionKey => std::slice::from_ref(field.node),
        };
        let templates: Vec<Option<Template>> = items
            .iter()
            .map(|item| {
                self.template(Field {
                    node: item,
                    ..field
                })
            })
            .collect();
        templates.into_iter().collect()
    }
}

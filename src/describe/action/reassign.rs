//! `reassign`: changes assignees; variables stay.

mod assigned;

use std::sync::Arc;

use assigned::{Assigned, add, is_one_of, number, replaced};
use serde_json::{Value, json};

use super::{
    Action, ActionKind, Arguments, ArgumentsForm, Edit, FieldWrite, PlannedAction, Requests,
    Subject, ValueForm, argument, same::are_same, words_of,
};
use crate::{
    api::{ASSIGNEE_FIELDS, Generation, Level, types},
    document::reader::{FieldNode, present},
    json,
    template::Template,
};

pub(super) static KIND: ActionKind = ActionKind {
    word: "reassign",
    doc: "Changes who is assigned.",
    example: "reassign: { from: \"10010\", to: \"10020\" }, { set: [\"10020\"] } or { add: [\"10020\"], remove: [\"10010\"] }",
    levels: &[Level::Execution, Level::Step, Level::Phase, Level::Task],
    only_in: None,
    form: ArgumentsForm::Map(&[
        argument("from", ValueForm::Text, "Who is replaced by `to`."),
        argument("to", ValueForm::Text, "Who takes the place of `from`."),
        argument(
            "set",
            ValueForm::Texts,
            "Exactly these are assigned afterwards.",
        ),
        argument("add", ValueForm::Texts, "These are assigned as well."),
        argument(
            "remove",
            ValueForm::Texts,
            "These are not assigned any more.",
        ),
    ]),
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "yes",
    requests: Requests::Patch(|name, _| ASSIGNEE_FIELDS.contains(&name)),
    read: |arguments| Some(Arc::new(arguments.reassign()?)),
};

#[derive(Clone, Debug)]
enum Reassign {
    /// Replaces `from` with `to`, if assigned.
    FromTo { from: Template, to: Template },
    /// Assigns exactly these.
    Set(Vec<Template>),
    /// Adds some and removes others.
    Change {
        add: Vec<Template>,
        remove: Vec<Template>,
    },
}

/// The deprecated field of the first generation.
const NUMBERED: &str = "userIds";

impl Action for Reassign {
    fn plan(&self, subject: &Subject<'_>) -> PlannedAction {
        self.edit(subject).unwrap_or_else(PlannedAction::Reject)
    }
}

impl<'n> Arguments<'_, '_, '_, 'n> {
    fn reassign(&mut self) -> Option<Reassign> {
        let [from, to, set, add, remove] =
            ["from", "to", "set", "add", "remove"].map(|name| self.get(name));
        let is_pair = from.is_some() || to.is_some();
        let is_change = add.is_some() || remove.is_some();
        match (is_pair, set, is_change) {
            (true, None, false) => self.replacement(),
            (false, Some(set), false) => self.set(set),
            (false, None, true) => self.change(add, remove),
            (false, None, false) => {
                // Misspelt keys were reported before.
                if self.fields.is_empty() {
                    self.reader
                        .wrong(self.fields.at, "`reassign` needs arguments", KIND.example);
                }
                None
            }
            (true, Some(_), _) | (true, _, true) | (_, Some(_), true) => {
                self.reader.wrong(
                    self.fields.at,
                    "`reassign` takes { from, to }, { set } or { add, remove }, not a mixture",
                    "split it into two actions, or keep one form",
                );
                None
            }
        }
    }

    fn set(&mut self, field: FieldNode<'n>) -> Option<Reassign> {
        let set = self.each(field, Self::id)?;
        // Only a literal `[]` removes all assignees.
        let is_nobody = |template: &Template| {
            template
                .known()
                .is_some_and(|known| known.value == Value::Array(Vec::new()))
        };
        if let Some(known) = set.first().and_then(Template::known)
            && set.iter().all(is_nobody)
        {
            let help = "to remove all assignees, write `set: []`";
            self.wrong_value(
                field.node.span,
                known,
                "this is an empty list of assignees",
                help,
            );
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
                .get("to")
                .map_or(self.fields.at, |field| field.node.span);
            let message = "`from` and `to` are the same: nothing would change";
            self.wrong_value(at, known, message, "give `to` another id");
            return None;
        }
        Some(Reassign::FromTo { from, to })
    }

    fn change(
        &mut self,
        add: Option<FieldNode<'n>>,
        remove: Option<FieldNode<'n>>,
    ) -> Option<Reassign> {
        let add = add.map(|field| self.filled(field, Self::id));
        let remove = remove.map(|field| self.filled(field, Self::id));
        Some(Reassign::Change {
            add: present(add)?.unwrap_or_default(),
            remove: present(remove)?.unwrap_or_default(),
        })
    }
}

impl Reassign {
    fn edit(&self, subject: &Subject<'_>) -> Result<PlannedAction, String> {
        let listed = match subject.generation {
            Generation::V1 => "assignedTo",
            Generation::V2 => "assigned_to",
        };
        let before = Assigned {
            listed: list(subject, listed)?,
            numbered: match subject.generation {
                Generation::V1 => list(subject, NUMBERED)?,
                Generation::V2 => Vec::new(),
            },
        };
        let after = match self.after(subject, &before)? {
            Err(nothing) => return Ok(nothing),
            Ok(after) if are_same(&after.everybody(), &before.everybody()) => {
                return self.why_the_same(subject, &before);
            }
            Ok(after) => after,
        };
        let numbered = FieldWrite::new(subject.data, NUMBERED, Value::Array(after.numbered));
        let is_writable = types::update(subject.generation, subject.level)
            .is_some_and(|request| request.field(NUMBERED).is_some());
        if numbered.changes() && !is_writable {
            let before = &numbered.before;
            return Err(format!(
                "has {NUMBERED} {before}, which no request changes on an {}",
                subject.level
            ));
        }
        let listed = FieldWrite::new(subject.data, listed, Value::Array(after.listed));
        let mut writes = vec![listed, numbered];
        writes.retain(FieldWrite::changes);
        Ok(PlannedAction::Edit(Edit::fields(subject, writes)))
    }

    /// The reason if nothing changes. A variable may resolve to a person whom `set` does not name.
    fn why_the_same(
        &self,
        subject: &Subject<'_>,
        before: &Assigned,
    ) -> Result<PlannedAction, String> {
        let left_out = match self {
            Self::FromTo { .. } | Self::Change { .. } => None,
            Self::Set(templates) => {
                let users = subject.ids_of(templates)?;
                before.by_variables().find(|user| !users.contains(user))
            }
        };
        Ok(match left_out {
            Some(user) => before.why_not(&user),
            None => PlannedAction::Nothing("is assigned like that already".to_owned()),
        })
    }

    /// The new lists, in which those who stay keep their places; the reason if nothing changes (inner error), or why it can't be planned
    /// (outer error).
    fn after(
        &self,
        subject: &Subject<'_>,
        before: &Assigned,
    ) -> Result<Result<Assigned, PlannedAction>, String> {
        match self {
            Self::FromTo { from, to } => {
                let (from, to) = (subject.id_of(from)?, subject.id_of(to)?);
                if !before.has(&from) {
                    return Ok(Err(before.why_not(&from)));
                }
                let mut listed = replaced(&before.listed, &from, Some(&json!(to)));
                add(&mut listed, &to);
                Ok(Ok(Assigned {
                    listed,
                    numbered: replaced(&before.numbered, &from, number(&to).as_ref()),
                }))
            }
            Self::Set(templates) => {
                let users = subject.ids_of(templates)?;
                // An empty cell of a spreadsheet must not remove all assignees.
                if users.is_empty() && !templates.is_empty() {
                    return Err(
                        "`set` gives no user; to remove all assignees write `set: []`".to_owned(),
                    );
                }
                let stays = |assignee: &Value| assignee.is_object() || is_one_of(assignee, &users);
                Ok(Ok(before.with(stays, &users)))
            }
            Self::Change { add, remove } => {
                let (add, remove) = (subject.ids_of(add)?, subject.ids_of(remove)?);
                // A person in both lists stays or is added.
                let stays =
                    |assignee: &Value| is_one_of(assignee, &add) || !is_one_of(assignee, &remove);
                let after = before.with(stays, &add);
                let is_held = |user: &&String| !add.contains(user) && before.is_by_variable(user);
                match remove.iter().find(is_held) {
                    Some(user) if are_same(&after.everybody(), &before.everybody()) => {
                        Ok(Err(before.why_not(user)))
                    }
                    Some(_) | None => Ok(Ok(after)),
                }
            }
        }
    }
}

/// The list at a field of the target; an absent one is empty.
fn list(subject: &Subject<'_>, path: &str) -> Result<Vec<Value>, String> {
    match json::get(subject.data, path) {
        None => Ok(Vec::new()),
        Some(value) if let Some((_, why)) = json::find_unreadable(value) => {
            Err(format!("{path} can't be read: {why}"))
        }
        Some(Value::Array(assignees)) => Ok(assignees.clone()),
        Some(other) => Err(format!("{path} is no list but {other}")),
    }
}

#[cfg(test)]
mod tests;

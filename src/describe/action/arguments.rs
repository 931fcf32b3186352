//! Reads the arguments of an action; each mistake is noted with its place and a hint.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Action, ActionKind, Allow, ArgumentValue, ArgumentsForm, body::RequestFieldValue,
    body_arguments::Bodies, status::SETTABLE, words_of,
};
use crate::{
    api::{Id, Level, types::FieldContent},
    document::{
        compiler::Compiler,
        node::Value,
        reader::{DocumentReader, FieldNode, FieldNodes, all},
        span::Span,
    },
    template::{Known, Template},
};

/// An action as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenAction<'n> {
    pub(crate) kind: &'static ActionKind,
    /// The action's name.
    pub(crate) at: Span,
    pub(crate) argument: Option<FieldNode<'n>>,
    /// The value of `converges` beside the action.
    pub(crate) converges: Option<bool>,
    /// Its position among the actions, from 0.
    pub(crate) place: usize,
}

/// The context in which the actions of a playbook are checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'c> {
    /// The playbook's name.
    pub(crate) playbook: &'c str,
    pub(crate) allow: &'c BTreeSet<Allow>,
    pub(crate) compiler: &'c Compiler,
}

/// Reads the arguments of one action.
#[derive(Debug)]
pub(crate) struct Arguments<'r, 's, 'c, 'n> {
    pub(super) reader: &'r mut DocumentReader<'s>,
    pub(super) setting: Setting<'c>,
    pub(super) levels: &'c [Level],
    pub(super) fields: FieldNodes<'n>,
    pub(super) written: WrittenAction<'n>,
}

/// The action with its arguments; none when any of them is wrong.
pub(crate) fn arguments(
    reader: &mut DocumentReader<'_>,
    written: WrittenAction<'_>,
    setting: Setting<'_>,
    levels: &[Level],
) -> Option<Arc<dyn Action>> {
    let fields = fields(reader, written)?;
    (written.kind.read)(&mut Arguments {
        reader,
        setting,
        levels,
        fields,
        written,
    })
}

fn fields<'n>(
    reader: &mut DocumentReader<'_>,
    written: WrittenAction<'n>,
) -> Option<FieldNodes<'n>> {
    let Some(field) = written.argument else {
        return Some(FieldNodes::none(written.at));
    };
    let kind = written.kind;
    let names: Vec<&str> = kind
        .arguments()
        .iter()
        .map(|argument| argument.name)
        .collect();
    match (kind.form, &field.node.value) {
        // `set_status: IN_PROGRESS`
        (ArgumentsForm::ValueOrMap(_), Value::Text(_)) => Some(FieldNodes::none(written.at)),
        (ArgumentsForm::RequestFields, _) => reader.free_map(field, "a map of fields", "name"),
        (
            ArgumentsForm::Map(_) | ArgumentsForm::OptionalMap(_) | ArgumentsForm::ValueOrMap(_),
            _,
        ) => reader.map(field, &names),
        (ArgumentsForm::None, Value::Map(entries)) if entries.is_empty() => {
            Some(FieldNodes::none(written.at))
        }
        (ArgumentsForm::None, value) => {
            let span = match value {
                Value::Map(entries) => entries[0].key.span,
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Text(_)
                | Value::List(_)
                | Value::CollectionKey => field.node.span,
            };
            let word = kind.word;
            reader.wrong(
                span,
                format!("`{word}` takes no arguments"),
                format!("write just `- {word}`"),
            );
            None
        }
    }
}

impl<'n> Arguments<'_, '_, '_, 'n> {
    pub(super) fn get(&self, name: &str) -> Option<FieldNode<'n>> {
        self.fields.get(name)
    }

    /// The argument, or none after a note that it is missing.
    pub(super) fn required(&mut self, name: &str) -> Option<FieldNode<'n>> {
        self.reader
            .required(&self.fields, name, self.written.kind.example)
    }

    /// The argument itself, if it is a text instead of a map.
    pub(super) fn bare(&self) -> Option<FieldNode<'n>> {
        let argument = self.written.argument?;
        matches!(argument.node.value, Value::Text(_)).then_some(argument)
    }

    /// Notes an error in a value that does not depend on data.
    pub(super) fn wrong_value(
        &mut self,
        span: Span,
        known: &Known,
        message: impl AsRef<str>,
        help: &str,
    ) {
        self.setting
            .compiler
            .wrong_value(self.reader, span, known, message, help);
    }

    pub(super) fn body(
        &mut self,
        field: FieldNode<'_>,
        content: FieldContent,
    ) -> Option<ArgumentValue> {
        let bodies = Bodies {
            compiler: self.setting.compiler,
            levels: self.levels,
        };
        bodies.body(self.reader, field, content)
    }

    pub(super) fn required_template(&mut self, name: &str) -> Option<Template> {
        let field = self.required(name)?;
        self.template(field)
    }

    pub(super) fn required_id(&mut self, name: &str) -> Option<Template> {
        let field = self.required(name)?;
        let id = self.id(field)?;
        self.check_word(field, &id, "", |_| Ok(()))?;
        Some(id)
    }

    /// An id, or a template for one, whose value is checked when planning.
    pub(super) fn id(&mut self, field: FieldNode<'_>) -> Option<Template> {
        let template = self.template(field)?;
        if let Some(known) = template.known() {
            let words = words_of(&known.value).unwrap_or_default();
            let wrong = |id: &String| Some((id.clone(), Id::new(id).err()?));
            if let Some((id, error)) = words.iter().find_map(wrong) {
                let message = format!("`{id}` is not an id: {error}");
                let help = "use the id as the API gives it";
                let span = field.node.span;
                self.wrong_value(span, known, message, help);
                return None;
            }
        }
        Some(template)
    }

    /// The texts that a template returns, if it does not depend on data; none if they can't be used.
    pub(super) fn known_words(
        &mut self,
        field: FieldNode<'_>,
        template: &Template,
    ) -> Option<Vec<String>> {
        let Some(known) = template.known() else {
            return Some(Vec::new());
        };
        match words_of(&known.value) {
            Ok(words) => Some(words),
            Err(error) => {
                let span = field.node.span;
                self.wrong_value(span, known, error, "");
                None
            }
        }
    }

    /// Checks the single text that a template returns, if it does not depend on data.
    pub(super) fn check_word(
        &mut self,
        field: FieldNode<'_>,
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
                self.wrong_value(span, known, error, help);
                None
            }
            (_, _) => Some(()),
        }
    }

    pub(super) fn template(&mut self, field: FieldNode<'_>) -> Option<Template> {
        let template = self
            .setting
            .compiler
            .template(self.reader, field, "text", self.levels)?;
        self.known_words(field, &template)?;
        Some(template)
    }

    /// A list of at least one value.
    pub(super) fn filled(
        &mut self,
        field: FieldNode<'_>,
        read: fn(&mut Self, FieldNode<'_>) -> Option<Template>,
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
    pub(super) fn each(
        &mut self,
        field: FieldNode<'_>,
        read: fn(&mut Self, FieldNode<'_>) -> Option<Template>,
    ) -> Option<Vec<Template>> {
        let items = field.items().iter();
        all(items.map(|node| read(self, FieldNode { node, ..field })))
    }

    /// The arguments that are fields of the API's request.
    pub(super) fn request_fields(&mut self) -> Option<Vec<RequestFieldValue>> {
        let arguments = self.written.kind.arguments().iter();
        let written = arguments
            .filter_map(|argument| Some((argument.value.field()?, self.get(argument.name)?)))
            .collect::<Vec<_>>();
        all(written
            .into_iter()
            .map(|(field, node)| Some((field, self.body(node, field.content)?))))
    }

    /// A status that a playbook may set on a task or step; the service sets the others.
    pub(super) fn status_to_set(
        &mut self,
        word: &str,
        at: Span,
        known: Option<&Known>,
    ) -> Option<()> {
        if SETTABLE.contains(&word) {
            return Some(());
        }
        let help = match word {
            "UNASSIGNED" | "ASSIGNED" => "write PENDING, the API's current word".to_owned(),
            _ => self.reader.did_you_mean(word, &SETTABLE),
        };
        let message = format!("`{word}` can't be set as a status");
        match known {
            Some(known) => self.wrong_value(at, known, message, &help),
            None => self.reader.wrong(at, message, help),
        }
        None
    }

    /// Reverting resets later tasks, so it must be allowed.
    pub(super) fn need_revert(&mut self, at: Span) {
        if !self.setting.allow.contains(&Allow::Revert) {
            self.reader.wrong(
                at,
                "reverting a task resets every later task and can't be undone; it isn't allowed here",
                "to permit it: `guards: { allow: [revert] }`",
            );
        }
    }
}

//! Checks `actions`: the entries, their levels, and their conditions.

use std::collections::BTreeSet;

use crate::{
    action::{
        self, ActionEntry, ActionKind, Allow, ArgumentsForm, Setting, WrittenAction, arguments,
    },
    api::{Generation, Level},
    document::{
        node::{Key, MapEntry, Node, Value},
        reader::{DocumentReader, FieldNode, FieldNodes, all, present},
        span::Span,
    },
    template::Expression,
};

use super::{
    check_select::level,
    form::{self, BESIDE},
};

/// All entries; None when any of them is wrong.
pub(super) fn check(
    reader: &mut DocumentReader<'_>,
    top: &FieldNodes<'_>,
    each: Option<Level>,
    setting: Setting<'_>,
) -> Option<Vec<ActionEntry>> {
    let field = reader.required(
        top,
        "actions",
        "say what to do: `actions: [ { reassign: { from: …, to: … } } ]`",
    )?;
    let items = reader.list(field, "a list of actions")?;
    if items.is_empty() {
        reader.wrong(
            field.node.span,
            "`actions` is empty",
            format!("add one of {}", words().join(", ")),
        );
        return None;
    }
    let mut refused = BTreeSet::new();
    all(items.iter().enumerate().map(|(place, item)| {
        entry(
            reader,
            (place, field.item(item)),
            (each, setting),
            &mut refused,
        )
    }))
}

fn words() -> Vec<&'static str> {
    action::ALL.iter().map(|kind| kind.word).collect()
}

/// One entry: the action and the keys beside it.
struct WrittenEntry<'n> {
    kind: &'static ActionKind,
    /// The action's name.
    at: Span,
    argument: Option<FieldNode<'n>>,
    beside: FieldNodes<'n>,
}

fn entry(
    reader: &mut DocumentReader<'_>,
    (place, field): (usize, FieldNode<'_>),
    (each, setting): (Option<Level>, Setting<'_>),
    refused: &mut BTreeSet<Allow>,
) -> Option<ActionEntry> {
    let parts = match &field.node.value {
        Value::Text(name) => bare(reader, field.node, name)?,
        Value::Map(entries) => parts(reader, field, entries)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::CollectionKey => {
            reader.wrong(
                field.node.span,
                format!(
                    "an entry of `actions` is one action, not {}",
                    field.node.value.kind()
                ),
                format!("write one of {}", words().join(", ")),
            );
            return None;
        }
    };
    note_not_allowed(reader, &parts, setting, refused);
    let on = on(reader, &parts, each, setting.compiler.generation());
    let levels = on.as_deref().unwrap_or_default();
    let converges = parts
        .beside
        .get("converges")
        .map(|field| reader.boolean(field));
    let written = WrittenAction {
        kind: parts.kind,
        at: parts.at,
        argument: parts.argument,
        converges: present(converges)?,
        place,
    };
    let when = parts
        .beside
        .get("when")
        .map(|field| setting.compiler.expression(reader, field, levels));
    let never = when
        .as_ref()
        .and_then(Option::as_ref)
        .and_then(Expression::known)
        == Some(false);
    let action = if never {
        let compiler = &setting.compiler.without_values();
        let setting = Setting {
            compiler,
            ..setting
        };
        arguments(reader, written, setting, levels)
    } else {
        arguments(reader, written, setting, levels)
    };
    let name = parts.beside.get("name").map(|field| {
        reader
            .plain_text(field, "text for people")
            .map(ToOwned::to_owned)
    });
    Some(ActionEntry {
        kind: written.kind,
        converges: written.converges.unwrap_or(written.kind.converges),
        action: action?,
        on: on?,
        when: present(when)?,
        name: present(name)?,
    })
}

fn bare<'n>(
    reader: &mut DocumentReader<'_>,
    node: &'n Node,
    name: &str,
) -> Option<WrittenEntry<'n>> {
    let Some(kind) = ActionKind::named(name) else {
        unknown_action(reader, node.span, name);
        return None;
    };
    Some(WrittenEntry {
        kind,
        at: node.span,
        argument: None,
        beside: FieldNodes::none(node.span),
    })
}

fn parts<'n>(
    reader: &mut DocumentReader<'_>,
    field: FieldNode<'n>,
    entries: &'n [MapEntry],
) -> Option<WrittenEntry<'n>> {
    let fields = reader.free_map(field, "an action", "reassign")?;
    let mut actions = Vec::new();
    let mut others = Vec::new();
    for MapEntry { key, value } in entries {
        match ActionKind::named(&key.text) {
            Some(kind) => actions.push((kind, key, value)),
            None if BESIDE.iter().any(|beside| beside.name == key.text) => {}
            None => others.push(key),
        }
    }
    let (kind, key, value) = match actions.as_slice() {
        [only] => *only,
        [] => {
            note_no_action(reader, field, &others);
            return None;
        }
        [_, second, ..] => {
            reader.wrong(
                second.1.span,
                format!("an entry has one action, `{}` is a second", second.1.text),
                "start it with a `-` of its own",
            );
            return None;
        }
    };
    let is_argument = |key: &&Key| {
        kind.arguments()
            .iter()
            .any(|argument| argument.name == key.text)
    };
    if let Some(first) = others.iter().find(|key| is_argument(key)) {
        reader.wrong(
            first.span,
            format!("`{}` belongs to `{}`", first.text, kind.word),
            format!("indent it further than `{}`", kind.word),
        );
        return None;
    }
    let mut known = form::names(&BESIDE);
    known.retain(|name| *name != "converges" || matches!(kind.form, ArgumentsForm::RequestFields));
    for other in others {
        reader.unknown_key(other, &known);
    }
    if !matches!(kind.form, ArgumentsForm::RequestFields)
        && let Some(field) = fields.get("converges")
    {
        reader.wrong(
            field.at,
            format!(
                "`converges` is only for `patch`; whether `{}` converges is known",
                kind.word
            ),
            "remove it",
        );
    }
    Some(WrittenEntry {
        kind,
        at: key.span,
        argument: Some(FieldNode::of(key, value)).filter(|field| !field.is_empty()),
        beside: fields,
    })
}

fn note_no_action(reader: &mut DocumentReader<'_>, field: FieldNode<'_>, others: &[&Key]) {
    for other in others {
        unknown_action(reader, other.span, &other.text);
    }
    if others.is_empty() {
        reader.wrong(
            field.node.span,
            "this entry has no action",
            format!("add one of {}", words().join(", ")),
        );
    }
}

fn unknown_action(reader: &mut DocumentReader<'_>, span: Span, name: &str) {
    let help = reader.did_you_mean(name, &words());
    reader.wrong(span, format!("unknown action `{name}`"), help);
}

fn note_not_allowed(
    reader: &mut DocumentReader<'_>,
    parts: &WrittenEntry<'_>,
    setting: Setting<'_>,
    refused: &mut BTreeSet<Allow>,
) {
    let allow = Allow::Action(parts.kind);
    if !parts.kind.needs_allow || setting.allow.contains(&allow) {
        return;
    }
    // Once for each action, since one line corrects all its entries.
    if refused.insert(allow) {
        let word = parts.kind.word;
        reader.wrong(
            parts.at,
            format!("`{word}` can't be undone and isn't allowed"),
            format!("to permit it: `guards: {{ allow: [{word}] }}`"),
        );
    }
}

/// The levels of the action; None if they are wrong or `each` is.
fn on(
    reader: &mut DocumentReader<'_>,
    parts: &WrittenEntry<'_>,
    each: Option<Level>,
    generation: Option<Generation>,
) -> Option<Vec<Level>> {
    if let Some(generation) = generation
        && !parts.kind.is_in(generation)
    {
        let word = parts.kind.word;
        let (what, help) = match generation {
            Generation::V1 => (
                "the first generation (v1), which has steps and no tasks",
                "use `add_step`, `set_status` or `patch` on its steps, or select `flows`",
            ),
            Generation::V2 => (
                "the second generation (v2), which has tasks and no steps",
                "use `add_task`, `set_status` or `patch` on its tasks, or select `executions`",
            ),
        };
        reader.wrong(
            parts.at,
            format!("`{word}` has no operation in {what}"),
            help,
        );
        return None;
    }
    let Some(field) = parts.beside.get("on") else {
        let each = each?;
        return works_on(reader, parts.kind, parts.at, each, each).then(|| vec![each]);
    };
    let items = field.items();
    if items.is_empty() {
        reader.wrong(
            field.node.span,
            "`on` is empty",
            "name a level, or leave `on` out",
        );
        return None;
    }
    let mut levels = Vec::new();
    let mut is_right = true;
    for item in items {
        let found = level(
            reader,
            FieldNode {
                node: item,
                ..field
            },
        );
        let Some((found, each)) = found.zip(each) else {
            is_right = false;
            continue;
        };
        if levels.contains(&found) {
            reader.wrong(
                item.span,
                format!("`on` has `{found}` twice"),
                "remove one of them",
            );
            is_right = false;
        }
        is_right &= works_on(reader, parts.kind, item.span, found, each);
        levels.push(found);
    }
    is_right.then_some(levels)
}

/// Whether the action can work on `level` when the targets are `each`.
fn works_on(
    reader: &mut DocumentReader<'_>,
    kind: &ActionKind,
    span: Span,
    level: Level,
    each: Level,
) -> bool {
    let word = kind.word;
    if !kind.levels.contains(&level) {
        let own: Vec<&str> = kind.levels.iter().map(|level| level.plural()).collect();
        let own = own.join(", ");
        let help = match kind.levels.iter().find(|own| own.is_above(each)) {
            Some(own) if *own == each => format!("leave `on` out, or write `on: {own}`"),
            Some(own) => format!("add `on: {own}`"),
            // The level of `each` does not matter to a source.
            None if kind.levels == [Level::Entity] => {
                "name them with another source: `select: { entities: { file: entities.csv } }`, or a list of `{ id, schema }`".to_owned()
            }
            None if each == Level::Entity => {
                "the source `entities` finds entities for `start` only: for what runs already, select `flows: { entities: … }` or `executions`".to_owned()
            }
            None => {
                let words: Vec<&str> = kind.levels.iter().map(|level| level.word()).collect();
                format!("select with `each: {}`", words.join("` or `each: "))
            }
        };
        let levels = level.plural();
        reader.wrong(
            span,
            format!("`{word}` works on {own}, not on {levels}"),
            help,
        );
        return false;
    }
    if !level.is_above(each) {
        reader.wrong(
            span,
            format!("`on: {level}` needs `each: {level}`; here `each` is `{each}`"),
            format!("select with `each: {level}`"),
        );
        return false;
    }
    true
}

#[cfg(test)]
mod tests;

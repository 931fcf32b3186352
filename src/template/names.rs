//! Finding names, and saying which one was meant.

use super::{
    ExpressionFault, Scope, foreign,
    lexer::LexerToken,
    scope::Type,
    signature::{self, FILTERS, HELPERS, TESTS},
};
use crate::{
    api::{
        Generation,
        types::{RecordType, other_spelling},
    },
    text::{Few, meant},
};

/// Columns or variables that a message names. A file may have thousands.
const SHOWN: usize = 20;

/// Names that stand for a level of the other generation, or for one that is reached from another name.
const LEVELS: &[(&str, &str)] = &[
    ("flow", "execution"),
    ("workflow", "execution"),
    ("step", "task"),
    ("task", "step"),
    ("section", "phase"),
    ("phase", "section"),
];

/// What to write for a name that is known elsewhere only.
fn elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "row" => Some(
            "there is a `row` where a file names the targets: `rows: { file: …, id: … }`, or a `file` of `ids` or `entities`",
        ),
        "entity" => Some(
            "only the source `entities` has an `entity`: take that of `execution.contexts`, or of `context(execution, …)`",
        ),
        _ => None,
    }
}

/// Whether a name looks like a word of an enumeration: `PENDING`.
pub(super) fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// The type of a root name.
pub(super) fn root(name: LexerToken<'_>, scope: &Scope) -> Result<Type, ExpressionFault> {
    let LexerToken { text, .. } = name;
    if let Some(of) = scope.get(text) {
        return Ok(of.clone());
    }
    let fault = name.fault(format!("`{text}` is not known here"));
    Err(if let Some(code) = reached(text, scope) {
        fault.help(format!("write `{code}`"))
    } else if let Some(help) = elsewhere(text) {
        fault.help(help)
    } else if text.len() > 1 && is_word(text) {
        fault.help(format!("write `\"{text}\"`: a text stands in quotes"))
    } else if signature::helper(text).is_some() {
        fault.help(format!("a helper is called: `{text}(…)`"))
    } else {
        nearest_or(fault, text, "allowed:", scope.names())
    })
}

/// How a name is written that another one of the scope leads to.
fn reached(name: &str, scope: &Scope) -> Option<String> {
    if let Some(meant) = foreign::constant(name) {
        return Some(meant.to_owned());
    }
    let other = LEVELS.iter().filter(|(level, _)| *level == name);
    let levels = || other.clone().map(|(_, level)| *level);
    if let Some(level) = levels().find(|level| scope.get(level).is_some()) {
        return Some(level.to_owned());
    }
    // Of two names, that of the finer level comes later; values that the playbook names come last.
    let names: Vec<_> = scope.names().filter(|name| *name != "vars").collect();
    let has_parent = |owner: &&str, parent: &str| match scope.get(owner) {
        Some(Type::Record { record, target }) => *target && record.parent(parent).is_some(),
        Some(_) | None => false,
    };
    for level in std::iter::once(name).chain(levels()) {
        if let Some(owner) = names.iter().rfind(|owner| has_parent(owner, level)) {
            return Some(format!("{owner}.{level}"));
        }
    }
    let has_field = |owner: &&str| match scope.get(owner) {
        Some(Type::Record { record, .. }) => record.field(name).is_some(),
        Some(Type::Keys(keys)) => keys.contains_key(name),
        Some(_) | None => false,
    };
    let owner = names.into_iter().rev().chain(["vars"]).find(has_field)?;
    Some(format!("{owner}.{name}"))
}

/// The type of a field of a value; `owner` is how the value is written.
pub(super) fn field(
    of: &Type,
    owner: &str,
    name: LexerToken<'_>,
    scope: &Scope,
) -> Result<Type, ExpressionFault> {
    let LexerToken { text, .. } = name;
    let (what, help) = match of {
        Type::Any | Type::None => return Ok(Type::Any),
        Type::Record { record, target } => {
            return record_field(record, *target, owner, name, scope);
        }
        Type::Keys(keys) => {
            if let Some(of) = keys.get(text) {
                return Ok(of.clone());
            }
            let fault = name.fault(format!("`{owner}` has no `{text}`"));
            let known = || keys.keys().map(String::as_str);
            return Err(fault.help(match meant(text, known()) {
                Some(help) => help,
                None if keys.is_empty() => format!("`{owner}` is empty"),
                None => format!("it has {}", Few::of(SHOWN, known()).list()),
            }));
        }
        Type::List(_) => {
            let help =
                format!("take one item, like `{owner}[0]`, or filter it with `… | selectattr(…)`");
            ("a list", help)
        }
        Type::Instant => (
            of.word(),
            "compare it whole, like `now < date(\"2026-12-24\")`".to_owned(),
        ),
        Type::Bool
        | Type::Number
        | Type::Text
        | Type::Id
        | Type::Word(_)
        | Type::Date
        | Type::Span => (
            of.word(),
            "use it whole, or with a filter, like `… | lower`".to_owned(),
        ),
    };
    Err(name
        .fault(format!("`{owner}` is {what} and has no `{text}`"))
        .help(help))
}

fn record_field(
    record: &'static RecordType,
    target: bool,
    owner: &str,
    name: LexerToken<'_>,
    scope: &Scope,
) -> Result<Type, ExpressionFault> {
    if let Some(of) = scope.field(record, name.text) {
        return Ok(of);
    }
    if let Some(parent) = record.parent(name.text).filter(|_| target) {
        let record = parent.record;
        return Ok(Type::Record { record, target });
    }
    let fault = name.fault(format!("`{owner}` has no field `{}`", name.text));
    if let Some(spelling) = other_spelling(record, name.text) {
        let generation = match spelling.generation {
            Generation::V1 => "v1",
            Generation::V2 => "v2",
        };
        return Err(fault.help(format!("{generation} says `{}`", spelling.path)));
    }
    let fields = record.fields.iter().map(|field| field.name);
    let parents = record.parents.iter().filter(|_| target);
    let names = fields.chain(parents.map(|parent| parent.name));
    Err(nearest_or(fault, name.text, "it has", names))
}

pub(super) fn unknown_helper(name: LexerToken<'_>) -> ExpressionFault {
    let is_filter = signature::filter(name.text).is_some();
    let other = is_filter.then(|| format!("it is a filter: write `… | {}`", name.text));
    unknown(
        name,
        "helper",
        other,
        HELPERS.iter().map(|helper| helper.name),
    )
}

pub(super) fn unknown_filter(name: LexerToken<'_>) -> ExpressionFault {
    let is_helper = signature::helper(name.text).is_some();
    let other = is_helper.then(|| format!("it is a helper: write `{}(…)`", name.text));
    unknown(
        name,
        "filter",
        other,
        FILTERS.iter().map(|filter| filter.name),
    )
}

pub(super) fn unknown_test(name: LexerToken<'_>) -> ExpressionFault {
    let other = foreign::test(name.text).map(|meant| format!("write `{meant}`"));
    unknown(name, "test", other, TESTS.iter().map(|test| test.name))
}

/// There is no helper, filter or test of this name; `other` is what to write where that is known.
fn unknown<'k>(
    name: LexerToken<'_>,
    what: &str,
    other: Option<String>,
    known: impl Iterator<Item = &'k str> + Clone,
) -> ExpressionFault {
    let fault = name.fault(format!("there is no {what} `{}`", name.text));
    match other {
        Some(help) => fault.help(help),
        None => nearest_or(fault, name.text, &format!("{what}s:"), known),
    }
}

/// With the name that was probably meant, or else all that are known.
fn nearest_or<'k>(
    fault: ExpressionFault,
    name: &str,
    all: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> ExpressionFault {
    let help = meant(name, known.clone());
    fault.help(help.unwrap_or_else(|| format!("{all} {}", known.collect::<Vec<_>>().join(", "))))
}

#[cfg(test)]
mod tests {
    use crate::{
        api::Generation,
        testing::expressions::{engine, scope, shown},
    };

    /// One fault: what the caret stands under, the message, the help.
    fn only(text: &str) -> (String, String, String) {
        let mut shown = shown(text);
        assert_eq!(shown.len(), 1, "{text}: {shown:?}");
        shown.remove(0)
    }

    /// `text` has this one fault; an empty `help` is not compared.
    fn assert_only(text: &str, under: &str, message: &str, help: &str) {
        let (caret, said, cure) = only(text);
        assert_eq!((caret.as_str(), said.as_str()), (under, message), "{text}");
        if !help.is_empty() {
            assert_eq!(cure, help, "{text}");
        }
    }

    #[test]
    fn an_unknown_name_is_found_without_data_and_the_right_one_is_offered() {
        for (text, under, message, help) in [
            (
                "tsk.enabled",
                "tsk",
                "`tsk` is not known here",
                "did you mean `task`?",
            ),
            (
                "colour == 'x'",
                "colour",
                "`colour` is not known here",
                "allowed: execution, now, phase, task, vars",
            ),
            (
                "task.status == null",
                "null",
                "`null` is not known here",
                "write `none`",
            ),
            (
                "step.enabled",
                "step",
                "`step` is not known here",
                "write `task`",
            ),
            (
                "due_before",
                "due_before",
                "`due_before` is not known here",
                "a helper is called: `due_before(…)`",
            ),
            (
                "vars.leavr == 'x'",
                "leavr",
                "`vars` has no `leavr`",
                "did you mean `leaver`?",
            ),
            (
                "vars.zzzzzz == 'x'",
                "zzzzzz",
                "`vars` has no `zzzzzz`",
                "it has day, deep, flag, leaver, list, none, number, text",
            ),
        ] {
            assert_only(text, under, message, help);
        }
    }

    #[test]
    fn a_parent_is_written_behind_its_child() {
        use crate::api::{Level, types::record};
        let targets = |generation, name, level| {
            let of = |level| record(generation, level);
            crate::template::Scope::default()
                .with_record("execution", of(Level::Execution))
                .with_record(name, of(level))
        };
        for (generation, name, level, text, help) in [
            (
                Generation::V2,
                "task",
                Level::Task,
                "phase.status == 'OPEN'",
                "write `task.phase`",
            ),
            (
                Generation::V2,
                "task",
                Level::Task,
                "section.name == 'x'",
                "write `task.phase`",
            ),
            (
                Generation::V2,
                "task",
                Level::Task,
                "step.name == 'x'",
                "write `task`",
            ),
            (
                Generation::V2,
                "phase",
                Level::Phase,
                "section.name == 'x'",
                "write `phase`",
            ),
            (
                Generation::V1,
                "step",
                Level::Step,
                "task.name == 'x'",
                "write `step`",
            ),
            (
                Generation::V1,
                "step",
                Level::Step,
                "name == 'x'",
                "write `step.name`",
            ),
        ] {
            let scope = targets(generation, name, level);
            let faults = engine().expression(text, &scope).unwrap_err();
            assert_eq!(faults[0].help.as_deref(), Some(help), "{text}");
        }
    }

    #[test]
    fn a_column_is_checked_however_it_is_named() {
        let known = serde_json::json!({"column": "new ownr", "right": "new owner"});
        let columns = ["new owner".to_owned(), "team".to_owned(), "a\"b".to_owned()];
        let scope = scope(Generation::V2)
            .with_values("vars", known.as_object().unwrap())
            .with_keys("row", columns);
        for (text, under, message) in [
            ("row.tem == 'x'", "tem", "`row` has no `tem`"),
            ("row['tem'] == 'x'", "tem", "`row` has no `tem`"),
            (
                "row['new ownr'] == 'x'",
                "new ownr",
                "`row` has no `new ownr`",
            ),
            (
                "row['new ownr'] | default('10020') == 'x'",
                "new ownr",
                "`row` has no `new ownr`",
            ),
            (
                "row[\"a\\\"c\"] == 'x'",
                "\"a\\\"c\"",
                "`row` has no `a\"c`",
            ),
            (
                "row['new' ~ ' ownr'] == 'x'",
                "'new' ~ ' ownr'",
                "`row` has no `new ownr`",
            ),
            (
                "row[vars.column] == 'x'",
                "vars.column",
                "`row` has no `new ownr`",
            ),
            (
                "row[('new ownr')] == 'x'",
                "('new ownr')",
                "`row` has no `new ownr`",
            ),
            (
                "task['na me'] == 'x'",
                "na me",
                "`task` has no field `na me`",
            ),
        ] {
            let faults = engine().expression(text, &scope).unwrap_err();
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            let fault = &faults[0];
            let caret = &text[fault.offset..fault.offset + fault.len];
            assert_eq!((caret, fault.message.as_str()), (under, message), "{text}");
        }
        for text in [
            "row['new owner'] == 'x'",
            "row[vars.right] == 'x'",
            "row[\"a\\\"b\"] == 'x'",
            "row[task.name] == 'x'",
        ] {
            assert_eq!(engine().expression(text, &scope).err(), None, "{text}");
        }
    }

    #[test]
    fn of_many_columns_a_few_are_named() {
        let columns = (1000..3000).map(|number| format!("c{number}"));
        let scope = scope(Generation::V2).with_keys("row", columns);
        let faults = engine().expression("row.other == 'x'", &scope).unwrap_err();
        let help = faults[0].help.as_deref().unwrap();
        assert!(help.starts_with("it has c1000, c1001, "), "{help}");
        assert!(help.ends_with(", c1019 and 1,980 more"), "{help}");
    }

    #[test]
    fn an_unknown_field_is_found_at_any_depth() {
        for (text, under, message, help) in [
            (
                "task.dueDate is none",
                "dueDate",
                "`task` has no field `dueDate`",
                "v2 says `due_date`",
            ),
            (
                "execution.creationTime is none",
                "creationTime",
                "`execution` has no field `creationTime`",
                "v2 says `created_at`",
            ),
            (
                "execution.closingReasonDescription is none",
                "closingReasonDescription",
                "`execution` has no field `closingReasonDescription`",
                "v2 says `closing_reason.extra_description`",
            ),
            (
                "task.staus == 'x'",
                "staus",
                "`task` has no field `staus`",
                "did you mean `status`?",
            ),
            (
                "task.schedule.reference.od is none",
                "od",
                "`task.schedule.reference` has no field `od`",
                "did you mean `id`?",
            ),
            (
                "task.phase.execution.contexts[0].entityid is none",
                "entityid",
                "`task.phase.execution.contexts[0]` has no field `entityid`",
                "did you mean `entity_id`?",
            ),
            (
                "execution.contexts[0].schema is none",
                "schema",
                "`execution.contexts[0]` has no field `schema`",
                "v2 says `entity_schema`",
            ),
            (
                "task['staus'] == 'x'",
                "staus",
                "`task` has no field `staus`",
                "did you mean `status`?",
            ),
            (
                "task.description.zzzzzz is none",
                "zzzzzz",
                "`task.description` has no field `zzzzzz`",
                "it has enabled, value",
            ),
            (
                "(task.phase).staus is none",
                "staus",
                "`(task.phase)` has no field `staus`",
                "did you mean `status`?",
            ),
            (
                "execution.tasks[0].phase.name is none",
                "phase",
                "`execution.tasks[0]` has no field `phase`",
                "did you mean `phase_id`?",
            ),
            (
                "execution.tasks.name is none",
                "name",
                "`execution.tasks` is a list and has no `name`",
                "take one item, like `execution.tasks[0]`, or filter it with `… | selectattr(…)`",
            ),
            (
                "task.status.name is none",
                "name",
                "`task.status` is text and has no `name`",
                "",
            ),
            (
                "now.year == 1",
                "year",
                "`now` is an instant and has no `year`",
                "",
            ),
            (
                "(execution.tasks | first).staus is none",
                "staus",
                "`(execution.tasks | first)` has no field `staus`",
                "did you mean `status`?",
            ),
        ] {
            assert_only(text, under, message, help);
        }
    }

    #[test]
    fn a_helper_filter_or_test_that_is_not_there_is_named_with_the_right_one() {
        for (text, under, message, help) in [
            (
                "due_befor(task, now)",
                "due_befor",
                "there is no helper `due_befor`",
                "did you mean `due_before`?",
            ),
            (
                "lower(task.name) == 'x'",
                "lower(task.name)",
                "there is no helper `lower`",
                "write `task.name | lower`",
            ),
            (
                "task.name | lowr == 'x'",
                "lowr",
                "there is no filter `lowr`",
                "did you mean `lower`?",
            ),
            (
                "task | due == now",
                "task | due",
                "there is no filter `due`",
                "write `due(task)`",
            ),
            (
                "task.name is nome",
                "nome",
                "there is no test `nome`",
                "did you mean `none`?",
            ),
            ("task.name is odd", "odd", "there is no test `odd`", ""),
        ] {
            assert_only(text, under, message, help);
        }
    }

    #[test]
    fn habits_from_other_languages_are_answered_with_what_is_written_here() {
        for (text, under, message, help) in [
            (
                "task.name contains 'x'",
                "task.name contains 'x'",
                "`contains` is not known here",
                "write `'x' in task.name`",
            ),
            (
                "task.name.startswith('x')",
                "task.name.startswith('x')",
                "`task.name` is text and has no `startswith`",
                "write `task.name is startingwith('x')`",
            ),
            (
                "task.name.lower() == 'x'",
                "task.name.lower()",
                "`task.name` is text and has no `lower`",
                "write `task.name | lower`",
            ),
            (
                "len(execution.tasks) > 0",
                "len(execution.tasks)",
                "there is no helper `len`",
                "write `execution.tasks | length`",
            ),
            (
                "(task.name = 'x')",
                "=",
                "`=` is not known here",
                "write `==`",
            ),
            (
                "task.name == {{ vars.text }}",
                "{{ vars.text }}",
                "remove the `{{ }}`: this is already an expression",
                "write `vars.text`",
            ),
            (
                "task.name == '{{ vars.text }}'",
                "'{{ vars.text }}'",
                "a text inside of an expression is no template",
                "write `vars.text`",
            ),
            (
                "task.name == 'for {{ vars.text }}'",
                "'for {{ vars.text }}'",
                "a text inside of an expression is no template",
                "write `'for ' ~ vars.text`",
            ),
            (
                "status == 'PENDING'",
                "status",
                "`status` is not known here",
                "write `task.status`",
            ),
            (
                "task.status == PENDING",
                "PENDING",
                "`PENDING` is not known here",
                "write `\"PENDING\"`: a text stands in quotes",
            ),
            (
                "not task.enabled AND true",
                "AND",
                "`AND` is not known here",
                "write `and`",
            ),
            (
                "task.name is not null",
                "null",
                "there is no test `null`",
                "write `none`",
            ),
            (
                "task.name.trim().lower() == 'x'",
                "task.name.trim().lower()",
                "`task.name.trim()` is text and has no `lower`",
                "write `task.name | trim | lower`",
            ),
            (
                "row.name == 'x'",
                "row",
                "`row` is not known here",
                "there is a `row` where a file names the targets: `rows: { file: …, id: … }`, or a `file` of `ids` or `entities`",
            ),
            (
                "entity.id == 'x'",
                "entity",
                "`entity` is not known here",
                "only the source `entities` has an `entity`: take that of `execution.contexts`, or of `context(execution, …)`",
            ),
        ] {
            assert_only(text, under, message, help);
        }
    }

    #[test]
    fn all_faults_are_reported_at_once_in_their_order() {
        let text = "tsk.x and task.dueDate is none and (vars.a or phase.nam in [vars.b]) and due(vars.c) < nw";
        let under: Vec<_> = shown(text).into_iter().map(|(under, _, _)| under).collect();
        assert_eq!(under, ["tsk", "dueDate", "a", "nam", "b", "c", "nw"]);
    }

    #[test]
    fn v1_names_are_checked_as_well() {
        let faults = engine()
            .expression(
                "execution.due_date is none or task.assigned_to is none",
                &scope(Generation::V1),
            )
            .unwrap_err();
        let help: Vec<_> = faults.into_iter().filter_map(|fault| fault.help).collect();
        assert_eq!(help, ["v1 says `dueDate`", "v1 says `assignedTo`"]);
        let open = "execution.flow[0].steps[0].anything is none";
        assert!(engine().expression(open, &scope(Generation::V1)).is_ok());
    }
}

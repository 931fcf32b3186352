//! The form of a playbook: its keys, what each holds, its default and what it means.
//!
//! The checks take the keys and words from here, the JSON Schema is made of it, and the guide's tables are its rows. What
//! an action takes is in its [`ActionKind`](crate::action::ActionKind).
//!
//! One file because it is one table.

use super::model::Rejected;
use crate::api::Generation;

/// A key of a map.
#[derive(Clone, Copy, Debug)]
pub struct KeyForm {
    pub name: &'static str,
    pub form: Form,
    /// A value, as YAML; empty where the guide has a chapter.
    pub example: &'static str,
    /// What holds without the key; none where it is required. Markdown.
    pub default: Option<&'static str>,
    /// What it means. Markdown.
    pub doc: &'static str,
}

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// This number.
    Number(u64),
    /// A text that is not empty.
    Text,
    /// One line with at most this number of characters.
    Line(usize),
    /// An id, with or without quotes.
    Id,
    Bool,
    /// A whole number, at least this.
    Whole(u64),
    Percent,
    /// A number of things, or a share of all.
    Share,
    Rate,
    Word(&'static [&'static str]),
    Level,
    /// What `guards.allow` may name.
    Allow,
    Expression,
    /// Any names with values.
    Variables,
    Actions,
    List(&'static Form),
    /// A list with at least one item.
    Items(&'static Form),
    OneOrMore(&'static Form),
    Map(&'static [KeyForm]),
    /// A map, or nothing.
    MayBeEmpty(&'static [KeyForm]),
    /// A map with exactly one of these keys, beside others.
    OneOf(&'static [&'static str], &'static [KeyForm]),
    AnyOf(&'static [Form]),
}

/// The names of the keys, in their order.
pub(super) fn names(keys: &[KeyForm]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

/// The tables of keys that the guide has, by the heading above each.
pub const TABLES: [(&str, &[KeyForm]); 4] = [
    ("Keys", &PLAYBOOK),
    ("Keys of `select`", &SELECT),
    ("Guards", &GUARDS),
    ("Pace", &PACE),
];

impl KeyForm {
    /// A key that may be left out.
    const fn of(name: &'static str, form: Form, doc: &'static str) -> Self {
        Self {
            name,
            form,
            example: "",
            default: Some(""),
            doc,
        }
    }

    const fn required(mut self) -> Self {
        self.default = None;
        self
    }

    const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Its row in the guide's table.
    pub fn row(&self) -> String {
        let Self {
            name, example, doc, ..
        } = self;
        let written = if example.is_empty() {
            format!("`{name}`")
        } else {
            format!("`{name}: {example}`")
        };
        format!(
            "| {written} | {doc} | {} |",
            self.default.unwrap_or("required")
        )
    }
}

pub(super) const GENERATIONS: [(&str, Generation); 2] =
    [("v1", Generation::V1), ("v2", Generation::V2)];

pub(super) const REJECTED: [(&str, Rejected); 2] =
    [("refuse", Rejected::Refuse), ("allow", Rejected::Allow)];

pub(super) const STATUSES: [&str; 3] = ["STARTED", "DONE", "CLOSED"];

pub(super) const STEP_STATUSES: [&str; 3] = ["OPEN", "COMPLETE", "NEXT_OPEN_ITEM_IN_WORKFLOW"];

pub(super) const SORTINGS: [&str; 6] = [
    "A_Z",
    "Z_A",
    "DUE_DATE_ASC",
    "DUE_DATE_DESC",
    "TRIGGER_DATE_ASC",
    "TRIGGER_DATE_DESC",
];

/// The sources of `select`, of which there is one.
pub(crate) const SOURCES: [&str; 5] = ["flows", "executions", "ids", "rows", "entities"];

/// A name stands in one line of a terminal, beside other things.
pub(super) const MAX_NAME: usize = 100;

/// The only version of the format.
pub(super) const VERSION: u64 = 1;

/// Where the API's users are: epilot serves the German energy market.
pub(super) const DEFAULT_ZONE: &str = "Europe/Berlin";

pub(super) const PLAYBOOK: [KeyForm; 11] = [
    KeyForm::of(
        "version",
        Form::Number(VERSION),
        "the version of the format",
    )
    .example("1")
    .required(),
    KeyForm::of(
        "name",
        Form::Line(MAX_NAME),
        "one line, at most 100 characters",
    )
    .example("reassign-leaver")
    .required(),
    KeyForm::of("description", Form::Text, "a longer text"),
    KeyForm::of(
        "timezone",
        Form::Text,
        "the zone of \"today\" and of all dates that have no zone; a name of the IANA database",
    )
    .default("`Europe/Berlin`"),
    KeyForm::of(
        "calendar",
        Form::OneOrMore(&Form::Text),
        "[the business days](#calendar): `DE`, a state such as `DE-NW`, or a file of dates",
    )
    .default("`DE`"),
    KeyForm::of(
        "vars",
        Form::Variables,
        "[variables](#variables); one whose value is `null` needs `--var`",
    ),
    KeyForm::of(
        "select",
        Form::OneOf(&SOURCES, &SELECT),
        "[which executions](#select-which-ones), and which of their parts",
    )
    .required(),
    KeyForm::of(
        "actions",
        Form::Actions,
        "[what to change](#actions-what-to-change)",
    )
    .required(),
    KeyForm::of(
        "guards",
        Form::Map(&GUARDS),
        "[conditions for the plan](#guards)",
    ),
    KeyForm::of("pace", Form::Map(&PACE), "[rate and limits](#pace)"),
    KeyForm::of(
        "repeatable",
        Form::Bool,
        "`true`: the playbook may run again without `--again`, also if it is not idempotent \
         (see [`shift_due_date`](#shift_due_date))",
    )
    .default("`false`"),
];

pub(super) const SELECT: [KeyForm; 10] = [
    KeyForm::of(
        "flows",
        Form::Map(&FLOWS),
        "source: [the flows of entities](#flows)",
    ),
    KeyForm::of(
        "executions",
        Form::OneOf(&["list", "search", "steps"], &EXECUTIONS),
        "source: [workflow executions](#executions) of the first generation",
    ),
    KeyForm::of(
        "ids",
        Form::AnyOf(&[Form::Items(&Form::Id), Form::Map(&IDS)]),
        "source: [executions by their ids](#ids-and-rows)",
    ),
    KeyForm::of(
        "rows",
        Form::Map(&ROWS),
        "source: [executions by their ids](#ids-and-rows), with further columns",
    ),
    KeyForm::of(
        "entities",
        Form::AnyOf(&[ENTITY_LIST, Form::Map(&ENTITIES)]),
        "source: [entities](#entities) for which something is started",
    ),
    KeyForm::of(
        "where",
        Form::Expression,
        "keeps executions for which it is true",
    )
    .example("execution.status == \"STARTED\""),
    KeyForm::of(
        "each",
        Form::Level,
        "the targets: `execution`, `step`, `phase` or `task`",
    )
    .example("task")
    .default("`execution`"),
    KeyForm::of(
        "where_each",
        Form::Expression,
        "keeps targets for which it is true",
    )
    .example("due_before(task, now)"),
    KeyForm::of(
        "exclude",
        Form::List(&Form::Id),
        "ids of executions, sections, steps, phases or tasks to leave out",
    )
    .example("[ exec-1 ]"),
    KeyForm::of("limit", Form::Whole(1), "the maximum number of targets").example("2000"),
];

/// Entities by their ids.
const ENTITY_LIST: Form = Form::Items(&Form::Map(&ENTITY));

pub(super) const ENTITY: [KeyForm; 2] = [
    KeyForm::of("id", Form::Id, "the id of an entity").required(),
    KeyForm::of(
        "schema",
        Form::Text,
        "the entity's schema, such as contact or opportunity",
    )
    .required(),
];

pub(super) const FLOWS: [KeyForm; 1] = [KeyForm::of(
    "entities",
    Form::AnyOf(&[ENTITY_LIST, Form::OneOf(&["file", "query"], &ENTITY_NAMES)]),
    "the entities whose flows are read",
)
.required()];

const ENTITY_FILE: KeyForm = KeyForm::of(
    "file",
    Form::Text,
    "CSV or JSON Lines with entity_id and entity_schema; relative to the playbook's folder",
);

const ENTITY_QUERY: KeyForm = KeyForm::of(
    "query",
    Form::Text,
    "a query of the entity search, in Lucene syntax",
);

const API: KeyForm = KeyForm::of(
    "api",
    Form::Word(&["v1", "v2"]),
    "the generation of the API",
)
.default("`v2`");

pub(super) const ENTITY_NAMES: [KeyForm; 2] = [ENTITY_FILE, ENTITY_QUERY];

pub(super) const ENTITIES: [KeyForm; 4] = [
    KeyForm::of("list", ENTITY_LIST, "the entities"),
    ENTITY_FILE,
    ENTITY_QUERY,
    API,
];

pub(crate) const EXECUTIONS: [KeyForm; 3] = [
    KeyForm::of("list", Form::MayBeEmpty(&EXECUTION_LIST), "all executions"),
    KeyForm::of(
        "search",
        Form::MayBeEmpty(&EXECUTION_SEARCH),
        "the search for executions, which epilot has deprecated",
    ),
    KeyForm::of(
        "steps",
        Form::MayBeEmpty(&STEP_SEARCH),
        "the search for steps, which epilot has deprecated",
    ),
];

pub(super) const EXECUTION_LIST: [KeyForm; 2] = [
    KeyForm::of(
        "context",
        Form::Text,
        "only those of the entity with this id",
    ),
    KeyForm::of(
        "schema",
        Form::Text,
        "only those of entities with this schema",
    ),
];

pub(super) const EXECUTION_SEARCH: [KeyForm; 5] = [
    KeyForm::of("name", Form::Text, "a part of the name"),
    KeyForm::of(
        "status",
        Form::Word(&STATUSES),
        "only those with this status",
    ),
    KeyForm::of("assigned_to", Form::Id, "only those of this person"),
    KeyForm::of(
        "include_done",
        Form::Bool,
        "whether executions that are done are found, too",
    ),
    SORTING,
];

const SORTING: KeyForm = KeyForm::of(
    "sorting",
    Form::Word(&SORTINGS),
    "the order of the search; it does not affect the order of the plan",
);

pub(super) const STEP_SEARCH: [KeyForm; 7] = [
    KeyForm::of("execution", Form::Text, "a part of the execution's name"),
    KeyForm::of("name", Form::Text, "a part of the step's name"),
    KeyForm::of(
        "status",
        Form::Word(&STEP_STATUSES),
        "open steps, complete ones, or the next open one of each execution",
    ),
    KeyForm::of(
        "assigned_to",
        Form::Id,
        "only those of this person; the search takes only ids that are numbers",
    ),
    KeyForm::of(
        "manually_created",
        Form::Bool,
        "only those that were added by hand, or only the others",
    ),
    KeyForm::of(
        "include_done",
        Form::Bool,
        "whether steps of executions that are done are found, too",
    ),
    SORTING,
];

pub(super) const IDS: [KeyForm; 3] = [
    KeyForm::of("list", Form::List(&Form::Id), "the ids of executions"),
    KeyForm::of(
        "file",
        Form::Text,
        "one id a line, or a table with a column `id`; relative to the playbook's folder",
    ),
    API,
];

pub(super) const ROWS: [KeyForm; 3] = [
    KeyForm::of(
        "file",
        Form::Text,
        "CSV or JSON Lines; relative to the playbook's folder",
    )
    .required(),
    KeyForm::of(
        "id",
        Form::Text,
        "the name of the column with the ids of the executions",
    )
    .required(),
    API,
];

/// The keys beside an action, of which `converges` is only for `patch`.
pub(super) const BESIDE: [KeyForm; 4] = [
    KeyForm::of(
        "when",
        Form::Expression,
        "changes only the targets for which it is true",
    ),
    KeyForm::of(
        "on",
        Form::OneOrMore(&Form::Level),
        "the levels at which it works: the level of `each`, or one above it",
    ),
    KeyForm::of("name", Form::Text, "text for people"),
    KeyForm::of(
        "converges",
        Form::Bool,
        "whether a second plan has no change; `false` if no read shows what was changed",
    ),
];

pub(super) const GUARDS: [KeyForm; 6] = [
    KeyForm::of(
        "max_changes",
        Form::Whole(1),
        "the maximum number of changes; `--max-changes` can only lower it",
    )
    .example("500")
    .default("no limit"),
    KeyForm::of(
        "max_percent",
        Form::Percent,
        "the maximum share of the scanned executions that get a change, in percent; fractions (`0.57`) are exact. \
         Not with `ids`, `rows` and `entities`",
    )
    .example("25")
    .default("no limit"),
    KeyForm::of(
        "expect",
        Form::Map(&EXPECT),
        "the expected number of changes; `min` or `max` may be left out",
    )
    .example("{ min: 1, max: 20 }")
    .default("any number"),
    KeyForm::of(
        "scanned",
        Form::Map(&SCANNED),
        "the minimum number of executions that are scanned, whether or not they are changed: fewer mean that the \
         selection looked in the wrong place",
    )
    .example("{ min: 100 }")
    .default("any number"),
    KeyForm::of(
        "allow",
        Form::List(&Form::Allow),
        "the irreversible actions that are permitted: `delete`, `delete_step`, `start`, `run_schedule_now`, \
         `cancel_schedule`, `run_automation`, `execute`, and `revert`",
    )
    .example("[ run_schedule_now ]")
    .default("none"),
    KeyForm::of(
        "rejected",
        Form::Word(&["refuse", "allow"]),
        "`allow` applies the plan even if some targets were rejected. With `refuse`, nothing is applied and the \
         exit code is 3",
    )
    .example("allow")
    .default("`refuse`"),
];

pub(super) const EXPECT: [KeyForm; 2] = [
    KeyForm::of("min", Form::Whole(0), "the minimum number of changes"),
    KeyForm::of("max", Form::Whole(0), "the maximum number of changes"),
];

pub(super) const SCANNED: [KeyForm; 1] = [KeyForm::of(
    "min",
    Form::Whole(1),
    "the minimum number of scanned executions",
)];

pub(super) const PACE: [KeyForm; 6] = [
    KeyForm::of(
        "rate",
        Form::Rate,
        "the maximum request rate; reads, writes and retries share it. Also `0.5/s` or `480/min`. There is no \
         upper limit",
    )
    .example("8/s")
    .default("`8/s`"),
    KeyForm::of(
        "burst",
        Form::Whole(1),
        "requests that may be sent together after an idle period. The burst also compensates for requests that \
         leave late: with `burst: 1`, a high rate is 1 to 2 % below its limit",
    )
    .example("4")
    .default("`4`"),
    KeyForm::of(
        "concurrency",
        Form::Whole(1),
        "executions worked on at the same time. The changes of one execution are always sent one after another",
    )
    .example("4")
    .default("`4`"),
    KeyForm::of(
        "stop_after",
        Form::Whole(1),
        "failures in a row that stop the run",
    )
    .example("10")
    .default("`10`"),
    KeyForm::of(
        "max_errors",
        Form::Share,
        "changes that may fail, be refused or stay in doubt: a number, or a share of all changes (`2%`). The run \
         stops when this many have failed, and never exceeds it, at any concurrency",
    )
    .example("20")
    .default("no limit"),
    KeyForm::of(
        "stages",
        Form::List(&Form::Share),
        "the executions that are done at the end of each stage, as cumulative numbers or shares: `[5, 10%]` is \
         the first 5, then up to 10 %, then all. The last `100%` may be left out. If something fails in a stage, the next \
         stage does not begin",
    )
    .example("[5, 10%, 100%]")
    .default("all at once"),
];

#[cfg(test)]
mod tests;

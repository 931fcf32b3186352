//! Random playbooks: as YAML for the planner, and with what they mean for the model.

use std::fmt::Write;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::{
    arguments::Action,
    conditions::Condition,
    data::{Api, ENTITIES, IDS},
    parts::Level,
    tape::Tape,
    time::Clock,
};

#[derive(Clone, Debug)]
pub(crate) struct Playbook {
    pub(crate) api: Api,
    pub(crate) source: Source,
    pub(crate) zone: &'static str,
    pub(crate) calendar: &'static str,
    pub(crate) each: Level,
    pub(crate) filter: Option<Condition>,
    pub(crate) filter_each: Option<Condition>,
    pub(crate) exclude: Vec<&'static str>,
    /// What `--only` names on the command line.
    pub(crate) only: Vec<&'static str>,
    pub(crate) limit: Option<usize>,
    pub(crate) actions: Vec<Entry>,
    concurrency: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) action: Action,
    pub(crate) on: Vec<Level>,
    pub(crate) when: Option<Condition>,
    pub(crate) name: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// By the entities, or by a query that finds all of them.
    Flows {
        is_query: bool,
    },
    List,
    Search,
    Steps,
    Ids(Vec<&'static str>),
    Rows(Vec<Row>),
    Entities {
        is_query: bool,
    },
}

/// A line of the CSV.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) to: &'static str,
    pub(crate) due: &'static str,
    pub(crate) by: &'static str,
}

/// The file that `rows` reads.
pub(crate) const ROWS: &str = "rows.csv";

/// Days off that a calendar names, and the file that it is read from.
pub(crate) const DAYS_OFF: [&str; 3] = ["2026-12-24", "2026-12-02", "2026-12-07"];
pub(crate) const DAYS_FILE: &str = "days-off.txt";

impl Playbook {
    pub(crate) fn random(head: &[u8], actions: &[Vec<u8>]) -> Self {
        let tape = &mut Tape::new(head);
        let api = tape.pick(&[Api::V2, Api::V1]);
        let source = match (tape.below(10), api) {
            (0..5, Api::V2) => Source::Flows {
                is_query: tape.chance(30),
            },
            (0..2, Api::V1) => Source::List,
            (2 | 3, Api::V1) => Source::Search,
            (4, Api::V1) => Source::Steps,
            (5 | 6, _) => Source::Ids(without_repeats(ids(tape))),
            (7 | 8, _) => Source::Rows(ids(tape).into_iter().map(|id| row(tape, id)).collect()),
            _ => Source::Entities {
                is_query: tape.chance(50),
            },
        };
        let each = match source {
            Source::Entities { .. } => Level::Entity,
            _ => tape.pick(Level::of(api)),
        };
        let root = if each == Level::Entity {
            Level::Entity
        } else {
            Level::Execution
        };
        let is_rows = matches!(source, Source::Rows(_));
        let is_flows = matches!(source, Source::Flows { .. });
        Self {
            api,
            source,
            zone: tape.pick(&[
                "Europe/Berlin",
                "Europe/Berlin",
                "America/New_York",
                "Australia/Lord_Howe",
                "UTC",
            ]),
            calendar: tape.pick(&["DE", "DE-NW", "DE-BY", "DE-SN", DAYS_FILE, "both"]),
            each,
            filter: tape
                .some(35, |tape| Condition::random(tape, &[root], api, is_rows))
                .filter(|condition| !condition.is_never(is_flows)),
            filter_each: tape
                .some(35, |tape| Condition::random(tape, &[each], api, is_rows))
                .filter(|condition| !condition.is_never(is_flows)),
            exclude: tape.some(25, |tape| names(tape, api)).unwrap_or_default(),
            only: tape.some(15, |tape| names(tape, api)).unwrap_or_default(),
            limit: tape.some(15, |tape| 1 + tape.below(4)),
            actions: actions
                .iter()
                .map(|bytes| Entry::random(&mut Tape::new(bytes), api, each, is_rows))
                .collect(),
            concurrency: tape.pick(&[4, 1, 2]),
        }
    }

    /// Whether a second plan after the run finds nothing left to do.
    pub(crate) fn converges(&self) -> bool {
        let is_all = self.filter.is_none() && self.filter_each.is_none() && self.limit.is_none();
        match self.actions.as_slice() {
            [only] => is_all && only.when.is_none() && only.action.converges(),
            _ => false,
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        let (public, days_off) = match self.calendar {
            DAYS_FILE => (None, DAYS_OFF.to_vec()),
            "both" => (Some("DE-NW"), DAYS_OFF.to_vec()),
            code => (Some(code), Vec::new()),
        };
        Clock {
            zone: TimeZone::get(self.zone).unwrap(),
            public,
            days_off,
        }
    }

    pub(crate) fn yaml(&self) -> String {
        let mut text = format!(
            "version: 1\nname: differential\ntimezone: {}\ncalendar: {}\nvars: {{ leaver: \"1\", successor: \"2\" }}\nselect:\n",
            self.zone,
            match self.calendar {
                "both" => format!("[ DE-NW, {DAYS_FILE} ]"),
                one => one.to_owned(),
            }
        );
        let api = match self.api {
            Api::V1 => "v1",
            Api::V2 => "v2",
        };
        let entities = |is_query: bool| {
            if is_query {
                json!({"query": "_schema:*"})
            } else {
                json!({"list": ENTITIES.map(|(id, schema)| json!({"id": id, "schema": schema}))})
            }
        };
        let (name, source) = match &self.source {
            Source::Flows { is_query: false } => {
                let entities = entities(false);
                ("flows", json!({"entities": entities["list"]}))
            }
            Source::Flows { is_query: true } => ("flows", json!({"entities": entities(true)})),
            Source::List => ("executions", json!({"list": {}})),
            Source::Search => ("executions", json!({"search": {}})),
            Source::Steps => ("executions", json!({"steps": {}})),
            Source::Ids(ids) => ("ids", json!({"list": ids, "api": api})),
            Source::Rows(_) => ("rows", json!({"file": ROWS, "id": "id", "api": api})),
            Source::Entities { is_query } => {
                let mut entities = entities(*is_query);
                entities["api"] = json!(api);
                ("entities", entities)
            }
        };
        let mut line = |name: &str, value: Value| writeln!(text, "  {name}: {value}").unwrap();
        line(name, source);
        if !matches!(self.each, Level::Execution | Level::Entity) {
            line("each", json!(self.each.word()));
        }
        for (name, condition) in [("where", &self.filter), ("where_each", &self.filter_each)] {
            if let Some(condition) = condition {
                line(name, json!(condition.to_string()));
            }
        }
        if !self.exclude.is_empty() {
            line("exclude", json!(self.exclude));
        }
        if let Some(limit) = self.limit {
            line("limit", json!(limit));
        }
        text += "actions:\n";
        for entry in &self.actions {
            writeln!(text, "  - {}", entry.json(self.each)).unwrap();
        }
        text += "guards: { allow: [ run_schedule_now, cancel_schedule, run_automation, execute, delete, delete_step, start, revert ] }\n";
        writeln!(text, "pace: {{ concurrency: {} }}", self.concurrency).unwrap();
        text
    }

    /// The rows as CSV, where the source is rows.
    pub(crate) fn csv(&self) -> Option<String> {
        let Source::Rows(rows) = &self.source else {
            return None;
        };
        let line = |row: &Row| format!("{},\"{}\",{},{}\n", row.id, row.to, row.due, row.by);
        Some(format!(
            "id,new owners,due,by\n{}",
            rows.iter().map(line).collect::<String>()
        ))
    }
}

/// Ids of executions: known and unknown ones, some of them twice.
fn ids(tape: &mut Tape<'_>) -> Vec<&'static str> {
    let count = 1 + tape.below(5);
    (0..count)
        .map(|place| {
            if tape.chance(80) {
                IDS[place]
            } else {
                tape.pick(&["e2", "unknown", "e10"])
            }
        })
        .collect()
}

/// A list that names something twice is a mistake of the playbook.
fn without_repeats(ids: Vec<&'static str>) -> Vec<&'static str> {
    let mut once = Vec::new();
    for id in ids {
        if !once.contains(&id) {
            once.push(id);
        }
    }
    once
}

fn row(tape: &mut Tape<'_>, id: &'static str) -> Row {
    Row {
        id,
        to: tape.pick(&["2", "2,3", " 4 ", "1", "", "5\n6"]),
        due: tape.pick(&["2026-12-24", "2026-12-24T10:00:00.000Z", "", "soon"]),
        by: tape.pick(&["3 days", "1 business day", "-2 weeks", "soon"]),
    }
}

/// What `exclude` and `--only` name.
fn names(tape: &mut Tape<'_>, api: Api) -> Vec<&'static str> {
    let known: &[&str] = match api {
        Api::V1 => &["e2", "s0", "e10", "s1", "x0", "c1", "unknown"],
        Api::V2 => &["e2", "t0", "p0", "e10", "t1", "p1", "c1", "unknown"],
    };
    let count = 1 + tape.below(3);
    without_repeats((0..count).map(|_| tape.pick(known)).collect())
}

impl Entry {
    fn random(tape: &mut Tape<'_>, api: Api, each: Level, is_rows: bool) -> Self {
        let choice = tape.below(256);
        let above = each.and_above();
        let level = above[tape.below(2 * above.len()).saturating_sub(above.len())];
        let both = tape.chance(10) && above.len() > 1;
        let (action, level) = Action::random(choice, tape, api, level, is_rows);
        let on = match level {
            // What an action works on alone stands in no list of levels.
            Level::Task | Level::Step | Level::Phase if both && action.works_on_all_levels() => {
                vec![level, Level::Execution]
            }
            level => vec![level],
        };
        // What flows never are an action before this one may make them.
        let when = tape
            .some(25, |tape| Condition::random(tape, &on, api, is_rows))
            .filter(|condition| !condition.is_never(false));
        let name = tape.some(20, |_| "for people");
        Self {
            action,
            on,
            when,
            name,
        }
    }

    fn json(&self, each: Level) -> Value {
        let mut entry = json!({self.action.word(): self.action.json()});
        if self.on != [each] {
            let words: Vec<&str> = self.on.iter().map(|level| level.word()).collect();
            entry["on"] = match words.as_slice() {
                [one] => json!(one),
                several => json!(several),
            };
        }
        if let Some(when) = &self.when {
            entry["when"] = json!(when.to_string());
        }
        if let Some(name) = self.name {
            entry["name"] = json!(name);
        }
        if self.action.never_converges() {
            entry["converges"] = json!(false);
        }
        entry
    }

    pub(crate) fn label(&self) -> String {
        match self.name {
            Some(name) => format!("{}: {name}", self.action.word()),
            None => self.action.word().to_owned(),
        }
    }
}

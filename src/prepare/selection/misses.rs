//! Names in a playbook or command that matched nothing: they become notes of the plan, since nobody notices a missing target.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Chosen;
use crate::{
    api::{Generation, Id, Level, part},
    playbook::{IdList, Playbook, Select},
    target::Execution,
    text::{Few, count, thousands},
};

/// Names in a note; the others are only counted.
const SHOWN: usize = 10;

/// Names that have not been matched yet. The memory is bounded by the lists and the playbook.
#[derive(Debug)]
pub struct Misses {
    generation: Generation,
    each: Level,
    /// The parts of `select` that filter the targets with these ids.
    choosing: Vec<&'static str>,
    /// Some executions are not read completely, and their steps stay unknown.
    lacks_steps: bool,
    lists: Vec<List>,
    /// Names in the playbook, by level.
    names: BTreeSet<(Level, String)>,
    /// Whether an execution was read, and one with known parts.
    seen: bool,
    seen_whole: bool,
    entities: u64,
    without_flow: Few,
    said: Vec<String>,
}

/// Ids that narrow the selection.
#[derive(Debug)]
struct List {
    origin: String,
    /// The number of its ids.
    of: usize,
    unseen: BTreeSet<Id>,
    /// For a list that selects: ids of which no target was chosen or rejected yet.
    untold: BTreeSet<Id>,
}

impl Misses {
    pub(super) fn new(playbook: &Playbook) -> Self {
        let select = &playbook.select;
        let only = select.only.as_deref().unwrap_or_default();
        let mut said = Vec::new();
        for list in &select.exclude {
            if list.ids.is_empty() {
                said.push(format!("{} names no id", list.origin));
            }
        }
        for list in only {
            if list.ids.is_empty() {
                let so = if select.selects_nothing() {
                    ", so nothing is selected"
                } else {
                    ""
                };
                said.push(format!("{} names no id{so}", list.origin));
            }
        }
        Self {
            generation: select.source.generation(),
            each: select.each,
            choosing: choosing(select),
            lacks_steps: select.lacks_steps(),
            lists: only
                .iter()
                .map(|list| List::new(list, list.ids.clone()))
                .chain(
                    select
                        .exclude
                        .iter()
                        .map(|list| List::new(list, BTreeSet::new())),
                )
                .collect(),
            names: playbook.names.clone(),
            seen: false,
            seen_whole: false,
            entities: 0,
            without_flow: Few::new(SHOWN),
            said,
        }
    }

    /// Notes an execution that was read; `is_whole`: with its parts.
    pub fn see(&mut self, execution: &Execution, is_whole: bool) {
        self.seen = true;
        self.seen_whole |= is_whole;
        self.see_id(&execution.id);
        if self.lists.iter().any(|list| !list.unseen.is_empty()) {
            for ids in execution.ids_of_parts(self.each) {
                for list in &mut self.lists {
                    for id in &ids {
                        list.unseen.remove(*id);
                    }
                }
            }
        }
        self.names
            .retain(|(level, name)| !has(execution, *level, name));
    }

    /// Notes the chosen and rejected targets of an execution: the plan has lines for them.
    pub fn tell(&mut self, execution: &Execution, chosen: &Chosen) {
        if self.lists.iter().all(|list| list.untold.is_empty()) {
            return;
        }
        let rejected = chosen.rejected.iter().map(|(part, _)| part);
        let told: BTreeSet<Option<&str>> = chosen
            .parts
            .iter()
            .chain(rejected)
            .map(|part| part.id().map(Id::as_str))
            .collect();
        for ids in execution.ids_of_parts(self.each) {
            // Without an id of its own, it is the execution with all its parts.
            if told.contains(&None) || told.contains(&ids.get(1).copied()) {
                for id in ids {
                    self.tell_id(id);
                }
            }
        }
    }

    /// Notes an id for which the plan has a line.
    pub(super) fn tell_id(&mut self, id: &str) {
        for list in &mut self.lists {
            list.untold.remove(id);
        }
    }

    /// Notes an id that is reported elsewhere.
    pub(super) fn see_id(&mut self, id: &Id) {
        for list in &mut self.lists {
            list.unseen.remove(id);
        }
    }

    /// Notes an entity whose flows were requested.
    pub(super) fn see_entity(&mut self, id: &Id, has_flow: bool) {
        self.entities += 1;
        if !has_flow {
            self.without_flow.add(id.as_str());
        }
    }

    pub(super) fn say(&mut self, note: String) {
        self.said.push(note);
    }

    /// The notes, one sentence each. They contain names from outside.
    pub fn notes(self) -> Vec<String> {
        let mut notes = self.said;
        let look = if self.choosing.is_empty() {
            String::new()
        } else {
            format!(" (look at {})", self.choosing.join(", "))
        };
        for list in self.lists {
            let List {
                origin,
                of,
                unseen,
                untold,
            } = list;
            let of = count(of as u64, "id", "ids");
            let unselected = untold.difference(&unseen).map(Id::as_str);
            let few = Few::of(SHOWN, unselected);
            if few.count() > 0 {
                let (were, them) = match few.count() {
                    1 => ("was", "it"),
                    _ => ("were", "them"),
                };
                notes.push(format!(
                    "{} of {of} in {origin} {were} found, but nothing of {them} is selected{look}: {}",
                    thousands(few.count()),
                    few.list()
                ));
            }
            if !unseen.is_empty() {
                let read = if self.lacks_steps {
                    " that was read"
                } else {
                    ""
                };
                let few = Few::of(SHOWN, unseen.iter().map(Id::as_str));
                notes.push(format!(
                    "{} of {of} in {origin} matched nothing{read}: {}",
                    thousands(few.count()),
                    few.list()
                ));
            }
        }
        if self.without_flow.count() > 0 {
            notes.push(format!(
                "{} of {} no running flow: {}",
                thousands(self.without_flow.count()),
                count(self.entities, "entity has", "entities have"),
                self.without_flow.list()
            ));
        }
        for level in [Level::Execution, Level::Phase, Level::Task, Level::Step] {
            let seen = if level == Level::Execution {
                self.seen
            } else {
                self.seen_whole
            };
            let named: Vec<String> = self
                .names
                .iter()
                .filter(|(of, _)| *of == level)
                .map(|(_, name)| format!("{name:?}"))
                .collect();
            if seen && !named.is_empty() {
                let few = Few::of(SHOWN, named.iter().map(String::as_str)).list();
                notes.push(no_name(self.generation, level, self.lacks_steps, &few));
            }
        }
        notes
    }
}

/// `no scanned flow has a task named "Call"`.
fn no_name(generation: Generation, level: Level, lacks_steps: bool, names: &str) -> String {
    let (flow, phase) = match generation {
        Generation::V1 => ("execution", "section"),
        Generation::V2 => ("flow", "phase"),
    };
    let part = match level {
        Level::Entity | Level::Execution => return format!("no scanned {flow} is named {names}"),
        Level::Phase => phase,
        Level::Step | Level::Task => level.word(),
    };
    if lacks_steps {
        format!("no {flow} that was read has a {part} named {names}")
    } else {
        format!("no scanned {flow} has a {part} named {names}")
    }
}

/// Whether an execution, or a part of it, has this name.
fn has(execution: &Execution, level: Level, name: &str) -> bool {
    let data = &execution.data;
    match (level, execution.generation) {
        (Level::Entity | Level::Execution, _) => data["name"] == name,
        (Level::Phase, Generation::V1) => data["flow"]
            .as_array()
            .is_some_and(|items| items.iter().any(|item| item["name"] == name)),
        (Level::Phase | Level::Task | Level::Step, _) => part::parts(data, level)
            .into_iter()
            .any(|part: &Value| part["name"] == name),
    }
}

/// The parts of a playbook's `select` that may leave out targets of `only`.
fn choosing(select: &Select) -> Vec<&'static str> {
    let each = select.each != select.source.root();
    [
        ("`each`", each),
        ("`where`", select.filter.is_some()),
        ("`where_each`", select.filter_each.is_some()),
        ("`exclude`", !select.exclude.is_empty()),
        ("`limit`", select.limit.is_some()),
    ]
    .into_iter()
    .filter_map(|(word, is_there)| is_there.then_some(word))
    .collect()
}

impl List {
    fn new(list: &IdList, untold: BTreeSet<Id>) -> Self {
        Self {
            origin: list.origin.clone(),
            of: list.ids.len(),
            unseen: list.ids.clone(),
            untold,
        }
    }
}

#[cfg(test)]
mod tests;

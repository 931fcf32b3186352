//! The forecast of a plan, collected change by change in bounded memory, and its text: the same lines in each format.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    api::{Id, Level, SyncTrigger},
    plan::{Change, Effect, EntityWrite},
    text::natural_order,
};

use super::{
    units::{count, thousands},
    words,
};

/// Attributes that are counted one by one. A template has a handful of rules; a plan file may hold any.
const MAX_ATTRIBUTES: usize = 50;

/// People who are counted one by one.
const MAX_PEOPLE: usize = 500;

/// Attributes and people that are shown.
const SHOWN: usize = 10;

/// Entities of one execution that are distinguished. It has two or three; beyond these each write counts separately.
const MAX_ENTITIES: usize = 1_000;

/// The effects of the changes besides the fields that they write.
#[derive(Debug, Default)]
pub(super) struct Forecast {
    /// The effects that are only counted.
    pub(super) counts: BTreeMap<Effect, u64>,
    /// By their names, unescaped.
    attributes: BTreeMap<String, ForecastAttribute>,
    /// Writes of attributes beyond [`MAX_ATTRIBUTES`].
    other_writes: u64,
    /// Notices by the person's id, unescaped, and by the kind of target.
    people: BTreeMap<String, BTreeMap<Level, u64>>,
    /// Notices to people beyond [`MAX_PEOPLE`].
    other_notices: u64,
    /// Changes after which other people may get a notice.
    notices_unknown: u64,
    unread: Executions,
}

#[derive(Debug, Default)]
struct ForecastAttribute {
    on: BTreeSet<SyncTrigger>,
    entities: u64,
    executions: Executions,
    /// The entities of the last execution.
    seen: BTreeSet<String>,
}

/// Counts distinct executions by comparing neighbours.
#[derive(Debug, Default)]
struct Executions {
    number: u64,
    last: Option<Id>,
}

impl Executions {
    /// Whether it differs from the last one.
    fn add(&mut self, execution: &Id) -> bool {
        let is_new = self.last.as_ref() != Some(execution);
        if is_new {
            self.number += 1;
            self.last = Some(execution.clone());
        }
        is_new
    }
}

/// The forecast for scripts, which depend on its names.
#[derive(Debug, Serialize)]
pub(super) struct ForecastDocument<'a> {
    entity_attributes: Vec<AttributeDocument<'a>>,
    /// Writes of further attributes, which are not listed.
    other_entity_writes: u64,
    /// Executions whose rules were not read or not understood.
    entity_attributes_unknown_of_executions: u64,
    notices: Vec<NoticeDocument<'a>>,
    /// Notices to further people, who are not listed.
    other_notices: u64,
    /// Changes after which the service may send notices to unknown people.
    notices_unknown_of_changes: u64,
    /// Automations and webhooks that the changes trigger.
    listeners: &'static str,
}

#[derive(Debug, Serialize)]
struct AttributeDocument<'a> {
    attribute: &'a str,
    on: &'a BTreeSet<SyncTrigger>,
    entities_at_most: u64,
    executions: u64,
}

#[derive(Debug, Serialize)]
struct NoticeDocument<'a> {
    to: &'a str,
    at_most: u64,
    of: &'a BTreeMap<Level, u64>,
}

impl Forecast {
    pub(super) fn add(&mut self, change: &Change) {
        for effect in &change.effects {
            match effect {
                Effect::AutomationFires
                | Effect::AutomationsMayFire
                | Effect::FlowAdvances
                | Effect::LaterTasksReset => {
                    *self.counts.entry(effect.clone()).or_default() += 1;
                }
                Effect::NoticesUnknown => self.notices_unknown += 1,
                Effect::EntityWritesUnknown => {
                    self.unread.add(&change.group);
                }
                Effect::EntityWrite(write) => self.add_write(&change.group, write),
                Effect::Notice(person) => self.add_notice(change.target.kind, person),
            }
        }
    }

    fn add_write(&mut self, execution: &Id, write: &EntityWrite) {
        let is_known = self.attributes.contains_key(&write.attribute);
        if self.attributes.len() >= MAX_ATTRIBUTES && !is_known {
            self.other_writes += write.entities.len() as u64;
            return;
        }
        let attribute = self.attributes.entry(write.attribute.clone()).or_default();
        attribute.on.insert(write.on);
        if attribute.executions.add(execution) {
            attribute.seen.clear();
        }
        for entity in &write.entities {
            if attribute.seen.contains(entity) {
                continue;
            }
            attribute.entities += 1;
            if attribute.seen.len() < MAX_ENTITIES {
                attribute.seen.insert(entity.clone());
            }
        }
    }

    fn add_notice(&mut self, level: Level, person: &str) {
        if self.people.len() >= MAX_PEOPLE && !self.people.contains_key(person) {
            self.other_notices += 1;
            return;
        }
        let person = self.people.entry(person.to_owned()).or_default();
        *person.entry(level).or_default() += 1;
    }

    fn count(&self, effect: &Effect) -> u64 {
        self.counts.get(effect).copied().unwrap_or_default()
    }

    /// The attributes, those of most entities first.
    fn attributes(&self) -> Vec<(&String, &ForecastAttribute)> {
        let mut attributes: Vec<_> = self.attributes.iter().collect();
        attributes.sort_by(|(one, of), (other, beside)| {
            let order = beside.entities.cmp(&of.entities);
            order.then_with(|| natural_order(one, other))
        });
        attributes
    }

    /// The people with their numbers of notices, the largest number first.
    fn people(&self) -> Vec<(&String, u64, &BTreeMap<Level, u64>)> {
        let people = self.people.iter();
        let mut people: Vec<_> = people
            .map(|(person, of)| (person, of.values().sum::<u64>(), of))
            .collect();
        people.sort_by(|(one, notices, _), (other, beside, _)| {
            let order = beside.cmp(notices);
            order.then_with(|| natural_order(one, other))
        });
        people
    }

    pub(super) fn document(&self) -> ForecastDocument<'_> {
        ForecastDocument {
            entity_attributes: self
                .attributes()
                .into_iter()
                .map(|(name, attribute)| AttributeDocument {
                    attribute: name,
                    on: &attribute.on,
                    entities_at_most: attribute.entities,
                    executions: attribute.executions.number,
                })
                .collect(),
            other_entity_writes: self.other_writes,
            entity_attributes_unknown_of_executions: self.unread.number,
            notices: self
                .people()
                .into_iter()
                .map(|(to, at_most, of)| NoticeDocument { to, at_most, of })
                .collect(),
            other_notices: self.other_notices,
            notices_unknown_of_changes: self.notices_unknown,
            listeners: "unknown",
        }
    }

    /// All of it, one line each, escaped for a terminal. `noun` returns the words for a number of targets of a level.
    pub(super) fn lines(&self, noun: &dyn Fn(Level, u64) -> &'static str) -> Vec<String> {
        let mut lines = Vec::new();
        for (effect, one, many) in [
            (
                Effect::FlowAdvances,
                "change may advance its flow",
                "changes may advance their flows",
            ),
            (
                Effect::LaterTasksReset,
                "change resets all later tasks",
                "changes reset all later tasks",
            ),
        ] {
            let number = self.count(&effect);
            lines.extend((number > 0).then(|| count(number, one, many)));
        }
        self.write_lines(&mut lines, noun);
        self.notice_lines(&mut lines, noun);
        lines.push(self.automations());
        lines
    }

    fn write_lines(&self, lines: &mut Vec<String>, noun: &dyn Fn(Level, u64) -> &'static str) {
        let attributes = self.attributes();
        for (name, attribute) in attributes.iter().take(SHOWN) {
            let on: Vec<&str> = attribute.on.iter().map(|on| on.word()).collect();
            lines.push(format!(
                "writes {} of at most {} ({})",
                words::detail(name),
                count(attribute.entities, "entity", "entities"),
                on.join(", ")
            ));
        }
        let more = attributes.iter().skip(SHOWN);
        let more = more.map(|(_, attribute)| attribute.entities).sum::<u64>() + self.other_writes;
        if more > 0 {
            lines.push(format!(
                "writes other attributes of entities at most {}",
                count(more, "time", "times")
            ));
        }
        let unread = self.unread.number;
        if unread > 0 {
            let level = Level::Execution;
            lines.push(format!(
                "attributes of entities: unknown for {} {}, whose rules or entities are not known",
                thousands(unread),
                noun(level, unread)
            ));
        }
    }

    fn notice_lines(&self, lines: &mut Vec<String>, noun: &dyn Fn(Level, u64) -> &'static str) {
        let people = self.people();
        let mut parts: Vec<String> = people
            .iter()
            .take(SHOWN)
            .map(|(person, notices, of)| {
                let of: Vec<String> = of
                    .iter()
                    .map(|(level, number)| {
                        format!("{} {}", thousands(*number), noun(*level, *number))
                    })
                    .collect();
                let person = words::detail(person);
                format!("{} to {person} ({})", thousands(*notices), of.join(", "))
            })
            .collect();
        let more = people.iter().skip(SHOWN);
        let more = more.map(|(_, notices, _)| notices).sum::<u64>() + self.other_notices;
        parts.extend((more > 0).then(|| format!("{} to others", thousands(more))));
        if !parts.is_empty() {
            lines.push(format!("notices: at most {}", parts.join(", ")));
        }
        if self.notices_unknown > 0 {
            let changes = count(self.notices_unknown, "change", "changes");
            lines.push(format!(
                "notices: other recipients are unknown for {changes}"
            ));
        }
    }

    /// Never "none": the triggers of automations are not read.
    fn automations(&self) -> String {
        let fire = self.count(&Effect::AutomationFires);
        let may = self.count(&Effect::AutomationsMayFire);
        let mut parts = Vec::new();
        if fire > 0 {
            parts.push(count(fire, "fires", "fire"));
        }
        if may > 0 {
            parts.push(format!("may fire on {}", count(may, "change", "changes")));
        }
        let unread = "since their triggers are not read";
        if parts.is_empty() {
            format!("automations: unknown, {unread}")
        } else {
            let known = parts.join(", ");
            format!("automations: {known}; others are unknown, {unread}")
        }
    }
}

#[cfg(test)]
mod tests;

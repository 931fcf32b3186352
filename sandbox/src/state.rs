//! The data: what the generator makes, and what was changed since.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::{
    caused::{Caused, caused},
    effect::{self, Effect, Fields, Kind},
    generate::{self, Origin, SCHEMA, Sizes},
    refused::Refused,
    wire::{ExecutionStatus, v1, v2},
};

/// Which execution, by generation and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    Flow(u32),
    Legacy(u32),
}

#[derive(Clone, Debug)]
pub(crate) enum Stored {
    Flow(Box<v2::Flow>),
    Legacy(Box<v1::Execution>),
}

impl Stored {
    pub(crate) fn as_flow(&self) -> Option<&v2::Flow> {
        match self {
            Self::Flow(flow) => Some(flow),
            Self::Legacy(_) => None,
        }
    }

    pub(crate) fn as_legacy(&self) -> Option<&v1::Execution> {
        match self {
            Self::Flow(_) => None,
            Self::Legacy(execution) => Some(execution),
        }
    }
}

/// What is kept: ids and the executions that differ from what the generator makes.
#[derive(Debug)]
pub(crate) struct State {
    origin: Origin,
    sizes: Sizes,
    slots: HashMap<Box<str>, Slot>,
    entities: HashMap<Box<str>, u32>,
    changed: HashMap<Slot, Stored>,
    removed: HashSet<Slot>,
    /// Flows whose contexts were written: their entities are no longer those of their numbers.
    moved: BTreeSet<u32>,
    next_effect: u64,
    /// How many have been started beside those that the generator makes; their numbers follow on.
    started_flows: u32,
    started_legacy: u32,
}

/// The parts of an effect that only the caller knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause<'a> {
    pub(crate) request: Option<u64>,
    pub(crate) unix_ms: i64,
    pub(crate) kind: Kind,
    pub(crate) target: &'a str,
}

impl State {
    pub(crate) fn new(origin: Origin, executions: u32) -> Self {
        let sizes = Sizes::new(executions);
        let flows = (0..sizes.flows)
            .map(|number| (generate::flow_id(origin.seed, number), Slot::Flow(number)));
        let legacy = (0..sizes.legacy).map(|number| {
            (
                generate::legacy_id(origin.seed, number),
                Slot::Legacy(number),
            )
        });
        Self {
            origin,
            sizes,
            slots: flows
                .chain(legacy)
                .map(|(id, slot)| (id.into_boxed_str(), slot))
                .collect(),
            entities: (0..sizes.entities)
                .map(|number| {
                    let id = generate::entity_id(origin.seed, number);
                    (id.into_boxed_str(), number)
                })
                .collect(),
            changed: HashMap::new(),
            removed: HashSet::new(),
            moved: BTreeSet::new(),
            next_effect: 1,
            started_flows: 0,
            started_legacy: 0,
        }
    }

    /// The flow with this id.
    pub(crate) fn flow(&self, id: &str) -> Option<v2::Flow> {
        match self.slot(id)? {
            Slot::Flow(number) => Some(self.flow_at(number)),
            Slot::Legacy(_) => None,
        }
    }

    /// The v1 execution with this id.
    pub(crate) fn legacy(&self, id: &str) -> Option<v1::Execution> {
        match self.slot(id)? {
            Slot::Flow(_) => None,
            Slot::Legacy(number) => Some(self.legacy_at(number)),
        }
    }

    /// An execution of either generation.
    pub(crate) fn any(&self, id: &str) -> Option<Stored> {
        Some(match self.slot(id)? {
            Slot::Flow(number) => Stored::Flow(Box::new(self.flow_at(number))),
            Slot::Legacy(number) => Stored::Legacy(Box::new(self.legacy_at(number))),
        })
    }

    /// The running flows of an entity, in order of their numbers.
    pub(crate) fn search(&self, entity: &str, schema: &str) -> Vec<v2::Flow> {
        let made = self
            .entities
            .get(entity)
            .filter(|_| schema == SCHEMA)
            .map(|&number| self.sizes.flows_of(number));
        let candidates: BTreeSet<u32> = made
            .into_iter()
            .flatten()
            .chain(self.moved.iter().copied())
            .collect();
        candidates
            .into_iter()
            .filter(|&number| !self.removed.contains(&Slot::Flow(number)))
            .map(|number| self.flow_at(number))
            .filter(|flow| flow.status == ExecutionStatus::Started)
            .filter(|flow| {
                flow.contexts.iter().any(|context| {
                    context.entity_id.as_deref() == Some(entity)
                        && context.entity_schema.as_deref() == Some(schema)
                })
            })
            .collect()
    }

    pub(crate) const fn origin(&self) -> Origin {
        self.origin
    }

    /// The entities that flows belong to, with their places among all.
    pub(crate) fn entities(&self) -> impl Iterator<Item = (&str, u32)> {
        self.entities.iter().map(|(id, &number)| (&**id, number))
    }

    /// What the id of the next execution that starts is made from.
    pub(crate) const fn next_number(&self) -> u64 {
        self.next_effect
    }

    /// Adds an execution that has just started.
    pub(crate) fn add(&mut self, id: &str, stored: Stored, cause: Cause<'_>) -> Effect {
        let whole = value(&stored);
        let caused = caused(None, Some(&stored));
        self.admit(id, stored);
        let changes = effect::difference(&Value::Null, &whole);
        let mut effect = self.effect(id, cause, None, changes, caused);
        effect.whole = Some(whole);
        effect
    }

    fn admit(&mut self, id: &str, stored: Stored) {
        let slot = match stored {
            Stored::Flow(_) => {
                self.started_flows += 1;
                Slot::Flow(self.sizes.flows + self.started_flows - 1)
            }
            Stored::Legacy(_) => {
                self.started_legacy += 1;
                Slot::Legacy(self.sizes.legacy + self.started_legacy - 1)
            }
        };
        self.slots.insert(id.into(), slot);
        self.keep(slot, stored);
    }

    /// All v1 executions, in order of their numbers.
    pub(crate) fn list(&self) -> impl Iterator<Item = v1::Execution> {
        (0..self.sizes.legacy + self.started_legacy)
            .filter(|&number| !self.removed.contains(&Slot::Legacy(number)))
            .map(|number| self.legacy_at(number))
    }

    /// Puts `after` in the place of an execution.
    ///
    /// None when there is no such execution.
    pub(crate) fn replace(&mut self, id: &str, after: Stored, cause: Cause<'_>) -> Option<Effect> {
        let slot = self.slot(id)?;
        let before = self.any(id)?;
        let whole = value(&after);
        let mut changes = effect::difference(&value(&before), &whole);
        let caused = if cause.kind == Kind::Edit {
            // Past the API.
            Caused::default()
        } else {
            caused(Some(&before), Some(&after))
        };
        self.keep(slot, after);
        let fields = changes.remove(cause.target);
        let mut effect = self.effect(id, cause, fields, changes, caused);
        effect.whole = cause.kind.whole(&whole);
        Some(effect)
    }

    /// Takes an execution out of the data. None when there is no such execution.
    pub(crate) fn remove(&mut self, id: &str, cause: Cause<'_>) -> Option<Effect> {
        let slot = self.slot(id)?;
        let caused = if cause.kind == Kind::Remove {
            Caused::default()
        } else {
            caused(self.any(id).as_ref(), None)
        };
        self.changed.remove(&slot);
        self.removed.insert(slot);
        Some(self.effect(id, cause, None, BTreeMap::new(), caused))
    }

    /// Does again what the log holds, in its order.
    ///
    /// # Errors
    ///
    /// When an effect's execution is not in the data or can't be what the effect makes of it; the number is the effect's place.
    pub(crate) fn replay(&mut self, effects: &[Effect]) -> Result<(), (usize, String)> {
        let mut values: HashMap<Slot, (usize, Value)> = HashMap::new();
        for (place, effect) in effects.iter().enumerate() {
            self.next_effect = self.next_effect.max(effect.seq + 1);
            if let Kind::StartFlow | Kind::CreateExecution = effect.kind {
                let generation = if effect.kind == Kind::StartFlow {
                    Slot::Flow(0)
                } else {
                    Slot::Legacy(0)
                };
                let whole = effect.whole.clone().unwrap_or_default();
                let stored = read(generation, whole).map_err(|error| (place, error.to_string()))?;
                self.admit(&effect.execution, stored);
                continue;
            }
            let slot = self
                .slot(&effect.execution)
                .ok_or_else(|| (place, format!("there is no execution {}", effect.execution)))?;
            if effect.kind.removes() {
                self.changed.remove(&slot);
                values.remove(&slot);
                self.removed.insert(slot);
                continue;
            }
            let made = match slot {
                Slot::Flow(number) => serde_json::to_value(self.flow_at(number)),
                Slot::Legacy(number) => serde_json::to_value(self.legacy_at(number)),
            };
            let (last, value) = values
                .entry(slot)
                .or_insert_with(|| (place, made.unwrap_or_default()));
            *last = place;
            effect::replay(value, effect);
        }
        for (slot, (place, value)) in values {
            let stored = read(slot, value).map_err(|error| (place, error.to_string()))?;
            self.keep(slot, stored);
        }
        Ok(())
    }

    fn keep(&mut self, slot: Slot, stored: Stored) {
        if let (Slot::Flow(number), Stored::Flow(flow)) = (slot, &stored)
            && (number >= self.sizes.flows
                || flow.contexts != generate::flow(self.origin, number).contexts)
        {
            self.moved.insert(number);
        }
        self.changed.insert(slot, stored);
    }

    fn effect(
        &mut self,
        id: &str,
        cause: Cause<'_>,
        fields: Option<Fields>,
        elsewhere: BTreeMap<String, Fields>,
        caused: Caused,
    ) -> Effect {
        let seq = self.next_effect;
        self.next_effect += 1;
        Effect {
            seq,
            request: cause.request,
            unix_ms: cause.unix_ms,
            kind: cause.kind,
            execution: id.to_owned(),
            target: cause.target.to_owned(),
            fields: fields.unwrap_or_default(),
            elsewhere,
            entity_writes: caused.entity_writes,
            notices: caused.notices,
            whole: None,
        }
    }

    fn slot(&self, id: &str) -> Option<Slot> {
        let slot = *self.slots.get(id)?;
        (!self.removed.contains(&slot)).then_some(slot)
    }

    fn flow_at(&self, number: u32) -> v2::Flow {
        match self.changed.get(&Slot::Flow(number)) {
            Some(Stored::Flow(flow)) => (**flow).clone(),
            Some(Stored::Legacy(_)) | None => generate::flow(self.origin, number),
        }
    }

    fn legacy_at(&self, number: u32) -> v1::Execution {
        match self.changed.get(&Slot::Legacy(number)) {
            Some(Stored::Legacy(execution)) => (**execution).clone(),
            Some(Stored::Flow(_)) | None => generate::execution(self.origin, number),
        }
    }
}

/// An execution as JSON.
pub(crate) fn value(stored: &Stored) -> Value {
    match stored {
        Stored::Flow(flow) => serde_json::to_value(flow),
        Stored::Legacy(execution) => serde_json::to_value(execution),
    }
    .unwrap_or_default()
}

/// Reads JSON as an execution of the same generation as `like`.
pub(crate) fn read_like(like: &Stored, value: Value) -> Result<Stored, Refused> {
    let slot = match like {
        Stored::Flow(_) => Slot::Flow(0),
        Stored::Legacy(_) => Slot::Legacy(0),
    };
    read(slot, value).map_err(|error| Refused::Invalid(error.to_string()))
}

fn read(slot: Slot, value: Value) -> Result<Stored, serde_json::Error> {
    Ok(match slot {
        Slot::Flow(_) => Stored::Flow(serde_json::from_value(value)?),
        Slot::Legacy(_) => Stored::Legacy(serde_json::from_value(value)?),
    })
}

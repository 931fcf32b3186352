//! The data: what the generator makes, and what was changed since.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::{
    caused::{Caused, caused},
    effect::{self, EffectKind, LoggedEffect},
    execution::AnyExecution,
    generate::{self, DataOrigin, SCHEMA, Sizes},
    wire::{ExecutionStatus, v1, v2},
};

/// Which execution, by generation and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ExecutionKey {
    Flow(u32),
    Legacy(u32),
}

/// What is kept: ids and the executions that differ from what the generator makes.
#[derive(Debug)]
pub(crate) struct SandboxState {
    origin: DataOrigin,
    sizes: Sizes,
    keys: HashMap<Box<str>, ExecutionKey>,
    entities: HashMap<Box<str>, u32>,
    /// The executions that were changed or started, none in the place of one that was deleted.
    changed: HashMap<ExecutionKey, Option<AnyExecution>>,
    /// Flows whose entities are not those of their numbers.
    moved: BTreeSet<u32>,
    next_effect: u64,
    /// The numbers of the next executions that start.
    next_flow: u32,
    next_legacy: u32,
}

/// What a write does, and on which part of which execution.
#[derive(Clone, Debug)]
pub(crate) struct DataWrite {
    /// The request's sequence number; none for edits that go past the API.
    pub(crate) request: Option<u64>,
    pub(crate) kind: EffectKind,
    pub(crate) execution: String,
    /// The part that is addressed; the execution's own id when it is the whole.
    pub(crate) target: String,
}

impl SandboxState {
    pub(crate) fn new(origin: DataOrigin, executions: u32) -> Self {
        let sizes = Sizes::new(executions);
        let flows = (0..sizes.flows).map(|number| {
            let id = generate::flow_id(origin.seed, number);
            (id.into_boxed_str(), ExecutionKey::Flow(number))
        });
        let legacy = (0..sizes.legacy).map(|number| {
            let id = generate::legacy_id(origin.seed, number);
            (id.into_boxed_str(), ExecutionKey::Legacy(number))
        });
        let entities = (0..sizes.entities).map(|number| {
            let id = generate::entity_id(origin.seed, number);
            (id.into_boxed_str(), number)
        });
        Self {
            origin,
            sizes,
            keys: flows.chain(legacy).collect(),
            entities: entities.collect(),
            changed: HashMap::new(),
            moved: BTreeSet::new(),
            next_effect: 1,
            next_flow: sizes.flows,
            next_legacy: sizes.legacy,
        }
    }

    /// The execution with this id.
    pub(crate) fn execution(&self, id: &str) -> Option<AnyExecution> {
        self.at(*self.keys.get(id)?)
    }

    /// The flow with this id.
    pub(crate) fn flow(&self, id: &str) -> Option<v2::Flow> {
        self.execution(id)?.into_flow()
    }

    /// The v1 execution with this id.
    pub(crate) fn legacy(&self, id: &str) -> Option<v1::WorkflowExecution> {
        self.execution(id)?.into_legacy()
    }

    /// All v1 executions, in order of their numbers.
    pub(crate) fn list(&self) -> impl Iterator<Item = v1::WorkflowExecution> {
        (0..self.next_legacy)
            .filter_map(|number| self.at(ExecutionKey::Legacy(number))?.into_legacy())
    }

    /// The running flows of an entity, in order of their numbers.
    pub(crate) fn search(&self, entity: &str, schema: &str) -> Vec<v2::Flow> {
        let number = self.entities.get(entity).filter(|_| schema == SCHEMA);
        let generated = number.into_iter();
        let numbers: BTreeSet<u32> = generated
            .flat_map(|&number| self.sizes.flows_of(number))
            .chain(self.moved.iter().copied())
            .collect();
        numbers
            .into_iter()
            .filter_map(|number| self.at(ExecutionKey::Flow(number))?.into_flow())
            .filter(|flow| flow.status == ExecutionStatus::Started)
            .filter(|flow| {
                flow.contexts.iter().any(|context| {
                    context.entity_id.as_deref() == Some(entity)
                        && context.entity_schema.as_deref() == Some(schema)
                })
            })
            .collect()
    }

    pub(crate) const fn origin(&self) -> DataOrigin {
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

    /// Starts, changes or (`after` is none) deletes an execution; gives the effect.
    pub(crate) fn apply(
        &mut self,
        write: DataWrite,
        after: Option<AnyExecution>,
        unix_ms: i64,
    ) -> LoggedEffect {
        let before = self.execution(&write.execution);
        let caused = if matches!(write.kind, EffectKind::Edit | EffectKind::Remove) {
            // Past the API.
            Caused::default()
        } else {
            caused(before.as_ref(), after.as_ref())
        };
        let before = before.map(|execution| execution.to_json());
        let mut changes = after.as_ref().map_or_else(BTreeMap::new, |after| {
            effect::difference(before.as_ref().unwrap_or(&Value::Null), &after.to_json())
        });
        // All parts of an execution that starts are new, the whole among them.
        let fields = before.and_then(|_| changes.remove(&write.target));
        self.put(&write.execution, after.clone());
        let seq = self.next_effect;
        self.next_effect += 1;
        LoggedEffect {
            seq,
            request: write.request,
            unix_ms,
            kind: write.kind,
            execution: write.execution,
            target: write.target,
            fields: fields.unwrap_or_default(),
            elsewhere: changes,
            entity_writes: caused.entity_writes,
            notices: caused.notices,
            after,
        }
    }

    /// Does again what the log holds. The log is read in its order, so the last effect on an execution is what counts.
    pub(crate) fn restore(&mut self, seq: u64, execution: &str, after: Option<AnyExecution>) {
        self.next_effect = seq + 1;
        self.put(execution, after);
    }

    fn put(&mut self, id: &str, execution: Option<AnyExecution>) {
        let key = match (self.keys.get(id), &execution) {
            (Some(&key), _) => key,
            (None, Some(AnyExecution::Flow(_))) => {
                self.next_flow += 1;
                ExecutionKey::Flow(self.next_flow - 1)
            }
            (None, Some(AnyExecution::Legacy(_))) => {
                self.next_legacy += 1;
                ExecutionKey::Legacy(self.next_legacy - 1)
            }
            (None, None) => return,
        };
        if let (ExecutionKey::Flow(number), Some(AnyExecution::Flow(flow))) = (key, &execution)
            && (number >= self.sizes.flows
                || flow.contexts != generate::flow(self.origin, number).contexts)
        {
            self.moved.insert(number);
        }
        self.keys.insert(id.into(), key);
        self.changed.insert(key, execution);
    }

    fn at(&self, key: ExecutionKey) -> Option<AnyExecution> {
        match (self.changed.get(&key), key) {
            (Some(changed), _) => changed.clone(),
            (None, ExecutionKey::Flow(number)) => Some(generate::flow(self.origin, number).into()),
            (None, ExecutionKey::Legacy(number)) => {
                Some(generate::execution(self.origin, number).into())
            }
        }
    }
}

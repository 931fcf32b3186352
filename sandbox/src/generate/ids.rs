//! Ids and how many there are of what: both from numbers alone.

use uuid::Uuid;

use super::random::{Random, Stream};

/// Flows that an entity has as its primary one.
const FLOWS_PER_ENTITY: u32 = 5;
/// One in six executions is a v1 one: 400 of the default 2,400.
const LEGACY_SHARE: u32 = 6;
/// Every fortieth flow belongs to the entity before its own as well, so that a search of all entities
/// finds it twice.
const SHARED_EVERY: u32 = 40;
/// The place of a shared flow among forty: in no entity's first five, as the first entity has none before it.
const SHARED_AT: u32 = 7;

/// How many of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) flows: u32,
    pub(crate) legacy: u32,
    pub(crate) entities: u32,
}

impl Sizes {
    pub(crate) const fn new(executions: u32) -> Self {
        let legacy = executions / LEGACY_SHARE;
        let flows = executions - legacy;
        Self {
            flows,
            legacy,
            entities: flows.div_ceil(FLOWS_PER_ENTITY),
        }
    }

    /// The numbers of the flows that an entity has, in order.
    pub(crate) fn flows_of(self, entity: u32) -> impl Iterator<Item = u32> {
        let own = entity.saturating_mul(FLOWS_PER_ENTITY);
        let end = own.saturating_add(2 * FLOWS_PER_ENTITY).min(self.flows);
        (own..end).filter(move |&flow| {
            entity_of(flow) == entity || second_entity_of(flow) == Some(entity)
        })
    }
}

/// The number of the entity that a flow belongs to.
pub(super) const fn entity_of(flow: u32) -> u32 {
    flow / FLOWS_PER_ENTITY
}

/// The number of the other entity that a flow belongs to, if it is shared.
pub(super) const fn second_entity_of(flow: u32) -> Option<u32> {
    if flow % SHARED_EVERY == SHARED_AT {
        entity_of(flow).checked_sub(1)
    } else {
        None
    }
}

/// A UUID from the stream's next numbers.
pub(super) fn uuid(random: &mut Random) -> String {
    let bits = u128::from(random.next()) << 64 | u128::from(random.next());
    uuid::Builder::from_random_bytes(bits.to_be_bytes())
        .into_uuid()
        .to_string()
}

/// Of an execution that starts while the sandbox runs.
pub(super) fn started(seed: u64, number: u64) -> Uuid {
    uuid_of(&format!("{seed}/started/{number}"))
}

/// The UUID of a name: the same in each replay.
pub(crate) fn uuid_of(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

pub(crate) fn entity_id(seed: u64, number: u32) -> String {
    uuid(&mut Random::new(seed, Stream::Entity, number))
}

pub(super) fn contact_id(seed: u64, number: u32) -> String {
    uuid(&mut Random::new(seed, Stream::Contact, number))
}

pub(crate) fn flow_id(seed: u64, number: u32) -> String {
    uuid(&mut Random::new(seed, Stream::FlowId, number))
}

pub(crate) fn legacy_id(seed: u64, number: u32) -> String {
    short(&mut Random::new(seed, Stream::LegacyId, number))
}

/// 13 digits and small letters, as v1's ids look.
pub(super) fn short(random: &mut Random) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    (0..13).map(|_| char::from(*random.pick(DIGITS))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_default_is_2000_flows_of_400_entities_and_400_v1_executions() {
        assert_eq!(
            Sizes::new(2_400),
            Sizes {
                flows: 2_000,
                legacy: 400,
                entities: 400
            }
        );
    }

    #[test]
    fn every_flow_is_found_under_its_entity_and_shared_ones_twice() {
        for executions in [0, 1, 5, 6, 7, 100, 2_400] {
            let sizes = Sizes::new(executions);
            assert_eq!(sizes.flows + sizes.legacy, executions);
            let found: Vec<u32> = (0..sizes.entities)
                .flat_map(|entity| sizes.flows_of(entity))
                .collect();
            let different: HashSet<u32> = found.iter().copied().collect();
            assert_eq!(different.len(), sizes.flows as usize, "{executions}");
            let shared = (0..sizes.flows).filter(|&flow| second_entity_of(flow).is_some());
            assert_eq!(
                found.len(),
                different.len() + shared.count(),
                "{executions}"
            );
        }
    }
}

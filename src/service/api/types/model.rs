//! Records, their fields, and the types of fields.

use super::{Words, v1, v2};
use crate::api::{Generation, Level};

/// An object type: its name in the API's documentation and its fields.
#[derive(Debug)]
pub struct RecordType {
    pub name: &'static str,
    pub generation: Generation,
    pub fields: &'static [FieldType],
    /// The enclosing records that an expression reaches from a target of this type (`task.phase`); not part of the JSON.
    pub parents: &'static [Parent],
}

#[derive(Debug)]
pub struct FieldType {
    pub name: &'static str,
    pub shape: Shape,
}

#[derive(Debug)]
pub struct Parent {
    pub name: &'static str,
    pub record: &'static RecordType,
}

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Text,
    /// A value of an enumeration.
    Word(&'static Words),
    /// A text with a date or a date and time in one of the API's forms: can't be compared as text.
    Date,
    Number,
    Bool,
    /// Any value: the API does not define it.
    Any,
    Record(&'static RecordType),
    List(&'static Shape),
}

impl RecordType {
    /// With the enclosing records that an expression reaches.
    pub(super) const fn within(self, parents: &'static [Parent]) -> Self {
        Self { parents, ..self }
    }

    pub fn field(&self, name: &str) -> Option<&'static FieldType> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub fn parent(&self, name: &str) -> Option<&'static Parent> {
        self.parents.iter().find(|parent| parent.name == name)
    }

    /// All names that an expression may use after a value of this type.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let fields = self.fields.iter().map(|field| field.name);
        fields.chain(self.parents.iter().map(|parent| parent.name))
    }
}

/// The type of a target as expressions see it.
///
/// The generations have different names for the parts of an execution: v1's steps are v2's tasks, its sections are v2's phases.
pub fn record(generation: Generation, level: Level) -> &'static RecordType {
    match (generation, level) {
        (Generation::V1, Level::Entity) => &v1::ENTITY,
        (Generation::V1, Level::Execution) => &v1::EXECUTION,
        (Generation::V1, Level::Phase) => &v1::SECTION,
        (Generation::V1, Level::Step | Level::Task) => &v1::STEP,
        (Generation::V2, Level::Entity) => &v2::ENTITY,
        (Generation::V2, Level::Execution) => &v2::EXECUTION,
        (Generation::V2, Level::Phase) => &v2::PHASE,
        (Generation::V2, Level::Step | Level::Task) => &v2::TASK,
    }
}

/// Short names for the tables.
pub(super) const fn parent(name: &'static str, record: &'static RecordType) -> Parent {
    Parent { name, record }
}

pub(super) const fn field(name: &'static str, shape: Shape) -> FieldType {
    FieldType { name, shape }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::types::{ENUMERATIONS, RUNNING_FLOWS};

    fn each_record(
        record: &'static RecordType,
        seen: &mut BTreeSet<*const RecordType>,
        found: &mut Vec<&'static RecordType>,
    ) {
        if !seen.insert(std::ptr::from_ref(record)) {
            return;
        }
        found.push(record);
        let shapes = record.fields.iter().map(|field| field.shape);
        for mut shape in shapes {
            while let Shape::List(item) = shape {
                shape = *item;
            }
            if let Shape::Record(inner) = shape {
                each_record(inner, seen, found);
            }
        }
        for parent in record.parents {
            each_record(parent.record, seen, found);
        }
    }

    #[test]
    fn each_enumeration_belongs_to_a_field() {
        let words = |shape: &Shape| match shape {
            Shape::Word(words) => Some(words.name),
            Shape::Text
            | Shape::Date
            | Shape::Number
            | Shape::Bool
            | Shape::Any
            | Shape::Record(_)
            | Shape::List(_) => None,
        };
        let fields = all().into_iter().flat_map(|record| record.fields);
        let used: BTreeSet<_> = fields.filter_map(|field| words(&field.shape)).collect();
        let known: BTreeSet<_> = ENUMERATIONS.iter().map(|words| words.name).collect();
        assert_eq!(used, known);
        let (of, field) = RUNNING_FLOWS.field;
        let record = all().into_iter().find(|record| record.name == of).unwrap();
        assert!(words(&record.field(field).unwrap().shape).is_some());
    }

    fn all() -> Vec<&'static RecordType> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for generation in [Generation::V1, Generation::V2] {
            for level in Level::ALL {
                each_record(record(generation, level), &mut seen, &mut found);
            }
        }
        found
    }

    #[test]
    fn no_record_has_a_name_twice() {
        for record in all() {
            let names: BTreeSet<_> = record.names().collect();
            assert_eq!(names.len(), record.names().count(), "{}", record.name);
        }
    }

    #[test]
    fn a_record_keeps_to_its_generation() {
        for generation in [Generation::V1, Generation::V2] {
            for level in Level::ALL {
                let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
                each_record(record(generation, level), &mut seen, &mut found);
                for record in found {
                    assert_eq!(record.generation, generation, "{}", record.name);
                }
            }
        }
    }

    #[test]
    fn each_level_has_what_its_helpers_need() {
        for (generation, level, names) in [
            (
                Generation::V1,
                Level::Execution,
                ["assignedTo", "dueDate", "lastUpdateTime"],
            ),
            (
                Generation::V1,
                Level::Phase,
                ["assignedTo", "dueDate", "userIds"],
            ),
            (
                Generation::V1,
                Level::Step,
                ["assignedTo", "dueDate", "lastUpdated"],
            ),
            (
                Generation::V2,
                Level::Execution,
                ["assigned_to", "due_date", "updated_at"],
            ),
            (
                Generation::V2,
                Level::Phase,
                ["assigned_to", "due_date", "updated_at"],
            ),
            (
                Generation::V2,
                Level::Task,
                ["assigned_to", "due_date", "updated_at"],
            ),
        ] {
            for name in names {
                assert!(
                    record(generation, level).field(name).is_some(),
                    "{generation:?} {level} {name}"
                );
            }
        }
    }

    #[test]
    fn parents_are_reached_upwards_only() {
        let step = record(Generation::V1, Level::Step);
        assert_eq!(step.parent("section").unwrap().record.name, "Section");
        assert!(step.parent("execution").is_some());
        let task = record(Generation::V2, Level::Task);
        let phase = task.parent("phase").unwrap().record;
        assert_eq!(phase.name, "Phase");
        assert_eq!(
            phase.parent("execution").unwrap().record.name,
            "FlowExecution"
        );
        assert!(task.parent("execution").is_some());
        assert!(record(Generation::V2, Level::Execution).parents.is_empty());
    }
}

//! The data that expressions see.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use serde_json::Value as Json;

use super::record::{self, Parents, native};
use crate::api::types::RecordType;

/// The data that expressions see: one value for each name of the scope. Cheap to clone and to extend.
#[derive(Clone, Debug, Default)]
pub struct EvalContext {
    names: Arc<ContextNames>,
}

/// A handful of names, which are found faster one by one than in a map.
#[derive(Clone, Debug, Default)]
struct ContextNames(Vec<(&'static str, Value)>);

impl ContextNames {
    fn get(&self, name: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }
}

impl Object for ContextNames {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.0.iter().map(|(name, _)| Value::from(*name));
        Enumerator::Values(names.collect())
    }
}

impl EvalContext {
    /// An object of the API, read lazily; an absent field of its type reads as none.
    #[must_use]
    pub fn with_record(
        self,
        name: &'static str,
        data: Arc<Json>,
        record: &'static RecordType,
    ) -> Self {
        self.with_child(name, data, record, Vec::new())
    }

    /// As `with_record`, with `parents` reachable as fields (`task.phase`), and theirs in turn.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a list made for the call is all that anyone has"
    )]
    pub fn with_child(
        self,
        name: &'static str,
        data: Arc<Json>,
        record: &'static RecordType,
        parents: Parents,
    ) -> Self {
        self.with(name, record::target(data, record, &parents))
    }

    /// Plain JSON (`vars`), converted here once.
    #[must_use]
    pub fn with_json(self, name: &'static str, data: &Json) -> Self {
        self.with(name, native(data))
    }

    fn with(mut self, name: &'static str, value: Value) -> Self {
        let names = Arc::make_mut(&mut self.names);
        names.0.retain(|(known, _)| *known != name);
        names.0.push((name, value));
        self
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.get(name).is_some()
    }

    /// Whether `name` has a field that is not none.
    pub(super) fn has_field(&self, name: &str, field: &str) -> bool {
        let value = self.names.get(name);
        let field = value.and_then(|value| value.get_attr(field).ok());
        field.is_some_and(|field| !field.is_none() && !field.is_undefined())
    }

    /// The root that the engine looks names up in.
    pub(super) fn root(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.names))
    }
}

//! The data that expressions see.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::value::Value;
use serde_json::Value as Json;

use super::record::{self, Parents, native};
use crate::api::types::RecordType;

/// The data that expressions see: one value for each name of the scope. Cheap to clone and to extend.
#[derive(Clone, Debug, Default)]
pub struct EvalContext {
    names: Arc<BTreeMap<String, Value>>,
}

impl EvalContext {
    /// An object of the API, read lazily; an absent field of its type reads as none.
    #[must_use]
    pub fn with_record(self, name: &str, data: Arc<Json>, record: &'static RecordType) -> Self {
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
        name: &str,
        data: Arc<Json>,
        record: &'static RecordType,
        parents: Parents,
    ) -> Self {
        self.with(name, record::target(data, record, &parents))
    }

    /// Plain JSON (`vars`), converted here once.
    #[must_use]
    pub fn with_json(self, name: &str, data: &Json) -> Self {
        self.with(name, native(data))
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        Arc::make_mut(&mut self.names).insert(name.to_owned(), value);
        self
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Whether `name` has a field that is not none.
    pub(super) fn has_field(&self, name: &str, field: &str) -> bool {
        let value = self.names.get(name);
        let field = value.and_then(|value| value.get_attr(field).ok());
        field.is_some_and(|field| !field.is_none() && !field.is_undefined())
    }

    /// The root that the engine looks names up in.
    pub(super) fn root(&self) -> Value {
        Value::from_dyn_object(self.names.clone())
    }
}

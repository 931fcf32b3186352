//! `shift_due_date`: the due date moves by a distance in calendar units.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Edit, FieldWrite, Nature, Planned, Subject};
use crate::{
    api::Generation,
    dates::{self, Distance},
    json,
    template::Template,
};

#[derive(Clone, Debug)]
pub struct ShiftDueDate {
    /// A distance: `3 days`, `-2 weeks`.
    pub by: Template,
}

impl ShiftDueDate {
    pub(super) fn plan(&self, subject: &Subject<'_>) -> Planned {
        let (path, dynamic) = match subject.generation {
            Generation::V1 => ("dueDate", "dynamicDueDate"),
            Generation::V2 => ("due_date", "due_date_config"),
        };
        let Some(due) = subject.text(path) else {
            return Planned::Nothing(match json::get(subject.data, dynamic) {
                Some(_) => format!("has a {dynamic} and no {path} yet"),
                None => "has no due date".to_owned(),
            });
        };
        match self.shifted(subject, due) {
            Err(reason) => Planned::Reject(reason),
            Ok(after) if after == due => Planned::Nothing("is due then already".to_owned()),
            Ok(after) => Planned::Edit(Edit {
                operation: subject.patch(),
                writes: vec![FieldWrite {
                    path,
                    after: Value::String(after),
                    undo: Value::String(due.to_owned()),
                }],
                expects: BTreeMap::new(),
                requires: Vec::new(),
                nature: Nature::PLAIN,
            }),
        }
    }

    fn shifted(&self, subject: &Subject<'_>, due: &str) -> Result<String, String> {
        let by = Distance::parse(&subject.word(&self.by)?).map_err(|error| error.to_string())?;
        dates::shift(due, &by, subject.zone).map_err(|error| error.to_string())
    }
}

//! `reassign`: other assignees; variable assignees stay.

use crate::template::Template;

#[derive(Clone, Debug)]
pub enum Reassign {
    /// Where `from` is assigned, `to` takes its place.
    FromTo { from: Template, to: Template },
    /// Exactly these.
    Set(Vec<Template>),
    /// These more, those less.
    Change {
        add: Vec<Template>,
        remove: Vec<Template>,
    },
}

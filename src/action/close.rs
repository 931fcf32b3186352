//! `close`: an execution ends with a reason.

use crate::template::Template;

#[derive(Clone, Debug)]
pub struct Close {
    /// Titles or ids in order of preference: the first that is configured is selected.
    pub reason: Vec<Template>,
    pub description: Option<Template>,
}

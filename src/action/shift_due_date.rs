//! `shift_due_date`: the due date moves by a distance in calendar units.

use crate::template::Template;

#[derive(Clone, Debug)]
pub struct ShiftDueDate {
    /// A distance: `3 days`, `-2 weeks`.
    pub by: Template,
}

//! The names of fields with the same meaning in both generations.

/// The fields with the assignees. `userIds` is deprecated; steps and sections of the first generation still have it.
pub const ASSIGNEE_FIELDS: [&str; 3] = ["assigned_to", "assignedTo", "userIds"];

/// The fields with the due date.
pub const DUE_DATE_FIELDS: [&str; 2] = ["due_date", "dueDate"];

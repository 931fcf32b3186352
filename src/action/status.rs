//! The words of a status and what they mean.

/// Whether a task with this status has ended, for better or worse.
pub(super) fn has_ended(status: &str) -> bool {
    matches!(status, "COMPLETED" | "SKIPPED" | "FAILED")
}

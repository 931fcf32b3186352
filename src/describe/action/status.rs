//! The transitions of a task's status: pure.

/// What is necessary to reach a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// The task has this status.
    None,
    Forward,
    /// Revert the task, which resets all later tasks.
    Revert,
}

/// The statuses that a playbook may set; the service sets the others.
pub(super) const SETTABLE: [&str; 4] = ["PENDING", "IN_PROGRESS", "COMPLETED", "SKIPPED"];

/// Whether a task with this status has ended, successfully or not.
pub fn has_ended(status: &str) -> bool {
    matches!(status, "COMPLETED" | "SKIPPED" | "FAILED")
}

/// The current name of a status: two old ones mean PENDING.
pub(super) fn current_name(status: &str) -> &str {
    match status {
        "UNASSIGNED" | "ASSIGNED" => "PENDING",
        other => other,
    }
}

/// Whether the service allows this transition of a second-generation task; `revert` is whether reverting is intended, and how that is
/// written.
///
/// # Errors
///
/// Why not, as the end of a sentence.
pub(super) fn transition(
    from: &str,
    to: &str,
    (revert, written): (bool, &str),
) -> Result<Move, String> {
    match (current_name(from), to) {
        (from, to) if from == to => Ok(Move::None),
        ("PENDING", "IN_PROGRESS") | ("IN_PROGRESS", "COMPLETED") | ("PENDING" | "IN_PROGRESS", "SKIPPED") => {
            Ok(Move::Forward)
        }
        ("COMPLETED" | "SKIPPED", "PENDING") if revert => Ok(Move::Revert),
        ("COMPLETED" | "SKIPPED", "PENDING") => Err(format!(
            "is {from}, and goes back to PENDING with `{written}: true` only, which resets every later task"
        )),
        ("PENDING", "COMPLETED") => Err(
            "is PENDING, and is COMPLETED only from IN_PROGRESS: put `set_status: IN_PROGRESS` before it".to_owned(),
        ),
        (from, to) => Err(format!("is {from}, which does not become {to}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_moves_as_the_service_allows() {
        let moves = |from: &str, revert: bool| {
            SETTABLE.map(|to| match transition(from, to, (revert, "revert")) {
                Ok(Move::None) => '=',
                Ok(Move::Forward) => '>',
                Ok(Move::Revert) => '<',
                Err(_) => '-',
            })
        };
        // To PENDING, IN_PROGRESS, COMPLETED, SKIPPED; without and with `revert`.
        for (from, plain, reverting) in [
            ("PENDING", "=>->", "=>->"),
            ("UNASSIGNED", "=>->", "=>->"),
            ("ASSIGNED", "=>->", "=>->"),
            ("IN_PROGRESS", "-=>>", "-=>>"),
            ("COMPLETED", "--=-", "<-=-"),
            ("SKIPPED", "---=", "<--="),
            ("SCHEDULED", "----", "----"),
            ("FAILED", "----", "----"),
        ] {
            assert_eq!(String::from_iter(moves(from, false)), plain, "{from}");
            assert_eq!(String::from_iter(moves(from, true)), reverting, "{from}");
        }
    }
}

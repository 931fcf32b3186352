//! A change whose outcome needs attention.

use serde::Serialize;

use crate::{event::Event, outcome::Outcome, plan::Target};

/// The entry for such a change in the files of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Problem<'a> {
    pub target: &'a Target,
    pub action: &'a [String],
    pub outcome: Outcome,
    /// The answer of the service or the finding of the re-check; or why it was not attempted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'a str>,
}

impl<'a> Problem<'a> {
    /// None if the change is applied or already done.
    pub const fn new(
        target: &'a Target,
        action: &'a [String],
        outcome: Outcome,
        detail: Option<&'a str>,
    ) -> Option<Self> {
        match outcome {
            Outcome::Applied | Outcome::AlreadyDone => None,
            Outcome::Drifted
            | Outcome::Gone
            | Outcome::Refused
            | Outcome::Failed
            | Outcome::InDoubt
            | Outcome::NotAttempted => Some(Self {
                target,
                action,
                outcome,
                detail,
            }),
        }
    }

    /// The problem in an event.
    pub fn of(event: &'a Event) -> Option<Self> {
        match event {
            Event::Ended {
                target,
                action,
                outcome,
                detail,
                line: _,
                change: _,
                attempts: _,
            } => Self::new(target, action, *outcome, detail.as_deref()),
            Event::Started { .. }
            | Event::Stage { .. }
            | Event::Counted { .. }
            | Event::Retried { .. }
            | Event::Doubted { .. }
            | Event::Throttled { .. }
            | Event::Draining { .. }
            | Event::Settling { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::words::tests::task;

    #[test]
    fn only_what_needs_a_look_is_a_problem() {
        let target = task("e1", "t1", "");
        for (outcome, is_problem) in [
            (Outcome::Applied, false),
            (Outcome::AlreadyDone, false),
            (Outcome::NotAttempted, true),
            (Outcome::Drifted, true),
            (Outcome::Gone, true),
            (Outcome::Refused, true),
            (Outcome::Failed, true),
            (Outcome::InDoubt, true),
        ] {
            let event = Event::Ended {
                line: 2,
                change: "c1".to_owned(),
                attempts: 1,
                target: target.clone(),
                action: Vec::new(),
                outcome,
                detail: None,
            };
            assert_eq!(Problem::of(&event).is_some(), is_problem, "{outcome}");
        }
    }
}

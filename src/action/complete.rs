//! `complete` and `reopen`: an execution is done, or goes on.

use serde_json::json;

use super::{Edit, Effect, FieldWrite, Nature, Planned, Repeat, Subject};

/// The status that an execution gets; `close` gives the third one, with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOrGoOn {
    Complete,
    Reopen,
}

/// A read tells a status; flows that end or go on are events that automations listen to.
pub(super) const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[Effect::AutomationsMayFire],
    irreversible: None,
};

impl EndOrGoOn {
    pub(super) fn plan(self, subject: &Subject<'_>) -> Planned {
        // The first generation knows executions without a status: they are none of those that are worked on.
        let Some(from) = subject.text("status") else {
            return Planned::Nothing("has no status".to_owned());
        };
        let to = match (self, from) {
            (Self::Complete, "STARTED") => "DONE",
            (Self::Reopen, "DONE" | "CLOSED") => "STARTED",
            (Self::Complete | Self::Reopen, _) => {
                return Planned::Nothing(format!("is {from} already"));
            }
        };
        Planned::Edit(Edit {
            nature: NATURE,
            ..Edit::fields(
                subject,
                vec![FieldWrite::new(subject.data, "status", json!(to))],
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{flow, over_executions, over_flows, row, said};

    #[test]
    fn an_execution_ends_or_goes_on_in_both_generations() {
        for (action, status, line) in [
            ("complete", "STARTED", r#"{"status":"DONE"}"#),
            ("complete", "DONE", "skipped e: is DONE already"),
            ("complete", "CLOSED", "skipped e: is CLOSED already"),
            ("reopen", "STARTED", "skipped e: is STARTED already"),
            ("reopen", "DONE", r#"{"status":"STARTED"}"#),
            ("reopen", "CLOSED", r#"{"status":"STARTED"}"#),
            ("complete", "", "skipped e: has no status"),
            ("reopen", "", "skipped e: has no status"),
        ] {
            let actions = format!("actions: [ {action} ]");
            let fields = match status {
                "" => json!({"status": null}),
                status => json!({"status": status}),
            };
            let v2 = said(&over_flows("", &actions), &flow("e", &fields)).join("");
            let v1 = said(&over_executions("", &actions), &row("e", &fields)).join("");
            assert_eq!(v2.replace("PATCH /v2/flows/executions/e ", ""), line);
            assert_eq!(v1.replace("PATCH /v1/workflows/executions/e ", ""), line);
        }
    }
}

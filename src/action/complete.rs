//! `complete` and `reopen`: an execution is done, or goes on.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Edit, Effect, FieldWrite, Nature, Planned, Repeat, Subject};

/// The status that an execution gets; `close` gives the third one, with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOrGoOn {
    Complete,
    Reopen,
}

const NATURE: Nature = Nature {
    repeat: Repeat::Readable,
    effects: &[Effect::AutomationsMayFire],
    irreversible: None,
};

impl EndOrGoOn {
    pub(super) fn plan(self, subject: &Subject<'_>) -> Planned {
        let Some(from) = subject.text("status") else {
            return Planned::Reject("has no status".to_owned());
        };
        let to = match (self, from) {
            (Self::Complete, "STARTED") => "DONE",
            (Self::Reopen, "DONE" | "CLOSED") => "STARTED",
            (Self::Complete | Self::Reopen, _) => {
                return Planned::Nothing(format!("is {from} already"));
            }
        };
        Planned::Edit(Edit {
            operation: subject.patch(),
            writes: vec![FieldWrite {
                path: "status",
                after: json!(to),
                undo: json!(from),
            }],
            sends: Vec::new(),
            expects: BTreeMap::new(),
            requires: Vec::new(),
            nature: NATURE,
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
        ] {
            let actions = format!("actions: [ {action} ]");
            let fields = json!({"status": status});
            let v2 = said(&over_flows("", &actions), &flow("e", &fields)).join("");
            let v1 = said(&over_executions("", &actions), &row("e", &fields)).join("");
            assert_eq!(v2.replace("PATCH /v2/flows/executions/e ", ""), line);
            assert_eq!(v1.replace("PATCH /v1/workflows/executions/e ", ""), line);
        }
    }
}

//! What a rule that writes attributes of entities waits for.

use serde::{Deserialize, Serialize};

macro_rules! sync_triggers {
    ($($event:ident)*; $($of_v1:ident $word:literal)*) => {
        /// An event of a flow (`entity_sync`), or what an execution of the first generation tells of itself
        /// (`updateEntityAttributes`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum SyncTrigger {
            $($event,)*
            $(#[serde(rename = $word)] $of_v1,)*
        }

        impl SyncTrigger {
            /// The API's words for the events of a flow.
            pub const EVENTS: &[&str] = &[$(stringify!($event)),*];

            /// The API's words for what an execution of the first generation tells of itself.
            pub const OF_V1: &[&str] = &[$($word),*];

            /// The API's word for it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$event => stringify!($event),)*
                    $(Self::$of_v1 => $word,)*
                }
            }
        }
    };
}

sync_triggers! {
    FlowStarted FlowCompleted FlowCancelled FlowReopened FlowDeleted FlowAssigned FlowDueDateChanged FlowContextsChanged
    TaskUpdated CurrTaskChanged TaskCompleted TaskSkipped TaskMarkedInProgress TaskMarkedOnHold
    PhaseUpdated PhaseCompleted PhaseSkipped PhaseMarkedInProgress;
    WorkflowStatus "workflow_status"
    CurrentSection "current_section"
    CurrentStep "current_step"
}

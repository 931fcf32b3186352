//! The events that trigger a rule that writes attributes of entities.

use serde::{Deserialize, Serialize};

macro_rules! sync_triggers {
    ($($event:ident)*; $($of_v1:ident $word:literal)*) => {
        /// An event of a flow (`entity_sync`), or a value of a first-generation execution (`updateEntityAttributes`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum SyncTrigger {
            $($event,)*
            $(#[serde(rename = $word)] $of_v1,)*
        }

        impl SyncTrigger {
            /// The API's names of the events of a flow.
            pub const EVENTS: &[&str] = &[$(stringify!($event)),*];

            /// The API's names of the values of a first-generation execution.
            pub const OF_V1: &[&str] = &[$($word),*];

            /// The API's name.
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

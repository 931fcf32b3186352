//! `undo`: brings back the values before a change of an earlier run. Only plans have it: `wf-bulk undo` makes them.

use super::{ActionKind, ArgumentsForm, Requests};
use crate::api::Level;

pub(super) static KIND: ActionKind = ActionKind {
    word: "undo",
    doc: "Brings back the values before a change of an earlier run.",
    example: "",
    levels: &[Level::Execution, Level::Step, Level::Phase, Level::Task],
    only_in: None,
    form: ArgumentsForm::None,
    converges: true,
    needs_allow: false,
    again: "no change",
    undo: "yes",
    requests: Requests::Patch(|_, _| true),
    // No playbook can name it.
    read: |_| None,
};

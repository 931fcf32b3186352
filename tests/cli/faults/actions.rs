//! Every action, in each generation that has it, as a change of one target: what the fault matrix is made of.

use wf_bulk::action::Repeat;

use crate::{
    environment::{Environment, SandboxProcess},
    operations::{CASES, first, playbook},
};

/// One action as a playbook, and what a run has to know of its request.
pub(crate) struct Subject {
    pub(crate) action: &'static str,
    pub(crate) api: &'static str,
    /// Tells two subjects of one action apart.
    pub(crate) which: &'static str,
    source: Source,
    /// The effect that the ledger shows.
    pub(crate) effect: &'static str,
    pub(crate) repeat: Repeat,
    /// The service answers without a body.
    pub(crate) silent: bool,
}

enum Source {
    /// The playbook of the operation with this name.
    Operation(&'static str),
    /// Of its own.
    Playbook(&'static str),
    /// Of one execution, whose id stands for `ID`, after it was changed as somebody else would.
    Edited {
        list: &'static str,
        edit: &'static str,
        playbook: &'static str,
    },
}

const V1: &str = "/v1/workflows/executions";
const V2: &str = "/v2/flows/executions:search";

impl Subject {
    pub(crate) fn name(&self) -> String {
        let word = self.action;
        if self.which.is_empty() {
            format!("{word} ({})", self.api)
        } else {
            format!("{word}, {} ({})", self.which, self.api)
        }
    }

    /// A sandbox of so many has a target for it; the smaller, the sooner it is read.
    pub(crate) fn executions(&self) -> &'static str {
        if matches!(self.action, "add_task" | "close") {
            "60"
        } else {
            "30"
        }
    }

    /// Writes the playbook, and changes the data as it expects them.
    pub(crate) fn prepare(&self, environment: &Environment, sandbox: &SandboxProcess) -> String {
        let rest = match self.source {
            Source::Operation(name) => {
                let case = CASES.iter().find(|case| case.operation == name).unwrap();
                assert_eq!(case.effect, self.effect, "{name}");
                case.playbook.to_owned()
            }
            Source::Playbook(rest) => rest.to_owned(),
            Source::Edited {
                list,
                edit,
                playbook,
            } => {
                let id = first(sandbox, list);
                sandbox.request("POST", &format!("/_sandbox/edit/{id}"), edit);
                playbook.replace("ID", &id)
            }
        };
        playbook(environment, "subject", &rest)
    }
}

const fn subject(
    (action, which, api): (&'static str, &'static str, &'static str),
    repeat: Repeat,
    effect: &'static str,
    source: Source,
) -> Subject {
    Subject {
        action,
        api,
        which,
        source,
        effect,
        repeat,
        silent: false,
    }
}

/// One whose answer has no body.
const fn silent(subject: Subject) -> Subject {
    Subject {
        silent: true,
        ..subject
    }
}

/// The repeat kinds are those of the design's page, written down once more: the plan has to agree.
pub(crate) const SUBJECTS: &[Subject] = &[
    subject(
        ("reassign", "execution", "v2"),
        Repeat::Safe,
        "patch_flow",
        Source::Playbook("select: { FLOWS }\nactions: [ reassign: { set: [\"7\"] } ]"),
    ),
    subject(
        ("reassign", "task", "v2"),
        Repeat::Safe,
        "patch_task",
        Source::Playbook("select: { FLOWS, each: task }\nactions: [ reassign: { add: [\"7\"] } ]"),
    ),
    silent(subject(
        ("reassign", "execution", "v1"),
        Repeat::Safe,
        "update_execution",
        Source::Operation("updateExecution"),
    )),
    subject(
        ("shift_due_date", "", "v2"),
        Repeat::Safe,
        "patch_task",
        Source::Playbook(
            "select: { FLOWS, each: task, where_each: due(task) is not none }\nactions: [ shift_due_date: { by: 3 days } ]",
        ),
    ),
    subject(
        ("shift_due_date", "", "v1"),
        Repeat::Safe,
        "update_step",
        Source::Playbook(
            "select: { executions: { list: {} }, each: step, where_each: due(step) is not none }\nactions: [ shift_due_date: { by: 3 days } ]",
        ),
    ),
    subject(
        ("set_due_date", "", "v2"),
        Repeat::Safe,
        "patch_phase",
        Source::Playbook("select: { FLOWS, each: phase }\nactions: [ set_due_date: 2027-02-01 ]"),
    ),
    silent(subject(
        ("set_due_date", "", "v1"),
        Repeat::Safe,
        "update_execution",
        Source::Playbook(
            "select: { executions: { list: {} } }\nactions: [ set_due_date: 2027-02-01 ]",
        ),
    )),
    subject(
        ("move_off_holidays", "", "v2"),
        Repeat::Safe,
        "patch_flow",
        Source::Edited {
            list: V2,
            // A Saturday.
            edit: r#"{"due_date": "2027-01-02T00:00:00.000"}"#,
            playbook: "select: { ids: [ ID ] }\nactions: [ move_off_holidays ]",
        },
    ),
    silent(subject(
        ("move_off_holidays", "", "v1"),
        Repeat::Safe,
        "update_execution",
        Source::Edited {
            list: V1,
            edit: r#"{"dueDate": "2027-01-02T00:00:00.000"}"#,
            playbook: "select: { ids: { list: [ ID ], api: v1 } }\nactions: [ move_off_holidays ]",
        },
    )),
    subject(
        ("close", "", "v2"),
        Repeat::Readable,
        "patch_flow",
        Source::Playbook(
            "select: { FLOWS }\nactions: [ close: { reason: [ Keine Rückmeldung, Kunde zog zurück, Duplikat ] } ]",
        ),
    ),
    silent(subject(
        ("close", "", "v1"),
        Repeat::Readable,
        "update_execution",
        Source::Operation("getClosingReasonExecution"),
    )),
    subject(
        ("complete", "", "v2"),
        Repeat::Readable,
        "patch_flow",
        Source::Operation("patchFlowExecution"),
    ),
    silent(subject(
        ("complete", "", "v1"),
        Repeat::Readable,
        "update_execution",
        Source::Playbook(
            "select: { executions: { list: {} }, where: execution.status == \"STARTED\" }\nactions: [ complete ]",
        ),
    )),
    subject(
        ("reopen", "", "v2"),
        Repeat::Readable,
        "patch_flow",
        Source::Edited {
            list: V2,
            edit: r#"{"status": "DONE"}"#,
            playbook: "select: { ids: [ ID ] }\nactions: [ reopen ]",
        },
    ),
    silent(subject(
        ("reopen", "", "v1"),
        Repeat::Readable,
        "update_execution",
        Source::Edited {
            list: V1,
            edit: r#"{"status": "DONE"}"#,
            playbook: "select: { ids: { list: [ ID ], api: v1 } }\nactions: [ reopen ]",
        },
    )),
    subject(
        ("set_status", "", "v2"),
        Repeat::Readable,
        "patch_task",
        Source::Operation("patchTask"),
    ),
    subject(
        ("set_status", "", "v1"),
        Repeat::Readable,
        "update_step",
        Source::Operation("updateStep"),
    ),
    subject(
        ("set_status", "revert", "v2"),
        Repeat::Once,
        "patch_task",
        Source::Playbook(
            "select: { FLOWS, each: task, where_each: 'task.status == \"COMPLETED\" and task.phase.status == \"IN_PROGRESS\"' }
actions: [ set_status: { to: PENDING, revert: true } ]
guards: { allow: [revert] }",
        ),
    ),
    subject(
        ("run_schedule_now", "", "v2"),
        Repeat::Readable,
        "run_schedule_now",
        Source::Operation("runTaskScheduleNow"),
    ),
    silent(subject(
        ("cancel_schedule", "", "v2"),
        Repeat::Readable,
        "cancel_schedule",
        Source::Playbook(
            "select: { FLOWS, each: task, where_each: task.status == \"SCHEDULED\" }
actions: [ cancel_schedule ]
guards: { allow: [cancel_schedule] }",
        ),
    )),
    subject(
        ("run_automation", "", "v2"),
        Repeat::Once,
        "run_automation",
        Source::Operation("runTaskAutomation"),
    ),
    subject(
        ("execute", "", "v2"),
        Repeat::Once,
        "execute_task",
        Source::Operation("executeTask"),
    ),
    subject(
        ("reconcile_automation", "", "v2"),
        Repeat::Safe,
        "reconcile_automation",
        Source::Playbook(
            "select: { FLOWS, each: task, where_each: 'task.status == \"IN_PROGRESS\" and task.task_type == \"AUTOMATION\"' }
actions: [ reconcile_automation ]",
        ),
    ),
    subject(
        ("add_step", "", "v1"),
        Repeat::Once,
        "create_step",
        Source::Operation("createStep"),
    ),
    silent(subject(
        ("delete_step", "", "v1"),
        Repeat::Readable,
        "delete_step",
        Source::Operation("deleteStep"),
    )),
    subject(
        ("add_task", "", "v2"),
        Repeat::Readable,
        "add_task",
        Source::Operation("addTask"),
    ),
    subject(
        ("start", "", "v2"),
        Repeat::Once,
        "start_flow",
        Source::Operation("startFlowExecution"),
    ),
    subject(
        ("start", "", "v1"),
        Repeat::Once,
        "create_execution",
        Source::Operation("createExecution"),
    ),
    silent(subject(
        ("delete", "", "v2"),
        Repeat::Readable,
        "delete_flow",
        Source::Playbook("select: { FLOWS }\nactions: [ delete ]\nguards: { allow: [delete] }"),
    )),
    silent(subject(
        ("delete", "soft", "v2"),
        Repeat::Readable,
        "soft_delete_flow",
        Source::Playbook(
            "select: { FLOWS }\nactions: [ delete: { soft: true } ]\nguards: { allow: [delete] }",
        ),
    )),
    silent(subject(
        ("delete", "", "v1"),
        Repeat::Readable,
        "delete_execution",
        Source::Playbook(
            "select: { executions: { list: {} } }\nactions: [ delete ]\nguards: { allow: [delete] }",
        ),
    )),
    subject(
        ("patch", "", "v2"),
        Repeat::Safe,
        "patch_phase",
        Source::Operation("patchPhase"),
    ),
    subject(
        ("patch", "what no read shows", "v1"),
        Repeat::Safe,
        "update_step",
        Source::Operation("updateStep, what no read shows"),
    ),
];

//! What goes wrong with single requests, scripted in the sandbox, and what a run must make of it.

mod actions;
mod cells;
mod findings;
mod matrix;
mod reads;
mod table;

pub(crate) use actions::{SUBJECTS, Subject};
pub(crate) use cells::all as all_cells;
use serde_json::Value;

use crate::environment::{Ended, Environment, SandboxProcess};

/// A sandbox with so many executions and these faults. No automation ends by itself, so that nobody but the client changes
/// anything.
fn faulty(faults: &Value, executions: &str) -> SandboxProcess {
    let arguments = [
        "--executions",
        executions,
        "--automations-take",
        "3000000000",
    ];
    SandboxProcess::with_faults_and(faults, &arguments)
}

/// Runs one change of a playbook.
fn run_one(environment: &Environment, sandbox: &SandboxProcess, playbook: &str) -> Ended {
    let timeout = table::TIMEOUT_S.to_string();
    let one = ["run", playbook, "--limit", "1", "--yes", "--json"];
    environment.run_on(sandbox, &[&one[..], &["--timeout", &timeout]].concat())
}

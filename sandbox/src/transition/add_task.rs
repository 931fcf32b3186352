//! `addTask`: a task between two others.

use jiff::Timestamp;
use uuid::Uuid;

use super::common::require_running;
use crate::{
    generate::uuid_of,
    refused::Refused,
    wire::{
        TaskStatus, moved, stamp,
        v2::{Edge, Flow, Task, TaskType},
        v2_requests::AddTaskRequest,
    },
};

/// Puts the task on the edge between its neighbours; gives its place. The client may choose its id, which then must
/// be a new one.
pub(crate) fn add_task(
    flow: &mut Flow,
    sent: AddTaskRequest,
    now: Timestamp,
) -> Result<usize, Refused> {
    let invalid = |text: String| Err(Refused::Invalid(text));
    require_running(flow)?;
    let AddTaskRequest {
        previous_task_id: previous,
        next_task_id: next,
        task: sent,
    } = sent;
    let chosen = sent.id.as_ref();
    for id in [Some(&previous), Some(&next), chosen].into_iter().flatten() {
        if Uuid::parse_str(id).is_err() {
            return invalid(format!("{id} is no UUID"));
        }
    }
    for id in [&previous, &next] {
        if !flow.tasks.iter().any(|task| task.id == *id) {
            return invalid(format!("there is no task {id}"));
        }
    }
    let id = sent.id.unwrap_or_else(|| {
        let name = format!("{}/{previous}/{next}/{}", flow.id, flow.tasks.len());
        uuid_of(&name).to_string()
    });
    if flow.tasks.iter().any(|task| task.id == id) {
        return Err(Refused::Conflict(format!("there is a task {id} already")));
    }
    let Some(edge) = flow
        .edges
        .iter_mut()
        .find(|edge| edge.from_id == previous && edge.to_id == next)
    else {
        return invalid(format!("no edge leads from {previous} to {next}"));
    };
    let neighbour = flow.tasks.iter().position(|task| task.id == previous);
    let neighbour = neighbour.unwrap_or_default();
    let phase = sent
        .phase_id
        .unwrap_or_else(|| flow.tasks[neighbour].phase_id.clone());
    if !flow.phases.iter().any(|one| one.id == phase) {
        return invalid(format!("there is no phase {phase}"));
    }
    edge.to_id.clone_from(&id);
    flow.edges.push(Edge {
        id: uuid_of(&format!("{id}/edge")).to_string(),
        from_id: id.clone(),
        to_id: next,
        condition_id: None,
        none_met: None,
    });
    let task = Task {
        template_id: id.clone(),
        id,
        name: sent.name,
        status: sent.status.unwrap_or(TaskStatus::Pending),
        due_date: sent.due_date,
        due_date_config: sent.due_date_config,
        assigned_to: sent.assigned_to,
        created_at: stamp(now),
        updated_at: stamp(now),
        manually_created: true,
        enabled: sent.enabled.unwrap_or(true),
        phase_id: phase,
        task_type: sent.task_type.unwrap_or(TaskType::Manual),
        automation_config: sent.automation_config,
        ..Task::default()
    };
    flow.tasks.insert(neighbour + 1, task);
    flow.updated_at = moved(&flow.updated_at, now);
    Ok(neighbour + 1)
}

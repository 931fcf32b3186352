//! The operations of the API, with their paths.

use serde::{Deserialize, Serialize};

use super::{Generation, Id, IdError};

/// The HTTP methods that the operations use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Patch,
    Post,
    Delete,
}

/// The services whose operations are used; each has an origin of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    WorkflowExecutions,
    /// The search for entities only.
    Entities,
}

/// What becomes of a flow that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Removal {
    ForGood,
    /// It is hidden and kept.
    Soft,
}

/// One operation on one resource; the only way to a URL path, so every id in a path is checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    GetExecutions,
    SearchExecutions,
    CreateExecution,
    GetExecution(Id),
    UpdateExecution(Id),
    DeleteExecution(Id),
    GetClosingReasons(Id),
    CreateStep(Id),
    UpdateStep(Id, Id),
    DeleteStep(Id, Id),
    SearchFlows,
    StartFlow,
    GetFlow(Id),
    PatchFlow(Id),
    DeleteFlow(Id, Removal),
    PatchPhase(Id, Id),
    AddTask(Id),
    PatchTask(Id, Id),
    RunAutomation(Id, Id),
    ExecuteTask(Id, Id),
    ReconcileAutomation(Id, Id),
    RunScheduleNow(Id, Id),
    CancelSchedule(Id, Id),
    SearchEntities,
}

/// Why a method and a path are no operation.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    #[error("{0}")]
    Id(#[from] IdError),
    #[error("no operation that writes has this method and path")]
    Unknown,
}

const V1: &str = "/v1/workflows/executions";
const V2: &str = "/v2/flows/executions";

/// How a plan writes the query of a soft delete.
const SOFT: &str = "?soft=true";

impl Operation {
    pub const fn method(&self) -> Method {
        match self {
            Self::GetExecutions
            | Self::GetExecution(_)
            | Self::GetClosingReasons(_)
            | Self::GetFlow(_) => Method::Get,
            Self::UpdateExecution(_)
            | Self::UpdateStep(..)
            | Self::PatchFlow(_)
            | Self::PatchPhase(..)
            | Self::PatchTask(..) => Method::Patch,
            Self::SearchExecutions
            | Self::CreateExecution
            | Self::CreateStep(_)
            | Self::SearchFlows
            | Self::StartFlow
            | Self::AddTask(_)
            | Self::RunAutomation(..)
            | Self::ExecuteTask(..)
            | Self::ReconcileAutomation(..)
            | Self::RunScheduleNow(..)
            | Self::SearchEntities => Method::Post,
            Self::DeleteExecution(_)
            | Self::DeleteStep(..)
            | Self::DeleteFlow(..)
            | Self::CancelSchedule(..) => Method::Delete,
        }
    }

    /// The path, without a query.
    pub fn path(&self) -> String {
        match self {
            Self::GetExecutions | Self::CreateExecution => V1.to_owned(),
            Self::SearchExecutions => format!("{V1}/search"),
            Self::GetExecution(id) | Self::UpdateExecution(id) | Self::DeleteExecution(id) => {
                format!("{V1}/{id}")
            }
            Self::GetClosingReasons(id) => format!("{V1}/{id}/closing-reasons"),
            Self::CreateStep(id) => format!("{V1}/{id}/steps"),
            Self::UpdateStep(id, step) | Self::DeleteStep(id, step) => {
                format!("{V1}/{id}/steps/{step}")
            }
            Self::SearchFlows => format!("{V2}:search"),
            Self::StartFlow => V2.to_owned(),
            Self::GetFlow(id) | Self::PatchFlow(id) | Self::DeleteFlow(id, _) => {
                format!("{V2}/{id}")
            }
            Self::PatchPhase(id, phase) => format!("{V2}/{id}/phases/{phase}"),
            Self::AddTask(id) => format!("{V2}/{id}/tasks"),
            Self::PatchTask(id, task) => format!("{V2}/{id}/tasks/{task}"),
            Self::RunAutomation(id, task) => format!("{V2}/{id}/tasks/{task}/automation:run"),
            Self::ExecuteTask(id, task) => format!("{V2}/{id}/tasks/{task}/execute"),
            Self::ReconcileAutomation(id, task) => {
                format!("{V2}/{id}/tasks/{task}/reconcile-automation")
            }
            Self::RunScheduleNow(id, task) => format!("{V2}/{id}/tasks/{task}/schedule/run-now"),
            Self::CancelSchedule(id, task) => format!("{V2}/{id}/tasks/{task}/schedule"),
            Self::SearchEntities => "/v1/entity:search".to_owned(),
        }
    }

    /// The query that belongs to the operation itself.
    pub const fn query(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::DeleteFlow(_, Removal::Soft) => &[("soft", "true")],
            Self::DeleteFlow(_, Removal::ForGood)
            | Self::GetExecutions
            | Self::SearchExecutions
            | Self::CreateExecution
            | Self::GetExecution(_)
            | Self::UpdateExecution(_)
            | Self::DeleteExecution(_)
            | Self::GetClosingReasons(_)
            | Self::CreateStep(_)
            | Self::UpdateStep(..)
            | Self::DeleteStep(..)
            | Self::SearchFlows
            | Self::StartFlow
            | Self::GetFlow(_)
            | Self::PatchFlow(_)
            | Self::PatchPhase(..)
            | Self::AddTask(_)
            | Self::PatchTask(..)
            | Self::RunAutomation(..)
            | Self::ExecuteTask(..)
            | Self::ReconcileAutomation(..)
            | Self::RunScheduleNow(..)
            | Self::CancelSchedule(..)
            | Self::SearchEntities => &[],
        }
    }

    /// Path and query as a plan holds them.
    pub fn address(&self) -> String {
        match self.query() {
            [] => self.path(),
            _ => self.path() + SOFT,
        }
    }

    pub const fn service(&self) -> Service {
        match self {
            Self::SearchEntities => Service::Entities,
            Self::GetExecutions
            | Self::SearchExecutions
            | Self::CreateExecution
            | Self::GetExecution(_)
            | Self::UpdateExecution(_)
            | Self::DeleteExecution(_)
            | Self::GetClosingReasons(_)
            | Self::CreateStep(_)
            | Self::UpdateStep(..)
            | Self::DeleteStep(..)
            | Self::SearchFlows
            | Self::StartFlow
            | Self::GetFlow(_)
            | Self::PatchFlow(_)
            | Self::DeleteFlow(..)
            | Self::PatchPhase(..)
            | Self::AddTask(_)
            | Self::PatchTask(..)
            | Self::RunAutomation(..)
            | Self::ExecuteTask(..)
            | Self::ReconcileAutomation(..)
            | Self::RunScheduleNow(..)
            | Self::CancelSchedule(..) => Service::WorkflowExecutions,
        }
    }

    /// The operation that reads a whole execution.
    pub fn read(generation: Generation, execution: &Id) -> Self {
        match generation {
            Generation::V1 => Self::GetExecution(execution.clone()),
            Generation::V2 => Self::GetFlow(execution.clone()),
        }
    }

    /// Finds the writing operation behind a method and an address, as a plan file holds them.
    ///
    /// # Errors
    ///
    /// When an id in the path is not safe, or no writing operation has this method and address.
    pub fn parse_write(method: Method, address: &str) -> Result<Self, OperationError> {
        let (generation, rest) = if let Some(rest) = address.strip_prefix(V1) {
            (Generation::V1, rest)
        } else if let Some(rest) = address.strip_prefix(V2) {
            (Generation::V2, rest)
        } else {
            return Err(OperationError::Unknown);
        };
        if rest.is_empty() {
            return match (method, generation) {
                (Method::Post, Generation::V1) => Ok(Self::CreateExecution),
                (Method::Post, Generation::V2) => Ok(Self::StartFlow),
                (Method::Get | Method::Patch | Method::Delete, Generation::V1 | Generation::V2) => {
                    Err(OperationError::Unknown)
                }
            };
        }
        let rest = rest.strip_prefix('/').ok_or(OperationError::Unknown)?;
        let parts: Vec<&str> = rest.split('/').collect();
        match generation {
            Generation::V1 => Self::parse_first(method, &parts),
            Generation::V2 => Self::parse_second(method, &parts),
        }
    }

    fn parse_first(method: Method, parts: &[&str]) -> Result<Self, OperationError> {
        Ok(match (method, parts) {
            (Method::Patch, [id]) => Self::UpdateExecution(Id::new(id)?),
            (Method::Delete, [id]) => Self::DeleteExecution(Id::new(id)?),
            (Method::Post, [id, "steps"]) => Self::CreateStep(Id::new(id)?),
            (Method::Patch, [id, "steps", step]) => Self::UpdateStep(Id::new(id)?, Id::new(step)?),
            (Method::Delete, [id, "steps", step]) => Self::DeleteStep(Id::new(id)?, Id::new(step)?),
            (Method::Get | Method::Patch | Method::Post | Method::Delete, _) => {
                return Err(OperationError::Unknown);
            }
        })
    }

    fn parse_second(method: Method, parts: &[&str]) -> Result<Self, OperationError> {
        Ok(match (method, parts) {
            (Method::Patch, [id]) => Self::PatchFlow(Id::new(id)?),
            (Method::Delete, [id]) => match id.strip_suffix(SOFT) {
                Some(id) => Self::DeleteFlow(Id::new(id)?, Removal::Soft),
                None => Self::DeleteFlow(Id::new(id)?, Removal::ForGood),
            },
            (Method::Patch, [id, "phases", phase]) => {
                Self::PatchPhase(Id::new(id)?, Id::new(phase)?)
            }
            (Method::Post, [id, "tasks"]) => Self::AddTask(Id::new(id)?),
            (Method::Patch, [id, "tasks", task]) => Self::PatchTask(Id::new(id)?, Id::new(task)?),
            (Method::Post, [id, "tasks", task, "automation:run"]) => {
                Self::RunAutomation(Id::new(id)?, Id::new(task)?)
            }
            (Method::Post, [id, "tasks", task, "execute"]) => {
                Self::ExecuteTask(Id::new(id)?, Id::new(task)?)
            }
            (Method::Post, [id, "tasks", task, "reconcile-automation"]) => {
                Self::ReconcileAutomation(Id::new(id)?, Id::new(task)?)
            }
            (Method::Post, [id, "tasks", task, "schedule", "run-now"]) => {
                Self::RunScheduleNow(Id::new(id)?, Id::new(task)?)
            }
            (Method::Delete, [id, "tasks", task, "schedule"]) => {
                Self::CancelSchedule(Id::new(id)?, Id::new(task)?)
            }
            (Method::Get | Method::Patch | Method::Post | Method::Delete, _) => {
                return Err(OperationError::Unknown);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::new(text).unwrap()
    }

    #[test]
    fn a_writing_operation_is_found_again_from_its_method_and_path() {
        for operation in [
            Operation::CreateExecution,
            Operation::UpdateExecution(id("e")),
            Operation::DeleteExecution(id("e")),
            Operation::CreateStep(id("e")),
            Operation::UpdateStep(id("e"), id("s")),
            Operation::DeleteStep(id("e"), id("s")),
            Operation::StartFlow,
            Operation::PatchFlow(id("e")),
            Operation::DeleteFlow(id("e"), Removal::ForGood),
            Operation::DeleteFlow(id("e"), Removal::Soft),
            Operation::PatchPhase(id("e"), id("p")),
            Operation::AddTask(id("e")),
            Operation::PatchTask(id("e"), id("t:1")),
            Operation::RunAutomation(id("e"), id("t")),
            Operation::ExecuteTask(id("e"), id("t")),
            Operation::ReconcileAutomation(id("e"), id("t")),
            Operation::RunScheduleNow(id("e"), id("t")),
            Operation::CancelSchedule(id("e"), id("t")),
        ] {
            assert_eq!(
                Operation::parse_write(operation.method(), &operation.address()).unwrap(),
                operation
            );
        }
    }

    #[test]
    fn a_path_that_a_plan_must_not_hold_is_refused() {
        for path in [
            "/v2/flows/executions/../x",
            "/v2/flows/executions/e/tasks/..",
            "/v2/flows/executions/e/tasks/t?x=1",
            "/v2/flows/executions/e/tasks/t/",
            "/v2/flows/executions",
            "/v2/flows/executions:search",
            "/v3/x",
            "//evil.example/v2/flows/executions/e",
        ] {
            for method in [Method::Get, Method::Patch, Method::Delete] {
                assert!(Operation::parse_write(method, path).is_err(), "{path}");
            }
        }
        for address in [
            "/v2/flows/executions/e?soft=false",
            "/v2/flows/executions/e?soft=true&x=1",
            "/v2/flows/executions/e/tasks/t?soft=true",
            "/v1/workflows/executions/e?soft=true",
        ] {
            assert!(
                Operation::parse_write(Method::Delete, address).is_err(),
                "{address}"
            );
        }
        assert!(Operation::parse_write(Method::Get, "/v2/flows/executions/e").is_err());
    }
}

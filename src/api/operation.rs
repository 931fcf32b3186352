//! The operations of the API that are used, with their paths.

use serde::{Deserialize, Serialize};

use super::{Generation, Id, IdError};

/// The HTTP methods that the operations use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Patch,
    Post,
}

/// One operation on one resource; the only way to a URL path, so every id in a path is checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    GetExecutions,
    GetExecution(Id),
    UpdateExecution(Id),
    GetClosingReasons(Id),
    SearchFlows,
    GetFlow(Id),
    PatchFlow(Id),
    PatchPhase(Id, Id),
    PatchTask(Id, Id),
    RunScheduleNow(Id, Id),
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

impl Operation {
    pub const fn method(&self) -> Method {
        match self {
            Self::GetExecutions
            | Self::GetExecution(_)
            | Self::GetClosingReasons(_)
            | Self::GetFlow(_) => Method::Get,
            Self::UpdateExecution(_)
            | Self::PatchFlow(_)
            | Self::PatchPhase(..)
            | Self::PatchTask(..) => Method::Patch,
            Self::SearchFlows | Self::RunScheduleNow(..) => Method::Post,
        }
    }

    pub fn path(&self) -> String {
        match self {
            Self::GetExecutions => V1.to_owned(),
            Self::GetExecution(id) | Self::UpdateExecution(id) => format!("{V1}/{id}"),
            Self::GetClosingReasons(id) => format!("{V1}/{id}/closing-reasons"),
            Self::SearchFlows => format!("{V2}:search"),
            Self::GetFlow(id) | Self::PatchFlow(id) => format!("{V2}/{id}"),
            Self::PatchPhase(id, phase) => format!("{V2}/{id}/phases/{phase}"),
            Self::PatchTask(id, task) => format!("{V2}/{id}/tasks/{task}"),
            Self::RunScheduleNow(id, task) => format!("{V2}/{id}/tasks/{task}/schedule/run-now"),
        }
    }

    /// The operation that reads a whole execution.
    pub fn read(generation: Generation, execution: &Id) -> Self {
        match generation {
            Generation::V1 => Self::GetExecution(execution.clone()),
            Generation::V2 => Self::GetFlow(execution.clone()),
        }
    }

    /// Finds the writing operation behind a method and a path, as a plan file holds them.
    ///
    /// # Errors
    ///
    /// When an id in the path is not safe, or no writing operation has this method and path.
    pub fn parse_write(method: Method, path: &str) -> Result<Self, OperationError> {
        let (generation, rest) = if let Some(rest) = path.strip_prefix(V1) {
            (Generation::V1, rest)
        } else if let Some(rest) = path.strip_prefix(V2) {
            (Generation::V2, rest)
        } else {
            return Err(OperationError::Unknown);
        };
        let parts: Vec<&str> = rest
            .strip_prefix('/')
            .ok_or(OperationError::Unknown)?
            .split('/')
            .collect();
        match (method, generation, parts.as_slice()) {
            (Method::Patch, Generation::V1, [id]) => Ok(Self::UpdateExecution(Id::new(id)?)),
            (Method::Patch, Generation::V2, [id]) => Ok(Self::PatchFlow(Id::new(id)?)),
            (Method::Patch, Generation::V2, [id, "phases", phase]) => {
                Ok(Self::PatchPhase(Id::new(id)?, Id::new(phase)?))
            }
            (Method::Patch, Generation::V2, [id, "tasks", task]) => {
                Ok(Self::PatchTask(Id::new(id)?, Id::new(task)?))
            }
            (Method::Post, Generation::V2, [id, "tasks", task, "schedule", "run-now"]) => {
                Ok(Self::RunScheduleNow(Id::new(id)?, Id::new(task)?))
            }
            (Method::Get | Method::Patch | Method::Post, Generation::V1 | Generation::V2, _) => {
                Err(OperationError::Unknown)
            }
        }
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
            Operation::UpdateExecution(id("e")),
            Operation::PatchFlow(id("e")),
            Operation::PatchPhase(id("e"), id("p")),
            Operation::PatchTask(id("e"), id("t:1")),
            Operation::RunScheduleNow(id("e"), id("t")),
        ] {
            assert_eq!(
                Operation::parse_write(operation.method(), &operation.path()).unwrap(),
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
            assert!(
                Operation::parse_write(Method::Patch, path).is_err(),
                "{path}"
            );
        }
        assert!(Operation::parse_write(Method::Get, "/v2/flows/executions/e").is_err());
    }
}

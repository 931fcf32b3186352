//! The operations of the API, one row each.

use serde::{Deserialize, Serialize};

use super::{Generation, Id, IdError, Level};

/// The HTTP methods that the operations use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Patch,
    Post,
    Delete,
}

/// The services that have the operations; each has its own origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    WorkflowExecutions,
    /// The search for entities only.
    Entities,
}

/// The kind of an operation. Code that depends on it is a `match` without a wildcard arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    Read(Absence),
    /// Starts an execution from a template.
    Start,
    AddStep,
    /// The client chooses the id of the new task.
    AddTask,
    /// Writes fields of its target.
    Patch,
    /// Deletes its target: no read shows it afterwards.
    Delete,
    /// Starts a task's automation.
    RunAutomation,
    /// Corrects the status of a task whose automation has ended.
    Reconcile,
    RunSchedule,
    CancelSchedule,
}

/// The answer to a read of something that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It always exists: a list may be empty.
    Never,
    /// 404, as the second generation does.
    NotFound,
    /// 200 with an empty body, as the first generation does, or 404.
    EmptyBody,
}

/// The static description of an operation.
#[derive(Clone, Copy, Debug)]
struct OperationRow {
    method: Method,
    level: Level,
    kind: OperationKind,
    /// The path, with `{}` for each id, and the query that belongs to the operation itself.
    address: &'static str,
}

/// Why a method and a path are not an operation.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    #[error("{0}")]
    Id(#[from] IdError),
    #[error("no operation that writes has this method and path")]
    Unknown,
}

/// The type of each id in a row.
macro_rules! id_type {
    ($id:ident) => {
        Id
    };
}

macro_rules! operations {
    ($($name:ident $(($($id:ident),+))?: $method:ident $level:ident $kind:expr, $address:literal;)+) => {
        /// One operation on one resource. URL paths are built only from this type, so every id in a path is checked.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($name $(($(id_type!($id)),+))?,)+
        }

        impl Operation {
            const fn row(&self) -> &'static OperationRow {
                use OperationKind::*;
                match self {
                    $(Self::$name { .. } => &OperationRow {
                        method: Method::$method,
                        level: Level::$level,
                        kind: $kind,
                        address: $address,
                    },)+
                }
            }

            /// The ids in its path: of the execution, and of the part of it.
            const fn ids(&self) -> [Option<&Id>; 2] {
                match self {
                    $(Self::$name $(($($id),+))? => pair(&[$($($id),+)?]),)+
                }
            }

            /// The writing operation with this method and address, as a plan file holds them.
            ///
            /// # Errors
            ///
            /// If an id in the path is not safe, or no writing operation has this method and address.
            pub fn parse_write(method: Method, address: &str) -> Result<Self, OperationError> {
                use OperationKind::*;
                $(
                    if method == Method::$method
                        && !matches!($kind, Read(_))
                        && let Some(ids) = ids_in($address, address)?
                        && let [$($($id),+)?] = ids.as_slice()
                    {
                        return Ok(Self::$name $(($($id.clone()),+))?);
                    }
                )+
                Err(OperationError::Unknown)
            }
        }
    };
}

// name(ids in the path): method, level of its target, what it does, address; a `{}` stands for an id
operations! {
    GetExecutions: Get Execution Read(Absence::Never), "/v1/workflows/executions";
    SearchExecutions: Post Execution Read(Absence::Never), "/v1/workflows/executions/search";
    SearchSteps: Post Execution Read(Absence::Never), "/v1/workflows/executions/steps/search";
    CreateExecution: Post Entity Start, "/v1/workflows/executions";
    GetExecution(id): Get Execution Read(Absence::EmptyBody), "/v1/workflows/executions/{}";
    UpdateExecution(id): Patch Execution Patch, "/v1/workflows/executions/{}";
    DeleteExecution(id): Delete Execution Delete, "/v1/workflows/executions/{}";
    GetClosingReasons(id): Get Execution Read(Absence::EmptyBody), "/v1/workflows/executions/{}/closing-reasons";
    CreateStep(id): Post Execution AddStep, "/v1/workflows/executions/{}/steps";
    UpdateStep(id, step): Patch Step Patch, "/v1/workflows/executions/{}/steps/{}";
    DeleteStep(id, step): Delete Step Delete, "/v1/workflows/executions/{}/steps/{}";
    SearchFlows: Post Execution Read(Absence::Never), "/v2/flows/executions:search";
    StartFlow: Post Entity Start, "/v2/flows/executions";
    GetFlow(id): Get Execution Read(Absence::NotFound), "/v2/flows/executions/{}";
    PatchFlow(id): Patch Execution Patch, "/v2/flows/executions/{}";
    DeleteFlow(id): Delete Execution Delete, "/v2/flows/executions/{}";
    SoftDeleteFlow(id): Delete Execution Delete, "/v2/flows/executions/{}?soft=true";
    PatchPhase(id, phase): Patch Phase Patch, "/v2/flows/executions/{}/phases/{}";
    AddTask(id): Post Execution AddTask, "/v2/flows/executions/{}/tasks";
    PatchTask(id, task): Patch Task Patch, "/v2/flows/executions/{}/tasks/{}";
    RunAutomation(id, task): Post Task RunAutomation, "/v2/flows/executions/{}/tasks/{}/automation:run";
    ExecuteTask(id, task): Post Task RunAutomation, "/v2/flows/executions/{}/tasks/{}/execute";
    ReconcileAutomation(id, task): Post Task Reconcile, "/v2/flows/executions/{}/tasks/{}/reconcile-automation";
    RunScheduleNow(id, task): Post Task RunSchedule, "/v2/flows/executions/{}/tasks/{}/schedule/run-now";
    CancelSchedule(id, task): Delete Task CancelSchedule, "/v2/flows/executions/{}/tasks/{}/schedule";
    SearchEntities: Post Entity Read(Absence::Never), "/v1/entity:search";
}

impl Operation {
    pub const fn method(&self) -> Method {
        self.row().method
    }

    pub const fn kind(&self) -> OperationKind {
        self.row().kind
    }

    /// The level of its target.
    pub const fn level(&self) -> Level {
        self.row().level
    }

    pub fn generation(&self) -> Generation {
        if self.row().address.starts_with("/v2/") {
            Generation::V2
        } else {
            Generation::V1
        }
    }

    /// Whether its target does not exist afterwards.
    pub fn removes(&self) -> bool {
        self.kind() == OperationKind::Delete
    }

    pub const fn service(&self) -> Service {
        if matches!(self, Self::SearchEntities) {
            Service::Entities
        } else {
            Service::WorkflowExecutions
        }
    }

    /// Path and query as a plan holds them.
    pub fn address(&self) -> String {
        let mut address = String::new();
        let mut ids = self.ids().into_iter().flatten();
        for (place, piece) in self.row().address.split("{}").enumerate() {
            if place > 0 {
                address.extend(ids.next().map(Id::as_str));
            }
            address.push_str(piece);
        }
        address
    }

    /// The path, without a query.
    pub fn path(&self) -> String {
        split_query(&self.address()).0.to_owned()
    }

    /// The query that belongs to the operation itself, as `name=value`.
    pub fn query(&self) -> Option<&'static str> {
        split_query(self.row().address).1
    }

    /// Its object: the level, the execution, and the part's own id. None if it does not work on an execution.
    pub const fn subject(&self) -> Option<(Level, &Id, Option<&Id>)> {
        match self.ids() {
            [Some(execution), part] => Some((self.row().level, execution, part)),
            [None, _] => None,
        }
    }

    /// The id of its part; none for a whole execution.
    pub const fn part(&self) -> Option<&Id> {
        self.ids()[1]
    }

    /// The operation that reads a whole execution.
    pub fn read(generation: Generation, execution: &Id) -> Self {
        match generation {
            Generation::V1 => Self::GetExecution(execution.clone()),
            Generation::V2 => Self::GetFlow(execution.clone()),
        }
    }
}

const fn pair<'a>(ids: &[&'a Id]) -> [Option<&'a Id>; 2] {
    match ids {
        [] => [None, None],
        [execution] => [Some(execution), None],
        [execution, part, ..] => [Some(execution), Some(part)],
    }
}

/// The ids at each `{}` of `template` in `address`; none if the other parts differ.
fn ids_in(template: &str, address: &str) -> Result<Option<Vec<Id>>, IdError> {
    let (template, query) = split_query(template);
    let (path, own_query) = split_query(address);
    if query != own_query {
        return Ok(None);
    }
    let (mut wanted, mut parts) = (template.split('/'), path.split('/'));
    let mut ids = Vec::new();
    loop {
        match (wanted.next(), parts.next()) {
            (Some("{}"), Some(part)) => ids.push(part),
            (Some(wanted), Some(part)) if wanted == part => {}
            (None, None) => break,
            (Some(_) | None, _) => return Ok(None),
        }
    }
    ids.into_iter()
        .map(Id::new)
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Path and query of an address.
fn split_query(address: &str) -> (&str, Option<&str>) {
    match address.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (address, None),
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
            Operation::DeleteFlow(id("e")),
            Operation::SoftDeleteFlow(id("e")),
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

//! Single requests: an execution by its id, the flows of an entity, closing reasons.

use serde_json::{Value, json};

use super::{Named, ScanError, found::FoundExecution};
use crate::{
    api::{Generation, Id, Operation, ReadFinding},
    client::Client,
    target::{Execution, TargetRow},
};

/// Reads a v1 execution that a list has returned incompletely; none if it does not exist any more.
///
/// # Errors
///
/// If the request fails or its answer is not understood.
pub async fn read_whole(
    client: &Client,
    execution: Execution,
) -> Result<Option<Execution>, ScanError> {
    let whole = read_execution(client, execution.generation, &execution.id).await?;
    Ok(whole.map(|whole| Execution {
        row: execution.row,
        ..whole
    }))
}

/// Reads an execution by its id; none if it does not exist.
///
/// # Errors
///
/// If the request fails or its answer is not understood.
pub async fn read_execution(
    client: &Client,
    generation: Generation,
    id: &Id,
) -> Result<Option<Execution>, ScanError> {
    let named = Named {
        id: id.clone(),
        schema: String::new(),
        title: String::new(),
        row: TargetRow::default(),
    };
    let (what, found) = one(client, generation, named).await?;
    let Some(found) = found.into_iter().next() else {
        return Ok(None);
    };
    let execution = found.decode(generation);
    let execution = execution.map_err(|source| ScanError::Execution { what, source })?;
    Ok(Some(Execution {
        row: None,
        ..execution
    }))
}

/// Reads the closing reasons of a v1 execution, if its row lacks them.
///
/// # Errors
///
/// If the request fails or its answer is not understood.
pub async fn read_closing_reasons(
    client: &Client,
    execution: &Execution,
) -> Result<Value, ScanError> {
    let what = format!("the closing reasons of {}", execution.id);
    match client
        .read(
            &Operation::GetClosingReasons(execution.id.clone()),
            &[],
            None,
        )
        .await?
    {
        ReadFinding::Missing => Ok(json!([])),
        ReadFinding::Json(answer) => match list_in(answer, "reasons") {
            Ok(reasons) => Ok(Value::Array(reasons.unwrap_or_default())),
            Err(message) => Err(ScanError::Pages { what, message }),
        },
    }
}

/// What was asked, and the executions that were found for one name.
pub(super) type ExecutionsByName = (String, Vec<FoundExecution>);

/// Reads one execution by its id; none if it does not exist.
pub(super) async fn one(
    client: &Client,
    generation: Generation,
    named: Named,
) -> Result<ExecutionsByName, ScanError> {
    let what = format!("the read of {}", named.id);
    match client
        .read(&Operation::read(generation, &named.id), &[], None)
        .await?
    {
        ReadFinding::Missing => Ok((what, Vec::new())),
        ReadFinding::Json(data) => {
            if data["id"] != named.id.as_str() {
                let message = "another execution".to_owned();
                return Err(ScanError::Pages { what, message });
            }
            Ok((what, vec![FoundExecution::new(data, Some(named.row))]))
        }
    }
}

pub(super) async fn search(
    client: &Client,
    entity: &Named,
) -> Result<(String, Vec<Value>), ScanError> {
    let what = format!("the search for the flows of {}", entity.id);
    let body = json!({"entity_id": entity.id, "entity_schema": entity.schema}).to_string();
    match client
        .read(&Operation::SearchFlows, &[], Some(body.as_bytes()))
        .await?
    {
        ReadFinding::Missing => Ok((what, Vec::new())),
        ReadFinding::Json(answer) => match list_in(answer, "results") {
            Ok(Some(flows)) => Ok((what, flows)),
            Ok(None) => Err(ScanError::Pages {
                what,
                message: "without results".to_owned(),
            }),
            Err(message) => Err(ScanError::Pages { what, message }),
        },
    }
}

/// The list under a key of an object; none when it is absent.
fn list_in(answer: Value, key: &str) -> Result<Option<Vec<Value>>, String> {
    let Value::Object(mut object) = answer else {
        return Err("something that is no object".to_owned());
    };
    match object.remove(key) {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(_) => Err(format!("{key} that are no list")),
    }
}

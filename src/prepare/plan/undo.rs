//! The changes that undo a run's changes of one execution. Pure.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{
    Change, Fields, Item, Skip,
    derive::{ChangeParts, WayBack, required_names, required_value},
    forecast::entity_writes,
};
use crate::{
    action::{ActionKind, replay, same},
    api::Operation,
    json,
    target::Execution,
    text::cut,
};

/// The longest value that a reason quotes, in characters.
const QUOTED: usize = 60;

const GONE: &str = "does not exist any more";

/// Undoes the changes that were `applied` to an execution, the last one first. A change is undone only if the fields that it wrote still
/// have the values that it left; otherwise it is skipped with the reason. `execution`: as it is now, none if it does not exist any more.
///
/// # Errors
///
/// If a change has no operation; impossible in a plan that was read completely.
pub fn undo(execution: Option<Execution>, applied: &[Change]) -> Result<Vec<Item>, String> {
    let mut execution = execution;
    let mut items = Vec::new();
    let mut paths: Vec<&str> = Vec::new();
    for change in applied.iter().rev() {
        let operation = change.operation()?;
        let way = match way_back(change, &operation) {
            Ok(way) => way,
            Err(why) => {
                items.push(no_way(change, &why));
                continue;
            }
        };
        let path = change.request.path.as_str();
        let repetition = paths.iter().filter(|earlier| **earlier == path).count();
        let planned = as_the_run_left_it(change, &operation, &way, execution.as_ref())
            .map_err(|reason| Box::new(skip(change, reason, false)))
            .and_then(|now| {
                undoing(change, &operation, &way, now, repetition)
                    .map_err(|why| Box::new(no_way(change, &why)))
            });
        match planned {
            Err(skipped) => items.push(*skipped),
            Ok(undoing) => {
                if let Some(execution) = &mut execution {
                    play(&undoing, &operation, Arc::make_mut(&mut execution.data));
                }
                paths.push(path);
                items.push(Item::Change(Box::new(undoing)));
            }
        }
        let lost = way.lost.iter();
        items.extend(lost.map(|(_, why)| skip(change, format!("stays: {why}"), true)));
    }
    Ok(items)
}

/// The values that a request can bring back.
///
/// # Errors
///
/// Why it can bring back none.
fn way_back(change: &Change, operation: &Operation) -> Result<WayBack, String> {
    let way = WayBack::of_change(change, operation)?;
    match (way.values.is_empty(), way.lost.first()) {
        (true, Some((_, why))) => Err(why.clone()),
        (true, None) => Err("it wrote nothing that a read shows".to_owned()),
        (false, _) => Ok(way),
    }
}

/// The execution and the target in it, if its fields have the values that the run set.
///
/// # Errors
///
/// What is not as the run set it.
fn as_the_run_left_it<'a>(
    change: &Change,
    operation: &Operation,
    way: &WayBack,
    execution: Option<&'a Execution>,
) -> Result<[&'a Value; 2], String> {
    let data = &*execution.ok_or(GONE)?.data;
    let target = operation.find(data).ok_or(GONE)?;
    let is = |path: &str, fields: &Fields| {
        let value = fields.get(path).unwrap_or(&Value::Null);
        same(path, now(target, path), value)
    };
    let paths = || way.values.keys();
    if paths().all(|path| is(path, &change.before)) {
        return Err("has the value from before the run".to_owned());
    }
    let changed: Vec<String> = paths()
        .filter(|path| !is(path, &change.after))
        .map(|path| {
            let left = change.after.get(path).unwrap_or(&Value::Null);
            let [now, left] =
                [now(target, path), left].map(|value| cut(&value.to_string(), QUOTED));
            format!("{path} is {now}, the run set {left}")
        })
        .collect();
    if changed.is_empty() {
        Ok([data, target])
    } else {
        Err(format!("changed since the run: {}", changed.join(", ")))
    }
}

/// The change that brings back the values; `now` are the execution and the target in it.
fn undoing(
    change: &Change,
    operation: &Operation,
    way: &WayBack,
    [execution, target]: [&Value; 2],
    repetition: usize,
) -> Result<Change, String> {
    let before: Fields = way
        .values
        .keys()
        .map(|path| (path.clone(), now(target, path).clone()))
        .collect();
    let names = required_names(&change.target, operation, &before, false);
    let requires = names.into_iter().map(|name| {
        let value = required_value(&name, execution, target).clone();
        (name, value)
    });
    let mut undoing = ChangeParts {
        target: change.target.clone(),
        action: vec![label(&change.action)],
        operation,
        body: way.body(),
        before,
        requires: requires.collect(),
        found: BTreeSet::new(),
        repetition,
        status_is_open: false,
    }
    .change()?;
    let mut after = execution.clone();
    play(&undoing, operation, &mut after);
    let writes = entity_writes(operation, &undoing, [execution, &after]);
    undoing.add_effects(writes);
    Ok(undoing)
}

/// `undo: reassign`, also for the undo of an undo.
fn label(actions: &[String]) -> String {
    let undo = ActionKind::UNDO.word;
    let undone: Vec<&str> = actions
        .iter()
        .map(|action| action.strip_prefix("undo: ").unwrap_or(action))
        .collect();
    format!("{undo}: {}", undone.join(", "))
}

fn play(change: &Change, operation: &Operation, execution: &mut Value) {
    let after = change.after.iter();
    let after = after.map(|(path, value)| (path.as_str(), value));
    replay(operation, after, |_| Value::Null, execution);
}

fn now<'a>(object: &'a Value, path: &str) -> &'a Value {
    json::get(object, path).unwrap_or(&Value::Null)
}

fn no_way(change: &Change, why: &str) -> Item {
    skip(change, format!("can't be undone: {why}"), true)
}

fn skip(change: &Change, reason: String, out_of_reach: bool) -> Item {
    Item::Skipped(Skip {
        target: change.target.clone(),
        reason,
        out_of_reach,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use serde_json::json;

    use super::*;
    use crate::{
        api::Level,
        plan::{Builder, FollowUp, Follows, PlanReader, PlanWriter},
        testing::samples::{flow, over_flows, plan_header},
    };

    /// The changes of a playbook's actions on the tasks of a flow.
    fn planned(actions: &str, before: &Execution) -> Vec<Change> {
        let playbook = over_flows("each: task", &format!("actions: [ {actions} ]"));
        let parts = before.parts(Level::Task).unwrap();
        let items = Builder::new(&playbook).group(before, &parts).unwrap();
        let changes = items.into_iter().filter_map(|item| match item {
            Item::Change(change) => Some(*change),
            Item::Skipped(_) | Item::Rejected(_) => None,
        });
        changes.collect()
    }

    /// A flow with one task.
    fn task(fields: &Value) -> Execution {
        flow(
            "e",
            &json!({"tasks": [crate::testing::samples::with(json!({"id": "t", "status": "PENDING"}), fields)]}),
        )
    }

    /// What is undone, or why it is not; each as the reader of a plan accepts it.
    fn undone(applied: &[Change], now: Option<Execution>) -> Vec<String> {
        let items = undo(now, applied).unwrap();
        let mut header = plan_header();
        header.follows = Some(Follows {
            run: "0192f0c4-8a5e-7000-8000-0000000000c4".parse().unwrap(),
            by: FollowUp::Undo,
        });
        let mut writer = PlanWriter::new(Vec::new(), &header).unwrap();
        for item in &items {
            writer.item(item).unwrap();
        }
        let (file, ..) = writer.finish(1).unwrap();
        let mut reader = PlanReader::new(Cursor::new(file)).unwrap();
        while reader.next_line().unwrap().is_some() {}
        let said = items.iter().map(|item| match item {
            Item::Change(change) => {
                let fields = change
                    .writes()
                    .map(|(field, was, becomes)| format!("{field} {was} → {becomes}"));
                fields.collect::<Vec<_>>().join(", ")
            }
            Item::Skipped(skip) if skip.out_of_reach => format!("left: {}", skip.reason),
            Item::Skipped(skip) => format!("skipped: {}", skip.reason),
            Item::Rejected(rejection) => panic!("{rejection:?}"),
        });
        said.collect()
    }

    #[test]
    fn the_values_before_come_back_and_what_can_not_come_back_is_said_beside_it() {
        let actions = "reassign: { set: [\"2\"] }, set_due_date: 2027-02-01";
        let before = task(&json!({"assigned_to": ["1"]}));
        let applied = planned(actions, &before);
        assert_eq!(applied.len(), 1, "one request for both fields");
        let left = task(&json!({"assigned_to": ["2"], "due_date": applied[0].after["due_date"]}));
        assert_eq!(
            undone(&applied, Some(left)),
            [
                "assigned_to [\"2\"] → [\"1\"]",
                "left: stays: due_date had no value, and the API can't clear it"
            ]
        );
    }

    #[test]
    fn what_is_not_as_the_run_left_it_is_left_alone_with_the_reason() {
        let before = task(&json!({"assigned_to": ["1"]}));
        let applied = planned("reassign: { set: [\"2\"] }", &before);
        let now =
            |assigned: Value| Some(task(&json!({"assigned_to": assigned, "name": "another"})));
        for (now, said) in [
            (now(json!(["2"])), "assigned_to [\"2\"] → [\"1\"]"),
            (
                now(json!(["1"])),
                "skipped: has the value from before the run",
            ),
            (
                now(json!(["3"])),
                "skipped: changed since the run: assigned_to is [\"3\"], the run set [\"2\"]",
            ),
            (
                now(Value::Null),
                "skipped: changed since the run: assigned_to is null, the run set [\"2\"]",
            ),
            (
                Some(flow("e", &json!({"tasks": []}))),
                "skipped: does not exist any more",
            ),
            (None, "skipped: does not exist any more"),
        ] {
            assert_eq!(undone(&applied, now), [said]);
        }
    }

    #[test]
    fn changes_of_one_field_are_undone_the_last_one_first() {
        let before = task(&json!({"assigned_to": ["1"]}));
        let first = planned("reassign: { set: [\"2\"] }", &before);
        let second = planned(
            "reassign: { set: [\"3\"] }",
            &task(&json!({"assigned_to": ["2"]})),
        );
        let applied = [first, second].concat();
        assert_eq!(
            undone(&applied, Some(task(&json!({"assigned_to": ["3"]})))),
            [
                "assigned_to [\"3\"] → [\"2\"]",
                "assigned_to [\"2\"] → [\"1\"]"
            ]
        );
    }

    #[test]
    fn what_has_no_way_back_is_not_read_for() {
        let before = task(&json!({"status": "PENDING"}));
        let applied = planned("set_status: IN_PROGRESS", &before);
        let why = "left: can't be undone: a task's status goes back only by reverting it, which resets every later task";
        assert_eq!(undone(&applied, None), [why]);
    }
}

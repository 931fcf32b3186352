//! What the service makes of a request: written from its documentation, sharing nothing with the planner.
//!
//! One file because each rule moves statuses that the others read.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use crate::api::{Level, Operation, part};

/// How a task behaves, which its data don't show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Habit {
    /// What happens when it becomes current.
    pub(crate) enter: Enter,
    /// How long its automation takes; none: the task misses its end, and learns of it by being reconciled.
    pub(crate) takes: Option<Duration>,
    pub(crate) fails: bool,
    /// Executing it completes it at once.
    pub(crate) is_quick: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enter {
    Stays,
    InProgress,
    AutomationStarts,
    IsScheduled,
}

impl Default for Habit {
    fn default() -> Self {
        Self {
            enter: Enter::InProgress,
            takes: None,
            fails: false,
            is_quick: false,
        }
    }
}

/// An automation that runs.
#[derive(Clone, Debug)]
pub(crate) struct AutomationStarted {
    pub(crate) task: String,
    pub(crate) automation: String,
    pub(crate) takes: Option<Duration>,
    pub(crate) fails: bool,
}

/// The service's answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ruling {
    /// With nothing.
    Done,
    /// With an object.
    Shown(Value),
    NotFound,
    Exists,
    Refused(&'static str),
}

/// One execution's tasks, and what the service does with them.
pub(crate) struct Rules<'a> {
    pub(crate) id: &'a str,
    pub(crate) habits: &'a BTreeMap<(String, String), Habit>,
    pub(crate) ids: &'a mut u64,
    pub(crate) started: Vec<AutomationStarted>,
}

type Refusal = Result<(), &'static str>;

impl Rules<'_> {
    pub(crate) fn request(
        &mut self,
        execution: &mut Option<Value>,
        operation: &Operation,
        body: Option<&Value>,
    ) -> Ruling {
        if matches!(operation, Operation::StartFlow | Operation::CreateExecution) {
            let id = self.fresh("execution");
            return Ruling::Shown(json!({"id": id, "status": "STARTED"}));
        }
        let Some(whole) = execution else {
            return Ruling::NotFound;
        };
        if operation.find(whole).is_none() {
            return Ruling::NotFound;
        }
        if operation.removes() && operation.part().is_none() {
            *execution = None;
            return Ruling::Done;
        }
        if let (Operation::AddTask(_), Some(body)) = (operation, body)
            && started(whole).is_ok()
            && place(whole, &text(&body["task"], "id")).is_some()
        {
            return Ruling::Exists;
        }
        let mut after = whole.clone();
        if let Err(why) = self.apply(&mut after, operation, body) {
            return Ruling::Refused(why);
        }
        settle_phases(&mut after);
        *whole = after;
        match operation {
            Operation::UpdateExecution(_)
            | Operation::CancelSchedule(..)
            | Operation::DeleteStep(..) => Ruling::Done,
            Operation::CreateStep(_) => {
                let steps = whole["flow"].as_array();
                let step = steps.and_then(|steps| steps.last());
                Ruling::Shown(step.cloned().unwrap_or_default())
            }
            Operation::AddTask(_) | Operation::ReconcileAutomation(..) => {
                Ruling::Shown(whole.clone())
            }
            _ => Ruling::Shown(operation.find(whole).cloned().unwrap_or_default()),
        }
    }

    fn apply(&mut self, whole: &mut Value, operation: &Operation, body: Option<&Value>) -> Refusal {
        let task = operation.part().map(|id| id.as_str().to_owned());
        let index = task.and_then(|id| place(whole, &id)).unwrap_or_default();
        match operation {
            Operation::PatchTask(..) => self.patch_task(whole, index, body),
            Operation::UpdateExecution(_) | Operation::PatchFlow(_) => patch_whole(whole, body),
            Operation::PatchPhase(..) | Operation::UpdateStep(..) => {
                let target = operation.find_mut(whole).ok_or("it is not there")?;
                take_in(target, body);
                Ok(())
            }
            Operation::RunScheduleNow(..) => {
                started(whole)?;
                is(&whole["tasks"][index], &["SCHEDULED"])?;
                self.fire(whole, index);
                Ok(())
            }
            Operation::CancelSchedule(..) => {
                started(whole)?;
                is(&whole["tasks"][index], &["SCHEDULED"])?;
                let was_current = current(whole) == Some(index);
                whole["tasks"][index]["schedule"] = Value::Null;
                self.end(whole, index, "SKIPPED", was_current);
                Ok(())
            }
            Operation::RunAutomation(..) | Operation::ExecuteTask(..) => {
                started(whole)?;
                let task = &whole["tasks"][index];
                if is_over(task) || task["enabled"] == false {
                    return Err("it is over, or not enabled");
                }
                let executes = matches!(operation, Operation::ExecuteTask(..));
                let has_automation = task.get("automation_config").is_some();
                if !executes && !has_automation {
                    return Err("it has no automation");
                }
                if executes && !has_automation {
                    if self.habit(task).is_quick {
                        let was_current = current(whole) == Some(index);
                        self.end(whole, index, "COMPLETED", was_current);
                    } else {
                        whole["tasks"][index]["status"] = json!("IN_PROGRESS");
                    }
                } else {
                    self.fire(whole, index);
                }
                Ok(())
            }
            Operation::ReconcileAutomation(..) => {
                let task = &whole["tasks"][index];
                let habit = self.habit(task);
                let running = task["automation_execution_id"].as_str();
                if let (None, Some(automation)) = (habit.takes, running) {
                    let ended = AutomationStarted {
                        task: text(task, "id"),
                        automation: automation.to_owned(),
                        takes: None,
                        fails: habit.fails,
                    };
                    self.end_automation(whole, &ended);
                }
                Ok(())
            }
            Operation::AddTask(_) => {
                started(whole)?;
                add_task(whole, body)
            }
            Operation::CreateStep(_) => {
                let mut step = body.cloned().unwrap_or_default();
                step["id"] = json!(self.fresh("step"));
                whole["flow"]
                    .as_array_mut()
                    .ok_or("it has no steps")?
                    .push(step);
                Ok(())
            }
            Operation::DeleteStep(..) => {
                if let Some(id) = operation.part() {
                    part::remove(whole, Level::Step, id);
                }
                Ok(())
            }
            other => panic!("this service does not do {other:?}"),
        }
    }

    fn patch_task(&mut self, whole: &mut Value, index: usize, body: Option<&Value>) -> Refusal {
        let wanted = body.and_then(|body| body["status"].as_str());
        let task = &whole["tasks"][index];
        let was_current = current(whole) == Some(index);
        if let Some(wanted) = wanted {
            started(whole)?;
            let revert = body.is_some_and(|body| body["revert_execution"] == true);
            let is_earlier = current(whole).is_none_or(|current| index < current);
            let may = match (task["status"].as_str().unwrap_or_default(), wanted) {
                ("PENDING" | "UNASSIGNED" | "ASSIGNED", "IN_PROGRESS" | "SKIPPED")
                | ("IN_PROGRESS", "COMPLETED" | "SKIPPED") => true,
                ("COMPLETED" | "SKIPPED", "PENDING") => revert && is_earlier,
                _ => false,
            };
            if !may || task["enabled"] == false {
                return Err("its status does not become that");
            }
        }
        take_in(&mut whole["tasks"][index], body);
        match wanted {
            Some(status @ ("COMPLETED" | "SKIPPED")) => {
                self.end(whole, index, status, was_current);
            }
            Some("PENDING") => {
                let tasks = whole["tasks"].as_array_mut().ok_or("it has no tasks")?;
                for task in &mut tasks[index..] {
                    task["status"] = json!("PENDING");
                    task["automation_execution_id"] = Value::Null;
                }
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// An automation starts.
    fn fire(&mut self, whole: &mut Value, index: usize) {
        let automation = self.fresh("automation");
        let habit = self.habit(&whole["tasks"][index]);
        let task = &mut whole["tasks"][index];
        task["status"] = json!("IN_PROGRESS");
        task["schedule"] = Value::Null;
        task["automation_execution_id"] = json!(automation);
        if task["automation_config"].is_object() {
            task["automation_config"]["execution_id"] = json!(automation);
        }
        let started = AutomationStarted {
            task: text(task, "id"),
            automation,
            takes: habit.takes,
            fails: habit.fails,
        };
        if started.takes == Some(Duration::ZERO) {
            self.end_automation(whole, &started);
        } else {
            self.started.push(started);
        }
    }

    pub(crate) fn end_automation(&mut self, whole: &mut Value, ended: &AutomationStarted) {
        let Some(index) = place(whole, &ended.task) else {
            return;
        };
        let task = &whole["tasks"][index];
        if task["status"] != "IN_PROGRESS"
            || task["automation_execution_id"] != ended.automation.as_str()
        {
            return;
        }
        let was_current = current(whole) == Some(index);
        if ended.fails {
            whole["tasks"][index]["status"] = json!("FAILED");
        } else {
            self.end(whole, index, "COMPLETED", was_current);
        }
        settle_phases(whole);
    }

    /// A task is over: when it was the current one, the flow goes on.
    fn end(&mut self, whole: &mut Value, index: usize, status: &str, was_current: bool) {
        whole["tasks"][index]["status"] = json!(status);
        if !was_current || whole["status"] != "STARTED" {
            return;
        }
        let Some(next) = current(whole) else {
            whole["status"] = json!("DONE");
            return;
        };
        let task = &whole["tasks"][next];
        if task["status"] != "PENDING" || task["enabled"] == false {
            return;
        }
        match self.habit(task).enter {
            Enter::Stays => {}
            Enter::InProgress => whole["tasks"][next]["status"] = json!("IN_PROGRESS"),
            Enter::AutomationStarts => self.fire(whole, next),
            Enter::IsScheduled => {
                let schedule = self.fresh("schedule");
                whole["tasks"][next]["status"] = json!("SCHEDULED");
                whole["tasks"][next]["schedule"] = json!({"schedule_id": schedule});
            }
        }
    }

    fn habit(&self, task: &Value) -> Habit {
        let key = (self.id.to_owned(), text(task, "id"));
        self.habits.get(&key).copied().unwrap_or_default()
    }

    fn fresh(&mut self, what: &str) -> String {
        *self.ids += 1;
        format!("{what}-of-service-{}", self.ids)
    }
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

fn place(whole: &Value, task: &str) -> Option<usize> {
    whole["tasks"]
        .as_array()?
        .iter()
        .position(|found| found["id"] == task)
}

fn is_over(task: &Value) -> bool {
    matches!(task["status"].as_str(), Some("COMPLETED" | "SKIPPED"))
}

/// The task that the flow is at: the first that is not over.
fn current(whole: &Value) -> Option<usize> {
    whole["tasks"]
        .as_array()?
        .iter()
        .position(|task| !is_over(task))
}

fn started(whole: &Value) -> Refusal {
    is(whole, &["STARTED"])
}

fn is(object: &Value, statuses: &[&str]) -> Refusal {
    let status = object["status"].as_str().unwrap_or_default();
    if statuses.contains(&status) {
        Ok(())
    } else {
        Err("its status does not allow that")
    }
}

/// Whether the service shows a field of a request's body again.
pub(crate) fn is_shown(name: &str) -> bool {
    !matches!(
        name,
        "revert_execution" | "next_condition_id" | "completed_via_journey"
    )
}

/// Takes the fields of a body in that the service shows again; objects field by field.
fn take_in(place: &mut Value, body: Option<&Value>) {
    for (name, value) in body.and_then(Value::as_object).into_iter().flatten() {
        if !is_shown(name) {
            continue;
        }
        match (place.get_mut(name), value) {
            (Some(Value::Object(fields)), Value::Object(more)) => {
                fields.extend(more.clone());
            }
            _ => place[name] = value.clone(),
        }
    }
}

fn patch_whole(whole: &mut Value, body: Option<&Value>) -> Refusal {
    if let Some(wanted) = body.and_then(|body| body["status"].as_str()) {
        let now = whole["status"].as_str().unwrap_or_default();
        if !matches!(
            (now, wanted),
            ("STARTED", "DONE" | "CLOSED") | ("DONE" | "CLOSED", "STARTED")
        ) {
            return Err("its status does not become that");
        }
    }
    take_in(whole, body);
    Ok(())
}

fn add_task(whole: &mut Value, body: Option<&Value>) -> Refusal {
    let body = body.ok_or("it says nothing")?;
    let mut task = body["task"].clone();
    let previous = place(whole, &text(body, "previous_task_id")).ok_or("no such task")?;
    place(whole, &text(body, "next_task_id")).ok_or("no such task")?;
    if task["status"].is_null() {
        task["status"] = json!("PENDING");
    }
    let tasks = whole["tasks"].as_array_mut().ok_or("it has no tasks")?;
    tasks.insert(previous + 1, task);
    Ok(())
}

/// Takes a task or step out.
pub(crate) fn take_out(whole: &mut Value, id: &str) {
    if let Some(tasks) = whole["tasks"].as_array_mut() {
        tasks.retain(|task| task["id"] != id);
    }
    if let Some(steps) = whole["flow"].as_array_mut() {
        steps.retain(|step| step["id"] != id);
    }
    settle_phases(whole);
}

/// A phase is in progress while it has the current task, and completed when all of its tasks are over.
pub(crate) fn settle_phases(whole: &mut Value) {
    let current = current(whole).map(|index| whole["tasks"][index]["phase_id"].clone());
    let over_in = |whole: &Value, id: &Value| {
        let tasks = whole["tasks"].as_array().into_iter().flatten();
        tasks.filter(|task| task["phase_id"] == *id).all(is_over)
    };
    for index in 0..whole["phases"].as_array().map_or(0, Vec::len) {
        let id = whole["phases"][index]["id"].clone();
        let status = if current.as_ref() == Some(&id) {
            "IN_PROGRESS"
        } else if over_in(whole, &id) {
            "COMPLETED"
        } else {
            "OPEN"
        };
        whole["phases"][index]["status"] = json!(status);
    }
}

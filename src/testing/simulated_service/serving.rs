//! Requests and their answers: what is done, what is lost on the way, and what the client knows then.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    ClientKnows, Fault, ShownInstead, SimulatedService, Write,
    rules::{Ruling, is_shown},
};
use crate::api::{Operation, Reply, RetryAfter, TransportError};

impl SimulatedService {
    /// What the service does, whether the client waits or not.
    pub(super) async fn serve(
        self,
        operation: Operation,
        write: Option<Write>,
        number: usize,
        fault: Fault,
    ) -> Result<Reply, TransportError> {
        let request = format!("{:?} {}", operation.method(), operation.path());
        let delays = self
            .world()
            .delays
            .get_mut(&request)
            .and_then(VecDeque::pop_front);
        let delay = delays.unwrap_or_default();
        sleep(self.latency + delay).await;
        let behind = self.world().queued.get(&request).cloned();
        while behind.as_ref().is_some_and(|write| !self.has_come(write)) {
            sleep(self.latency).await;
        }
        let (fault, lie) = self.lie(&operation, write.as_ref(), fault);
        let answer = match (&write, fault.effect()) {
            (_, None) => None,
            (None, Some(_)) => Some(self.read(&operation)),
            (Some(write), Some(Duration::ZERO)) => Some(self.write(&operation, write)),
            (Some(write), Some(after)) => {
                let (service, write) = (self.clone(), write.clone());
                tokio::spawn(async move {
                    sleep(after).await;
                    service.write(&operation, &write)
                });
                None
            }
        };
        sleep(self.latency).await;
        let lost = || TransportError::Unknown {
            reason: "the connection broke".to_owned(),
        };
        let deny = |reply: Reply| {
            self.world().log[number].denied = true;
            Ok(reply)
        };
        let fails = || reply(500, &json!({"message": "internal"}));
        let answered = |answer: Option<Reply>| {
            let answer = answer.unwrap();
            if answer.status >= 400 {
                deny(answer)
            } else {
                Ok(answer)
            }
        };
        match fault {
            Fault::None => answered(answer),
            Fault::Rest(seconds) => answered(answer).map(|answer| Reply {
                retry_after: Some(RetryAfter::Seconds(seconds)),
                ..answer
            }),
            Fault::Partial => answered(answer).map(|answer| partial(answer, write.as_ref())),
            Fault::Lie { shows, .. } => match answer {
                Some(answer) if answer.status >= 400 => deny(answer),
                Some(_) | None => {
                    self.world().log[number].lied = true;
                    Ok(shows.reply(&lie))
                }
            },
            Fault::NotSent => {
                self.world().log[number].denied = true;
                Err(TransportError::NotSent {
                    reason: "no connection".to_owned(),
                })
            }
            Fault::DropBefore | Fault::DropAfter | Fault::Late(_) => Err(lost()),
            Fault::Panic => panic!("a bug"),
            Fault::FailBefore | Fault::FailAfter => Ok(fails()),
            Fault::Overloaded(seconds) => Ok(Reply {
                status: 503,
                retry_after: Some(RetryAfter::Seconds(seconds)),
                ..fails()
            }),
            Fault::Html | Fault::HtmlBefore => Ok(Reply {
                body: b"<html>".to_vec(),
                ..reply(200, &Value::Null)
            }),
            Fault::Throttled(seconds) => deny(Reply {
                retry_after: seconds.map(RetryAfter::Seconds),
                ..reply(429, &json!({"message": "slow down"}))
            }),
            Fault::Refused => deny(reply(400, &json!({"message": "bad"}))),
            Fault::Unauthorized => deny(reply(401, &json!({"message": "expired"}))),
            Fault::Gone => deny(reply(404, &json!({"message": "not found"}))),
            Fault::GoneAfter => Ok(reply(404, &json!({"message": "not found"}))),
            Fault::FalseGone { gone, page } => Ok(Reply {
                status: if gone { 410 } else { 404 },
                retry_after: None,
                content_type: Some(if page { "text/html" } else { "text/plain" }.to_owned()),
                body: if page {
                    b"<!doctype html><title>Not found</title>".to_vec()
                } else {
                    b"404 page not found\n".to_vec()
                },
            }),
        }
    }

    /// What an answer that lies shows. Where nobody could tell it from an honest one, there is none.
    fn lie(&self, operation: &Operation, write: Option<&Write>, fault: Fault) -> (Fault, Value) {
        let Fault::Lie { shows, .. } = fault else {
            return (fault, Value::Null);
        };
        let world = self.world();
        let Some(write) = write else {
            return (Fault::None, Value::Null);
        };
        let makes = matches!(operation, Operation::StartFlow | Operation::CreateStep(_));
        let whole = world.executions.get(&world.lines[&write.key].1);
        let target = whole.and_then(|whole| operation.find(whole));
        let old = match (target, operation) {
            // Its answer is empty.
            (_, operation)
                if operation.removes()
                    || matches!(
                        operation,
                        Operation::UpdateExecution(_) | Operation::CancelSchedule(..)
                    ) =>
            {
                return (Fault::None, Value::Null);
            }
            (None, Operation::StartFlow) => json!({}),
            (None, _) => return (Fault::None, Value::Null),
            (Some(_), _) if makes => json!({}),
            (Some(target), _) => target.clone(),
        };
        let is_undocumented = matches!(
            operation,
            Operation::RunAutomation(..) | Operation::ExecuteTask(..)
        );
        let body = write.body.as_ref().and_then(Value::as_object);
        let is_told = match operation {
            Operation::RunAutomation(..)
            | Operation::ExecuteTask(..)
            | Operation::ReconcileAutomation(..) => false,
            Operation::PatchFlow(_)
            | Operation::PatchPhase(..)
            | Operation::PatchTask(..)
            | Operation::UpdateStep(..) => body
                .into_iter()
                .flatten()
                .any(|(name, value)| is_shown(name) && old[name] != *value),
            _ => true,
        };
        match shows {
            ShownInstead::Old if is_told => (fault, old),
            ShownInstead::Old => (Fault::None, Value::Null),
            ShownInstead::Empty => (fault, json!({})),
            ShownInstead::Nothing if is_undocumented => (Fault::None, Value::Null),
            ShownInstead::Nothing => (fault, Value::Null),
            ShownInstead::Other => {
                let other = json!({"id": "other", "status": "STARTED", "name": "Other", "flow_template_id": "other"});
                (fault, other)
            }
            ShownInstead::OtherOrganisation => {
                let mut written = old;
                for (name, value) in body.into_iter().flatten() {
                    written[name] = value.clone();
                }
                written["org_id"] = json!("4712");
                (fault, written)
            }
        }
    }

    /// The client has this answer to its request now.
    pub(super) fn tell(&self, number: usize, answer: &Result<Reply, TransportError>) {
        let mut world = self.world();
        let sent = &mut world.log[number];
        let told = match answer {
            Err(TransportError::NotSent { .. }) => ClientKnows::No(0),
            Err(_) => ClientKnows::Nothing,
            // It says that it was accepted, and shows something else.
            Ok(_) if sent.lied => ClientKnows::Nothing,
            Ok(reply) => told(sent.write.is_some(), &sent.execution, reply),
        };
        sent.told = Some((told, Instant::now()));
    }
}

/// What an answer says, in plain rules: what is neither the service's JSON nor empty is nobody's word.
fn told(is_write: bool, execution: &str, reply: &Reply) -> ClientKnows {
    let json: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let is_word = json.is_some() || reply.body.is_empty();
    match (reply.status, is_write) {
        (200..=299, true) if is_word => ClientKnows::Yes,
        (200..=299, false)
            if reply.body.is_empty() || json.is_some_and(|json| json["id"] == execution) =>
        {
            ClientKnows::Truth
        }
        (404 | 410, false) if is_word => ClientKnows::Truth,
        (404 | 410, true) if is_word => ClientKnows::No(reply.status),
        (400..=403 | 405..=407 | 409 | 411..=499, true) => ClientKnows::No(reply.status),
        _ => ClientKnows::Nothing,
    }
}

/// Of the object only its id and what was written.
fn partial(answer: Reply, write: Option<&Write>) -> Reply {
    let (Ok(Value::Object(whole)), Some(write)) = (serde_json::from_slice(&answer.body), write)
    else {
        return answer;
    };
    let written = write.body.as_ref().and_then(Value::as_object);
    let shown = |name: &str| name == "id" || written.is_some_and(|body| body.contains_key(name));
    let fields: serde_json::Map<_, _> = whole.into_iter().filter(|(name, _)| shown(name)).collect();
    reply(answer.status, &Value::Object(fields))
}

pub(super) fn answered(answer: &Ruling, silent: bool) -> Reply {
    match answer {
        Ruling::Done => reply(204, &Value::Null),
        Ruling::Shown(object) => reply(200, object),
        Ruling::NotFound if silent => reply(404, &Value::Null),
        Ruling::NotFound => reply(404, &json!({"message": "not found"})),
        Ruling::Exists => reply(409, &json!({"message": "there is such a task"})),
        Ruling::Refused(why) => reply(400, &json!({"message": why})),
    }
}

pub(super) fn reply(status: u16, body: &Value) -> Reply {
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    Reply {
        status,
        retry_after: None,
        content_type: Some("application/json".to_owned()),
        body,
    }
}

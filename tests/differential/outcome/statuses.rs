//! Statuses, and automations that are started or called off.

use serde_json::{Value, json};

use super::{ADVANCES, Edit, FIRES, MAY_FIRE, Outcome, Planned, Reject, Repeat, Target};
use crate::data::Api;

impl Target<'_> {
    pub(super) fn close(&self, wanted: &[&str], description: Option<&str>) -> Planned {
        if self.text("status") != Some("STARTED") {
            return Ok(Outcome::Nothing);
        }
        let [selected, described] = match self.api {
            Api::V1 => ["selectedClosingReasons", "closingReasonDescription"],
            Api::V2 => [
                "closing_reason.selected_reasons",
                "closing_reason.extra_description",
            ],
        };
        let configured: Vec<&Value> = match self.api {
            Api::V1 => self.reasons.as_array().into_iter().flatten().collect(),
            Api::V2 => {
                let reasons = self
                    .get("closing_reason.configured_reasons")
                    .and_then(Value::as_array);
                reasons.into_iter().flatten().collect()
            }
        };
        let of = |wish: &&str| {
            configured
                .iter()
                .find(|reason| reason["title"] == **wish || reason["id"] == **wish)
        };
        let reason = wanted.iter().find_map(of).ok_or(Reject)?;
        let mut writes = vec![
            self.write("status", json!("CLOSED")),
            self.write(selected, json!([reason])),
        ];
        if let Some(description) = description {
            writes.push(self.write(described, self.rendered(&json!(description))));
        }
        for write in &mut writes[1..] {
            write.goes_along = true;
        }
        Ok(Outcome::Edit(self.patches(writes).with_status(&[MAY_FIRE])))
    }

    pub(super) fn end_or_go_on(&self, from: &[&str], to: &str) -> Outcome {
        match self.text("status") {
            Some(status) if from.contains(&status) => Outcome::Edit(
                self.patches(vec![self.write("status", json!(to))])
                    .with_status(&[MAY_FIRE]),
            ),
            _ => Outcome::Nothing,
        }
    }

    pub(super) fn set_status(&self, to: &str, revert: bool, branch: Option<&str>) -> Planned {
        let now = match self.text("status") {
            // Two words of former times.
            Some("UNASSIGNED" | "ASSIGNED") => Some("PENDING"),
            now => now,
        };
        if now == Some(to) {
            return Ok(Outcome::Nothing);
        }
        let mut edit = self.patches(vec![self.write("status", json!(to))]);
        let effects: &[&str] = match to {
            "COMPLETED" | "SKIPPED" => &[MAY_FIRE, ADVANCES],
            _ => &[],
        };
        if self.api == Api::V1 {
            return Ok(Outcome::Edit(edit.with_status(effects)));
        }
        if self.data["enabled"] == false {
            return Err(Reject);
        }
        // A task's status is taken back by no request.
        edit.is_final = true;
        match (now, to) {
            (Some("PENDING"), "IN_PROGRESS" | "SKIPPED")
            | (Some("IN_PROGRESS"), "COMPLETED" | "SKIPPED") => {}
            (Some("COMPLETED" | "SKIPPED"), "PENDING") if revert => {
                edit.sends
                    .insert("revert_execution".to_owned(), json!(true));
                edit.repeat = Repeat::Once;
                edit.effects.insert("later_tasks_reset");
                return Ok(Outcome::Edit(edit));
            }
            _ => return Err(Reject),
        }
        if to == "COMPLETED" && self.data["task_type"] == "DECISION" {
            let conditions = self.data["conditions"].as_array().unwrap();
            let is_wanted = |condition: &&Value| {
                Some(&condition["id"]) == branch.map(Value::from).as_ref()
                    || Some(&condition["branch_name"]) == branch.map(Value::from).as_ref()
            };
            match (branch, conditions.iter().find(is_wanted)) {
                (Some(_), Some(condition)) => {
                    edit.sends
                        .insert("next_condition_id".to_owned(), condition["id"].clone());
                }
                (Some(_), None) => return Err(Reject),
                (None, _) if self.data["trigger_mode"] == "manual" => return Err(Reject),
                (None, _) => {}
            }
        }
        Ok(Outcome::Edit(edit.with_status(effects)))
    }

    pub(super) fn of_schedule(
        &self,
        method: &'static str,
        below: &str,
        becomes: &'static str,
        effects: &[&'static str],
    ) -> Outcome {
        match self.text("status") {
            Some("SCHEDULED") => Outcome::Edit(Edit {
                becomes: Some(becomes),
                ..self.request(method, below, Repeat::Readable, effects)
            }),
            _ => Outcome::Nothing,
        }
    }

    pub(super) fn run_automation(&self) -> Outcome {
        match self.get("automation_config") {
            Some(_) => {
                Outcome::Edit(self.request("POST", "/automation:run", Repeat::Once, &[FIRES]))
            }
            None => Outcome::Nothing,
        }
    }

    pub(super) fn execute(&self) -> Outcome {
        if let Some("COMPLETED" | "SKIPPED") = self.text("status") {
            return Outcome::Nothing;
        }
        let fires = self.get("automation_config").map(|_| FIRES);
        let effects: Vec<&str> = [MAY_FIRE, ADVANCES].into_iter().chain(fires).collect();
        Outcome::Edit(self.request("POST", "/execute", Repeat::Once, &effects))
    }

    pub(super) fn reconcile(&self) -> Outcome {
        match (self.get("automation_config"), self.text("status")) {
            (None, _) | (_, Some("COMPLETED" | "SKIPPED" | "FAILED" | "SCHEDULED")) => {
                Outcome::Nothing
            }
            _ => Outcome::Edit(self.request(
                "POST",
                "/reconcile-automation",
                Repeat::Safe,
                &[MAY_FIRE, ADVANCES],
            )),
        }
    }
}

//! Which targets a playbook selects.

use serde_json::{Value, json};

use super::{Found, Planner};
use crate::{
    conditions::{Condition, Failed, Scope},
    data::{ENTITIES, Execution, World},
    parts::{self, Level},
    playbooks::{Row, Source},
};

/// Whether an id is named: of the part, or of what it belongs to.
fn covers(ids: &[&str], execution: &Value, level: Level, id: &str) -> bool {
    let part = parts::find(execution, level, id);
    let parent = part.and_then(|part| parts::parent(execution, level, part));
    let is_named = |id: &Value| id.as_str().is_some_and(|id| ids.contains(&id));
    let of_part = |part: &Value| is_named(&part["id"]) || is_named(&part["phase_id"]);
    is_named(&execution["id"])
        || part.is_some_and(of_part)
        || parent.is_some_and(|parent| is_named(&parent["id"]))
}

impl<'a> Planner<'a> {
    /// What the source finds.
    pub(super) fn found(&mut self, world: &World) -> Vec<Found<'a>> {
        let playbook = self.playbook;
        let is_whole = playbook.each == Level::Step;
        let of = |execution: &Execution, row| Found {
            id: execution.id,
            listed: execution.listed.clone(),
            data: if is_whole {
                &execution.whole
            } else {
                &execution.listed
            }
            .clone(),
            row,
            reasons: execution.reasons.clone(),
        };
        let whole = |execution: &Execution, row| Found {
            listed: execution.whole.clone(),
            data: execution.whole.clone(),
            ..of(execution, row)
        };
        let mut named = |ids: &[&'static str], first: usize, rows: Option<&'a [Row]>| {
            let mut found: Vec<Found<'a>> = Vec::new();
            for (place, id) in ids.iter().enumerate() {
                let number = first + place;
                if ids[..place].contains(id) {
                    self.plan.rejected.push(json!({"row": number}));
                    continue;
                }
                if let Some(execution) = world.find(id) {
                    found.push(whole(
                        execution,
                        Some((number, rows.map(|rows| &rows[place]))),
                    ));
                } else if !playbook.exclude.contains(id)
                    && (playbook.only.is_empty() || playbook.only.contains(id))
                {
                    self.plan.rejected.push(json!({"row": number}));
                }
            }
            found
        };
        match &playbook.source {
            Source::Flows { .. } | Source::List | Source::Search => world
                .executions
                .iter()
                .map(|execution| of(execution, None))
                .collect(),
            // The search finds every step; an execution without steps is not found.
            Source::Steps => world
                .executions
                .iter()
                .filter(|execution| !parts::ids(&execution.whole, Level::Step).is_empty())
                .map(|execution| whole(execution, None))
                .collect(),
            Source::Ids(ids) => named(ids, 1, None),
            // The first row of a spreadsheet holds the names of the columns.
            Source::Rows(rows) => {
                let ids: Vec<&'static str> = rows.iter().map(|row| row.id).collect();
                named(&ids, 2, Some(rows))
            }
            Source::Entities { is_query } => ENTITIES
                .into_iter()
                .map(|(id, schema)| {
                    let title = if *is_query {
                        format!("Title of {id}")
                    } else {
                        String::new()
                    };
                    let data = json!({"id": id, "schema": schema, "title": title});
                    Found {
                        id,
                        listed: data.clone(),
                        data,
                        row: None,
                        reasons: Value::Null,
                    }
                })
                .collect(),
        }
    }

    /// The targets of an execution, while the limit lets there be some.
    pub(super) fn selected(&mut self, found: &Found<'_>, left: &mut usize) -> Vec<String> {
        let playbook = self.playbook;
        let each = playbook.each;
        let root = if each == Level::Entity {
            Level::Entity
        } else {
            Level::Execution
        };
        let is_meant = |id: &String| {
            !covers(&playbook.exclude, &found.data, each, id)
                && (playbook.only.is_empty() || covers(&playbook.only, &found.data, each, id))
        };
        let meant: Vec<String> = parts::ids(&found.data, each)
            .into_iter()
            .filter(is_meant)
            .collect();
        if playbook.exclude.contains(&found.id) || (!playbook.only.is_empty() && meant.is_empty()) {
            return Vec::new();
        }
        let holds = |filter: &Option<Condition>, scope: Scope<'_>| {
            filter
                .as_ref()
                .map_or(Ok(true), |filter| filter.holds(&scope))
        };
        match holds(
            &playbook.filter,
            self.scope(&found.listed, found.cells(), root, found.id),
        ) {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            Err(Failed) => {
                self.reject(found, root, found.id);
                return Vec::new();
            }
        }
        let mut selected = Vec::new();
        for id in meant {
            if *left == 0 {
                break;
            }
            match holds(
                &playbook.filter_each,
                self.scope(&found.data, found.cells(), each, &id),
            ) {
                Ok(true) => {
                    *left -= 1;
                    selected.push(id);
                }
                Ok(false) => {}
                Err(Failed) => self.reject(found, each, &id),
            }
        }
        selected
    }
}

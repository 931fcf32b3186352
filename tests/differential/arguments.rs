//! Random actions with their arguments, and how a playbook writes them.

mod random;

use serde_json::{Value, json};

use crate::time::Distance;

/// Somebody, as a template says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Id(&'static str),
    Leaver,
    Successor,
    OfExecution,
    Cell,
    /// The cell as a list, at its commas.
    Cells,
}

#[derive(Clone, Debug)]
pub(crate) enum Date {
    Literal(&'static str),
    Cell,
    InDays(i64),
    /// `date("2026-12-24")`: with the precision of a day.
    Day(&'static str),
    /// That of the execution, by the name of its field.
    OfExecution(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Replace {
        from: Who,
        to: Who,
    },
    Assign(Vec<Who>),
    Change {
        add: Vec<Who>,
        remove: Vec<Who>,
    },
    Shift(&'static str, Distance),
    ShiftByCell,
    SetDate(Date),
    SetRule(Value),
    MoveOffHolidays {
        direction: i64,
    },
    Close {
        reasons: Vec<&'static str>,
        description: Option<&'static str>,
    },
    Complete,
    Reopen,
    SetStatus {
        to: &'static str,
        revert: bool,
        branch: Option<&'static str>,
    },
    RunScheduleNow,
    CancelSchedule,
    RunAutomation,
    Execute,
    Reconcile,
    AddStep {
        index: i64,
        section: Option<&'static str>,
    },
    DeleteStep,
    AddTask {
        after: Option<&'static str>,
        before: Option<&'static str>,
        phase: Option<&'static str>,
    },
    Start {
        contexts: bool,
        assigned_to: bool,
    },
    Delete {
        soft: bool,
    },
    Patch(Vec<(&'static str, Value)>),
}

/// A date of a patch, as a template.
pub(crate) const IN_THREE_DAYS: &str = "{{ now + days(3) }}";

const SHIFTS: [(&str, Distance); 14] = [
    ("3 days", calendar(0, 3, 0)),
    ("-2 weeks", calendar(0, -14, 0)),
    ("1 month", calendar(1, 0, 0)),
    ("1 day 12 hours", calendar(0, 1, 720)),
    ("-P1DT12H", calendar(0, -1, -720)),
    ("90 minutes", calendar(0, 0, 90)),
    ("0 days", calendar(0, 0, 0)),
    ("-1 year", calendar(-12, 0, 0)),
    ("24 hours", calendar(0, 0, 1440)),
    ("0 hours", calendar(0, 0, 0)),
    ("1 business day", Distance::Business(1)),
    ("-1 business day", Distance::Business(-1)),
    ("3 business days", Distance::Business(3)),
    ("0 business days", Distance::Business(0)),
];

const fn calendar(months: i64, days: i64, minutes: i64) -> Distance {
    Distance::Calendar {
        months,
        days,
        minutes,
    }
}

/// The distance that a text of the test means.
pub(crate) fn distance(text: &str) -> Option<Distance> {
    SHIFTS
        .iter()
        .find(|(known, _)| *known == text)
        .map(|(_, distance)| *distance)
}

impl Action {
    /// Whether it may stand in a list of levels; what is written must have a meaning on each of them.
    pub(crate) const fn works_on_all_levels(&self) -> bool {
        matches!(
            self,
            Self::Replace { .. }
                | Self::Assign(_)
                | Self::Change { .. }
                | Self::Shift(..)
                | Self::ShiftByCell
                | Self::SetDate(_)
                | Self::MoveOffHolidays { .. }
        )
    }

    /// Whether a second plan finds nothing left to do, where no other action is in between.
    pub(crate) fn converges(&self) -> bool {
        let is_fixed = |who: &Vec<Who>| !who.contains(&Who::OfExecution);
        match self {
            Self::Replace { .. }
            | Self::SetDate(_)
            | Self::SetRule(_)
            | Self::MoveOffHolidays { .. }
            | Self::Close { .. }
            | Self::Complete
            | Self::Reopen
            | Self::SetStatus { .. } => true,
            Self::Assign(who) => is_fixed(who),
            Self::Change { add, remove } => is_fixed(add) && is_fixed(remove),
            Self::Patch(_) => !self.never_converges(),
            _ => false,
        }
    }

    /// A patch of what no read shows again.
    pub(crate) fn never_converges(&self) -> bool {
        matches!(self, Self::Patch(fields) if fields.iter().any(|(name, _)| *name == "completed_via_journey"))
    }

    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Replace { .. } | Self::Assign(_) | Self::Change { .. } => "reassign",
            Self::Shift(..) | Self::ShiftByCell => "shift_due_date",
            Self::SetDate(_) | Self::SetRule(_) => "set_due_date",
            Self::MoveOffHolidays { .. } => "move_off_holidays",
            Self::Close { .. } => "close",
            Self::Complete => "complete",
            Self::Reopen => "reopen",
            Self::SetStatus { .. } => "set_status",
            Self::RunScheduleNow => "run_schedule_now",
            Self::CancelSchedule => "cancel_schedule",
            Self::RunAutomation => "run_automation",
            Self::Execute => "execute",
            Self::Reconcile => "reconcile_automation",
            Self::AddStep { .. } => "add_step",
            Self::DeleteStep => "delete_step",
            Self::AddTask { .. } => "add_task",
            Self::Start { .. } => "start",
            Self::Delete { .. } => "delete",
            Self::Patch(_) => "patch",
        }
    }

    /// Its arguments, as a playbook writes them.
    pub(crate) fn json(&self) -> Value {
        let all = |who: &[Who]| {
            who.iter()
                .map(|who| json!(who.template()))
                .collect::<Vec<_>>()
        };
        match self {
            Self::Replace { from, to } => json!({"from": from.template(), "to": to.template()}),
            Self::Assign(who) => json!({"set": all(who)}),
            Self::Change { add, remove } => {
                let mut arguments = json!({});
                for (name, who) in [("add", add), ("remove", remove)] {
                    if !who.is_empty() {
                        arguments[name] = json!(all(who));
                    }
                }
                arguments
            }
            Self::Shift(text, _) => json!({"by": text}),
            Self::ShiftByCell => json!({"by": "{{ row.by }}"}),
            Self::SetDate(date) => json!(match date {
                Date::Literal(text) => (*text).to_owned(),
                Date::Cell => "{{ row.due }}".to_owned(),
                Date::InDays(days) => format!("{{{{ now + days({days}) }}}}"),
                Date::Day(day) => format!("{{{{ date(\"{day}\") }}}}"),
                Date::OfExecution(field) => format!("{{{{ execution.{field} }}}}"),
            }),
            Self::SetRule(rule) => json!({"config": rule}),
            Self::MoveOffHolidays { direction: -1 } => json!({"direction": "previous"}),
            Self::Close {
                reasons,
                description,
            } => {
                let mut arguments = json!({"reason": reasons});
                if let Some(description) = description {
                    arguments["description"] = json!(description);
                }
                arguments
            }
            Self::SetStatus {
                to,
                revert: false,
                branch: None,
            } => json!(to),
            Self::SetStatus { to, revert, branch } => match branch {
                Some(branch) => json!({"to": to, "branch": branch}),
                None => json!({"to": to, "revert": revert}),
            },
            Self::AddStep { index, section } => match section {
                Some(section) => {
                    json!({"name": "Call {{ execution.name }}", "index": index, "section": section})
                }
                None => json!({"name": "Call {{ execution.name }}", "index": index}),
            },
            Self::AddTask {
                after,
                before,
                phase,
            } => {
                let mut arguments =
                    json!({"name": "Ask back", "assigned_to": ["{{ vars.successor }}"]});
                for (name, value) in [("after", after), ("before", before), ("phase", phase)] {
                    if let Some(value) = value {
                        arguments[name] = json!(value);
                    }
                }
                arguments
            }
            Self::Start {
                contexts,
                assigned_to,
            } => {
                let mut arguments = json!({"template": "tpl"});
                if *contexts {
                    arguments["contexts"] = json!([{"id": "c9", "schema": "contact"}]);
                }
                if *assigned_to {
                    arguments["assigned_to"] = json!(["{{ vars.successor }}"]);
                }
                arguments
            }
            Self::Delete { soft: true } => json!({"soft": true}),
            Self::Patch(fields) => fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Self::MoveOffHolidays { .. }
            | Self::Complete
            | Self::Reopen
            | Self::RunScheduleNow
            | Self::CancelSchedule
            | Self::RunAutomation
            | Self::Execute
            | Self::Reconcile
            | Self::DeleteStep
            | Self::Delete { soft: false } => Value::Null,
        }
    }
}

impl Who {
    /// With the person behind a variable.
    pub(crate) const fn known(self) -> Self {
        match self {
            Self::Leaver => Self::Id("1"),
            Self::Successor => Self::Id("2"),
            Self::Id(_) | Self::OfExecution | Self::Cell | Self::Cells => self,
        }
    }

    const fn template(self) -> &'static str {
        match self {
            Self::Id(id) => id,
            Self::Leaver => "{{ vars.leaver }}",
            Self::Successor => "{{ vars.successor }}",
            Self::OfExecution => "{{ assignees(execution) }}",
            Self::Cell => "{{ row['new owners'] }}",
            Self::Cells => "{{ row['new owners'] | split(',') }}",
        }
    }
}

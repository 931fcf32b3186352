//! Automations of tasks: scheduled, run now, started.

use jiff::{Span, Timestamp, ToSpan, tz::TimeZone};

use super::{
    advance,
    common::{require_running, set_status, touch},
};
use crate::{
    generate::uuid_of,
    machine::TaskPlace,
    refused::Refused,
    wire::{
        TaskStatus, stamp,
        v2::{Flow, Schedule, ScheduleDirection, Task, TimeUnit},
    },
};

/// `runTaskScheduleNow`: cancels the schedule of the task at `index` and starts its automation.
pub(crate) fn run_now(flow: &mut Flow, index: usize, now: Timestamp) -> Result<(), Refused> {
    require_scheduled(flow, index, "only a SCHEDULED one can be run now")?;
    fire(&mut flow.tasks[index], now);
    touch(flow, index, now);
    Ok(())
}

/// `cancelTaskSchedule`: deletes the schedule of the task at `index`, which is skipped.
pub(crate) fn cancel(flow: &mut Flow, index: usize, now: Timestamp) -> Result<(), Refused> {
    let rule = "only the schedule of a SCHEDULED one can be cancelled";
    require_scheduled(flow, index, rule)?;
    let was_current = advance::place(flow, index) == TaskPlace::Current;
    let task = &mut flow.tasks[index];
    task.schedule = None;
    set_status(task, TaskStatus::Skipped, now);
    touch(flow, index, now);
    if was_current {
        advance::after(flow, index, None, now);
    }
    Ok(())
}

fn require_scheduled(flow: &Flow, index: usize, rule: &str) -> Result<(), Refused> {
    require_running(flow)?;
    match flow.tasks[index].status {
        TaskStatus::Scheduled => Ok(()),
        other => Err(Refused::Invalid(format!("the task is {other}, {rule}"))),
    }
}

/// Starts a task's automation. Its execution's id comes from the task and the schedule that it
/// replaces, so that data that are replayed are the same data.
pub(super) fn fire(task: &mut Task, now: Timestamp) {
    let origin = match task.schedule.take() {
        Some(Schedule::Delayed { schedule_id, .. } | Schedule::Relative { schedule_id, .. }) => {
            schedule_id.unwrap_or_default()
        }
        Some(Schedule::Immediate) | None => stamp(now),
    };
    let execution = uuid_of(&format!("{}/{origin}", task.id)).to_string();
    set_status(task, TaskStatus::InProgress, now);
    if let Some(config) = &mut task.automation_config {
        config.execution_id = Some(execution.clone());
        config.execution_status = Some("started".to_owned());
    }
    task.automation_execution_id = Some(execution);
}

/// Schedules a task's automation: its delay counts from now.
pub(super) fn arm(task: &mut Task, now: Timestamp) {
    let new_id = uuid_of(&format!("{}/schedule/{}", task.id, stamp(now))).to_string();
    match &mut task.schedule {
        Some(Schedule::Delayed {
            duration,
            unit,
            schedule_id,
            scheduled_at,
        }) => {
            *schedule_id = Some(new_id);
            *scheduled_at = Some(later(now, *duration, *unit));
        }
        Some(Schedule::Relative {
            direction,
            duration,
            unit,
            schedule_id,
            scheduled_at,
            ..
        }) => {
            let distance = match direction {
                ScheduleDirection::Before => -*duration,
                ScheduleDirection::After => *duration,
            };
            *schedule_id = Some(new_id);
            *scheduled_at = Some(later(now, distance, *unit));
        }
        Some(Schedule::Immediate) | None => {}
    }
    set_status(task, TaskStatus::Scheduled, now);
    task.updated_at = stamp(now);
}

fn later(now: Timestamp, duration: i64, unit: TimeUnit) -> String {
    let at = now.to_zoned_datetime(TimeZone::UTC);
    span(duration, unit)
        .and_then(|span| at.checked_add(span).ok())
        .map_or_else(|| stamp(now), |at| stamp(at.timestamp()))
}

/// A number of units as a span; none beyond what the calendar holds.
pub(super) fn span(number: i64, unit: TimeUnit) -> Option<Span> {
    let zero = 0.seconds();
    match unit {
        TimeUnit::Minutes => zero.try_minutes(number),
        TimeUnit::Hours => zero.try_hours(number),
        TimeUnit::Days => zero.try_days(number),
        TimeUnit::Weeks => zero.try_weeks(number),
        TimeUnit::Months => zero.try_months(number),
        TimeUnit::Years => zero.try_years(number),
    }
    .ok()
}

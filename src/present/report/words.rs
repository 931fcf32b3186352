//! The texts for targets, outcomes and reasons to stop.

use std::time::Duration;

use crate::{
    event::StopReason,
    outcome::Outcome,
    plan::{Change, Rejection, Target},
    text::Untrusted,
};

use super::{
    manner::Manner,
    problem::Problem,
    units::{count, rough},
};

/// Columns of an action's or a field's name; ours are shorter, a plan file may have any.
const WORD_COLUMNS: usize = 40;

/// Columns of a name; the ids beside it identify the target.
const NAME_COLUMNS: usize = 50;

/// Enclosing names that are shown: those of the execution, and of the phase or section. A plan from another source may have any number.
pub(super) const MOST_WITHIN: usize = 2;

/// Columns of a message of the service: a sentence or two.
const DETAIL_COLUMNS: usize = 200;

/// `task “Moving in” › “Contract” › “Send offer” exec_1/task_2`, escaped.
pub(super) fn target(target: &Target) -> String {
    let quoted = |name: &String| format!("“{}”", Untrusted(name).terminal().cut(NAME_COLUMNS));
    let names: Vec<String> = target
        .within
        .iter()
        .take(MOST_WITHIN)
        .chain([&target.name])
        .filter(|name| !name.is_empty())
        .map(quoted)
        .collect();
    let name = match &names[..] {
        [] => String::new(),
        names => format!(" {}", names.join(" › ")),
    };
    let id = target
        .id
        .as_ref()
        .map_or_else(String::new, |id| format!("/{id}"));
    format!("{}{name} {}{id}", target.kind, target.execution)
}

/// The name of an action or a field, escaped.
pub(super) fn name(text: &str) -> String {
    Untrusted(text).terminal().cut(WORD_COLUMNS).to_string()
}

/// `reassign + shift_due_date`, escaped.
pub(super) fn actions(actions: &[String]) -> String {
    name(&actions.join(" + "))
}

/// A line about a planned change.
pub(super) fn change(change: &Change) -> String {
    let how = Manner::of(change).map_or_else(String::new, |how| format!(" ({})", how.text));
    format!(
        "{}{how}  {}",
        actions(&change.action),
        target(&change.target)
    )
}

/// A line about a rejected target, and the reason.
pub(super) fn rejection(rejection: &Rejection) -> String {
    let parts = [left_out(rejection), left_out_reason(rejection)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}

/// A target that is left out, without the reason.
pub(super) fn left_out(rejection: &Rejection) -> String {
    let row = rejection.row.map(|row| format!("row {row}"));
    let target = rejection.target.as_ref().map(target);
    let parts: Vec<String> = [row, target].into_iter().flatten().collect();
    parts.join(": ")
}

/// The reason for leaving it out, escaped.
pub(super) fn left_out_reason(rejection: &Rejection) -> String {
    detail(&rejection.reason)
}

/// A message from outside, escaped and cut to a line or two.
pub(super) fn detail(text: &str) -> String {
    Untrusted(text).terminal().cut(DETAIL_COLUMNS).to_string()
}

/// What is known of a change in doubt, escaped: what the last attempt met, what to look at, and what a look has shown.
pub(super) fn doubt(text: &str) -> String {
    Untrusted(text)
        .terminal()
        .cut(2 * DETAIL_COLUMNS)
        .to_string()
}

/// A line about a change that needs attention.
pub(super) fn problem(problem: &Problem<'_>) -> String {
    line(
        &problem.outcome.to_string(),
        "",
        problem.target,
        problem.detail,
    )
}

/// The failed change on which another one depends: actions, target, and outcome. Both are in one execution, which is not named again.
pub(super) fn cause(change: &Change, outcome: Outcome) -> String {
    let alone = Target {
        within: Vec::new(),
        ..change.target.clone()
    };
    let became = match outcome {
        Outcome::InDoubt => "in doubt".to_owned(),
        Outcome::NotAttempted => "not attempted".to_owned(),
        Outcome::Applied
        | Outcome::AlreadyDone
        | Outcome::Drifted
        | Outcome::Gone
        | Outcome::Refused
        | Outcome::Failed => outcome.to_string(),
    };
    format!(
        "{} of {} ({became})",
        actions(&change.action),
        target(&alone)
    )
}

/// Why a change is open: the run stopped before it.
pub(super) fn stopped(stop: &str) -> String {
    format!("the run stopped: {stop}")
}

/// A line about any change with an outcome.
pub(super) fn ended(
    outcome: Outcome,
    action: &[String],
    target: &Target,
    said: Option<&str>,
) -> String {
    let action = detail(&action.join(" + ")) + "  ";
    line(&outcome.to_string(), &action, target, said)
}

/// A line about a retry.
pub(super) fn retried(target: &Target, reason: &str, after: Duration) -> String {
    let again = format!("again in {:.1} s  ", after.as_secs_f64());
    line("retried", &again, target, Some(reason))
}

/// A line about an attempt whose outcome is unknown.
pub(super) fn doubted(target: &Target, reason: &str) -> String {
    line("in doubt", "", target, Some(reason))
}

fn line(what: &str, how: &str, of: &Target, said: Option<&str>) -> String {
    let is_doubt = what == Outcome::InDoubt.word();
    let shown = if is_doubt { doubt } else { detail };
    let said = said.map_or_else(String::new, |said| format!(": {}", shown(said)));
    format!("{what:<8}  {how}{}{said}", target(of))
}

/// Why a run stops, as the middle of a sentence.
pub(super) fn stop(drain: &StopReason) -> String {
    match drain {
        StopReason::Interrupted => "interrupted".to_owned(),
        StopReason::Unauthorized { message } if message.is_empty() => {
            "the service does not accept the token".to_owned()
        }
        StopReason::Unauthorized { message } => {
            format!("the service does not accept the token: {}", detail(message))
        }
        StopReason::FailuresInARow { failures, last } => {
            format!(
                "{failures} failures in a row, the last one: {}",
                detail(last)
            )
        }
        StopReason::NothingGotThrough { changes, last } => format!(
            "{} could not be attempted, and no change succeeded after that; the last error: {}",
            count(*changes, "change", "changes"),
            detail(last)
        ),
        StopReason::ErrorBudget { errors } => {
            format!("{}, and no more may", failed_or_in_doubt(*errors))
        }
        StopReason::Stage { number, errors } => {
            format!("{} in stage {number}", failed_or_in_doubt(*errors))
        }
        StopReason::LongPause { pause } => {
            format!("the service asks for a pause of {}", rough(*pause))
        }
        StopReason::Checkpoint { message } => detail(message),
        StopReason::OtherOrganisation { planned, found } => format!(
            "the plan is for organisation {}, the service answers for {}",
            detail(planned),
            detail(found)
        ),
        StopReason::Bug { message } => {
            format!(
                "a part of wf-bulk failed, please report it: {}",
                detail(message)
            )
        }
    }
}

fn failed_or_in_doubt(errors: u64) -> String {
    count(
        errors,
        "change failed or is in doubt",
        "changes failed or are in doubt",
    )
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{
        api::{Generation, Id, Level},
        outcome::Outcome,
        plan::Item,
        report::plan_summary::tests::change,
    };

    /// A task of a v2 flow.
    pub(in crate::present::report) fn task(execution: &str, id: &str, name: &str) -> Target {
        Target {
            kind: Level::Task,
            api: Generation::V2,
            execution: Id::new(execution).unwrap(),
            id: Some(Id::new(id).unwrap()),
            name: name.to_owned(),
            within: Vec::new(),
        }
    }

    #[test]
    fn a_target_is_named_with_its_ids() {
        assert_eq!(
            target(&task("e1", "t1", "Send \u{202e}offer")),
            "task “Send \\u{202e}offer” e1/t1"
        );
        let mut inner = task("e1", "t1", "Send");
        inner.within = vec!["Moving \u{1b}in".to_owned(), "Contract".to_owned()];
        assert_eq!(
            target(&inner),
            "task “Moving \\u{1b}in” › “Contract” › “Send” e1/t1"
        );
        inner.name = String::new();
        inner.within.truncate(1);
        assert_eq!(target(&inner), "task “Moving \\u{1b}in” e1/t1");
        let mut execution = task("e1", "t1", "");
        execution.kind = Level::Execution;
        execution.id = None;
        assert_eq!(target(&execution), "execution e1");
    }

    #[test]
    fn a_problem_is_one_line_with_what_was_said() {
        let target = task("e1", "t1", "Call");
        for (outcome, said, line) in [
            (
                Outcome::Refused,
                Some("400: no\nway"),
                "refused   task “Call” e1/t1: 400: no\\nway",
            ),
            (Outcome::InDoubt, None, "in_doubt  task “Call” e1/t1"),
        ] {
            let told = Problem::new(&target, &[], outcome, said).unwrap();
            assert_eq!(problem(&told), line);
        }
    }

    #[test]
    fn a_cause_names_the_target_that_another_change_depends_on() {
        let mut target = task("e1", "t1", "Send \u{1b}offer");
        target.within = vec!["Moving in".to_owned(), "Contract".to_owned()];
        let nameless = Target {
            name: String::new(),
            ..target.clone()
        };
        let phase = Target {
            kind: Level::Phase,
            name: "Contract".to_owned(),
            ..target.clone()
        };
        for (target, outcome, said) in [
            (
                target,
                Outcome::Refused,
                "reassign of task “Send \\u{1b}offer” e1/t1 (refused)",
            ),
            (
                phase,
                Outcome::InDoubt,
                "reassign of phase “Contract” e1/t1 (in doubt)",
            ),
            (
                nameless,
                Outcome::NotAttempted,
                "reassign of task e1/t1 (not attempted)",
            ),
        ] {
            let item = change(target, "reassign", "x", json!(1), json!(2));
            let Item::Change(change) = item else {
                unreachable!("a change was made")
            };
            assert_eq!(cause(&change, outcome), said);
        }
    }

    #[test]
    fn each_stop_says_why() {
        for (drain, said) in [
            (StopReason::Interrupted, "interrupted"),
            (
                StopReason::Unauthorized {
                    message: String::new(),
                },
                "the service does not accept the token",
            ),
            (
                StopReason::Unauthorized {
                    message: "expired\u{7}".to_owned(),
                },
                "the service does not accept the token: expired\\u{7}",
            ),
            (
                StopReason::FailuresInARow {
                    failures: 10,
                    last: "connection refused".to_owned(),
                },
                "10 failures in a row, the last one: connection refused",
            ),
            (
                StopReason::ErrorBudget { errors: 20 },
                "20 changes failed or are in doubt, and no more may",
            ),
            (
                StopReason::Stage {
                    number: 1,
                    errors: 1,
                },
                "1 change failed or is in doubt in stage 1",
            ),
            (
                StopReason::LongPause {
                    pause: Duration::from_secs(600),
                },
                "the service asks for a pause of 10 min",
            ),
            (
                StopReason::Checkpoint {
                    message: "can't write to the checkpoint: no space left".to_owned(),
                },
                "can't write to the checkpoint: no space left",
            ),
            (
                StopReason::OtherOrganisation {
                    planned: "1".to_owned(),
                    found: "2".to_owned(),
                },
                "the plan is for organisation 1, the service answers for 2",
            ),
        ] {
            assert_eq!(stop(&drain), said);
        }
    }
}

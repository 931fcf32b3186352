//! What other retries of a run have made of its changes: nothing is made a second time.

use crate::{
    plan::{Change, Skip},
    playbook::Playbook,
    run_id::RunId,
    target::TargetPart,
};

/// A change in the plan of another retry of the same run.
#[derive(Clone, Debug)]
pub struct Tried {
    pub run: RunId,
    pub part: TargetPart,
    /// The labels of its actions.
    pub labels: Vec<String>,
    pub fate: TriedResult,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriedResult {
    Made,
    InDoubt,
    Left,
}

/// Those of the remaining changes of one execution that no other retry has made, without the actions that one has made on their target;
/// and the other targets, each with the reason.
pub fn not_yet_made(
    left: Vec<Change>,
    tried: &[Tried],
    playbook: &Playbook,
) -> (Vec<Change>, Vec<Skip>) {
    let mut skipped: Vec<Skip> = Vec::new();
    let mut open = Vec::new();
    for mut change in left {
        match settle(&mut change, tried, playbook) {
            None => open.push(change),
            Some(_) if skipped.iter().any(|skip| skip.target == change.target) => {}
            Some(reason) => skipped.push(Skip {
                target: change.target,
                reason,
                out_of_reach: false,
            }),
        }
    }
    (open, skipped)
}

/// Removes the actions that another retry has made; why the change is not planned again, if it is not.
fn settle(change: &mut Change, tried: &[Tried], playbook: &Playbook) -> Option<String> {
    let part = TargetPart::of(change.target.kind, change.target.id.clone());
    let waits = |other: &&Tried| part == TargetPart::Execution || other.part == part;
    let mut doubts = tried
        .iter()
        .filter(|other| other.fate == TriedResult::InDoubt);
    if let Some(doubt) = doubts.find(waits) {
        let run = doubt.run;
        return Some(format!("a change of run {run} to it is in doubt"));
    }
    let mut by = None;
    change.action.retain(|label| {
        let of_it = |other: &&Tried| other.part == part && other.labels.contains(label);
        let made = tried.iter().filter(of_it).find(|other| {
            other.fate == TriedResult::Made && !is_to_be_completed(tried, other, label, playbook)
        });
        by = by.or(made.map(|other| other.run));
        made.is_none()
    });
    by.filter(|_| change.action.is_empty())
        .map(|run| format!("run {run} has made it"))
}

/// Whether a retry has made an idempotent action in part.
fn is_to_be_completed(tried: &[Tried], made: &Tried, label: &String, playbook: &Playbook) -> bool {
    let converges =
        (playbook.actions.iter()).any(|entry| entry.label() == *label && entry.converges);
    converges
        && tried.iter().any(|other| {
            other.fate == TriedResult::Left
                && other.run == made.run
                && other.part == made.part
                && other.labels.contains(label)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::ActionEntry,
        api::Id,
        testing::{changes::reassign, samples::over_flows},
    };

    #[test]
    fn what_another_retry_made_or_left_in_doubt_is_not_planned_and_what_it_left_is() {
        let playbook = over_flows("each: task", "actions: [ shift_due_date: { by: 3 days } ]");
        let label = playbook.actions[0].label();
        let run: RunId = "0192f0c4-8a5e-7000-8000-0000000000c4".parse().unwrap();
        let task = |name: &str| TargetPart::Task(Id::try_from(name.to_owned()).unwrap());
        for (part, label_of_it, fate, reason) in [
            (
                "t0",
                &*label,
                TriedResult::Made,
                Some("run RUN has made it"),
            ),
            (
                "t0",
                &*label,
                TriedResult::InDoubt,
                Some("a change of run RUN to it is in doubt"),
            ),
            ("t0", &*label, TriedResult::Left, None),
            ("t0", "another action", TriedResult::Made, None),
            ("t1", &*label, TriedResult::Made, None),
            ("t1", &*label, TriedResult::InDoubt, None),
        ] {
            let tried = Tried {
                run,
                part: task(part),
                labels: vec![label_of_it.to_owned()],
                fate,
            };
            let mut change = reassign("e1", "t0");
            change.action = vec![label.clone()];
            let (open, skipped) = not_yet_made(vec![change], &[tried], &playbook);
            let told = skipped
                .first()
                .map(|skip| skip.reason.replace(&run.to_string(), "RUN"));
            assert_eq!(told.as_deref(), reason, "{part} {label_of_it} {fate:?}");
            assert_eq!(open.is_empty(), reason.is_some());
        }
    }

    #[test]
    fn of_a_change_by_two_actions_only_the_one_that_was_not_made_is_planned() {
        let playbook = over_flows(
            "each: task",
            "actions: [ shift_due_date: { by: 3 days }, reassign: { add: [\"7\"] } ]",
        );
        let labels: Vec<String> = playbook.actions.iter().map(ActionEntry::label).collect();
        let mut change = reassign("e1", "t0");
        change.action.clone_from(&labels);
        let tried = Tried {
            run: "0192f0c4-8a5e-7000-8000-0000000000c4".parse().unwrap(),
            part: TargetPart::Task(Id::try_from("t0".to_owned()).unwrap()),
            labels: labels[..1].to_vec(),
            fate: TriedResult::Made,
        };
        let (open, skipped) = not_yet_made(vec![change], &[tried], &playbook);
        assert_eq!(open[0].action, labels[1..]);
        assert_eq!(skipped, []);
    }
}

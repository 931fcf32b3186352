//! The title of a plan that follows a run: it says which run the plan undoes or corrects. Pure.

use crate::plan::FollowUp;

const UNDO: &str = "undo of ";
const CORRECTION: &str = "correction after ";
/// `undo of undo no. 2 in a row of p`: from the third undo on, they are counted.
const COUNTED: [&str; 2] = ["undo no. ", " in a row of "];

/// The title of a plan that does this with a run. `name` is the title of the run's plan, and `follows` what that plan does with another run.
pub(super) fn title(by: FollowUp, name: &str, follows: Option<FollowUp>) -> String {
    match by {
        // It has the name of the playbook with which it is made.
        FollowUp::Retry => name.to_owned(),
        FollowUp::Undo => format!("{UNDO}{}", run_of(name, follows)),
        // Two corrections correct tasks of the same run.
        FollowUp::Reconcile if follows == Some(FollowUp::Reconcile) => name.to_owned(),
        FollowUp::Reconcile => format!("{CORRECTION}{}", run_of(name, follows)),
    }
}

/// A run whose plan has this title, as words after `of`.
fn run_of(name: &str, follows: Option<FollowUp>) -> String {
    match follows {
        None => name.to_owned(),
        Some(FollowUp::Retry) => format!("the retry of {name}"),
        Some(FollowUp::Reconcile) => format!("the {name}"),
        Some(FollowUp::Undo) => match undos_in_a_row(name) {
            (1, _) => format!("the {name}"),
            (undos, of) => {
                let [number, row] = COUNTED;
                format!("{number}{undos}{row}{of}")
            }
        },
    }
}

/// Of the title of an undo: how many undos it counts, and of what.
fn undos_in_a_row(name: &str) -> (u64, &str) {
    let of = name.strip_prefix(UNDO).unwrap_or(name);
    if let Some(of) = of.strip_prefix("the ").and_then(|of| of.strip_prefix(UNDO)) {
        return (2, of);
    }
    let counted = || {
        let [number, row] = COUNTED;
        let (undos, of) = of.strip_prefix(number)?.split_once(row)?;
        Some((undos.parse::<u64>().ok()?.checked_add(1)?, of))
    };
    counted().unwrap_or((1, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The titles of plans that each follow the one before, after the run of a playbook.
    fn titles(follow_ups: &[FollowUp]) -> Vec<String> {
        let mut name = "p".to_owned();
        let mut follows = None;
        let titles = follow_ups.iter().map(|by| {
            name = title(*by, &name, follows);
            follows = Some(*by);
            name.clone()
        });
        titles.collect()
    }

    #[test]
    fn a_title_says_which_run_the_plan_undoes_and_many_undos_in_a_row_are_counted() {
        use FollowUp::{Reconcile, Retry, Undo};
        assert_eq!(
            titles(&[Undo; 5]),
            [
                "undo of p",
                "undo of the undo of p",
                "undo of undo no. 2 in a row of p",
                "undo of undo no. 3 in a row of p",
                "undo of undo no. 4 in a row of p",
            ]
        );
        assert_eq!(
            titles(&[Retry, Retry, Undo, Undo, Undo]),
            [
                "p",
                "p",
                "undo of the retry of p",
                "undo of the undo of the retry of p",
                "undo of undo no. 2 in a row of the retry of p",
            ]
        );
        assert_eq!(
            titles(&[Reconcile, Reconcile, Undo]),
            [
                "correction after p",
                "correction after p",
                "undo of the correction after p",
            ]
        );
        assert_eq!(
            titles(&[Undo, Reconcile])[1],
            "correction after the undo of p"
        );
    }

    #[test]
    fn a_playbook_with_the_name_of_an_undo_is_no_undo() {
        let named = "undo of the undo of p";
        let undo = title(FollowUp::Undo, named, None);
        assert_eq!(undo, "undo of undo of the undo of p");
        assert_eq!(
            title(FollowUp::Undo, &undo, Some(FollowUp::Undo)),
            "undo of the undo of undo of the undo of p"
        );
    }
}

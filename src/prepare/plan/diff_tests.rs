//! Tests of the comparison of two plans.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn change(group: u8, id: u8, before: u8, after: u8) -> Change {
    let group = format!("e{group:03}");
    let path = format!("/v2/flows/executions/{group}/tasks/t{id}");
    serde_json::from_value(json!({
        "change": format!("{id:012x}"), "group": group,
        "target": {"kind": "task", "api": "v2", "execution": group, "id": format!("t{id}"), "name": "x"},
        "action": ["patch"],
        "request": {"method": "PATCH", "path": path, "body": {"name": after}},
        "before": {"name": before}, "after": {"name": after},
        "requires": {"execution.status": "STARTED"}, "repeat": "safe",
        "undo": {"request": {"method": "PATCH", "path": path, "body": {"name": before}}},
        "effects": [],
    }))
    .unwrap()
}

fn items(changes: &[Change]) -> Vec<Item> {
    let changes = changes.iter().cloned();
    changes.map(Box::new).map(Item::Change).collect()
}

fn differences(reviewed: &[Change], now: &[Change]) -> (Vec<Difference>, u64) {
    let mut differences = Vec::new();
    let same = diff(&items(reviewed), &items(now), &mut |difference| {
        differences.push(difference);
        Ok(())
    })
    .unwrap();
    (differences, same)
}

#[test]
fn changes_that_came_went_and_became_others_are_told_apart() {
    let reviewed = [change(1, 1, 0, 9), change(1, 2, 0, 9), change(3, 1, 0, 9)];
    let now = [
        change(1, 2, 0, 8),
        change(1, 3, 0, 9),
        change(2, 1, 0, 9),
        change(3, 1, 0, 9),
    ];
    let boxed = |change: &Change| Box::new(change.clone());
    assert_eq!(
        differences(&reviewed, &now),
        (
            vec![
                Difference::Removed(boxed(&reviewed[0])),
                Difference::Altered {
                    reviewed: boxed(&reviewed[1]),
                    now: boxed(&now[0]),
                    aspects: vec![Aspect::After],
                },
                Difference::Added(boxed(&now[1])),
                Difference::Added(boxed(&now[2])),
            ],
            1
        )
    );
}

#[test]
fn each_part_of_a_change_that_is_another_one_is_noticed() {
    let one = change(1, 1, 0, 9);
    let altered = |alter: &dyn Fn(&mut Change)| {
        let mut now = one.clone();
        alter(&mut now);
        let aspects = aspects(&one, &now);
        assert_eq!(aspects.is_empty(), one == now);
        aspects
    };
    let other = change(1, 1, 1, 8);
    assert_eq!(altered(&|_| {}), []);
    for (alter, aspect) in [
        (
            (&|now: &mut Change| now.after = other.after.clone()) as &dyn Fn(&mut Change),
            Aspect::After,
        ),
        (&|now: &mut Change| now.request.body = None, Aspect::After),
        (
            &|now: &mut Change| now.before = other.before.clone(),
            Aspect::Before,
        ),
        (&|now: &mut Change| now.requires.clear(), Aspect::Before),
        (
            &|now: &mut Change| now.undo = other.undo.clone(),
            Aspect::Manner,
        ),
        (
            &|now: &mut Change| now.target.name = "y".to_owned(),
            Aspect::Manner,
        ),
        (&|now: &mut Change| now.action.clear(), Aspect::Manner),
        (&|now: &mut Change| now.request.path.clear(), Aspect::Manner),
        (
            &|now| now.repeat = crate::plan::Repeat::Once,
            Aspect::Manner,
        ),
        (
            &|now| now.effects = vec![crate::plan::Effect::FlowAdvances],
            Aspect::Manner,
        ),
        (
            &|now| now.effects = vec![crate::plan::Effect::Notice("7".to_owned())],
            Aspect::Manner,
        ),
    ] {
        assert_eq!(altered(alter), [aspect]);
    }
}

#[test]
fn another_order_within_an_execution_is_a_difference_and_a_line_more_before_is_none() {
    let (one, two) = (change(1, 1, 0, 9), change(1, 2, 0, 9));
    let (found, same) = differences(&[one.clone(), two.clone()], &[two.clone(), one.clone()]);
    assert_eq!((found.len(), same), (2, 0));
    let (found, same) = differences(std::slice::from_ref(&two), &[one, two.clone()]);
    assert_eq!((found.len(), same), (1, 1));
}

#[test]
fn that_there_is_no_way_back_any_more_is_noticed_beside_other_values() {
    let reviewed = change(1, 1, 0, 9);
    let mut now = change(1, 1, 1, 9);
    assert_eq!(aspects(&reviewed, &now), [Aspect::Before]);
    now.undo = Undo::None("it is gone".to_owned());
    assert_eq!(aspects(&reviewed, &now), [Aspect::Before, Aspect::Manner]);
}

/// Sorted by execution, as plans are; within one in any order, ids at most once.
fn plans() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((0..4_u8, 0..4_u8, 0..2_u8, 8..10_u8), 0..12).prop_map(|rows| {
        let mut seen = std::collections::BTreeSet::new();
        let mut changes: Vec<Change> = rows
            .into_iter()
            .filter(|(group, id, ..)| seen.insert((*group, *id)))
            .map(|(group, id, before, after)| change(group, id, before, after))
            .collect();
        changes.sort_by(|a, b| a.group.cmp(&b.group));
        changes
    })
}

proptest! {
    #[test]
    fn a_plan_is_no_different_from_itself(plan in plans()) {
        prop_assert_eq!(differences(&plan, &plan), (Vec::new(), plan.len() as u64));
    }

    #[test]
    fn what_is_removed_the_one_way_is_added_the_other_way((reviewed, now) in (plans(), plans())) {
        let sorted = |reviewed, now| {
            let mut kinds: Vec<String> = differences(reviewed, now)
                .0
                .into_iter()
                .map(|difference| match difference {
                    Difference::Added(change) => format!("+{change:?}"),
                    Difference::Removed(change) => format!("-{change:?}"),
                    Difference::Altered { reviewed, now, aspects } => format!("{reviewed:?} {now:?} {aspects:?}"),
                })
                .collect();
            kinds.sort();
            kinds
        };
        let mut turned: Vec<String> = differences(&now, &reviewed)
            .0
            .into_iter()
            .map(|difference| match difference {
                Difference::Added(change) => format!("-{change:?}"),
                Difference::Removed(change) => format!("+{change:?}"),
                Difference::Altered { reviewed, now, aspects } => format!("{now:?} {reviewed:?} {aspects:?}"),
            })
            .collect();
        turned.sort();
        prop_assert_eq!(sorted(&reviewed, &now), turned);
    }

    #[test]
    fn every_change_of_both_plans_is_accounted_for_once(reviewed in plans(), now in plans()) {
        let (found, same) = differences(&reviewed, &now);
        let (mut gone, mut come) = (same, same);
        for difference in &found {
            match difference {
                Difference::Added(change) => {
                    come += 1;
                    prop_assert!(now.contains(change));
                    prop_assert!(!reviewed.iter().any(|other| (&other.group, &other.change) == (&change.group, &change.change)));
                }
                Difference::Removed(change) => {
                    gone += 1;
                    prop_assert!(reviewed.contains(change));
                }
                Difference::Altered { reviewed: old, now: new, aspects } => {
                    come += 1;
                    gone += 1;
                    prop_assert!(reviewed.contains(old) && now.contains(new) && !aspects.is_empty());
                    prop_assert_eq!((&old.group, &old.change), (&new.group, &new.change));
                }
            }
        }
        prop_assert_eq!((gone, come), (reviewed.len() as u64, now.len() as u64));
        prop_assert_eq!(found.is_empty(), reviewed == now);
    }
}

use serde_json::{Value, json};

use super::*;
use crate::{
    plan::Item,
    report::{
        ToApply,
        plan_report::tests::PlanSample,
        plan_summary::tests::{change, run_now},
        words::tests::task,
    },
};

/// A change of a task of execution `e`, with these effects.
fn causing(execution: &str, effects: &Value) -> Item {
    let changed = change(task(execution, "t", ""), "a", "x", json!(1), json!(2));
    let Item::Change(mut change) = changed else {
        unreachable!("it is a change")
    };
    change.effects = serde_json::from_value(effects.clone()).unwrap();
    Item::Change(change)
}

fn write(attribute: &str, on: &str, entities: &[&str]) -> Value {
    json!({"entity_write": {"attribute": attribute, "on": on, "entities": entities}})
}

fn lines(items: Vec<Item>) -> Vec<String> {
    let mut lines = Vec::new();
    PlanSample::from(items).report(|report| lines = report.words().causes);
    lines
}

#[test]
fn a_plan_says_what_its_changes_cause_and_what_is_unknown() {
    let owner = |entity| write("opportunity.owner", "FlowAssigned", &[entity]);
    let items = vec![
        causing("e1", &json!([owner("o1"), {"notice": "7"}])),
        // Once more in the same execution: no other entity.
        causing(
            "e1",
            &json!([
                write("opportunity.owner", "TaskUpdated", &["o1", "o2"]),
                {"notice": "7"}, {"notice": "8"}
            ]),
        ),
        // The same entity in another execution counts once more: entities of all executions are not kept.
        causing(
            "e2",
            &json!(["flow_advances", owner("o1"), "notices_unknown"]),
        ),
        causing("e3", &json!(["entity_writes_unknown"])),
        causing(
            "e3",
            &json!(["automations_may_fire", "entity_writes_unknown"]),
        ),
        run_now(task("e4", "t", "")),
    ];
    assert_eq!(
        lines(items),
        [
            "1 change may advance its flow",
            "writes opportunity.owner of at most 3 entities (FlowAssigned, TaskUpdated)",
            "attributes of entities: unknown for 1 flow, whose rules or entities are not known",
            "notices: at most 2 to 7 (2 tasks), 1 to 8 (1 task)",
            "notices: other recipients are unknown for 1 change",
            "automations: 1 fires, may fire on 1 change; others are unknown, since their triggers are not read",
        ]
    );
}

#[test]
fn what_is_most_is_said_first() {
    let two = [
        write("a.few", "TaskUpdated", &["o1"]),
        write("b.many", "TaskUpdated", &["o1", "o2"]),
    ];
    let items = vec![
        causing("e1", &json!([two[0], two[1], {"notice": "7"}])),
        causing("e2", &json!([{"notice": "8"}])),
        causing("e3", &json!([{"notice": "8"}, "later_tasks_reset"])),
    ];
    assert_eq!(
        lines(items),
        [
            "1 change resets all later tasks",
            "writes b.many of at most 2 entities (TaskUpdated)",
            "writes a.few of at most 1 entity (TaskUpdated)",
            "notices: at most 2 to 8 (2 tasks), 1 to 7 (1 task)",
            "automations: unknown, since their triggers are not read",
        ]
    );
}

#[test]
fn a_script_reads_how_much_is_unknown_or_not_listed() {
    let mut forecast = Forecast::default();
    let mut add = |execution: &str, effects: &Value| match causing(execution, effects) {
        Item::Change(change) => forecast.add(&change),
        Item::Skipped(_) | Item::Rejected(_) => unreachable!("it is a change"),
    };
    add("e", &json!(["notices_unknown", "entity_writes_unknown"]));
    add("e", &json!(["notices_unknown", "entity_writes_unknown"]));
    for n in 0..=MAX_ATTRIBUTES {
        add(
            "e",
            &json!([write(&format!("{n:04}"), "TaskUpdated", &["o", "p"])]),
        );
    }
    for n in 0..=MAX_PEOPLE {
        add("e", &json!([{"notice": n.to_string()}]));
    }
    // Of more entities than are told apart each write counts.
    let many: Vec<String> = (0..=MAX_ENTITIES).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for _ in 0..2 {
        add("f", &json!([write("0000", "TaskUpdated", &many)]));
    }
    let document = serde_json::to_value(forecast.document()).unwrap();
    for (field, number) in [
        ("notices_unknown_of_changes", 2),
        ("entity_attributes_unknown_of_executions", 1),
        ("other_entity_writes", 2),
        ("other_notices", 1),
    ] {
        assert_eq!(document[field], number, "{field}");
    }
    let first = &document["entity_attributes"][0];
    let at_most = 2 + MAX_ENTITIES + 2;
    assert_eq!(first["entities_at_most"], at_most, "{first}");
    assert_eq!(first["executions"], 2);
}

#[test]
fn names_that_read_the_same_when_they_are_cut_or_escaped_are_counted_apart() {
    let long = "x".repeat(60);
    for [one, other] in [
        ["a\n".to_owned(), "a\\n".to_owned()],
        [format!("{long}1"), format!("{long}2")],
    ] {
        let mut forecast = Forecast::default();
        for name in [&one, &other] {
            let effects = json!([write(name, "TaskUpdated", &["o"]), {"notice": name}]);
            match causing("e", &effects) {
                Item::Change(change) => forecast.add(&change),
                Item::Skipped(_) | Item::Rejected(_) => unreachable!("it is a change"),
            }
        }
        let document = serde_json::to_value(forecast.document()).unwrap();
        for (list, name) in [("entity_attributes", "attribute"), ("notices", "to")] {
            let names = [&document[list][0][name], &document[list][1][name]];
            assert_eq!(names, [&json!(one), &json!(other)], "{document}");
        }
    }
}

#[test]
fn no_plan_says_that_nothing_listens_but_one_without_changes_causes_nothing() {
    let unknown = "automations: unknown, since their triggers are not read";
    assert_eq!(lines(vec![causing("e", &json!([]))]), [unknown]);
    assert_eq!(lines(Vec::new()), Vec::<String>::new());
}

#[test]
fn a_plan_with_any_number_of_attributes_and_people_takes_bounded_memory_and_few_lines() {
    let items: Vec<Item> = (0..5_000)
        .map(|n| {
            let long = format!("{n}{}", "x".repeat(1_000));
            let entities: Vec<String> = (0..3).map(|entity| format!("{n}-{entity}")).collect();
            let entities: Vec<&str> = entities.iter().map(String::as_str).collect();
            causing(
                &format!("e{n}"),
                &json!([write(&long, "TaskUpdated", &entities), {"notice": long}]),
            )
        })
        .collect();
    let mut forecast = Forecast::default();
    for item in &items {
        match item {
            Item::Change(change) => forecast.add(change),
            Item::Skipped(_) | Item::Rejected(_) => {}
        }
    }
    assert_eq!(forecast.attributes.len(), MAX_ATTRIBUTES);
    assert_eq!(forecast.people.len(), MAX_PEOPLE);
    let lines = lines(items);
    assert_eq!(lines.len(), SHOWN + 3, "{lines:?}");
    assert_eq!(
        lines[SHOWN],
        format!(
            "writes other attributes of entities at most {} times",
            thousands((5_000 - SHOWN as u64) * 3)
        )
    );
    assert!(lines[SHOWN + 1].ends_with(", 4,990 to others"), "{lines:?}");
}

#[test]
fn each_format_shows_the_same_forecast_and_names_stay_text() {
    let hostile = "x`<b>|\u{1b}[2J";
    let effects = json!([write(hostile, "TaskUpdated", &["o"]), {"notice": hostile}]);
    let sample = PlanSample::from(vec![causing("e", &effects)]);
    let shown = |format: &dyn Fn(&crate::report::PlanReport<'_>, &mut Vec<u8>)| {
        sample.report(|report| {
            let mut out = Vec::new();
            format(report, &mut out);
            String::from_utf8(out).unwrap()
        })
    };
    let text = shown(&|report, out| {
        report
            .write_text(
                out,
                crate::styles::Styles::plain(),
                crate::report::ListingDetail::First,
                "",
            )
            .unwrap();
    });
    let markdown = shown(&|report, out| {
        report
            .write_markdown(out, &ToApply::Command("apply".to_owned()))
            .unwrap();
    });
    let html = shown(&|report, out| {
        report
            .write_html(out, &ToApply::Command("apply".to_owned()))
            .unwrap();
    });
    let json: Value = serde_json::from_str(&shown(&|report, out| {
        report
            .write_json(out, &ToApply::Command("apply".to_owned()))
            .unwrap();
    }))
    .unwrap();
    let escaped = "x`<b>|\\u{1b}[2J";
    let said = format!("writes {escaped} of at most 1 entity (TaskUpdated)");
    assert!(text.contains(&said), "{text}");
    assert!(markdown.contains(&format!("- ``{said}``")), "{markdown}");
    assert!(html.contains("writes x`&lt;b&gt;|"), "{html}");
    assert!(!html.contains("<b>|"), "{html}");
    assert_eq!(
        json["forecast"],
        json!({
            "entity_attributes": [{"attribute": hostile, "on": ["TaskUpdated"], "entities_at_most": 1, "executions": 1}],
            "other_entity_writes": 0, "entity_attributes_unknown_of_executions": 0,
            "notices": [{"to": hostile, "at_most": 1, "of": {"task": 1}}],
            "other_notices": 0, "notices_unknown_of_changes": 0, "listeners": "unknown",
        })
    );
    for document in [text, markdown, html] {
        assert!(!document.contains("no automation"), "{document}");
    }
}

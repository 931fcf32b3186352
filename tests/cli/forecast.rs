//! What a plan says that its changes cause elsewhere, beside what the sandbox's ledger says that they caused.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;

use crate::environment::{Environment, SandboxProcess};

/// An attribute of an entity, written because of an execution: execution, attribute, trigger, entity.
type EntityWrite = (String, String, String, String);

/// What one plan forecasts, and what came of it.
struct Compared {
    /// `show --format json`.
    shown: Value,
    text: String,
    forecast: BTreeSet<EntityWrite>,
    /// Executions of which the plan says that it doesn't know their rules.
    unread: BTreeSet<String>,
    written: BTreeSet<EntityWrite>,
    /// Notices by person.
    told: BTreeMap<String, u64>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Plans, shows and applies a playbook on a sandbox of its own.
fn compare(playbook: &str) -> Compared {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let run = |arguments: &[&str]| environment.run_on(&sandbox, arguments).expect_code(0);
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks");
    run(&["plan", playbook, "-o", "x.plan", "--allow-files", files]);
    let show = |format: &str| {
        let arguments = ["show", "x.plan", "--format", format];
        environment.run(&arguments).expect_code(0).stdout
    };
    let shown: Value = serde_json::from_str(&show("json")).unwrap();
    let plan = fs::read_to_string(environment.path().join("x.plan")).unwrap();
    let (mut forecast, mut unread) = (BTreeSet::new(), BTreeSet::new());
    for line in plan.lines().filter(|line| line.starts_with("{\"change\"")) {
        let change: Value = serde_json::from_str(line).unwrap();
        for effect in change["effects"].as_array().unwrap() {
            if effect == "entity_writes_unknown" {
                unread.insert(text(&change["group"]));
            }
            let write = &effect["entity_write"];
            for entity in write["entities"].as_array().into_iter().flatten() {
                forecast.insert((
                    text(&change["group"]),
                    text(&write["attribute"]),
                    text(&write["on"]),
                    text(entity),
                ));
            }
        }
    }
    run(&["apply", "x.plan", "--yes"]);
    let ledger = sandbox.ledger();
    let (mut written, mut told) = (BTreeSet::new(), BTreeMap::new());
    for effect in ledger.effects() {
        for write in effect["entity_writes"].as_array().into_iter().flatten() {
            written.insert((
                text(&effect["execution"]),
                text(&write["attribute"]),
                text(&write["on"]),
                text(&write["entity"]),
            ));
        }
        for notice in effect["notices"].as_array().into_iter().flatten() {
            *told.entry(text(&notice["to"])).or_default() += 1;
        }
    }
    Compared {
        shown,
        text: show("text"),
        forecast,
        unread,
        written,
        told,
    }
}

impl Compared {
    /// The notices that the plan announced.
    fn announced(&self) -> BTreeMap<String, u64> {
        let notices = self.shown["forecast"]["notices"].as_array().unwrap();
        notices
            .iter()
            .map(|notice| (text(&notice["to"]), notice["at_most"].as_u64().unwrap()))
            .collect()
    }

    /// Entities by attribute: what the plan says at most, and what was written.
    fn entities(&self) -> BTreeMap<String, (u64, usize)> {
        let attributes = self.shown["forecast"]["entity_attributes"].as_array();
        attributes
            .unwrap()
            .iter()
            .map(|shown| {
                let attribute = text(&shown["attribute"]);
                let of_it = self.written.iter();
                let entities: BTreeSet<&String> = of_it
                    .filter(|(_, written, _, _)| *written == attribute)
                    .map(|(_, _, _, entity)| entity)
                    .collect();
                let at_most = shown["entities_at_most"].as_u64().unwrap();
                (attribute, (at_most, entities.len()))
            })
            .collect()
    }
}

#[test]
fn a_handover_writes_the_attributes_and_tells_the_people_that_its_plan_names_and_no_others() {
    let compared = compare("playbooks/hand-over.yaml");
    assert!(compared.unread.is_empty());
    assert!(compared.written.len() > 10, "{:?}", compared.written);
    assert_eq!(compared.forecast, compared.written);
    assert_eq!(compared.announced(), compared.told);
    assert!(compared.told["10020"] > 100, "{:?}", compared.told);
    let entities = compared.entities();
    for (attribute, (at_most, written)) in &entities {
        assert!(*at_most >= *written as u64, "{attribute}: {entities:?}");
    }
    // Seen by whoever reads the plan.
    let (at_most, _) = entities["opportunity.status_owner"];
    let writes =
        format!("writes opportunity.status_owner of at most {at_most} entities (FlowAssigned)\n");
    let notices = format!("notices: at most {} to 10020 (", compared.told["10020"]);
    let automations = "automations: unknown, since their triggers are not read\n";
    for line in [&writes, &notices, automations] {
        assert!(compared.text.contains(line), "{line}{}", compared.text);
    }
}

#[test]
fn whatever_is_written_and_whoever_is_told_was_forecast_or_said_to_be_unknown() {
    let environment = Environment::new();
    let own = |name: &str, rest: &str| {
        let path = environment.file(name, &format!("version: 1\nname: test\n{rest}"));
        path.to_str().unwrap().to_owned()
    };
    let flows = "select: { flows: { entities: { file: ENTITIES } }, each: task,\n  \
                 where_each: 'task.status == \"IN_PROGRESS\" and task.task_type == \"MANUAL\" and task.enabled' }\n\
                 pace: { rate: 3000/s, burst: 100, concurrency: 8 }\nguards: { max_changes: 5000, allow: [execute, delete] }\n";
    let entities = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/entities.csv");
    let flows = flows.replace("ENTITIES", entities);
    let completes = own(
        "a.yaml",
        &format!("{flows}actions: [ set_status: COMPLETED ]\n"),
    );
    let ends = own(
        "b.yaml",
        &format!(
            "{flows}actions: [ {{ set_due_date: 2027-01-05, on: [execution] }}, {{ complete: {{}}, on: [execution] }}, {{ delete: {{ soft: true }}, on: [execution] }} ]\n"
        ),
    );
    let mut written = 0;
    for (playbook, has_unread) in [
        (completes.as_str(), false),
        (ends.as_str(), false),
        ("playbooks/run-schedules-now.yaml", false),
        ("playbooks/shift-due-dates.yaml", false),
        // A list's rows don't tell the rules of executions of the first generation.
        ("playbooks/close-stale.yaml", true),
    ] {
        let compared = compare(playbook);
        let missed: Vec<&EntityWrite> = compared
            .written
            .difference(&compared.forecast)
            .filter(|(execution, ..)| !compared.unread.contains(execution))
            .collect();
        assert!(missed.is_empty(), "{playbook}: {missed:?}");
        written += compared.written.len();
        assert_eq!(!compared.unread.is_empty(), has_unread, "{playbook}");
        assert_eq!(
            has_unread,
            compared
                .text
                .contains("attributes of entities: unknown for"),
            "{}",
            compared.text
        );
        let announced = compared.announced();
        for (person, notices) in &compared.told {
            let at_most = announced.get(person).copied().unwrap_or_default();
            assert!(*notices <= at_most, "{playbook}: {notices} to {person}");
        }
        for (attribute, (at_most, written)) in compared.entities() {
            assert!(
                at_most >= written as u64 || has_unread,
                "{playbook}: {attribute}"
            );
        }
    }
    assert!(written > 100, "{written} writes prove little");
}

//! Searches that answer in pages: every page, and pages that fit together, or no plan.

use super::*;

const QUERY: &str =
    "select: { flows: { entities: { query: \"*\" } } }\nactions: [ reassign: { set: [\"7\"] } ]";
const SEARCH: &str =
    "select: { executions: { search: {} } }\nactions: [ reassign: { set: [\"7\"] } ]";

fn page(ids: &[&str], hits: u64) -> String {
    let results: Vec<Value> = ids
        .iter()
        .map(|id| json!({"_id": id, "_schema": "contact", "_title": "T"}))
        .collect();
    let mut page = json!({"hits": hits, "results": results, "stable_query_id": "q"});
    if let Some(last) = ids.last() {
        page["sort_end"] = json!([last]);
    }
    page.to_string()
}

/// What the search for entities comes to when it answers with these pages.
async fn entities(pages: &[(&str, String)]) -> Result<u64, String> {
    let mut service = CannedService::default();
    for (after, body) in pages {
        service = service.answers(&format!("entities {after}"), 200, body);
    }
    for id in ["a", "b", "c"] {
        service = service.finds(&format!("{id}/contact"), &[flow_json(id, &json!({}))]);
    }
    let (result, _) = plan_of(&service, &crate::testing::samples::playbook(QUERY)).await;
    result
        .map(|(trailer, _)| trailer.changes)
        .map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn entities_are_taken_from_all_pages_and_pages_that_do_not_fit_are_no_selection() {
    let start = "null";
    let end = page(&[], 3);
    assert_eq!(
        entities(&[
            (start, page(&["a", "b"], 3)),
            ("[\"b\"]", page(&["c"], 3)),
            ("[\"c\"]", end.clone()),
        ])
        .await,
        Ok(3)
    );
    for (pages, said) in [
        (
            vec![(start, page(&["b", "a"], 2))],
            "not in the order of their ids",
        ),
        (
            vec![(start, page(&["a", "a"], 2))],
            "not in the order of their ids",
        ),
        (
            vec![(start, page(&["a"], 3)), ("[\"a\"]", page(&["b"], 4))],
            "another number of hits",
        ),
        (
            vec![(start, page(&["a"], 3)), ("[\"a\"]", end.clone())],
            "1 entities in all pages and says that there are 3",
        ),
        (vec![(start, "{\"hits\":1}".to_owned())], "without results"),
        (vec![(start, "[]".to_owned())], "without results"),
    ] {
        let error = entities(&pages).await.unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

/// Selects `entities` entities in full pages from a service that reports `hits`. The last page has a `sort_end`, and an
/// empty page follows, if `is_last_open`.
async fn counted(entities: usize, hits: Option<usize>, is_last_open: bool) -> Result<u64, String> {
    let ids: Vec<String> = (0..entities).map(|number| format!("{number:06}")).collect();
    let mut pages: Vec<&[String]> = ids.chunks(1_000).collect();
    if is_last_open {
        pages.push(&[]);
    }
    let (mut service, mut after) = (CannedService::default(), Value::Null);
    for (number, ids) in (1..).zip(&pages) {
        let results: Vec<Value> = ids
            .iter()
            .map(|id| json!({"_id": id, "_schema": "contact"}))
            .collect();
        let mut page = json!({"hits": hits, "results": results, "stable_query_id": "q"});
        let next = ids.last().map_or(Value::Null, |last| json!([last]));
        if is_last_open || number < pages.len() {
            page["sort_end"] = next.clone();
        }
        service = service.answers(&format!("entities {after}"), 200, &page.to_string());
        after = next;
    }
    let playbook = crate::testing::samples::playbook(
        "select: { entities: { query: \"*\" } }\nactions: [ start: { template: x } ]\nguards: { allow: [start] }",
    );
    let (result, _) = plan_of(&service, &playbook).await;
    result
        .map(|(trailer, _)| trailer.changes)
        .map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_search_that_stops_counting_at_10_000_hits_is_read_to_its_end() {
    for (entities, hits) in [
        (12_345, Some(10_000)),
        (10_000, Some(10_000)),
        (12_345, Some(12_345)),
        (12_345, None),
        (1_000, Some(1_000)),
    ] {
        let found = counted(entities, hits, true).await;
        assert_eq!(found, Ok(entities as u64), "{hits:?}");
    }
    // The end may also be a page that is not full, or all that was counted.
    for (entities, hits) in [(10_500, Some(10_000)), (10_500, None), (2_000, Some(2_000))] {
        let found = counted(entities, hits, false).await;
        assert_eq!(found, Ok(entities as u64), "{hits:?}");
    }
    for (entities, hits, is_last_open, said) in [
        (
            9_500,
            Some(10_000),
            true,
            "9500 entities in all pages and says that there are 10000",
        ),
        (
            9_500,
            Some(9_499),
            true,
            "9500 entities in all pages and says that there are 9499",
        ),
        (
            9_500,
            Some(10_000),
            false,
            "9500 entities in all pages and says that there are 10000",
        ),
        (
            11_000,
            Some(10_000),
            false,
            "a full page without its `sort_end`",
        ),
        (11_000, None, false, "a full page without its `sort_end`"),
    ] {
        let error = counted(entities, hits, is_last_open).await.unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn executions_are_taken_from_all_pages_and_a_key_that_comes_again_is_no_selection() {
    let body = |id: &str, key: &Value| {
        json!({"executions": [row_json(id, &json!({}))], "lastEvaluatedKey": key}).to_string()
    };
    let [first, second] = ["1", "2"].map(|time| json!({"creationTime": time}));
    let good = CannedService::default()
        .answers("executions null", 200, &body("a", &first))
        .answers(&format!("executions {first}"), 200, &body("b", &second))
        .answers(&format!("executions {second}"), 200, "{\"executions\":[]}");
    let playbook = crate::testing::samples::playbook(SEARCH);
    let (result, _) = plan_of(&good, &playbook).await;
    assert_eq!(result.unwrap().0.changes, 2);
    let circle = good.answers(&format!("executions {second}"), 200, &body("c", &first));
    let (result, _) = plan_of(&circle, &playbook).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("the same key twice"), "{error}");
}

/// Targets of a search for steps whose answers are these pages, each with the number of steps before it.
async fn steps(select: &str, pages: &[(u64, Value)]) -> Result<(Vec<String>, Vec<String>), String> {
    let mut service = CannedService::default();
    for (from, page) in pages {
        let question = format!("steps {}", json!({"from": from, "size": 100}));
        service = service.answers(&question, 200, &page.to_string());
    }
    for id in ["a", "b"] {
        let step = |step: &str| json!({"id": format!("{id}{step}"), "name": "Call", "type": "STEP", "assignedTo": ["1"]});
        let whole = row_json(id, &json!({"flow": [step("1"), step("2")]}));
        service = service.answers(
            &format!("GET /v1/workflows/executions/{id}"),
            200,
            &whole.to_string(),
        );
    }
    let playbook = playbook(&format!(
        "select: {{ executions: {{ steps: {{}} }}, {select} }}\nactions: [ reassign: {{ set: [\"7\"] }} ]"
    ));
    let (result, bytes) = plan_of(&service, &playbook).await;
    let (trailer, _) = result.map_err(|error| error.to_string())?;
    let mut reader = PlanReader::new(bytes.as_slice()).unwrap();
    let mut targets = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        if let crate::plan::Item::Change(change) = line.item {
            targets.extend(
                change
                    .target
                    .id
                    .as_ref()
                    .or(Some(&change.target.execution))
                    .map(ToString::to_string),
            );
        }
    }
    Ok((targets, trailer.notes))
}

fn found(steps: &[(&str, Option<&str>)], hits: u64) -> Value {
    let results: Vec<Value> = steps
        .iter()
        .map(|(execution, id)| {
            let mut step = json!({"executionId": execution, "executionName": "E", "executionStatus": "STARTED"});
            if let Some(id) = id {
                step["id"] = json!(id);
            }
            step
        })
        .collect();
    json!({"hits": hits, "results": results})
}

#[tokio::test(start_paused = true)]
async fn the_steps_that_a_search_finds_are_the_targets_from_all_pages() {
    let two = [
        (0, found(&[("b", Some("b2"))], 2)),
        (1, found(&[("a", Some("a1"))], 2)),
    ];
    let (targets, notes) = steps("each: step", &two).await.unwrap();
    assert_eq!(
        (targets, notes.len()),
        (vec!["a1".to_owned(), "b2".to_owned()], 0)
    );
    let (targets, _) = steps("each: step, where_each: step.id == \"b2\"", &two)
        .await
        .unwrap();
    assert_eq!(targets, ["b2"]);
    let (targets, notes) = steps("each: execution", &two).await.unwrap();
    assert_eq!(
        (targets, notes.len()),
        (vec!["a".to_owned(), "b".to_owned()], 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_search_that_does_not_count_its_steps_ends_with_an_empty_page() {
    let page = |steps: &[_]| {
        let mut page = found(steps, 0);
        page.as_object_mut().unwrap().remove("hits");
        page
    };
    let pages = [
        (0, page(&[("b", Some("b2"))])),
        (1, page(&[("a", Some("a1"))])),
        (2, page(&[])),
    ];
    let (targets, _) = steps("each: step", &pages).await.unwrap();
    assert_eq!(targets, ["a1", "b2"]);
}

#[tokio::test(start_paused = true)]
async fn a_search_that_does_not_tell_ids_of_steps_is_said_so() {
    let page = [(
        0,
        found(&[("a", None), ("a", Some("a1")), ("b", Some("b1"))], 3),
    )];
    let (targets, notes) = steps("each: step", &page).await.unwrap();
    assert_eq!(targets, ["a1", "a2", "b1"]);
    assert!(
        notes[0].contains("no ids of steps in 1 execution"),
        "{notes:?}"
    );
    let (targets, notes) = steps("each: step", &[(0, found(&[], 0))]).await.unwrap();
    assert_eq!(targets, [""; 0]);
    assert_eq!(notes, ["the search found no step, so nothing is selected"]);
}

#[tokio::test(start_paused = true)]
async fn pages_of_steps_that_do_not_fit_together_are_no_selection() {
    let one = |step| (0, found(&[("a", Some(step))], 2));
    for (pages, said) in [
        (
            vec![one("a1"), (1, found(&[("a", Some("a1"))], 2))],
            "the step a1 twice",
        ),
        (
            vec![one("a1"), (1, found(&[("b", Some("b1"))], 3))],
            "another number of hits",
        ),
        (
            vec![one("a1"), (1, found(&[], 2))],
            "1 steps in all pages and says that there are 2",
        ),
        (
            vec![(0, found(&[("a", Some("a1")), ("b", None)], 1))],
            "2 steps in all pages",
        ),
        (vec![(0, found(&[], 10_000))], "more than can be paged"),
        (
            vec![(0, json!({"hits": "1", "results": []}))],
            "hits that are no whole number",
        ),
        (vec![(0, json!({"hits": 0}))], "without results"),
        (
            vec![(0, json!({"hits": 1, "results": [{"id": "a1"}]}))],
            "a step without `executionId`",
        ),
        (
            vec![(0, found(&[("../a", None)], 1))],
            "an unusable `executionId`",
        ),
    ] {
        let error = steps("each: step", &pages).await.unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

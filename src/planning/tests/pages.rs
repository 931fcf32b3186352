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
    let mut service = FakeService::default();
    for (after, body) in pages {
        service = service.answers(&format!("entities {after}"), 200, body);
    }
    for id in ["a", "b", "c"] {
        service = service.finds(&format!("{id}/contact"), &[flow_json(id, &json!({}))]);
    }
    let (result, _) = plan_of(&service, &crate::fixture::playbook(QUERY)).await;
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

#[tokio::test(start_paused = true)]
async fn executions_are_taken_from_all_pages_and_a_key_that_comes_again_is_no_selection() {
    let body = |id: &str, key: &Value| {
        json!({"executions": [row_json(id, &json!({}))], "lastEvaluatedKey": key}).to_string()
    };
    let [first, second] = ["1", "2"].map(|time| json!({"creationTime": time}));
    let good = FakeService::default()
        .answers("executions null", 200, &body("a", &first))
        .answers(&format!("executions {first}"), 200, &body("b", &second))
        .answers(&format!("executions {second}"), 200, "{\"executions\":[]}");
    let playbook = crate::fixture::playbook(SEARCH);
    let (result, _) = plan_of(&good, &playbook).await;
    assert_eq!(result.unwrap().0.changes, 2);
    let circle = good.answers(&format!("executions {second}"), 200, &body("c", &first));
    let (result, _) = plan_of(&circle, &playbook).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("the same key twice"), "{error}");
}

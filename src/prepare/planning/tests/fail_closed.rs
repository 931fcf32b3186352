//! What can't be read ends planning, what can't be planned is rejected.

use super::*;
use crate::{selection::ListedError, table::TableError, testing::samples::id_list};

#[tokio::test(start_paused = true)]
async fn a_row_whose_closing_reasons_are_not_there_is_rejected() {
    let playbook = over_executions("", "actions: [ close: { reason: Won } ]");
    for (status, body) in [(200, ""), (404, ""), (200, "{}"), (200, "{\"reasons\":[]}")] {
        let service = CannedService::default().lists(&[row_json("a", &json!({}))]);
        let service = service.answers(&reasons("a"), status, body);
        assert_eq!(
            said(&service, &playbook).await,
            ["rejected a: no closing reasons are configured here, so not Won"],
            "{status} {body}"
        );
        assert_eq!(service.asked().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wrong_with_an_answer_ends_planning_without_a_plan() {
    let fine = json!({"results": [assigned("a")]}).to_string();
    let bad_id = json!({"results": [assigned("a"), {"id": "../x"}]}).to_string();
    let no_id = json!({"results": [{}]}).to_string();
    for (status, body, said) in [
        (500, "", "no conclusive answer: the server answered 500"),
        (401, "", "the service does not accept the token"),
        (
            403,
            "{\"message\":\"no\"}",
            "the service refuses with 403: no",
        ),
        (404, "", "the service refuses with 404"),
        (429, "", "the service answers 429"),
        (200, "", "is no JSON"),
        (200, "<html>", "is no JSON"),
        (200, &fine[..fine.len() - 1], "is no JSON"),
        (
            200,
            "{}",
            "the search for the flows of c2 answered without results",
        ),
        (
            200,
            "[]",
            "the search for the flows of c2 answered something that is no object",
        ),
        (
            200,
            "[[]]",
            "the search for the flows of c2 answered something that is no object",
        ),
        (
            200,
            "{\"results\":{}}",
            "the search for the flows of c2 answered results that are no list",
        ),
        (
            200,
            &bad_id,
            "the search for the flows of c2 answered the execution id \"../x\" can't be used",
        ),
        (
            200,
            &no_id,
            "the search for the flows of c2 answered an execution without an id",
        ),
    ] {
        let service = CannedService::default().finds(C1, &[assigned("b")]);
        let service = service.answers(&search(C2), status, body);
        let (result, bytes) = plan_of(&service, &over_two("", REASSIGN)).await;
        let error = result.unwrap_err().to_string();
        assert!(error.contains(said), "{status} {body}: {error}");
        assert_eq!(bytes, b"", "{status} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_not_whole_ends_planning_without_a_plan() {
    let row = row_json("a", &json!({"assignedTo": ["1"]})).to_string();
    for (status, body) in [
        (500, String::new()),
        (200, format!("[{row}")),
        (200, format!("[{row},")),
        (200, format!("[{row}]x")),
        (200, format!("{{\"results\":[{row}]}}")),
        (200, format!("[{row},{{\"id\":\"../x\"}}]")),
        (200, format!("[{row},null]")),
    ] {
        let service = CannedService::default().answers("list", status, &body);
        let (result, bytes) = plan_of(&service, &over_executions("", REASSIGN)).await;
        assert!(result.is_err(), "{status} {body}");
        assert_eq!(bytes, b"", "{status} {body}");
    }
}

/// Members of an execution that are odd, each in its own way, and that nobody needs.
fn odd_members() -> Vec<String> {
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let texts = [r"\ud83d", r"\u0000", r"\ude00\ud83d"];
    let texts = texts.map(|text| format!(r#""name": "{text}", "{text}": 1"#));
    let values = ["1e999", "123456789012345678901234", &deep];
    let values = values.map(|value| format!(r#""more": {value}"#));
    [&texts[..], &values, &[r#""more": 1, "more": 2"#.to_owned()]].concat()
}

#[tokio::test(start_paused = true)]
async fn what_is_odd_about_an_execution_concerns_nobody_who_does_not_need_it() {
    for odd in odd_members() {
        let answer = format!(r#"{{"results": [{{"id": "a", {odd}, "assigned_to": ["1"]}}]}}"#);
        let service = CannedService::default().finds(C1, &[assigned("b")]);
        let service = service.answers(&search(C2), 200, &answer);
        assert_eq!(
            said(&service, &over_two("", REASSIGN)).await,
            [
                "PATCH /v2/flows/executions/a {\"assigned_to\":[\"2\"]}",
                "PATCH /v2/flows/executions/b {\"assigned_to\":[\"2\"]}"
            ],
            "{odd}"
        );
        let row = format!(r#"[{{"id": "a", {odd}, "assignedTo": ["1"]}}]"#);
        let service = CannedService::default().answers("list", 200, &row);
        assert_eq!(
            said(&service, &over_executions("", REASSIGN)).await,
            ["PATCH /v1/workflows/executions/a {\"assignedTo\":[\"2\"]}"],
            "{odd}"
        );
        let read = format!(r#"{{"id": "a", {odd}, "assigned_to": ["1"]}}"#);
        let service = CannedService::default().answers("GET /v2/flows/executions/a", 200, &read);
        let playbook = playbook(&format!("select: {{ ids: {{ list: [a] }} }}\n{REASSIGN}"));
        assert_eq!(said(&service, &playbook).await.len(), 1, "{odd}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_of_which_something_needed_can_not_be_read_is_rejected_and_the_rest_is_planned()
 {
    let bad = [
        r#""assigned_to": 1e999"#.to_owned(),
        r#""assigned_to": [123456789012345678901234]"#.to_owned(),
        r#""assigned_to": ["1"], "status": 1e999"#.to_owned(),
        format!(r#""assigned_to": {}{}"#, "[".repeat(300), "]".repeat(300)),
    ];
    for bad in bad {
        let answer = format!(r#"{{"results": [{{"id": "a", {bad}}}]}}"#);
        let service = CannedService::default().finds(C1, &[assigned("b")]);
        let service = service.answers(&search(C2), 200, &answer);
        let planned = said(&service, &over_two("", REASSIGN)).await;
        assert!(
            planned[0].starts_with("rejected a: ") && planned[0].contains(" can't be read: "),
            "{planned:?}"
        );
        assert_eq!(
            planned[1..],
            ["PATCH /v2/flows/executions/b {\"assigned_to\":[\"2\"]}"]
        );
        // By the condition, too; and of what is left out by its id nothing is needed.
        let found = said(
            &service,
            &over_two("where: 'has_assignee(execution, \"1\")'", REASSIGN),
        )
        .await;
        assert_eq!(found.len(), 2, "{found:?}");
        let mut playbook = over_two("", REASSIGN);
        playbook.select.exclude = vec![id_list("--exclude", "a")];
        assert_eq!(said(&service, &playbook).await.len(), 1);
    }
    for (tasks, why) in [
        (
            "1e999",
            "the number 1e999 is too large or too precise to be kept",
        ),
        ("7", "it is no list"),
        (
            "[{\"id\": 123456789012345678901234}]",
            "the number 123456789012345678901234",
        ),
    ] {
        let answer = format!(r#"{{"results": [{{"id": "a", "tasks": {tasks}}}]}}"#);
        let service = CannedService::default().finds(C1, &[]);
        let service = service.answers(&search(C2), 200, &answer);
        let planned = said(&service, &over_two("each: task", REASSIGN)).await;
        assert!(
            planned.len() == 1 && planned[0].contains(why),
            "{planned:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn closing_reasons_that_can_not_be_read_leave_no_plan_that_can_be_used() {
    let playbook = over_executions("", "actions: [ close: { reason: Won } ]");
    for (status, body) in [(500, ""), (403, ""), (200, "[]"), (200, "{\"reasons\":7}")] {
        let service = CannedService::default()
            .lists(&[
                row_json("a", &json!({"status": "DONE"})),
                row_json("b", &json!({})),
            ])
            .answers(&reasons("b"), status, body);
        let (result, bytes) = plan_of(&service, &playbook).await;
        assert!(result.is_err(), "{status} {body}");
        let mut reader = PlanReader::new(bytes.as_slice()).unwrap();
        let end = std::iter::from_fn(|| reader.next_line().transpose()).find_map(Result::err);
        assert!(matches!(end, Some(PlanError::NoEnd)), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rejected_rows_of_the_file_come_first_with_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("entities.csv"),
        "entity_id;entity_schema\nc1;contact\n../x;contact\nc1;contact\n",
    )
    .unwrap();
    let text = format!(
        "version: 1\nname: test\nselect: {{ flows: {{ entities: {{ file: entities.csv }} }} }}\n{REASSIGN}"
    );
    let path = folder.path().join("test.yaml");
    let playbook = crate::playbook::load(
        &path,
        text,
        &<_>::default(),
        &[],
        crate::testing::samples::now(),
    )
    .unwrap();
    let service = CannedService::default().finds(C1, &[assigned("a")]);
    let (trailer, bytes) = planned(&service, &playbook).await;
    assert_eq!(
        (trailer.changes, trailer.rejected, trailer.scanned),
        (1, 2, 1)
    );
    let text = String::from_utf8(bytes).unwrap();
    let starts: Vec<&str> = text
        .lines()
        .map(|line| &line[..line.len().min(62)])
        .collect();
    insta::assert_snapshot!(starts.join("\n"), @r#"
{"wf_bulk_plan":1,"playbook":{"name":"test","sha256":"d9bc031f
{"rejected":{"row":3,"reason":"the entity id \"../x\" can't be
{"rejected":{"row":4,"reason":"the entity c1 is in row 2 and a
{"change":"f52d08af8ebd","group":"a","target":{"kind":"executi
{"end":{"changes":1,"groups":1,"skipped":0,"rejected":2,"scann
"#);

    std::fs::remove_file(folder.path().join("entities.csv")).unwrap();
    let (result, _) = plan_of(&service, &playbook).await;
    let error = result.unwrap_err();
    assert!(
        matches!(
            error,
            PlanningError::Scan(ScanError::Listed(ListedError::Table(TableError::Io { .. })))
        ),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_expressions_fail_on_is_rejected_in_its_place_and_the_rest_is_planned() {
    let playbook = over_flows(
        "where: 'not due_before(execution, \"2026-01-01\")', each: task, where_each: 'not due_before(task, \"2026-01-01\")', limit: 3",
        REASSIGN,
    );
    let tasks = |due: &str| {
        json!([
            task("t", &json!({"assigned_to": ["1"]})),
            task("u", &json!({"due_date": due}))
        ])
    };
    let service = CannedService::default().finds(
        C1,
        &[
            flow_json("d", &json!({"due_date": "soon"})),
            flow_json("b", &json!({"due_date": "soon"})),
            flow_json("a", &json!({"tasks": tasks("soon")})),
            flow_json("c", &json!({"tasks": tasks("2026-05-28")})),
            flow_json("e", &json!({"tasks": [{"id": "../x"}]})),
        ],
    );
    let (trailer, _) = planned(&service, &playbook).await;
    // Beyond the limit, `d` and `e` are no concern; they are scanned all the same.
    assert_eq!(
        (
            trailer.rejected,
            trailer.changes,
            trailer.skipped,
            trailer.scanned
        ),
        (2, 2, 1, 5)
    );
    let said = said(&service, &playbook).await.join("\n");
    let short: Vec<&str> = said
        .lines()
        .map(|line| line.split(" failed").next().unwrap())
        .collect();
    insta::assert_snapshot!(short.join("\n"), @r#"
rejected u: `where_each`
PATCH /v2/flows/executions/a/tasks/t {"assigned_to":["2"]}
rejected b: `where`
PATCH /v2/flows/executions/c/tasks/t {"assigned_to":["2"]}
skipped u: 1 is not assigned
"#);
}

#[tokio::test(start_paused = true)]
async fn what_only_does_not_name_rejects_nothing_also_where_a_list_tells_nothing_of_the_steps() {
    let mut playbook = over_executions(
        "where: 'not due_before(execution, \"2026-01-01\")', each: step",
        REASSIGN,
    );
    let steps = |id: &str| json!({"flow": [{"id": id, "type": "STEP", "name": "Call", "assignedTo": ["1"]}]});
    let undated = json!({"dueDate": "soon"});
    let whole =
        |id: &str, step: &str| row_json(id, &crate::testing::samples::with(steps(step), &undated));
    let read = |id: &str| format!("GET /v1/workflows/executions/{id}");
    let service = CannedService::default()
        .lists(&[
            row_json("a", &json!({})),
            row_json("b", &undated),
            row_json("c", &json!({})),
            row_json("d", &undated),
            row_json("left", &json!({"dueDate": "2025-05-28"})),
        ])
        .answers(&read("a"), 200, &row_json("a", &steps("s")).to_string())
        .answers(&read("b"), 200, &whole("b", "t").to_string())
        // Deleted since.
        .answers(&read("c"), 200, "")
        .answers(&read("d"), 200, "");
    let moved = "PATCH /v1/workflows/executions/a/steps/s {\"assignedTo\":[\"2\"]}";
    let failed = |id: &str| format!("rejected {id}: `where`");
    let gone = |id: &str| format!("rejected {id}: was in the list, but does not exist any more");
    for (only, expected) in [
        (
            "",
            vec![moved.to_owned(), failed("b"), gone("c"), failed("d")],
        ),
        ("s", vec![moved.to_owned()]),
        ("t", vec![failed("b")]),
        ("a", vec![moved.to_owned()]),
        ("b", vec![failed("b")]),
        ("c", vec![gone("c")]),
        ("d", vec![failed("d")]),
        ("x", vec![]),
    ] {
        playbook.select.only = (!only.is_empty()).then(|| vec![id_list("--only", only)]);
        let said = said(&service, &playbook).await;
        let short: Vec<&str> = said
            .iter()
            .map(|line| line.split(" failed").next().unwrap())
            .collect();
        assert_eq!(short, expected, "{only}");
    }
    // Read once each, and only where it matters.
    assert!(!service.asked().contains(&read("left")));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_left_out_may_name_nothing() {
    let found = row_json("a", &json!({"assignedTo": ["1"]})).to_string();
    let service = CannedService::default()
        .answers("GET /v1/workflows/executions/a", 200, &found)
        .answers("GET /v1/workflows/executions/gone", 200, "");
    for (only, exclude, rejected) in [
        ("", "", 1),
        ("gone", "", 1),
        ("a", "", 0),
        ("", "gone", 0),
        ("", "a", 1),
    ] {
        let mut playbook = playbook(&format!(
            "select: {{ ids: {{ list: [gone, a], api: v1 }} }}\n{REASSIGN}"
        ));
        playbook.select.only = (!only.is_empty()).then(|| vec![id_list("--only", only)]);
        playbook.select.exclude = vec![id_list("--exclude", exclude)];
        let (trailer, _) = planned(&service, &playbook).await;
        assert_eq!(trailer.rejected, rejected, "only {only}, exclude {exclude}");
    }
}

#[tokio::test(start_paused = true)]
async fn executions_of_two_organisations_are_no_selection() {
    let service = CannedService::default().lists(&[
        row_json("a", &json!({})),
        row_json("b", &json!({"orgId": "4712"})),
    ]);
    let playbook = over_executions("", "actions: [ shift_due_date: { by: 1 day } ]");
    let (result, _) = plan_of(&service, &playbook).await;
    let error = result.unwrap_err();
    assert!(
        error.to_string().contains("organisations 4711 and 4712"),
        "{error}"
    );
}

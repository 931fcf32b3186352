//! What a plan says of names, ids and queries that matched or selected nothing.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_source_that_names_nothing_and_ids_that_are_not_there_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("names.csv");
    std::fs::write(&file, "entity_id,entity_schema,id\n").unwrap();
    let file = file.display();
    let service = CannedService::default()
        .answers("entities null", 200, "{\"results\": [], \"hits\": 0}")
        .answers(
            "GET /v1/workflows/executions/gone",
            404,
            "{\"message\": \"no\"}",
        );
    for (source, only, expected) in [
        (
            format!("ids: {{ file: '{file}', api: v1 }}"),
            "",
            format!("{file} names no execution, so nothing is selected"),
        ),
        (
            format!("rows: {{ file: '{file}', id: id, api: v1 }}"),
            "",
            format!("{file} names no execution, so nothing is selected"),
        ),
        (
            format!("flows: {{ entities: {{ file: '{file}' }} }}"),
            "",
            format!("{file} names no entity, so nothing is selected"),
        ),
        (
            "flows: { entities: { query: \"*\" } }".to_owned(),
            "",
            "the query found no entity, so nothing is selected".to_owned(),
        ),
        // An id that is not there is a rejected row, and has matched that.
        (
            "ids: { list: [gone], api: v1 }".to_owned(),
            "gone",
            String::new(),
        ),
        (
            "ids: { list: [gone], api: v1 }".to_owned(),
            "gone other",
            "1 of 2 ids in --only matched nothing: other".to_owned(),
        ),
    ] {
        let mut playbook = playbook(&format!("select: {{ {source} }}\n{REASSIGN}"));
        playbook.select.only = (!only.is_empty()).then(|| vec![id_list("--only", only)]);
        let (trailer, _) = planned(&service, &playbook).await;
        let expected: Vec<String> = (!expected.is_empty())
            .then_some(expected)
            .into_iter()
            .collect();
        assert_eq!(trailer.notes, expected, "{source} {only}");
    }
}

#[tokio::test(start_paused = true)]
async fn ids_that_were_found_and_not_selected_are_said_with_what_chose_others() {
    let of_phase = |status| json!({"phase_id": "p", "status": status, "due_date": "soon"});
    let parts = json!({"phases": [{"id": "p"}, {"id": "q"}],
        "tasks": [task("t", &of_phase("PENDING")), task("u", &of_phase("COMPLETED"))]});
    let service = CannedService::default()
        .finds(C1, &[flow_json("e", &parts)])
        .finds(C2, &[flow_json("f", &json!({"status": "CLOSED"}))]);
    let pending = "each: task, where_each: task.status == \"PENDING\"";
    // The rest of `select`, what is named, and the notes of it.
    for (select, only, expected) in [
        ("", "e f", ""),
        ("each: task", "e p t u", ""),
        ("each: phase", "p q", ""),
        (
            "each: task",
            "e f",
            "1 of 2 ids in --only-file a.csv was found, but nothing of it is selected (look at `each`): f",
        ),
        (
            pending,
            "e p t u f",
            "2 of 5 ids in --only-file a.csv were found, but nothing of them is selected (look at `each`, `where_each`): f, u",
        ),
        (
            "where: execution.status == \"STARTED\"",
            "e f x",
            "1 of 3 ids in --only-file a.csv was found, but nothing of it is selected (look at `where`): f\n\
             1 of 3 ids in --only-file a.csv matched nothing: x",
        ),
        (
            "exclude: [ f ]",
            "f",
            "1 of 1 id in --only-file a.csv was found, but nothing of it is selected (look at `exclude`): f",
        ),
        (
            "limit: 1",
            "e f",
            "1 of 2 ids in --only-file a.csv was found, but nothing of it is selected (look at `limit`): f",
        ),
        // What can't be looked at is rejected, and the plan says so.
        ("each: task, where_each: 'due_before(task, now)'", "t", ""),
        (
            "each: task, where: 'due_before(execution.tasks[0], now)'",
            "t u",
            "",
        ),
    ] {
        let mut playbook = over_two(
            select,
            "actions: [ { reassign: { set: [\"2\"] }, on: execution } ]",
        );
        playbook.select.only = Some(vec![id_list("--only-file a.csv", only)]);
        let (trailer, _) = planned(&service, &playbook).await;
        assert_eq!(trailer.notes.join("\n"), expected, "{select} {only}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_only_names_nothing_nothing_is_read() {
    for source in [
        "executions: { list: {} }",
        "flows: { entities: { query: \"*\" } }",
        "flows: { entities: [ { id: c1, schema: contact } ] }",
        "ids: { list: [ e ], api: v1 }",
    ] {
        let service = CannedService::default();
        let mut playbook = playbook(&format!("select: {{ {source} }}\n{REASSIGN}"));
        playbook.select.only = Some(vec![id_list("--only-file a.csv", "")]);
        let (trailer, _) = planned(&service, &playbook).await;
        let note = "--only-file a.csv names no id, so nothing is selected";
        assert_eq!((trailer.notes, trailer.scanned), (vec![note.to_owned()], 0));
        assert_eq!(service.asked(), [""; 0], "{source}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_row_of_a_list_can_not_tell_is_not_said_to_be_missing() {
    let select =
        "where: execution.name == \"Other\", each: step, where_each: step.name == \"Call\"";
    let rest = "actions: [ { reassign: { set: [\"2\"] } } ]";
    let rows = [row_json("a", &json!({}))];
    let service = CannedService::default().lists(&rows).answers(
        "GET /v1/workflows/executions/a",
        200,
        &row_json("a", &json!({"flow": []})).to_string(),
    );
    let listed = over_executions(select, rest);
    let named = playbook(&format!(
        "select: {{ ids: {{ list: [a], api: v1 }}, {select} }}\n{rest}"
    ));
    let execution = "no scanned execution is named \"Other\"";
    for (playbook, expected) in [
        (&listed, &[execution][..]),
        (
            &named,
            &[execution, "no scanned execution has a step named \"Call\""],
        ),
    ] {
        let (trailer, _) = planned(&service, playbook).await;
        assert_eq!(trailer.notes, expected);
    }
}

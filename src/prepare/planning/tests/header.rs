//! What the header of a plan says.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_header_says_what_was_planned_from() {
    let rest = "timezone: Asia/Tokyo\nvars: { to: \"2\" }\nrepeatable: true\nactions: [ shift_due_date: { by: 1 day } ]";
    let service =
        CannedService::default().lists(&[row_json("a", &json!({"dueDate": "2026-05-28"}))]);
    let playbook = over_executions("", rest);
    let (_, bytes) = planned(&service, &playbook).await;
    let header = PlanReader::new(bytes.as_slice()).unwrap().header().clone();
    assert_eq!(header.playbook.sha256, playbook.sha256);
    assert!(!header.playbook.converges && header.playbook.repeatable);
    assert_eq!(
        (header.org.as_deref(), header.timezone.as_str()),
        (Some("4711"), "Asia/Tokyo")
    );
    assert_eq!(
        (header.server.as_str(), header.tool.as_str()),
        ("https://example.com", "wf-bulk test")
    );
    assert_eq!(
        (header.now, &header.vars["to"]),
        (crate::testing::samples::now(), &json!("2"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_for_the_organisation_of_its_executions_or_else_for_the_one_that_was_asked_for() {
    let start = playbook(
        "select: { entities: [ { id: c1, schema: contact } ] }\nactions: [ start: { template: t } ]\nguards: { allow: [start] }",
    );
    let flows = over_flows("", REASSIGN);
    let service = CannedService::default().finds(C1, &[assigned("a")]);
    let silent = CannedService::default().finds(
        C1,
        &[json!({"id": "a", "name": "Flow", "status": "STARTED", "assigned_to": ["1"]})],
    );
    for (service, playbook, asked, expected) in [
        (&service, &start, Some("9999"), Some("9999")),
        (&service, &start, None, None),
        (&service, &flows, None, Some("4711")),
        (&service, &flows, Some("4711"), Some("4711")),
        (&silent, &flows, Some("9999"), Some("9999")),
    ] {
        let (result, bytes) = plan_for(service, playbook, asked).await;
        assert_eq!(result.unwrap().0.changes, 1);
        let header = PlanReader::new(bytes.as_slice()).unwrap().header().clone();
        assert_eq!(header.org.as_deref(), expected, "{asked:?}");
    }
    let (result, bytes) = plan_for(&service, &flows, Some("9999")).await;
    assert_eq!(
        result.unwrap_err().to_string(),
        "organisation 9999 was requested, but the executions belong to 4711"
    );
    assert!(bytes.is_empty(), "nothing was written");
}

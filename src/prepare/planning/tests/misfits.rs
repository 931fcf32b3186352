//! Answers that contradict themselves, or are not of the API's types.

use super::*;
use crate::testing::samples::flow_json;

#[tokio::test(start_paused = true)]
async fn an_organisation_that_is_no_text_is_no_selection() {
    for org in [json!(4711), json!(["4711"]), json!({}), json!("")] {
        let v1 = CannedService::default().lists(&[row_json("a", &json!({"orgId": org}))]);
        let flow = flow_json("a", &json!({"org_id": org}));
        let v2 = CannedService::default().finds("c1/contact", &[flow]);
        for (service, playbook, name) in [
            (v1, over_executions("", REASSIGN), "orgId"),
            (v2, over_flows("", REASSIGN), "org_id"),
        ] {
            let (result, _) = plan_of(&service, &playbook).await;
            let error = result.unwrap_err().to_string();
            let expected = format!("the execution a, of which {name} is {org} and should be text");
            assert!(error.contains(&expected), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_search_that_shows_an_execution_twice_shows_it_the_same_or_is_no_selection() {
    let one = row_json("a", &json!({"assignedTo": ["1"]}));
    let other = row_json("a", &json!({"assignedTo": ["2"]}));
    let flow = |assigned: &str| flow_json("a", &json!({"assigned_to": [assigned]}));
    let over_rows = || over_executions("", REASSIGN);
    let over_two = || {
        playbook(&format!(
            "select: {{ flows: {{ entities: [ {{ id: c1, schema: contact }}, {{ id: c2, schema: contact }} ] }} }}\n{REASSIGN}"
        ))
    };
    for (service, playbook, contradicts) in [
        (
            CannedService::default().lists(&[one.clone(), one.clone()]),
            over_rows(),
            false,
        ),
        (
            CannedService::default().lists(&[one.clone(), other]),
            over_rows(),
            true,
        ),
        (
            CannedService::default()
                .finds("c1/contact", &[flow("1"), flow("2")])
                .finds("c2/contact", &[]),
            over_two(),
            true,
        ),
        // Between two searches it may have changed.
        (
            CannedService::default()
                .finds("c1/contact", &[flow("1")])
                .finds("c2/contact", &[flow("2")]),
            over_two(),
            false,
        ),
    ] {
        let (result, _) = plan_of(&service, &playbook).await;
        if contradicts {
            let error = result.unwrap_err().to_string();
            assert!(
                error.contains("the execution a twice, and with different contents"),
                "{error}"
            );
        } else {
            assert_eq!(result.unwrap().0.scanned, 1);
        }
    }
}

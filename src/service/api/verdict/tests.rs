use super::*;
use crate::api::Id;

const HTML: &str = "<!doctype html> <title>Sign in</title>";
const SAID: &str = r#"{"message":"because"}"#;

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        retry_after: None,
        content_type: Some("text/x".to_owned()),
        body: body.into(),
    }
}

/// The verdict as one word, for tables.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Applied(_) => "applied",
        Verdict::Refused { .. } => "refused",
        Verdict::Gone { .. } => "gone",
        Verdict::Unauthorized { .. } => "unauthorized",
        Verdict::Throttled { .. } => "throttled",
        Verdict::NotSent { .. } => "not sent",
        Verdict::Unknown { .. } => "unknown",
    }
}

fn read_word(outcome: &Result<ReadFinding, ReadTrouble>) -> &'static str {
    match outcome {
        Ok(ReadFinding::Json(_)) => "found",
        Ok(ReadFinding::Missing) => "missing",
        Err(ReadTrouble::Unauthorized { .. }) => "unauthorized",
        Err(ReadTrouble::Refused { .. }) => "refused",
        Err(ReadTrouble::Throttled { .. }) => "throttled",
        Err(ReadTrouble::Unreachable { .. }) => "unreachable",
        Err(ReadTrouble::Failing { .. }) => "failing",
        Err(ReadTrouble::NotJson { .. }) => "not json",
        Err(ReadTrouble::TooLarge { .. }) => "too large",
    }
}

fn operations() -> [Operation; 3] {
    let id = Id::new("e").unwrap();
    [
        Operation::GetExecution(id.clone()),
        Operation::GetFlow(id),
        Operation::SearchFlows,
    ]
}

#[test]
fn every_status_of_a_write_has_its_verdict() {
    for status in 100..=999 {
        let expected = match status {
            200..=299 => "applied",
            401 => "unauthorized",
            404 | 410 => "gone",
            408 => "unknown",
            429 => "throttled",
            300..=499 => "refused",
            _ => "unknown",
        };
        for body in ["", SAID] {
            let verdict = verdict(&Ok(reply(status, body)));
            assert_eq!(word(&verdict), expected, "{status} {body}");
        }
    }
}

#[test]
fn a_success_counts_only_with_an_object_or_nothing_in_it() {
    for (body, object) in [
        ("", None),
        (" \r\n", None),
        ("{}", Some(serde_json::json!({}))),
        (r#"{"id":"e"}"#, Some(serde_json::json!({"id": "e"}))),
    ] {
        let answer = object.map(|object| Answer {
            status: 200,
            object,
        });
        let expected = Verdict::Applied(answer);
        assert_eq!(verdict(&Ok(reply(200, body))), expected, "{body}");
    }
    for body in [HTML, r#"{"id":"e"#, "[]", "null", "\"ok\""] {
        assert_eq!(word(&verdict(&Ok(reply(200, body)))), "unknown", "{body}");
    }
}

#[test]
fn only_a_request_that_never_left_is_known_not_to_have_been_sent() {
    let reason = "x".to_owned();
    for (error, write, read) in [
        (
            TransportError::NotSent {
                reason: reason.clone(),
            },
            "not sent",
            "unreachable",
        ),
        (TransportError::Unknown { reason }, "unknown", "failing"),
        (
            TransportError::TooLarge { limit: 1 },
            "unknown",
            "too large",
        ),
    ] {
        assert_eq!(word(&verdict(&Err(error.clone()))), write);
        for operation in operations() {
            assert_eq!(
                read_word(&read_outcome(&operation, Err(error.clone()))),
                read
            );
        }
    }
}

#[test]
fn every_status_of_a_read_has_its_outcome() {
    for status in 100..=999 {
        // The same for all operations, save for what an absent resource answers.
        let expected = match status {
            200..=299 => ["found", "found", "found"],
            404 | 410 => ["missing", "missing", "refused"],
            401 => ["unauthorized"; 3],
            408 => ["failing"; 3],
            429 => ["throttled"; 3],
            300..=499 => ["refused"; 3],
            _ => ["failing"; 3],
        };
        for (operation, expected) in operations().iter().zip(expected) {
            let outcome = read_outcome(operation, Ok(reply(status, SAID)));
            assert_eq!(read_word(&outcome), expected, "{status} {operation:?}");
        }
    }
}

#[test]
fn an_empty_answer_means_missing_in_the_first_generation_only() {
    let [v1, v2, search] = operations();
    assert_eq!(
        read_outcome(&v1, Ok(reply(200, ""))),
        Ok(ReadFinding::Missing)
    );
    for operation in [v2, search] {
        let outcome = read_outcome(&operation, Ok(reply(200, "")));
        assert_eq!(read_word(&outcome), "not json", "{operation:?}");
    }
}

#[test]
fn a_page_or_half_a_body_is_not_json_and_is_shown() {
    let [v1, _, _] = operations();
    assert_eq!(
        read_outcome(&v1, Ok(reply(200, HTML))),
        Err(ReadTrouble::NotJson {
            content_type: Some("text/x".to_owned()),
            excerpt: HTML.to_owned(),
        })
    );
    assert_eq!(
        read_word(&read_outcome(&v1, Ok(reply(200, r#"{"id":"#)))),
        "not json"
    );
}

#[test]
fn a_404_is_conclusive_only_when_it_is_the_services_own() {
    for status in [404, 410] {
        for (body, write, reads) in [
            ("", "gone", ["missing", "missing", "refused"]),
            ("\n", "gone", ["missing", "missing", "refused"]),
            (SAID, "gone", ["missing", "missing", "refused"]),
            (HTML, "unknown", ["not json"; 3]),
            ("404 page not found", "unknown", ["not json"; 3]),
            ("404", "unknown", ["not json"; 3]),
            ("\"Not Found\"", "unknown", ["not json"; 3]),
            (r#"{"message":"#, "unknown", ["not json"; 3]),
        ] {
            let what = format!("{status} {body:?}");
            assert_eq!(word(&verdict(&Ok(reply(status, body)))), write, "{what}");
            for (operation, expected) in operations().iter().zip(reads) {
                let outcome = read_outcome(operation, Ok(reply(status, body)));
                assert_eq!(read_word(&outcome), expected, "{what} {operation:?}");
            }
        }
    }
}

#[test]
fn a_redirect_says_what_to_check() {
    let Verdict::Refused { status, message } = verdict(&Ok(reply(307, SAID))) else {
        panic!("a redirect is no answer")
    };
    assert_eq!((status, message.as_str()), (307, REDIRECTED));
}

#[test]
fn the_wait_that_the_service_asks_for_is_kept() {
    let retry_after = Some(RetryAfter::Seconds(7));
    let mut reply = reply(429, "");
    reply.retry_after = retry_after;
    assert_eq!(
        verdict(&Ok(reply.clone())),
        Verdict::Throttled {
            message: "no message".to_owned(),
            retry_after
        }
    );
    reply.status = 503;
    assert!(matches!(
        verdict(&Ok(reply)),
        Verdict::Unknown {
            retry_after: Some(RetryAfter::Seconds(7)),
            ..
        }
    ));
}

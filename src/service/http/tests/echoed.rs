//! Answers that repeat the token of the request.

use super::{compressed::gzip, *};
use crate::json;

/// The token as a service could repeat it, and the number of characters of it that may stay: at the edges of base64.
fn echoes() -> Vec<String> {
    [
        SECRET,
        "s3cr3t%2Dt0ken",
        "%73%33%63%72%33%74%2d%74%30%6b%65%6e",
        "s3cr3t\\u002dt0k\\u0065n",
        // Of the token, of `Bearer ` and the token, and of `:` and the token; at their ends is what belongs to their neighbours.
        "czNjcjN0LXQwa2Vu",
        "QmVhcmVyIHMzY3IzdC10MGtlbg==",
        "QmVhcmVyIHMzY3IzdC10MGtlbg",
        "OnMzY3IzdC10MGtlbg",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// What shows that the token got through: itself, or the middle of one of its forms in base64.
const SIGNS: [&str; 4] = [
    "s3cr3t-t0ken",
    "czNjcjN0LXQwa2V",
    "MzY3IzdC10MGtlb",
    "zNjcjN0LXQwa2",
];

fn is_free(text: &str) -> bool {
    !SIGNS.iter().any(|sign| text.contains(sign))
}

#[tokio::test]
async fn a_token_that_an_answer_repeats_gets_no_further() {
    for echo in echoes() {
        let body = format!(r#"{{"message":"bad token {echo}, sorry","id":"{echo}"}}"#);
        let json = answer(
            "400 Bad Request",
            "content-type: application/json\r\n",
            &body,
        );
        let page = answer(
            "500 No",
            &format!("content-type: text/{SECRET}\r\n"),
            &format!("<p>{echo}</p>"),
        );
        let list = answer(
            "200 OK",
            "",
            &format!(r#"[{{"name":"{echo}"}}, {{"name":"other"}}]"#),
        );
        let server = CannedServer::answering([&json, &page, &list]).await;
        let http = server.http();

        let reply = http.attempt(&patch(), &[], None).await.unwrap();
        let Verdict::Refused { message, .. } = verdict(&Ok(reply)) else {
            panic!("{echo}");
        };
        assert!(is_free(&message), "{message}");
        assert!(
            message.starts_with("bad token ") && message.ends_with(", sorry"),
            "{message}"
        );

        let reply = http.attempt(&flow(), &[], None).await.unwrap();
        let page = format!("{} {}", reply.message(), reply.content_type.unwrap());
        assert!(is_free(&page) && page.starts_with("<p>"), "{page}");

        let spooled = http.attempt_spooled(&Operation::GetExecutions, &[]).await;
        let Ok(Spool::Body(mut file)) = spooled else {
            panic!("{echo}: {spooled:?}");
        };
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        let list = json::decode(&text).unwrap();
        assert_eq!(list[1]["name"], "other");
        assert!(is_free(&list.to_string()), "{list}");
        // A change would write it back altered: such text is rejected as text that is not Unicode.
        assert!(json::holds_replacement(&list[0]), "{list}");
    }
}

#[tokio::test]
async fn neither_compression_nor_the_pieces_of_an_answer_hide_a_token() {
    let json = format!(r#"["{}", "{SECRET}", "{SECRET}"]"#, "x".repeat(1020));
    let (http, _) = super::compressed::answering("gzip", gzip(json.as_bytes())).await;
    let reply = http.attempt(&flow(), &[], None).await.unwrap();
    let text = String::from_utf8(reply.body).unwrap();
    assert!(is_free(&text) && text.ends_with("]\"]"), "{text}");

    let (http, _) = super::compressed::answering(SECRET, b"[]".to_vec()).await;
    let reply = http.attempt(&flow(), &[], None).await.unwrap();
    assert!(is_free(&reply.message()), "{}", reply.message());
}

#[tokio::test]
async fn the_first_token_is_kept_back_also_after_another_one_has_come() {
    let body = format!(r#"{{"message":"{SECRET} another-t0ken"}}"#);
    let refused = answer("400 Bad Request", "", &body);
    let server = CannedServer::answering([&refused]).await;
    let origin = format!("http://{}", server.address);
    let http = Http::new(HttpConfig {
        renew: Some(Box::new(|| {
            Box::pin(async { Token::new("another-t0ken").map_err(|_| String::new()) })
        })),
        ..config(&origin, TIMEOUT)
    })
    .unwrap();
    assert_eq!(http.renew(0).await, Renewal::Another);
    let message = http.attempt(&flow(), &[], None).await.unwrap().message();
    assert!(!message.contains("t0ken"), "{message}");
}

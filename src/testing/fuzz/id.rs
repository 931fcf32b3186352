//! Ids and addresses: what enters a URL stays at its place in the path.

use super::text;
use crate::{
    api::{Id, Method, Operation},
    http::Origin,
};

/// Any text as an id, as the address of a change, and as a server.
pub fn id(data: &[u8]) {
    let text = &text(data);
    match Id::new(text) {
        Ok(id) => accepted(&id, text),
        Err(error) => {
            assert!(error.to_string().len() < 200, "{error}");
            assert!(error.in_row(true).len() < 300, "{error}");
        }
    }
    for method in [Method::Get, Method::Patch, Method::Post, Method::Delete] {
        if let Ok(operation) = Operation::parse_write(method, text) {
            assert_eq!(
                (operation.method(), operation.address().as_str()),
                (method, &**text)
            );
            assert_stays(&operation);
        }
    }
    origin(text);
}

fn accepted(id: &Id, text: &str) {
    assert_eq!(id.as_str(), text);
    assert!((1..=128).contains(&text.len()), "{text}");
    for (place, byte) in text.bytes().enumerate() {
        let later = place > 0 && b".~:".contains(&byte);
        assert!(
            byte.is_ascii_alphanumeric() || b"_-".contains(&byte) || later,
            "{text}"
        );
    }
    let written = serde_json::to_string(id).expect("an id is JSON");
    assert_eq!(serde_json::from_str::<Id>(&written).ok().as_ref(), Some(id));
    let id = || id.clone();
    for operation in [
        Operation::GetExecution(id()),
        Operation::GetClosingReasons(id()),
        Operation::UpdateStep(id(), id()),
        Operation::GetFlow(id()),
        Operation::SoftDeleteFlow(id()),
        Operation::PatchPhase(id(), id()),
        Operation::ReconcileAutomation(id(), id()),
        Operation::CancelSchedule(id(), id()),
    ] {
        assert_stays(&operation);
    }
}

/// The URL standard changes nothing in the path, and the host stays.
fn assert_stays(operation: &Operation) {
    let address = operation.address();
    let url = reqwest::Url::parse(&format!("https://host.example{address}")).expect("a URL");
    assert_eq!(url.path(), operation.path());
    assert_eq!(url.query(), operation.query());
    assert_eq!(
        (url.host_str(), url.fragment()),
        (Some("host.example"), None)
    );
    let template = operation.path();
    let known = ["v1", "v2", "workflows", "flows", "executions"];
    assert!(
        template
            .split('/')
            .skip(1)
            .take(3)
            .all(|part| known.contains(&part)),
        "{template}"
    );
}

fn origin(text: &str) {
    let Ok(origin) = text.parse::<Origin>() else {
        return;
    };
    let shown = origin.to_string();
    let url = reqwest::Url::parse(&shown).expect("a server is a URL");
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{shown}"
    );
    assert_eq!(
        (url.path(), url.query(), url.fragment()),
        ("/", None, None),
        "{shown}"
    );
    let host = url.host_str().unwrap_or_default();
    let is_here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    assert!(
        url.scheme() == "https" || (url.scheme() == "http" && is_here),
        "{shown}"
    );
    assert_eq!(shown.parse::<Origin>().as_ref(), Ok(&origin));
}

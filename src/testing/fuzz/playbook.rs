//! Playbooks: a text is a playbook that can plan, or it has mistakes that stand inside of it.

use std::path::Path;

use super::{clean::assert_page, execution::assert_plans, lines, scratch};
use crate::{
    digest,
    playbook::{self, Mistakes, Overrides, Playbook},
    testing::samples::{flow, now, row},
    text::utf8,
};

/// The bytes of a playbook. In its folder are `rows.csv`, `ids.txt` and `days.txt`.
pub fn playbook(data: &[u8]) {
    let Ok(source) = utf8(data.to_vec()) else {
        return;
    };
    match load(&source) {
        Ok(playbook) => {
            assert_eq!(playbook.sha256, digest::sha256(&source));
            assert!(playbook.name.chars().count() <= 100, "{}", playbook.name);
            assert!(
                !playbook.name.contains(char::is_control),
                "{:?}",
                playbook.name
            );
            for execution in [row_of_v1(), flow_of_v2()] {
                assert_plans(&playbook, &execution);
            }
        }
        Err(mistakes) => assert_mistakes(&source, &mistakes),
    }
}

fn load(source: &str) -> Result<Playbook, Mistakes> {
    let path = folder().join("playbook.yaml");
    playbook::load(&path, source.to_owned(), &Overrides::default(), &[], now())
}

/// The folder of playbooks, with the files that they may name.
fn folder() -> &'static Path {
    use std::sync::Once;
    static FILES: Once = Once::new();
    FILES.call_once(|| {
        for (name, text) in [
            (
                "rows.csv",
                "entity_id,entity_schema,who\no1,opportunity,10020\n",
            ),
            ("ids.txt", "e1\ne2\n"),
            ("days.txt", "2026-12-24 Christmas Eve\n"),
        ] {
            std::fs::write(scratch::folder().join(name), text).expect("a temporary file");
        }
    });
    scratch::folder()
}

/// At most twenty, each at a line of the text, and a report that is bounded and safe to print.
pub(super) fn assert_mistakes(source: &str, mistakes: &Mistakes) {
    assert!((1..=20).contains(&mistakes.list().len()), "{mistakes:?}");
    let lines = lines(source.as_bytes(), b"\r\n");
    for place in mistakes.positions().flatten() {
        assert!((1..=lines).contains(&(place.line as u64)), "{place:?}");
        assert!(
            (1..=source.chars().count() + 1).contains(&place.column),
            "{place:?}"
        );
    }
    for mistake in mistakes.list() {
        assert!(!mistake.message.is_empty());
        if let Some(span) = mistake.span {
            assert!(
                span.start <= span.end && span.end <= source.len(),
                "{mistake:?}"
            );
        }
    }
    for width in [None, Some(40)] {
        let shown = mistakes.render(false, width);
        assert_page(&shown);
        assert!(shown.len() < 1 << 20, "{} bytes", shown.len());
        for mistake in mistakes.list() {
            assert!(shown.contains(&mistake.message), "{shown}");
        }
    }
}

fn row_of_v1() -> crate::target::Execution {
    let step = serde_json::json!({"id": "s1", "name": "Step", "type": "STEP", "status": "ASSIGNED", "assignedTo": ["10010"]});
    row(
        "e1",
        &serde_json::json!({"assignedTo": ["10010"], "flow": [step], "creationTime": "2026-09-01T10:00:00.000Z"}),
    )
}

fn flow_of_v2() -> crate::target::Execution {
    let task = serde_json::json!({"id": "t1", "name": "Check", "status": "PENDING", "phase_id": "p1", "assigned_to": ["10010"], "due_date": "2026-11-30T00:00:00.000Z"});
    let phase = serde_json::json!({"id": "p1", "name": "Phase", "assigned_to": ["10010"]});
    flow(
        "e1",
        &serde_json::json!({"assigned_to": ["10010"], "tasks": [task], "phases": [phase], "created_at": "2026-09-01T00:00:00.000Z"}),
    )
}

//! Tests of the plan file.

use std::io::Cursor;

use serde_json::json;

use super::*;
use crate::{
    plan::{FollowUp, Follows, Item, PlanWriter, Rejection, derived},
    testing::samples::plan_header as header,
};

fn change(group: &str, task: &str) -> Item {
    let path = format!("/v2/flows/executions/{group}/tasks/{task}");
    let change = json!({
        "change": "0123456789ab", "group": group,
        "target": {"kind": "task", "api": "v2", "execution": group, "id": task, "name": "Zähler \n \u{1b}[31m|`"},
        "action": ["reassign"],
        "request": {"method": "PATCH", "path": path, "body": {"assigned_to": ["10020"]}},
        "before": {"assigned_to": ["10010"]}, "after": {"assigned_to": ["10020"]},
        "requires": {"execution.status": "STARTED", "target.status": "PENDING"}, "repeat": "safe",
        "undo": {"request": {"method": "PATCH", "path": path, "body": {"assigned_to": ["10010"]}}},
        "effects": [],
    });
    Item::Change(Box::new(derived(
        serde_json::from_value(change).unwrap(),
        0,
    )))
}

fn rejected() -> Item {
    Item::Rejected(Rejection {
        target: None,
        row: Some(7),
        reason: "no".to_owned(),
    })
}

fn write(items: &[Item]) -> (Vec<u8>, CheckedBlocks) {
    let mut writer = PlanWriter::new(Vec::new(), &header()).unwrap();
    for item in items {
        writer.item(item).unwrap();
    }
    let (bytes, _, written) = writer.finish(5).unwrap();
    (bytes, written)
}

fn read(bytes: &[u8]) -> Result<(Vec<Item>, Trailer, String), PlanError> {
    read_all(PlanReader::new(Cursor::new(bytes))?)
}

fn read_all(
    mut reader: PlanReader<Cursor<&[u8]>>,
) -> Result<(Vec<Item>, Trailer, String), PlanError> {
    let mut items = Vec::new();
    while let Some(line) = reader.next_line()? {
        items.push(line.item);
    }
    let (trailer, sha256) = reader.end().unwrap().clone();
    Ok((items, trailer, sha256))
}

#[test]
fn a_plan_reads_back_as_it_was_written() {
    let items = [
        rejected(),
        change("a", "t1"),
        change("a", "t2"),
        change("b", "t1"),
    ];
    let (bytes, written) = write(&items);
    let (read_items, trailer, read_sha256) = read(&bytes).unwrap();
    assert_eq!(read_items, items);
    let counts = (
        trailer.changes,
        trailer.groups,
        trailer.skipped,
        trailer.rejected,
        trailer.scanned,
    );
    assert_eq!(counts, (3, 2, 0, 1, 5));
    assert_eq!(read_sha256, written.sha256());
    assert_eq!(
        read_sha256,
        crate::digest::sha256(&bytes),
        "what sha256sum prints"
    );
    let again = PlanReader::again(Cursor::new(&bytes[..]), written).unwrap();
    assert_eq!(
        read_all(again).unwrap(),
        (read_items, trailer, read_sha256),
        "without a check, by what the writer knows"
    );
}

#[test]
fn the_trailer_seals_all_bytes_before_its_digest() {
    let (bytes, _) = write(&[change("a", "t1")]);
    let text = String::from_utf8(bytes).unwrap();
    let at = text.rfind("\"sha256\":").unwrap() + "\"sha256\":".len();
    let sealed: String = serde_json::from_str(text[at..].trim_end().trim_end_matches('}')).unwrap();
    assert_eq!(sealed, crate::digest::sha256(&text[..at]));
}

#[test]
fn the_same_items_are_the_same_bytes() {
    let items = [change("a", "t1"), rejected()];
    assert_eq!(write(&items).0, write(&items).0);
}

#[test]
fn every_change_of_a_byte_and_every_cut_is_found() {
    let (bytes, _) = write(&[change("a", "t1"), change("b", "t1")]);
    for place in 0..bytes.len() {
        for flip in [1, 0x20, 0x80] {
            let mut damaged = bytes.clone();
            damaged[place] ^= flip;
            assert!(read(&damaged).is_err(), "byte {place} flipped by {flip}");
        }
        assert!(read(&bytes[..place]).is_err(), "cut at {place}");
    }
    let longer = [bytes.as_slice(), b"{}\n"].concat();
    assert!(read(&longer).is_err());
}

#[test]
fn a_plan_of_another_format_is_named_as_that() {
    let (bytes, _) = write(&[]);
    let newer =
        String::from_utf8(bytes)
            .unwrap()
            .replacen("\"wf_bulk_plan\":1", "\"wf_bulk_plan\":2", 1);
    assert!(matches!(
        read(newer.as_bytes()),
        Err(PlanError::Version { found: 2 })
    ));
    for none in ["", "{}\n", "x\n", "[1]\n"] {
        assert!(
            matches!(read(none.as_bytes()), Err(PlanError::Line { line: 1, .. })),
            "{none:?}"
        );
    }
}

#[test]
fn groups_out_of_order_are_refused() {
    let (bytes, _) = write(&[change("b", "t1"), change("a", "t1")]);
    assert!(matches!(read(&bytes), Err(PlanError::Line { line: 3, .. })));
}

#[test]
fn a_request_that_is_not_on_its_target_is_refused_although_the_plan_is_sealed() {
    for path in [
        "/v2/flows/executions/a/tasks/other",
        "/v2/flows/executions/b/tasks/t1",
        "/v2/flows/executions/a",
        "/v2/flows/executions/../a/tasks/t1",
        "/v1/other",
    ] {
        let Item::Change(mut change) = change("a", "t1") else {
            unreachable!()
        };
        change.request.path = path.to_owned();
        let (bytes, _) = write(&[Item::Change(change)]);
        assert!(
            matches!(read(&bytes), Err(PlanError::Line { line: 2, .. })),
            "{path}"
        );
    }
}

#[test]
fn an_action_that_the_guards_do_not_allow_is_refused_on_its_line() {
    let item = Item::Change(Box::new(crate::testing::changes::delete("e")));
    for (allow, is_read) in [
        (json!([]), false),
        (json!(["delete_step"]), false),
        (json!(["delete"]), true),
    ] {
        let mut header = header();
        header.guards.allow = serde_json::from_value(allow.clone()).unwrap();
        let mut writer = PlanWriter::new(Vec::new(), &header).unwrap();
        writer.item(&item).unwrap();
        let (bytes, ..) = writer.finish(1).unwrap();
        assert_eq!(read(&bytes).is_ok(), is_read, "{allow}");
    }
}

#[test]
fn a_header_with_a_line_break_where_a_command_is_made_of_it_or_without_a_zone_is_refused() {
    type Alter = fn(&mut PlanHeader);
    let alterations: [(Alter, &str); 5] = [
        (
            |header| header.server = "https://w\u{43e}rkflows.example".into(),
            "xn--",
        ),
        (|header| header.server = "sandbox\n: x".into(), "`server`"),
        (|header| header.org = Some("1\n: x".into()), "`org`"),
        (|header| header.org = Some("1\u{85}".into()), "`org`"),
        (|header| header.timezone = "Mars/Phobos".into(), "time zone"),
    ];
    for (alter, said) in alterations {
        let mut header = header();
        alter(&mut header);
        let writer = PlanWriter::new(Vec::new(), &header).unwrap();
        let (bytes, ..) = writer.finish(0).unwrap();
        let error = read(&bytes).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn an_undo_stands_only_in_a_plan_that_undoes_and_sends_only_what_was_read() {
    let undone = |body: serde_json::Value, by: Option<FollowUp>| {
        let Item::Change(change) = change("a", "t1") else {
            unreachable!("it is a change")
        };
        let mut change = *change;
        change.action = vec!["undo: reassign".to_owned()];
        change = derived(change, 0);
        change.request.body = serde_json::from_value(body).unwrap();
        let mut header = header();
        header.follows = by.map(|by| Follows {
            run: "0192f0c4-8a5e-7000-8000-0000000000c4".parse().unwrap(),
            by,
        });
        let mut writer = PlanWriter::new(Vec::new(), &header).unwrap();
        writer.item(&Item::Change(Box::new(change))).unwrap();
        let (bytes, ..) = writer.finish(1).unwrap();
        read(&bytes).unwrap_err().to_string()
    };
    let body = json!({"assigned_to": ["10020"]});
    let hidden = json!({"assigned_to": ["10020"], "next_task_id": "x"});
    for (body, by, said) in [
        (&body, None, "follows no run"),
        (&body, Some(FollowUp::Retry), "follows no run"),
        (
            &hidden,
            Some(FollowUp::Undo),
            "an undo does not set next_task_id",
        ),
    ] {
        let error = undone(body.clone(), by);
        assert!(error.contains(said), "{error}");
    }
}

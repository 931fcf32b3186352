use serde_json::{Value, json};

use super::*;
use crate::{
    event::StopReason,
    report::{
        summary::tests::{failures_in_a_row, run},
        words::tests::task,
        write_json,
    },
};

fn header() -> PlanHeader {
    serde_json::from_value(json!({
        "wf_bulk_plan": 1,
        "playbook": {"name": "nightly", "sha256": "00", "converges": true, "repeatable": false},
        "vars": {}, "server": "https://workflow.example", "org": "4711", "now": "2026-11-27T12:00:00Z",
        "timezone": "UTC",
        "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
        "guards": {"max_changes": 5, "allow": [], "rejected": "refuse"},
        "tool": "wf-bulk 0.1.0",
    }))
    .unwrap()
}

fn ended(name: &str, detail: &str) -> Event {
    let mut target = task("e1", "t1", name);
    target.within = vec!["Umzug".to_owned(); 5];
    Event::Ended {
        line: 2,
        change: "b464d7652f44".to_owned(),
        target,
        action: vec!["reassign".to_owned()],
        outcome: Outcome::Refused,
        detail: Some(detail.to_owned()),
        attempts: 2,
    }
}

/// One of each.
fn every_event() -> Vec<Event> {
    let target = task("e1", "t1", "Call \u{1b}[2J“back”\n");
    let reason = "no answer within 30 s".to_owned();
    vec![
        Event::Started {
            run: "0192".to_owned(),
            planned: 137,
            earlier: Counts::default(),
        },
        Event::Stage {
            number: 1,
            of: 2,
            executions: 10,
        },
        ended("Call", "400: no"),
        Event::Retried {
            target: target.clone(),
            reason: reason.clone(),
            after: Duration::from_micros(50_900),
        },
        Event::Doubted { target, reason },
        Event::Throttled {
            pause: Duration::from_secs(3),
        },
        Event::Draining {
            reason: failures_in_a_row(),
        },
        Event::Draining {
            reason: StopReason::Interrupted,
        },
        Event::Settling {
            changes: 2,
            wait: Duration::from_secs(30),
        },
    ]
}

/// What becomes of the events of one session.
fn session<W: Write + Send>(
    folder: &tempfile::TempDir,
    out: W,
    events: &[Event],
) -> (Option<io::Error>, io::Result<W>) {
    let plan = header();
    let source = EventSource {
        run: "0192f0c4-8a5e-7000-8000-0000000000c4".to_owned(),
        plan: &plan,
        org: Some("4711"),
        numbers: EventNumbers::open(folder.path().join("events.next")).unwrap(),
        now: || Timestamp::from_millisecond(1_795_782_900_007).unwrap(),
    };
    let mut lines = EventLines::new(source, out);
    for event in events {
        lines.event(Instant::now(), event);
    }
    let failure = lines.failure.take();
    let mut document = Vec::new();
    let summary = run(&[(Outcome::Applied, 137)], None);
    write_json(&summary, summary.exit_code(), &mut document).unwrap();
    let document = String::from_utf8(document).unwrap();
    (failure, lines.end(summary.exit_code(), &document))
}

#[test]
fn each_event_is_a_line_with_its_number_and_nothing_that_a_terminal_obeys() {
    let folder = tempfile::tempdir().unwrap();
    let (_, out) = session(&folder, Vec::new(), &every_event());
    let text = String::from_utf8(out.unwrap()).unwrap();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    insta::assert_snapshot!(text);
    // The next session of the run goes on counting.
    let (_, out) = session(&folder, Vec::new(), &every_event());
    let next: Value =
        serde_json::from_slice(out.unwrap().split(|&byte| byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(next["seq"], text.lines().count() + 1);
}

#[test]
fn texts_of_the_service_are_cut_so_that_a_line_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let event = ended(&"ä".repeat(100_000), &"\u{1b}".repeat(100_000));
    let (_, out) = session(&folder, Vec::new(), &[event]);
    let out = out.unwrap();
    let line = out.split(|&byte| byte == b'\n').next().unwrap();
    assert!(line.len() < 4_000, "{}", line.len());
    let line: Value = serde_json::from_slice(line).unwrap();
    assert_eq!(line["target"]["within"], json!(["Umzug", "Umzug"]));
    assert!(line["detail"].as_str().unwrap().ends_with('…'));
}

#[test]
fn after_an_error_nothing_more_is_written() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 == 3 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (failure, _) = session(&folder, Full(0), &every_event());
    assert_eq!(failure.unwrap().kind(), io::ErrorKind::StorageFull);
    let mut full = Full(0);
    let plan = header();
    let source = EventSource {
        run: "0192".to_owned(),
        plan: &plan,
        org: None,
        numbers: EventNumbers::open(folder.path().join("events.next")).unwrap(),
        now: Timestamp::now,
    };
    let mut lines = EventLines::new(source, &mut full);
    for event in every_event() {
        lines.event(Instant::now(), &event);
    }
    assert!(lines.end(ExitCode::Done, "{}").is_err());
    assert_eq!(full.0, 3);
}

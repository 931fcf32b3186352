use super::*;
use crate::{event::StopReason, report::words::tests::task};

pub(in crate::present::report) fn started(planned: u64) -> Event {
    Event::Started {
        run: "0192f0c4".to_owned(),
        planned,
        earlier: Counts::default(),
    }
}

pub(in crate::present::report) fn ended(outcome: Outcome) -> Event {
    Event::Ended {
        line: 2,
        change: "c1".to_owned(),
        attempts: 1,
        target: task("e1", "t1", "Call back"),
        action: vec!["reassign".to_owned()],
        outcome,
        detail: (outcome == Outcome::Refused).then(|| "400: no".to_owned()),
    }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_rate_is_that_of_the_last_seconds() {
    let start = Instant::now();
    let mut progress = Progress::new(start, false);
    progress.event(start, &started(1_000));
    assert_eq!(progress.notes(start + ms(500)), "", "too early to tell");
    // Eight a second for 20 s.
    for n in 0..160 {
        progress.event(start + ms(n * 125), &ended(Outcome::Applied));
    }
    assert_eq!(progress.notes(start + ms(19_999)), "8.0/s   eta 2 min");
    // Then nothing: it falls, and is gone when the window is past.
    assert_eq!(progress.notes(start + ms(24_999)), "4.0/s   eta 4 min");
    assert_eq!(progress.notes(start + ms(60_000)), "0.0/s");
}

#[test]
fn the_counts_of_many_workers_take_the_place_of_single_ends() {
    let start = Instant::now();
    let mut progress = Progress::new(start, false);
    progress.event(start, &started(1_000));
    for second in 1..=10 {
        let mut outcomes = Counts::default();
        outcomes.add(Outcome::Applied, second * 8 - 1);
        outcomes.add(Outcome::Refused, 1);
        let line = progress.event(start + ms(second * 1_000), &Event::Counted { outcomes });
        assert_eq!(line, None);
    }
    assert_eq!(progress.done(), 80);
    assert_eq!(
        progress.notes(start + ms(10_500)),
        "8.4/s   eta 2 min   1 refused"
    );
}

#[test]
fn a_burst_does_not_promise_an_early_end() {
    let start = Instant::now();
    let mut progress = Progress::new(start, false);
    progress.event(start, &started(104));
    for _ in 0..4 {
        progress.event(start, &ended(Outcome::Applied));
    }
    assert_eq!(progress.notes(start + ms(2_000)), "2.0/s   eta 50 s");
}

#[test]
fn a_long_run_remembers_only_the_last_seconds() {
    let start = Instant::now();
    let mut progress = Progress::new(start, false);
    progress.event(start, &started(1_000));
    for second in 0..1_000 {
        progress.event(start + ms(second * 1_000), &ended(Outcome::Applied));
    }
    assert_eq!(progress.recent.len() as u64, WINDOW.as_secs());
}

#[test]
fn trouble_is_counted_and_waits_run_out() {
    let start = Instant::now();
    let mut progress = Progress::new(start, false);
    progress.event(start, &started(10));
    let target = task("e1", "t1", "");
    progress.event(
        start,
        &Event::Retried {
            target: target.clone(),
            reason: String::new(),
            after: ms(1),
        },
    );
    progress.event(
        start,
        &Event::Doubted {
            target,
            reason: String::new(),
        },
    );
    progress.event(start, &ended(Outcome::Failed));
    for other in ["t2", "t3"] {
        let event = Event::Doubted {
            target: task("e1", other, ""),
            reason: String::new(),
        };
        progress.event(start, &event);
        progress.event(start, &event);
    }
    progress.event(start, &Event::Throttled { pause: ms(3_000) });
    progress.event(start, &Event::Throttled { pause: ms(1_000) });
    assert_eq!(
        progress.notes(start),
        "1 write retried   1 failed   2 in doubt   throttled by the server for 3 s"
    );
    // One is settled by a read, the other one stays: each has one name.
    let end = |id, outcome| Event::Ended {
        line: 2,
        change: "c1".to_owned(),
        attempts: 1,
        target: task("e1", id, ""),
        action: Vec::new(),
        outcome,
        detail: None,
    };
    progress.event(start, &end("t2", Outcome::Applied));
    assert!(progress.notes(start).contains("   1 in doubt   "));
    progress.event(start, &end("t3", Outcome::InDoubt));
    assert!(progress.notes(start).contains("   1 in doubt   "));
    assert!(!progress.notes(start + ms(3_000)).contains("throttled"));
    progress.event(
        start,
        &Event::Draining {
            reason: StopReason::Interrupted,
        },
    );
    assert!(progress.notes(start + ms(3_000)).ends_with("stopping"));
    assert!(!progress.notes(start + ms(3_000)).contains("eta"));
}

#[test]
fn what_earlier_sessions_did_counts_as_done_but_not_as_speed() {
    let start = Instant::now();
    let mut progress = Progress::new(start, false);
    let mut earlier = Counts::default();
    earlier.add(Outcome::Applied, 90);
    let line = progress.event(
        start,
        &Event::Started {
            run: "0192f0c4".to_owned(),
            planned: 100,
            earlier,
        },
    );
    assert_eq!(
        line.as_deref(),
        Some("continuing run 0192f0c4: 10 of 100 changes left")
    );
    assert_eq!(progress.done(), 90);
    assert_eq!(progress.notes(start + ms(1_000)), "0.0/s");
}

#[test]
fn only_the_first_twenty_problems_get_a_line() {
    let start = Instant::now();
    let mut progress = Progress::new(start, false);
    progress.event(start, &started(100));
    let mut lines: Vec<String> = (0..30)
        .filter_map(|_| progress.event(start, &ended(Outcome::Refused)))
        .collect();
    assert_eq!(lines.pop().as_deref(), Some("… and more in report.json"));
    assert_eq!(lines, ["refused   task “Call back” e1/t1: 400: no"; 20]);
}

#[test]
fn a_stop_and_a_wait_are_said() {
    let start = Instant::now();
    let mut progress = Progress::new(start, false);
    for (event, line) in [
        (
            Event::Draining {
                reason: StopReason::Interrupted,
            },
            "stopping: interrupted; what is in flight is finished",
        ),
        (
            Event::Settling {
                changes: 2,
                wait: ms(30_000),
            },
            "waiting 30 s until 2 changes in doubt can be read back",
        ),
    ] {
        assert_eq!(progress.event(start, &event).as_deref(), Some(line));
    }
}

use std::collections::BTreeMap;

use super::*;

fn read(lines: &str) -> Option<Timeline> {
    Timeline::read(lines.as_bytes()).unwrap()
}

fn began(at: i64) -> String {
    format!("{{\"began\":{{\"wf_bulk_timeline\":1,\"at\":{at},\"rate\":8.0,\"concurrency\":4}}}}\n")
}

fn pause(at: i64, ms: u64) -> String {
    format!("{{\"pause\":{{\"at\":{at},\"ms\":{ms}}}}}\n")
}

fn second(at: i64, requests: u64) -> String {
    let second = TimelineSecond {
        at,
        ms: 1_000,
        requests,
        rate: 8.0,
        outcomes: BTreeMap::from([(Outcome::Applied, requests), (Outcome::Failed, 0)]),
        ..TimelineSecond::default()
    };
    serde_json::to_string(&TimelineLine::Second(second)).unwrap() + "\n"
}

#[test]
fn the_time_between_two_sessions_is_left_out() {
    let day = 86_400_000;
    let lines = [
        began(5_000),
        second(6_000, 3),
        second(7_000, 4),
        r#"{"stop":{"at":7100,"reason":"interrupted"}}"#.to_owned() + "\n",
        "{\"end\":{\"at\":7100}}\n\n".to_owned(),
        began(day),
        second(day + 1_000, 5),
    ]
    .concat();
    let timeline = read(&lines).unwrap();
    assert_eq!((timeline.ms, timeline.requests), (3_100, 12));
    let requests: Vec<u64> = timeline.points.iter().map(|point| point.requests).collect();
    assert_eq!(requests, [3, 4, 5, 0]);
    let [first, second] = [&timeline.sessions[0], &timeline.sessions[1]];
    assert_eq!((first.ms, first.changes, first.ended), (2_100, 7, true));
    assert_eq!(first.stopped.as_deref(), Some("interrupted"));
    // It is running, or was killed.
    assert_eq!((second.start_ms, second.ended), (2_100, false));
    assert_eq!(timeline.unreadable_lines, 0);
}

#[test]
fn a_run_of_days_has_no_more_points_than_can_be_shown_and_none_of_its_requests_is_lost() {
    let mut lines = began(0);
    for n in 1..=200_000 {
        lines += &second(n * 1_000, 2);
    }
    let timeline = read(&lines).unwrap();
    assert!(timeline.points.len() <= MOST_POINTS);
    assert!(timeline.points.len() > MOST_POINTS / 2);
    let done: u64 = timeline.points.iter().map(|point| point.done).sum();
    assert_eq!((done, timeline.requests), (400_000, 400_000));
    assert_eq!(timeline.points[0].requests, 2 * timeline.point_ms / 1_000);
}

#[test]
fn what_is_no_line_is_counted_and_skipped_whatever_it_is() {
    let mut lines = second(1_000, 9);
    lines += &began(0);
    lines += &second(1_000, 3);
    lines += "{\"second\":{\"at\":2000,\"ms\":10";
    assert_eq!(read(&lines).unwrap().unreadable_lines, 2);
    lines += "\n{\"later\":{}}\n\u{fffd}\n";
    lines += &"x".repeat(100_000);
    lines += "\n{\"began\":{\"wf_bulk_timeline\":2,\"at\":5000,\"rate\":1.0,\"concurrency\":1}}\n";
    // Times that no clock shows.
    for at in [i64::MIN, i64::MAX] {
        lines += &second(at, u64::MAX);
        lines += &pause(at, u64::MAX);
    }
    lines += &began(i64::MIN);
    lines += &second(i64::MAX, 1);
    let timeline = read(&lines).unwrap();
    assert_eq!(timeline.unreadable_lines, 6);
    assert!(timeline.points.len() <= MOST_POINTS);
    assert_eq!(timeline.requests, u64::MAX);
    for nothing in ["", "\n", "x", "{}"] {
        assert_eq!(read(nothing), None);
    }
}

#[test]
fn a_pause_ends_with_the_run_and_one_that_is_made_longer_counts_once() {
    let lines = [
        began(0),
        pause(1_000, 3_000),
        pause(2_000, 4_000),
        pause(8_000, 60_000),
        second(10_000, 1),
    ]
    .concat();
    let timeline = read(&lines).unwrap();
    let spans: Vec<(u64, u64)> = timeline
        .pauses
        .iter()
        .map(|pause| (pause.start_ms, pause.ms))
        .collect();
    assert_eq!(spans, [(1_000, 5_000), (8_000, 2_000)]);
    assert_eq!(timeline.paused_ms, 7_000);
}

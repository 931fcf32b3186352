use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::report::summary::tests::run;

/// A sample: its name, its labels with their values, its value.
type Sample = (String, BTreeMap<String, String>, String);

/// Reads the text format strictly: <https://prometheus.io/docs/instrumenting/exposition_formats/>. Each family has one HELP and one TYPE
/// before its samples, which stand together; no sample is there twice, none has a timestamp.
fn parsed(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'), "the last line ends, too");
    let mut samples: Vec<Sample> = Vec::new();
    let mut families = BTreeSet::new();
    let (mut helped, mut typed) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(!words.contains('\\') && !words.is_empty());
            helped = name.to_owned();
            assert!(families.insert(helped.clone()), "{name} twice");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            typed = kind.strip_suffix(" gauge").unwrap().to_owned();
            assert_eq!(typed, helped);
        } else {
            let (name, rest) = line.split_once('{').unwrap();
            assert_eq!(name, typed, "a sample of another family");
            assert!(
                name.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            );
            let (labels, rest) = labels(rest);
            let value = rest.strip_prefix(' ').unwrap();
            assert!(!value.contains(' '), "no timestamp: {line}");
            assert!(value.parse::<f64>().is_ok());
            let sample = (name.to_owned(), labels, value.to_owned());
            let is_known = |other: &Sample| (&other.0, &other.1) == (&sample.0, &sample.1);
            assert!(!samples.iter().any(is_known), "twice: {line}");
            samples.push(sample);
        }
    }
    samples
}

/// The labels up to the closing brace, and what follows.
fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut found = BTreeMap::new();
    let mut rest = text;
    loop {
        let (name, after) = rest.split_once("=\"").unwrap();
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        );
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            let (at, c) = chars.next().unwrap();
            match c {
                '"' => break at,
                '\\' => match chars.next().unwrap().1 {
                    'n' => value.push('\n'),
                    c @ ('\\' | '"') => value.push(c),
                    c => panic!("\\{c} is no escape"),
                },
                c => {
                    assert!(!c.is_control());
                    value.push(c);
                }
            }
        };
        assert!(found.insert(name.to_owned(), value).is_none());
        rest = &after[end + 1..];
        match rest.chars().next().unwrap() {
            ',' => rest = &rest[1..],
            '}' => return (found, &rest[1..]),
            c => panic!("{c} after a label"),
        }
    }
}

fn labelled(playbook: &str) -> MetricLabels {
    MetricLabels {
        playbook: playbook.to_owned(),
        server: "workflow.example".to_owned(),
        org: Some("4711".to_owned()),
    }
}

fn metrics(exit_code: ExitCode, earlier: &str) -> Metrics<'static> {
    Metrics {
        labels: Some(labelled("nightly")),
        summary: None,
        exit_code,
        started_at: at(1_000_500),
        ended_at: at(1_010_750),
        duration: Duration::from_millis(10_250),
        earlier: EarlierMetrics::read(earlier),
    }
}

fn text(metrics: &Metrics<'_>) -> String {
    let mut out = Vec::new();
    metrics.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn value(text: &str, name: &str) -> String {
    let samples = parsed(text);
    let sample = samples.into_iter().find(|sample| sample.0 == name);
    sample.unwrap().2
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

#[test]
fn a_session_with_a_result_has_every_metric() {
    let summary = run(&[(Outcome::Applied, 134), (Outcome::Refused, 3)], None);
    let metrics = Metrics {
        summary: Some(&summary),
        ..metrics(ExitCode::Done, "")
    };
    let text = text(&metrics);
    assert_eq!(parsed(&text).len(), 18);
    insta::assert_snapshot!(text);
}

#[test]
fn a_name_can_not_forge_a_label_or_a_line() {
    for name in [
        "a\"} 1\nwf_bulk_exit_code{x=\"",
        "back\\slash\\",
        "\\n",
        "tab\tand\u{1b}",
        "ä “x” {},=",
        "",
    ] {
        let text = text(&Metrics {
            labels: Some(labelled(name)),
            ..metrics(ExitCode::Error, "")
        });
        for (_, labels, _) in parsed(&text) {
            let shown = name.replace('\t', "\\u{9}").replace('\u{1b}', "\\u{1b}");
            assert_eq!(labels["playbook"], shown);
        }
        // What was written is read.
        assert_eq!(EarlierMetrics::read(&text).labels, written(&labelled(name)));
    }
}

#[test]
fn the_last_success_is_kept_until_the_next_one() {
    let success = text(&metrics(ExitCode::Done, ""));
    assert_eq!(value(&success, LAST_SUCCESS), "1010.750");
    let later = Metrics {
        ended_at: at(5_000_000),
        ..metrics(ExitCode::SomeFailed, &success)
    };
    let failed = text(&later);
    assert_eq!(value(&failed, LAST_SUCCESS), "1010.750");
    assert_eq!(value(&failed, "wf_bulk_exit_code"), "3");
    // Its playbook could not be read.
    let unknown = Metrics {
        labels: None,
        ..metrics(ExitCode::Error, &failed)
    };
    let unknown = text(&unknown);
    assert_eq!(value(&unknown, LAST_SUCCESS), "1010.750");
    assert!(
        parsed(&unknown)
            .iter()
            .all(|(_, labels, _)| labels["playbook"] == "nightly")
    );
    let again = Metrics {
        ended_at: at(9_000_000),
        ..metrics(ExitCode::Done, &unknown)
    };
    assert_eq!(value(&text(&again), LAST_SUCCESS), "9000.000");
}

#[test]
fn what_is_no_earlier_file_is_not_believed() {
    for line in [
        "",
        "wf_bulk_last_success_timestamp_seconds 5",
        "wf_bulk_last_success_timestamp_seconds{} 5",
        "wf_bulk_last_success_timestamp_seconds{playbook=\"a\",server=\"b\"} 5",
        "wf_bulk_last_success_timestamp_seconds{playbook=\"a\",server=\"b\",org=\"c\",x=\"d\"} 5",
        "wf_bulk_last_success_timestamp_seconds{playbook=\"a\",server=\"b\",org=\"c} 5",
        "wf_bulk_last_success_timestamp_seconds{playbook=\"a\",server=\"b\",org=\"\\x\"} 5",
        "wf_bulk_last_success_timestamp_seconds{playbook=\"a\",server=\"b\",org=\"c\"} NaN",
        "wf_bulk_last_success_timestamp_seconds{playbook=\"a\",server=\"b\",org=\"c\"} +Inf",
        "wf_bulk_last_success_timestamp_seconds{playbook=\"a\",server=\"b\",org=\"c\"} -1",
        "wf_bulk_last_success_timestamp_seconds{playbook=\"a\",server=\"b\",org=\"c\"} x",
    ] {
        assert_eq!(
            EarlierMetrics::read(line),
            EarlierMetrics::default(),
            "{line}"
        );
        let text = text(&metrics(ExitCode::Error, line));
        assert_eq!(value(&text, LAST_SUCCESS), "0");
    }
}

#[test]
fn a_last_success_in_the_future_is_none() {
    let success = text(&metrics(ExitCode::Done, ""));
    for (value_then, expected) in [
        ("1010.750", "1010.750"),
        ("99999999999", "0"),
        (&*"9".repeat(400), "0"),
        (&*format!("{}5", "0".repeat(400)), "0"),
    ] {
        let earlier = success.replace("} 1010.750", &format!("}} {value_then}"));
        let failed = text(&metrics(ExitCode::SomeFailed, &earlier));
        assert_eq!(value(&failed, LAST_SUCCESS), expected, "{value_then}");
    }
}

proptest! {
    #[test]
    fn any_names_and_any_earlier_file_give_a_file_of_the_format(
        names in "[\\x00-\\x7fäé\u{2028}]{0,20}",
        earlier in "[\\x00-\\x7f]{0,10}",
        values in "[\"\\\\n,}=\\x00-\\x20ab]{0,12}",
        number in "[0-9.eE+-]{1,8}",
    ) {
        let line = format!("{earlier}\n{LAST_SUCCESS}{{playbook=\"{values}\",server=\"b\",org=\"c\"}} {number}\n{earlier}");
        for labels in [Some(labelled(&names)), None] {
            let text = text(&Metrics { labels, ..metrics(ExitCode::Error, &line) });
            parsed(&text);
        }
    }
}

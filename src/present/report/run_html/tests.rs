use super::*;
use crate::{
    digest::sha256_base64,
    report::{
        html_page::STYLE,
        run_report::tests::{RunSample, mixed, planned},
    },
};

fn page(sample: &RunSample) -> String {
    let mut out = Vec::new();
    sample.report(|report| report.write_html(&mut out)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_page_of_a_run_shows_all_of_its_parts() {
    let page = page(&mixed());
    let (_, body) = page.split_once("</style>").unwrap();
    insta::assert_snapshot!(body);
}

/// A run of this length, of which the requests were sent at its end.
fn timeline(ms: u64) -> String {
    let start = 1_796_119_200_000;
    let end = start + ms;
    let last = ms.min(1_000);
    format!(
        r#"{{"began":{{"wf_bulk_timeline":1,"at":{start},"rate":40.0,"concurrency":8}}}}
{{"second":{{"at":{end},"ms":{last},"requests":8,"retries":0,"throttled":0,"in_flight":0,"rate":40.0,"outcomes":{{"applied":6}}}}}}
{{"end":{{"at":{end}}}}}
"#
    )
}

#[test]
fn less_than_a_second_has_a_number_of_requests_and_no_rate_and_no_label_is_repeated() {
    for (ms, requests, most, ticks) in [
        (64, "8", "at most 8 requests, at most 6 changes", "0 s, 1 s"),
        (
            1_000,
            "8.0/s",
            "at most 8.0/s requests, at most 6.0/s changes",
            "0 s, 1 s",
        ),
        (
            2_000,
            "8.0/s",
            "at most 8.0/s requests, at most 6.0/s changes",
            "0 s, 1 s, 2 s",
        ),
        (
            6_000,
            "8.0/s",
            "at most 8.0/s requests, at most 6.0/s changes",
            "0 s, 2 s, 4 s, 6 s",
        ),
    ] {
        let page = page(&RunSample {
            timeline: timeline(ms),
            ..mixed()
        });
        let cells = format!("<td>{requests}</td><td>40.0/s</td><td>0</td>");
        assert!(page.contains(&cells), "{ms}: {page}");
        assert!(page.contains(most), "{ms}: {page}");
        let labels = page.split("y=\"191\"").skip(1).map(|rest| {
            let label = rest.split_once('>').unwrap().1;
            label.split_once('<').unwrap().0
        });
        assert_eq!(labels.collect::<Vec<_>>().join(", "), ticks, "{ms}");
    }
}

#[test]
fn a_page_has_no_script_and_its_policy_permits_none() {
    let page = page(&mixed());
    let policy = format!(
        "style-src 'sha256-{}'; script-src 'none';",
        sha256_base64(STYLE)
    );
    assert!(page.contains(&policy), "{policy}");
    for word in [
        "<script",
        " style=",
        " onclick=",
        "http:",
        "https:",
        " src=",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
}

#[test]
fn a_run_without_a_timeline_says_so() {
    let page = page(&RunSample {
        timeline: String::new(),
        ..mixed()
    });
    assert!(page.contains("This run has no timeline"), "{page}");
    assert!(!page.contains("Requests and changes over time"));
    assert!(page.contains("How long changes took"));
}

#[test]
fn the_page_of_a_run_of_any_size_has_a_bounded_length() {
    let changes = (0..5_000).map(|number| {
        let mut change = planned(number, "Call");
        change.action = vec![format!("action {}", number % 300)];
        let outcome = Outcome::ALL[number % Outcome::ALL.len()];
        (change, outcome, Some(format!("message {number}")))
    });
    let page = page(&RunSample {
        changes: changes.collect(),
        ..mixed()
    });
    assert!(page.len() < 200_000, "{} bytes", page.len());
    assert!(page.contains("… and 617 other reasons, of 617 changes"));
    assert!(page.contains("… and 161 other actions"));
    assert!(page.contains("Every change is in <code>runs/x/results.csv</code>"));
}

#[test]
fn a_run_that_planned_nothing_is_a_page_as_well() {
    let page = page(&RunSample::of(&[]));
    assert!(page.contains("there was nothing to do"));
    assert!(!page.contains("<figure"), "there is nothing to plot");
}

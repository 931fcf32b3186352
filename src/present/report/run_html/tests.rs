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

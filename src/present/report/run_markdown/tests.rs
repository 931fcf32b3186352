use super::*;
use crate::{
    checkpoint::Ending,
    report::{
        plan_markdown::tests::{HOSTILE, structure},
        run_report::tests::{RunSample, TIMELINE, mixed, planned},
    },
    store::Operator,
};

fn markdown(sample: &RunSample) -> String {
    let mut out = Vec::new();
    sample
        .report(|report| report.write_markdown(&mut out))
        .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_run_is_told_with_what_needs_a_person_first() {
    insta::assert_snapshot!(markdown(&mixed()));
}

#[test]
fn each_standing_has_its_headline_and_its_next_step() {
    let stopped = RunSample {
        ending: None,
        stopped: Some("10 failures in a row, the last one: `x`".to_owned()),
        ..mixed()
    };
    let killed = RunSample {
        ending: None,
        ..mixed()
    };
    let waits = RunSample {
        ending: None,
        edit: |line, _| line.waits_for_an_answer = true,
        ..mixed()
    };
    let running = RunSample {
        ending: None,
        is_worked_on: true,
        ..mixed()
    };
    let abandoned = RunSample {
        ending: Some(Ending::Abandoned {
            at: 0,
            reason: "wrong <b>person</b>".to_owned(),
        }),
        ..mixed()
    };
    let done = RunSample::of(&[(Outcome::Applied, None)]);
    let nothing = RunSample::of(&[]);
    let heads: Vec<String> = [stopped, killed, waits, running, abandoned, done, nothing]
        .iter()
        .map(|sample| {
            let text = markdown(sample);
            let lines = text.lines().filter(|line| line.starts_with(['>', '#']));
            lines.collect::<Vec<_>>().join("\n")
        })
        .collect();
    insta::assert_snapshot!(heads.join("\n\n"));
}

#[test]
fn a_run_of_any_size_fits_into_one_comment_and_says_what_is_left_out() {
    let long = "ä | ` <b>".repeat(100);
    let changes = (0..3_000).map(|number| {
        let mut change = planned(number, &long);
        change.action = vec![format!("action {}", number % 50)];
        let outcome = Outcome::ALL[number % Outcome::ALL.len()];
        (change, outcome, Some(format!("{number} {long}")))
    });
    let text = markdown(&RunSample {
        changes: changes.collect(),
        ..mixed()
    });
    assert!(text.len() <= MAX_BYTES, "{} bytes", text.len());
    assert!(text.contains("other reasons, of 367 changes"), "{text}");
    assert!(text.contains("… and 30 other actions"));
    assert!(text.contains("Every change is in `runs/x/results.csv`."));
}

#[test]
fn where_the_list_of_every_change_is_not_there_the_command_that_writes_it_is_told() {
    let text = markdown(&RunSample {
        has_results: false,
        ..mixed()
    });
    let told =
        "`wf-bulk status 0192f0c4-8a5e-7000-8000-0000000000c4` writes the file with every change.";
    assert!(text.contains(told), "{text}");
    assert!(!text.contains("results.csv"), "{text}");
}

/// A stopped run in which every text from outside is this one.
fn saying(text: &str) -> RunSample {
    let change = || {
        let mut change = planned(1, text);
        change.action = vec![text.to_owned()];
        change.target.within = vec![text.to_owned()];
        change
    };
    let stop = serde_json::to_string(text).unwrap();
    RunSample {
        changes: vec![
            (change(), Outcome::Applied, None),
            (change(), Outcome::Refused, Some(text.to_owned())),
            (change(), Outcome::InDoubt, Some(text.to_owned())),
        ],
        ending: None,
        stopped: Some(text.to_owned()),
        timeline: TIMELINE.replace("\"interrupted\"", &stop),
        said: text.to_owned(),
        edit: |line, said| {
            let settings = &mut line.settings;
            said.clone_into(&mut settings.playbook);
            said.clone_into(&mut settings.server);
            settings.org = Some(said.to_owned());
            settings.reason = Some(said.to_owned());
            settings.by = Some(Operator {
                user: said.to_owned(),
                host: said.to_owned(),
                actor: Some(said.to_owned()),
                approver: Some(said.to_owned()),
                link: Some(said.to_owned()),
                git: None,
            });
        },
        ..mixed()
    }
}

#[test]
fn hostile_texts_leave_the_structure_of_a_report_as_it_is_with_plain_ones() {
    for text in HOSTILE {
        let shown = Untrusted(text).terminal().to_string();
        let plain = "p".repeat(shown.chars().count());
        let (hostile, codes) = structure(&markdown(&saying(text)));
        assert_eq!(hostile, structure(&markdown(&saying(&plain))).0, "{text:?}");
        assert!(
            codes.iter().any(|code| code.trim() == shown.trim()),
            "{text:?} is not among {codes:?}"
        );
    }
}

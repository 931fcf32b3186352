use super::*;
use crate::report::UndoRun;

pub(in crate::present::report) fn run(
    outcomes: &[(Outcome, u64)],
    is_worked_on: bool,
    ending: Option<Ending>,
) -> RunLine {
    let settings = json!({
        "wf_bulk_run": 1, "run": "0192f0c4-8a5e-7000-8000-0000000000c4", "started_at": "2026-12-01T09:00:00Z",
        "playbook": "p", "vars_sha256": "cd", "plan_sha256": "ab", "server": "sandbox", "org": "4711",
        "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
        "recheck": true, "timeout_ms": 1, "settle_ms": 1, "reason": "ticket\u{1b} 7",
    });
    let mut counts = Counts::default();
    for (outcome, changes) in outcomes {
        counts.add(*outcome, *changes);
    }
    RunLine {
        settings: serde_json::from_value(settings).unwrap(),
        counts,
        ending,
        follows: None,
        followed_by: Vec::new(),
        undone: Undone::default(),
        is_worked_on,
        waits_for_an_answer: false,
        is_without_data: false,
        to_try_the_rest: None,
        flags_to_resume: Vec::new(),
        folder: "runs/x".into(),
    }
}

fn text(runs: &[RunLine]) -> String {
    let mut out = Vec::new();
    write_runs(
        runs,
        &Invocation::default(),
        &TimeZone::UTC,
        &mut out,
        Styles::plain(),
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_run_is_told_with_how_it_stands_and_how_it_goes_on() {
    let some = [(Outcome::Applied, 1_234), (Outcome::NotAttempted, 1)];
    let doubts = [(Outcome::Applied, 3), (Outcome::InDoubt, 2)];
    let finished = Some(Ending::Finished { at: 0 });
    let abandoned = Some(Ending::Abandoned {
        at: 0,
        reason: "x".to_owned(),
    });
    let mut silent = run(&some, false, None);
    silent.settings.reason = None;
    let runs = [
        silent,
        run(&doubts, false, None),
        run(&doubts, true, None),
        // Its process has not ended yet.
        run(&doubts, true, finished.clone()),
        run(&doubts, false, finished),
        run(&doubts, true, abandoned),
    ];
    insta::assert_snapshot!(text(&runs), @r"
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
        1,235 planned = 1,234 applied + 1 not_attempted
        continue: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
        5 planned = 3 applied + 2 in_doubt
        reason: ticket\u{1b} 7
        continue: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4
        if changes stay in doubt, look at them (in a terminal, `resume` asks about each)
        send all of them again: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt retry
        leave all of them: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt skip
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  running     p on sandbox
        5 planned = 3 applied + 2 in_doubt
        reason: ticket\u{1b} 7
        is running now; requests in flight count as in_doubt
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  finished    p on sandbox
        5 planned = 3 applied + 2 in_doubt
        reason: ticket\u{1b} 7
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  finished    p on sandbox
        5 planned = 3 applied + 2 in_doubt
        reason: ticket\u{1b} 7
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  abandoned   p on sandbox
        5 planned = 3 applied + 2 in_doubt
        reason: ticket\u{1b} 7
    ");
    insta::assert_snapshot!(text(&[]), @"there are no runs here");
}

#[test]
fn the_next_step_of_a_run_is_one_that_can_be_taken() {
    let doubts = [(Outcome::Applied, 3), (Outcome::InDoubt, 2)];
    let mut gone = run(&doubts, false, None);
    gone.settings.reason = None;
    gone.is_without_data = true;
    let mut ended = run(
        &[(Outcome::Refused, 1)],
        false,
        Some(Ending::Finished { at: 0 }),
    );
    ended.settings.reason = None;
    ended.to_try_the_rest =
        Some("to try the rest again: wf-bulk run p.yaml --only-file x.csv".to_owned());
    let mut asks = run(&doubts, false, None);
    asks.settings.reason = None;
    asks.waits_for_an_answer = true;
    let other: RunId = "0192aaaa-8a5e-7000-8000-0000000000c4".parse().unwrap();
    let mut undone = run(&doubts, false, None);
    undone.settings.reason = None;
    undone.followed_by = vec![(other, FollowUp::Undo)];
    undone.undone = Undone(vec![UndoRun {
        run: other,
        changes: 3,
        in_doubt: 0,
        undone_by: None,
    }]);
    undone.follows = Some(Follows {
        run: other,
        by: FollowUp::Retry,
    });
    insta::assert_snapshot!(text(&[gone, ended, asks, undone]), @"
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
        5 planned = 3 applied + 2 in_doubt
        `sandbox reset` has deleted its data, so it can't be resumed; to abandon it: wf-bulk abandon 0192f0c4-8a5e-7000-8000-0000000000c4
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  finished    p on sandbox
        1 planned = 1 refused
        to try the rest again: wf-bulk run p.yaml --only-file x.csv
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
        5 planned = 3 applied + 2 in_doubt
        the changes in doubt need your answer: look at them (in a terminal, `resume` asks about each)
        send all of them again: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt retry
        leave all of them: wf-bulk resume 0192f0c4-8a5e-7000-8000-0000000000c4 --in-doubt skip
    0192f0c4-8a5e-7000-8000-0000000000c4  2026-12-01 09:00 UTC  unfinished  p on sandbox
        5 planned = 3 applied + 2 in_doubt
        retries run 0192aaaa-8a5e-7000-8000-0000000000c4
        its undo: run 0192aaaa-8a5e-7000-8000-0000000000c4
        it was undone, so its remaining changes are not made; to abandon it: wf-bulk abandon 0192f0c4-8a5e-7000-8000-0000000000c4
    ");
}

#[test]
fn a_program_is_told_the_same_standing() {
    let ending = || Some(Ending::Finished { at: 0 });
    for (is_worked_on, ending, standing) in [
        (true, None, "running"),
        (false, None, "unfinished"),
        (true, ending(), "finished"),
        (false, ending(), "finished"),
    ] {
        let mut out = Vec::new();
        let line = run(&[(Outcome::Applied, 2)], is_worked_on, ending);
        write_runs_json(&[line], &[], &[], &mut out).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let found = &document["runs"][0];
        assert_eq!(
            (
                &found["standing"],
                &found["planned"],
                &found["outcomes"]["applied"]
            ),
            (&json!(standing), &json!(2), &json!(2))
        );
    }
}

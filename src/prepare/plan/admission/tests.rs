use serde_json::json;

use super::*;

fn header(converges: bool, repeatable: bool) -> PlanHeader {
    serde_json::from_value(json!({
        "wf_bulk_plan": 1,
        "playbook": {"name": "p", "sha256": "00", "converges": converges, "repeatable": repeatable},
        "vars": {}, "server": "https://a.example", "org": "4711", "now": "2026-12-01T08:00:00Z",
        "timezone": "Europe/Berlin",
        "pace": {"rate": "8/s", "burst": 4, "concurrency": 4, "stop_after": 10},
        "guards": {"max_changes": 5, "allow": [], "rejected": "refuse"},
        "tool": "wf-bulk 0.1.0",
    }))
    .unwrap()
}

fn here() -> Circumstances {
    Circumstances {
        server: "https://a.example".to_owned(),
        org: Some("4711".to_owned()),
        now: "2026-12-08T08:00:00Z".parse().unwrap(),
        max_age: Some(SignedDuration::from_hours(7 * 24)),
        sha256: "ab".repeat(32),
        approved: None,
        max_changes: None,
        again: false,
        earlier: Vec::new(),
    }
}

fn trailer(changes: u64, rejected: u64) -> Trailer {
    Trailer {
        changes,
        groups: 1,
        rejected,
        scanned: 9,
        ..Trailer::default()
    }
}

fn earlier(standing: EarlierStanding) -> Vec<EarlierRun> {
    vec![EarlierRun {
        id: "r".to_owned(),
        same_plan: false,
        standing,
        recorded: None,
    }]
}

#[test]
fn a_plan_is_admitted_where_and_when_it_was_made_for() {
    assert_eq!(refusals(&header(true, false), &trailer(5, 0), &here()), []);
    let unasked = Circumstances {
        org: None,
        max_age: None,
        ..here()
    };
    assert_eq!(refusals(&header(true, false), &trailer(5, 0), &unasked), []);
}

#[test]
fn each_reason_is_told_by_itself_and_with_its_cure() {
    let header = header(true, false);
    let one = |trailer: &Trailer, here: &Circumstances| {
        let refusals = refusals(&header, trailer, here);
        let [refusal] = refusals.as_slice() else {
            panic!("{refusals:?}")
        };
        assert!(!refusal.cures(&Invocation::default()).is_empty());
        refusal.to_string()
    };
    let fine = trailer(5, 0);
    let sandbox = Circumstances {
        server: "sandbox".to_owned(),
        ..here()
    };
    assert_eq!(
        one(&fine, &sandbox),
        "the plan is for https://a.example, not for the sandbox"
    );
    let other = Circumstances {
        org: Some("1".to_owned()),
        ..here()
    };
    assert_eq!(
        one(&fine, &other),
        "the plan is for organisation 4711, not for 1"
    );
    let late = Circumstances {
        now: "2026-12-08T08:00:01Z".parse().unwrap(),
        ..here()
    };
    assert_eq!(
        one(&fine, &late),
        "the plan was made at 2026-12-01 09:00 Europe/Berlin and is too old"
    );
    assert_eq!(
        one(&trailer(5, 2), &here()),
        "2 items could not be planned, so the plan is not complete"
    );
    assert_eq!(
        one(&trailer(6, 0), &here()),
        "a guard does not hold: 6 changes are planned, max_changes is 5"
    );
    let fewer = Circumstances {
        max_changes: Some(4),
        ..here()
    };
    assert_eq!(
        one(&fine, &fewer),
        "5 changes are planned, --max-changes is 4"
    );
    assert_eq!(refusals(&header, &trailer(4, 0), &fewer), []);
    let swapped = Circumstances {
        approved: Some("cd".repeat(32)),
        ..here()
    };
    assert_eq!(
        one(&fine, &swapped),
        format!(
            "this is not the plan that was approved: its sha256 is {}, approved is {}",
            "ab".repeat(32),
            "cd".repeat(32)
        )
    );
    let unfinished = Circumstances {
        earlier: earlier(EarlierStanding::Unfinished),
        again: true,
        ..here()
    };
    assert_eq!(
        one(&fine, &unfinished),
        "run r of the same playbook and variables is not finished"
    );
    let running = Circumstances {
        earlier: earlier(EarlierStanding::Running),
        again: true,
        ..here()
    };
    assert_eq!(
        one(&fine, &running),
        "run r of the same playbook and variables is running now"
    );
}

#[test]
fn a_plan_that_was_made_in_the_future_has_no_age_and_is_refused_beyond_a_small_skew_of_clocks() {
    let header = header(true, false);
    let fine = trailer(5, 0);
    for (now, max_age, is_refused) in [
        ("2026-12-01T08:00:00Z", Some(7 * 24), false),
        ("2026-12-01T07:55:00Z", Some(7 * 24), false),
        ("2026-12-01T07:54:59Z", Some(7 * 24), true),
        // However old it may be.
        ("2016-12-01T08:00:00Z", Some(1_000_000), true),
        // It was made by this process.
        ("2026-12-01T07:00:00Z", None, false),
    ] {
        let here = Circumstances {
            now: now.parse().unwrap(),
            max_age: max_age.map(SignedDuration::from_hours),
            ..here()
        };
        let refusals = refusals(&header, &fine, &here);
        let is_ahead = matches!(refusals[..], [Refusal::FromTheFuture { .. }]);
        assert_eq!(is_ahead, is_refused, "{now}: {refusals:?}");
        assert_eq!(refusals.is_empty(), !is_refused, "{now}: {refusals:?}");
    }
    let here = Circumstances {
        now: "2026-12-01T07:54:59Z".parse().unwrap(),
        ..here()
    };
    assert_eq!(
        refusals(&header, &fine, &here)[0].to_string(),
        "the plan was made at 2026-12-01 09:00:00 Europe/Berlin, and here it is only 2026-12-01 08:54:59 Europe/Berlin, \
         so its age is unknown"
    );
}

#[test]
fn the_age_of_a_plan_counts_from_when_it_was_made_whatever_its_now() {
    let at = |text: &str| text.parse().unwrap();
    for now in ["2024-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        for (here_now, is_stale) in [
            ("2026-12-08T08:00:00Z", false),
            ("2026-12-08T08:00:01Z", true),
        ] {
            let header = PlanHeader {
                now: at(now),
                made_at: Some(at("2026-12-01T08:00:00Z")),
                ..header(true, false)
            };
            let here = Circumstances {
                now: at(here_now),
                ..here()
            };
            let found = refusals(&header, &trailer(5, 0), &here);
            assert_eq!(!found.is_empty(), is_stale, "{now}: {found:?}");
        }
    }
}

#[test]
fn a_plan_for_this_machine_is_for_it_however_it_is_written() {
    let header = PlanHeader {
        server: "http://localhost:9".to_owned(),
        ..header(true, false)
    };
    for (server, is_same) in [
        ("http://127.0.0.1:9", true),
        ("http://[::1]:9", true),
        ("http://127.0.0.1:8", false),
    ] {
        let here = Circumstances {
            server: server.to_owned(),
            ..here()
        };
        let found = refusals(&header, &trailer(5, 0), &here);
        assert_eq!(found.is_empty(), is_same, "{server}: {found:?}");
    }
}

const DONE: Done = Done {
    applied: 2,
    already_done: 0,
    in_doubt: 1,
};

#[test]
fn a_plan_is_applied_once_unless_again_is_meant_or_it_was_made_just_now() {
    let told = |same_plan, again, kept, standing| {
        let mut earlier = earlier(standing);
        earlier[0].same_plan = same_plan;
        let here = Circumstances {
            again,
            max_age: here().max_age.filter(|_| kept),
            approved: Some(here().sha256),
            earlier,
            ..here()
        };
        refusals(&header(true, false), &trailer(1, 0), &here)
    };
    let applied = [Refusal::Applied {
        run: "r".to_owned(),
        recorded: None,
    }];
    let finished = EarlierStanding::Finished(DONE);
    assert_eq!(told(true, false, true, finished), applied);
    for fine in [
        told(true, true, true, finished),
        told(true, false, false, finished),
        told(false, false, true, finished),
        told(true, false, true, EarlierStanding::Abandoned(DONE)),
        // It applied nothing, so "applied already" would not be true.
        told(
            true,
            false,
            true,
            EarlierStanding::Finished(Done::default()),
        ),
    ] {
        assert_eq!(fine, []);
    }
}

#[test]
fn what_is_recorded_of_a_run_stands_in_the_refusal_with_the_way_out() {
    const UNFINISHED: &str = "run r of the same playbook and variables is not finished";
    const DID: &str = "run r did this already (2 applied + 1 in_doubt), and a second time it would take effect again";
    const LOST: &str =
        "if its folder is lost, look at what it did, and abandon it: wf-bulk abandon r";
    const LOOK: &str = "look at what it did, where its folder is: wf-bulk status r";
    let finished = EarlierStanding::Finished(DONE);
    let told = [(EarlierStanding::Unfinished, UNFINISHED), (finished, DID)];
    let at_engine = [
        "resume it: wf-bulk resume r",
        "look at what it did: wf-bulk status r",
    ];
    for (by, word, cures) in [
        (RunKeeper::Ledger, "ledger", [LOST, LOOK]),
        (RunKeeper::Engine, "engine", at_engine),
    ] {
        for ((standing, message), cure) in told.into_iter().zip(cures) {
            let mut earlier = earlier(standing);
            let said = "started on ci-7".to_owned();
            let message = format!("{message} (the {word} says: {said})");
            earlier[0].recorded = Some(RunRecord { by, said });
            let here = Circumstances { earlier, ..here() };
            let refusals = refusals(&header(false, false), &trailer(1, 0), &here);
            assert_eq!(refusals[0].to_string(), message);
            let cures = refusals[0].cures(&Invocation::default());
            assert!(cures.iter().any(|told| told == cure), "{cures:?}");
        }
    }
}

#[test]
fn what_does_not_converge_runs_once_unless_that_is_meant() {
    let told = |converges, repeatable, again, standing| {
        let here = Circumstances {
            again,
            earlier: earlier(standing),
            ..here()
        };
        !refusals(&header(converges, repeatable), &trailer(1, 0), &here).is_empty()
    };
    for standing in [EarlierStanding::Finished, EarlierStanding::Abandoned] {
        for (done, is_anything) in [
            (DONE, true),
            (
                Done {
                    applied: 1,
                    ..Done::default()
                },
                true,
            ),
            (
                Done {
                    already_done: 1,
                    ..Done::default()
                },
                true,
            ),
            (
                Done {
                    in_doubt: 1,
                    ..Done::default()
                },
                true,
            ),
            (Done::default(), false),
        ] {
            let standing = standing(done);
            assert_eq!(
                told(false, false, false, standing),
                is_anything,
                "{standing:?}"
            );
            assert!(!told(true, false, false, standing));
            assert!(!told(false, true, false, standing));
            assert!(!told(false, false, true, standing));
        }
    }
}

#[test]
fn a_repetition_says_what_the_earlier_run_did_and_how_that_ended() {
    let told = |standing| {
        let here = Circumstances {
            earlier: earlier(standing),
            ..here()
        };
        let refusals = refusals(&header(false, false), &trailer(1, 0), &here);
        format!(
            "{}; {}",
            refusals[0],
            refusals[0].cures(&Invocation::default()).join("; ")
        )
    };
    let cure = "look at what it did: wf-bulk status r; to do it again, add --again";
    let doubt = Done { applied: 0, ..DONE };
    for (standing, said) in [
        (
            EarlierStanding::Finished(DONE),
            "run r did this already (2 applied + 1 in_doubt)",
        ),
        (
            EarlierStanding::Abandoned(DONE),
            "run r did this already (2 applied + 1 in_doubt) before it was abandoned",
        ),
        (
            EarlierStanding::Abandoned(doubt),
            "run r may have done this already (1 in_doubt) before it was abandoned",
        ),
    ] {
        let expected = format!("{said}, and a second time it would take effect again; {cure}");
        assert_eq!(told(standing), expected);
    }
}

#[test]
fn of_ended_runs_those_matter_that_can_be_a_reason() {
    let once = header(false, false);
    let converging = header(true, false);
    assert!(matters(&once, false, false) && matters(&once, true, false));
    assert!(matters(&converging, true, false) && !matters(&converging, false, false));
    assert!(!matters(&header(false, true), false, false));
    assert!(!matters(&once, true, true));
}
#[test]
fn a_plan_that_is_too_old_says_when_it_was_made_and_not_which_moment_it_was_made_for() {
    let mut old = header(true, false);
    old.made_at = Some("2026-11-20T08:00:00Z".parse().unwrap());
    let said = refusals(&old, &trailer(1, 0), &here());
    let [Refusal::Stale { made }] = &said[..] else {
        panic!("{said:?}")
    };
    assert!(made.contains("2026-11-20"), "{made}");
}

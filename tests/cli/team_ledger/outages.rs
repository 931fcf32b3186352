//! A ledger that can't be read or written.

use super::*;

#[test]
fn nothing_is_sent_while_the_ledger_can_not_be_read_or_written() {
    let mut team = Team::new(FAST);
    team.plan(&team.here, SHIFT);
    let apply = ["apply", "x.plan", "--yes", "--ledger", "/nowhere/runs.git"];
    team.here
        .run_on(&team.sandbox, &apply)
        .expect_code(1)
        .expect_said("the ledger can't be read or written")
        .expect_said("/nowhere/runs.git")
        .expect_said("nothing was changed");
    assert!(team.here.runs().is_empty());

    // It can be read, and not written: the run is made, has sent nothing, and goes on later.
    let hook = team.hook("echo '\u{1b}[2Jno pushes today' >&2; exit 1");
    let said = team
        .on(&team.here, &["apply", "x.plan", "--yes"])
        .expect_code(1);
    let run = run_of(&team.here);
    let said = said
        .expect_said("no pushes today")
        .expect_said(&format!("wf-bulk resume {run} --ledger {}", team.ledger()));
    assert!(!said.stderr.contains('\u{1b}'), "{}", said.stderr);
    assert_eq!(team.sandbox.ledger().writes(), 0);
    team.on(&team.here, &["resume", &run]).expect_code(1);
    assert_eq!(team.sandbox.ledger().writes(), 0);
    assert!(team.recorded().is_empty());
    fs::remove_file(hook).unwrap();
    team.on(&team.here, &["resume", &run]).expect_code(0);
    assert_eq!((team.effects(), team.most_of_a_target()), (60, 1));
    assert_eq!(team.recorded()[0]["end"]["how"], "finished");

    // What was recorded before is in the way of a run that was made meanwhile and has sent nothing.
    fs::copy(
        team.here.path().join("x.plan"),
        team.there.path().join("x.plan"),
    )
    .unwrap();
    team.repository = tempfile::tempdir().unwrap();
    team.git(&["init", "--quiet", "--bare"]);
    let hook = team.hook("exit 1");
    team.on(&team.there, &["apply", "x.plan", "--yes"])
        .expect_code(1);
    fs::remove_file(hook).unwrap();
    team.on(&team.here, &["resume", &run]).expect_code(0);
    assert_eq!(team.recorded().len(), 1, "an ended run is recorded, too");
    team.on(&team.there, &["resume", "--last"])
        .expect_code(1)
        .expect_said("has already applied this plan");
    assert_eq!(team.effects(), 60);
}

#[test]
fn an_end_that_can_not_be_recorded_is_a_warning_and_is_recorded_later() {
    let team = Team::new(FAST);
    team.plan(&team.here, SHIFT);
    // The second push is the one of the end.
    let hook = team.hook("[ ! -e \"$GIT_DIR/begun\" ] || exit 1; : >\"$GIT_DIR/begun\"");
    let ended = team
        .on(&team.here, &["apply", "x.plan", "--yes", "--json"])
        .expect_code(0);
    assert_eq!(ended.json()["outcomes"]["applied"], 60);
    let run = run_of(&team.here);
    let resume = format!("wf-bulk resume {run} --ledger {}", team.ledger());
    ended
        .expect_said("warning: the end of the run is not in the ledger")
        .expect_said(&resume);
    assert_eq!(team.recorded()[0]["end"], Value::Null);
    fs::remove_file(hook).unwrap();
    team.on(&team.here, &["resume", &run]).expect_code(0);
    let recorded = team.recorded();
    assert_eq!(recorded[0]["end"]["how"], "finished");
    assert_eq!(recorded[0]["end"]["exit_code"], 0);
    let before = team.git(&["rev-parse", "wf-bulk-ledger"]);
    team.on(&team.here, &["resume", &run]).expect_code(0);
    assert_eq!(
        team.git(&["rev-parse", "wf-bulk-ledger"]),
        before,
        "once is enough"
    );
    assert_eq!((team.effects(), team.most_of_a_target()), (60, 1));
}

#[test]
fn an_abandoned_run_is_abandoned_in_the_ledger_with_what_it_made() {
    let team = Team::new(SLOW);
    team.plan(&team.here, SHIFT);
    let run = team.apply_and_kill();
    let hook = team.hook("exit 1");
    let abandon = ["abandon", &run, "--yes"];
    team.offline(&team.here, &abandon)
        .expect_code(1)
        .expect_said("the run has ended here; to record it in the ledger: wf-bulk abandon");
    fs::remove_file(hook).unwrap();
    team.offline(&team.here, &abandon)
        .expect_code(0)
        .expect_said("was abandoned already");
    let outcomes = team.recorded()[0]["end"]["outcomes"].clone();
    let sum: u64 = outcomes
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(sum, 60);
    assert!(outcomes["applied"].as_u64().unwrap() > 0, "{outcomes}");
    team.plan(&team.there, SHIFT);
    team.on(&team.there, &["apply", "x.plan", "--yes"])
        .expect_code(1)
        .expect_said("before it was abandoned");
    team.offline(&team.there, &["abandon", "0192", "--yes"])
        .expect_code(1)
        .expect_said("the ledger has no such run either");
}

//! What a run left undone: it is listed, and tried again or decided as the run says.

use super::*;

/// The command that tries the rest again, in what a run or `status` says.
#[track_caller]
fn the_rest(text: &str) -> Hint {
    told(text, "retry")
}

/// Of six changes that come out the same however often they are made, one is refused.
const ONE_IS_REFUSED: &str = "version: 1
name: refused
vars: { owner: \"7\" }
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { executions: { list: {} }, limit: 6 }
actions: [ reassign: { set: [\"{{ vars.owner }}\"] } ]
";

#[test]
fn what_a_run_that_is_over_left_undone_is_tried_again_with_the_command_that_it_tells() {
    let refused = json!({"rules": [
        {"match": {"effect_only": true, "nth": 2}, "do": {"status": {"code": 400, "message": "no"}}},
        {"match": {"effect_only": true, "nth": 8}, "do": {"status": {"code": 400, "message": "no"}}}
    ]});
    let sandbox = SandboxProcess::with_faults_and(&refused, &["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two words.yaml", ONE_IS_REFUSED);
    environment.file("the token", "sandbox\n");
    let url = sandbox.url();
    let service = ["--server", &url, "--token-file", "the token"];
    let state = ["--state-dir", "our runs"];
    let run = |words: &[&str], code| environment.run(words).expect_code(code);
    let words = |hint: &Hint| hint.words[1..].to_vec();

    let first = [
        "run",
        "two words.yaml",
        "--yes",
        "--var",
        "owner=8",
        "--limit",
        "5",
    ];
    let ended = run(&[&first[..], &service, &state].concat(), 3);
    let told_at_the_end = the_rest(&ended.stderr);
    let id = fs::read_dir(environment.path().join("our runs/runs"))
        .unwrap()
        .find_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .into_string()
                .ok()
                .filter(|name| name.len() > 30)
        })
        .unwrap();
    // The same wherever the run is told, and nothing is left out that decides what is selected.
    let status = run(&["status", &id, "--state-dir", "our runs"], 0).stdout;
    let listed = run(&["status", "--state-dir", "our runs"], 0).stdout;
    let resumed = run(&["resume", &id, "--state-dir", "our runs"], 3).stderr;
    for hint in [
        &told_at_the_end,
        &the_rest(&status),
        &the_rest(&listed),
        &the_rest(&resumed),
    ] {
        for kept in [&*id, "our runs"] {
            assert!(
                hint.words.iter().any(|word| word == kept),
                "{kept}: {hint:?}"
            );
        }
    }
    let again = words(&told_at_the_end);
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    let once_more = run(&[&again[..], &["--yes"]].concat(), 0);
    assert!(
        once_more.stderr.contains("1 planned = 1 applied"),
        "{}",
        once_more.stderr
    );
    assert!(
        !once_more.stderr.contains("try the rest again"),
        "{}",
        once_more.stderr
    );

    // A plan does not say where its playbook is.
    let plan = [
        &["plan", "two words.yaml", "-o", "x.plan", "--var", "owner=9"],
        &service[..],
        &state,
    ];
    run(&plan.concat(), 0);
    let apply = ["apply", "x.plan", "--yes", "--settle", "5"];
    let applied = run(&[&apply[..], &service, &state].concat(), 3).stderr;
    let status = run(&["status", "--state-dir", "our runs"], 0).stdout;
    let newest = status.find("PLAYBOOK").and_then(|at| {
        let start = status[..at].rfind('\n')?;
        status[start..].lines().nth(1)
    });
    for hint in [the_rest(&applied), the_rest(newest.unwrap_or_default())] {
        for kept in ["--playbook", "PLAYBOOK"] {
            assert!(hint.words.contains(&kept.to_owned()), "{kept}: {hint:?}");
        }
    }
}

#[test]
fn a_failed_change_is_shown_once_and_in_another_folder_the_rest_is_told_with_the_playbooks_path() {
    let refused = json!({"rules": [
        {"match": {"effect_only": true, "nth": 2}, "do": {"status": {"code": 400, "message": "no"}}}
    ]});
    let sandbox = SandboxProcess::with_faults_and(&refused, &["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two words.yaml", ONE_IS_REFUSED);
    let run = ["run", "two words.yaml", "--yes", "--var", "owner=8"];
    let said = environment.run_on(&sandbox, &run).expect_code(3).stderr;
    let run = environment.runs().remove(0);
    let id = run.file_name().unwrap().to_str().unwrap();
    // The folder has a line.
    let count = |text: &str| said.matches(text).count();
    let counts = (
        count(": 400: no"),
        count(&format!("/{id}")),
        count("last session"),
    );
    assert_eq!(counts, (1, 1, 0), "{said}");

    fs::create_dir(environment.path().join("elsewhere")).unwrap();
    let elsewhere = || {
        let mut elsewhere = environment.command(&["status", id, "--state-dir", "../.wf-bulk"]);
        elsewhere.current_dir(environment.path().join("elsewhere"));
        let status = Ended::from(elsewhere.output().unwrap());
        the_rest(&status.expect_code(0).stdout)
    };
    let has = |hint: &Hint, kept: &str| {
        let found = hint.words.iter().any(|word| word.starts_with(kept));
        assert!(found, "{kept}: {hint:?}");
    };
    let folder = environment.path().canonicalize().unwrap();
    let playbook = folder.join("two words.yaml").display().to_string();
    for kept in [id, "../.wf-bulk"] {
        has(&elsewhere(), kept);
    }
    // Where it is not there any more, it is the one thing to fill in.
    fs::rename(&playbook, folder.join("moved.yaml")).unwrap();
    for kept in ["PLAYBOOK", "../.wf-bulk"] {
        has(&elsewhere(), kept);
    }
}

#[test]
fn every_change_without_a_good_end_is_listed_with_its_reason_wherever_a_run_is_told() {
    // Of one task the first of two changes is refused, so that the second is not attempted.
    let sandbox = SandboxProcess::with_faults_and(
        &json!({"rules": [
            {"match": {"effect_only": true, "nth": 1}, "do": {"status": {"code": 400, "message": "no way"}}}
        ]}),
        &["--executions", "30"],
    );
    let environment = Environment::new();
    environment.file(
        "p.yaml",
        "version: 1
name: p
pace: { rate: 3000/s, burst: 100, concurrency: 1 }
select: { executions: { list: {} }, limit: 1 }
actions: [ reassign: { set: [\"7\"] }, add_step: { name: Look, index: 0 } ]
",
    );
    let run = ["run", "p.yaml", "--yes", "--quiet"];
    let ended = environment.run_on(&sandbox, &run).expect_code(3);
    let run = environment.runs().remove(0);
    let why = "it depends on reassign of execution “";
    let id = run.file_name().unwrap().to_str().unwrap().to_owned();
    let status = environment.run(&["status", &id]).expect_code(0).stdout;
    let report = fs::read_to_string(run.join("report.json")).unwrap();
    let failed = fs::read_to_string(run.join("failed.csv")).unwrap();
    for text in [&ended.stderr, &status, &report, &failed] {
        assert!(
            text.contains("refused") && text.contains("no way"),
            "{text}"
        );
        assert!(
            text.contains("not_attempted") && text.contains(why),
            "{text}"
        );
    }
}

#[test]
fn a_moment_that_a_person_reads_names_its_zone() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two.yaml", TWO);
    environment
        .run_on(&sandbox, &["run", "two.yaml", "--yes"])
        .expect_code(0)
        .expect_out(" Europe/Berlin\n");
    let mut status = environment.command(&["status"]);
    let status = Ended::from(status.env("TZ", "Asia/Tokyo").output().unwrap());
    status.expect_code(0).expect_out(" Asia/Tokyo  finished");
    let now = [
        "plan",
        "two.yaml",
        "-o",
        "y.plan",
        "--now",
        "2026-12-01T08:00:00Z",
    ];
    environment.run_on(&sandbox, &now).expect_code(0);
    let before = [
        "plan",
        "two.yaml",
        "-o",
        "x.plan",
        "--now",
        "2026-12-01T07:00:00Z",
    ];
    environment.run_on(&sandbox, &before).expect_code(0);
    environment
        .run(&["diff", "x.plan", "y.plan"])
        .expect_code(0)
        .expect_out("now: 2026-12-01 08:00 Europe/Berlin → 2026-12-01 09:00 Europe/Berlin");
}

#[test]
fn a_doubt_that_only_a_person_can_decide_is_told_with_its_moment_and_with_the_two_answers() {
    let lost = json!({"rules": [
        {"match": {"effect_only": true}, "do": "drop_after_effect"}
    ]});
    let sandbox = SandboxProcess::with_faults(&lost);
    let environment = Environment::new();
    let start = "version: 1
name: start
pace: { rate: 3000/s, burst: 100 }
select: { entities: { list: [ { id: c1, schema: contact } ] } }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
";
    environment.file("start.yaml", start);
    let ended = environment.run_on(&sandbox, &["run", "start.yaml", "--yes"]);
    let ended = ended.expect_code(6).stderr;
    let id = environment.runs().remove(0);
    let id = id.file_name().unwrap().to_str().unwrap();
    let status = environment.run(&["status", id]).expect_code(0).stdout;
    for text in [&ended, &status] {
        let moment = text.split("a new execution from about ").nth(1);
        let moment = moment.unwrap_or_else(|| panic!("{text}"));
        assert!(
            moment.starts_with("20") && moment[..20].ends_with("UTC"),
            "{text}"
        );
    }
    let resume = format!("wf-bulk resume {id}");
    assert!(!status.contains(&format!("{resume}\n")), "{status}");
    for answer in ["retry", "skip"] {
        assert!(
            status.contains(&format!("{resume} --in-doubt {answer}")),
            "{status}"
        );
    }
}

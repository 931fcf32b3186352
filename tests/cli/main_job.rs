//! The main job: each playbook of the repository, planned and applied.

use crate::{
    environment::{Ended, Environment, SandboxProcess},
    pty::Terminal,
};

const PLAYBOOKS: [&str; 4] = [
    "playbooks/reassign.yaml",
    "playbooks/shift-due-dates.yaml",
    "playbooks/close-stale.yaml",
    "playbooks/run-schedules-now.yaml",
];

#[test]
fn a_playbook_to_start_from_is_right_and_stays_when_it_is_there() {
    let environment = Environment::new();
    environment
        .run(&["init", "mine"])
        .expect_code(0)
        .expect_said("mine/playbook.yaml")
        .expect_said(
            "next, check the playbook and look at its plan:\n  wf-bulk validate mine/playbook.yaml",
        );
    environment
        .run(&["validate", "mine/playbook.yaml"])
        .expect_code(0);
    let document = environment
        .run(&[
            "run",
            "mine/playbook.yaml",
            "--sandbox",
            "--dry-run",
            "--json",
            "--rate",
            "3000/s",
        ])
        .expect_code(0)
        .json();
    assert!(document["planned"].as_u64().unwrap() > 0);
    let path = environment.path().join("mine/wf-bulk.schema.json");
    let schema = environment.run(&["schema"]).expect_code(0).stdout;
    assert_eq!(std::fs::read_to_string(path).unwrap(), schema);
    environment.file("mine/playbook.yaml", "# mine\n");
    environment
        .run(&["init", "mine"])
        .expect_code(1)
        .expect_said("it exists already");
    let kept = std::fs::read_to_string(environment.path().join("mine/playbook.yaml")).unwrap();
    assert_eq!(kept, "# mine\n");
}

#[test]
fn a_dry_run_shows_changes_and_sends_no_write() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    for playbook in PLAYBOOKS {
        let ended = environment
            .run_on(&sandbox, &["run", playbook, "--dry-run", "--json"])
            .expect_code(0);
        let document = ended.json();
        assert!(document["planned"].as_u64().unwrap() > 0, "{playbook}");
        assert!(document["run"].is_null());
        assert_eq!(document["outcomes"]["not_attempted"], document["planned"]);
        assert!(
            ended.stderr.contains("Nothing was changed."),
            "{}",
            ended.stderr
        );
    }
    let ledger = sandbox.ledger();
    assert_eq!((ledger.writes(), ledger.effects().len()), (0, 0));
    assert!(environment.runs().is_empty());
}

#[test]
fn each_playbook_changes_something_on_the_embedded_sandbox_and_the_sum_is_right() {
    let environment = Environment::new().with_playbooks();
    for playbook in PLAYBOOKS {
        let before = environment.effects_on_disk();
        let dry_run = environment
            .run(&["run", playbook, "--sandbox", "--dry-run", "--json"])
            .expect_code(0)
            .json();
        assert_eq!(
            environment.effects_on_disk(),
            before,
            "a dry run has no effect"
        );
        let document = environment
            .run(&["run", playbook, "--sandbox", "--yes", "--json"])
            .expect_code(0)
            .json();
        let planned = document["planned"].as_u64().unwrap();
        assert!(planned > 0, "{playbook}");
        assert_eq!(
            document["planned"], dry_run["planned"],
            "a run applies what the dry run showed"
        );
        assert_eq!(document["outcomes"]["applied"], planned, "{playbook}");
        assert_eq!(
            environment.effects_on_disk() - before,
            usize::try_from(planned).unwrap()
        );
    }
}

#[test]
fn a_server_behaves_as_the_embedded_sandbox_does() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    for playbook in PLAYBOOKS {
        let earlier = sandbox.ledger().effects().len();
        let arguments = ["run", playbook, "--yes", "--json"];
        let document = environment
            .run_on(&sandbox, &arguments)
            .expect_code(0)
            .json();
        let applied = document["outcomes"]["applied"].as_u64().unwrap();
        assert!(
            applied > 0 && document["planned"] == applied,
            "{playbook}: {document}"
        );
        assert_eq!(
            sandbox.ledger().effects().len() - earlier,
            usize::try_from(applied).unwrap()
        );
    }
}

#[test]
fn the_second_time_there_is_nothing_to_do_and_it_says_how_to_start_over() {
    let environment = Environment::new().with_playbooks();
    let arguments = ["run", "playbooks/reassign.yaml", "--sandbox", "--yes"];
    environment
        .run(&arguments)
        .expect_code(0)
        .expect_said("137 planned = 137 applied");
    environment
        .run(&arguments)
        .expect_code(0)
        .expect_said("nothing to do")
        .expect_said("to start over with fresh data: wf-bulk sandbox reset");
    assert_eq!(environment.effects_on_disk(), 137);
    environment.run(&["sandbox", "reset"]).expect_code(0);
    environment
        .run(&arguments)
        .expect_code(0)
        .expect_said("137 planned = 137 applied");
}

#[test]
fn what_does_not_converge_is_refused_the_second_time_unless_it_is_meant() {
    let environment = Environment::new().with_playbooks();
    let shift = [
        "run",
        "playbooks/shift-due-dates.yaml",
        "--sandbox",
        "--yes",
        "--limit",
        "5",
    ];
    environment.run(&shift).expect_code(0);
    environment
        .run(&shift)
        .expect_code(1)
        .expect_said("did this already")
        .expect_said("--again");
    assert_eq!(environment.effects_on_disk(), 5);
    environment
        .run(&[shift.as_slice(), &["--again"]].concat())
        .expect_code(0);
    assert_eq!(environment.effects_on_disk(), 10);
}

#[test]
fn a_plan_that_was_kept_is_applied_as_it_is() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    environment
        .run_on(
            &sandbox,
            &[
                "plan",
                "playbooks/reassign.yaml",
                "-o",
                "x.plan",
                "--limit",
                "9",
            ],
        )
        .expect_code(0);
    let shown = environment.run(&["show", "x.plan"]).expect_code(0);
    assert!(
        shown.stdout.contains("assigned_to  10010 → 10020"),
        "{}",
        shown.stdout
    );
    let document = environment
        .run_on(&sandbox, &["apply", "x.plan", "--yes", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(document["outcomes"]["applied"], document["planned"]);
    let digest = wf_bulk::digest::sha256(std::fs::read(environment.path().join("x.plan")).unwrap());
    assert_eq!(document["plan_sha256"], digest, "what sha256sum prints");
    environment
        .run_on(&sandbox, &["apply", "x.plan", "--yes"])
        .expect_code(1)
        .expect_said("has already applied this plan");
    // Applied once more, everything is as the plan wants it.
    let again = environment
        .run_on(&sandbox, &["apply", "x.plan", "--yes", "--again", "--json"])
        .expect_code(0)
        .json();
    assert_eq!(again["outcomes"]["already_done"], again["planned"]);
}

#[test]
fn only_the_approved_plan_is_applied_and_show_says_how() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let plan = |name: &str, limit: &str| {
        let file = [
            "plan",
            "playbooks/reassign.yaml",
            "-o",
            name,
            "--limit",
            limit,
        ];
        environment.run_on(&sandbox, &file).expect_code(0);
    };
    plan("x.plan", "5");
    let shown = environment.run(&["show", "x.plan"]).expect_code(0).stdout;
    let command = shown.lines().find(|line| line.starts_with("wf-bulk apply"));
    let command = command.unwrap().to_owned();

    // Another plan, as valid as the first, under its name.
    let path = environment.path().join("x.plan");
    let reviewed = std::fs::read(&path).unwrap();
    plan("x.plan", "6");
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--yes"]).collect();
    // The command as shown names the server.
    let apply = || {
        let mut command = environment.command(&words);
        Ended::from(command.env("EPILOT_TOKEN", "sandbox").output().unwrap())
    };
    apply()
        .expect_code(1)
        .expect_said("this is not the plan that was approved");
    assert_eq!(sandbox.ledger().writes(), 0);
    assert!(environment.runs().is_empty());

    std::fs::write(&path, reviewed).unwrap();
    apply().expect_code(0);
    assert!(sandbox.ledger().writes() > 0);
}

#[test]
fn changes_that_are_pending_have_an_exit_code_when_that_is_asked_for() {
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let dry_run = [
        "run",
        "playbooks/reassign.yaml",
        "--dry-run",
        "--limit",
        "5",
    ];
    let detailed = [&dry_run[..], &["--detailed-exitcode"]].concat();
    environment.run_on(&sandbox, &dry_run).expect_code(0);
    environment.run_on(&sandbox, &detailed).expect_code(2);
    // The document says what the process ends with, also where a guard is broken.
    for (more, code) in [(&[][..], 2), (&["--max-changes", "1"], 4)] {
        let arguments = [&detailed[..], &["--json"], more].concat();
        let ended = environment.run_on(&sandbox, &arguments).expect_code(code);
        assert_eq!(ended.json()["exit_code"], code);
    }
    let plan = [
        "plan",
        "playbooks/reassign.yaml",
        "-o",
        "x.plan",
        "--detailed-exitcode",
    ];
    environment.run_on(&sandbox, &plan).expect_code(2);
    // Nobody has this id, so nobody's work changes.
    let nobody = [&detailed[..], &["--var", "leaver=99999"]].concat();
    environment.run_on(&sandbox, &nobody).expect_code(0);
}

#[test]
fn after_a_reset_of_the_sandbox_what_ran_on_its_earlier_data_is_no_earlier_run() {
    let environment = Environment::new();
    environment.file(
        "start.yaml",
        "version: 1
name: start
pace: { rate: 3000/s, burst: 100 }
select: { entities: [ { id: c1, schema: contact } ] }
actions: [ start: { template: tpl_hausanschluss_strom } ]
guards: { allow: [start] }
",
    );
    let run = ["run", "start.yaml", "--sandbox", "--yes"];
    let plan = ["plan", "start.yaml", "-o", "x.plan", "--sandbox"];
    environment.run(&plan).expect_code(0);
    let apply = ["apply", "x.plan", "--sandbox", "--yes"];
    environment.run(&apply).expect_code(0);
    for again in [&run[..], &apply] {
        environment.run(again).expect_code(1).expect_said("already");
    }
    environment.run(&["sandbox", "reset"]).expect_code(0);
    let show = environment.run(&["show", "x.plan"]).expect_code(0);
    show.expect_out("wf-bulk apply x.plan");
    environment.run(&apply).expect_code(0);
    environment.run(&run).expect_code(1).expect_said("already");
    environment.run(&["sandbox", "reset"]).expect_code(0);
    environment.run(&run).expect_code(0);
    environment.run(&run).expect_code(1).expect_said("already");
}

#[test]
fn after_a_reset_of_the_sandbox_an_unfinished_run_on_its_earlier_data_does_not_go_on() {
    let environment = Environment::new().with_playbooks();
    let run = ["run", "playbooks/reassign.yaml", "--sandbox", "--yes"];
    environment.run(&run).expect_code(0);
    // As a process leaves it that dies after two records.
    let folder = environment.runs().remove(0);
    let checkpoint = folder.join("checkpoint.jsonl");
    let text = std::fs::read_to_string(&checkpoint).unwrap();
    let records: Vec<&str> = text.split_inclusive('\n').take(3).collect();
    std::fs::write(&checkpoint, records.concat()).unwrap();
    environment.forget_history();
    std::fs::remove_file(folder.join("report.json")).unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap();
    let (abandon, resume) = (format!("wf-bulk abandon {id}"), "wf-bulk resume");
    let status = environment.run(&["status", "--last"]).expect_code(0);
    status.expect_out(resume);
    let reset = environment.run(&["sandbox", "reset"]).expect_code(0);
    reset.expect_said(&abandon);
    let effects = environment.effects_on_disk();
    let ended = environment.run(&["resume", "--last"]).expect_code(1);
    ended.expect_said("data that `sandbox reset` has deleted");
    assert_eq!(environment.effects_on_disk(), effects);
    for status in [&["status"][..], &["status", "--last"], &["status", id]] {
        let status = environment.run(status).expect_code(0).expect_out(&abandon);
        assert!(!status.stdout.contains(resume), "{}", status.stdout);
    }
    // There is nothing to lose any more.
    let mut terminal = Terminal::start(environment.command(&["abandon", id]), "");
    terminal.wait_for("can't be resumed. Abandon it? [y/N]");
    terminal.type_in("n\n");
    assert_eq!(terminal.code(), Some(1));
    environment.run(&run).expect_code(0);
    let reset = environment.run(&["sandbox", "reset"]).expect_code(0);
    assert!(!reset.stderr.contains(id), "told before: {}", reset.stderr);
    let last = ["abandon", "--last", "--yes"];
    environment.run(&last).expect_code(0).expect_said(id);
    for command in [&last[..], &["status", "--last"]] {
        let none = environment.run(command).expect_code(0);
        none.expect_said("there is no unfinished run");
    }
}

//! What the page says for other machines than GitHub's: plain commands, cron, systemd.

use std::{collections::BTreeSet, fs::File, os::unix::fs::PermissionsExt as _, time::SystemTime};

use super::*;

/// The code blocks of a section, in a language.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let page = documented("ci.md");
    let (_, text) = page.split_once(&format!("\n## {section}\n")).unwrap();
    let text = text.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_plain_commands_plan_and_apply() {
    if !has_programs() {
        return;
    }
    let desk = Desk::new(FAST);
    let commands = blocks("Any other CI", "sh");
    let [plan, apply] = &commands[..] else {
        panic!("{commands:?}");
    };
    let run = |script: &str, sha256: &str| {
        let mut command = desk.program("sh");
        command.args(["-eu", "-c", script]).envs([
            ("EPILOT_TOKEN", "sandbox"),
            ("PLAYBOOK", PLAYBOOK),
            ("APPROVED_SHA256", sha256),
            ("REASON", "ticket 4711"),
        ]);
        Ended::from(command.output().unwrap())
    };
    let shown = run(plan, "").expect_code(0).stdout;
    let sha256 = shown.lines().last().unwrap().split(' ').next().unwrap();
    let markdown = fs::read_to_string(desk.path().join("review.md")).unwrap();
    assert!(markdown.contains(sha256), "{markdown}");
    assert!(markdown.len() < 65_000);
    run(apply, &"0".repeat(64)).expect_code(1);
    assert_eq!(desk.sandbox.ledger().writes(), 0);
    run(apply, sha256).expect_code(0);
    assert_eq!(desk.sandbox.ledger().effects().len(), 137);
    // Now there is nothing to change, and applying nothing is fine.
    run(plan, "").expect_code(0);
    let empty = digest::sha256(fs::read(desk.path().join("review.plan")).unwrap());
    run(apply, &empty).expect_code(0);
    desk.environment.file(PLAYBOOK, "version: 1\n");
    run(plan, "").expect_code(1);
}

/// The playbook and the token where the recipes for machines expect them.
fn at_night(desk: &Desk) {
    copy_folder(&desk.path().join("playbooks"), desk.path());
    let playbook = desk.path().join("reassign.yaml");
    fs::rename(playbook, desk.path().join("nightly.yaml")).unwrap();
    desk.environment.file("token", "sandbox\n");
    stand_in_for_curl(desk);
}

/// Writes what it is told to `curl.txt`, and asks nobody.
fn stand_in_for_curl(desk: &Desk) {
    let script = "#!/bin/sh\n{ echo \"$*\"; [ \"$2\" != - ] || cat; } >\"$HOME/curl.txt\"\n";
    let curl = desk.environment.file("bin/curl", script);
    fs::set_permissions(curl, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_line_of_the_crontab_is_silent_when_all_is_well_resumes_and_tells_of_trouble() {
    let desk = Desk::new(SLOW);
    at_night(&desk);
    let crontab = documented("ci/crontab");
    let (_, line) = crontab.split_once("17 4 * * *").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci/nightly.sh");
    let line = line
        .trim()
        .replace("/usr/local/bin/nightly.sh", &script.to_string_lossy())
        .replace("$HOME/wf-bulk", "$HOME");
    assert!(!line.contains('%'), "cron makes a newline of it");
    // Nights and the runs between them are in a ledger.
    let ledger = desk.path().join("ledger.git");
    let night = || {
        let mut night = desk.program("sh");
        night.args(["-c", &line]).env("WF_BULK_LEDGER", &ledger);
        Ended::from(night.output().unwrap())
    };

    let playbook = desk.path().join("nightly.yaml");
    let mut cut_off = desk.program("wf-bulk");
    cut_off
        .args(["run", "nightly.yaml", "--yes", "--token-file", "token"])
        .env("WF_BULK_LEDGER", &ledger)
        .env("NO_COLOR", "1");
    assert_eq!(interrupt(&desk, cut_off), 130);
    let ended = night().expect_code(0);
    assert_eq!((ended.stdout, ended.stderr), (String::new(), String::new()));
    assert_eq!(desk.sandbox.ledger().effects().len(), 137);
    assert_eq!(desk.environment.runs().len(), 1, "it was resumed");
    let logs = || {
        let logs = fs::read_dir(desk.path().join("logs")).unwrap();
        let logs = logs.map(|entry| entry.unwrap().path());
        logs.collect::<BTreeSet<_>>()
    };
    let first = logs();
    assert_eq!(first.len(), 1);
    assert!(!desk.path().join("curl.txt").exists());

    // An old log goes, and the log of last night stays as it is.
    let old = desk.environment.file("logs/nightly-old.log", "");
    let long_ago = SystemTime::now() - Duration::from_secs(32 * 24 * 3600);
    File::open(&old).unwrap().set_modified(long_ago).unwrap();
    desk.environment
        .file("heartbeat", "url = \"https://h.example\"\n");
    night().expect_code(0);
    let second = logs();
    assert!(
        second.is_superset(&first) && second.len() == 2,
        "{second:?}"
    );
    let pinged = fs::read_to_string(desk.path().join("curl.txt")).unwrap();
    assert!(pinged.starts_with("--config heartbeat "), "{pinged}");
    fs::remove_file(desk.path().join("curl.txt")).unwrap();

    desk.environment.file("token", "wrong\n");
    let said = night().expect_code(1).stdout;
    assert!(
        said.contains("exit code 1") && said.contains("token"),
        "{said}"
    );
    desk.environment.file("token", "sandbox\n");
    let text = fs::read_to_string(&playbook).unwrap();
    let text = text.replace("\"10020\"", "\"10010\"");
    let text = text.replace("leaver: \"10010\"", "leaver: \"10020\"");
    fs::write(
        &playbook,
        text.replace("max_changes: 1000", "max_changes: 5"),
    )
    .unwrap();
    night().expect_code(4);
    assert_eq!(desk.sandbox.ledger().effects().len(), 137);
    assert!(!desk.path().join("curl.txt").exists(), "no heartbeat");
}

#[test]
fn one_playbook_that_waits_for_an_answer_stops_no_other_one_in_the_same_folder() {
    let desk = Desk::new(SLOW);
    at_night(&desk);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci/nightly.sh");
    let text = fs::read_to_string(desk.path().join("nightly.yaml")).unwrap();
    let other = text.replace("name: reassign-leaver", "name: other");
    fs::write(desk.path().join("other.yaml"), other).unwrap();
    let mut cut_off = desk.program("wf-bulk");
    cut_off.args(["run", "other.yaml", "--yes", "--token-file", "token"]);
    assert_eq!(interrupt(&desk, cut_off), 130);
    let night = |playbook: &str| {
        let mut night = desk.program("sh");
        night.arg(&script).arg(".").arg(playbook);
        Ended::from(night.output().unwrap())
    };
    night("nightly.yaml").expect_code(0);
    let log = fs::read_dir(desk.path().join("logs")).unwrap().next();
    let log = fs::read_to_string(log.unwrap().unwrap().path()).unwrap();
    assert!(log.contains("there is no unfinished run"), "{log}");
    let unfinished = Ended::from(desk.program("wf-bulk").arg("status").output().unwrap()).stdout;
    assert!(unfinished.contains("unfinished  other"), "{unfinished}");
    night("other.yaml").expect_code(0);
}

#[test]
fn the_timers_avoid_the_hour_that_a_night_in_spring_does_not_have() {
    let crontab = documented("ci/crontab");
    let timer = documented("ci/systemd/wf-bulk-nightly.timer");
    assert!(crontab.contains("\n17 4 * * *  "));
    assert!(timer.contains("\nOnCalendar=*-*-* 04:17\n"));
    // Within the hour that a night in autumn has twice, or the one that is missing in spring.
    for (file, text) in [("crontab", crontab), ("timer", timer)] {
        assert!(
            !text.contains(" 02:") && !text.contains(" 2 * * *"),
            "{file}"
        );
    }
}

#[test]
fn the_unit_of_systemd_sends_a_heartbeat_if_it_knows_where_and_names_the_unit_that_tells_of_a_failure()
 {
    let desk = Desk::new(FAST);
    stand_in_for_curl(&desk);
    let unit = documented("ci/systemd/wf-bulk-nightly.service");
    assert!(unit.contains("\nOnFailure=wf-bulk-failed@%n.service\n"));
    let after = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStartPost=-/bin/sh -c '"));
    let after = after
        .unwrap()
        .strip_suffix('\'')
        .unwrap()
        .replace("$$", "$");
    assert!(!after.contains(['%', '\\']), "systemd would replace it");
    let ping = |url: &str| {
        let mut ping = desk.program("sh");
        ping.args(["-c", &after]).env("HEARTBEAT_URL", url);
        Ended::from(ping.output().unwrap()).expect_code(0);
        fs::read_to_string(desk.path().join("curl.txt")).ok()
    };
    assert_eq!(ping(""), None);
    let pinged = ping("https://h.example/1").unwrap();
    assert!(pinged.starts_with("--config - "), "{pinged}");
    assert!(
        pinged.ends_with("\nurl = https://h.example/1\n"),
        "{pinged}"
    );
}

#[test]
fn the_unit_of_systemd_resumes_and_runs_with_its_own_folders() {
    let desk = Desk::new(FAST);
    at_night(&desk);
    let unit = documented("ci/systemd/wf-bulk-nightly.service");
    let folder = desk.path().display().to_string();
    let filled = |text: &str| {
        text.replace("/usr/local/bin/wf-bulk", BINARY)
            .replace("/etc/wf-bulk", &folder)
            .replace("%S", &folder)
            .replace("%d", &folder)
    };
    let values = |key: &str| {
        let values = unit.lines().filter_map(|line| line.strip_prefix(key));
        values.map(filled).collect::<Vec<_>>()
    };
    let environment = values("Environment=").pop().unwrap();
    let (variable, value) = environment.split_once('=').unwrap();
    let night = || {
        for line in values("ExecStart=") {
            let words: Vec<&str> = line.split(' ').collect();
            let mut command = desk.program(words[0]);
            command.args(&words[1..]).env(variable, value);
            Ended::from(command.output().unwrap()).expect_code(0);
        }
    };
    night();
    night();
    assert_eq!(desk.sandbox.ledger().effects().len(), 137);
    assert!(desk.path().join("wf-bulk/nightly/runs").is_dir());
    assert!(desk.path().join("wf-bulk/locks").is_dir());
    assert!(!desk.path().join(".wf-bulk").exists());
}

//! What others may have pushed, and what must not leave this machine.

use std::path::Path;

use super::*;

/// Writes a file of the ledger as somebody who may push.
fn forge(team: &Team, name: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let clone = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@localhost"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    };
    clone(&[
        "clone",
        "--quiet",
        "--branch",
        "wf-bulk-ledger",
        team.ledger(),
        ".",
    ]);
    fs::write(folder.path().join(name), text).unwrap();
    clone(&["add", "."]);
    clone(&["commit", "--quiet", "--message", "by hand"]);
    clone(&["push", "--quiet"]);
}

fn only_file(team: &Team) -> (String, String) {
    let files = team.git(&["ls-tree", "--name-only", "wf-bulk-ledger"]);
    let name = files.lines().next().unwrap().to_owned();
    let text = team.git(&["show", &format!("wf-bulk-ledger:{name}")]);
    (name, text)
}

#[test]
fn what_others_have_pushed_is_shown_as_text_or_refused_as_a_whole() {
    let team = Team::new(FAST);
    team.plan(&team.here, REASSIGN);
    team.on(&team.here, &["apply", "x.plan", "--yes"])
        .expect_code(0);
    fs::copy(
        team.here.path().join("x.plan"),
        team.there.path().join("x.plan"),
    )
    .unwrap();
    let made = team.sandbox.ledger().writes();
    let (name, text) = only_file(&team);
    let mut entry: Value = serde_json::from_str(&text).unwrap();
    entry["host"] = "\u{1b}[2Jx\nerror: forged".into();
    entry["playbook"] = "\u{1b}[31mp".into();
    // A file that is no run's stays as it is.
    forge(&team, "README", "ours");
    forge(&team, &name, &entry.to_string());
    for shown in [
        team.on(&team.there, &["apply", "x.plan", "--yes"])
            .expect_code(1)
            .stderr,
        team.offline(&team.there, &["status"]).expect_code(0).stdout,
        team.offline(&team.there, &["status", "--json"])
            .expect_code(0)
            .stdout,
    ] {
        assert!(
            !shown.contains('\u{1b}') && !shown.contains("\nerror: forged"),
            "{shown}"
        );
    }
    forge(&team, &name, &text);
    for (name, text, why) in [
        // An error names the first file, and this is the last one.
        ("other.json", &*text, "another plan or run"),
        (&name, &text.replace(": 1,", ": 2,"), "version 2"),
        (&name, "{}", "missing field"),
    ] {
        forge(&team, name, text);
        team.on(&team.there, &["apply", "x.plan", "--yes", "--again"])
            .expect_code(1)
            .expect_said("the ledger can't be read or written")
            .expect_said(why);
    }
    assert_eq!(team.sandbox.ledger().writes(), made);
    assert_eq!(team.git(&["show", "wf-bulk-ledger:README"]), "ours");
}

#[test]
fn a_secret_in_the_address_is_refused_and_repeated_nowhere_and_the_token_reaches_no_hook() {
    let team = Team::new(FAST);
    team.plan(&team.here, REASSIGN);
    let refused = |command: &mut Command| {
        let ended = Ended::from(command.output().unwrap()).expect_code(64);
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains("s3cret"), "{text}");
        }
        ended.expect_said("the URL of the ledger holds a user name or a password");
    };
    let secret = "https://eva:s3cret@git.example/r";
    for arguments in [
        &["apply", "missing.plan", "--yes", "--json"][..],
        &["resume", "--last"],
        &["abandon", "0192"],
        &["status"],
    ] {
        let flags = [arguments, &["--ledger", secret]].concat();
        let mut command = team.here.command(&flags);
        refused(&mut command);
    }
    let mut command = team.here.command(&["apply", "x.plan", "--yes"]);
    refused(command.env("WF_BULK_LEDGER", secret));
    let help = team
        .here
        .command(&["apply", "--help"])
        .env("WF_BULK_LEDGER", secret)
        .output();
    assert!(
        !String::from_utf8(help.unwrap().stdout)
            .unwrap()
            .contains("s3cret")
    );
    let mut empty = team
        .here
        .command_on(&team.sandbox, &["apply", "x.plan", "--yes"]);
    let empty = Ended::from(empty.env("WF_BULK_LEDGER", "").output().unwrap());
    empty
        .expect_code(64)
        .expect_said("--ledger (or WF_BULK_LEDGER) is empty");

    team.hook("env >\"$GIT_DIR/environment\"");
    let mut command = team
        .here
        .command_on(&team.sandbox, &["apply", "x.plan", "--yes"]);
    // As in a hook of a repository of the user's own.
    command
        .env("WF_BULK_LEDGER", team.ledger())
        .env("GIT_DIR", "/nowhere")
        .env("GIT_TRACE", "1");
    Ended::from(command.output().unwrap()).expect_code(0);
    let environment = Path::new(team.ledger()).join("environment");
    let environment = fs::read_to_string(environment).unwrap();
    assert!(
        environment.contains("GIT_TERMINAL_PROMPT=0"),
        "{environment}"
    );
    assert!(!environment.contains("EPILOT_TOKEN"), "{environment}");
    assert_eq!(team.recorded().len(), 1);
}

//! A signed plan: `apply --allowed-signers` takes no other. The other side of the format is `ssh-keygen`, where there is one.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::environment::{Ended, Environment};

/// Writes a private key as `ssh-keygen` does, and a file of signers with its public one.
fn key(environment: &Environment, name: &str, seed: u8) {
    fn strings(strings: &[&[u8]]) -> Vec<u8> {
        let with_length = |string: &&[u8]| {
            let length = u32::try_from(string.len()).unwrap();
            [&length.to_be_bytes(), *string].concat()
        };
        strings.iter().flat_map(with_length).collect()
    }
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let (kind, public) = (b"ssh-ed25519", pair.public_key().as_ref());
    let encoded = strings(&[kind, public]);
    let both = [&[seed; 32], public].concat();
    // 8 and 15 and 36 and 68 and 4 bytes: five are missing to a multiple of 8.
    let private = [
        &[0; 8],
        &strings(&[kind, public, &both, b""])[..],
        &[1, 2, 3, 4, 5],
    ]
    .concat();
    let file = [
        b"openssh-key-v1\0",
        &strings(&[b"none", b"none", b""])[..],
        &[0, 0, 0, 1],
        &strings(&[&encoded, &private]),
    ];
    let file = STANDARD.encode(file.concat());
    let kind = "OPENSSH PRIVATE KEY";
    let path = environment.file(
        name,
        &format!("-----BEGIN {kind}-----\n{file}\n-----END {kind}-----\n"),
    );
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let public = STANDARD.encode(encoded);
    environment.file(
        &format!("{name}.signers"),
        &format!("{name}@example.com namespaces=\"wf-bulk-plan\" ssh-ed25519 {public}\n"),
    );
}

const PLAN: [&str; 7] = [
    "plan",
    "playbooks/reassign.yaml",
    "--sandbox",
    "--limit",
    "60",
    "-o",
    "x.plan",
];

fn plan(environment: &Environment, key: &str) -> Ended {
    environment.run(&[&PLAN[..], &["--sign", key]].concat())
}

fn apply(environment: &Environment, signers: &str) -> Ended {
    let apply = ["apply", "x.plan", "--sandbox", "--yes", "--allowed-signers"];
    environment.run(&[&apply[..], &[signers]].concat())
}

fn show(environment: &Environment, signers: &str) -> Ended {
    environment.run(&["show", "x.plan", "--allowed-signers", signers])
}

#[test]
fn only_a_plan_of_an_allowed_signer_is_applied() {
    let environment = Environment::new().with_playbooks();
    key(&environment, "ci", 1);
    key(&environment, "other", 2);
    let file = |name: &str| environment.path().join(name);
    plan(&environment, "ci")
        .expect_code(0)
        .expect_said("the signature is in x.plan.sig");
    let mode = fs::metadata(file("x.plan.sig")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let (signed, signature) = (
        fs::read(file("x.plan")).unwrap(),
        fs::read_to_string(file("x.plan.sig")).unwrap(),
    );
    let refused = |signers: &str, code: i32, said: &str| {
        let apply = apply(&environment, signers).expect_said("hint: nothing was changed");
        for ended in [show(&environment, signers), apply] {
            ended.expect_code(code).expect_said(said);
        }
        assert!(environment.runs().is_empty(), "nothing was begun");
        assert_eq!(environment.effects_on_disk(), 0);
    };

    refused("other.signers", 1, "is not an allowed signer");
    let line = fs::read_to_string(file("ci.signers")).unwrap();
    for (options, code, said) in [
        (
            "valid-before=\"20200101Z\"",
            1,
            "this key expired at 2020-01-01T00:00:00Z",
        ),
        (
            "namespaces=\"git\"",
            1,
            "line 1 of changed.signers: this key may sign \"git\" only, not wf-bulk-plan",
        ),
        ("cert-authority", 64, "`cert-authority` is not supported"),
    ] {
        let other = line.replace("namespaces=\"wf-bulk-plan\"", options);
        environment.file("changed.signers", &other);
        refused("changed.signers", code, said);
    }
    for text in ["", "# a comment\n"] {
        environment.file("changed.signers", text);
        refused("changed.signers", 64, "there is no key in it");
    }
    environment.file("changed.signers", "ci ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n");
    refused("changed.signers", 64, "line 1: the key");
    refused("none.signers", 64, "there is no file none.signers");

    // Another plan, although by the same tool.
    environment
        .run(&[&PLAN[..], &["--now", "2026-11-01T08:00:00Z"]].concat())
        .expect_code(0)
        .expect_said("removed x.plan.sig, the signature of an earlier plan");
    refused("ci.signers", 1, "there is no x.plan.sig");
    environment.file("x.plan.sig", &signature);
    refused("ci.signers", 1, "it is not a signature of this plan");
    fs::write(file("x.plan"), &signed).unwrap();
    for bytes in [&b""[..], b"mine", b"\xff\x00\xfe"] {
        fs::write(file("x.plan.sig"), bytes).unwrap();
        refused("ci.signers", 1, "it is not in the format of");
    }
    fs::remove_file(file("x.plan.sig")).unwrap();
    refused(
        "ci.signers",
        1,
        "the plan is not signed: there is no x.plan.sig",
    );

    environment.file("x.plan.sig", &signature);
    show(&environment, "ci.signers")
        .expect_code(0)
        .expect_said("signed by ci@example.com")
        .expect_out(" --allowed-signers ci.signers");
    environment
        .run(&[
            "show",
            "x.plan",
            "--allowed-signers",
            "ci.signers",
            "--json",
        ])
        .expect_out("\"signed_by\":\"ci@example.com\"");
    let apply = "apply x.plan --sandbox --yes --json --allowed-signers ci.signers";
    environment
        .run(&apply.split(' ').collect::<Vec<_>>())
        .expect_code(0)
        .expect_said("signed by ci@example.com")
        .expect_out("\"signed_by\":\"ci@example.com\"");
    let kept = environment.runs()[0].join("plan.sig");
    assert_eq!(fs::read_to_string(kept).unwrap(), signature);
}

#[test]
fn a_run_whose_plan_is_not_signed_is_not_resumed_with_allowed_signers() {
    let environment = Environment::new().with_playbooks();
    key(&environment, "ci", 1);
    key(&environment, "other", 2);
    plan(&environment, "ci").expect_code(0);
    let begin = "apply x.plan --sandbox --yes --concurrency 1 --allowed-signers ci.signers";
    let begin: Vec<_> = begin.split(' ').collect();
    let mut child = environment
        .command(&begin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while environment.effects_on_disk() == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let before = environment.effects_on_disk();
    let resume =
        |signers: &str| environment.run(&["resume", "--last", "--allowed-signers", signers]);
    let out_of_it = "otherwise abandon the run: wf-bulk abandon ";
    resume("other.signers")
        .expect_code(1)
        .expect_said("is not an allowed signer")
        .expect_said("add a line for it to the file other.signers")
        .expect_said(out_of_it);
    environment
        .run(&["status", "--last"])
        .expect_code(0)
        .expect_out(" --allowed-signers FILE\n");
    let kept = environment.runs()[0].join("plan.sig");
    let signature = fs::read_to_string(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    resume("ci.signers")
        .expect_code(1)
        .expect_said("the plan is not signed")
        .expect_said(out_of_it);
    assert_eq!(environment.effects_on_disk(), before);
    fs::write(&kept, signature).unwrap();
    resume("ci.signers")
        .expect_code(0)
        .expect_said("signed by ci@example.com");
    assert!(environment.effects_on_disk() > before);

    // The result of a run that has ended is shown under the same condition.
    let run = environment.runs()[0].clone();
    let id = run.file_name().unwrap().to_str().unwrap();
    let shown = |signers: &str| environment.run(&["resume", id, "--allowed-signers", signers]);
    shown("none.signers")
        .expect_code(64)
        .expect_said("there is no file none.signers");
    fs::remove_file(&kept).unwrap();
    shown("ci.signers")
        .expect_code(1)
        .expect_said("the plan is not signed");
}

#[test]
fn what_can_not_be_signed_is_refused_before_anything_is_planned() {
    let environment = Environment::new().with_playbooks();
    key(&environment, "ci", 1);
    let mode = |mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(environment.path().join("ci"), mode).unwrap();
    };
    mode(0o640);
    plan(&environment, "ci")
        .expect_code(64)
        .expect_said("the key ci can be read by others (mode 0640)")
        .expect_said("chmod 600 ci");
    mode(0o600);
    environment.file("x.plan.sig", "notes");
    plan(&environment, "ci")
        .expect_code(64)
        .expect_said("x.plan.sig exists already and is not a signature");
    fs::remove_file(environment.path().join("x.plan.sig")).unwrap();
    environment
        .run(&[&PLAN[..5], &["-o", "-", "--sign", "ci"]].concat())
        .expect_code(64)
        .expect_said("a signed plan must be a file");
    plan(&environment, "none")
        .expect_code(64)
        .expect_said("there is no file none")
        .expect_said("ssh-keygen -t ed25519");
    environment.file("ci.pub", "ssh-ed25519 AAAA");
    plan(&environment, "ci.pub")
        .expect_code(64)
        .expect_said("it is a public key");
    plan(&environment, "playbooks/reassign.yaml")
        .expect_code(64)
        .expect_said("it is not a private key")
        .expect_said("ssh-keygen -t ed25519");
    assert!(!environment.path().join("x.plan").exists());
}

#[test]
fn an_unsigned_plan_keeps_a_file_beside_it_that_is_no_signature() {
    let environment = Environment::new().with_playbooks();
    let notes = environment.file("x.plan.sig", "notes");
    let ended = environment.run(&PLAN);
    ended.expect_code(0);
    assert_eq!(fs::read_to_string(notes).unwrap(), "notes");
}

#[test]
fn a_plan_on_standard_input_is_refused_as_such_and_not_for_its_signature() {
    let environment = Environment::new();
    environment
        .run(&["apply", "-", "--yes", "--allowed-signers", "ci.signers"])
        .expect_code(1)
        .expect_said("a plan is read more than once");
}

/// Whether `ssh-keygen` succeeds; none if there is none, which is said.
fn ssh_keygen(folder: &Path, arguments: &[&str], input: Stdio) -> Option<bool> {
    let mut command = Command::new("ssh-keygen");
    command.args(arguments).current_dir(folder).stdin(input);
    match command.output() {
        Ok(output) => Some(output.status.success()),
        Err(error) => {
            // Not `eprintln!`, which is only shown if a test fails.
            let said = format!("SKIPPED: ssh-keygen can't be run on this machine: {error}\n");
            io::stderr().write_all(said.as_bytes()).unwrap();
            None
        }
    }
}

#[test]
fn ssh_keygen_accepts_our_signatures_and_we_accept_its() {
    let environment = Environment::new().with_playbooks();
    let folder = environment.path();
    let generate = [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "a comment",
        "-f",
        "ci",
    ];
    if ssh_keygen(folder, &generate, Stdio::null()).is_none() {
        return;
    }
    let public = fs::read_to_string(folder.join("ci.pub")).unwrap();
    let signers = |options: &str| {
        environment.file("signers", &format!("ci@example.com {options} {public}"));
    };
    plan(&environment, "ci").expect_code(0);
    let verify = || {
        let line = "-Y verify -f signers -I ci@example.com -n wf-bulk-plan -s x.plan.sig";
        let line: Vec<_> = line.split(' ').collect();
        let plan = fs::File::open(folder.join("x.plan")).unwrap();
        ssh_keygen(folder, &line, plan.into())
    };
    // What decides is the same on both sides. `TZ` of our side is UTC.
    for (options, accepted) in [
        ("namespaces=\"wf-bulk-plan\",valid-after=\"20200101\"", true),
        ("namespaces=\"git,wf-*\"", true),
        ("namespaces=\"*,!wf-bulk-plan\"", false),
        ("namespaces=\"git\"", false),
        ("valid-before=\"202001011200Z\"", false),
        ("valid-after=\"20990101\"", false),
    ] {
        signers(options);
        assert_eq!(verify(), Some(accepted), "ssh-keygen: {options}");
        let ours = show(&environment, "signers");
        ours.expect_code(i32::from(!accepted));
    }

    fs::remove_file(folder.join("x.plan.sig")).unwrap();
    signers("namespaces=\"wf-bulk-plan\"");
    for hash in ["hashalg=sha256", "hashalg=sha512"] {
        let sign = ["-Y", "sign", "-O", hash, "-n", "wf-bulk-plan", "-f", "ci"];
        let plan = fs::File::open(folder.join("x.plan")).unwrap();
        let mut command = Command::new("ssh-keygen");
        command.args(sign).current_dir(folder).stdin(plan);
        let signature = command.output().unwrap();
        assert!(signature.status.success(), "{signature:?}");
        fs::write(folder.join("x.plan.sig"), signature.stdout).unwrap();
        show(&environment, "signers").expect_code(0);
    }
    apply(&environment, "signers").expect_code(0);
}

#[test]
fn a_key_with_a_passphrase_is_refused_and_the_way_out_works() {
    let environment = Environment::new().with_playbooks();
    let folder = environment.path();
    let generate = ["-q", "-t", "ed25519", "-N", "secret", "-f", "ci"];
    if ssh_keygen(folder, &generate, Stdio::null()).is_none() {
        return;
    }
    plan(&environment, "ci")
        .expect_code(64)
        .expect_said("protected by a passphrase")
        .expect_said("ssh-keygen -Y sign -n wf-bulk-plan -f KEY PLAN");
    environment.run(&PLAN).expect_code(0);
    let ask = environment.file("ask", "#!/bin/sh\necho secret\n");
    fs::set_permissions(&ask, fs::Permissions::from_mode(0o700)).unwrap();
    let signed = Command::new("ssh-keygen")
        .args("-Y sign -n wf-bulk-plan -f ci x.plan".split(' '))
        .current_dir(folder)
        .env("SSH_ASKPASS", ask)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(signed.status.success(), "{signed:?}");
    let public = fs::read_to_string(folder.join("ci.pub")).unwrap();
    environment.file("signers", &format!("ci@example.com {public}"));
    show(&environment, "signers").expect_code(0);
}

//! The help in the terminal: commands, chapters, man pages, completions, and what the program was built from.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::{
    environment::{Ended, Environment},
    pty::Terminal,
};

#[test]
fn help_lists_commands_and_chapters_and_shows_one_of_either() {
    let environment = Environment::new();
    environment
        .run(&["help"])
        .expect_code(0)
        .expect_out("\n  run           Plan, show the plan, ask, and apply it\n")
        .expect_out("\n  recovery      Something went wrong\n");
    let help = environment.run(&["help", "sandbox", "reset"]);
    let asked = environment.run(&["sandbox", "reset", "--help"]);
    assert_eq!(help.expect_code(0).stdout, asked.expect_code(0).stdout);
    // Its samples are commands about runs that are not here.
    Ended::from(environment.command(&["help", "recovery"]).output().unwrap())
        .expect_code(0)
        .expect_out("Something went wrong\n====================\n")
        .expect_out("wf-bulk help guarantees    What a run guarantees\n");
    environment
        .run(&["help", "recovry"])
        .expect_code(64)
        .expect_said("there is no command and no chapter `recovry`")
        .expect_said("did you mean `recovery`?")
        .expect_said("wf-bulk help");
}

#[test]
fn a_terminal_shows_a_chapter_with_the_pager_of_the_user_who_gets_no_token() {
    let environment = Environment::new();
    let shown = |variables: &[(&str, &str)]| {
        let mut command = environment.command(&["help", "credentials"]);
        command.env("TERM", "xterm").env("EPILOT_TOKEN", "s3cret");
        command.envs(variables.iter().copied());
        let mut terminal = Terminal::start(command, "");
        assert_eq!(terminal.code(), Some(0));
        terminal.shown()
    };
    let pager = "sed 's/^/paged: /'; echo \"$LESS ${EPILOT_TOKEN-none}\"";
    let through_sed = shown(&[("PAGER", pager), ("PATH", "/usr/bin:/bin")]);
    assert!(
        through_sed.contains("paged: \u{1b}[1mCredentials: token, profile, server"),
        "{through_sed}"
    );
    assert!(through_sed.contains("FRX none"), "{through_sed}");
    let without_colours = [
        ("PAGER", "cat"),
        ("PATH", "/usr/bin:/bin"),
        ("NO_COLOR", "1"),
    ];
    assert!(!shown(&without_colours).contains('\u{1b}'));
    for no_pager in [("PATH", "/nonexistent"), ("PAGER", "")] {
        let printed = shown(&[no_pager]);
        assert!(printed.contains("\u{1b}[1mCredentials"), "{printed}");
    }
}

#[test]
fn the_man_pages_are_written_to_a_folder_and_replace_man_pages_of_wf_bulk_only() {
    let environment = Environment::new();
    for _ in ["new", "replaced"] {
        environment
            .run(&["man", "share/man1"])
            .expect_code(0)
            .expect_said("man pages to share/man1");
    }
    let page = environment.path().join("share/man1/wf-bulk-run.1");
    let checked = Command::new("groff")
        .args(["-man", "-ww", "-Tutf8", "-P-cbou"])
        .arg(&page)
        .output();
    // Where groff is missing, the page is not formatted.
    if let Ok(output) = checked {
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("\nEXAMPLES\n"), "{text}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
    fs::write(&page, "notes of somebody\n").unwrap();
    environment
        .run(&["man", "share/man1"])
        .expect_code(64)
        .expect_said("wf-bulk-run.1");
    assert_eq!(fs::read_to_string(&page).unwrap(), "notes of somebody\n");
    environment.run(&["man", "-"]).expect_code(64);
}

#[test]
fn the_completions_load_in_each_shell_and_know_the_commands() {
    let environment = Environment::new();
    for (shell, script) in [
        (
            "bash",
            "eval \"$0\"; COMP_WORDS=(wf-bulk stat); COMP_CWORD=1; _wf__bulk wf-bulk stat wf-bulk; echo \"${COMPREPLY[@]}\"",
        ),
        (
            "zsh",
            "autoload -Uz compinit; compinit -u -D; eval \"$0\"; (( $+functions[_wf-bulk] )) && echo status",
        ),
        (
            "fish",
            "echo $argv[1] | source; complete -C 'wf-bulk stat' | string match -r '^status'",
        ),
    ] {
        let completions = environment
            .run(&["completions", shell])
            .expect_code(0)
            .stdout;
        let mut command = Command::new(shell);
        if shell == "bash" {
            command.arg("--norc");
        }
        let output = command
            .args(["-c", script, &completions])
            .env("HOME", environment.path())
            .stdin(Stdio::null())
            .output();
        // A shell that is not here loads nothing.
        let Ok(output) = output else {
            continue;
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(text.trim(), "status", "{shell}: {errors}");
    }
}

#[test]
fn the_version_tells_what_it_was_built_from_if_it_is_asked() {
    let environment = Environment::new();
    let short = environment.run(&["--version"]).expect_code(0).stdout;
    assert_eq!(short, concat!("wf-bulk ", env!("CARGO_PKG_VERSION"), "\n"));
    for line in [&["--version", "--verbose"], &["-v", "-V"]] {
        let told = environment.run(line).expect_code(0).stdout;
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], short.trim_end());
        // The tests run a debug build, which does not ask git.
        assert_eq!(lines[1], "commit:   unknown");
        assert!(lines[2].starts_with(&format!("target:   {}-", std::env::consts::ARCH)));
        assert_eq!(lines[3], "features: none");
        assert!(lines[4].starts_with("compiler: rustc 1."), "{told}");
    }
}

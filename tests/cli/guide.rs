//! The samples of `docs/recovery.md` and `docs/audit.md`: each command is run, one after another in one folder, and what it shows is what the page shows. The
//! first commands of the README work.
//! `UPDATE_GUIDE=1 cargo test --test cli guide` writes the pages' samples anew.

use std::{env, fmt::Write as _, fs, os::unix::fs::PermissionsExt as _, path::Path};

use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use crate::environment::{BINARY, Environment};

/// A block of commands and what they show: each command behind `$ `.
const BLOCK: &str = "```console\n";

#[test]
fn the_samples_of_the_recovery_page_are_what_its_commands_show() {
    expect_true_samples("docs/recovery.md");
}

#[test]
fn the_samples_of_the_audit_page_are_what_its_commands_show() {
    expect_true_samples("docs/audit.md");
}

#[test]
fn the_first_commands_of_the_readme_work_one_after_another() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(readme).unwrap();
    let (_, text) = text.split_once("\n## The first plan\n").unwrap();
    let (_, text) = text.split_once("```sh\n").unwrap();
    let (commands, _) = text.split_once("```\n").unwrap();
    let environment = Environment::new().with_playbooks_at("rate: 40/s, burst: 8, concurrency: 8");
    let shell = Shell::new(&environment);
    let mut shown = String::new();
    for line in commands.lines() {
        let (command, _) = line.split_once('#').unwrap();
        // There is no terminal, in which a person would be asked.
        let asks = !command.contains("--dry-run") && !command.contains("status");
        let answer = if asks { "--yes" } else { "" };
        let command = format!("{command} {answer}; echo \"exit code $?\"");
        shown.push_str(&shell.run(&command));
    }
    let codes = shown.lines().filter(|line| line.starts_with("exit code "));
    assert_eq!(codes.collect::<Vec<_>>(), ["exit code 0"; 4], "{shown}");
    assert!(
        shown.contains("undo of reassign-leaver") && shown.contains("Nothing was changed."),
        "{shown}"
    );
}

fn expect_true_samples(page: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&page).unwrap();
    let environment = Environment::new().with_playbooks_at("rate: 40/s, burst: 8, concurrency: 8");
    let shell = Shell::new(&environment);

    let mut told = Ids::default();
    let mut shown = String::new();
    let mut parts = text.split(BLOCK);
    shown.push_str(parts.next().unwrap());
    let mut blocks = 0;
    for part in parts {
        let (block, prose) = part.split_once("```\n").unwrap();
        shown.push_str(BLOCK);
        for sample in block.split("$ ").skip(1) {
            let (command, output) = sample.split_once('\n').unwrap();
            let now = shell.run(&told.now(command));
            told.pair(output, &now);
            write!(shown, "$ {}\n{now}", told.now(command)).unwrap();
        }
        shown.push_str("```\n");
        shown.push_str(prose);
        blocks += 1;
    }
    assert!(blocks > 4, "the page has no samples any more");
    if env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(&page, shown).unwrap();
    } else {
        assert_eq!(lasting(&told.now(&text)), lasting(&shown));
    }
}

/// Runs the commands of the page as a person would.
struct Shell<'a> {
    environment: &'a Environment,
    /// A folder with `wf-bulk`, and with the names of a user and a machine.
    programs: String,
}

impl<'a> Shell<'a> {
    fn new(environment: &'a Environment) -> Self {
        let script = |name: &str, text: &str| {
            let path = environment.file(&format!("programs/{name}"), text);
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        script("wf-bulk", &format!("#!/bin/sh\nexec '{BINARY}' \"$@\"\n"));
        script("id", "#!/bin/sh\necho ops\n");
        script("uname", "#!/bin/sh\necho laptop\n");
        let programs = environment.path().join("programs");
        Self {
            environment,
            programs: format!("{}:/usr/bin:/bin", programs.display()),
        }
    }

    /// What a command shows, without the progress, which depends on the time that it takes.
    fn run(&self, command: &str) -> String {
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", &format!("exec 2>&1; {command}")])
            .current_dir(self.environment.path())
            .env_clear()
            .env("HOME", self.environment.path())
            .env("TZ", "UTC")
            .env("PATH", &self.programs)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let is_progress = |line: &&str| {
            ["reading ", "read ", "applying "]
                .iter()
                .any(|it| line.starts_with(it))
        };
        text.lines()
            .filter(|line| !is_progress(line))
            .fold(String::new(), |text, line| text + line + "\n")
    }
}

/// The ids of runs on the page, and those of the same runs now.
#[derive(Default)]
struct Ids(Vec<(String, String)>);

impl Ids {
    /// Remembers the ids in two outputs of one command, in their order.
    fn pair(&mut self, page: &str, now: &str) {
        for (old, new) in run_ids(page).zip(run_ids(now)) {
            let pair = (old.to_owned(), new.to_owned());
            if !self.0.contains(&pair) {
                self.0.push(pair);
            }
        }
    }

    /// The text with the ids of now.
    fn now(&self, text: &str) -> String {
        let put = |text: String, (old, new): &(String, String)| text.replace(old, new);
        self.0.iter().fold(text.to_owned(), put)
    }
}

/// Ids of runs are UUIDs of version 7; those of the service have another one. Digests are of the time, too.
fn run_ids(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|sign: char| !(sign.is_ascii_hexdigit() || sign == '-'));
    words.filter(|word| {
        let is_digest = word.len() == 64 && !word.contains('-');
        is_digest || (word.len() == 36 && word.as_bytes()[14] == b'7')
    })
}

/// The text without what depends on when and how fast it was shown.
fn lasting(text: &str) -> String {
    let mut before = "";
    let mut lasting = String::new();
    for word in text.split_inclusive([' ', '\n', ',', '"']) {
        let bare = word.trim_end_matches([' ', '\n', ',', '"']);
        let is_moment = bare.parse::<Date>().is_ok()
            || bare.parse::<Time>().is_ok()
            || bare.parse::<Timestamp>().is_ok();
        // In a table, it comes after the moments.
        let is_duration =
            (before == "in " || before.ends_with("Z,")) && bare.parse::<u32>().is_ok();
        lasting.push_str(if is_moment || is_duration {
            "… "
        } else {
            word
        });
        before = word;
    }
    lasting
}

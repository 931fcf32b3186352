//! What input of 1 MiB takes that is made to take much. The figures are of a release build: `just bounds`.

use std::{
    fs::{self, File},
    process::{Child, Stdio},
    time::Instant,
};

use crate::environment::Environment;

const MEBIBYTE: usize = 1024 * 1024;

const SELECT: &str = "select: { executions: { list: {} } }\n";
const ACTIONS: &str = "actions: [ reassign: { set: [\"7\"] } ]\n";

/// `head`, `line` for each number up to 1 MiB, and `foot`.
fn filled(head: &str, line: impl Fn(usize) -> String, foot: &str) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        let line = line(number);
        if text.len() + line.len() + foot.len() > MEBIBYTE {
            break;
        }
        text += &line;
    }
    text + foot
}

/// `line` for each of so many numbers.
fn numbered(most: usize, line: impl Fn(usize) -> String) -> String {
    let lines: Vec<String> = (0..most).map(line).collect();
    lines.concat()
}

#[expect(clippy::too_many_lines, reason = "a list")]
fn playbooks() -> Vec<(&'static str, String)> {
    let base = format!("version: 1\nname: p\n{SELECT}{ACTIONS}");
    let head = format!("version: 1\nname: p\n{SELECT}actions:\n");
    let some = |number: usize, line: &str| line.repeat(number);
    let vars = |line: fn(usize) -> String| numbered(12_000, line);
    let condition = format!(
        "{}execution.name == 'y'",
        "execution.name == 'x' or ".repeat(40)
    );
    let conditions = some(
        200,
        &format!("  - {{ reassign: {{ set: [\"7\"] }}, when: \"{condition}\" }}\n"),
    );
    let unknown = "  - { reassign: { set: [\"{{ vars.vx }}\"] } }\n";
    let known = "  - { reassign: { set: [\"7\"] }, when: 'execution.name in vars.list' }\n";
    let list = numbered(22_000, |number| format!("v{number},"));
    vec![
        (
            "unknown keys",
            filled(&base, |number| format!("k{number}:\n"), ""),
        ),
        (
            "variables",
            filled(
                &format!("{base}vars:\n"),
                |number| format!("  v{number}: x\n"),
                "",
            ),
        ),
        (
            "actions",
            filled(&head, |_| "  - reassign: { set: [\"7\"] }\n".to_owned(), ""),
        ),
        (
            "templates",
            filled(
                &head,
                |_| "  - reassign: { set: [\"{{ vars.a }}\"] }\n".to_owned(),
                "vars: { a: x }\n",
            ),
        ),
        (
            "wrong conditions",
            filled(
                &head,
                |_| "  - { reassign: { set: [\"7\"] }, when: execution.nam == x }\n".to_owned(),
                "",
            ),
        ),
        (
            "one text",
            format!("{base}description: {}\n", "x".repeat(MEBIBYTE - 200)),
        ),
        ("brackets", "[".repeat(MEBIBYTE)),
        (
            "anchors and aliases",
            filled(
                &base,
                |number| format!("k{number}: &a{number} x\nl{number}: *a{number}\n"),
                "",
            ),
        ),
        (
            "a long text and its aliases",
            format!(
                "{base}a: &a {}\nl: [{}]\n",
                "x".repeat(300_000),
                "*a,".repeat(20_000)
            ),
        ),
        (
            "a huge expression",
            format!("{base}where: {}1\n", "1+".repeat(500_000)),
        ),
        (
            "ids",
            filled(
                "version: 1\nname: p\nselect: { ids: { api: v1, list: [",
                |number| format!("a/{number},"),
                &format!("] }} }}\n{ACTIONS}"),
            ),
        ),
        (
            "wrong words",
            filled(
                &format!("{base}guards: {{ allow: ["),
                |_| "delet,".to_owned(),
                "] }\n",
            ),
        ),
        ("the most conditions", head.clone() + &conditions),
        (
            "the most variables, unknown ones",
            head.clone()
                + &some(200, unknown)
                + "vars:\n"
                + &vars(|number| format!("  v{number}: x\n")),
        ),
        (
            "the most variables, empty, in one line",
            format!(
                "{base}description: {}\nvars: {{{}}}\n",
                "x".repeat(700_000),
                vars(|number| format!("v{number}:,"))
            ),
        ),
        (
            "conditions about a long list",
            head.clone() + &some(200, known) + "vars: { list: [" + &list + "] }\n",
        ),
        (
            "wrong words of a long list",
            head + &some(200, &known.replace("name", "status"))
                + "vars: { list: ["
                + &list
                + "] }\n",
        ),
        (
            "a file of days many times",
            filled(
                &format!("{base}calendar: ["),
                |_| "days.txt,".to_owned(),
                "]\n",
            ),
        ),
    ]
}

fn tables() -> Vec<(&'static str, String)> {
    let wide = numbered(999, |number| format!(",c{number}"));
    vec![
        (
            "one cell",
            format!("id,x\na,\"{}\"\n", "x".repeat(MEBIBYTE - 20)),
        ),
        (
            "columns",
            filled("id", |number| format!(",c{number}"), "\n"),
        ),
        (
            "short rows below many columns",
            filled(&format!("id{wide}\n"), |number| format!("a{number}\n"), ""),
        ),
        (
            "quotes that are not closed",
            filled("id,x\n", |_| "a,\"x\n".to_owned(), ""),
        ),
        ("commas", ",".repeat(MEBIBYTE)),
        (
            "wrong ids",
            filled("id\n", |number| format!("a/{number}\n"), ""),
        ),
        (
            "rows of JSON",
            filled("", |number| format!("{{\"id\":\"a{number}\"}}\n"), ""),
        ),
        ("brackets", "[".repeat(MEBIBYTE)),
    ]
}

/// The peak of a process so far, in KiB.
fn peak(process: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or_default()
}

/// The median of the milliseconds that a command takes, and the most KiB.
fn measured(environment: &Environment, words: &[&str]) -> (u128, u64) {
    let mut times = Vec::new();
    let mut most = 0;
    for _ in 0..5 {
        let mut command = environment.command(words);
        command.stdout(Stdio::null());
        let errors = File::create(environment.path().join("errors")).unwrap();
        let begin = Instant::now();
        let mut child = command.stderr(errors).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            most = most.max(peak(&child));
        }
        times.push(begin.elapsed().as_millis());
    }
    times.sort_unstable();
    (times[2], most)
}

#[test]
#[ignore = "figures of a release build"]
#[expect(clippy::print_stderr, reason = "the figures are what it is run for")]
fn what_input_of_a_mebibyte_takes() {
    let environment = Environment::new();
    environment.file("days.txt", "2026-12-24\n");
    environment.file(
        "rows.yaml",
        &format!(
            "version: 1\nname: p\nselect: {{ rows: {{ file: rows, id: id, api: v1 }} }}\n{ACTIONS}"
        ),
    );
    for (name, text) in playbooks() {
        environment.file("p.yaml", &text);
        let (time, most) = measured(&environment, &["validate", "p.yaml"]);
        eprintln!("{time:4} ms {:4} MB  a playbook with {name}", most / 1024);
    }
    for (name, text) in tables() {
        environment.file("rows", &text);
        let (time, most) = measured(&environment, &["validate", "rows.yaml"]);
        eprintln!("{time:4} ms {:4} MB  a header of {name}", most / 1024);
    }
    for (name, line) in [
        ("a long line", "x".repeat(MEBIBYTE)),
        (
            "brackets",
            format!("{{\"wf_bulk_plan\":1,\"x\":{}", "[".repeat(MEBIBYTE - 30)),
        ),
        (
            "many keys",
            filled(
                "{\"wf_bulk_plan\":1",
                |number| format!(",\"k{number}\":1"),
                "}\n",
            ),
        ),
    ] {
        environment.file("x.plan", &line);
        let (time, most) = measured(&environment, &["show", "x.plan"]);
        eprintln!("{time:4} ms {:4} MB  a plan of {name}", most / 1024);
    }
}

//! The scripts of `docs/integration/`, with a listener on loopback in the place of Slack, Teams and a health check.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};

use crate::{
    environment::{BINARY, Ended, Environment, SandboxProcess},
    workflow::Desk,
};

/// Accepts one request; gives its first line and its body.
fn listen() -> (String, JoinHandle<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).unwrap();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        (first, String::from_utf8(body).unwrap())
    });
    (format!("http://{address}/hook/s3cret"), heard)
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn has(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| {
        let version = Command::new(program).arg("--version").output();
        !version.is_ok_and(|output| output.status.success())
    });
    if let Some(missing) = missing {
        eprintln!("skipped: there is no {missing}");
    }
    missing.is_none()
}

/// What the script posts about a run of which two changes are refused with this message.
fn posted(script: &str) -> (String, Value) {
    let sandbox = SandboxProcess::with_faults(&json!({"rules": [
        {"match": {"method": "PATCH", "from": 1, "to": 2}, "do": {"status": {"code": 400, "message": "<!channel> [a](http://x)"}}},
    ]}));
    let environment = Environment::new().with_playbooks();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/integration");
    let (url, heard) = listen();
    environment.file("hook.conf", &format!("url = \"{url}\"\n"));
    let command = format!("'{}' hook.conf", folder.join(script).display());
    let run = [
        "run",
        "playbooks/reassign.yaml",
        "--yes",
        "--max-errors",
        "1",
    ];
    let run = [&run[..], &["--on-finish", &command]].concat();
    let ended = environment.run_on(&sandbox, &run).expect_code(4);
    assert!(
        !ended.stderr.contains("did not succeed"),
        "{}",
        ended.stderr
    );
    let (first, body) = heard.join().unwrap();
    assert_eq!(first, "POST /hook/s3cret HTTP/1.1\r\n");
    let run = environment.runs().remove(0);
    let run = run.file_name().unwrap().to_string_lossy().into_owned();
    (run, serde_json::from_str(&body).unwrap())
}

#[test]
fn slack_is_told_what_became_of_a_run_and_nobody_is_mentioned() {
    if !has(&["curl", "jq"]) {
        return;
    }
    let (run, message) = posted("slack.sh");
    let text = message["text"].as_str().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "wf-bulk ended with exit code 4");
    assert!(lines[1].starts_with("137 planned = "), "{text}");
    assert!(lines[2].starts_with("stopped: "), "{text}");
    assert_eq!(lines[3], format!("run {run}"));
    let escaped = jq_lines("slack.sh", "<!channel> & co");
    assert!(
        escaped.contains("&lt;!channel&gt; &amp; co: no answer"),
        "{escaped}"
    );
}

#[test]
fn a_script_without_a_result_on_its_input_posts_nothing_and_fails() {
    if !has(&["curl", "jq"]) {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/integration");
    for script in ["slack.sh", "teams.sh"] {
        let mut command = Command::new(folder.join(script));
        command.arg("/nonexistent.conf").stdin(Stdio::null());
        let ended = command.output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{script}: {said}");
        assert!(said.contains("no result on standard input"), "{said}");
    }
}

#[test]
fn teams_is_told_the_same_in_a_card_of_plain_text() {
    if !has(&["curl", "jq"]) {
        return;
    }
    let (run, card) = posted("teams.sh");
    assert_eq!(card["type"], "message");
    let attachment = &card["attachments"][0];
    assert_eq!(
        attachment["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let content = &attachment["content"];
    assert_eq!(content["type"], "AdaptiveCard");
    let body = content["body"].as_array().unwrap();
    assert!(body.iter().all(|block| block["type"] == "RichTextBlock"));
    let first = &body[0]["inlines"][0];
    assert_eq!(first["text"], "wf-bulk ended with exit code 4");
    assert_eq!(first["color"], "Attention");
    assert_eq!(body[3]["inlines"][0]["text"], format!("run {run}"));
}

/// What a script posts about an error with this message.
fn jq_lines(script: &str, message: &str) -> String {
    let environment = Environment::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/integration");
    let (url, heard) = listen();
    environment.file("hook.conf", &format!("url = \"{url}\"\n"));
    let document = json!({"errors": [{"message": message, "causes": ["no answer", "refused"]}], "exit_code": 1});
    environment.file("document.json", &document.to_string());
    let input = fs::File::open(environment.path().join("document.json")).unwrap();
    let status = Command::new(folder.join(script))
        .arg("hook.conf")
        .current_dir(environment.path())
        .stdin(input)
        .status();
    assert!(status.unwrap().success());
    heard.join().unwrap().1
}

#[test]
fn a_health_check_gets_the_exit_code() {
    if !has(&["curl"]) {
        return;
    }
    let environment = Environment::new().with_playbooks();
    let guide = include_str!("../../../docs/integration.md");
    let documented = "curl --fail --silent --show-error --max-time 10 --retry 3 --output /dev/null \
                      \"https://hc-ping.com/UUID/$WF_BULK_EXIT_CODE\"";
    assert!(guide.contains(documented), "the guide has another command");
    let (url, heard) = listen();
    let command = documented.replace("https://hc-ping.com/UUID", &url);
    let run = [
        "run",
        "playbooks/none.yaml",
        "--yes",
        "--on-finish",
        &command,
    ];
    environment.run(&run).expect_code(1);
    assert_eq!(heard.join().unwrap().0, "GET /hook/s3cret/1 HTTP/1.1\r\n");
}

#[test]
fn the_rules_of_prometheus_name_metrics_that_are_written() {
    let rules = include_str!("../../../docs/integration/alerts.yaml");
    let guide = include_str!("../../../docs/integration.md");
    let names = |text: &str| {
        let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
        let mut names: Vec<String> = words
            .filter(|word| word.starts_with("wf_bulk_"))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let sandbox = SandboxProcess::start(&[]);
    let environment = Environment::new().with_playbooks();
    let run = [
        "run",
        "playbooks/reassign.yaml",
        "--yes",
        "--metrics",
        "m.prom",
    ];
    environment.run_on(&sandbox, &run).expect_code(0);
    let written = fs::read_to_string(environment.path().join("m.prom")).unwrap();
    let written = names(&written);
    assert!(names(rules).iter().all(|name| written.contains(name)));
    assert_eq!(names(guide), written, "the table has every metric");
    if !has(&["promtool"]) {
        return;
    }
    let status = Command::new("promtool")
        .args(["check", "rules", "docs/integration/alerts.yaml"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.unwrap().success());
}

/// A desk with what the recipes for a night expect, and a command of its documentation with paths of this machine.
fn night(web_hook: &str) -> (Desk, impl Fn(&str) -> String) {
    let desk = Desk::new("rate: 3000/s, burst: 100, concurrency: 8");
    let playbook = fs::read_to_string(desk.path().join("playbooks/reassign.yaml")).unwrap();
    desk.environment.file("nightly.yaml", &playbook);
    desk.environment.file("token", "sandbox\n");
    for name in ["slack", "slack.conf"] {
        desk.environment
            .file(name, &format!("url = \"{web_hook}\"\n"));
    }
    fs::create_dir(desk.path().join("metrics")).unwrap();
    let folder = desk.path().display().to_string();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/integration");
    let filled = move |text: &str| {
        text.replace("/usr/local/bin/wf-bulk", BINARY)
            .replace("/usr/local/lib/wf-bulk", &scripts.display().to_string())
            .replace("/etc/wf-bulk", &folder)
            .replace("/var/lib/node_exporter", &format!("{folder}/metrics"))
            .replace("$HOME/wf-bulk", "$HOME")
            .replace("%S", &folder)
            .replace("%d", &folder)
            .replace("$$", "$")
    };
    (desk, filled)
}

#[test]
fn the_unit_of_systemd_writes_metrics_and_tells_of_trouble_alone() {
    if !has(&["curl", "jq"]) {
        return;
    }
    let (url, heard) = listen();
    let (desk, filled) = night(&url);
    let unit = include_str!("../../../docs/integration/systemd/metrics.conf");
    let values = |key: &str| {
        let values = unit.lines().filter_map(|line| line.strip_prefix(key));
        values.map(&filled).collect::<Vec<String>>()
    };
    let umask = values("UMask=").remove(0);
    let run = || {
        let mut code = 0;
        // An empty line removes those of the unit itself.
        for line in values("ExecStart=").iter().filter(|line| !line.is_empty()) {
            let mut command = desk.program("sh");
            command.args(["-c", &format!("umask {umask}; exec {line}")]);
            code = Ended::from(command.output().unwrap()).code;
            if code != 0 {
                break;
            }
        }
        code
    };
    assert_eq!(run(), 0);
    let metrics = desk.path().join("metrics/wf-bulk.prom");
    let mode = fs::metadata(&metrics).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert!(!heard.is_finished(), "nobody is told of a good night");

    desk.environment.file("token", "wrong\n");
    assert_eq!(run(), 1);
    let (_, body) = heard.join().unwrap();
    assert!(body.contains("exit code 1"), "{body}");
    let metrics = fs::read_to_string(metrics).unwrap();
    assert!(metrics.contains("\nwf_bulk_exit_code{playbook=\"reassign-leaver\","));
}

#[test]
fn the_line_of_the_crontab_tells_slack_and_writes_metrics() {
    if !has(&["curl", "jq"]) {
        return;
    }
    let (url, heard) = listen();
    let (desk, filled) = night(&url);
    let guide = include_str!("../../../docs/integration.md");
    let (_, line) = guide.split_once("17 4 * * *").unwrap();
    let line = filled(line.lines().next().unwrap().trim());
    assert!(!line.contains('%'), "cron makes a newline of it");
    let mut command = desk.program("sh");
    command.args(["-c", &line]);
    Ended::from(command.output().unwrap()).expect_code(0);
    let (_, body) = heard.join().unwrap();
    assert!(
        body.contains("wf-bulk: done\\n137 planned = 137 applied"),
        "{body}"
    );
    assert!(desk.path().join("metrics/wf-bulk.prom").exists());
}

//! What a selection of any size takes. Not for every day: `just memory`.

use std::fs;

use crate::environment::{Environment, SandboxProcess};

/// The most that the client may take, in KiB.
const MOST: u64 = 64 * 1024;

/// The peak of a process so far, in KiB; none once it has ended.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
#[ignore = "takes a minute, and a release build"]
#[expect(clippy::print_stderr, reason = "the figure is what it is run for")]
fn a_list_of_200_000_executions_is_selected_from_in_64_mib() {
    // One in six executions of a sandbox is of the first generation.
    let sandbox = SandboxProcess::start(&["--executions", "1200000"]);
    let environment = Environment::new();
    environment.file(
        "all.yaml",
        "version: 1\nname: all\npace: { rate: 1000/s, burst: 50 }\nselect: { executions: { list: {} }, where: 'has_assignee(execution, \"10010\")' }\nactions: [ reassign: { from: \"10010\", to: \"10020\" } ]\n",
    );
    let arguments = [
        "plan",
        "all.yaml",
        "-o",
        "all.plan",
        "--timeout",
        "300",
        "-q",
    ];
    let mut client = environment
        .command_on(&sandbox, &arguments)
        .spawn()
        .unwrap();
    let mut most = 0;
    while client.try_wait().unwrap().is_none() {
        most = most.max(peak(client.id()).unwrap_or_default());
        std::thread::yield_now();
    }
    let plan = fs::read_to_string(environment.path().join("all.plan")).unwrap();
    let end: serde_json::Value = serde_json::from_str(plan.lines().last().unwrap()).unwrap();
    assert_eq!(end["end"]["scanned"], 200_000);
    eprintln!("peak: {} MiB", most / 1024);
    assert!(most > 0 && most <= MOST, "{most} KiB");
    let requests = sandbox.ledger();
    let paths: Vec<&str> = requests
        .requests()
        .iter()
        .map(|request| request["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        ["/v1/workflows/executions"],
        "the rest came from where the answer referred to"
    );
}

//! What a command tells a person to do next is true, and works as it is written.

use crate::environment::{Ended, Environment, SandboxProcess};

const TWO: &str = "version: 1
name: two
pace: { rate: 3000/s, burst: 100, concurrency: 1, max_errors: 1 }
select: { executions: { list: {} }, limit: 2 }
actions: [ reassign: { set: [\"7\"] } ]
guards: { max_changes: 5 }
";

#[test]
fn the_age_of_a_plan_counts_from_when_it_was_made() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two.yaml", TWO);
    for now in ["2024-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        let plan = ["plan", "two.yaml", "-o", "x.plan", "--now", now];
        environment.run_on(&sandbox, &plan).expect_code(0);
        environment
            .run_on(&sandbox, &["apply", "x.plan", "--yes", "--max-age", "1ms"])
            .expect_code(5)
            .expect_said("is too old");
        environment
            .run_on(&sandbox, &["apply", "x.plan", "--yes", "--again"])
            .expect_code(0);
    }
}

#[test]
fn two_spellings_of_a_server_are_one() {
    let sandbox = SandboxProcess::start(&["--executions", "30"]);
    let environment = Environment::new();
    environment.file("two.yaml", TWO);
    let plan = ["plan", "two.yaml", "-o", "x.plan"];
    environment.run_on(&sandbox, &plan).expect_code(0);
    let port = sandbox.url().rsplit(':').next().unwrap().to_owned();
    let server = format!("http://LocalHost.:{port}/");
    let mut apply = environment.command(&["apply", "x.plan", "--yes", "--server", &server]);
    let output = apply.env("EPILOT_TOKEN", "sandbox").output().unwrap();
    Ended::from(output).expect_code(0);
}

//! `resume --approved`, and the server that the environment names.

use std::fs;

use crate::{
    environment::Ended,
    tampered::{REASSIGN, killed},
};

#[test]
fn a_run_is_resumed_with_the_plan_that_was_approved_and_no_other_and_nothing_is_read_before() {
    let (sandbox, environment, folder) = killed(REASSIGN);
    let requests = sandbox.ledger().requests().len();
    let sha256 = wf_bulk::digest::sha256(fs::read(folder.join("plan")).unwrap());
    let zeros = "0".repeat(64);
    let other = ["resume", "--last", "--approved", &zeros];
    environment
        .run_on(&sandbox, &other)
        .expect_code(1)
        .expect_said("is not the one that was approved")
        .expect_said("nothing was sent")
        .expect_said(&sha256);
    // The environment names the server for all commands.
    let named = |server: &str| {
        let resume = ["resume", "--last", "--settle", "1", "--approved", &sha256];
        let mut command = environment.command(&resume);
        command
            .env("EPILOT_TOKEN", "sandbox")
            .env("WF_BULK_SERVER", server);
        Ended::from(command.output().unwrap())
    };
    let ended = named("https://example.com").expect_code(64);
    let said = format!(
        "the run is on {}, and the token is for https://example.com",
        sandbox.url()
    );
    ended.expect_said(&said).expect_said("nothing was sent");
    assert_eq!(sandbox.ledger().requests().len(), requests);
    named(&sandbox.url()).expect_code(0);
    // The result of a run that has ended is that of the approved plan, too.
    let id = folder.file_name().unwrap().to_str().unwrap();
    environment
        .run(&["resume", id, "--approved", &zeros])
        .expect_code(1);
}

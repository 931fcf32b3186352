//! Runs on an engine: Temporal's development server, worker processes, and a sandbox whose ledger is the witness. `just engine`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod commands;
mod dev_server;
#[path = "../cli/environment.rs"]
#[expect(dead_code, reason = "the tests of the command line need more of it")]
mod environment;
mod evidence;
mod groups;
#[path = "../cli/hints.rs"]
mod hints;
mod histories;
#[path = "../cli/judge.rs"]
#[expect(dead_code, reason = "the tests of the command line need more of it")]
mod judge;
mod kills;
mod leave;
#[path = "../cli/ledger.rs"]
#[expect(dead_code, reason = "the tests of the command line need more of it")]
mod ledger;
mod limits;
mod machines;
mod playground;
#[path = "../cli/pty.rs"]
#[expect(dead_code, reason = "the tests of the command line need more of it")]
mod pty;
mod races;
#[path = "../cli/records.rs"]
mod records;
mod runs;
mod secrets;
mod stops;
mod takeover;
mod tls;
mod unreached;

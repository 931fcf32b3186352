//! Runs on an engine: Temporal's development server, worker processes, and a sandbox whose ledger is the witness. `just engine`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "../cli/environment.rs"]
#[expect(dead_code, reason = "the tests of the command line need more of it")]
mod environment;
#[path = "../cli/hints.rs"]
#[expect(dead_code, reason = "the tests of the command line need more of it")]
mod hints;
#[path = "../cli/judge.rs"]
mod judge;
#[path = "../cli/ledger.rs"]
#[expect(dead_code, reason = "the tests of the command line need more of it")]
mod ledger;
mod playground;
#[path = "../cli/records.rs"]
#[expect(dead_code, reason = "the tests of the command line need more of it")]
mod records;
mod runs;

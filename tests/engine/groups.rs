//! How attempts on groups end.

use std::{thread, time::Duration};

use crate::{
    playground::{Playground, Setting},
    runs::{MIXED, at},
};

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_group_that_takes_long_ends_at_once_and_is_given_back_at_once() {
    // All groups share the rate, so that each takes some twelve seconds.
    let playground = Playground::new(&Setting {
        executions: 40,
        ..Setting::new(&at("rate: 4/s, burst: 4, concurrency: 12"))
    });
    let mut leaving = playground.worker();
    let run = playground.submit("engine.plan");
    playground.wait_for_writes(playground.planned.len() / 2);
    let _other = playground.worker();
    // It has groups of all ages.
    thread::sleep(Duration::from_secs(2));
    leaving.signal("TERM");
    assert_eq!(leaving.wait(), Some(0), "{}", playground.said());
    playground.fetch(&run, 0);
    let records = playground.expect_innocent();
    assert!(records.finished && records.resumes > 0);
    let shard = format!("wf-bulk run {run} shard 0");
    let history = playground.history(&shard);
    assert!(history.contains("the worker leaves"), "{history}");
    assert!(!history.contains("TIMEOUT_TYPE_HEARTBEAT"), "{history}");
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn a_worker_whose_token_is_not_accepted_says_so_and_the_run_names_it() {
    let mut playground = Playground::new(&Setting::new(MIXED));
    let run = playground.submit("engine.plan");
    playground.set("EPILOT_TOKEN", "wrong");
    let _worker = playground.worker();
    playground
        .fetch(&run, 1)
        .expect_said("(worker with the process id ");
    let said = playground.said();
    assert!(said.contains("the token of this worker"), "{said}");
}

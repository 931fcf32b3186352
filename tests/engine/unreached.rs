//! What is said if there is no engine.

use std::net::TcpListener;

use crate::environment::Environment;

/// `status` at an engine on a port of this machine.
fn status_at(port: u16) -> String {
    let address = format!("temporal://127.0.0.1:{port}/default");
    let ended = Environment::new().run(&["status", "--engine", &address]);
    let ended = ended
        .expect_code(1)
        .expect_said(&format!("its address is {address}"))
        .expect_said("WF_BULK_ENGINE");
    ended.stderr
}

#[test]
fn an_engine_that_can_not_be_reached_is_named() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // It takes the connection, and says nothing.
    let said = status_at(port);
    assert!(said.contains("it does not answer"), "{said}");
    drop(listener);
    let said = status_at(port);
    assert!(said.contains("refused"), "{said}");
}

#[test]
fn a_worker_without_an_engine_says_how_to_name_one() {
    let worker = ["worker", "--org", "4711", "--engine", ""];
    Environment::new()
        .run(&worker)
        .expect_code(64)
        .expect_said("temporal://HOST:7233/NAMESPACE");
}

//! What is said while an engine does not answer.

use std::{convert::Infallible, time::Duration};

use super::terminal::say;
use crate::engine::EngineLink;

/// How often the engine is asked. That is no action that is billed.
const LOOK: Duration = Duration::from_secs(5);

/// Says when the engine does not answer any more, and when it does again, until this is dropped.
pub(super) async fn watch(engine: &EngineLink) -> Infallible {
    let mut answered = true;
    loop {
        tokio::time::sleep(LOOK).await;
        let answers = engine.answers().await;
        if answers != answered {
            let address = engine.address();
            say(|out| {
                if answers {
                    writeln!(out, "the engine {address} answers again")
                } else {
                    writeln!(
                        out,
                        "warning: the engine {address} does not answer; nothing is sent until it does"
                    )
                }
            });
        }
        answered = answers;
    }
}

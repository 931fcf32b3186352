//! The events of a session as JSON Lines (`--events`).

use std::{
    fmt,
    io::{self, Write},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{json::StoppedDocument, words::MOST_WITHIN};
use crate::{
    checkpoint::Detail,
    error::ExitCode,
    event::{Event, Reporter},
    outcome::{Counts, Outcome},
    plan::{PlanHeader, Target},
    store::EventNumbers,
    text,
};

/// The version of the lines. A new field or event does not change it.
const VERSION: u8 = 1;

/// One line. Programs depend on its names.
#[derive(Debug, Serialize)]
struct EventLine<'a> {
    v: u8,
    seq: u64,
    at: String,
    run: &'a str,
    #[serde(flatten)]
    event: EventDocument<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum EventDocument<'a> {
    SessionStarted {
        playbook: String,
        server: &'a str,
        org: Option<&'a str>,
        planned: u64,
        outcomes: &'a Counts,
    },
    StageStarted {
        number: usize,
        of: usize,
        executions: u64,
    },
    ChangeEnded {
        line: u64,
        change: &'a str,
        target: Target,
        action: &'a [String],
        outcome: Outcome,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        attempts: u32,
    },
    Retried {
        target: Target,
        reason: String,
        after_ms: u64,
    },
    Doubted {
        target: Target,
        reason: String,
    },
    Throttled {
        pause_ms: u64,
    },
    Stopping(StoppedDocument),
    Settling {
        changes: u64,
        wait_ms: u64,
    },
    SessionEnded {
        exit_code: u8,
        result: &'a RawValue,
    },
}

impl<'a> EventDocument<'a> {
    /// None for what is only shown.
    fn of(event: &'a Event, plan: &'a PlanHeader, org: Option<&'a str>) -> Option<Self> {
        Some(match event {
            Event::Counted { .. } => return None,
            Event::Started {
                run: _,
                planned,
                earlier,
            } => Self::SessionStarted {
                playbook: short(&plan.playbook.name),
                server: &plan.server,
                org,
                planned: *planned,
                outcomes: earlier,
            },
            Event::Stage {
                number,
                of,
                executions,
            } => Self::StageStarted {
                number: *number,
                of: *of,
                executions: *executions,
            },
            Event::Ended {
                line,
                change,
                target,
                action,
                outcome,
                detail,
                attempts,
            } => Self::ChangeEnded {
                line: *line,
                change,
                target: short_target(target),
                action,
                outcome: *outcome,
                detail: detail.as_deref().map(short),
                attempts: *attempts,
            },
            Event::Retried {
                target,
                reason,
                after,
            } => Self::Retried {
                target: short_target(target),
                reason: short(reason),
                after_ms: milliseconds(*after),
            },
            Event::Doubted { target, reason } => Self::Doubted {
                target: short_target(target),
                reason: short(reason),
            },
            Event::Throttled { pause } => Self::Throttled {
                pause_ms: milliseconds(*pause),
            },
            Event::Draining { reason } => Self::Stopping(StoppedDocument::from(reason)),
            Event::Settling { changes, wait } => Self::Settling {
                changes: *changes,
                wait_ms: milliseconds(*wait),
            },
        })
    }
}

/// Where events come from and go to.
#[derive(Debug)]
pub struct EventSource<'a> {
    pub run: String,
    pub plan: &'a PlanHeader,
    pub org: Option<&'a str>,
    pub numbers: EventNumbers,
    /// The wall clock.
    pub now: fn() -> Timestamp,
}

/// Writes each event as one line, with one call of the writer. After an error it writes nothing more: the run goes on without it.
pub struct EventLines<'a, W> {
    source: EventSource<'a>,
    out: W,
    failure: Option<io::Error>,
}

impl<'a, W: Write> EventLines<'a, W> {
    pub const fn new(source: EventSource<'a>, out: W) -> Self {
        Self {
            source,
            out,
            failure: None,
        }
    }

    /// The last event of the session: its exit code, and the document of `--json`. Returns the writer.
    ///
    /// # Errors
    ///
    /// The first error of any event.
    pub fn end(mut self, exit_code: ExitCode, document: &str) -> io::Result<W> {
        if self.failure.is_none() {
            let written = serde_json::from_str(document.trim_end())
                .map_err(io::Error::from)
                .and_then(|result| {
                    self.write(EventDocument::SessionEnded {
                        exit_code: exit_code.code(),
                        result,
                    })
                });
            self.failure = written.err();
        }
        let closed = self.source.numbers.close();
        match self.failure {
            Some(error) => Err(error),
            None => closed.map(|()| self.out),
        }
    }

    fn write(&mut self, event: EventDocument<'_>) -> io::Result<()> {
        let mut line = text::json::to_string(&EventLine {
            v: VERSION,
            seq: self.source.numbers.take()?,
            at: format!("{:.3}", (self.source.now)()),
            run: &self.source.run,
            event,
        })?;
        line.push('\n');
        self.out.write_all(line.as_bytes())
    }
}

impl<W: Write + Send> Reporter for EventLines<'_, W> {
    fn event(&mut self, _now: Instant, event: &Event) {
        let EventSource { plan, org, .. } = self.source;
        if self.failure.is_none()
            && let Some(document) = EventDocument::of(event, plan, org)
        {
            self.failure = self.write(document).err();
        }
    }

    fn tick(&mut self, _now: Instant) {}

    fn finish(&mut self, _now: Instant) {}
}

impl<W> fmt::Debug for EventLines<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLines")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// As short as a message in the checkpoint, and in the results.
fn short(text: &str) -> String {
    Detail::new(text).into()
}

fn short_target(target: &Target) -> Target {
    let within = target.within.iter().take(MOST_WITHIN);
    Target {
        name: short(&target.name),
        within: within.map(|name| short(name)).collect(),
        ..target.clone()
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

//! What can happen to a request, and what the client can know of it.

use std::time::Duration;

use serde_json::Value;

use super::serving::reply;
use crate::api::Reply;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    NotSent,
    DropBefore,
    DropAfter,
    /// No answer, and the effect comes this many milliseconds after the request.
    Late(u64),
    /// With this `Retry-After`, in seconds.
    Throttled(Option<u64>),
    FailBefore,
    FailAfter,
    /// 503 before the effect, with this `Retry-After`, in seconds.
    Overloaded(u64),
    /// All goes well, and the answer asks for a rest of so many seconds.
    Rest(u64),
    /// A proxy's page with status 200, after the effect.
    Html,
    /// A proxy's page with status 200, and no effect.
    HtmlBefore,
    /// The effect, and an answer that shows only what was written.
    Partial,
    /// Success, with an answer that does not show what was written. The effect comes or not.
    Lie {
        works: bool,
        shows: ShownInstead,
    },
    Refused,
    Unauthorized,
    /// "Not found" in the service's own words, for what is there.
    Gone,
    /// As [`Self::Gone`], after the effect.
    GoneAfter,
    /// 404 or 410 of a gateway, as a page or a line of text; no effect.
    FalseGone {
        gone: bool,
        page: bool,
    },
    /// The request leaves, and then the worker runs into a bug.
    Panic,
}

/// What an answer shows that does not show what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShownInstead {
    /// The object as it was before.
    Old,
    /// `{}`.
    Empty,
    /// No body, or a blank one.
    Nothing,
    /// An object with another id.
    Other,
    /// What was written, in another organisation.
    OtherOrganisation,
}

impl ShownInstead {
    pub(super) fn reply(self, lie: &Value) -> Reply {
        let body = match self {
            Self::Nothing => b" \n".to_vec(),
            Self::Old | Self::Empty | Self::Other | Self::OtherOrganisation => {
                lie.to_string().into_bytes()
            }
        };
        Reply {
            body,
            ..reply(200, &Value::Null)
        }
    }
}

impl Fault {
    /// Whether the client can't know from the answer if the request took effect.
    pub(crate) const fn leaves_doubt(self) -> bool {
        match self {
            Self::DropBefore
            | Self::DropAfter
            | Self::Late(_)
            | Self::FailBefore
            | Self::FailAfter
            | Self::Overloaded(_)
            | Self::Html
            | Self::HtmlBefore
            | Self::FalseGone { .. }
            | Self::Panic => true,
            // A read tells at once that it worked.
            Self::Lie { works, .. } => !works,
            Self::None
            | Self::NotSent
            | Self::Throttled(_)
            | Self::Rest(_)
            | Self::Partial
            | Self::Refused
            | Self::Unauthorized
            | Self::Gone
            | Self::GoneAfter => false,
        }
    }

    /// How long after the request its effect comes; none when it never does.
    pub(super) const fn effect(self) -> Option<Duration> {
        match self {
            Self::None
            | Self::DropAfter
            | Self::FailAfter
            | Self::Rest(_)
            | Self::Html
            | Self::Partial
            | Self::GoneAfter
            | Self::Lie { works: true, .. }
            | Self::Panic => Some(Duration::ZERO),
            Self::Late(after) => Some(Duration::from_millis(after)),
            Self::NotSent
            | Self::DropBefore
            | Self::FailBefore
            | Self::Overloaded(_)
            | Self::HtmlBefore
            | Self::Lie { works: false, .. }
            | Self::Throttled(_)
            | Self::Refused
            | Self::Unauthorized
            | Self::Gone
            | Self::FalseGone { .. } => None,
        }
    }
}

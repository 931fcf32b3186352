//! How to apply a plan: the command, or why there is none.

use std::iter;

use serde::Serialize;

/// What to do with a plan that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToApply {
    /// Apply it, with this command.
    Command(String),
    /// It would be refused.
    Refused(Vec<WhyNot>),
    /// It has no changes.
    Nothing,
}

/// A reason for which a plan would be refused, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhyNot {
    pub reason: String,
    pub cures: Vec<String>,
}

impl ToApply {
    /// The result of a command that only plans.
    pub const NOTHING_CHANGED: &str = "Nothing was changed.";

    /// `command` is only called if the plan would not be refused and has changes.
    pub fn new(refused: Vec<WhyNot>, changes: u64, command: impl FnOnce() -> String) -> Self {
        if !refused.is_empty() {
            Self::Refused(refused)
        } else if changes == 0 {
            Self::Nothing
        } else {
            Self::Command(command())
        }
    }

    /// The last lines of a plan as text: the result, `done`, and how to continue. `introduction` precedes a command.
    pub fn closing(&self, done: &str, introduction: &str) -> String {
        match self {
            Self::Command(command) if done.is_empty() => format!("{introduction}{command}"),
            Self::Command(command) => format!("{done}\n{introduction}{command}"),
            Self::Refused(refused) => {
                let refused = refused.iter().flat_map(|why| {
                    let reason = format!("This plan can't be applied: {}", why.reason);
                    let cures = why.cures.iter().map(|cure| format!("  {cure}"));
                    iter::once(reason).chain(cures)
                });
                let done = (!done.is_empty()).then(|| done.to_owned());
                done.into_iter()
                    .chain(refused)
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            Self::Nothing => done.to_owned(),
        }
    }

    pub(super) fn command(&self) -> Option<&str> {
        match self {
            Self::Command(command) => Some(command),
            Self::Refused(_) | Self::Nothing => None,
        }
    }

    pub(super) fn refused(&self) -> &[WhyNot] {
        match self {
            Self::Refused(refused) => refused,
            Self::Command(_) | Self::Nothing => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_offered_only_when_it_would_not_be_refused_and_does_something() {
        let why = WhyNot {
            reason: "a guard does not hold".to_owned(),
            cures: vec!["select less".to_owned()],
        };
        let command = || "wf-bulk apply x.plan".to_owned();
        assert_eq!(
            ToApply::new(Vec::new(), 3, command).closing("Nothing was changed.", "To apply: "),
            "Nothing was changed.\nTo apply: wf-bulk apply x.plan"
        );
        for changes in [0, 3] {
            assert_eq!(
                ToApply::new(vec![why.clone()], changes, command)
                    .closing("Nothing was changed.", "To apply: "),
                "Nothing was changed.\nThis plan can't be applied: a guard does not hold\n  select less"
            );
        }
        assert_eq!(
            ToApply::new(Vec::new(), 0, command).closing("", "To apply: "),
            ""
        );
    }
}

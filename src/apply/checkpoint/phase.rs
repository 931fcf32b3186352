//! The phase of one change, and its allowed transitions: the central table of the checkpoint.

use std::fmt;

use super::record::RecordedOutcome;

/// The phase of one change. One byte: a run holds one for each line of its plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was sent.
    #[default]
    Untouched,
    /// An attempt is in flight, and no earlier one is in doubt.
    InFlight,
    /// An attempt is in flight, and an earlier one is in doubt.
    InFlightAgain,
    /// All attempts are known to have had no effect; the next may start.
    Between,
    /// As `Between`, but a read-back has proved it for an attempt, which may have been too early.
    Disproved,
    /// An attempt is in flight, after such a proof.
    InFlightDisproved,
    /// No attempt is in flight, and one of them may have taken effect.
    InDoubt,
    /// In doubt, and a person has permitted a retry.
    MayRepeat,
    Ended(RecordedOutcome),
}

/// The content of a record for one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    Started,
    Throttled,
    NoEffect,
    Unknown,
    NotApplied,
    SendAgain,
    /// A read of the service, or a person's answer that is to take effect later.
    Noted,
    Ended(RecordedOutcome),
    /// It took effect, says a person.
    AppliedByAnswer,
}

impl Phase {
    /// The phase after `step`, or none if that contradicts the earlier records:
    ///
    /// - two concurrent attempts: nothing would wait for the answer of the first;
    /// - `applied` needs an attempt that may have taken effect, if only after a proof that came too early; `already_done` that there is
    ///   none: nothing was sent, or the answer says that the attempt found nothing to do;
    /// - `refused` and `failed` say that nothing took effect, so an attempt in doubt is cleared up first, by `not_applied`;
    /// - `drifted` comes from a read, never from the answer to an attempt;
    /// - a person's answer (`answered`, `send_again`, ended `in_doubt` or by an answer) is about an attempt in doubt. It permits another attempt, and leaves the doubt:
    ///   that one says nothing of what the earlier ones did.
    pub const fn after(self, step: Transition) -> Option<Self> {
        match step {
            Transition::Started => match self {
                Self::Untouched | Self::Between => Some(Self::InFlight),
                Self::Disproved => Some(Self::InFlightDisproved),
                Self::InDoubt | Self::MayRepeat => Some(Self::InFlightAgain),
                Self::InFlight | Self::InFlightAgain | Self::InFlightDisproved | Self::Ended(_) => {
                    None
                }
            },
            Transition::Throttled | Transition::NoEffect => match self {
                Self::InFlight => Some(Self::Between),
                Self::InFlightDisproved => Some(Self::Disproved),
                Self::InFlightAgain => Some(Self::InDoubt),
                Self::Untouched
                | Self::Between
                | Self::Disproved
                | Self::InDoubt
                | Self::MayRepeat
                | Self::Ended(_) => None,
            },
            Transition::Unknown if self.is_in_flight() => Some(Self::InDoubt),
            Transition::NotApplied if self.awaits_decision() => Some(Self::Disproved),
            Transition::SendAgain if self.awaits_decision() => Some(Self::MayRepeat),
            Transition::Noted if self.awaits_decision() => Some(self),
            Transition::AppliedByAnswer if self.awaits_decision() => {
                Some(Self::Ended(RecordedOutcome::Applied))
            }
            Transition::Ended(end) if self.may_end_as(end) => Some(Self::Ended(end)),
            Transition::Unknown
            | Transition::NotApplied
            | Transition::SendAgain
            | Transition::Noted
            | Transition::AppliedByAnswer
            | Transition::Ended(_) => None,
        }
    }

    const fn may_end_as(self, end: RecordedOutcome) -> bool {
        use RecordedOutcome::{AlreadyDone, Applied, Drifted, Failed, Gone, InDoubt, Refused};
        match self {
            Self::Untouched | Self::Between => {
                matches!(end, AlreadyDone | Drifted | Gone | Refused | Failed)
            }
            Self::InFlight => matches!(end, Applied | AlreadyDone | Gone | Refused | Failed),
            Self::Disproved => matches!(end, Applied | Drifted | Gone | Refused | Failed),
            Self::InFlightDisproved => matches!(end, Applied | Gone | Refused | Failed),
            Self::InFlightAgain => matches!(end, Applied | Gone),
            Self::InDoubt | Self::MayRepeat => matches!(end, Applied | Gone | InDoubt),
            Self::Ended(_) => false,
        }
    }

    /// Whether an attempt is in doubt and none is in flight.
    const fn awaits_decision(self) -> bool {
        self.is_doubtful() && !self.is_in_flight()
    }

    /// Whether an attempt is in flight, or was when its process died.
    pub const fn is_in_flight(self) -> bool {
        match self {
            Self::InFlight | Self::InFlightAgain | Self::InFlightDisproved => true,
            Self::Untouched
            | Self::Between
            | Self::Disproved
            | Self::InDoubt
            | Self::MayRepeat
            | Self::Ended(_) => false,
        }
    }

    /// Whether an attempt may have taken effect and no outcome says whether it did.
    pub const fn is_doubtful(self) -> bool {
        match self {
            Self::InFlight
            | Self::InFlightAgain
            | Self::InFlightDisproved
            | Self::InDoubt
            | Self::MayRepeat => true,
            Self::Untouched | Self::Between | Self::Disproved | Self::Ended(_) => false,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untouched => f.write_str("untouched"),
            Self::InFlight => f.write_str("in flight"),
            Self::InFlightAgain => f.write_str("in flight again, with an earlier attempt in doubt"),
            Self::Between => f.write_str("between attempts"),
            Self::Disproved => f.write_str("between attempts, of which a read disproved one"),
            Self::InFlightDisproved => f.write_str("in flight, with an earlier attempt disproved"),
            Self::InDoubt => f.write_str("in doubt"),
            Self::MayRepeat => f.write_str("in doubt, and to be sent again"),
            Self::Ended(end) => write!(f, "ended as {end}"),
        }
    }
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Throttled => f.write_str("throttled"),
            Self::NoEffect => f.write_str("not_sent"),
            Self::Unknown => f.write_str("unknown"),
            Self::NotApplied => f.write_str("not_applied"),
            Self::SendAgain => f.write_str("send_again"),
            Self::Noted => f.write_str("looked or answered"),
            Self::Ended(end) => write!(f, "ended {end}"),
            Self::AppliedByAnswer => f.write_str("ended applied by an answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps in the order of the table's columns.
    const STEPS: [Transition; 15] = [
        Transition::Started,
        Transition::Throttled,
        Transition::NoEffect,
        Transition::Unknown,
        Transition::NotApplied,
        Transition::SendAgain,
        Transition::Ended(RecordedOutcome::Applied),
        Transition::Ended(RecordedOutcome::AlreadyDone),
        Transition::Ended(RecordedOutcome::Drifted),
        Transition::Ended(RecordedOutcome::Gone),
        Transition::Ended(RecordedOutcome::Refused),
        Transition::Ended(RecordedOutcome::Failed),
        Transition::Ended(RecordedOutcome::InDoubt),
        Transition::Noted,
        Transition::AppliedByAnswer,
    ];

    #[test]
    fn every_step_from_every_phase_is_as_in_the_table() {
        // U untouched, F in flight, A in flight again, B between, D in doubt, M may repeat, P disproved, G in flight after that, E ended as said, . illegal
        #[rustfmt::skip]
        let table = [
            //                      start thrott notsent unknown notapp again  appl done drift gone refu fail doubt noted byans
            (Phase::Untouched,     "F     .      .       .       .      .      .    E    E     E    E    E    .     .     ."),
            (Phase::InFlight,      ".     B      B       D       .      .      E    E    .     E    E    E    .     .     ."),
            (Phase::InFlightAgain, ".     D      D       D       .      .      E    .    .     E    .    .    .     .     ."),
            (Phase::Between,       "F     .      .       .       .      .      .    E    E     E    E    E    .     .     ."),
            (Phase::InDoubt,       "A     .      .       .       P      M      E    .    .     E    .    .    E     D     E"),
            (Phase::Disproved,     "G     .      .       .       .      .      E    .    E     E    E    E    .     .     ."),
            (Phase::InFlightDisproved, ".  P      P       D       .      .      E    .    .     E    E    E    .     .     ."),
            (Phase::MayRepeat,     "A     .      .       .       P      M      E    .    .     E    .    .    E     M     E"),
        ];
        for (phase, row) in table {
            let cells: Vec<_> = row.split_whitespace().collect();
            assert_eq!(cells.len(), STEPS.len());
            for (step, cell) in STEPS.into_iter().zip(cells) {
                let expected = match (cell, step) {
                    ("F", _) => Some(Phase::InFlight),
                    ("A", _) => Some(Phase::InFlightAgain),
                    ("B", _) => Some(Phase::Between),
                    ("D", _) => Some(Phase::InDoubt),
                    ("M", _) => Some(Phase::MayRepeat),
                    ("P", _) => Some(Phase::Disproved),
                    ("G", _) => Some(Phase::InFlightDisproved),
                    ("E", Transition::Ended(end)) => Some(Phase::Ended(end)),
                    ("E", Transition::AppliedByAnswer) => {
                        Some(Phase::Ended(RecordedOutcome::Applied))
                    }
                    (".", _) => None,
                    other => panic!("not a cell: {other:?}"),
                };
                assert_eq!(phase.after(step), expected, "{phase} + {step}");
            }
        }
    }

    #[test]
    fn nothing_follows_an_end() {
        for end in RecordedOutcome::ALL {
            for step in STEPS {
                assert_eq!(Phase::Ended(end).after(step), None, "{end} + {step}");
            }
        }
    }

    #[test]
    fn a_change_takes_one_byte() {
        assert_eq!(size_of::<Phase>(), 1);
    }
}

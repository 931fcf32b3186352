//! What a run has recorded at the engine, in the numbering of its plan: for a checkpoint like that of any other run.

use jiff::Timestamp;

use super::{
    error::EngineError,
    group::{FIRST_LINE, records_in},
    run_flow::Abandonment,
    task::ShardGroup,
};
use crate::{checkpoint::Record, event::StopReason};

/// A run as it was when it had ended or stopped.
#[derive(Debug)]
pub struct FetchedRecords {
    pub(super) groups: Vec<ShardGroup>,
    /// Why it stopped, if it did.
    pub stopped: Option<StopReason>,
    /// When and where it was abandoned, if it was.
    pub abandoned: Option<Abandonment>,
    /// When its last session ended.
    pub ended_at: Timestamp,
}

impl FetchedRecords {
    /// The records of all groups, one group after the other. The end of the run is not among them.
    ///
    /// # Errors
    ///
    /// If what the engine has is no checkpoint.
    pub fn records(&self) -> impl Iterator<Item = Result<Record, EngineError>> + '_ {
        self.groups.iter().flat_map(|group| {
            let records = if group.is_lost {
                Err(EngineError::Unusable(format!(
                    "what was sent for the change on line {} of the plan is not known",
                    group.lines.first().copied().unwrap_or_default()
                )))
            } else {
                records_in(&group.journal)
            };
            let (records, error) = match records {
                Ok(records) => (records, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            let mapped = records
                .into_iter()
                .filter_map(|record| in_plan(record, &group.lines));
            error.into_iter().chain(mapped)
        })
    }
}

/// A record of a group, with the line that the change has in the plan; none for the end of the group.
fn in_plan(record: Record, lines: &[u64]) -> Option<Result<Record, EngineError>> {
    let line_of = |line: &mut u64| {
        let place = usize::try_from(line.checked_sub(FIRST_LINE)?).ok()?;
        *line = *lines.get(place)?;
        Some(())
    };
    let mut record = record;
    let found = match &mut record {
        Record::Started { line, .. }
        | Record::Throttled { line, .. }
        | Record::NoEffect { line, .. }
        | Record::Unknown { line, .. }
        | Record::NotApplied { line, .. }
        | Record::SendAgain { line, .. }
        | Record::Looked { line, .. }
        | Record::Answered { line, .. }
        | Record::Ended { line, .. } => line_of(line),
        Record::Resumed { .. } => Some(()),
        // Of the group alone.
        Record::Finished { .. } | Record::StageStopped { .. } | Record::Abandoned { .. } => {
            return None;
        }
    };
    Some(match found {
        Some(()) => Ok(record),
        None => Err(EngineError::Unusable(
            "a record is about a line that its group does not have".to_owned(),
        )),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        checkpoint::{Checkpoint, CheckpointHeader, Disk, RecordedOutcome},
        engine::task::ChangeSums,
    };

    /// Keeps what is written.
    #[derive(Clone, Debug, Default)]
    struct JournalBytes(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for JournalBytes {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Disk for JournalBytes {
        fn sync_data(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    const fn started(line: u64) -> Record {
        Record::Started {
            line,
            attempt: 1,
            at: 5,
        }
    }

    const fn ended(line: u64) -> Record {
        Record::Ended {
            line,
            outcome: RecordedOutcome::Applied,
            detail: None,
            is_answer: false,
        }
    }

    fn group(lines: &[u64], records: &[Record]) -> ShardGroup {
        let changes = lines.len() as u64;
        let header = CheckpointHeader::new("run".into(), "ab".into(), changes + 2, changes);
        let kept = JournalBytes::default();
        let mut checkpoint = Checkpoint::on_medium(Path::new("group"), &[], &header, 1, |bytes| {
            *kept.0.lock().unwrap() = bytes;
            kept.clone()
        })
        .unwrap();
        for record in records {
            checkpoint.append_without_waiting(record.clone()).unwrap();
        }
        checkpoint.close().unwrap();
        let journal = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        ShardGroup {
            lines: lines.to_vec(),
            execution: None,
            journal,
            errors: 0,
            doubtful: false,
            open: false,
            sums: ChangeSums::default(),
            is_lost: false,
        }
    }

    const fn fetched(groups: Vec<ShardGroup>) -> FetchedRecords {
        FetchedRecords {
            groups,
            stopped: None,
            abandoned: None,
            ended_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_records_of_all_groups_have_the_lines_of_the_plan() {
        let groups = vec![
            group(
                &[3, 5],
                &[started(2), ended(2), started(3), Record::Resumed { at: 9 }],
            ),
            group(&[8], &[started(2), ended(2), Record::Finished { at: 9 }]),
            ShardGroup {
                journal: String::new(),
                ..group(&[9], &[])
            },
        ];
        let fetched = fetched(groups);
        let records: Result<Vec<_>, _> = fetched.records().collect();
        let expected = [
            started(3),
            ended(3),
            started(5),
            Record::Resumed { at: 9 },
            started(8),
            ended(8),
        ];
        assert_eq!(records.unwrap(), expected);
    }

    #[test]
    fn a_journal_that_is_none_is_an_error_and_not_an_untouched_group() {
        let damaged = ShardGroup {
            journal: "{}\n".into(),
            ..group(&[2], &[])
        };
        let fetched = fetched(vec![damaged]);
        assert!(fetched.records().any(|record| record.is_err()));
    }
}

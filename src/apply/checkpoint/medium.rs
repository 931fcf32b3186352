//! A checkpoint on another medium than a file: the same records, the same rules, and an ack when the medium has them.

use std::{io, path::Path};

use super::{
    error::{CheckpointError, CheckpointStep},
    file::{Checkpoint, Snapshot, bind, io_error, unreadable},
    record::{CheckpointHeader, Record},
    replay::{Replay, Tail, replay, visit},
    scribe::Disk,
    seal::Chain,
    state::CheckpointState,
    writer::CheckpointWriter,
};

impl Checkpoint {
    /// Goes on with the checkpoint in `kept`, or begins one if that is empty. `medium` gets all bytes that it has to hold when it first syncs;
    /// what is written to it follows them. If there are records, the last of these bytes are `resumed`. `name` is for messages.
    ///
    /// # Errors
    ///
    /// If `kept` is damaged or incomplete, belongs to another plan or run, or is finished; or if there is no thread to write.
    pub fn on_medium<D: Disk>(
        name: &Path,
        kept: &[u8],
        expected: &CheckpointHeader,
        now_ms: i64,
        medium: impl FnOnce(Vec<u8>) -> D,
    ) -> Result<Self, CheckpointError> {
        let failed = |source| io_error(CheckpointStep::Write, name, source);
        let (mut state, mut chain, mut bytes) = if kept.is_empty() {
            begin(expected).map_err(failed)?
        } else {
            let Replay {
                header,
                state,
                chain,
                tail,
                ..
            } = replay(kept).map_err(unreadable(name))?;
            bind(name, expected, header)?;
            if let Some(ending) = state.ending() {
                return Err(CheckpointError::Over {
                    ending: ending.word(),
                    path: name.to_owned(),
                });
            }
            if tail != Tail::None {
                return Err(failed(io::Error::other("its last record is incomplete")));
            }
            (state, chain, kept.to_vec())
        };
        bytes.extend(resumed_line(&mut state, &mut chain, now_ms).map_err(failed)?);
        let writer = CheckpointWriter::spawn(vec![medium(bytes)], chain, name).map_err(failed)?;
        Ok(Self { state, writer })
    }

    /// As [`Checkpoint::visit`], for the bytes of a medium.
    ///
    /// # Errors
    ///
    /// If they are damaged.
    pub fn visit_bytes(
        name: &Path,
        bytes: &[u8],
        seen: impl FnMut(&Record),
    ) -> Result<Snapshot, CheckpointError> {
        visit(bytes, seen)
            .map(Snapshot::from)
            .map_err(unreadable(name))
    }
}

/// A checkpoint with its header alone.
fn begin(header: &CheckpointHeader) -> io::Result<(CheckpointState, Chain, Vec<u8>)> {
    let state = CheckpointState::new(header).map_err(io::Error::other)?;
    let (mut chain, mut line) = (Chain::default(), Vec::new());
    chain.seal_header(header, &mut line)?;
    Ok((state, chain, line))
}

/// The first line of a session that goes on with records: changes in flight are in doubt. Empty if there are no records.
pub(super) fn resumed_line(
    state: &mut CheckpointState,
    chain: &mut Chain,
    now_ms: i64,
) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    if chain.records() > 0 {
        let resumed = Record::Resumed { at: now_ms };
        state.next(&resumed).map_err(io::Error::other)?;
        chain.seal_record(&resumed, &mut line)?;
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::checkpoint::{Open, RecordedOutcome};

    /// A medium that has what was synced, or refuses to sync.
    #[derive(Clone, Debug, Default)]
    struct KeptBytes {
        written: Vec<u8>,
        synced: Arc<Mutex<Vec<u8>>>,
        refuses: bool,
    }

    impl Write for KeptBytes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Disk for KeptBytes {
        fn sync_data(&mut self) -> io::Result<()> {
            if self.refuses {
                return Err(io::Error::other("taken over"));
            }
            self.synced.lock().unwrap().clone_from(&self.written);
            Ok(())
        }
    }

    fn header() -> CheckpointHeader {
        CheckpointHeader::new("run".into(), "ab".into(), 4, 2)
    }

    fn open(kept: &[u8], medium: &KeptBytes) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::on_medium(Path::new("group"), kept, &header(), 7, |bytes| KeptBytes {
            written: bytes,
            ..medium.clone()
        })
    }

    const STARTED: Record = Record::Started {
        line: 2,
        attempt: 1,
        at: 5,
    };

    #[tokio::test]
    async fn what_was_acknowledged_is_on_the_medium_and_another_session_finds_it_in_doubt() {
        let medium = KeptBytes::default();
        let mut first = open(&[], &medium).unwrap();
        first.append(STARTED).unwrap().await.unwrap();
        // Its process dies here, with the acknowledged bytes on the medium.
        let kept = medium.synced.lock().unwrap().clone();
        let mut second = open(&kept, &medium).unwrap();
        let doubt = Open {
            attempts: 1,
            doubtful: true,
        };
        assert_eq!(second.state().open(2), Some(doubt));
        assert!(second.state().is_resumed());
        let ended = Record::Ended {
            line: 2,
            outcome: RecordedOutcome::Applied,
            detail: None,
            is_answer: false,
        };
        second.append_without_waiting(ended).unwrap();
        let state = second.close().unwrap();

        let kept = medium.synced.lock().unwrap().clone();
        let mut words = Vec::new();
        let snapshot = Checkpoint::visit_bytes(Path::new("group"), &kept, |record| {
            words.push(record.word());
        });
        assert_eq!(snapshot.unwrap().state, state);
        assert_eq!(words, ["started", "resumed", "ended"]);
    }

    #[tokio::test]
    async fn a_medium_that_does_not_acknowledge_fails_the_intent() {
        let medium = KeptBytes {
            refuses: true,
            ..KeptBytes::default()
        };
        let mut checkpoint = open(&[], &medium).unwrap();
        let failed = checkpoint.append(STARTED).unwrap().await.unwrap_err();
        assert!(failed.to_string().contains("taken over"), "{failed}");
        assert!(checkpoint.failure().is_some());
    }

    #[test]
    fn what_is_damaged_or_of_another_run_is_refused() {
        let medium = KeptBytes::default();
        drop(open(&[], &medium).unwrap());
        let (_, _, bytes) = begin(&header()).unwrap();
        assert!(open(&bytes, &medium).is_ok());
        let other = String::from_utf8(bytes).unwrap().replace("ab", "cd");
        assert!(matches!(
            open(other.as_bytes(), &medium),
            Err(CheckpointError::Damaged { .. })
        ));
        let of_another = CheckpointHeader::new("other".into(), "ab".into(), 4, 2);
        let (_, _, bytes) = begin(&of_another).unwrap();
        assert!(matches!(
            open(&bytes, &medium),
            Err(CheckpointError::OtherRun { .. })
        ));
    }
}

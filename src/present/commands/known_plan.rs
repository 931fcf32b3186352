//! A plan whose lines and digest are known to be right.

use std::{
    fs::File,
    io::{BufReader, Seek as _},
};

use crate::{
    checkpoint,
    plan::{CheckedBlocks, KnownFile, PlanHeader, Recognised, Trailer, recognise},
    report::Summary,
    store::RunId,
};

/// What a run needs to know of its plan, which was checked now, or by the process that made the run.
#[derive(Debug)]
pub(super) struct KnownPlan {
    pub(super) header: PlanHeader,
    pub(super) trailer: Trailer,
    /// The SHA-256 of the file.
    pub(super) sha256: String,
    /// With these the file is read again.
    pub(super) blocks: CheckedBlocks,
    /// Targets that are not as the playbook wants them, and that its actions can't change.
    pub(super) out_of_reach: u64,
    /// The principals of the allowed signer, if the signature was checked.
    pub(super) signed_by: Option<String>,
}

impl KnownPlan {
    /// The plan in `file`, if it has this SHA-256, which was recorded when it was checked. None otherwise: then only a check can tell what is
    /// wrong with it.
    pub(super) fn recognised(mut file: &File, sha256: &str) -> Option<Self> {
        file.rewind().ok()?;
        let mut out_of_reach = 0;
        let known = recognise(BufReader::new(file), sha256, |skip| {
            out_of_reach += u64::from(skip.out_of_reach);
        });
        let Recognised {
            header,
            trailer,
            checked,
        } = known.ok()??;
        Some(Self {
            header,
            trailer,
            sha256: sha256.to_owned(),
            blocks: checked,
            out_of_reach,
            signed_by: None,
        })
    }

    /// The header for the checkpoint of a run of this plan.
    pub(super) fn checkpoint_header(&self, run: RunId) -> checkpoint::CheckpointHeader {
        let Trailer {
            changes,
            skipped,
            rejected,
            ..
        } = self.trailer;
        // Header and trailer count as lines, too.
        let lines = changes + skipped + rejected + 2;
        checkpoint::CheckpointHeader::new(run.to_string(), self.sha256.clone(), lines, changes)
    }

    /// The plan in the file that was read.
    pub(super) fn within<'a>(&'a self, file: &'a File) -> KnownFile<'a> {
        KnownFile {
            file,
            checked: &self.blocks,
        }
    }

    /// The result of a run of this plan, without what becomes of its changes.
    pub(super) fn result(&self) -> Summary {
        Summary {
            signed_by: self.signed_by.clone(),
            ..Summary::of_plan(self.sha256.clone(), &self.trailer, self.out_of_reach)
        }
    }
}

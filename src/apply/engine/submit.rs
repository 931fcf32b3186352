//! Gives a plan to the engine, and follows the run to its end.

use std::{
    io::{BufRead, BufReader, Seek as _},
    ops::Range,
};

use jiff::Timestamp;

use super::{
    error::EngineError,
    fetch::FoundRun,
    link::{ClaimAfter, EngineLink, SubmittedRun},
    records::FetchedRecords,
    run_flow::{BegunRun, RunTask, SubmittedPlan},
    stages::{RunProgress, StageProgress},
    task::{SessionTask, ShardGroup, ShardTask, run_flow_id},
    team::TeamStanding,
    upload::PlanSlices,
};
use crate::{
    plan::{Follows, KnownFile, PlanError},
    store::RunSettings,
};

/// A plan for the engine.
#[derive(Debug)]
pub struct Submission<'a> {
    pub settings: &'a RunSettings,
    pub plan: KnownFile<'a>,
    /// Its changes.
    pub changes: u64,
    /// The run that it undoes, retries or corrects.
    pub follows: Option<Follows>,
    /// Its signature, if one was checked.
    pub signature: Option<String>,
    pub session: SessionTask,
    /// The groups of each stage.
    pub stages: Vec<Range<u64>>,
    /// A second application is intended.
    pub again: bool,
    /// The engine's names of the runs of the plan that were known when it was decided that it may be applied.
    pub known: &'a [String],
}

impl EngineLink {
    /// Uploads the plan, and lets the run begin once all of it is there.
    ///
    /// # Errors
    ///
    /// If the engine has a run of the plan already, or can't take it, or if `interrupted` comes before the run begins. Nothing was sent then,
    /// unless it is [`EngineError::PerhapsBegun`].
    pub async fn submit(
        &self,
        submission: Submission<'_>,
        interrupted: impl Future<Output = ()>,
    ) -> Result<SubmittedRun, EngineError> {
        let Submission {
            settings,
            plan,
            changes,
            follows,
            signature,
            session,
            stages,
            again,
            known,
        } = submission;
        let run = SubmittedRun::of(settings);
        let place = session.place();
        self.start_pace(&place).await?;
        let task = RunTask {
            settings: settings.clone(),
            plan: SubmittedPlan {
                changes,
                follows,
                signature,
            },
            session,
            begun: None,
            before: None,
            abandoned: None,
        };
        // What has ended since then may have applied the plan.
        if !again && let Some(run) = self.unknown_run(&run.plan_sha256, known).await? {
            return Err(EngineError::Submitted { run });
        }
        let after = if again || !known.is_empty() {
            ClaimAfter::AnyRun
        } else {
            ClaimAfter::NoRun
        };
        // First, so that of two submissions at the same time one is refused.
        let execution = self.claim(task, after).await?;
        let workflow = run_flow_id(&run.plan_sha256);
        let uploaded = async {
            let begun = self.upload_all(&run, plan, &place, &stages).await?;
            if !plan.is_unchanged()? {
                return Err(PlanError::Changed.into());
            }
            // Looked for as late as possible, since another run may have been claimed at the same moment.
            if let Some(rival) = self.rival_of(settings, known, again).await? {
                return Err(rival);
            }
            Ok(begun)
        };
        let claimed = (workflow.as_str(), execution.as_str());
        let begun = self.begin_once(claimed, uploaded, interrupted).await;
        match begun {
            Ok(()) => Ok(run),
            Err(error) => {
                if !matches!(error, EngineError::PerhapsBegun { .. }) {
                    self.end_shards(&run, None).await;
                }
                Err(error)
            }
        }
    }

    /// Lets a claimed session begin once its shards are there. If they don't come, or `interrupted` does first, the claim is taken back.
    pub(super) async fn begin_once(
        &self,
        (workflow, execution): (&str, &str),
        uploaded: impl Future<Output = Result<BegunRun, EngineError>>,
        interrupted: impl Future<Output = ()>,
    ) -> Result<(), EngineError> {
        let uploaded = tokio::select! {
            biased;
            () = interrupted => Err(EngineError::Interrupted),
            uploaded = uploaded => uploaded,
        };
        let error = match uploaded {
            // From here on it is not interrupted: it would not be known whether it has begun.
            Ok(begun) => match self.begin(workflow, execution, begun).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            },
            Err(error) => {
                // If the engine can't be reached, the claim ends by itself after a while.
                drop(self.end(workflow, execution).await);
                return Err(error);
            }
        };
        // Only the answer may be lost.
        let perhaps = |error: EngineError| EngineError::PerhapsBegun {
            reason: error.to_string(),
        };
        if (self.has_begun(workflow, execution).await).map_err(perhaps)? {
            return Ok(());
        }
        // What has ended is not begun any more.
        (self.end(workflow, execution).await).map_err(perhaps)?;
        match self.has_begun(workflow, execution).await {
            Ok(false) => Err(error),
            Ok(true) | Err(_) => Err(perhaps(error)),
        }
    }

    async fn upload_all(
        &self,
        run: &SubmittedRun,
        plan: KnownFile<'_>,
        place: &str,
        stages: &[Range<u64>],
    ) -> Result<BegunRun, EngineError> {
        let mut file = plan.file;
        file.rewind().map_err(PlanError::from)?;
        let mut lines = BufReader::new(file);
        let mut header = String::new();
        lines.read_line(&mut header).map_err(PlanError::from)?;
        let starts = stages.iter().map(|stage| stage.start).collect();
        let mut slices = PlanSlices::new(lines, starts);
        let mut progress = RunProgress::default();
        let mut number = 0;
        while let Some(slice) = slices.next_slice()? {
            // A stage ends where the first shard of the next one begins.
            while let Some(stage) = stages.get(progress.stages.len())
                && slice.groups_before >= stage.end
                && !slice.groups.is_empty()
            {
                progress.stages.push(ended_stage(number));
            }
            progress.open.push(number);
            let task = ShardTask {
                run_flow: run_flow_id(&run.plan_sha256),
                number,
                header: header.clone(),
                first_line: slice.first_line,
                text: slice.text,
                groups: slice.groups,
            };
            self.upload(place, &run.run, task).await?;
            number += 1;
        }
        progress
            .stages
            .resize_with(stages.len().max(1), || ended_stage(number));
        Ok(BegunRun {
            shards: number,
            progress,
        })
    }

    /// Waits until the run is finished or has stopped, and fetches what was recorded.
    ///
    /// # Errors
    ///
    /// If somebody has ended it at the engine, or what the engine keeps can't be used.
    pub async fn follow(&self, run: &SubmittedRun) -> Result<FetchedRecords, EngineError> {
        let left = self.result(&run.plan_sha256).await?;
        let flow = (self.describe(&run_flow_id(&run.plan_sha256), "")).await?;
        Ok(FetchedRecords {
            groups: self.stored_groups(&run.run, left.shards).await?,
            stopped: left.progress.stopped,
            abandoned: None,
            ended_at: (flow.and_then(|flow| flow.closed_at)).unwrap_or_else(Timestamp::now),
        })
    }

    /// Fetches what was recorded of a run that is not under way.
    ///
    /// # Errors
    ///
    /// If what the engine keeps can't be used.
    pub async fn fetch(&self, found: &FoundRun) -> Result<FetchedRecords, EngineError> {
        let run = found.settings().run.to_string();
        let (abandoned, ended_at) = match &found.standing {
            TeamStanding::Abandoned(abandoned) => (Some(abandoned.clone()), abandoned.at),
            TeamStanding::Finished { at } => (None, *at),
            TeamStanding::Running | TeamStanding::Stopped(_) | TeamStanding::Cut => {
                (None, Timestamp::now())
            }
        };
        let left = found.left.as_ref();
        let groups = match left {
            Some(left) => self.stored_groups(&run, left.shards).await?,
            None => self.all_groups(&run, found.changes()).await?,
        };
        let stopped = left.and_then(|left| left.progress.stopped.clone());
        Ok(FetchedRecords {
            groups,
            stopped: stopped.filter(|_| abandoned.is_none()),
            abandoned,
            ended_at,
        })
    }

    async fn stored_groups(&self, run: &str, shards: u32) -> Result<Vec<ShardGroup>, EngineError> {
        let mut groups = Vec::new();
        for number in 0..shards {
            groups.extend(self.stored_shard(run, number).await?.groups);
        }
        Ok(groups)
    }

    /// The groups of a run whose workflow can't say how many shards it has.
    async fn all_groups(&self, run: &str, changes: u64) -> Result<Vec<ShardGroup>, EngineError> {
        let mut groups = Vec::new();
        for number in 0.. {
            match self.stored_shard(run, number).await {
                Ok(shard) => groups.extend(shard.groups),
                Err(EngineError::NoShard) => break,
                Err(error) => return Err(error),
            }
        }
        let found: usize = groups.iter().map(|group| group.lines.len()).sum();
        if found as u64 == changes {
            Ok(groups)
        } else {
            Err(EngineError::NoShard)
        }
    }
}

const fn ended_stage(end: u32) -> StageProgress {
    StageProgress {
        end,
        errors: 0,
        known: 0,
    }
}

//! `undo` and `retry`: their run is found, and their plan is made, then written, shown, or applied after a question.

use std::{fs::File, io::BufWriter, path::Path, time::Instant};

use super::{
    backend::Backend,
    launch::{Launch, ReadPlan, launch},
    observers::Observers,
    part_filter::PartFilter,
    past_run::PastRun,
    plan::PlanOutput,
    planning::write_into,
    question::can_ask,
    signals::{self, unless_interrupted},
    team::Team,
};
use crate::{
    cli::{Common, FollowUpArgs},
    error::{Error, ExitCode},
    plan::{CheckedBlocks, FollowUp, Trailer},
    planning::PlanningError,
    report::ToApply,
    selection::ScanProgress,
};

/// A plan after a run, and what is done with it.
#[derive(Debug)]
pub(super) struct FollowUpPlan<'a> {
    common: &'a Common,
    args: &'a FollowUpArgs,
    /// The name of the command.
    command: &'static str,
    observers: &'a Observers,
    output: Option<PlanOutput<'a>>,
    start: Instant,
    pub(super) filter: PartFilter,
    /// The run that it follows.
    pub(super) run: PastRun,
}

impl<'a> FollowUpPlan<'a> {
    /// Checks the arguments and that the plan can be written, and finds the run.
    pub(super) fn new(
        common: &'a Common,
        args: &'a FollowUpArgs,
        command: &'static str,
        observers: &'a Observers,
    ) -> Result<Self, Error> {
        let start = Instant::now();
        let output = &args.output;
        if output.sign.is_some() && output.output.is_none() {
            return Err(Error::usage("--sign signs the plan that -o writes")
                .hint("add -o FILE, or leave --sign out"));
        }
        let output = match &output.output {
            Some(path) => Some(PlanOutput::new(common, path, output.sign.as_deref())?),
            None => None,
        };
        let filter = PartFilter::of(&args.part)?;
        let run = PastRun::find(common, &args.run)?;
        observers.about_plan(&run.plan.header, run.settings.org.as_deref());
        Ok(Self {
            common,
            args,
            command,
            observers,
            output,
            start,
            filter,
            run,
        })
    }

    /// The name of the plan in messages, and a file for it while it is made.
    fn scratch(&self) -> Result<(&Path, File), Error> {
        if let Some(output) = &self.output {
            return Ok((output.path, output.scratch()?));
        }
        let file = tempfile::tempfile()
            .map_err(|error| Error::failed("a temporary file can't be made").caused_by(error))?;
        Ok((Path::new("the plan"), file))
    }

    /// Checks that somebody can be asked, and connects. Then writes the plan that `write` makes, or shows it, or applies it.
    pub(super) async fn conclude(
        &self,
        write: impl AsyncFnOnce(
            &Backend,
            &mut BufWriter<&File>,
            &mut dyn FnMut(ScanProgress),
        ) -> Result<(Trailer, CheckedBlocks), PlanningError>,
    ) -> Result<ExitCode, Error> {
        let Self { common, args, .. } = *self;
        let (pacing, run) = (&args.pacing, &self.run);
        let dry_run = args.output.dry_run;
        if self.output.is_none() && !dry_run {
            can_ask(common, || {
                "add --yes to apply without a review, or --dry-run to review the plan first"
                    .to_owned()
            })?;
        }
        let mut interrupts = signals::watch(common)?;
        let pace = pacing.over(&run.pace());
        let connected = run.connect(common, &pace, pacing.lock_wait());
        let backend = unless_interrupted(&mut interrupts, connected).await?;
        let (path, mut file) = self.scratch()?;
        let planned = write_into(common, &pace, path, &mut file, async |out, progress| {
            write(&backend, out, progress).await
        });
        let mut plan = Box::pin(unless_interrupted(&mut interrupts, planned)).await?;

        plan.max_changes = args.applying.max_changes;
        let pace = pacing.over(&plan.known.header.pace);
        if let Some(output) = &self.output {
            output.write(common, &plan, &pace, &file)?;
            let (summary, exit_code) = plan.planned_only(&backend, self.start, false);
            return self.observers.conclude(common, &summary, exit_code);
        }
        if dry_run {
            let apply = plan.to_apply(common, None, args.applying.again, || {
                let run = run.settings.run.to_string();
                common.invocation.command(self.command, &[&run])
            });
            let closing = apply.closing(ToApply::NOTHING_CHANGED, "To apply: ");
            plan.show(
                common.json,
                &file,
                &pace,
                !pacing.no_recheck,
                None,
                &closing,
            )?;
            let (summary, exit_code) = plan.planned_only(&backend, self.start, false);
            return self.observers.conclude(common, &summary, exit_code);
        }
        // An undo has no playbook.
        let is_undo = plan
            .known
            .header
            .follows
            .is_some_and(|follows| follows.by == FollowUp::Undo);
        let ledger = args.applying.ledger.ledger.as_deref();
        let team = Team::open(common, ledger, &args.at, &plan.known.header.server).await?;
        let launch_args = Launch {
            observers: self.observers,
            start: self.start,
            pacing,
            applying: &args.applying,
            max_age: None,
            approved: None,
            signed: None,
            each: None,
            planned_from: run.settings.planned_from.clone().filter(|_| !is_undo),
            team: &team,
        };
        let source = ReadPlan {
            plan: Box::new(plan),
            file,
        };
        launch(common, launch_args, backend, source, interrupts).await
    }
}

//! The end of `undo` and `retry`: their plan is written, shown, or applied after a question.

use std::{fs::File, path::Path, time::Instant};

use tokio::sync::mpsc;

use super::{
    backend::Backend,
    launch::{Launch, launch},
    observers::Observers,
    overview::Overview,
    plan::PlanOutput,
    question::can_ask,
};
use crate::{
    cli::{Applying, Common, FollowUpOutput, Pacing},
    error::{Error, ExitCode},
    plan::FollowUp,
    report::ToApply,
    store::RunSettings,
};

/// A plan after a run, and what is done with it.
#[derive(Debug)]
pub(super) struct FollowUpPlan<'a> {
    /// The name of the command.
    command: &'static str,
    observers: &'a Observers,
    output: Option<PlanOutput<'a>>,
    dry_run: bool,
    pacing: &'a Pacing,
    applying: &'a Applying,
    start: Instant,
}

impl<'a> FollowUpPlan<'a> {
    /// Checks that the plan can be written, or that somebody can be asked.
    pub(super) fn new(
        common: &Common,
        observers: &'a Observers,
        command: &'static str,
        output: &'a FollowUpOutput,
        pacing: &'a Pacing,
        applying: &'a Applying,
    ) -> Result<Self, Error> {
        let start = Instant::now();
        let dry_run = output.dry_run;
        if output.sign.is_some() && output.output.is_none() {
            return Err(Error::usage("--sign signs the plan that -o writes")
                .hint("add -o FILE, or leave --sign out"));
        }
        let output = match &output.output {
            Some(path) => Some(PlanOutput::new(common, path, output.sign.as_deref())?),
            None => None,
        };
        if output.is_none() && !dry_run {
            can_ask(common, || {
                "add --yes to apply without a review, or --dry-run to review the plan first"
                    .to_owned()
            })?;
        }
        Ok(Self {
            command,
            observers,
            output,
            dry_run,
            pacing,
            applying,
            start,
        })
    }

    /// The name of the plan in messages, and a file for it while it is made.
    pub(super) fn scratch(&self) -> Result<(&Path, File), Error> {
        if let Some(output) = &self.output {
            return Ok((output.path, output.scratch()?));
        }
        let file = tempfile::tempfile()
            .map_err(|error| Error::failed("a temporary file can't be made").caused_by(error))?;
        Ok((Path::new("the plan"), file))
    }

    /// Writes the plan in `file`, or shows it, or applies it. `run` is the run that it follows.
    pub(super) async fn conclude(
        self,
        common: &Common,
        run: &RunSettings,
        mut plan: Overview,
        file: File,
        backend: Backend,
        interrupts: mpsc::UnboundedReceiver<()>,
    ) -> Result<ExitCode, Error> {
        plan.max_changes = self.applying.max_changes;
        let pace = self.pacing.over(&plan.header.pace);
        if let Some(output) = self.output {
            output.write(common, &plan, &pace, &file)?;
            let (summary, exit_code) = plan.planned_only(&backend, self.start, false);
            return self.observers.conclude(common, &summary, exit_code);
        }
        if self.dry_run {
            let apply = plan.to_apply(common, None, self.applying.again, || {
                common
                    .invocation
                    .command(self.command, &[&run.run.to_string()])
            });
            let closing = apply.closing(ToApply::NOTHING_CHANGED, "To apply: ");
            let rechecks = !self.pacing.no_recheck;
            plan.show(common.json, &file, &pace, rechecks, None, &closing)?;
            let (summary, exit_code) = plan.planned_only(&backend, self.start, false);
            return self.observers.conclude(common, &summary, exit_code);
        }
        // An undo has no playbook.
        let is_undo = plan
            .header
            .follows
            .is_some_and(|follows| follows.by == FollowUp::Undo);
        let plan_again = run.planned_from.clone().filter(|_| !is_undo);
        let launch_args = Launch {
            pacing: self.pacing,
            applying: self.applying,
            max_age: None,
            approved: None,
            signed: None,
            each: None,
            planned_from: plan_again,
        };
        launch(
            common,
            launch_args,
            backend,
            file,
            interrupts,
            self.start,
            self.observers,
        )
        .await
    }
}

//! `plan`: selects and plans, and writes the plan to a file.

use std::{fs::File, path::Path, time::Instant};

use super::{
    access::{asked_org, credentials},
    backend::{Server, connect},
    files::load_for_planning,
    observers::print_result,
    output::{Output, OutputContent},
    overview::{Overview, show_each},
    planning::{Moment, plan_into},
    signing::{PlanSigner, remove_signature_of_replaced},
};
use crate::{
    cli::{Common, PlanArgs},
    error::{Error, ExitCode},
    pace::Pace,
    report::ToApply,
    store::Wait,
};

pub(super) async fn plan(common: &Common, args: &PlanArgs) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let output = PlanOutput::new(common, &args.output, args.sign.as_deref())?;
    let moment = Moment::present(args.planning.now);
    let playbook = load_for_planning(common, &args.playbook, &args.planning, moment.now)?;
    let credentials = credentials(common)?;
    let backend = connect(
        common,
        &credentials,
        Server::of(common, &credentials)?,
        asked_org(common, &credentials),
        &playbook.pace,
        common.timeout(),
        Wait::Refuse,
    )
    .await?;

    let mut file = output.scratch()?;
    let overview = plan_into(common, &backend, &playbook, moment, output.path, &mut file).await?;
    output.write(common, &overview, &playbook.pace, &file)?;
    let (summary, exit_code) = overview.planned_only(&backend, start, args.detailed_exitcode);
    print_result(common, &summary, exit_code)?;
    Ok(exit_code)
}

/// Where a plan is written.
#[derive(Debug)]
pub(super) struct PlanOutput<'a> {
    pub(super) path: &'a Path,
    output: Output,
    signer: Option<PlanSigner>,
}

impl<'a> PlanOutput<'a> {
    /// `key` is the private key that signs it.
    pub(super) fn new(common: &Common, path: &'a Path, key: Option<&Path>) -> Result<Self, Error> {
        let output = Output::at(path, OutputContent::Plan)?;
        if common.json && output == Output::Stdout {
            return Err(Error::usage(
                "the plan and the document of --json can't both go to standard output",
            )
            .hint("name a file: -o x.plan; or leave --json out"));
        }
        let signer = key.map(|key| PlanSigner::new(key, path, &output));
        Ok(Self {
            path,
            signer: signer.transpose()?,
            output,
        })
    }

    /// A file for the plan while it is made.
    pub(super) fn scratch(&self) -> Result<File, Error> {
        self.output.scratch(self.path, OutputContent::Plan)
    }

    /// Writes the plan in `file` to its place, with its signature, and shows it and how to apply it.
    pub(super) fn write(
        &self,
        common: &Common,
        overview: &Overview,
        pace: &Pace,
        file: &File,
    ) -> Result<(), Error> {
        let beside = common.json || self.output == Output::Stdout;
        self.write_and_show(common, overview, pace, file, beside)
    }

    /// As [`Self::write`]; `beside`: shown on standard error, since standard output has another document.
    pub(super) fn write_and_show(
        &self,
        common: &Common,
        overview: &Overview,
        pace: &Pace,
        file: &File,
        beside: bool,
    ) -> Result<(), Error> {
        let signature = self.signer.as_ref().map(|signer| signer.sign(file));
        let signature = signature.transpose()?;
        self.output.write(self.path, OutputContent::Plan, file)?;
        match (self.signer.as_ref().zip(signature), &self.output) {
            (Some((signer, signature)), _) => signer.write(&signature)?,
            (None, Output::File(_)) => remove_signature_of_replaced(self.path)?,
            (None, Output::Stdout | Output::Stream(_)) => {}
        }
        // A plan that was written to a pipe has no name.
        let (name, each) = match self.output {
            Output::File(_) => (self.path, Some(show_each(common, self.path))),
            Output::Stdout | Output::Stream(_) => (Path::new("FILE"), None),
        };
        let apply = overview.how_to_apply(common, name);
        let closing = apply.closing(ToApply::NOTHING_CHANGED, "To apply exactly this plan:\n");
        overview.show(beside, file, pace, true, each, &closing)
    }
}

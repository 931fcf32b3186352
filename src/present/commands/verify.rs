//! `verify`: reads what a run has changed once more, and says what is not as the run has left it.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    time::{Duration, Instant},
};

use tokio::time;

use super::{
    backend::Backend,
    overview::overview,
    part_filter::PartFilter,
    past_run::{PastRun, unread},
    plan::PlanOutput,
    retry_hint::PART,
    runs::store_error,
    signals::{self, unless_interrupted},
    status::line_of,
    terminal::{print, print_text, say, width_of_stderr},
    undo::applied,
    wrong_input::find_run,
};
use crate::{
    cli::{Common, Verify},
    error::{Error, ExitCode},
    plan::{Change, FollowUp, Item, PlanWriter, reconciling, verify as compare},
    report::{ScanReporter, Verification},
    results::ChangeResult,
    store::Wait,
    target::Execution,
};

pub(super) async fn verify(common: &Common, args: &Verify) -> Result<ExitCode, Error> {
    let output = args.reconcile.as_deref();
    let output = output
        .map(|path| PlanOutput::new(common, path, None))
        .transpose()?;
    let filter = PartFilter::of(&args.part)?;
    let run = PastRun::find(common, &args.run)?;
    let mut interrupts = signals::watch(common)?;
    let wait = async {
        if let Some(after) = args.after {
            say(|out| writeln!(out, "waiting for {after:#} before the first read"));
            time::sleep(Duration::try_from(after).unwrap_or_default()).await;
        }
        run.connect(common, &run.pace(), Wait::Refuse).await
    };
    let backend = unless_interrupted(&mut interrupts, wait).await?;
    let scratch = output.as_ref().map(PlanOutput::scratch).transpose()?;
    let work = read(common, &backend, &run, filter, scratch.as_ref());
    let mut verification = unless_interrupted(&mut interrupts, work).await?;
    let folder = find_run(common, &run.settings.run.to_string())?;
    let line = line_of(common, &folder).map_err(store_error)?;
    verification.of_run(&line, &common.invocation.without(&PART));

    if let (Some(output), Some(mut file)) = (output, scratch) {
        let overview = overview(&common.invocation, output.path, &mut file)?;
        output.write_and_show(common, &overview, &run.pace(), &file, true)?;
    }
    let exit_code = verification.exit_code();
    if common.json {
        print(|out| verification.write_json(out))?;
        return Ok(exit_code);
    }
    let id = run.settings.run.to_string();
    let reconcile = || {
        let arguments = [&*id, "--reconcile", "FILE"];
        common.invocation.command("verify", &arguments)
    };
    print_text(|out| {
        verification.write_text(&common.invocation, out)?;
        verification.write_not_made(out)?;
        if verification.has_running() && args.reconcile.is_none() {
            writeln!(
                out,
                "a task may still wait for an automation that has ended; to plan its correction: {}",
                reconcile()
            )?;
        }
        Ok(())
    })?;
    Ok(exit_code)
}

/// Reads each execution that the run has changed. `reconcile`: the file for a plan that corrects tasks from their automations.
async fn read(
    common: &Common,
    backend: &Backend,
    run: &PastRun,
    filter: PartFilter,
    reconcile: Option<&File>,
) -> Result<Verification, Error> {
    let spool = |error: io::Error| Error::failed("a temporary file can't be used").caused_by(error);
    let mut verification = Verification::new(run.settings.run.to_string()).map_err(spool)?;
    let (executions, misses) = run.survey(&filter, |filter, group| {
        for ChangeResult { change, outcome } in &group {
            if filter.names(&change.group, change.target.id.as_ref()) {
                verification.not_applied(*outcome);
            }
        }
        !filter.applied(group).is_empty()
    })?;
    for miss in misses {
        say(|out| writeln!(out, "note: {miss}"));
    }
    let followed = run.followed(executions, Vec::new());
    let origin = run.origin(backend);
    let mut plan = reconcile
        .map(|file| {
            PlanWriter::new(
                BufWriter::new(file),
                &followed.header(FollowUp::Reconcile, &origin),
            )
        })
        .transpose()
        .map_err(unread)?;
    let take = |changes: &[Change], execution: Option<Execution>| {
        let data = execution.as_ref().map(|execution| &*execution.data);
        let findings = compare(data, changes).map_err(io::Error::other)?;
        for (change, finding) in changes.iter().zip(&findings) {
            verification.add(change, finding)?;
        }
        if let (Some(plan), Some(data)) = (&mut plan, data) {
            for change in reconciling(changes, &findings, data).map_err(io::Error::other)? {
                plan.item(&Item::Change(Box::new(change)))?;
            }
        }
        Ok(())
    };
    let mut reporter = ScanReporter::stderr(
        common.quiet,
        followed.pace.rate.per_second(),
        Instant::now(),
        width_of_stderr,
    );
    let groups = applied(run, filter)?;
    let progress = |progress| reporter.progress(Instant::now(), progress);
    let org = origin.org.as_deref();
    let read = followed
        .read_each(&backend.client, org, groups, progress, take)
        .await;
    reporter.finish();
    let reads =
        read.map_err(|error| Error::failed("the run can't be verified").caused_by(error))?;
    if let Some(plan) = plan {
        let (mut out, ..) = plan.finish(reads.executions).map_err(unread)?;
        out.flush().map_err(spool)?;
    }
    Ok(verification)
}

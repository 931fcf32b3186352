//! `retry`: plans what a run has left undone, on exactly its targets, shows the plan, asks, and applies it.

use std::{fs, path::Path};

use super::{
    files::load_with,
    follow_up::FollowUpPlan,
    lineage::Lineage,
    observers::Observers,
    other_follow_ups::OtherFollowUps,
    part_filter::PartFilter,
    past_run::PastRun,
    retry_hint::{PART, playbook_of},
    runs::readable,
    status::waits_for_an_answer,
};
use crate::{
    cli::{Common, RetryArgs},
    error::{Error, ExitCode},
    invocation::path_argument,
    outcome::Outcome,
    plan::{FollowUp, Follows, PlanError},
    planning::{PlanOrigin, Remaining, not_yet_made, plan_retry},
    playbook::{Overrides, Playbook},
    results::ChangeResult,
    store::{RunFolder, RunId, RunListing, StateDir},
    text::{count, shown_path},
};

pub(super) async fn retry(
    common: &Common,
    args: &RetryArgs,
    observers: &Observers,
) -> Result<ExitCode, Error> {
    let follow_up = FollowUpPlan::new(common, &args.follow_up, "retry", observers)?;
    let run = &follow_up.run;
    refuse_other_kinds(common, run)?;
    let listing = readable(&StateDir::new(common.state_dir.clone()))?;
    let lineage = Lineage::of(&listing);
    refuse_unfinished(common, run, &lineage)?;
    let others =
        OtherFollowUps::retries(&listing, &lineage, run.settings.run).map_err(|cause| {
            Error::failed("a retry of the run can't be read, and may have made what is left")
                .caused_by(cause)
        })?;
    if !args.follow_up.applying.again {
        refuse_retried(common, run, &listing, &lineage, &others)?;
    }
    let playbook = playbook(common, args, run)?;
    let left = |filter: &mut PartFilter, group| remaining(group, filter, &others, &playbook);
    let (executions, misses) = run.survey(&follow_up.filter, |filter, group| {
        left(filter, group).is_some_and(|remaining| !remaining.left.is_empty())
    })?;
    let followed = run.followed(executions, [notes(run), misses].concat());
    let mut filter = follow_up.filter.clone();
    let groups = run.results()?.filter_map(|group| match group {
        Ok(group) => left(&mut filter, group).map(Ok),
        Err(error) => Some(Err::<_, PlanError>(error)),
    });
    let plan = follow_up.conclude(async |backend, out, progress| {
        let origin = PlanOrigin {
            // The values of the changes that were made count from this moment.
            now: run.plan.header.now,
            ..run.origin(backend)
        };
        let client = &backend.client;
        plan_retry(client, &playbook, &followed, &origin, groups, out, progress).await
    });
    Box::pin(plan).await
}

/// An undo is made again from the run that it undoes, and a correction from the run that it corrects.
fn refuse_other_kinds(common: &Common, run: &PastRun) -> Result<(), Error> {
    let Some(Follows { run: parent, by }) = &run.plan.header.follows else {
        return Ok(());
    };
    let parent = parent.to_string();
    let command = |name, words: &[&str]| common.invocation.command(name, words);
    let (what, command) = match by {
        FollowUp::Retry => return Ok(()),
        FollowUp::Undo => ("an undo", command("undo", &[&parent])),
        FollowUp::Reconcile => (
            "a correction of tasks",
            command("verify", &[&parent, "--reconcile", "FILE"]),
        ),
    };
    Err(
        Error::failed(format!("run {} is {what}", run.settings.run)).hint(format!(
            "make it again; what it has done already is left out: {command}"
        )),
    )
}

/// A run that can be resumed makes its remaining changes itself.
fn refuse_unfinished(common: &Common, run: &PastRun, lineage: &Lineage) -> Result<(), Error> {
    if run.state.ending().is_some() {
        return Ok(());
    }
    let id = run.settings.run.to_string();
    let command = |name: &str| common.invocation.command(name, &[&id]);
    let abandon = format!("abandon it, and then retry: {}", command("abandon"));
    if let Some(undo) = lineage.undone_by(run.settings.run) {
        return Err(Error::failed(format!(
            "run {id} has not ended, and was undone by run {}",
            undo.run
        ))
        .hint(abandon));
    }
    let error = Error::failed(format!("run {id} has not ended"));
    let resume = format!("resume it: {}", command("resume"));
    let doubts = run.state.counts().get(Outcome::InDoubt);
    if doubts == 0 {
        return Err(error.hint(resume).hint(format!("or {abandon}")));
    }
    let changes = count(doubts, "change", "changes");
    let error = if waits_for_an_answer(&run.folder, &run.state).unwrap_or(false) {
        let answer = common
            .invocation
            .command("resume", &[&id, "--in-doubt", "FILE"]);
        error
            .hint(format!(
                "what is left of it is in doubt; answer the {changes}: {answer}"
            ))
            .hint(format!(
                "what FILE is, and the other answers: {}",
                command("status")
            ))
    } else {
        error.hint(resume)
    };
    Err(error.hint(format!(
        "or abandon it, and then retry what is not in doubt; the {changes} in doubt can't be answered any more: {}",
        command("abandon")
    )))
}

/// What a run left undone, a retry of it has tried: its own remaining changes are what is left, if there are some.
fn refuse_retried(
    common: &Common,
    run: &PastRun,
    listing: &RunListing,
    lineage: &Lineage,
    others: &OtherFollowUps,
) -> Result<(), Error> {
    let Some(retry) = lineage.newest(run.settings.run, FollowUp::Retry) else {
        return Ok(());
    };
    let id = run.settings.run.to_string();
    let invocation = common.invocation.without(&PART);
    let command = |words: &[&str]| invocation.command("retry", words);
    let unread = |cause| Error::failed("what is left of a retry can't be read").caused_by(cause);
    let mut hints = Vec::new();
    for folder in last_retries(listing, lineage, run.settings.run) {
        let of_retry = OtherFollowUps::retries(listing, lineage, folder.id()).map_err(unread)?;
        if of_retry.left_of(folder).map_err(unread)?.is_any_to_make {
            let retry = folder.id().to_string();
            hints.push(format!(
                "for what is left of run {retry}: {}",
                command(&[&retry])
            ));
        }
    }
    let left = others.left_of(&run.folder).map_err(unread)?;
    if left.is_any_to_make {
        let again = command(&[&id, "--again"]);
        hints.push(format!("for what no retry has made: {again}"));
    }
    let error = format!("run {id} was retried by run {retry}");
    if hints.is_empty() {
        let retries = lineage.retries_of(run.settings.run);
        let made = match retries.as_slice() {
            [retry] => format!("its retry {retry} has made all of it"),
            _ => "its retries have made all of it".to_owned(),
        };
        let doubts = run.state.counts().get(Outcome::InDoubt) > 0 || others.is_any_in_doubt();
        let except = if doubts { " that is not in doubt" } else { "" };
        hints.push(format!("{made}{except}"));
        hints.extend(retries.into_iter().filter_map(|retry| {
            let undo = lineage.undone_by(retry)?.run.to_string();
            let undo_again = invocation.command("undo", &[&undo]);
            Some(format!(
                "run {retry} was undone by run {undo}; to undo that: {undo_again}"
            ))
        }));
    }
    Err(hints.into_iter().fold(Error::failed(error), Error::hint))
}
/// The retries of a run that were not retried themselves.
fn last_retries<'a>(
    listing: &'a RunListing,
    lineage: &Lineage,
    run: RunId,
) -> impl Iterator<Item = &'a RunFolder> {
    let mut retries = lineage.retries_of(run);
    retries.retain(|retry| lineage.newest(*retry, FollowUp::Retry).is_none());
    let folders = listing.runs.iter().map(|listed| &listed.folder);
    folders.filter(move |folder| retries.contains(&folder.id()))
}

/// The playbook of the run, with its variables.
fn playbook(common: &Common, args: &RetryArgs, run: &PastRun) -> Result<Playbook, Error> {
    let header = &run.plan.header;
    let known = run.settings.planned_from.as_ref().and_then(playbook_of);
    let path = match (&args.playbook, known) {
        (Some(path), _) => path.clone(),
        (None, Some(known)) if never_blocks(&known) => known,
        (None, Some(known)) => {
            return Err(Error::usage(format!(
                "the playbook of the run, {}, is not a regular file",
                shown_path(&known)
            ))
            .hint("name the playbook with --playbook"));
        }
        (None, None) => {
            let id = run.settings.run.to_string();
            let command = [&*id, "--playbook", "PLAYBOOK"];
            let command = common.invocation.command("retry", &command);
            return Err(Error::usage("the run does not say where its playbook is")
                .hint(format!("name the playbook: {command}")));
        }
    };
    let vars = header.vars.iter().map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    let vars: Overrides = vars.collect();
    let playbook = load_with(
        &common.invocation,
        &path,
        &vars,
        &args.allow_files,
        header.now,
    )?;
    if playbook.sha256 != header.playbook.sha256 {
        return Err(Error::failed(format!(
            "{} is not the playbook of the run: it has changed since, or is another one",
            shown_path(&path)
        ))
        .hint("name the file as it was then: --playbook FILE")
        .hint(format!(
            "or plan with the playbook as it is now: {}",
            common.invocation.command("run", &[&path_argument(&path)])
        )));
    }
    Ok(playbook)
}

/// What is left of the part of one execution, and what another retry has made of it; none if nothing is.
fn remaining(
    group: Vec<ChangeResult>,
    filter: &mut PartFilter,
    others: &OtherFollowUps,
    playbook: &Playbook,
) -> Option<Remaining> {
    let mut remaining = Remaining::default();
    for ChangeResult { change, outcome } in group {
        match outcome {
            Outcome::Applied | Outcome::AlreadyDone => remaining.made.push(change),
            Outcome::InDoubt => remaining.in_doubt.push(change),
            Outcome::Drifted | Outcome::Refused | Outcome::Failed | Outcome::NotAttempted => {
                remaining.left.push(change);
            }
            Outcome::Gone => {}
        }
    }
    let tried = match remaining.left.first() {
        Some(first) => others.in_execution(&first.target.execution),
        None => return None,
    };
    let (open, mut settled) = not_yet_made(remaining.left, tried, playbook);
    settled.retain(|skip| filter.names(&skip.target.execution, skip.target.id.as_ref()));
    remaining.left = filter.keep(open);
    remaining.settled = settled;
    (!remaining.left.is_empty() || !remaining.settled.is_empty()).then_some(remaining)
}

/// What a reader of the plan should know of the run.
fn notes(run: &PastRun) -> Vec<String> {
    let doubts = run.state.counts().get(Outcome::InDoubt);
    let in_doubt = (doubts > 0).then(|| {
        format!(
            "{} of run {} {are} in doubt and {are} not planned again",
            count(doubts, "change", "changes"),
            run.settings.run,
            are = if doubts == 1 { "is" } else { "are" },
        )
    });
    in_doubt.into_iter().collect()
}

/// Whether a playbook that a run names may be opened: a FIFO would block the command for ever.
fn never_blocks(playbook: &Path) -> bool {
    let is_special = |found: &fs::Metadata| !found.is_file() && !found.is_dir();
    !fs::metadata(playbook).is_ok_and(|found| is_special(&found))
}

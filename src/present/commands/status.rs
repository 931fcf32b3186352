//! `status`: shows the runs in the state folder, their results and their remaining changes.

use std::path::Path;

use jiff::tz::TimeZone;

use super::{
    check_history::check_history,
    doubt_answers::say_aside,
    earlier::are_data_gone,
    files::{open_plan, read_plan},
    lineage::Lineage,
    retry_hint::{EndedRun, flags_to_say_again},
    runs::{LastRun, find_run_or_last, store_error, unreadable},
    signing::beside,
    terminal::{STYLES, print, print_text, with_causes},
    watch::watch,
    wrong_input::find_run,
};
use crate::{
    checkpoint::{Checkpoint, CheckpointState, Outstanding},
    cli::{Common, Status},
    error::{Error, ExitCode},
    invocation::Invocation,
    outcome::Outcome,
    plan::{PlanHeader, Repeat},
    report::{
        OutcomeGroups, RunLine, UnreadableRun, problem_groups, write_no_runs, write_run_json,
        write_runs, write_runs_json,
    },
    run::{GroupStream, PlannedChange},
    store::{RunFolder, RunListing, RunSettings, StateDir, StoreError, Wait},
    text::Untrusted,
};

pub(super) fn status(common: &Common, args: &Status) -> Result<ExitCode, Error> {
    if args.check {
        return check_history(common, args.expect.as_deref());
    }
    let state_dir = StateDir::new(common.state_dir.clone());
    if args.watch {
        let one = args.run.as_deref().map(|prefix| find_run(common, prefix));
        let one = one.transpose()?;
        watch(common, || look(&state_dir, one.as_ref()))?;
    }
    let mut lines = Vec::new();
    let mut unread = Vec::new();
    let mut no_runs = Vec::new();
    if args.run.is_none() && !args.last {
        let listing = state_dir.list().map_err(store_error)?;
        no_runs = (state_dir.history().newest_without_run()).map_err(store_error)?;
        let lineage = Lineage::of(&listing);
        for run in &listing.runs {
            match line(&state_dir, &lineage, &run.folder, run.settings.clone()) {
                Ok(line) => lines.push(RunLine {
                    to_try_the_rest: to_try_the_rest(
                        common,
                        &run.folder,
                        &line,
                        &lineage,
                        &listing,
                    ),
                    ..line
                }),
                Err(error) => {
                    unreadable(run.folder.path(), Some(&error));
                    unread.push(unread_run(run.folder.path(), &error));
                }
            }
        }
        for run in &listing.unreadable {
            unreadable(&run.path, run.error.as_ref());
            let error = run.error.as_ref();
            unread.extend(error.map(|error| unread_run(&run.path, error)));
        }
    } else if let Some(folder) = find_run_or_last(common, args.run.as_deref(), LastRun::Shown)? {
        let settings = folder.settings().map_err(store_error)?;
        let listing = state_dir.list().map_err(store_error)?;
        let lineage = Lineage::of(&listing);
        let line = line(&state_dir, &lineage, &folder, settings).map_err(store_error)?;
        return show_one(common, &folder, &line, &lineage, &listing);
    } else if !common.json {
        // There is none, and that is said.
        return Ok(ExitCode::Done);
    }
    if common.json {
        print(|out| write_runs_json(&lines, &unread, &no_runs, out))?;
    } else if unread.is_empty() || !lines.is_empty() {
        print_runs(common, &lines)?;
    }
    if !common.json {
        print_text(|out| write_no_runs(&no_runs, &TimeZone::system(), out, STYLES))?;
    }
    Ok(ExitCode::Done)
}

pub(super) fn print_runs(common: &Common, lines: &[RunLine]) -> Result<(), Error> {
    print_text(|out| write_runs(lines, &common.invocation, &TimeZone::system(), out, STYLES))
}

/// The runs that are watched; what can't be read is told when that is over.
fn look(state_dir: &StateDir, one: Option<&RunFolder>) -> Result<Vec<RunLine>, Error> {
    let mut lines = Vec::new();
    let listing = state_dir.list().map_err(store_error)?;
    let lineage = Lineage::of(&listing);
    for run in listing.runs {
        if one.is_none_or(|one| one.id() == run.folder.id()) {
            lines.extend(line(state_dir, &lineage, &run.folder, run.settings));
        }
    }
    Ok(lines)
}

/// One run, with its changes that need attention and how to plan them again.
fn show_one(
    common: &Common,
    folder: &RunFolder,
    line: &RunLine,
    lineage: &Lineage,
    listing: &RunListing,
) -> Result<ExitCode, Error> {
    if common.json {
        let groups = groups(folder, line)?;
        print(|out| write_run_json(line, groups, out))?;
        return Ok(ExitCode::Done);
    }
    let show = || print_runs(common, std::slice::from_ref(line));
    // While it runs, most of what has no end yet is on its way.
    if line.is_running() {
        show()?;
        return Ok(ExitCode::Done);
    }
    // May write the files that the next steps name.
    let groups = groups(folder, line);
    show()?;
    let groups = groups?;
    let results = folder.results_csv();
    let whole = results.exists().then_some(results.as_path());
    let the_rest = to_try_the_rest(common, folder, line, lineage, listing);
    print_text(|out| {
        groups.write_text(out, whole)?;
        match &the_rest {
            Some(sentence) => writeln!(out, "{}", Untrusted(sentence).terminal()),
            None => Ok(()),
        }
    })?;
    Ok(ExitCode::Done)
}

/// A run, with how to plan its remaining changes again.
pub(super) fn line_of(common: &Common, folder: &RunFolder) -> Result<RunLine, StoreError> {
    let state_dir = StateDir::new(common.state_dir.clone());
    let listing = state_dir.list()?;
    let lineage = Lineage::of(&listing);
    let line = line(&state_dir, &lineage, folder, folder.settings()?)?;
    Ok(RunLine {
        to_try_the_rest: to_try_the_rest(common, folder, &line, &lineage, &listing),
        ..line
    })
}

/// A run according to its checkpoint.
pub(super) fn line(
    state_dir: &StateDir,
    lineage: &Lineage,
    folder: &RunFolder,
    settings: RunSettings,
) -> Result<RunLine, StoreError> {
    // Checked first: if the process ends meanwhile, it has written its last record.
    let is_worked_on = folder.is_worked_on()?;
    let snapshot = Checkpoint::read(&folder.checkpoint())?;
    let header = folder.plan_header()?;
    Ok(RunLine {
        followed_by: lineage.of_run(settings.run).collect(),
        undone: lineage.known_undone(settings.run),
        is_worked_on,
        waits_for_an_answer: waits_for_an_answer(folder, &snapshot.state).unwrap_or(false),
        counts: snapshot.state.counts(),
        ending: snapshot.state.ending().cloned(),
        is_without_data: are_data_gone(state_dir, &settings),
        to_try_the_rest: None,
        flags_to_resume: flags_to_resume(folder, &header, &settings),
        follows: header.follows,
        settings,
        folder: folder.path().to_owned(),
    })
}

/// What a session has to be told, also whose signatures count, if the run was begun with a signed plan.
fn flags_to_resume(folder: &RunFolder, header: &PlanHeader, settings: &RunSettings) -> Vec<String> {
    let mut flags = flags_to_say_again(header, settings);
    if beside(&folder.plan()).exists() {
        flags.extend(["--allowed-signers", "FILE"].map(str::to_owned));
    }
    flags
}

/// Whether all that is left is in doubt, and no read can decide it. None if there is no plan that can be read.
pub(super) fn waits_for_an_answer(folder: &RunFolder, state: &CheckpointState) -> Option<bool> {
    let counts = state.counts();
    if counts.get(Outcome::InDoubt) == 0
        || counts.get(Outcome::NotAttempted) > 0
        || state.ending().is_some()
    {
        return Some(false);
    }
    let file = open_plan(&Invocation::default(), &folder.plan()).ok()?;
    let mut groups = GroupStream::new(read_plan(&file).ok()?);
    while let Some(group) = groups.next_group().ok()? {
        let resume_goes_on = |planned: &PlannedChange| match state.outstanding(planned.line) {
            Outstanding::Ended(_) => false,
            Outstanding::Send { .. }
            | Outstanding::Resolve {
                may_repeat: true, ..
            } => true,
            Outstanding::Resolve {
                may_repeat: false, ..
            } => {
                planned.change.repeat == Repeat::Safe
                    || planned.can_be_read_back()
                    || state.answer(planned.line).is_some()
            }
        };
        if group.changes.iter().any(resume_goes_on) {
            return Some(false);
        }
    }
    Some(true)
}

fn unread_run(folder: &Path, error: &StoreError) -> UnreadableRun {
    UnreadableRun {
        folder: folder.to_owned(),
        reason: with_causes(error),
    }
}

/// How to plan the remaining changes of an ended run again; none if its files can't be read.
fn to_try_the_rest(
    common: &Common,
    folder: &RunFolder,
    line: &RunLine,
    lineage: &Lineage,
    listing: &RunListing,
) -> Option<String> {
    line.ending.as_ref()?;
    let ended = EndedRun {
        failed: &folder.failed(),
        settings: &line.settings,
        counts: &line.counts,
        header: &folder.plan_header().ok()?,
        lineage,
        listing,
    };
    ended.to_try_the_rest(common)
}

/// The changes of a run that need attention. If the process of the run died before it wrote the files with all changes, they are written now.
fn groups(folder: &RunFolder, line: &RunLine) -> Result<OutcomeGroups, Error> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::failed("the run's plan can't be used").caused_by(error)
    };
    let file = open_plan(&Invocation::default(), &folder.plan())?;
    let grouped = |renew| {
        let plan = read_plan(&file)?;
        problem_groups(folder, &line.counts, line.ending.as_ref(), plan, renew)
    };
    if !line.is_worked_on && folder.are_lists_behind() {
        // If a process takes the run up now, that one writes them. Where they can't be written, the run can still be shown.
        if let Ok(_lock) = folder.lock(Wait::Refuse)
            && let Ok((groups, aside)) = grouped(true)
        {
            say_aside(aside.as_deref());
            return Ok(groups);
        }
    }
    let (groups, _) = grouped(false).map_err(|error| failed(error.into()))?;
    Ok(groups)
}

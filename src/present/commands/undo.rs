//! `undo`: plans what brings back the values before a run, shows the plan, asks, and applies it.

use std::{collections::BTreeSet, fs::File, path::Path, time::Instant};

use super::{
    access::{asked_org, credentials},
    admit::wait_for_sandbox,
    backend::{Backend, Server, connect},
    earlier::are_data_gone,
    files::part_lists,
    launch::{Launch, launch},
    overview::Overview,
    past_run::PastRun,
    plan::PlanOutput,
    planning::{Moment, origin, write_into},
    question::can_ask,
    session,
    signals::{self, unless_interrupted},
};
use crate::{
    api::Id,
    cli::{Common, Part, UndoArgs},
    credentials::Credentials,
    error::{Error, ExitCode},
    outcome::Outcome,
    plan::{Change, PlanError},
    planning::{PlanOrigin, UndoneRun, plan_undo},
    playbook::IdList,
    report::ToApply,
    results::ChangeResult,
    store::StateDir,
    text::{count, thousands},
};

pub(super) async fn undo(common: &Common, args: &UndoArgs) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let output = args.output.as_deref();
    let output = output
        .map(|path| PlanOutput::new(common, path, args.sign.as_deref()))
        .transpose()?;
    if output.is_none() && !args.dry_run {
        can_ask(common, || {
            "add --yes to undo without a review, or --dry-run to review the plan first".to_owned()
        })?;
    }
    let filter = PartFilter::of(&args.part)?;
    let run = PastRun::find(common, args.run.as_deref())?;
    let id = run.settings.run.to_string();
    if are_data_gone(&StateDir::new(common.state_dir.clone()), &run.settings) {
        return Err(Error::failed(format!(
            "run {id} worked on sandbox data that were thrown away since (sandbox reset)"
        ))
        .hint("there is nothing left to undo"));
    }
    let server = session::server(common, &run.plan.header)?;
    let credentials = match &server {
        Server::Sandbox => Credentials::default(),
        Server::At(_) => credentials(common)?,
    };
    let asked = asked_org(common, &credentials);
    let org = session::organisation(&run.settings, &run.plan.header, asked)?;
    let pace = args.pacing.over(&run.plan.header.pace);
    let mut interrupts = signals::watch(common)?;
    let connected = async {
        let wait = args.pacing.lock_wait();
        wait_for_sandbox(common, &server, wait).await?;
        let timeout = common.timeout();
        connect(
            common,
            &credentials,
            server.clone(),
            org.as_deref(),
            &pace,
            timeout,
            wait,
        )
        .await
    };
    let backend = unless_interrupted(&mut interrupts, connected).await?;
    let (path, mut file) = match &output {
        Some(output) => (output.path, output.scratch()?),
        None => (
            Path::new("the plan"),
            tempfile::tempfile().map_err(|error| {
                Error::failed("a temporary file can't be made").caused_by(error)
            })?,
        ),
    };
    let planned = plan_into(common, &backend, &run, filter, path, &mut file);
    let mut overview = unless_interrupted(&mut interrupts, planned).await?;
    overview.max_changes = args.applying.max_changes;

    if let Some(output) = output {
        output.write(common, &overview, &pace, &file)?;
        return overview.planned_only(common, &backend, start, false);
    }
    if args.dry_run {
        let apply = overview.to_apply(common, None, args.applying.again, || {
            common.invocation.command("undo", &[&id])
        });
        let closing = apply.closing(ToApply::NOTHING_CHANGED, "To apply: ");
        let rechecks = !args.pacing.no_recheck;
        overview.show(common.json, &file, &pace, rechecks, None, &closing)?;
        return overview.planned_only(common, &backend, start, false);
    }
    let launch_args = Launch {
        pacing: &args.pacing,
        applying: &args.applying,
        max_age: None,
        approved: None,
        signed: None,
        each: None,
        planned_from: None,
    };
    launch(common, launch_args, backend, file, interrupts, start).await
}

/// Writes the plan that undoes the part of a run to `file`, and reads it back.
async fn plan_into(
    common: &Common,
    backend: &Backend,
    run: &PastRun,
    filter: PartFilter,
    path: &Path,
    file: &mut File,
) -> Result<Overview, Error> {
    let unread =
        |error: PlanError| Error::failed("the run's plan can't be read again").caused_by(error);
    let mut counting = filter.clone();
    let mut executions = 0;
    for group in run.results()? {
        executions += u64::from(!counting.applied(group.map_err(unread)?).is_empty());
    }
    let header = &run.plan.header;
    let undone = UndoneRun {
        run: run.settings.run.to_string(),
        plan: header,
        plan_sha256: run.plan.sha256.clone(),
        executions,
        notes: [notes(run), counting.misses()].concat(),
    };
    let mut filter = filter;
    let applied = run.results()?.filter_map(move |group| match group {
        Ok(group) => Some(filter.applied(group))
            .filter(|group| !group.is_empty())
            .map(Ok),
        Err(error) => Some(Err(error)),
    });
    let origin = PlanOrigin {
        // A run whose plan names no organisation has that of its requests.
        org: header.org.clone().or_else(|| run.settings.org.clone()),
        ..origin(backend, Moment::present(None))
    };
    write_into(common, &header.pace, path, file, async |out, progress| {
        plan_undo(&backend.client, &undone, &origin, applied, out, progress).await
    })
    .await
}

/// What a reader of the plan should know of the run.
fn notes(run: &PastRun) -> Vec<String> {
    let id = run.settings.run;
    let counts = run.state.counts();
    let doubts = counts.get(Outcome::InDoubt);
    let in_doubt = (doubts > 0).then(|| {
        let them = count(doubts, "change", "changes");
        format!("{them} of run {id} in doubt: it is unknown whether there is something to undo, so they are left as they are")
    });
    let left = run.state.left();
    let unfinished = (run.state.ending().is_none() && left > 0).then(|| {
        format!(
            "run {id} is not finished: its {} may still be made, by `resume`",
            count(left, "remaining change", "remaining changes")
        )
    });
    in_doubt.into_iter().chain(unfinished).collect()
}

/// The part of a run that is undone: `--only`, `--exclude`, `--limit`.
#[derive(Clone, Debug)]
struct PartFilter {
    exclude: Vec<IdList>,
    /// None if all changes are meant.
    only: Option<Vec<IdList>>,
    /// How many more targets.
    left: u64,
    /// The ids of `only` that were met.
    seen: BTreeSet<Id>,
}

impl PartFilter {
    fn of(part: &Part) -> Result<Self, Error> {
        let (exclude, only) = part_lists(part)?;
        Ok(Self {
            exclude,
            only: (!only.is_empty()).then_some(only),
            left: part.limit.unwrap_or(u64::MAX),
            seen: BTreeSet::new(),
        })
    }

    /// The changes of one execution that were applied and are in the part.
    fn applied(&mut self, group: Vec<ChangeResult>) -> Vec<Change> {
        let mut applied: Vec<Change> = Vec::new();
        for ChangeResult { change, outcome } in group {
            if outcome != Outcome::Applied || !self.has(&change) {
                continue;
            }
            if applied
                .last()
                .is_none_or(|last| last.target != change.target)
            {
                if self.left == 0 {
                    break;
                }
                self.left -= 1;
            }
            applied.push(change);
        }
        applied
    }

    fn has(&mut self, change: &Change) -> bool {
        let ids = || {
            [Some(&change.group), change.target.id.as_ref()]
                .into_iter()
                .flatten()
        };
        let named = |list: &IdList| ids().any(|id| list.ids.contains(id));
        self.seen.extend(
            ids()
                .filter(|id| {
                    self.only
                        .iter()
                        .flatten()
                        .any(|list| list.ids.contains(*id))
                })
                .cloned(),
        );
        self.only.as_ref().is_none_or(|only| only.iter().any(named))
            && !self.exclude.iter().any(named)
    }

    /// The ids of `--only` of which the run has applied nothing.
    fn misses(&self) -> Vec<String> {
        let miss = |list: &IdList| {
            let missed: Vec<&str> = list.ids.difference(&self.seen).map(Id::as_str).collect();
            let first = missed.first()?;
            Some(format!(
                "{}: the run applied nothing to {} of {} ({first}{})",
                list.origin,
                thousands(missed.len() as u64),
                count(list.ids.len() as u64, "id", "ids"),
                if missed.len() > 1 { ", …" } else { "" }
            ))
        };
        self.only.iter().flatten().filter_map(miss).collect()
    }
}

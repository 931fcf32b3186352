//! Makes the plan of what a run has left undone: its playbook's actions again, on exactly these targets.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    mem,
};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::{FollowedRun, PlanOrigin, PlanningError, header};
use crate::{
    action::Close,
    client::Client,
    plan::{
        Builder, Change, CheckedBlocks, FollowUp, Item, PlanError, PlanWriter, Skip, Target,
        Trailer,
    },
    playbook::{Entities, Guards, Playbook, Source},
    selection::{ListedNames, ScanError, ScanProgress, read_closing_reasons},
    target::{Execution, ExecutionError, TargetPart, TargetRow},
};

/// The changes of one execution: what a run has made of them.
#[derive(Clone, Debug, Default)]
pub struct Remaining {
    /// Those that neither it nor another retry of it made, in the order of its plan.
    pub left: Vec<Change>,
    /// Those that another retry made, or may have made.
    pub settled: Vec<Skip>,
    /// Those that took effect, or were so already.
    pub made: Vec<Change>,
    /// Those that are in doubt.
    pub in_doubt: Vec<Change>,
}

/// What is planned again on one target.
struct Retried {
    target: Target,
    labels: BTreeSet<String>,
}

impl Remaining {
    /// The targets that are planned again, and those that must not be, with the reason.
    fn targets(&self, playbook: &Playbook) -> (BTreeMap<TargetPart, Retried>, Vec<Item>) {
        let mut retried: BTreeMap<TargetPart, Retried> = BTreeMap::new();
        for change in &self.left {
            let part = TargetPart::of(change.target.kind, change.target.id.clone());
            let entry = retried.entry(part).or_insert_with(|| Retried {
                target: change.target.clone(),
                labels: BTreeSet::new(),
            });
            entry.labels.extend(change.action.iter().cloned());
        }
        let mut skipped = Vec::new();
        retried.retain(|_, retried| match self.why_not(retried, playbook) {
            None => true,
            Some(reason) => {
                skipped.push(skip(&retried.target, reason));
                false
            }
        });
        (retried, skipped)
    }

    fn why_not(&self, retried: &Retried, playbook: &Playbook) -> Option<String> {
        let left = self
            .left
            .iter()
            .filter(|change| change.target == retried.target);
        let waits = |change: &Change| self.in_doubt.iter().any(|other| change.depends_on(other));
        if left.clone().any(waits) {
            return Some("a change that it depends on is in doubt".to_owned());
        }
        let made = self.made.iter();
        let made: BTreeSet<&String> = made
            .filter(|change| change.target == retried.target)
            .flat_map(|change| &change.action)
            .collect();
        let mut actions = playbook.actions.iter();
        let twice = actions.find(|entry| {
            let label = entry.label();
            !entry.converges && retried.labels.contains(&label) && made.contains(&label)
        })?;
        Some(format!(
            "{} was made in part, and would have its effect a second time",
            twice.label()
        ))
    }
}

fn skip(target: &Target, reason: String) -> Item {
    Item::Skipped(Skip {
        target: target.clone(),
        reason,
        out_of_reach: false,
    })
}

/// Writes the plan of what a run has left undone. `groups` are its changes, together for each execution, in the order of its plan.
///
/// # Errors
///
/// If an execution can't be read or `out` can't be written; then the written part is not a plan.
pub async fn plan_retry(
    client: &Client,
    playbook: &Playbook,
    run: &FollowedRun<'_>,
    origin: &PlanOrigin,
    groups: impl Iterator<Item = Result<Remaining, PlanError>>,
    out: impl Write,
    mut progress: impl FnMut(ScanProgress),
) -> Result<(Trailer, CheckedBlocks), PlanningError> {
    let mut header = header(playbook, origin, origin.org.clone());
    header.follows = Some(run.follows(FollowUp::Retry));
    header.pace = run.pace.clone();
    // The numbers were those of the whole plan.
    header.guards = Guards {
        allow: header.guards.allow,
        rejected: header.guards.rejected,
        ..Guards::default()
    };
    let mut writer = PlanWriter::new(out, &header)?;
    let rows = rows(playbook)?;
    let builder = Builder::new(playbook);
    let mut reads = ScanProgress {
        of: run.executions,
        ..ScanProgress::default()
    };
    progress(reads);
    let concurrency = run.pace.concurrency.get() as usize;
    let org = origin.org.as_deref();
    let mut groups = stream::iter(groups)
        .map(|remaining| async {
            let mut remaining = remaining?;
            let settled = mem::take(&mut remaining.settled);
            let mut items: Vec<Item> = settled.into_iter().map(Item::Skipped).collect();
            let Some(first) = remaining.left.first() else {
                return Ok((items, None));
            };
            let row = rows.get(first.target.execution.as_str()).cloned();
            let execution = match entity(first) {
                Some(entity) => Some(entity.map_err(io::Error::other)?),
                None => run.read(client, org, first).await?,
            };
            let Some(execution) = execution else {
                let gone = |change: &Change| skip(&change.target, GONE.to_owned());
                items.extend(remaining.left.iter().map(gone));
                return Ok((items, Some(false)));
            };
            let execution = Execution { row, ..execution };
            items.extend(again(client, &builder, playbook, execution, &remaining).await?);
            Ok::<_, PlanningError>((items, Some(true)))
        })
        .buffered(concurrency);
    while let Some((items, found)) = groups.try_next().await? {
        reads.done += u64::from(found.is_some());
        reads.executions += u64::from(found == Some(true));
        progress(reads);
        for item in items {
            writer.item(&item)?;
        }
    }
    drop(groups);
    writer.notes(run.notes.clone());
    let (_, trailer, written) = writer.finish(reads.executions)?;
    Ok((trailer, written))
}

const GONE: &str = "does not exist any more";

/// The lines of one execution.
async fn again(
    client: &Client,
    builder: &Builder<'_>,
    playbook: &Playbook,
    mut execution: Execution,
    remaining: &Remaining,
) -> Result<Vec<Item>, ScanError> {
    let (retried, mut items) = remaining.targets(playbook);
    let is_there = |part: &TargetPart| execution.data_of(part).is_some();
    let gone = retried.iter().filter(|(part, _)| !is_there(part));
    items.extend(gone.map(|(_, retried)| skip(&retried.target, GONE.to_owned())));
    let labels: BTreeMap<&TargetPart, &BTreeSet<String>> = retried
        .iter()
        .map(|(part, retried)| (part, &retried.labels))
        .collect();
    loop {
        if let Ok(planned) = builder.again(&execution, &labels) {
            items.extend(planned);
            return Ok(items);
        }
        // At most once, as for a new plan.
        let reasons = read_closing_reasons(client, &execution).await?;
        execution.change(&TargetPart::Execution, Close::SNAPSHOT, reasons);
    }
}

/// The entity of a start, as its source names it; none for any other change.
fn entity(change: &Change) -> Option<Result<Execution, ExecutionError>> {
    let target = &change.target;
    let contexts = change.request.body.as_ref()?.get("contexts")?;
    let schema = (contexts[0].get("entity_schema")).or_else(|| contexts[0].get("schema"));
    (TargetPart::of(target.kind, None) == TargetPart::Entity).then(|| {
        let schema = schema.cloned().unwrap_or(Value::Null);
        let data = json!({"id": target.execution, "schema": schema, "title": target.name});
        Execution::new(target.api, data)
    })
}

/// The rows of the file in `select`, by the id that they name.
fn rows(playbook: &Playbook) -> Result<BTreeMap<String, TargetRow>, PlanningError> {
    let listed = match &playbook.select.source {
        Source::Rows { file, id, .. } => ListedNames::rows(file, id),
        Source::Entities {
            entities: Entities::Named(names),
            ..
        } => ListedNames::entities(names),
        Source::Ids { ids, .. } => ListedNames::executions(ids),
        Source::Flows(_)
        | Source::Executions { .. }
        | Source::Search(_)
        | Source::Steps(_)
        | Source::Entities { .. } => return Ok(BTreeMap::new()),
    };
    let named = listed.map_err(ScanError::from)?.map(|named| {
        let named = named?;
        Ok((named.id.to_string(), named.row))
    });
    Ok(named.collect::<io::Result<_>>()?)
}

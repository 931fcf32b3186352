//! Reads the sources: every page, or the scan fails.

use std::io;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::{
    Chooser, ListedNames, Misses, Named,
    found::{FoundExecution, SpilledEntry, SpilledExecution},
    listed, pages,
    requests::{ExecutionsByName, one, search},
    scan_error::{ScanError, undecodable},
    scanned::Scanned,
    slim::SlimExecution,
};
use crate::{
    api::{Generation, Id, Level, Operation},
    client::Client,
    json::{self, ItemsError, LossyReader},
    playbook::{Entities, IdSource, Playbook, Source, StepSearch},
    sort::Sorter,
    table,
    text::count,
};

/// The maximum bytes of one execution in a list: a thousand times as many as usual.
const MAX_EXECUTION: usize = 16 * 1024 * 1024;

/// Why a named execution is rejected. The ids of v2 are UUIDs, so another id may be one of v1.
fn not_found(generation: Generation, id: &Id) -> String {
    let is_uuid = id.as_str().len() == 36 && id.as_str().matches('-').count() == 4;
    match generation {
        Generation::V2 if !is_uuid => {
            format!("there is no execution {id} of v2; if it is one of v1, write `api: v1`")
        }
        Generation::V2 | Generation::V1 => format!("there is no execution {id}"),
    }
}

/// The progress of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanProgress {
    /// Requests that were answered.
    pub done: u64,
    /// Requests in all.
    pub of: u64,
    /// Executions in the answers so far; one that belongs to two entities counts twice.
    pub executions: u64,
}

/// Reads all executions of a playbook's source and sorts those that `where` keeps; also returns the names that matched nothing.
///
/// # Errors
///
/// If a request fails or an answer is not understood: an incomplete selection must not be used.
pub async fn scan(
    client: &Client,
    playbook: &Playbook,
    mut progress: impl FnMut(ScanProgress),
) -> Result<(Scanned, Misses), ScanError> {
    let mut intake = ExecutionCollector {
        generation: playbook.select.source.generation(),
        chooser: Chooser::new(playbook),
        misses: Misses::new(playbook),
        is_slim: playbook.select.source.is_slim(),
        unread: playbook.unread(),
        sorter: Sorter::default(),
        rejected: Sorter::default(),
        org: None,
        progress: ScanProgress::default(),
    };
    if !playbook.select.selects_nothing() {
        intake.read(client, playbook, &mut progress).await?;
    }
    let scanned = Scanned::new(
        intake.generation,
        intake.sorter.finish()?,
        intake.rejected.finish()?,
        intake.org,
    );
    Ok((scanned, intake.misses))
}

async fn entities_of(client: &Client, entities: &Entities) -> Result<ListedNames, ScanError> {
    match entities {
        Entities::Named(names) => Ok(ListedNames::entities(names)?),
        Entities::Query(query) => pages::entities(client, query).await,
    }
}

/// Collects executions in any order.
struct ExecutionCollector<'a> {
    generation: Generation,
    chooser: Chooser<'a>,
    misses: Misses,
    /// The executions are read without their parts.
    is_slim: bool,
    /// The fields that nothing reads.
    unread: &'static [&'static str],
    sorter: Sorter,
    rejected: Sorter,
    org: Option<String>,
    progress: ScanProgress,
}

impl ExecutionCollector<'_> {
    /// Reads all executions of the source.
    async fn read(
        &mut self,
        client: &Client,
        playbook: &Playbook,
        progress: &mut impl FnMut(ScanProgress),
    ) -> Result<(), ScanError> {
        match &playbook.select.source {
            Source::Flows(entities) => {
                let entities = entities_of(client, entities).await?;
                let search = |entity: Named| async move {
                    let (what, flows) = search(client, &entity).await?;
                    let found = |flow| FoundExecution::new(flow, None);
                    Ok((what, flows.into_iter().map(found).collect()))
                };
                self.each(playbook, entities, progress, search).await?;
            }
            Source::Ids { generation, ids } => {
                let listed = ListedNames::executions(ids)?;
                let read = |named: Named| one(client, *generation, named);
                self.each(playbook, listed, progress, read).await?;
            }
            Source::Rows {
                generation,
                file,
                id,
            } => {
                let listed = ListedNames::rows(file, id)?;
                let read = |named: Named| one(client, *generation, named);
                self.each(playbook, listed, progress, read).await?;
            }
            Source::Entities { entities, .. } => {
                let entities = entities_of(client, entities).await?;
                let itself = |named: Named| async move {
                    let data =
                        json!({"id": named.id, "schema": named.schema, "title": named.title});
                    let found = FoundExecution::new(data, Some(named.row));
                    Ok((String::new(), vec![found]))
                };
                self.each(playbook, entities, &mut |_| {}, itself).await?;
            }
            Source::Search(search) => {
                self.progress.of = 1;
                progress(self.progress);
                pages::executions(client, search, |rows| {
                    for row in rows {
                        self.take(
                            "the search for executions",
                            0,
                            FoundExecution::new(row, None),
                        )?;
                    }
                    self.progress.done += 1;
                    self.progress.of = self.progress.done + 1;
                    progress(self.progress);
                    Ok(())
                })
                .await?;
            }
            Source::Steps(search) => self.steps(client, playbook, search, progress).await?,
            Source::Executions { context, schema } => {
                self.progress.of = 1;
                progress(self.progress);
                let query: Vec<(&str, &str)> = [("context", context), ("schema", schema)]
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value.as_deref()?)))
                    .collect();
                let list = client
                    .read_spooled(&Operation::GetExecutions, &query)
                    .await?;
                let what = "the list of executions";
                let list = LossyReader::new(list);
                let unread = self.unread;
                let decode = |execution: &str| SlimExecution::decode(execution, unread);
                json::each_item(
                    list,
                    MAX_EXECUTION,
                    decode,
                    |SlimExecution { data, hash }| {
                        self.take_slim(what, 0, hash, FoundExecution::new(data, None))
                    },
                )
                .map_err(|error| match error {
                    ItemsError::Json(source) => undecodable(what)(source),
                    ItemsError::Taker(error) => error,
                })?;
                self.progress.done = 1;
                progress(self.progress);
            }
        }
        Ok(())
    }

    /// Takes the executions in which the search finds steps, each read whole: the search tells of the steps alone.
    async fn steps(
        &mut self,
        client: &Client,
        playbook: &Playbook,
        search: &StepSearch,
        progress: &mut impl FnMut(ScanProgress),
    ) -> Result<(), ScanError> {
        let found = pages::steps(client, search, || {
            // How many requests there are is known after the last page.
            self.progress.done += 1;
        });
        let found = found.await?;
        let without_ids = found.values().filter(|steps| steps.is_none()).count();
        if without_ids > 0 && playbook.select.each == Level::Step {
            let executions = count(without_ids as u64, "execution", "executions");
            self.misses.say(format!(
                "the search for steps gave no ids of steps in {executions}: there, all steps that `where_each` keeps are selected"
            ));
        }
        let ids: Vec<Id> = found.keys().cloned().collect();
        let listed = ListedNames::executions(&IdSource::List(ids))?;
        let read = |named: Named| {
            let steps = found.get(&named.id).cloned().flatten();
            async move {
                let (what, mut executions) = one(client, Generation::V1, named).await?;
                for found in &mut executions {
                    found.row = None;
                    found.steps.clone_from(&steps);
                }
                Ok((what, executions))
            }
        };
        self.each(playbook, listed, progress, read).await
    }

    /// Requests each listed object, several at a time, and processes the answers in the list's order, so that the order of arrival does not
    /// matter. An object that is not found is rejected with its row.
    async fn each<F>(
        &mut self,
        playbook: &Playbook,
        mut listed: ListedNames,
        progress: &mut impl FnMut(ScanProgress),
        ask: impl Fn(Named) -> F,
    ) -> Result<(), ScanError>
    where
        F: Future<Output = Result<ExecutionsByName, ScanError>>,
    {
        if listed.is_empty() && listed.rejected.is_empty() {
            self.misses.say(nothing_named(&playbook.select.source));
        }
        self.progress.of = self.progress.done + listed.len();
        progress(self.progress);
        let by_id = playbook.select.source.names_executions();
        let asked = stream::iter(listed.by_ref().map(|named| {
            let named = named.map(|named| (named.clone(), ask(named)));
            async move {
                let (named, answer) = named?;
                Ok::<_, ScanError>((named, answer.await?))
            }
        }));
        let concurrency = playbook.pace.concurrency.get() as usize;
        let mut answers = asked.buffered(concurrency);
        while let Some((named, (what, found))) = answers.try_next().await? {
            match playbook.select.source {
                Source::Ids { .. } | Source::Rows { .. } => self.misses.see_id(&named.id),
                // With a source of entities, the result is the entity itself.
                Source::Flows(_) | Source::Entities { .. } => {
                    self.misses.see_entity(&named.id, !found.is_empty());
                }
                // What the search still finds and is gone needs no change.
                Source::Steps(_) | Source::Search(_) | Source::Executions { .. } => {}
            }
            if found.is_empty() && by_id && self.chooser.names(&named.id) {
                self.misses.tell_id(named.id.as_str());
                let reason = not_found(self.generation, &named.id);
                listed::reject(&mut self.rejected, named.row.number, &reason)?;
            }
            for found in found {
                self.take(&what, self.progress.done, found)?;
            }
            self.progress.done += 1;
            progress(self.progress);
        }
        drop(answers);
        for pair in listed.rejected {
            let (row, reason) = pair?;
            self.rejected.push(row, reason)?;
        }
        Ok(())
    }

    /// Takes an execution that the search of this number has found.
    fn take(&mut self, what: &str, search: u64, found: FoundExecution) -> Result<(), ScanError> {
        let SlimExecution { data, hash } = SlimExecution::of(found.data, self.unread);
        self.take_slim(what, search, hash, FoundExecution { data, ..found })
    }

    /// Takes an execution without its unread fields; `hash` is its fingerprint.
    fn take_slim(
        &mut self,
        what: &str,
        search: u64,
        hash: u64,
        found: FoundExecution,
    ) -> Result<(), ScanError> {
        let wrong = |source| ScanError::Execution {
            what: what.to_owned(),
            source,
        };
        let execution = found.decode(self.generation).map_err(wrong)?;
        self.progress.executions += 1;
        match (&self.org, execution.org().map_err(wrong)?) {
            (None, found) => self.org = found.map(str::to_owned),
            (Some(first), Some(second)) if first != second => {
                return Err(ScanError::TwoOrganisations {
                    what: what.to_owned(),
                    first: first.clone(),
                    second: second.to_owned(),
                });
            }
            (Some(_), Some(_) | None) => {}
        }
        self.misses.see(&execution, !self.is_slim);
        let kept = self.chooser.keeps(&execution);
        let found = FoundExecution {
            data: std::sync::Arc::unwrap_or_clone(execution.data),
            row: execution.row,
            steps: execution.steps,
        };
        let entry = match kept {
            Ok(true) => SpilledEntry::Kept(found),
            Ok(false) => SpilledEntry::Left,
            Err(reason) => SpilledEntry::Rejected { found, reason },
        };
        let spilled = SpilledExecution {
            search,
            hash,
            entry,
        };
        let payload = serde_json::to_string(&spilled).map_err(io::Error::from)?;
        Ok(self.sorter.push(execution.id.as_str(), payload)?)
    }
}

/// The note about a source that names nothing.
fn nothing_named(source: &Source) -> String {
    if let Source::Steps(_) = source {
        return "the search found no step, so nothing is selected".to_owned();
    }
    let what = if source.names_executions() {
        "execution"
    } else {
        "entity"
    };
    match source.file() {
        Some(file) => format!(
            "{} names no {what}, so nothing is selected",
            table::name(file)
        ),
        None => format!("the query found no {what}, so nothing is selected"),
    }
}

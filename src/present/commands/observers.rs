//! Who else is told of a session: the reader of its events, a file of metrics, the command of `--on-finish`.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use jiff::Timestamp;

use super::{
    execute::PreparedRun,
    line_queue::LineQueue,
    on_finish::{self, run_command},
    output::{Output, OutputContent},
    signals,
    terminal::{print, say, with_causes},
};
use crate::{
    cli::{Cli, Common, Integration},
    error::{Error, ExitCode},
    plan::PlanHeader,
    private_file,
    report::{EarlierMetrics, EventLines, EventSource, MetricLabels, Metrics, Summary, write_json},
    store::{NoRun, StateDir, StoreError},
    table::STDIN,
    text::{Untrusted, cut, shown_path},
};

/// An earlier file of metrics has a few kilobytes.
const MOST_METRICS: u64 = 64 * 1024;

/// Characters of the reason in the record of an end without a run; the log has all of it.
const MAX_WHY: usize = 300;

/// The observers of one command, which outlive it: they are told also if it ends with an error or panics.
pub struct Observers {
    flags: Integration,
    /// Where an end without a run is recorded; none if the command is not to make one.
    to_record: Option<StateDir>,
    started_at: Timestamp,
    start: Instant,
    known: Mutex<SessionFacts>,
}

/// What is known so far.
#[derive(Default)]
struct SessionFacts {
    /// The file of events, or standard output.
    events: Option<Box<dyn Write + Send>>,
    /// The file of metrics, if it can be written.
    metrics: Option<PathBuf>,
    labels: Option<MetricLabels>,
    run: Option<String>,
    summary: Option<Summary>,
    /// That of `--json`: the result, or the errors.
    document: Option<String>,
    /// Why there is no run.
    why: Option<String>,
}

/// The events of a session.
pub(super) type Events<'a> = EventLines<'a, LineQueue>;

impl Observers {
    /// Of a command that applies a plan; any other one has none.
    pub fn of(cli: &Cli) -> Self {
        Self {
            flags: cli.integration().cloned().unwrap_or_default(),
            to_record: (cli.is_to_make_a_run())
                .then(|| StateDir::new(cli.common.state_dir.clone())),
            started_at: Timestamp::now(),
            start: Instant::now(),
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, SessionFacts> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the files, so that one that can't be written is an error before the first request.
    pub(super) fn open(&self) -> Result<(), Error> {
        if let Some(path) = &self.flags.metrics {
            self.known().metrics = Some(metrics_file(path)?);
        }
        if let Some(path) = &self.flags.events {
            self.known().events = Some(events_file(path)?);
        }
        if let (Some(events), Some(metrics)) = (&self.flags.events, &self.flags.metrics)
            && let (Ok(events), Ok(metrics)) = (events.canonicalize(), metrics.canonicalize())
            && events == metrics
        {
            // At the end, the metrics would take the place of the events.
            self.known().metrics = None;
            return Err(Error::usage(
                "--events and --metrics name the same file; give each its own",
            ));
        }
        Ok(())
    }

    /// Whether standard output is for the events: then the text for people goes to standard error.
    pub(super) fn take_stdout(&self) -> bool {
        self.flags
            .events
            .as_deref()
            .is_some_and(|path| path == Path::new(STDIN))
    }

    /// What the session is about, as soon as it is known.
    pub(super) fn about(&self, playbook: &str, server: &str, org: Option<&str>) {
        let host = server.split_once("://").map_or(server, |(_, host)| host);
        self.known().labels = Some(MetricLabels {
            playbook: playbook.to_owned(),
            server: host.to_owned(),
            org: org.map(str::to_owned),
        });
    }

    /// As [`Self::about`]; `org` is the organisation in the requests.
    pub(super) fn about_plan(&self, header: &PlanHeader, org: Option<&str>) {
        let org = header.org.as_deref().or(org);
        self.about(&header.playbook.name, &header.server, org);
    }

    /// A run was made that goes on without this process.
    #[cfg(feature = "temporal")]
    pub(super) fn made(&self, run: &str) {
        self.known().run = Some(run.to_owned());
    }

    /// The events of a session; none if nobody wants them.
    pub(super) fn events<'a>(
        &self,
        prepared: &'a PreparedRun,
    ) -> Result<Option<Events<'a>>, Error> {
        let PreparedRun {
            folder,
            settings,
            plan,
            ..
        } = prepared;
        let run = settings.run.to_string();
        self.known().run = Some(run.clone());
        let Some(out) = self.known().events.take() else {
            return Ok(None);
        };
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::failed("the events can't be written").caused_by(error)
        };
        let numbers = match folder.event_numbers() {
            Ok(numbers) => numbers,
            Err(error) => {
                warn("the events can't be numbered, so none is written", &error);
                return Ok(None);
            }
        };
        let source = EventSource {
            run,
            plan: &plan.header,
            org: settings.org.as_deref(),
            numbers,
            now: Timestamp::now,
        };
        let out = LineQueue::start(out).map_err(|error| failed(error.into()))?;
        Ok(Some(EventLines::new(source, out)))
    }

    /// Ends the events of a session. What went wrong with them is told, and changes nothing else.
    pub(super) fn end_events(&self, events: Events<'_>, ended: &Result<ExitCode, Error>) {
        let (exit_code, document) = match ended {
            Ok(exit_code) => (*exit_code, self.known().document.clone()),
            Err(error) => (error.exit_code(), Some(error_document(error))),
        };
        let written = events
            .end(exit_code, &document.unwrap_or_default())
            .and_then(LineQueue::close);
        if let Err(error) = written {
            warn("the events are incomplete", &error);
        }
    }

    /// Keeps the result, and prints it with `--json`.
    pub(super) fn conclude(
        &self,
        common: &Common,
        summary: &Summary,
        exit_code: ExitCode,
    ) -> Result<ExitCode, Error> {
        let mut document = Vec::new();
        write_json(summary, exit_code, &mut document)
            .map_err(|error| Error::failed("the result can't be written").caused_by(error))?;
        {
            let mut known = self.known();
            known.summary = Some(summary.clone());
            known.document = Some(String::from_utf8_lossy(&document).into_owned());
        }
        print_result(common, summary, exit_code)?;
        Ok(exit_code)
    }

    /// There is nothing to do, and why.
    pub(super) fn nothing_to_do(&self, why: &str) {
        self.known().why = Some(format!("nothing to do: {why}"));
    }

    /// The command has ended with this error.
    pub fn failed(&self, error: &Error) {
        let mut known = self.known();
        known.summary = None;
        known.why = Some(with_causes(error));
        known.document = Some(error_document(error));
    }

    /// Records an end without a run, writes the metrics, then runs the command of `--on-finish`. Nobody is told of a `resume` that found no run. What goes wrong is told,
    /// and changes nothing else.
    pub async fn finish(&self, exit_code: ExitCode) {
        let known = std::mem::take(&mut *self.known());
        let Some(document) = &known.document else {
            return;
        };
        if let Err(error) = self.record_no_run(&known, exit_code) {
            warn("it can't be recorded that no run was made", &error);
        }
        if let Some(path) = &known.metrics
            && let Err(error) = self.write_metrics(path, &known, exit_code)
        {
            warn(
                &format!("the metrics {} can't be written", shown_path(path)),
                &error,
            );
        }
        let Some(command) = &self.flags.on_finish else {
            return;
        };
        let environment = [
            ("WF_BULK_EXIT_CODE", exit_code.code().to_string()),
            ("WF_BULK_RUN", known.run.clone().unwrap_or_default()),
        ];
        let interrupt = async { signals::next_of_process().await };
        let ended = run_command(
            command,
            &environment,
            document.as_bytes(),
            on_finish::PATIENCE,
            interrupt,
        );
        if let Err(error) = ended.await {
            warn("the command of --on-finish did not succeed", &error);
        }
    }

    /// Wrong usage is no attempt at a run. An error before the playbook or plan was read is about no run that could be named.
    fn record_no_run(&self, known: &SessionFacts, exit_code: ExitCode) -> Result<(), StoreError> {
        let (Some(state_dir), None, Some(labels)) = (&self.to_record, &known.run, &known.labels)
        else {
            return Ok(());
        };
        if exit_code == ExitCode::Usage {
            return Ok(());
        }
        state_dir.record_no_run(NoRun {
            playbook: labels.playbook.clone(),
            server: labels.server.clone(),
            org: labels.org.clone(),
            exit_code: exit_code.code(),
            why: cut(known.why.as_deref().unwrap_or_default(), MAX_WHY),
        })
    }

    fn write_metrics(
        &self,
        path: &Path,
        known: &SessionFacts,
        exit_code: ExitCode,
    ) -> io::Result<()> {
        let mut earlier = Vec::new();
        // It was looked at when the command began, and may be a FIFO now, which would block.
        match private_file::open(path) {
            Ok(file) => file
                .take(MOST_METRICS)
                .read_to_end(&mut earlier)
                .map(drop)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let metrics = Metrics {
            labels: known.labels.clone(),
            summary: known.summary.as_ref(),
            exit_code,
            started_at: self.started_at,
            ended_at: Timestamp::now(),
            duration: self.start.elapsed(),
            earlier: EarlierMetrics::read(&String::from_utf8_lossy(&earlier)),
        };
        // `node_exporter` is another user. The file holds counts and times, and the names of the playbook, the server and the organisation,
        // but no data.
        private_file::replace_public(path, |out| metrics.write(out))
    }
}

/// Prints the result as JSON, if that was requested.
pub(super) fn print_result(
    common: &Common,
    summary: &Summary,
    exit_code: ExitCode,
) -> Result<(), Error> {
    if common.json {
        print(|out| write_json(summary, exit_code, out))?;
    }
    Ok(())
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

/// The file of events, to append to; a new one is for its owner only.
fn events_file(path: &Path) -> Result<Box<dyn Write + Send>, Error> {
    let content = OutputContent::Events;
    let target = match Output::at(path, content)? {
        Output::Stdout if path == Path::new(STDIN) => return Ok(Box::new(io::stdout())),
        Output::File(target) => target,
        Output::Stdout | Output::Stream(_) => {
            return Err(no_file(path).hint("for a pipe, write them to standard output: --events -"));
        }
    };
    let failed = |error: io::Error| content.not_written(path).caused_by(error);
    let mut file = private_file::open_to_append(&target).map_err(failed)?;
    end_last_line(&mut file).map_err(failed)?;
    Ok(Box::new(file))
}

/// A process that was killed may have left a part of a line.
fn end_last_line(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(());
    }
    file.write_all(b"\n")
}

/// The path of the metrics, if a file can be made there.
fn metrics_file(path: &Path) -> Result<PathBuf, Error> {
    let content = OutputContent::Metrics;
    if path == Path::new(STDIN) {
        return Err(no_file(path).hint("name a file in the folder of node_exporter's collector"));
    }
    match Output::at(path, content)? {
        Output::File(target) => {
            tempfile::tempfile_in(private_file::parent(&target))
                .map_err(|error| content.not_written(path).caused_by(error))?;
            Ok(target)
        }
        Output::Stdout | Output::Stream(_) => Err(no_file(path)),
    }
}

fn no_file(path: &Path) -> Error {
    Error::usage(format!("{} is no file", shown_path(path)))
}

fn error_document(error: &Error) -> String {
    let mut document = Vec::new();
    // Writing to memory does not fail.
    drop(error.write_json(&mut document));
    String::from_utf8_lossy(&document).into_owned()
}

fn warn(what: &str, error: &dyn std::error::Error) {
    let error = with_causes(error);
    let error = Untrusted(&error).terminal();
    say(|out| writeln!(out, "warning: {what}: {error}"));
}

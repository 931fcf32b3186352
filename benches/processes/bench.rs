//! A folder with a playbook, its plan and its runs, and the commands that are measured in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    client::Server,
    disk::{SlowDisk, Syncs},
    process::{Taken, measured},
    report::{a_second, median},
};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_wf-bulk");

/// Workers of a run. A crash leaves at most one change in doubt for each.
pub(crate) const CONCURRENCY: u64 = 16;

/// As fast as it can.
pub(crate) const UNLIMITED: &str = "rate: 1000000/s, burst: 1000";

/// The user whose executions get another assignee.
const PLAYBOOK: &str = r#"version: 1
name: bench
select: { executions: { list: {} }, where: 'has_assignee(execution, "10010")' }
actions: [ reassign: { from: "10010", to: "10020" } ]
guards: { max_changes: 10000000 }
pace: { PACE, concurrency: 16 }
"#;

/// The folder of all runs, and its copy with one run that was stopped.
const STATE: &str = ".wf-bulk";
const STOPPED: &str = ".wf-bulk.stopped";

/// How often the number of requests is asked for before a run is stopped.
const LOOK: Duration = Duration::from_millis(5);

/// A measured process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) taken: Taken,
    pub(crate) syncs: u64,
}

impl Figure {
    /// Of several, the one with the median of the times.
    pub(crate) fn median(
        runs: usize,
        mut run: impl FnMut() -> io::Result<Self>,
    ) -> io::Result<Self> {
        let mut figures: Vec<Self> = (0..runs).map(|_| run()).collect::<io::Result<_>>()?;
        figures.sort_by_key(|figure| figure.taken.wall);
        Ok(figures[runs / 2])
    }
}

pub(crate) struct Bench<'a> {
    folder: TempDir,
    server: &'a Server,
    disk: SlowDisk,
}

impl<'a> Bench<'a> {
    /// It has no plan yet.
    pub(crate) fn new(
        within: &Path,
        server: &'a Server,
        pace: &str,
        syncs: Syncs,
    ) -> io::Result<Self> {
        let folder = TempDir::new_in(within)?;
        let playbook = PLAYBOOK.replace("PACE", pace);
        fs::write(folder.path().join("bench.yaml"), playbook)?;
        Ok(Self {
            folder,
            server,
            disk: SlowDisk::new(syncs)?,
        })
    }

    pub(crate) fn plan(&self) -> io::Result<Figure> {
        let plan = self.path("bench.plan");
        if plan.exists() {
            fs::remove_file(plan)?;
        }
        let words = ["plan", "bench.yaml", "-o", "bench.plan"];
        let mut command = self.command(&words);
        command.args(["--timeout", "3600", "--server", &self.server.url]);
        self.run(&mut command)
    }

    pub(crate) fn show(&self) -> io::Result<Figure> {
        self.run(&mut self.command(&["show", "bench.plan"]))
    }

    pub(crate) fn apply(&self) -> io::Result<Figure> {
        self.remove_state()?;
        self.run(&mut self.applying())
    }

    /// Stops a run after this number of changes, and keeps its state for [`Self::resume`].
    pub(crate) fn stop_at(&self, changes: u64) -> io::Result<()> {
        self.remove_state()?;
        self.server.arrivals()?;
        self.server.hold(Some(changes))?;
        let mut command = self.applying();
        let mut child = command.spawn()?;
        while self.server.count()? < changes && child.try_wait()?.is_none() {
            thread::sleep(LOOK);
        }
        kill_process(Pid::from_child(&child), Signal::INT)?;
        let status = child.wait()?;
        assert_eq!(status.code(), Some(130), "apply was not interrupted");
        self.server.hold(None)?;
        fs::rename(self.path(STATE), self.path(STOPPED))
    }

    /// Resumes the run that was stopped. Also the time from the start of the process to its first request.
    pub(crate) fn resume(&self) -> io::Result<(Figure, Duration)> {
        self.remove_state()?;
        let copied = Command::new("cp")
            .arg("-a")
            .args([self.path(STOPPED), self.path(STATE)])
            .status()?;
        assert!(copied.success(), "the stopped run was not copied");
        self.server.arrivals()?;
        let begin = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut command = self.command(&["resume", "--last", "--no-recheck"]);
        let figure = self.run(&mut command)?;
        let first = self.server.arrivals()?.first().copied();
        let first = Duration::from_micros(first.expect("it makes the remaining changes"));
        Ok((figure, first.saturating_sub(begin.unwrap_or_default())))
    }

    /// The moments of the requests of a run, in microseconds.
    pub(crate) fn arrivals(&self) -> io::Result<Vec<u64>> {
        self.server.arrivals()?;
        self.apply()?;
        self.server.arrivals()
    }

    /// Changes a second while they are sent, without what comes before and after: the median of `runs`.
    pub(crate) fn sending(&self, runs: usize) -> io::Result<f64> {
        let rate = || {
            let arrivals = self.arrivals()?;
            let lasted = arrivals.last().expect("changes") - arrivals[0];
            let sent = u64::try_from(arrivals.len() - 1).unwrap_or_default();
            Ok(a_second(sent, Duration::from_micros(lasted)))
        };
        let rates = (0..runs).map(|_| rate()).collect::<io::Result<_>>()?;
        Ok(median(rates))
    }

    fn applying(&self) -> Command {
        let mut command = self.command(&["apply", "bench.plan", "--yes", "--no-recheck"]);
        command.args(["--server", &self.server.url]);
        command
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("EPILOT_TOKEN", "bench")
            .env("XDG_STATE_HOME", self.path("locks"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn run(&self, command: &mut Command) -> io::Result<Figure> {
        let (taken, syncs) = self.disk.counted(command, measured)?;
        assert_eq!(taken.code, Some(0), "{command:?} has failed");
        Ok(Figure { taken, syncs })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn remove_state(&self) -> io::Result<()> {
        let state = self.path(STATE);
        if state.exists() {
            fs::remove_dir_all(state)?;
        }
        Ok(())
    }
}

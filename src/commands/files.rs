//! Reading playbooks and plans from files.

use std::{
    fs::File,
    io::{BufRead, BufReader, Seek},
    path::Path,
};

use jiff::{Timestamp, tz::TimeZone};

use super::terminal::say;
use crate::{
    cli::{Planning, Vars},
    error::{Error, ExitCode},
    plan::{Header, PlanError, Reader, Trailer},
    playbook::{self, Overrides, Playbook, Size},
    report::PlanSummary,
    text::Untrusted,
};

/// Reads and checks a playbook; its mistakes are shown.
pub(super) fn load_playbook(path: &Path, vars: &Vars, now: Timestamp) -> Result<Playbook, Error> {
    let source = playbook::read(path).map_err(|error| {
        Error::failed(format!("the playbook {} can't be read", path.display())).caused_by(error)
    })?;
    let overrides = vars
        .vars
        .iter()
        .map(|var| (var.name.clone(), var.value.clone()))
        .collect::<Overrides>();
    playbook::load(path, source, &overrides, now).map_err(|mistakes| {
        say(|out| write!(out, "{}", mistakes.render(true)));
        let number = mistakes.list().len();
        let noun = if number == 1 { "mistake" } else { "mistakes" };
        Error::failed(format!(
            "{} has {number} {noun}; nothing was requested",
            path.display()
        ))
    })
}

/// As [`load_playbook`], with what the command line says about planning.
pub(super) fn load_for_planning(
    path: &Path,
    planning: &Planning,
    now: Timestamp,
) -> Result<Playbook, Error> {
    let mut playbook = load_playbook(path, &planning.vars, now)?;
    if let Some(limit) = planning.limit {
        playbook.select.limit = Some(playbook.select.limit.map_or(limit, |most| most.min(limit)));
    }
    playbook
        .select
        .exclude
        .extend(planning.exclude.iter().cloned());
    Ok(playbook)
}

/// A plan that was read whole: every line is right, and so is the digest.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) header: Header,
    pub(super) trailer: Trailer,
    /// What `sha256sum` prints for the file.
    pub(super) sha256: String,
    pub(super) summary: PlanSummary,
}

impl Overview {
    /// Lines of the file, header and trailer included.
    pub(super) const fn lines(&self) -> u64 {
        self.trailer.changes + self.trailer.skipped + self.trailer.rejected + 2
    }

    pub(super) fn broken_guards(&self) -> Vec<String> {
        let Trailer {
            changes,
            groups,
            scanned,
            ..
        } = self.trailer;
        self.header.guards.broken(Size {
            changes,
            groups,
            scanned,
        })
    }

    /// What a command that only planned ends with.
    pub(super) fn exit_code(&self) -> ExitCode {
        let rejected = (self.trailer.rejected > 0).then_some(ExitCode::SomeFailed);
        let broken = (!self.broken_guards().is_empty()).then_some(ExitCode::Stopped);
        ExitCode::of_all(rejected.into_iter().chain(broken))
    }
}

/// Reads a plan from its start to its end.
pub(super) fn overview(path: &Path, file: &mut File) -> Result<Overview, Error> {
    let broken = |error: PlanError| {
        Error::failed(format!("{} is no plan that can be used", path.display()))
            .caused_by(error)
            .hint("make a new one: wf-bulk plan PLAYBOOK -o FILE")
    };
    file.rewind().map_err(|error| broken(error.into()))?;
    let mut reader = Reader::new(BufReader::new(&*file)).map_err(broken)?;
    let zone = TimeZone::get(&reader.header().timezone).unwrap_or(TimeZone::UTC);
    let mut summary = PlanSummary::new(zone);
    while let Some(line) = reader.next_line().map_err(broken)? {
        summary.add(&line.item);
    }
    let end = |reader: &Reader<_>| reader.end().cloned();
    let (trailer, sha256) = end(&reader).ok_or_else(|| broken(PlanError::NoEnd))?;
    Ok(Overview {
        header: reader.header().clone(),
        trailer,
        sha256,
        summary,
    })
}

/// Opens a plan for reading.
pub(super) fn open_plan(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| {
        Error::failed(format!(
            "the plan {} can't be read",
            Untrusted(&path.display().to_string()).terminal()
        ))
        .caused_by(error)
    })
}

/// A reader over the whole of an opened plan.
pub(super) fn read_again(mut file: &File) -> Result<Reader<impl BufRead + '_>, PlanError> {
    file.rewind()?;
    Reader::new(BufReader::new(file))
}

/// The tool and its version, as plans say it.
pub(super) const TOOL: &str = concat!("wf-bulk ", env!("CARGO_PKG_VERSION"));

/// How a person writes a path on the command line.
pub(super) fn shown(path: &Path) -> String {
    Untrusted(&path.display().to_string())
        .terminal()
        .to_string()
}

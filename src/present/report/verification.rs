//! The result of `verify`: what is no longer as a run has left it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, BufWriter, Seek as _, Write},
};

use serde::Serialize;

use super::{
    runs::RunLine,
    tally::Sample,
    units::{count, thousands},
    words,
};
use crate::{
    error::ExitCode,
    invocation::Invocation,
    outcome::Outcome,
    plan::{Change, Finding, Target},
    text::{self, Untrusted, cut},
};

/// Lines of the list in text.
const SHOWN: usize = 20;

/// The longest value in a line, in characters.
const QUOTED: usize = 60;

/// Findings about the changes that a run has applied. Those that differ are put aside on disk.
#[derive(Debug)]
pub struct Verification {
    run: String,
    counts: BTreeMap<&'static str, u64>,
    list: Sample,
    spool: BufWriter<File>,
    /// How many changes the run has not made.
    not_made: u64,
    in_doubt: u64,
    /// Which runs belong to it.
    lineage: Vec<String>,
    /// What can be done about the changes that were not made.
    next: Vec<String>,
}

#[derive(Serialize)]
struct FoundChange<'a> {
    target: &'a Target,
    action: &'a [String],
    #[serde(flatten)]
    finding: &'a Finding,
}

/// Each kind of finding: its word in the document, and in text.
const KINDS: [(&str, &str); 7] = [
    ("unchanged", "unchanged"),
    ("changed", "changed since"),
    ("gone", "gone"),
    ("back", "deleted and there again"),
    ("automation_running", "with an automation that is running"),
    ("automation_failed", "with an automation that failed"),
    (
        "not_shown",
        "can't be checked (the service does not show them)",
    ),
];

const fn word(finding: &Finding) -> &'static str {
    match finding {
        Finding::Unchanged => "unchanged",
        Finding::Changed { .. } => "changed",
        Finding::Gone => "gone",
        Finding::Back => "back",
        Finding::AutomationRunning => "automation_running",
        Finding::AutomationFailed { .. } => "automation_failed",
        Finding::NotShown => "not_shown",
    }
}

impl Verification {
    /// # Errors
    ///
    /// If there is no room on disk.
    pub fn new(run: String) -> io::Result<Self> {
        Ok(Self {
            run,
            counts: BTreeMap::new(),
            list: Sample::first(SHOWN),
            spool: BufWriter::new(tempfile::tempfile()?),
            not_made: 0,
            in_doubt: 0,
            lineage: Vec::new(),
            next: Vec::new(),
        })
    }

    /// Counts a change that was not applied.
    pub const fn not_applied(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Drifted | Outcome::Refused | Outcome::Failed | Outcome::NotAttempted => {
                self.not_made += 1;
            }
            Outcome::InDoubt => self.in_doubt += 1,
            Outcome::Applied | Outcome::AlreadyDone | Outcome::Gone => {}
        }
    }

    /// Says what can be done about the changes that were not made.
    pub fn of_run(&mut self, run: &RunLine, invocation: &Invocation) {
        self.lineage = run.lineage();
        let steps = run.next_steps(invocation).into_iter();
        self.next = steps
            .map(|step| match step.command {
                Some(command) => format!("{} {command}", step.text),
                None => step.text,
            })
            .collect();
    }

    /// Whether something can be done about changes that were not made, or it is not known whether some were.
    fn is_incomplete(&self) -> bool {
        self.in_doubt > 0 || (self.not_made > 0 && !self.next.is_empty())
    }

    /// Counts what was found about a change.
    ///
    /// # Errors
    ///
    /// If there is no room on disk.
    pub fn add(&mut self, change: &Change, finding: &Finding) -> io::Result<()> {
        *self.counts.entry(word(finding)).or_default() += 1;
        if matches!(finding, Finding::Unchanged | Finding::NotShown) {
            return Ok(());
        }
        self.list.add(|| line(change, finding));
        let entry = FoundChange {
            target: &change.target,
            action: &change.action,
            finding,
        };
        let separator = if self.list.total() == 1 { "\n" } else { ",\n" };
        self.spool.write_all(separator.as_bytes())?;
        text::json::to_writer(&mut self.spool, &entry).map_err(io::Error::from)
    }

    fn get(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or_default()
    }

    /// Whether an automation has not ended, or has failed without its task knowing.
    pub fn has_running(&self) -> bool {
        self.get("automation_running") > 0
    }

    /// 5 if something is not as the run has left it, or the run is not complete.
    pub fn exit_code(&self) -> ExitCode {
        if self.list.total() > 0 || self.is_incomplete() {
            ExitCode::Stale
        } else {
            ExitCode::Done
        }
    }

    /// What the findings say nothing about.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write_not_made(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.not_made > 0 {
            let changes = count(self.not_made, "change", "changes");
            let were = if self.not_made == 1 { "was" } else { "were" };
            writeln!(out, "{changes} of this run {were} not made")?;
        }
        if self.in_doubt > 0 {
            let changes = count(self.in_doubt, "change", "changes");
            writeln!(out, "{changes} of this run in doubt: not compared")?;
        }
        if self.not_made + self.in_doubt > 0 {
            for line in self.lineage.iter().chain(&self.next) {
                writeln!(out, "  {}", Untrusted(line).terminal())?;
            }
        }
        Ok(())
    }

    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write_text(&self, invocation: &Invocation, out: &mut dyn Write) -> io::Result<()> {
        let all = self.counts.values().sum();
        let counts: Vec<String> = KINDS
            .iter()
            .map(|(word, said)| (self.get(word), said))
            .filter(|(number, _)| *number > 0)
            .map(|(number, said)| format!("{} {said}", thousands(number)))
            .collect();
        if counts.is_empty() {
            return writeln!(out, "no applied changes of run {} to compare", self.run);
        }
        let counts = counts.join(", ");
        let changes = count(all, "applied change", "applied changes");
        writeln!(out, "{changes} of run {}: {counts}", self.run)?;
        for line in self.list.lines() {
            writeln!(out, "  {line}")?;
        }
        match self.list.more() {
            0 => Ok(()),
            more => {
                let whole = invocation.command("verify", &[&self.run, "--json"]);
                let whole = Untrusted(&whole).terminal();
                writeln!(out, "  … and {} more: {whole}", thousands(more))
            }
        }
    }

    /// # Errors
    ///
    /// The errors of `out`, or of the disk.
    pub fn write_json(mut self, out: &mut dyn Write) -> io::Result<()> {
        let run = text::json::to_string(&self.run).map_err(io::Error::from)?;
        write!(out, "{{\"run\":{run},\"findings\":[")?;
        self.spool.flush()?;
        let exit_code = self.exit_code().code();
        let file = self.spool.get_mut();
        file.rewind()?;
        io::copy(&mut BufReader::new(file), out)?;
        write!(out, "\n]")?;
        for (word, _) in KINDS {
            let number = self.counts.get(word).copied().unwrap_or_default();
            write!(out, ",\"{word}\":{number}")?;
        }
        let (not_made, in_doubt) = (self.not_made, self.in_doubt);
        write!(out, ",\"not_made\":{not_made},\"in_doubt\":{in_doubt}")?;
        writeln!(out, ",\"exit_code\":{exit_code}}}")
    }
}

/// `changed   task “Call” e/t: due_date is …, the run set …`. Escaped.
fn line(change: &Change, finding: &Finding) -> String {
    let quoted = |value: &serde_json::Value| words::detail(&cut(&value.to_string(), QUOTED));
    let (what, detail) = match finding {
        Finding::Unchanged => ("unchanged", String::new()),
        Finding::Changed { fields } => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| {
                    let [now, left] = [&field.now, &field.left].map(quoted);
                    format!(
                        "{} is {now}, the run set {left}",
                        words::detail(&field.field)
                    )
                })
                .collect();
            ("changed", fields.join(", "))
        }
        Finding::Gone => ("gone", String::new()),
        Finding::Back => ("back", "the run deleted it, and it exists".to_owned()),
        Finding::AutomationRunning => ("running", "its automation has not ended".to_owned()),
        Finding::AutomationFailed { reason } => {
            let reason = reason.as_deref().unwrap_or("without a reason");
            (
                "failed",
                format!("its automation failed: {}", words::detail(reason)),
            )
        }
        Finding::NotShown => ("not shown", String::new()),
    };
    let colon = if detail.is_empty() { "" } else { ": " };
    format!("{what:9} {}{colon}{detail}", words::target(&change.target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes::reassign;

    #[test]
    fn a_list_that_is_cut_names_the_command_that_prints_the_whole() {
        let mut verification = Verification::new("0192".to_owned()).unwrap();
        for number in 0..SHOWN + 4 {
            let change = reassign(&format!("e{number}"), "t0");
            verification.add(&change, &Finding::Gone).unwrap();
        }
        let mut out = Vec::new();
        verification
            .write_text(&Invocation::default(), &mut out)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        let last = text.lines().last().unwrap();
        assert_eq!(last, "  … and 4 more: wf-bulk verify 0192 --json");
    }
}

//! `in_doubt.csv`: the changes in doubt of a run, with a column for a person's answers.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
};

use super::change_walk::{ChangeEnd, OpenDoubt};
use crate::{
    checkpoint::PersonAnswer,
    store::RunId,
    table::{self, RequiredColumns, TableError},
    text::Untrusted,
};

pub(super) const HEADING: &str = "run,line,attempts,id,execution,kind,name,within,action,fields,first_sent_at,last_sent_at,last_answer,look_at,evidence,answer";

/// The columns that an answer needs.
pub const ANSWER_COLUMNS: [&str; 4] = ["run", "line", "attempts", "answer"];

/// A line of the plan and a number of attempts, as their texts in the file, to what a person has typed.
pub(super) type TypedAnswers = BTreeMap<(String, String), String>;

/// The rows of the list. They are few: a run stops at ten failures in a row, unless it is told otherwise.
#[derive(Debug)]
pub(super) struct DoubtRows {
    run: RunId,
    typed: TypedAnswers,
    rows: Vec<u8>,
}

impl DoubtRows {
    /// Keeps what a person has typed into the earlier list, also where nothing is known of it yet. If that list can't be read, it is put
    /// beside.
    pub(super) fn after(earlier: &Path, run: RunId) -> io::Result<Self> {
        let typed = match typed_answers(earlier) {
            Ok(typed) => typed,
            Err(_) if !earlier.exists() => TypedAnswers::new(),
            Err(_) => {
                fs::rename(earlier, earlier.with_extension("unread.csv"))?;
                TypedAnswers::new()
            }
        };
        let rows = Vec::new();
        Ok(Self { run, typed, rows })
    }

    /// Takes a change if it is in doubt.
    pub(super) fn add(&mut self, end: &ChangeEnd<'_>) -> io::Result<()> {
        let Some(doubt) = &end.doubt else {
            return Ok(());
        };
        let key = (end.line.to_string(), doubt.attempts.to_string());
        let typed = self.typed.get(&key).map(String::as_str);
        let answer = typed.or_else(|| doubt.answer.map(PersonAnswer::word));
        write_row(
            &mut self.rows,
            self.run,
            end,
            doubt,
            answer.unwrap_or_default(),
        )
    }

    /// The rows below the heading; none if no change is in doubt.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (!self.rows.is_empty()).then_some(self.rows)
    }
}

fn typed_answers(path: &Path) -> Result<TypedAnswers, TableError> {
    let mut typed = TypedAnswers::new();
    table::read(path, RequiredColumns::All(&ANSWER_COLUMNS), |row| {
        let Ok(mut cells) = row.cells else {
            return Ok(());
        };
        if let [Some(line), Some(attempts), Some(answer)] =
            ["line", "attempts", "answer"].map(|column| cells.remove(column))
        {
            typed.insert((line, attempts), answer);
        }
        Ok::<_, TableError>(())
    })?;
    Ok(typed)
}

fn write_row(
    out: &mut dyn Write,
    run: RunId,
    end: &ChangeEnd<'_>,
    doubt: &OpenDoubt,
    answer: &str,
) -> io::Result<()> {
    let target = &end.change.target;
    let id = target.id.as_ref().unwrap_or(&target.execution);
    let fields: Vec<String> = end.change.writes().map(|(field, _, _)| field).collect();
    let moment = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    writeln!(
        out,
        "{run},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
        end.line,
        doubt.attempts,
        Untrusted(id.as_str()).csv(),
        Untrusted(target.execution.as_str()).csv(),
        target.kind,
        Untrusted(&target.name).csv(),
        Untrusted(&target.within.join(" › ")).csv(),
        Untrusted(&end.change.action.join(" + ")).csv(),
        Untrusted(&fields.join(" + ")).csv(),
        moment(doubt.first_sent_at),
        moment(doubt.last_sent_at),
        Untrusted(end.message.as_deref().unwrap_or_default()).csv(),
        Untrusted(&doubt.look_at).csv(),
        Untrusted(doubt.found.as_deref().unwrap_or_default()).csv(),
        Untrusted(answer).csv(),
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        outcome::Outcome, report::change_facts::AttemptTimes, testing::changes::run_automation,
    };

    fn run() -> RunId {
        RunId::new(Timestamp::UNIX_EPOCH, [1; 10])
    }

    fn listed(earlier: &Path, answer: Option<PersonAnswer>) -> String {
        let mut change = run_automation("e1", "t1");
        change.target.name = "=HYPERLINK(\"http://x\")".to_owned();
        let mut rows = DoubtRows::after(earlier, run()).unwrap();
        for (line, is_open) in [(2, true), (3, false)] {
            let doubt = OpenDoubt {
                attempts: 1,
                first_sent_at: Timestamp::from_millisecond(1_000).ok(),
                last_sent_at: Timestamp::from_millisecond(1_000).ok(),
                look_at: "whether it ran".to_owned(),
                found: Some("=1".to_owned()),
                answer,
            };
            rows.add(&ChangeEnd {
                line,
                change: &change,
                outcome: Outcome::InDoubt,
                detail: None,
                message: Some("504: a, b".to_owned()),
                about: None,
                attempts: AttemptTimes::default(),
                doubt: is_open.then_some(doubt),
            })
            .unwrap();
        }
        let rows = rows.finish().map(|rows| String::from_utf8(rows).unwrap());
        rows.unwrap_or_default()
    }

    #[test]
    fn a_row_is_safe_in_a_spreadsheet_and_keeps_what_a_person_has_typed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in_doubt.csv");
        insta::assert_snapshot!(listed(&path, None), @r#"00000000-0000-7101-8101-010101010101,2,1,t1,e1,task,"'=HYPERLINK(""http://x"")",,run_automation,,1970-01-01T00:00:01Z,1970-01-01T00:00:01Z,"504: a, b",whether it ran,'=1,"#);
        assert!(listed(&path, Some(PersonAnswer::Retry)).ends_with(",retry\n"));
        // A spreadsheet has written it.
        let typed =
            "\u{feff}run;line;attempts;answer\r\nx;2;1;\"Applied\"\r\nx;9;1;skip\r\n;;;\r\n";
        fs::write(&path, typed).unwrap();
        assert!(listed(&path, Some(PersonAnswer::Retry)).ends_with(",Applied\n"));
        // Of another number of attempts.
        fs::write(&path, typed.replace("2;1", "2;2")).unwrap();
        assert!(listed(&path, None).ends_with(",\n"));
        fs::write(&path, "line\n\"").unwrap();
        assert!(listed(&path, None).ends_with(",\n"));
        assert!(path.with_extension("unread.csv").exists());
        assert!(!path.exists());
    }
}

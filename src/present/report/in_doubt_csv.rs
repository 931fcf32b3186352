//! `in_doubt.csv`: the changes in doubt of a run, with a column for a person's answers.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::change_walk::{ChangeEnd, OpenDoubt};
use crate::{
    checkpoint::PersonAnswer,
    plan::Target,
    store::RunId,
    table::{self, RequiredColumns, TableError},
    text::Untrusted,
};

pub(super) const HEADING: &str = "run,line,attempts,id,execution,kind,name,within,action,fields,first_sent_at,last_sent_at,last_answer,look_at,evidence,answer";

/// The columns that an answer needs.
pub const ANSWER_COLUMNS: [&str; 6] = ["run", "line", "attempts", "id", "execution", "answer"];

/// The bytes of the longest list that is read: far more than a person answers, and few enough for the memory.
pub const MAX_ANSWER_FILE: u64 = 64 * 1024 * 1024;

/// A line of the plan and a number of attempts, to what a person has typed.
type TypedAnswers = BTreeMap<(u64, u32), TypedAnswer>;

/// An answer in the earlier list, with what its row says of the change.
#[derive(Debug)]
struct TypedAnswer {
    run: String,
    id: String,
    execution: String,
    answer: String,
}

/// The earlier list.
#[derive(Debug, Default)]
struct EarlierList {
    typed: TypedAnswers,
    /// Whether an answer in it may be lost if the list is replaced.
    is_odd: bool,
}

/// The rows of the list. They are few: a run stops at ten failures in a row, unless it is told otherwise.
#[derive(Debug)]
pub(super) struct DoubtRows {
    run: RunId,
    path: PathBuf,
    earlier: EarlierList,
    rows: Vec<u8>,
}

/// The list that replaces the earlier one.
#[derive(Debug)]
pub(super) struct NewList {
    /// The rows below the heading; none if no change is in doubt.
    pub(super) rows: Option<Vec<u8>>,
    /// Where the earlier list is now, if it has answers that are not in this one.
    pub(super) aside: Option<PathBuf>,
}

impl DoubtRows {
    /// Keeps what a person has typed into the list at `path`, also where nothing is known of it yet.
    pub(super) fn after(path: &Path, run: RunId) -> Self {
        let earlier = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => EarlierList::default(),
            Ok(found) if found.is_file() && found.len() <= MAX_ANSWER_FILE => {
                earlier_list(path).unwrap_or_else(|_| EarlierList::unread())
            }
            Ok(_) | Err(_) => EarlierList::unread(),
        };
        Self {
            run,
            path: path.to_owned(),
            earlier,
            rows: Vec::new(),
        }
    }

    /// Takes a change if it is in doubt.
    pub(super) fn add(&mut self, end: &ChangeEnd<'_>) -> io::Result<()> {
        let Some(doubt) = &end.doubt else {
            return Ok(());
        };
        let key = (end.line, doubt.attempts);
        let typed = self.earlier.typed.remove(&key);
        let typed = typed.filter(|typed| {
            let fits = typed.is_about(self.run, &end.change.target);
            self.earlier.is_odd |= !fits;
            fits
        });
        let typed = typed.as_ref().map(|typed| typed.answer.as_str());
        let answer = typed.or_else(|| doubt.answer.map(PersonAnswer::word));
        write_row(
            &mut self.rows,
            self.run,
            end,
            doubt,
            answer.unwrap_or_default(),
        )
    }

    /// The list. If an answer of the earlier one is not in it, and is not known to be of no use any more, that one is renamed.
    pub(super) fn finish(mut self) -> io::Result<NewList> {
        let run = self.run.to_string();
        self.earlier.is_odd |= self.earlier.typed.values().any(|typed| typed.run != run);
        let aside = if self.earlier.is_odd {
            Some(put_aside(&self.path)?)
        } else {
            None
        };
        let rows = (!self.rows.is_empty()).then_some(self.rows);
        Ok(NewList { rows, aside })
    }
}

impl TypedAnswer {
    /// Rows of which only some columns were sorted have the answers of other changes.
    fn is_about(&self, run: RunId, target: &Target) -> bool {
        let id = target.id.as_ref().unwrap_or(&target.execution);
        self.run == run.to_string()
            && table::id_in(&self.id) == id.as_str()
            && table::id_in(&self.execution) == target.execution.as_str()
    }
}

impl EarlierList {
    fn unread() -> Self {
        Self {
            typed: TypedAnswers::new(),
            is_odd: true,
        }
    }
}

/// The answers in a list. A row without an answer says nothing.
fn earlier_list(path: &Path) -> Result<EarlierList, TableError> {
    let mut list = EarlierList::default();
    table::read(path, RequiredColumns::All(&ANSWER_COLUMNS), |row| {
        let Ok(mut cells) = row.cells else {
            list.is_odd = true;
            return Ok(());
        };
        let Some(answer) = cells.remove("answer") else {
            return Ok(());
        };
        let [run, line, attempts, id, execution] = ["run", "line", "attempts", "id", "execution"]
            .map(|column| cells.remove(column).unwrap_or_default());
        let typed = TypedAnswer {
            run,
            id,
            execution,
            answer,
        };
        // Of two answers about one change, the last one stays in the list, and the other one in the file that is put aside.
        list.is_odd |= match (line.parse(), attempts.parse()) {
            (Ok(line), Ok(attempts)) => list.typed.insert((line, attempts), typed).is_some(),
            (Err(_), _) | (_, Err(_)) => true,
        };
        Ok::<_, TableError>(())
    })?;
    Ok(list)
}

/// Gives the list a name that no file has, so that nothing a person has typed is lost.
fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let names = (1_u32..).map(|number| match number {
        1 => path.with_extension("unread.csv"),
        _ => path.with_extension(format!("unread-{number}.csv")),
    });
    for aside in names {
        if fs::symlink_metadata(&aside).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
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
        let mut rows = DoubtRows::after(earlier, run());
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
        let rows = rows.finish().unwrap().rows;
        String::from_utf8(rows.unwrap_or_default()).unwrap()
    }

    #[test]
    fn a_row_is_safe_in_a_spreadsheet_and_keeps_what_a_person_has_typed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in_doubt.csv");
        insta::assert_snapshot!(listed(&path, None), @r#"00000000-0000-7101-8101-010101010101,2,1,t1,e1,task,"'=HYPERLINK(""http://x"")",,run_automation,,1970-01-01T00:00:01Z,1970-01-01T00:00:01Z,"504: a, b",whether it ran,'=1,"#);
        assert!(listed(&path, Some(PersonAnswer::Retry)).ends_with(",retry\n"));
        // A spreadsheet has written it.
        let run = run();
        let heading = "\u{feff}run;line;attempts;id;execution;answer\r\n";
        let typed =
            format!("{heading}{run};2;1;t1;e1;\"Applied\"\r\n{run};9;1;t9;e9;skip\r\n;;;;;\r\n");
        fs::write(&path, &typed).unwrap();
        assert!(listed(&path, Some(PersonAnswer::Retry)).ends_with(",Applied\n"));
        // Of another number of attempts.
        fs::write(&path, typed.replace("2;1", "2;2")).unwrap();
        assert!(listed(&path, None).ends_with(",\n"));
        assert!(path.exists(), "what was followed is of no use any more");
    }

    #[test]
    fn an_answer_of_another_run_or_change_is_not_taken_over_and_its_list_is_put_aside() {
        let other = RunId::new(Timestamp::UNIX_EPOCH, [2; 10]);
        let heading = "run,line,attempts,id,execution,answer\n";
        let run = run();
        for rows in [
            format!("{other},2,1,t1,e1,applied\n"),
            ",2,1,t1,e1,applied\n".to_owned(),
            format!("{run},2,1,t2,e1,applied\n"),
            format!("{run},2,1,t1,e2,applied\n"),
            format!("{run},2,1,,,applied\n"),
            format!("{run},x,1,t1,e1,applied\n"),
            // Of a line that is not in doubt.
            format!("{other},9,1,t1,e1,applied\n"),
            format!("{run},2,1,t1,e1,skip\n{run},2,1,t2,e2,applied\n"),
            format!("{run},2,1,t1,e1,applied,more\n"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("in_doubt.csv");
            let text = format!("{heading}{rows}");
            fs::write(&path, &text).unwrap();
            assert!(listed(&path, None).ends_with(",\n"), "{rows}");
            assert!(!path.exists(), "{rows}");
            let aside = fs::read_to_string(path.with_extension("unread.csv")).unwrap();
            assert_eq!(aside, text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn whatever_has_the_name_of_the_list_is_put_aside_under_a_free_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in_doubt.csv");
        let inside = |name: &str| folder.path().join(name);
        fs::write(&path, "line\n\"").unwrap();
        assert!(listed(&path, None).ends_with(",\n"));
        assert!(inside("in_doubt.unread.csv").is_file());
        fs::create_dir_all(path.join("x")).unwrap();
        assert!(listed(&path, None).ends_with(",\n"));
        assert!(inside("in_doubt.unread-2.csv").is_dir());
        std::os::unix::fs::symlink("in_doubt.unread.csv", &path).unwrap();
        assert!(listed(&path, None).ends_with(",\n"));
        assert!(inside("in_doubt.unread-3.csv").is_symlink());
        fs::write(&path, "").unwrap();
        crate::private_file::set_length(&path, MAX_ANSWER_FILE + 1).unwrap();
        assert!(listed(&path, None).ends_with(",\n"));
        assert!(inside("in_doubt.unread-4.csv").is_file());
        assert!(!path.exists());
    }
}

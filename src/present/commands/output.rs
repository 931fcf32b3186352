//! An output file: resolves its path, and checks whether it may be written.

use std::{
    fs::{self, File},
    io::{self, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use super::{
    terminal::{print_whole, say},
    wrong_input::head,
};
use crate::{
    error::Error,
    platform::{self, DeviceName},
    private_file,
    table::STDIN,
    text::{FileKind, shell_word, shown_path},
};

/// The maximum number of links that are followed; Linux has the same limit.
const MOST_LINKS: usize = 40;

/// The kind of an output, which may replace only files of the same kind. So a wrong name destroys no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputContent {
    Plan,
    Schema,
    Report,
    /// Events of sessions: more of them are appended.
    Events,
    Metrics,
    ManPage,
}

impl OutputContent {
    const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Schema => "schema of wf-bulk",
            Self::Report => "report of wf-bulk",
            Self::Events => "file of events",
            Self::Metrics => "file of metrics",
            Self::ManPage => "man page of wf-bulk",
        }
    }

    const fn flag(self) -> &'static str {
        match self {
            Self::Plan | Self::Schema | Self::Report | Self::ManPage => "-o",
            Self::Events => "--events",
            Self::Metrics => "--metrics",
        }
    }

    /// Whether a file with this beginning has the same kind, or is empty.
    fn may_replace(self, head: &[u8]) -> bool {
        let has = |text: &[u8]| head.windows(text.len()).any(|part| part == text);
        head.is_empty()
            || match self {
                Self::Plan => FileKind::of_start(head) == Some(FileKind::Plan),
                Self::Report => {
                    has(b"report of wf-bulk")
                        || has(b"\"wf_bulk_report\"")
                        || head.starts_with(b"run,change,id,execution,")
                }
                Self::Schema => head.starts_with(b"{") && has(b"\"$schema\"") && has(b"wf-bulk"),
                Self::Events => head.starts_with(b"{\"v\":1,\"seq\":"),
                Self::Metrics => head.starts_with(b"# HELP wf_bulk_"),
                Self::ManPage => has(b"\n.TH wf-bulk"),
            }
    }

    pub(super) fn not_written(self, path: &Path) -> Error {
        not_written(path, self)
    }
}

/// The destination of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Stdout,
    /// A regular file, or a new one; links are followed.
    File(PathBuf),
    /// A pipe or a device: written to, never replaced.
    Stream(PathBuf),
}

impl Output {
    /// Checks what is at `path`; `-` is standard output.
    ///
    /// # Errors
    ///
    /// If it is not of the kind `content`.
    pub(super) fn at(path: &Path, content: OutputContent) -> Result<Self, Error> {
        if path == Path::new(STDIN) {
            return if platform::stdout_is_lost() {
                Err(Error::failed(format!(
                    "standard output is closed: the {} would be lost",
                    content.name()
                ))
                .hint(format!("name a file: {} FILE", content.flag())))
            } else {
                Ok(Self::Stdout)
            };
        }
        match platform::device_of_name(path) {
            None => {}
            Some(DeviceName::Null) => return Ok(Self::Stream(path.to_owned())),
            Some(DeviceName::Other) => {
                return Err(Error::usage(format!(
                    "{} is a name of a device of Windows",
                    shown_path(path)
                ))
                .hint(format!("name a file: {} FILE", content.flag())));
            }
        }
        let failed = |error: io::Error| not_written(path, content).caused_by(error);
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let target = end_of_links(path).map_err(failed)?;
                let folder = private_file::parent(&target);
                return if is_of_a_run(&target) {
                    Err(belongs_to_a_run(path))
                } else if folder.is_dir() {
                    Ok(Self::File(target))
                } else {
                    let word = shell_word(&folder.to_string_lossy());
                    Err(
                        Error::usage(format!("there is no folder {}", shown_path(folder)))
                            .hint(format!("make it first: {}", platform::make_folder(&word))),
                    )
                };
            }
            Err(error) => return Err(failed(error)),
        };
        if metadata.is_dir() {
            return Err(Error::usage(format!("{} is a folder", shown_path(path)))
                .hint(format!("name a file in it for the {}", content.name())));
        }
        if !metadata.is_file() {
            return Ok(if platform::is_stdout(&metadata) {
                Self::Stdout
            } else {
                Self::Stream(path.to_owned())
            });
        }
        let target = path.canonicalize().map_err(failed)?;
        check(path, &target, content)?;
        Ok(Self::File(target))
    }

    /// A temporary file without a name, on the same disk as the output if that is a file.
    pub(super) fn scratch(&self, path: &Path, content: OutputContent) -> Result<File, Error> {
        let file = match self {
            Self::Stdout | Self::Stream(_) => tempfile::tempfile(),
            Self::File(target) => tempfile::tempfile_in(private_file::parent(target)),
        };
        file.map_err(|error| not_written(path, content).caused_by(error))
    }

    /// Writes all of `from`. A file is replaced atomically, after another check that it may be replaced; `path` names it in messages.
    pub(super) fn write(
        &self,
        path: &Path,
        content: OutputContent,
        mut from: &File,
    ) -> Result<(), Error> {
        let failed = |error: io::Error| not_written(path, content).caused_by(error);
        from.rewind().map_err(failed)?;
        match self {
            Self::Stdout => print_whole(|out| io::copy(&mut from, out).map(drop)),
            Self::Stream(stream) => {
                if fs::metadata(stream).is_ok_and(|metadata| platform::is_fifo(&metadata)) {
                    say(|out| writeln!(out, "waiting until {} is read", shown_path(path)));
                }
                File::options()
                    .write(true)
                    .open(stream)
                    .and_then(|mut out| io::copy(&mut from, &mut out).and_then(|_| out.flush()))
                    .map_err(failed)
            }
            Self::File(target) => {
                if target.exists() {
                    check(path, target, content)?;
                }
                private_file::replace(target, |out| io::copy(&mut from, out).map(drop))
                    .map_err(failed)
            }
        }
    }
}

/// Refuses to replace a file that may be someone's work, or an input of this command.
fn check(path: &Path, target: &Path, content: OutputContent) -> Result<(), Error> {
    let head = head(target).map_err(|error| not_written(path, content).caused_by(error))?;
    let stays = |what: String| {
        Err(Error::usage(what)
            .hint("it was not changed; name another file, or delete this one first"))
    };
    if !content.may_replace(&head) {
        return stays(format!(
            "{} exists already and is not a {}",
            shown_path(path),
            content.name()
        ));
    }
    if is_of_a_run(target) {
        return Err(belongs_to_a_run(path));
    }
    Ok(())
}

/// Whether a file is in the folder of a run.
fn is_of_a_run(file: &Path) -> bool {
    private_file::parent(file).join("run.json").exists()
}

fn belongs_to_a_run(path: &Path) -> Error {
    Error::usage(format!("{} is in the folder of a run", shown_path(path)))
        .hint("nothing was written there; name a file in another folder")
}

/// The path that a link without a target would create.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut end = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&end) {
            Ok(metadata) if metadata.is_symlink() => {
                end = private_file::parent(&end).join(fs::read_link(&end)?);
            }
            Ok(_) | Err(_) => return Ok(end),
        }
    }
    Err(io::Error::other("the symbolic links form a cycle"))
}

fn not_written(path: &Path, content: OutputContent) -> Error {
    Error::failed(format!(
        "the {} {} can't be written",
        content.name(),
        shown_path(path)
    ))
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use std::os::unix::fs::symlink;

    use super::*;

    #[cfg(unix)]
    fn message(output: Result<Output, Error>) -> String {
        output.unwrap_err().to_string()
    }

    #[cfg(unix)]
    #[test]
    fn what_is_there_decides_how_it_is_written_or_that_it_is_not() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let at = |name: &str| Output::at(&home.join(name), OutputContent::Plan);
        let file = |name: &str| Output::File(home.join(name));
        for (name, text) in [
            ("old.plan", "{\"wf_bulk_plan\":1,"),
            ("empty", ""),
            ("p.yaml", "version: 1"),
            ("run/plan", "{\"wf_bulk_plan\":1,"),
            ("run/run.json", "{}"),
            ("elsewhere/old.plan", "{\"wf_bulk_plan\":1,"),
        ] {
            fs::create_dir_all(home.join(name).parent().unwrap()).unwrap();
            fs::write(home.join(name), text).unwrap();
        }
        for (link, to) in [
            ("to_old", "old.plan"),
            ("to_playbook", "p.yaml"),
            ("to_nothing", "to_new"),
            ("to_new", "elsewhere/new.plan"),
            ("into_run", "run/new.plan"),
            ("circle", "circle"),
        ] {
            symlink(to, home.join(link)).unwrap();
        }
        fs::hard_link(home.join("p.yaml"), home.join("other_name")).unwrap();
        assert_eq!(
            Output::at(Path::new("-"), OutputContent::Plan).unwrap(),
            Output::Stdout
        );
        for (name, expected) in [
            ("new.plan", "new.plan"),
            ("old.plan", "old.plan"),
            ("empty", "empty"),
            ("to_old", "old.plan"),
            ("to_nothing", "elsewhere/new.plan"),
        ] {
            assert_eq!(at(name).unwrap(), file(expected), "{name}");
        }
        for (name, said) in [
            ("p.yaml", "exists already and is not a plan"),
            ("to_playbook", "exists already and is not a plan"),
            ("other_name", "exists already and is not a plan"),
            ("run/../p.yaml", "exists already and is not a plan"),
            ("run/plan", "is in the folder of a run"),
            ("run/new.plan", "is in the folder of a run"),
            ("into_run", "is in the folder of a run"),
            ("run", "is a folder"),
            ("circle", "can't be written"),
            ("none/x.plan", "there is no folder "),
        ] {
            assert!(message(at(name)).contains(said), "{name}");
        }
    }
    #[test]
    fn a_file_of_the_same_kind_is_replaced_and_no_other() {
        for (content, head, may) in [
            (OutputContent::Plan, "", true),
            (OutputContent::Schema, "", true),
            (
                OutputContent::Schema,
                r#"{"$schema": "x", "title": "wf-bulk"}"#,
                true,
            ),
            (OutputContent::Schema, r#"{"$schema": "x"}"#, false),
            (OutputContent::Schema, r#"{"name": "wf-bulk"}"#, false),
            (OutputContent::Schema, r#"["$schema", "wf-bulk"]"#, false),
            (
                OutputContent::Plan,
                r#"{"$schema": "x", "title": "wf-bulk"}"#,
                false,
            ),
            (OutputContent::Schema, "{\"wf_bulk_plan\":1,", false),
            (OutputContent::Events, "", true),
            (OutputContent::Events, "{\"v\":1,\"seq\":7,", true),
            (OutputContent::Events, "{\"wf_bulk_plan\":1,", false),
            (OutputContent::Metrics, "# HELP wf_bulk_exit_code x", true),
            (OutputContent::Metrics, "# HELP node_cpu x", false),
        ] {
            assert_eq!(
                content.may_replace(head.as_bytes()),
                may,
                "{content:?} {head}"
            );
        }
    }

    #[test]
    fn a_file_that_came_while_the_plan_was_made_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x.plan");
        let output = Output::at(&path, OutputContent::Plan).unwrap();
        let plan = output.scratch(&path, OutputContent::Plan).unwrap();
        fs::write(&path, "mine").unwrap();
        let error = output.write(&path, OutputContent::Plan, &plan).unwrap_err();
        assert!(error.to_string().contains("is not a plan"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}

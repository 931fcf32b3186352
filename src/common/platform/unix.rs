//! Unix: modes and owners, process groups, `sh`.

use std::{
    fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fstat, stat},
    process::{Pid, Signal, geteuid, getuid, kill_process_group},
    termios::{QueueSelector, tcflush},
};
use tokio::process::Command;

use super::{ChildEnd, DeviceName, Exposure};

/// The variable that names the user's folder.
pub const HOME: &str = "HOME";

/// The program that prints the user's name, with its arguments.
pub const USER: (&str, &[&str]) = ("id", &["-un"]);

/// The program that prints the name of the machine, with its arguments.
pub const HOST: (&str, &[&str]) = ("uname", &["-n"]);

/// Whether a folder can be renamed while a file in it is open.
pub const LOCKED_FOLDERS_MOVE: bool = true;

/// Write permission for the group and for others.
const WRITE_OF_OTHERS: u32 = 0o022;

/// Any permission for the group and for others.
const ACCESS_OF_OTHERS: u32 = 0o077;

/// In a folder with this bit, only the owner of a file may rename or delete it.
const STICKY: u32 = 0o1000;

/// The permission bits of a mode, without the kind of the file.
const PERMISSIONS: u32 = 0o7777;

/// The user who may do everything in any case.
const ROOT: u32 = 0;

/// Opens no link, and waits for nothing: the caller looks at what was opened.
pub fn only_regular(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed())
}

/// Keeps a file in its place while it is open: here, no system call does.
pub const fn keep_in_place(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Opens a file; one that is made by this has mode 0600.
///
/// # Errors
///
/// If it can't be opened or made.
pub fn open_owner_only(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.mode(0o600).open(path)
}

/// Makes a folder with mode 0700.
///
/// # Errors
///
/// If it exists or can't be made.
pub fn create_owner_only_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Returns when the names in a folder are on disk.
///
/// # Errors
///
/// If they may not be.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Renames a file; what has the name is replaced, also if another process has it open.
///
/// # Errors
///
/// If it can't be renamed.
pub fn rename_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Renames a folder.
///
/// # Errors
///
/// If it can't be renamed, or another one has the name and is not empty.
pub fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// What something is that is neither a file, a folder nor a link.
pub fn kind_of_special(found: FileType) -> &'static str {
    if found.is_fifo() {
        "a FIFO"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

pub fn is_fifo(metadata: &Metadata) -> bool {
    metadata.file_type().is_fifo()
}

/// Two numbers that only one file has at a time.
///
/// # Errors
///
/// If the system does not tell them.
pub fn identity(file: &File) -> io::Result<(u64, u64)> {
    Ok(numbers(&file.metadata()?))
}

/// As [`identity`], of what is at a path; no link is followed.
///
/// # Errors
///
/// If there is nothing, or the system does not tell.
pub fn identity_at(path: &Path) -> io::Result<(u64, u64)> {
    Ok(numbers(&fs::symlink_metadata(path)?))
}

fn numbers(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The exposure of a file or folder to users other than this one and root.
///
/// # Errors
///
/// None here.
pub fn exposure(_: &Path, metadata: &Metadata) -> io::Result<Option<Exposure>> {
    let mode = metadata.mode() & PERMISSIONS;
    Ok(exposure_of(metadata.uid(), mode, geteuid().as_raw()))
}

fn exposure_of(owner: u32, mode: u32, me: u32) -> Option<Exposure> {
    if owner != me && owner != ROOT {
        Some(Exposure::Owner {
            owner: owner.to_string(),
            me: me.to_string(),
        })
    } else if mode & WRITE_OF_OTHERS != 0 {
        Some(Exposure::Writers {
            how: format!("mode {mode:04o}"),
        })
    } else {
        None
    }
}

/// How a user other than root and the owner can reach it; none if none can.
///
/// # Errors
///
/// None here.
pub fn access_of_others(_: &Path, metadata: &Metadata) -> io::Result<Option<String>> {
    let mode = metadata.mode() & PERMISSIONS;
    Ok((mode & ACCESS_OF_OTHERS != 0).then(|| format!("mode {mode:04o}")))
}

/// Whether it belongs to the user of this process.
///
/// # Errors
///
/// None here.
pub fn is_of_this_user(_: &Path, metadata: &Metadata) -> io::Result<bool> {
    Ok(metadata.uid() == getuid().as_raw())
}

/// Whether in this folder a file is safe from other users than its owner.
pub fn may_only_owners_rename_in(folder: &Metadata) -> bool {
    folder.mode() & STICKY != 0
}

/// The command that makes something the user's own, with all that is in it if that is wanted. `path` is a word of a shell.
pub fn cure_of(exposure: &Exposure, path: &str, with_content: bool) -> String {
    let option = if with_content { "-R " } else { "" };
    match exposure {
        Exposure::Owner { me, .. } => format!("chown {option}{me} {path}"),
        Exposure::Writers { .. } => format!("chmod {option}go-w {path}"),
    }
}

/// The command that makes a file readable for its owner only. `path` is a word of a shell.
pub fn privacy_of(path: &str) -> String {
    format!("chmod 600 {path}")
}

/// The command that makes a folder and those above it. `path` is a word of a shell.
pub fn make_folder(path: &str) -> String {
    format!("mkdir -p {path}")
}

/// The command that sets a variable for the commands after it. `value` needs no quotes.
pub fn set_variable(name: &str, value: &str) -> String {
    format!("export {name}={value}")
}

/// The device that a name of a file stands for: none, since a device has a file.
pub const fn device_of_name(_: &Path) -> Option<DeviceName> {
    None
}

/// The user of this process, where its name is not known.
pub fn user_id() -> String {
    format!("uid {}", getuid().as_raw())
}

/// Whether standard output is lost: it was closed when the process began, so Rust opened the null device. Only then is it open for reading,
/// too; `>/dev/null` of a shell is not.
pub fn stdout_is_lost() -> bool {
    let is_open_for_both = fcntl_getfl(io::stdout())
        .is_ok_and(|flags| flags.intersection(OFlags::RWMODE) == OFlags::RDWR);
    let is_null = || {
        let (Ok(stdout), Ok(null)) = (fstat(io::stdout()), stat("/dev/null")) else {
            return false;
        };
        (stdout.st_dev, stdout.st_ino) == (null.st_dev, null.st_ino)
    };
    is_open_for_both && is_null()
}

/// Whether this is what standard output goes to.
pub fn is_stdout(metadata: &Metadata) -> bool {
    fs::metadata("/dev/stdout").is_ok_and(|stdout| numbers(&stdout) == numbers(metadata))
}

/// Forgets what was typed and not read yet.
///
/// # Errors
///
/// If standard input is no terminal.
pub fn flush_terminal_input() -> io::Result<()> {
    Ok(tcflush(io::stdin(), QueueSelector::IFlush)?)
}

/// A command line of the user.
pub fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

/// Gives the child a process group of its own: Ctrl-C does not reach it, and [`end_group`] ends what it has started, too, unless that
/// leaves the group.
pub fn apart(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// Ends a child that was started [`apart`], and what it has started.
pub fn end_group(child: u32, how: ChildEnd) {
    let signal = match how {
        ChildEnd::Ask => Signal::TERM,
        ChildEnd::Kill => Signal::KILL,
    };
    if let Some(group) = i32::try_from(child).ok().and_then(Pid::from_raw) {
        // An error means that it has ended.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_user_could_have_written_is_exposed_and_what_others_can_read_is_not() {
        const ME: u32 = 1000;
        let owner = |owner: u32| {
            Some(Exposure::Owner {
                owner: owner.to_string(),
                me: ME.to_string(),
            })
        };
        let mode = |mode: &str| {
            Some(Exposure::Writers {
                how: format!("mode {mode}"),
            })
        };
        for (uid, bits, expected) in [
            (ME, 0o600, None),
            (ME, 0o644, None),
            (ME, 0o755, None),
            (ME, 0o620, mode("0620")),
            (ME, 0o602, mode("0602")),
            (ME, 0o777, mode("0777")),
            (ROOT, 0o644, None),
            (ROOT, 0o664, mode("0664")),
            (1001, 0o600, owner(1001)),
            (1001, 0o777, owner(1001)),
        ] {
            assert_eq!(exposure_of(uid, bits, ME), expected, "{uid} {bits:o}");
        }
        // Root itself reads the files of others, too.
        assert!(exposure_of(ME, 0o600, ROOT).is_some());
    }
}

//! Windows: access lists, process trees, `cmd`.

use std::{
    fs::{self, File, FileType, Metadata, OpenOptions},
    io,
    os::windows::{fs::OpenOptionsExt as _, io::AsRawHandle as _},
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

use crossterm_winapi::{Console, Handle};
use tokio::process::Command;
use windows_permissions::{
    Acl, LocalBox, SecurityDescriptor,
    constants::{AceFlags, AceType, SeObjectType, SecurityInformation},
    utilities::current_process_sid,
    wrappers::{GetNamedSecurityInfo, SetNamedSecurityInfo},
};

use super::{
    ChildEnd, DeviceName, Exposure,
    access_list::{self, AllowedAccess},
    device_name,
};

/// The variable that names the user's folder.
pub const HOME: &str = "USERPROFILE";

/// The program that prints the user's name, with its arguments.
pub const USER: (&str, &[&str]) = ("whoami", &[]);

/// The program that prints the name of the machine, with its arguments.
pub const HOST: (&str, &[&str]) = ("hostname", &[]);

/// Whether a folder can be renamed while a file in it is open.
pub const LOCKED_FOLDERS_MOVE: bool = false;

/// Opens a link itself and not what it leads to: `FILE_FLAG_OPEN_REPARSE_POINT`.
const OPEN_LINK: u32 = 0x0020_0000;

/// Opens a folder as well: `FILE_FLAG_BACKUP_SEMANTICS`.
const OPEN_FOLDER: u32 = 0x0200_0000;

/// Others may read and write what is open: `FILE_SHARE_READ`, `FILE_SHARE_WRITE`. Without `FILE_SHARE_DELETE`, they may not delete or
/// rename it.
const SHARE_READING: u32 = 0x0000_0001;
const SHARE_WRITING: u32 = 0x0000_0002;

/// Ctrl-C goes to the other processes of the console: `CREATE_NEW_PROCESS_GROUP`.
const NEW_GROUP: u32 = 0x0000_0200;

/// A virus scanner has a new file open for a moment, and neither the file nor its folder can be renamed meanwhile. Two seconds in all.
const TRIES: u32 = 40;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// What the system says then: `ERROR_ACCESS_DENIED` and `ERROR_SHARING_VIOLATION`.
const IN_USE: [i32; 2] = [5, 32];

/// Opens no link: the caller looks at what was opened.
pub fn only_regular(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OPEN_LINK)
}

/// Keeps a file in its place while it is open: nobody can delete, move or replace it.
pub fn keep_in_place(options: &mut OpenOptions) -> &mut OpenOptions {
    options.share_mode(SHARE_READING | SHARE_WRITING)
}

/// Opens a file; one that is made by this is for its owner only.
///
/// # Errors
///
/// If it can't be opened or made.
pub fn open_owner_only(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let is_new = fs::symlink_metadata(path).is_err();
    let file = options.open(path)?;
    if is_new {
        close_to_others(path)?;
    }
    Ok(file)
}

/// Makes a folder for its owner only, as are the files that will be in it.
///
/// # Errors
///
/// If it exists or can't be made.
pub fn create_owner_only_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    close_to_others(path).inspect_err(|_| drop(fs::remove_dir(path)))
}

/// Gives it an access list of its own, which does not depend on the folder above.
fn close_to_others(path: &Path) -> io::Result<()> {
    let list: LocalBox<SecurityDescriptor> =
        access_list::owner_only(&current_process_sid()?.to_string()).parse()?;
    SetNamedSecurityInfo(
        path.as_os_str(),
        SeObjectType::SE_FILE_OBJECT,
        SecurityInformation::Dacl | SecurityInformation::ProtectedDacl,
        None,
        None,
        list.dacl(),
        None,
    )
}

/// Windows writes the names in a folder with its journal, and has no call that waits for it.
///
/// # Errors
///
/// None here.
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Renames a file; what has the name is replaced, also if another process has it open, unless that process forbids it.
///
/// # Errors
///
/// If it can't be renamed.
pub fn rename_file(from: &Path, to: &Path) -> io::Result<()> {
    rename(from, to)
}

/// Renames a folder, in which no file may be open.
///
/// # Errors
///
/// If it can't be renamed, or something has the name.
pub fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    rename(from, to)
}

/// Tries again for a while, since another program may look at a new file.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..TRIES {
        match fs::rename(from, to) {
            Err(error)
                if error
                    .raw_os_error()
                    .is_some_and(|code| IN_USE.contains(&code)) =>
            {
                thread::sleep(BETWEEN_TRIES);
            }
            renamed => return renamed,
        }
    }
    fs::rename(from, to)
}

/// What something is that is neither a file, a folder nor a link.
pub const fn kind_of_special(_: FileType) -> &'static str {
    "a device"
}

/// A pipe has no place among the files.
pub const fn is_fifo(_: &Metadata) -> bool {
    false
}

/// Two numbers that only one file has at a time.
///
/// # Errors
///
/// If the system does not tell them.
pub fn identity(file: &File) -> io::Result<(u64, u64)> {
    let found = winapi_util::file::information(file)?;
    Ok((found.volume_serial_number(), found.file_index()))
}

/// As [`identity`], of what is at a path; no link is followed.
///
/// # Errors
///
/// If there is nothing, or the system does not tell.
pub fn identity_at(path: &Path) -> io::Result<(u64, u64)> {
    let mut options = OpenOptions::new();
    // Without any right the attributes can be read, and nothing is in the way of other programs.
    options.access_mode(0).custom_flags(OPEN_LINK | OPEN_FOLDER);
    identity(&options.open(path)?)
}

/// The owner, and who is allowed something; no list means that everybody is allowed everything.
fn access_of(path: &Path) -> io::Result<(String, Option<Vec<AllowedAccess>>)> {
    let found = GetNamedSecurityInfo(
        path.as_os_str(),
        SeObjectType::SE_FILE_OBJECT,
        SecurityInformation::Owner | SecurityInformation::Dacl,
    )?;
    let owner = found.owner().map(ToString::to_string).unwrap_or_default();
    Ok((owner, found.dacl().map(entries)))
}

fn entries(list: &Acl) -> Vec<AllowedAccess> {
    let entries = (0..list.len()).filter_map(|index| list.get_ace(index));
    let allowing = entries.filter(|entry| {
        !entry.flags().contains(AceFlags::InheritOnly)
            && !matches!(
                entry.ace_type(),
                AceType::ACCESS_DENIED_ACE_TYPE
                    | AceType::ACCESS_DENIED_CALLBACK_ACE_TYPE
                    | AceType::ACCESS_DENIED_OBJECT_ACE_TYPE
                    | AceType::ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE
            )
    });
    allowing
        .map(|entry| AllowedAccess {
            who: entry.sid().map(ToString::to_string).unwrap_or_default(),
            rights: entry.mask().bits(),
        })
        .collect()
}

/// The exposure of a file or folder to users other than this one, the system and its administrators.
///
/// # Errors
///
/// If its access list can't be read.
pub fn exposure(path: &Path, _: &Metadata) -> io::Result<Option<Exposure>> {
    let (owner, list) = access_of(path)?;
    let me = current_process_sid()?.to_string();
    Ok(access_list::exposure_of(&owner, list.as_deref(), &me))
}

/// How a user other than this one, the system and its administrators can reach it; none if none can.
///
/// # Errors
///
/// If its access list can't be read.
pub fn access_of_others(path: &Path, _: &Metadata) -> io::Result<Option<String>> {
    let (_, list) = access_of(path)?;
    let me = current_process_sid()?.to_string();
    Ok(access_list::reader_of(list.as_deref(), &me))
}

/// Whether it belongs to the user of this process.
///
/// # Errors
///
/// If its access list can't be read.
pub fn is_of_this_user(path: &Path, _: &Metadata) -> io::Result<bool> {
    Ok(access_of(path)?.0 == current_process_sid()?.to_string())
}

/// Whether in this folder a file is safe from other users than its owner: no folder of Windows is so by itself.
pub const fn may_only_owners_rename_in(_: &Metadata) -> bool {
    false
}

/// The command that makes something the user's own, with all that is in it if that is wanted. `path` is a word of a shell.
pub fn cure_of(exposure: &Exposure, path: &str, with_content: bool) -> String {
    let option = if with_content { " /T" } else { "" };
    match exposure {
        Exposure::Owner { me, .. } => format!("icacls {path} /setowner \"*{me}\"{option}"),
        Exposure::Writers { .. } => {
            let me = user_id();
            format!(
                "icacls {path} /reset{option}, then icacls {path} /inheritance:r /grant:r \"*{me}:(OI)(CI)F\""
            )
        }
    }
}

/// The command that makes a file readable for its owner only. `path` is a word of a shell.
pub fn privacy_of(path: &str) -> String {
    format!("icacls {path} /inheritance:r /grant:r \"*{}:F\"", user_id())
}

/// The command of PowerShell and of `cmd` that makes a folder and those above it. `path` is a word of a shell.
pub fn make_folder(path: &str) -> String {
    format!("mkdir {path}")
}

/// The command of PowerShell that sets a variable for the commands after it. `value` needs no quotes.
pub fn set_variable(name: &str, value: &str) -> String {
    format!("$env:{name} = \"{value}\"")
}

/// The device that a name of a file stands for.
pub fn device_of_name(path: &Path) -> Option<DeviceName> {
    device_name::device_of_name(&path.to_string_lossy())
}

/// The user of this process, where its name is not known.
pub fn user_id() -> String {
    current_process_sid().map_or_else(|_| "an unknown user".to_owned(), |sid| sid.to_string())
}

/// Whether the process was started without standard output.
pub fn stdout_is_lost() -> bool {
    io::stdout().as_raw_handle().is_null()
}

/// Whether this is what standard output goes to: it has no name among the files.
pub const fn is_stdout(_: &Metadata) -> bool {
    false
}

/// Forgets what was typed and not read yet.
///
/// # Errors
///
/// If standard input is no console.
pub fn flush_terminal_input() -> io::Result<()> {
    let console = Console::from(Handle::input_handle()?);
    console.read_console_input().map(drop).map_err(|source| {
        let message =
            format!("the input is no console of Windows, as in some other terminals: {source}");
        io::Error::new(source.kind(), message)
    })
}

/// A command line of the user.
pub fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    // With /S, `cmd` takes off the outer quotes, and leaves the line as it is.
    command
        .args(["/D", "/S", "/C"])
        .raw_arg(format!("\"{line}\""));
    command
}

/// Keeps Ctrl-C from the child.
pub fn apart(command: &mut Command) -> &mut Command {
    command.creation_flags(NEW_GROUP)
}

/// Ends a child that was started [`apart`], and what it has started. No program without a window can be asked to end, so each ends at once.
pub fn end_group(child: u32, _: ChildEnd) {
    let ended = std::process::Command::new("taskkill")
        .args(["/T", "/F", "/PID", &child.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // An error means that it has ended.
    drop(ended);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_a_file_gets_lets_no_other_user_in() {
        let me = current_process_sid().unwrap().to_string();
        let list: LocalBox<SecurityDescriptor> = access_list::owner_only(&me).parse().unwrap();
        let entries = entries(list.dacl().unwrap());
        assert_eq!(entries.len(), 3);
        assert_eq!(access_list::reader_of(Some(&entries), &me), None);
    }

    #[test]
    fn a_file_that_another_process_has_open_for_a_moment_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| home.path().join(name));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        // Whoever shares nothing.
        let reader = OpenOptions::new().read(true).share_mode(0).open(&to);
        let reading = thread::spawn(move || {
            thread::sleep(BETWEEN_TRIES * 2);
            drop(reader.unwrap());
        });
        rename_file(&from, &to).unwrap();
        reading.join().unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
    }
}

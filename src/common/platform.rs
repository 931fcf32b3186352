//! What each operating system does in its own way. Other code says here what it wants, and knows no system.

#[cfg(any(test, windows))]
mod access_list;
#[cfg(any(test, windows))]
mod device_name;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{
    HOME, HOST, LOCKED_FOLDERS_MOVE, USER, access_of_others, apart, create_owner_only_folder,
    cure_of, device_of_name, end_group, exposure, flush_terminal_input, identity, identity_at,
    is_fifo, is_of_this_user, is_stdout, keep_in_place, kind_of_special, make_folder,
    may_only_owners_rename_in, only_regular, open_owner_only, privacy_of, rename_file,
    rename_folder, set_variable, shell, stdout_is_lost, sync_folder, user_id,
};
#[cfg(windows)]
pub use windows::{
    HOME, HOST, LOCKED_FOLDERS_MOVE, USER, access_of_others, apart, create_owner_only_folder,
    cure_of, device_of_name, end_group, exposure, flush_terminal_input, identity, identity_at,
    is_fifo, is_of_this_user, is_stdout, keep_in_place, kind_of_special, make_folder,
    may_only_owners_rename_in, only_regular, open_owner_only, privacy_of, rename_file,
    rename_folder, set_variable, shell, stdout_is_lost, sync_folder, user_id,
};

/// A name that the system keeps for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceName {
    /// What is written there is lost.
    Null,
    /// A console or a port; or a name that only some versions of the system take for a device.
    Other,
}

/// How another user could have written a file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// It belongs to another user.
    Owner { owner: String, me: String },
    /// Other users may write it; `how` in the words of the system.
    Writers { how: String },
}

/// How a child process and what it has started is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEnd {
    /// It is asked to end, where the system can ask.
    Ask,
    /// It ends now.
    Kill,
}

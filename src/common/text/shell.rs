//! The shell into which a person pastes the commands that are printed: that of the system.

use std::path::Path;

use super::Untrusted;
#[cfg(unix)]
use super::posix_shell as system;
#[cfg(windows)]
use super::power_shell as system;

pub(super) use system::end_of_quoted;

/// A word that the shell reads unchanged, quoted if necessary.
pub fn shell_word(word: &str) -> String {
    system::shell_word(word)
}

/// A path as one shell word, quoted if necessary.
pub fn shown_path(path: &Path) -> String {
    let word = shell_word(&path.to_string_lossy());
    Untrusted(&word).terminal().to_string()
}

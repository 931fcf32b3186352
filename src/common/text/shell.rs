//! Text in commands that a person pastes into a shell.

use std::{fmt::Write as _, path::Path};

use super::{ShownCharacter, Untrusted, pieces};

/// A word that a POSIX shell reads unchanged. What would be escaped where it is shown, like a line break, is written so that it is shown
/// and read unchanged, too: in `$'…'`, which older shells than those of POSIX 2024 need not know, but bash and zsh do.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if pieces(word).any(|piece| matches!(piece, ShownCharacter::Escaped(_))) {
        let quoted: String = pieces(word).map(quoted_for_shell).collect();
        format!("$'{quoted}'")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A character inside of `$'…'`.
fn quoted_for_shell(piece: ShownCharacter) -> String {
    match piece {
        ShownCharacter::Plain(c @ ('\'' | '\\')) => format!("\\{c}"),
        ShownCharacter::Plain(c) => c.to_string(),
        ShownCharacter::Escaped('\n') => r"\n".to_owned(),
        ShownCharacter::Escaped('\t') => r"\t".to_owned(),
        ShownCharacter::Escaped(c) => {
            let mut escaped = String::new();
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(escaped, "\\{byte:03o}");
            }
            escaped
        }
    }
}

/// A path as one shell word, quoted if necessary.
pub fn shown_path(path: &Path) -> String {
    let word = shell_word(&path.to_string_lossy());
    Untrusted(&word).terminal().to_string()
}

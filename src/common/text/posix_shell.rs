//! Words of a POSIX shell.

use std::fmt::Write as _;

use super::{ShownCharacter, pieces};

/// A word that a shell reads unchanged. What would be escaped where it is shown, like a line break, is written so that it is shown
/// and read unchanged, too: in `$'…'`, which older shells than those of POSIX 2024 need not know, but bash and zsh do.
pub(super) fn shell_word(word: &str) -> String {
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

/// The end of a word in quotes at the start of a text; none if it is in none.
pub(super) fn end_of_quoted(text: &str) -> Option<usize> {
    if let Some(quoted) = text.strip_prefix("$'") {
        let masked = quoted.replace(r"\\", "__").replace(r"\'", "__");
        return masked.find('\'').map(|end| end + 3);
    }
    // A quote within is '\'': closed, escaped, opened again.
    let masked = text.strip_prefix('\'')?.replace(r"'\''", "____");
    masked.find('\'').map(|end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Untrusted;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        for (word, pasted) in [
            ("/srv/wf-bulk", "/srv/wf-bulk"),
            ("our runs", "'our runs'"),
            ("it's", r"'it'\''s'"),
            ("$(rm)", "'$(rm)'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(word), pasted);
        }
    }

    #[test]
    fn what_would_be_escaped_in_a_command_is_pasted_as_the_same_text() {
        for (word, shown) in [
            ("it's\nso", r"$'it\'s\nso'"),
            ("a\tb\rc\u{1b}1", r"$'a\tb\015c\0331'"),
            (r"a\n b'\", r"'a\n b'\''\'"),
            ("a\\n\nb", r"$'a\\n\nb'"),
            ("\u{202e}é\u{2028}", r"$'\342\200\256é\342\200\250'"),
            ("-x\n", r"$'-x\n'"),
        ] {
            assert_eq!(shell_word(word), shown);
            assert_eq!(Untrusted(shown).terminal().to_string(), shown);
            let line = format!("printf %s {shown}");
            let bash = std::process::Command::new("bash")
                .args(["-c", &line])
                .output();
            assert_eq!(String::from_utf8(bash.unwrap().stdout).unwrap(), word);
        }
    }
}

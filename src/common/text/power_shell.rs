//! Words of PowerShell.

use std::fmt::Write as _;

use super::{ShownCharacter, pieces};

/// A word that PowerShell 7.3 and later passes to a program unchanged. What would be escaped where it is shown, like a line break, is
/// written so that it is shown and read unchanged, too. Most words are also read unchanged by older versions, by `cmd` and by bash: those
/// without a quote, a dollar sign, a backquote or a percent sign.
pub(super) fn shell_word(word: &str) -> String {
    // A comma separates the values of a list, and `@` begins one.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let quoted: String = pieces(word).map(quoted).collect();
    format!("\"{quoted}\"")
}

/// A character inside of double quotes, for which PowerShell takes those of printed text, too.
fn quoted(piece: ShownCharacter) -> String {
    match piece {
        ShownCharacter::Plain(c @ ('"' | '“' | '”' | '„' | '$' | '`')) => format!("`{c}"),
        ShownCharacter::Plain(c) => c.to_string(),
        ShownCharacter::Escaped('\n') => "`n".to_owned(),
        ShownCharacter::Escaped('\t') => "`t".to_owned(),
        ShownCharacter::Escaped(c) => {
            let mut escaped = String::new();
            let _ = write!(escaped, "`u{{{:x}}}", u32::from(c));
            escaped
        }
    }
}

/// The end of a word in quotes at the start of a text; none if it is in none.
pub(super) fn end_of_quoted(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    if characters.next()?.1 != '"' {
        return None;
    }
    while let Some((at, c)) = characters.next() {
        match c {
            '`' => drop(characters.next()),
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;
    use crate::text::Untrusted;

    /// What PowerShell reads in double quotes.
    fn read(quoted: &str) -> Option<String> {
        let mut read = String::new();
        let mut rest = quoted.chars();
        while let Some(c) = rest.next() {
            read.push(match c {
                '"' | '“' | '”' | '„' | '$' => return None,
                '`' => match rest.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'u' => {
                        let (digits, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                        rest = after.chars();
                        char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                    }
                    c => c,
                },
                c => c,
            });
        }
        Some(read)
    }

    proptest! {
        #[test]
        fn a_word_is_read_by_power_shell_as_it_is(word in any::<String>()) {
            let shown = shell_word(&word);
            let quoted = shown.strip_prefix('"').and_then(|shown| shown.strip_suffix('"'));
            prop_assert_eq!(quoted.map_or_else(|| Some(shown.clone()), read), Some(word));
            prop_assert_eq!(Untrusted(&shown).terminal().to_string(), shown);
        }
    }

    #[test]
    fn a_command_can_be_pasted_into_power_shell() {
        for (word, pasted) in [
            ("plans/leaver.plan", "plans/leaver.plan"),
            ("--wait", "--wait"),
            (r"C:\our runs", r#""C:\our runs""#),
            ("it's", r#""it's""#),
            ("a,b", r#""a,b""#),
            ("@x", r#""@x""#),
            ("$(rm)", r#""`$(rm)""#),
            (r#"a "b" `c"#, r#""a `"b`" ``c""#),
            ("„so“", "\"`„so`“\""),
            ("a\n\tb\u{1b}1\u{202e}", "\"a`n`tb`u{1b}1`u{202e}\""),
            ("", r#""""#),
        ] {
            let found = shell_word(word);
            assert_eq!(found, pasted);
            assert_eq!(Untrusted(&found).terminal().to_string(), found);
            let end = end_of_quoted(&format!("{found} b"));
            assert_eq!(end, found.starts_with('"').then_some(found.len()), "{word}");
        }
        assert_eq!(end_of_quoted("\"open"), None);
    }
}

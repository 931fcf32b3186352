//! The commands that are printed for the user, with the flags that they need.

use std::path::Path;

use crate::text::shell_word;

/// Flags of the current command that a printed command may have to repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    flags: Vec<KeptFlag>,
}

/// A flag that was given, and the commands that need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFlag {
    /// `--rate`
    pub name: String,
    /// None for a flag that takes no value.
    pub value: Option<String>,
    /// The names of the commands that repeat it.
    pub commands: Vec<&'static str>,
}

impl KeptFlag {
    fn words(&self) -> Vec<String> {
        match &self.value {
            None => vec![self.name.clone()],
            // A value that looks like a flag is parsed as one, unless it is joined with `=`.
            Some(value) if value.starts_with('-') => vec![format!("{}={value}", self.name)],
            Some(value) => vec![self.name.clone(), value.clone()],
        }
    }
}

/// A flag with its value, quoted for a shell: to be added to a command.
pub fn flag(name: &str, value: &str) -> String {
    let flag = KeptFlag {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        commands: Vec::new(),
    };
    let words: Vec<String> = flag.words().iter().map(|word| shell_word(word)).collect();
    words.join(" ")
}

/// A path as an argument: one that begins with a hyphen would be taken for a flag. `-` alone is standard input.
pub fn path_argument(path: &Path) -> String {
    let path = path.to_string_lossy();
    if path.starts_with('-') && path != "-" {
        format!("./{path}")
    } else {
        path.into_owned()
    }
}

impl Invocation {
    pub const fn new(flags: Vec<KeptFlag>) -> Self {
        Self { flags }
    }

    /// Without the flags of these names.
    pub fn without(&self, names: &[&str]) -> Self {
        let flags = self.flags.iter();
        let flags = flags.filter(|flag| !names.contains(&&*flag.name));
        Self::new(flags.cloned().collect())
    }

    /// The given flags that the command `name` needs, as words.
    pub fn words_for(&self, name: &str) -> Vec<String> {
        let kept = self.flags.iter();
        let kept = kept.filter(|flag| flag.commands.contains(&name));
        kept.flat_map(KeptFlag::words).collect()
    }

    /// The command line for a shell: `wf-bulk`, the name of a command, its `arguments`, and the given flags that it needs. A flag among the
    /// arguments overrides the given one.
    pub fn command(&self, name: &str, arguments: &[&str]) -> String {
        // A value may be joined to its flag with `=`.
        let given: Vec<&str> = arguments
            .iter()
            .map(|word| word.split_once('=').map_or(*word, |(flag, _)| flag))
            .collect();
        let words = arguments
            .iter()
            .map(|word| (*word).to_owned())
            .chain(self.without(&given).words_for(name));
        words.fold(format!("wf-bulk {name}"), |line, word| {
            line + " " + &shell_word(&word)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(name: &str, value: Option<&str>, commands: &[&'static str]) -> KeptFlag {
        KeptFlag {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            commands: commands.to_vec(),
        }
    }

    #[test]
    fn a_command_has_its_arguments_and_the_flags_that_it_needs_in_words_of_a_shell() {
        let invocation = Invocation::new(vec![
            flag("--state-dir", Some("our runs"), &["run", "resume"]),
            flag("--rate", Some("4/s"), &["run"]),
            flag("--reason", Some("-x it's due"), &["run"]),
            flag("--wait", None, &["run", "resume"]),
        ]);
        for (name, arguments, line) in [
            (
                "resume",
                &["0192"][..],
                "wf-bulk resume 0192 --state-dir 'our runs' --wait",
            ),
            (
                "run",
                &["p q.yaml", "--rate", "2/s"],
                r"wf-bulk run 'p q.yaml' --rate 2/s --state-dir 'our runs' '--reason=-x it'\''s due' --wait",
            ),
            (
                "run",
                &["p.yaml", "--rate=-1", "--reason=-y"],
                r"wf-bulk run p.yaml '--rate=-1' '--reason=-y' --state-dir 'our runs' --wait",
            ),
            ("status", &[], "wf-bulk status"),
        ] {
            assert_eq!(invocation.command(name, arguments), line);
        }
    }

    #[test]
    fn a_path_is_never_taken_for_a_flag_and_a_value_stays_with_its_flag() {
        for (path, argument) in [
            ("p.yaml", "p.yaml"),
            ("-x.yaml", "./-x.yaml"),
            ("--", "./--"),
            ("-", "-"),
        ] {
            assert_eq!(path_argument(Path::new(path)), argument);
        }
        for (value, words) in [
            ("http://127.0.0.1:1", "--server http://127.0.0.1:1"),
            ("a b;c", "--server 'a b;c'"),
            ("-x", "'--server=-x'"),
        ] {
            assert_eq!(super::flag("--server", value), words);
        }
    }
}

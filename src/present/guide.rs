//! The guide: the chapters in `docs/`, which the program carries with it, and how a terminal shows them.

mod fill;
mod page;
mod table;

pub use page::render;

/// One page of the guide.
#[derive(Clone, Copy, Debug)]
pub struct Chapter {
    /// What follows `wf-bulk help`. No command has this name.
    pub name: &'static str,
    /// The file in `docs/`.
    pub file: &'static str,
    /// Markdown. Deflated, all of them would take 70 KB instead of 190, of a program of 20 MB.
    pub text: &'static str,
}

impl Chapter {
    /// The chapter with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CHAPTERS.iter().find(|chapter| chapter.name == name)
    }

    /// The heading of the page.
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches("# ")
    }
}

macro_rules! chapters {
    ($($name:literal $file:literal),* $(,)?) => {
        &[$(Chapter { name: $name, file: $file, text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/", $file)) }),*]
    };
}

/// Every page of `docs/`, in the order in which a new user needs them.
pub const CHAPTERS: &[Chapter] = chapters![
    "install" "install.md",
    "playbook" "playbook.md",
    "credentials" "credentials.md",
    "review" "review.md",
    "recovery" "recovery.md",
    "ci" "ci.md",
    "container" "container.md",
    "scale-out" "scale-out.md",
    "integration" "integration.md",
    "audit" "audit.md",
    // `history` is a command.
    "integrity" "history.md",
    "performance" "performance.md",
    "guarantees" "guarantees.md",
    "security" "security.md",
    "upgrades" "upgrades.md",
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_page_of_the_guide_is_a_chapter() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let pages: BTreeSet<String> = fs::read_dir(docs)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| Path::new(name).extension().is_some_and(|it| it == "md"))
            .collect();
        let chapters = CHAPTERS.iter().map(|chapter| chapter.file.to_owned());
        assert_eq!(chapters.collect::<BTreeSet<_>>(), pages);
    }

    #[test]
    fn each_chapter_has_a_title() {
        for chapter in CHAPTERS {
            assert!(chapter.text.starts_with("# "), "{}", chapter.file);
        }
    }
}

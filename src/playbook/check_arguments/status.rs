//! The arguments of `set_status`, and what a `patch` of a status has in common with it.

use crate::{
    action::{Kind, SetStatus},
    template::Known,
};

use super::Arguments;
use crate::{
    playbook::{check_select::present, model::Allow, span::Span},
    text::did_you_mean,
};

impl Arguments<'_, '_, '_, '_> {
    pub(super) fn set_status(&mut self) -> Option<SetStatus> {
        let field = match self.bare() {
            Some(bare) => bare,
            None => self
                .reader
                .required(&self.fields, "to", Kind::SetStatus.example())?,
        };
        let to = self.template(field);
        if let Some(to) = &to {
            let span = field.node.span;
            let words = self.known_words(field, to)?;
            for word in words {
                self.status_to_set(&word, span, to.known())?;
            }
            self.check_word(field, to, "", |_| Ok(()))?;
        }
        let revert = self
            .fields
            .get("revert")
            .map(|field| (field, self.reader.boolean(field)));
        if let Some((field, Some(true))) = revert {
            self.need_revert(field.at);
        }
        let branch = self.fields.get("branch").map(|field| self.template(field));
        Some(SetStatus {
            to: to?,
            revert: present(revert.map(|(_, revert)| revert))?.unwrap_or_default(),
            branch: present(branch)?,
        })
    }

    /// One of the statuses that a task or step can be given; the others come by themselves.
    pub(super) fn status_to_set(
        &mut self,
        word: &str,
        at: Span,
        known: Option<&Known>,
    ) -> Option<()> {
        if SetStatus::WORDS.contains(&word) {
            return Some(());
        }
        let help = match word {
            "UNASSIGNED" | "ASSIGNED" => "write PENDING, the API's current word".to_owned(),
            _ => did_you_mean(word, &SetStatus::WORDS),
        };
        let message = format!("`{word}` can't be set as a status");
        match known {
            Some(known) => self
                .compiler
                .wrong_value(self.reader, at, known, message, &help),
            None => self.reader.wrong(at, message, help),
        }
        None
    }

    /// Going back resets what has been done since, so it must be allowed.
    pub(super) fn need_revert(&mut self, at: Span) {
        if !self.setting.allow.contains(&Allow::Revert) {
            self.reader.wrong(
                at,
                "reverting a task resets every later task and can't be undone; it isn't allowed here",
                "if it is meant: `guards: { allow: [revert] }`",
            );
        }
    }
}

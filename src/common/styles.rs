//! The colours of all text output.

use owo_colors::Style;

/// The style of each kind of text.
#[derive(Clone, Copy, Debug)]
pub struct Styles {
    pub error: Style,
    pub warning: Style,
    pub hint: Style,
    pub good: Style,
    pub strong: Style,
    pub dim: Style,
}

impl Styles {
    /// For files, pipes and `NO_COLOR`.
    pub const fn plain() -> Self {
        let none = Style::new();
        Self {
            error: none,
            warning: none,
            hint: none,
            good: none,
            strong: none,
            dim: none,
        }
    }

    /// For terminals: only the sixteen colours that every colour scheme defines.
    pub const fn coloured() -> Self {
        Self {
            error: Style::new().red().bold(),
            warning: Style::new().yellow(),
            hint: Style::new().cyan(),
            good: Style::new().green(),
            strong: Style::new().bold(),
            dim: Style::new().dimmed(),
        }
    }
}

//! What the HTML pages share: their frame with its policy, their look, the escaper of their templates, tiles and bars.

mod bar_plot;
mod templates;

use serde::Serialize;

use super::units::thousands;
use crate::digest::sha256_base64;

pub(super) use bar_plot::{Bar, BarPlot, HEIGHT, PlotRow, bars, name_of, percent};
pub(super) use templates::render;

pub(super) const STYLE: &str = include_str!("html_page/style.css");

/// The frame of a page. Its content security policy permits the style and the script by their digests, and nothing else.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    style: &'static str,
    style_sha256: String,
    /// None of a page without a script.
    script_sha256: Option<String>,
}

impl Frame {
    pub(super) fn new(script: Option<&str>) -> Self {
        Self {
            style: STYLE,
            style_sha256: sha256_base64(STYLE),
            script_sha256: script.map(sha256_base64),
        }
    }
}

/// A number in a tile.
#[derive(Debug, Serialize)]
pub(super) struct Tile {
    pub(super) class: &'static str,
    pub(super) number: String,
    pub(super) words: String,
}

impl Tile {
    pub(super) fn new(class: &'static str, number: u64, words: &str) -> Self {
        Self {
            class,
            number: thousands(number),
            words: words.to_owned(),
        }
    }

    /// A tile for a number with its noun.
    pub(super) fn counted(counted: &str) -> Self {
        let (number, noun) = counted.split_once(' ').unwrap_or((counted, ""));
        Self {
            class: "",
            number: number.to_owned(),
            words: noun.to_owned(),
        }
    }
}

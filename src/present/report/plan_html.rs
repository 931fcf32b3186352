//! A plan as one HTML page for the reviewer: no network access, all text from outside through an escaper.
//!
//! The part above the table is a template without script. A script draws the table from data at the end of the page, since a browser can't
//! lay out a hundred thousand rows.

mod days;
mod numbers;
mod plots;
mod rows;

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::Value;

use self::{
    days::{DaysPlot, days},
    numbers::Numbers,
};
use super::{
    html_page::{BarPlot, Frame, Tile, render},
    plan_report::PlanReport,
    plan_view::PlanView,
    plan_words::PlanWords,
    summary_line::SummaryLine,
    summary_lines::SummaryLines,
    to_apply::ToApply,
    units::count,
};
use crate::{
    plan::{Effect, Item},
    playbook::Rejected,
};

const SCRIPT: &str = include_str!("plan_html/page.js");

impl PlanReport<'_> {
    /// Writes the plan as an HTML page; `apply` is how to apply exactly this plan.
    ///
    /// The plan's lines are read twice and not kept.
    ///
    /// # Errors
    ///
    /// The errors of `out`, or if the plan can't be read again.
    pub fn write_html(&self, out: &mut dyn Write, apply: &ToApply) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let lines = SummaryLines::of(self.summary);
        let view = self.view(apply);
        let page = self.page(&view, &lines)?;
        let above = render("plan.html", &page).map_err(io::Error::other)?;
        out.write_all(above.as_bytes())?;
        out.write_all(b"<script type=\"application/json\" id=\"data\">")?;
        rows::write_rows(self, &lines, &mut out)?;
        // The content security policy permits the style and the script by their digests.
        write!(
            out,
            "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
        )?;
        out.flush()
    }

    fn page<'a>(
        &'a self,
        view: &'a PlanView<'a>,
        lines: &'a SummaryLines<'a>,
    ) -> io::Result<Page<'a>> {
        let mut numbers = Numbers::new(self.summary.zone().clone());
        self.items.each(&mut |item| {
            match item {
                Item::Change(change) => numbers.add(change),
                Item::Skipped(_) | Item::Rejected(_) => {}
            }
            Ok(())
        })?;
        let today = self.summary.zone().to_datetime(self.header.now).date();
        let bars = [
            plots::actions(&numbers.actions),
            plots::assignees(&numbers.assignees),
        ];
        Ok(Page {
            frame: Frame::new(Some(SCRIPT)),
            words: &view.words,
            plan: view,
            is_refused_for_rejected: !view.refused.is_empty()
                && view.rejected > 0
                && self.header.guards.rejected == Rejected::Refuse,
            tiles: tiles(view),
            vars: view
                .vars
                .iter()
                .map(|(name, value)| (name, as_text(value)))
                .collect(),
            lines: lines.iter().collect(),
            bars: bars.into_iter().flatten().collect(),
            days: days(&numbers.days, numbers.other_days, today),
            tool: &self.header.tool,
            playbook_sha256: &self.header.playbook.sha256,
        })
    }
}

/// The data of the template.
#[derive(Debug, Serialize)]
struct Page<'a> {
    frame: Frame,
    plan: &'a PlanView<'a>,
    words: &'a PlanWords<'a>,
    is_refused_for_rejected: bool,
    tiles: Vec<Tile>,
    vars: Vec<(&'a String, String)>,
    lines: Vec<&'a SummaryLine<'a>>,
    bars: Vec<BarPlot>,
    days: Option<DaysPlot>,
    tool: &'a str,
    playbook_sha256: &'a str,
}

fn tiles(view: &PlanView<'_>) -> Vec<Tile> {
    let mut tiles = vec![
        Tile::counted(&count(view.changes, "change", "changes")),
        Tile::counted(&view.words.executions),
    ];
    if view.irreversible == 0 && view.changes > 0 {
        tiles.push(Tile::counted("all can be undone"));
    }
    if view.irreversible > 0 {
        tiles.push(Tile::new("final", view.irreversible, "can't be undone"));
    }
    tiles.extend(view.effects.iter().filter_map(|(effect, number)| {
        Some(Tile::new("effect", *number, tile_words(effect, *number)?))
    }));
    tiles.push(Tile::new("", view.skipped, "skipped"));
    if view.out_of_reach > 0 {
        tiles.push(Tile::new("", view.out_of_reach, "out of reach"));
    }
    let class = if view.rejected > 0 { "broken" } else { "" };
    tiles.push(Tile::new(class, view.rejected, "rejected"));
    tiles.extend(view.words.time.as_ref().map(|(span, rate)| Tile {
        class: "",
        number: span.clone(),
        words: format!("about, at {rate}"),
    }));
    tiles
}

/// A text as it is, anything else as JSON.
fn as_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The words below the number of a tile; none if there are none.
const fn tile_words(effect: &Effect, number: u64) -> Option<&'static str> {
    match (effect, number) {
        (Effect::AutomationFires, 1) => Some("automation fires"),
        (Effect::AutomationFires, _) => Some("automations fire"),
        (Effect::AutomationsMayFire, _) => Some("may fire automations"),
        (Effect::FlowAdvances, _) => Some("may advance a flow"),
        (Effect::LaterTasksReset, _) => Some("reset later tasks"),
        // The lines of the forecast show these.
        (
            Effect::EntityWrite(_)
            | Effect::EntityWritesUnknown
            | Effect::Notice(_)
            | Effect::NoticesUnknown,
            _,
        ) => None,
    }
}

#[cfg(test)]
mod tests;

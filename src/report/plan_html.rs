//! A plan as one page for whoever has to approve it: no network, all text from outside through an escaper.
//!
//! What stands above the table of all lines is made here and needs no script. The table is drawn by one, from data at the
//! end of the page, since a browser that lays out a hundred thousand rows is not usable.

mod days;
mod lines;
mod numbers;
mod plots;
mod rows;

use std::io::{self, BufWriter, Write};

use jiff::tz::TimeZone;
use serde_json::Value;

use self::{lines::SummaryLines, numbers::Numbers};
use super::{
    plan_report::PlanReport,
    plan_summary::SummaryLine,
    tally::Sample,
    to_apply::{ToApply, WhyNot},
    units::{count, thousands},
};
use crate::{
    digest::sha256_base64,
    plan::{Effect, Item},
    playbook::Rejected,
    text::{Html, Untrusted},
};

const STYLE: &str = include_str!("plan_html/page.css");
const SCRIPT: &str = include_str!("plan_html/page.js");

/// The table without its rows, and what steers it: the same for each plan.
const TABLE: &str = include_str!("plan_html/table.html");

impl PlanReport<'_> {
    /// Writes the plan as an HTML page; `apply` says how exactly this plan is applied.
    ///
    /// The plan's lines are read twice, and none is kept.
    ///
    /// # Errors
    ///
    /// What `out` says, or when the plan can't be read again.
    pub fn write_html(&self, out: &mut dyn Write, apply: &ToApply) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let lines = SummaryLines::of(self.summary);
        let page = Page(self);
        page.write_head(&mut out)?;
        page.write_heading(&mut out)?;
        page.write_warnings(&mut out, apply)?;
        page.write_tiles(&mut out)?;
        page.write_approval(&mut out, apply)?;
        write_lines(&mut out, &lines)?;
        page.write_plots(&mut out)?;
        out.write_all(TABLE.as_bytes())?;
        page.write_footer(&mut out)?;
        out.write_all(b"<script type=\"application/json\" id=\"data\">")?;
        rows::write_rows(self, &lines, &mut out)?;
        // The policy allows the style and the script by the digests of their very bytes.
        write!(
            out,
            "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
        )?;
        out.flush()
    }
}

/// The parts of the page that are made of the report.
struct Page<'a>(&'a PlanReport<'a>);

impl Page<'_> {
    fn write_head(&self, out: &mut dyn Write) -> io::Result<()> {
        let name = html(&self.0.header.playbook.name);
        let changes = count(self.0.trailer.changes, "change", "changes");
        // Beside the digests: no address of the page may be turned, and a script that makes markup of text is stopped.
        writeln!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
             script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; \
             trusted-types 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{name}: a plan of {changes}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#lines\">Skip to the table of all lines</a>",
            sha256_base64(STYLE),
            sha256_base64(SCRIPT),
        )
    }

    fn write_heading(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            "<header>\n<p class=\"over\">Plan of changes</p>\n<h1>{}</h1>\n<p class=\"from\">on <strong>{}</strong>",
            html(&self.0.header.playbook.name),
            html(&self.0.header.server),
        )?;
        if let Some(org) = &self.0.header.org {
            write!(out, ", organisation <strong>{}</strong>", html(org))?;
        }
        let made_at = self.0.made_at().map_or_else(String::new, |made_at| {
            format!(", made <strong>{}</strong>", html(&made_at))
        });
        writeln!(
            out,
            ", as of <strong>{}</strong>{made_at}</p>\n<p class=\"from\">{}</p>\n</header>\n<main>",
            html(&self.0.moment()),
            html(&self.0.selected()),
        )
    }

    /// What speaks against a yes.
    fn write_warnings(&self, out: &mut dyn Write, apply: &ToApply) -> io::Result<()> {
        let rejected = &self.0.summary.rejected;
        let is_refused_for_rejected =
            rejected.total() > 0 && self.0.header.guards.rejected == Rejected::Refuse;
        if let ToApply::Refused(refused) = apply {
            self.write_refused(out, refused)?;
            if is_refused_for_rejected {
                write_sample(out, "rejected", rejected, "Which were rejected")?;
            }
            out.write_all(b"</section>\n")?;
        }
        if !self.0.trailer.notes.is_empty() {
            out.write_all(
                b"<section class=\"warning final\"><h2>What was named and not found</h2><ul>",
            )?;
            for note in &self.0.trailer.notes {
                write!(out, "<li>{}</li>", html(note))?;
            }
            out.write_all(b"</ul></section>\n")?;
        }
        let is_shown = is_refused_for_rejected && matches!(apply, ToApply::Refused(_));
        if rejected.total() > 0 && !is_shown {
            let title = self.0.rejected_title();
            write_warning(out, "broken", &title, "rejected", None, rejected)?;
        }
        let irreversible = &self.0.summary.irreversible;
        if irreversible.total() > 0 {
            let changes = count(irreversible.total(), "change", "changes");
            let title = format!("{changes} can’t be undone");
            let why = self.0.summary.why_irreversible();
            write_warning(out, "final", &title, "final", Some(&why), irreversible)?;
        }
        Ok(())
    }

    /// The beginning of the block that says why the plan would be refused, and what to do.
    fn write_refused(&self, out: &mut dyn Write, refused: &[WhyNot]) -> io::Result<()> {
        writeln!(
            out,
            "<section class=\"warning broken\"><h2>This plan can’t be applied</h2>\n<ul>"
        )?;
        for why in refused {
            write!(out, "<li>{}", html(&why.reason))?;
            for cure in &why.cures {
                write!(out, "<br>{}", html(cure))?;
            }
            writeln!(out, "</li>")?;
        }
        let is_told = |guard: &str| refused.iter().any(|why| why.reason.contains(guard));
        let guards = self.0.broken_guards.iter();
        for guard in guards.filter(|guard| !is_told(guard)) {
            writeln!(out, "<li>a guard does not hold: {}</li>", html(guard))?;
        }
        writeln!(out, "</ul>")
    }

    fn write_tiles(&self, out: &mut dyn Write) -> io::Result<()> {
        let changes = self.0.trailer.changes;
        let irreversible = self.0.summary.irreversible();
        let executions = self.0.summary.executions(self.0.trailer.groups);
        let (number, noun) = executions.split_once(' ').unwrap_or((&executions, ""));
        out.write_all(b"<dl class=\"tiles\">\n")?;
        let counted = count(changes, "change", "changes");
        let (sum, what) = counted.split_once(' ').unwrap_or((&counted, ""));
        write_tile(out, "", what, sum)?;
        write_tile(out, "", noun, number)?;
        // That the rest can be undone is not said: no command does it.
        if irreversible > 0 {
            write_tile(out, "final", "can’t be undone", &thousands(irreversible))?;
        }
        for (effect, number) in &self.0.summary.forecast.counts {
            if let Some(words) = tile_words(effect, *number) {
                write_tile(out, "effect", words, &thousands(*number))?;
            }
        }
        let skipped = self.0.summary.skipped_total();
        write_tile(out, "", "skipped", &thousands(skipped))?;
        let out_of_reach = self.0.summary.out_of_reach_total();
        if out_of_reach > 0 {
            write_tile(out, "", "out of reach", &thousands(out_of_reach))?;
        }
        let class = if self.0.trailer.rejected > 0 {
            "broken"
        } else {
            ""
        };
        write_tile(out, class, "rejected", &thousands(self.0.trailer.rejected))?;
        if changes > 0 {
            let (span, rate) = self.0.time();
            write_tile(out, "", &format!("about, at {rate}"), &span)?;
        }
        out.write_all(b"</dl>\n")?;
        let mut notes: Vec<String> = self
            .0
            .stages()
            .into_iter()
            .chain(self.0.error_budget())
            .chain(self.0.causes())
            .collect();
        if changes == 0 {
            notes.push(self.0.no_changes());
        }
        for note in notes {
            writeln!(out, "<p class=\"note\">{}</p>", html(&note))?;
        }
        Ok(())
    }

    fn write_approval(&self, out: &mut dyn Write, apply: &ToApply) -> io::Result<()> {
        out.write_all(b"<section class=\"approval\">")?;
        match apply {
            ToApply::Command(command) => writeln!(
                out,
                "<h2>To apply exactly this plan</h2>\n<div class=\"command\">\
                 <pre tabindex=\"0\" aria-label=\"The command\"><code id=\"apply\">{}</code></pre>\
                 <button type=\"button\" id=\"copy\" hidden>Copy</button></div>",
                html(command),
            )?,
            ToApply::Refused(_) | ToApply::Nothing => writeln!(out, "<h2>The plan</h2>")?,
        }
        writeln!(
            out,
            "<dl class=\"facts\"><div><dt>SHA-256 of the plan</dt><dd><code>{}</code></dd></div>",
            html(self.0.sha256),
        )?;
        for (name, value) in &self.0.header.vars {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => value.to_string(),
            };
            writeln!(
                out,
                "<div><dt>vars.{}</dt><dd><code>{}</code></dd></div>",
                html(name),
                html(&value)
            )?;
        }
        out.write_all(b"</dl></section>\n")
    }

    fn write_plots(&self, out: &mut dyn Write) -> io::Result<()> {
        let zone = self.0.summary.zone().clone();
        let mut numbers = Numbers::new(zone.clone());
        self.0.items.each(&mut |item| {
            match item {
                Item::Change(change) => numbers.add(change),
                Item::Skipped(_) | Item::Rejected(_) => {}
            }
            Ok(())
        })?;
        let plots = [
            plots::actions(&numbers.actions),
            plots::assignees(&numbers.assignees),
            days::days(&numbers.days, numbers.other_days, today(self.0, &zone)),
        ];
        let plots: Vec<String> = plots
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        if plots.iter().any(|plot| !plot.is_empty()) {
            write!(
                out,
                "<section class=\"plots\" aria-label=\"Plots\">\n{HATCH}{}</section>\n",
                plots.concat()
            )?;
        }
        Ok(())
    }

    fn write_footer(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "</main>\n<footer>Made by {} from the playbook with SHA-256 <code>{}</code>. This page is a picture of the plan; \
             the plan file is what is applied.</footer>",
            html(&self.0.header.tool),
            html(&self.0.header.playbook.sha256),
        )
    }
}

/// Stripes tell bars apart without colour.
const HATCH: &str = "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\
<pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<rect class=\"hatch-ground\" width=\"5\" height=\"5\"/><rect class=\"hatch-line\" width=\"2\" height=\"5\"/></pattern>\
<pattern id=\"dots\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">\
<rect class=\"dots-ground\" width=\"4\" height=\"4\"/><circle class=\"dots-dot\" cx=\"2\" cy=\"2\" r=\"1\"/></pattern>\
</defs></svg>\n";

/// For a page, whether it was escaped for a terminal before or not: that changes nothing more.
const fn html(text: &str) -> Html<'_> {
    Untrusted(text).html()
}

fn today(report: &PlanReport<'_>, zone: &TimeZone) -> jiff::civil::Date {
    zone.to_datetime(report.header.now).date()
}

/// The words below the number of a tile; none for what has none.
const fn tile_words(effect: &Effect, number: u64) -> Option<&'static str> {
    match (effect, number) {
        (Effect::AutomationFires, 1) => Some("automation fires"),
        (Effect::AutomationFires, _) => Some("automations fire"),
        (Effect::AutomationsMayFire, _) => Some("may fire automations"),
        (Effect::FlowAdvances, _) => Some("may advance a flow"),
        (Effect::LaterTasksReset, _) => Some("reset later tasks"),
        // The lines below the tiles tell of these.
        (
            Effect::EntityWrite(_)
            | Effect::EntityWritesUnknown
            | Effect::Notice(_)
            | Effect::NoticesUnknown,
            _,
        ) => None,
    }
}

fn write_tile(out: &mut dyn Write, class: &str, words: &str, number: &str) -> io::Result<()> {
    writeln!(
        out,
        "<div class=\"tile {class}\"><dt>{}</dt><dd>{}</dd></div>",
        html(words),
        html(number)
    )
}

/// The first few of something that a person should look at; `state` shows all of it in the table.
fn write_warning(
    out: &mut dyn Write,
    class: &str,
    title: &str,
    state: &str,
    why: Option<&str>,
    sample: &Sample,
) -> io::Result<()> {
    write!(
        out,
        "<section class=\"warning {class}\"><h2>{}</h2>",
        html(title)
    )?;
    if let Some(why) = why {
        write!(out, "<p>{}</p>", html(why))?;
    }
    write_sample(out, state, sample, "Which")?;
    writeln!(out, "</section>")
}

/// The first lines of a sample, folded, and the button that shows all of its `state` in the table.
fn write_sample(out: &mut dyn Write, state: &str, sample: &Sample, title: &str) -> io::Result<()> {
    let summary = match sample.more() {
        0 => title.to_owned(),
        _ => format!("{title}: the first {}", sample.lines().len()),
    };
    write!(out, "<details><summary>{summary}</summary><ul>")?;
    for line in sample.lines() {
        write!(out, "<li>{}</li>", html(line))?;
    }
    if sample.more() > 0 {
        write!(out, "<li>… and {} more</li>", thousands(sample.more()))?;
    }
    write!(
        out,
        "</ul></details><button type=\"button\" data-state=\"{state}\" hidden>Show in the table</button>"
    )
}

/// Equal changes, and equal reasons to skip.
fn write_lines(out: &mut dyn Write, lines: &SummaryLines<'_>) -> io::Result<()> {
    if lines.iter().next().is_none() {
        return Ok(());
    }
    out.write_all(
        b"<section><h2>What changes</h2>\n<table class=\"groups\"><thead><tr><th scope=\"col\">Count</th>\
          <th scope=\"col\">Action or reason</th><th scope=\"col\">Field</th><th scope=\"col\">Change</th>\
          <td></td></tr></thead><tbody>\n",
    )?;
    for (number, line) in lines.iter().enumerate() {
        write_line(out, number, line)?;
    }
    out.write_all(b"</tbody></table></section>\n")
}

fn write_line(out: &mut dyn Write, number: usize, line: &SummaryLine<'_>) -> io::Result<()> {
    write!(
        out,
        "<tr data-group=\"{number}\"><td class=\"number\"><b>{}</b> {}</td><td>{}</td><td>{}</td><td>{}",
        thousands(line.count),
        line.on,
        html(line.what),
        html(line.field),
        html(&line.delta),
    )?;
    if !line.few.is_empty() {
        out.write_all(b"<ul>")?;
        for few in line.few {
            write!(out, "<li>{}</li>", html(few))?;
        }
        out.write_all(b"</ul>")?;
    }
    writeln!(
        out,
        "</td><td class=\"act\"><button type=\"button\" aria-pressed=\"false\" hidden>Show\
         <span class=\"unseen\"> these {}</span></button></td></tr>",
        count(line.count, "line", "lines")
    )
}

#[cfg(test)]
mod tests;

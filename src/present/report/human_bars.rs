//! The progress of a run on a terminal: one bar, and above it a line for each change that needs attention; and the smaller bar of a scan.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    event::{Event, Reporter},
    selection::ScanProgress,
    text::wrapped,
};

use super::{
    progress::Progress,
    units::{count, thousands},
};

/// The bar of a whole run. Without a terminal, it and its lines are hidden.
#[derive(Debug)]
pub struct Bars {
    bar: ProgressBar,
    progress: Progress,
    width: Width,
}

/// The current columns of the terminal, if known.
pub type Width = fn() -> Option<usize>;

/// Columns from which on the bar has its full length; below, its room is for what is said beside it.
const ROOMY: usize = 100;

/// A line above a bar, wrapped between words.
fn print_above(bar: &ProgressBar, line: &str, width: Width) {
    match width() {
        None => bar.println(line),
        Some(width) => bar.println(wrapped(line, width)),
    }
}

fn bar(template: &str, target: ProgressDrawTarget) -> ProgressBar {
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ");
    ProgressBar::with_draw_target(Some(0), target).with_style(style)
}

impl Bars {
    /// On standard error, if it is a terminal.
    pub fn stderr(now: Instant, verbose: bool, width: Width) -> Self {
        Self::on(ProgressDrawTarget::stderr(), now, verbose, width)
    }

    fn on(target: ProgressDrawTarget, now: Instant, verbose: bool, width: Width) -> Self {
        let template = match width() {
            Some(columns) if columns < ROOMY => "applying  {bar:6.green}  {wide_msg}",
            Some(_) | None => "applying  {bar:20.green}  {wide_msg}",
        };
        Self {
            bar: bar(template, target),
            progress: Progress::new(now, verbose),
            width,
        }
    }

    fn draw(&self, now: Instant) {
        self.bar.set_length(self.progress.planned());
        self.bar.set_position(self.progress.done());
        self.bar.set_message(format!(
            "{}/{}   {}",
            thousands(self.progress.done()),
            thousands(self.progress.planned()),
            self.progress.notes(now)
        ));
    }
}

impl Reporter for Bars {
    fn event(&mut self, now: Instant, event: &Event) {
        if let Some(line) = self.progress.event(now, event) {
            print_above(&self.bar, &line, self.width);
        }
        self.draw(now);
    }

    fn tick(&mut self, now: Instant) {
        self.draw(now);
    }

    fn told(&self) -> u64 {
        self.progress.told()
    }

    fn finish(&mut self, now: Instant) {
        self.draw(now);
        // The summary that follows has all numbers; a half-full bar above it would look like a running one.
        self.bar.finish_and_clear();
    }
}

/// The bar of a scan.
#[derive(Debug)]
pub(super) struct ScanBar(ProgressBar, Width);

impl ScanBar {
    pub(super) fn stderr(width: Width) -> Self {
        let template = "reading   {bar:20.cyan}  {pos}/{len}   {msg}   eta {eta}";
        Self(bar(template, ProgressDrawTarget::stderr()), width)
    }

    pub(super) fn draw(&self, progress: ScanProgress) {
        self.0.set_length(progress.of);
        self.0
            .set_message(count(progress.executions, "execution", "executions"));
        self.0.set_position(progress.done);
    }

    pub(super) fn say(&self, text: &str) {
        print_above(&self.0, text, self.1);
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use indicatif::TermLike;

    use super::*;
    use crate::{
        outcome::Outcome,
        report::progress::tests::{ended, started},
    };

    /// A terminal that keeps all that was ever written to it.
    #[derive(Clone, Debug, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl Paper {
        fn text(&self) -> String {
            self.0.lock().unwrap().clone()
        }
    }

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            100
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)?;
            self.write_str("\n")
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.write_str("\n")
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_bar_shows_how_far_and_how_fast_and_problems_stay_above_it() {
        let start = Instant::now();
        let paper = Paper::default();
        let target = ProgressDrawTarget::term_like(Box::new(paper.clone()));
        let mut bars = Bars::on(target, start, false, || Some(30));
        bars.event(start, &started(1_370));
        for n in 1..=84 {
            bars.event(
                start + Duration::from_millis(n * 125),
                &ended(Outcome::Applied),
            );
        }
        bars.event(
            start + Duration::from_millis(10_600),
            &ended(Outcome::Refused),
        );
        bars.event(
            start + Duration::from_millis(10_700),
            &Event::Throttled {
                pause: Duration::from_secs(3),
            },
        );
        let text = paper.text();
        assert!(
            text.contains("\nrefused   task “Call back”    ")
                && text.contains("              e1/t1: 400: no"),
            "{text}"
        );
        // Whether colours are on depends on where the tests run.
        let plain = anstream::adapter::strip_str(&text).to_string();
        let bar = plain
            .lines()
            .rfind(|line| line.starts_with("applying"))
            .unwrap();
        insta::assert_snapshot!(bar.trim_end(), @"applying  ╸       85/1,370   8.0/s   eta 3 min   1 refused   throttled by the server for 3 s");
    }

    #[test]
    fn without_a_terminal_nothing_is_drawn() {
        let start = Instant::now();
        let mut bars = Bars::on(ProgressDrawTarget::hidden(), start, false, || None);
        bars.event(start, &started(10));
        bars.finish(start);
        assert!(bars.bar.is_hidden());
    }
}

//! A plot of due dates before (above the axis) and after (below it) over time.

use std::collections::BTreeMap;

use jiff::{Span, civil::Date};
use serde::Serialize;

use super::numbers::Both;
use crate::report::html_page::percent;

/// The maximum number of bars that can be distinguished on a phone.
const MAX_BINS: usize = 62;

/// Years around the median date that are drawn. A date far away is a mistake or means "never", and would make all other bars too narrow.
const YEARS_AROUND: i32 = 10;

/// Dates below the axis; more of them would overlap on a phone.
const TICKS: usize = 4;

/// Pixels: the longest bar in each direction, the space above it, and the position of the axis.
const LONGEST: u64 = 84;
const ABOVE: u64 = 16;
const AXIS: u64 = ABOVE + LONGEST;
const BELOW: u64 = AXIS + LONGEST;
const HEIGHT: u64 = BELOW + 20;

/// The time span of one bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BarUnit {
    Day,
    Week,
    Month,
    Year,
}

impl BarUnit {
    const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The first day of the bar in which `day` is. A week begins on Monday.
    fn start(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let since_monday = day.weekday().to_monday_zero_offset();
                day.saturating_sub(Span::new().days(since_monday))
            }
            Self::Month => day.first_of_month(),
            Self::Year => day.first_of_year(),
        }
    }

    fn next(self, start: Date) -> Date {
        start.saturating_add(match self {
            Self::Day => Span::new().days(1),
            Self::Week => Span::new().weeks(1),
            Self::Month => Span::new().months(1),
            Self::Year => Span::new().years(1),
        })
    }

    fn label(self, start: Date) -> String {
        let format = match self {
            Self::Day | Self::Week => "%b %-d",
            Self::Month => "%b %Y",
            Self::Year => "%Y",
        };
        start.strftime(format).to_string()
    }

    /// The label of a bar.
    fn name(self, start: Date) -> String {
        match self {
            Self::Day => start.to_string(),
            Self::Week => format!("week of {start}"),
            Self::Month | Self::Year => self.label(start),
        }
    }
}

/// Bars without a gap, and the number of dates that are left out.
#[derive(Debug, PartialEq, Eq)]
struct Bins {
    unit: BarUnit,
    bars: Vec<(Date, Both)>,
    outside: u64,
}

impl Bins {
    /// None without dates.
    fn of(days: &BTreeMap<Date, Both>) -> Option<Self> {
        let middle = middle(days)?;
        let around = Span::new().years(YEARS_AROUND);
        let drawn = middle.saturating_sub(around)..=middle.saturating_add(around);
        let first = *days.range(drawn.clone()).next()?.0;
        let last = *days.range(drawn.clone()).next_back()?.0;
        let unit = BarUnit::ALL
            .into_iter()
            .find(|unit| starts(*unit, first, last).nth(MAX_BINS).is_none())
            .unwrap_or(BarUnit::Year);
        let mut bins: BTreeMap<Date, Both> = starts(unit, first, last)
            .map(|start| (start, Both::default()))
            .collect();
        let mut outside = 0;
        for (day, both) in days {
            match bins
                .get_mut(&unit.start(*day))
                .filter(|_| drawn.contains(day))
            {
                Some(bin) => {
                    bin.before += both.before;
                    bin.after += both.after;
                }
                None => outside += both.before + both.after,
            }
        }
        Some(Self {
            unit,
            bars: bins.into_iter().collect(),
            outside,
        })
    }
}

/// The first days of all bars from the one of `first` to the one of `last`.
fn starts(unit: BarUnit, first: Date, last: Date) -> impl Iterator<Item = Date> {
    let next = move |start: &Date| Some(unit.next(*start)).filter(|next| *next > *start);
    std::iter::successors(Some(unit.start(first)), next).take_while(move |start| *start <= last)
}

/// The median date.
fn middle(days: &BTreeMap<Date, Both>) -> Option<Date> {
    let all: u64 = days.values().map(|both| both.before + both.after).sum();
    let mut seen = 0;
    days.iter().find_map(|(day, both)| {
        seen += both.before + both.after;
        (seen * 2 >= all).then_some(*day)
    })
}

/// The geometry of the plot: percentages of the width, pixels of the height.
#[derive(Debug, Serialize)]
pub(super) struct DaysPlot {
    unit: &'static str,
    /// The largest number of dates in one bar.
    before: u64,
    after: u64,
    height: u64,
    below: u64,
    axis: u64,
    now: Option<NowMark>,
    /// What belongs to one bar.
    width: String,
    /// What is drawn of it, so that neighbours are told apart.
    bar_width: String,
    bars: Vec<DayBar>,
    ticks: Vec<DateTick>,
    /// Dates that are not drawn.
    left_out: u64,
}

#[derive(Debug, Serialize)]
struct DayBar {
    name: String,
    before: u64,
    after: u64,
    left: String,
    x: String,
    up: u64,
    down: u64,
}

/// A line at the plan's reference time.
#[derive(Debug, Serialize)]
struct NowMark {
    x: String,
    gap: i8,
    anchor: &'static str,
    date: String,
}

/// A date below the axis.
#[derive(Debug, Serialize)]
struct DateTick {
    x: String,
    anchor: &'static str,
    label: String,
}

/// The plot; none without dates. `unplaced` dates were not counted for lack of memory.
pub(super) fn days(days: &BTreeMap<Date, Both>, unplaced: u64, now: Date) -> Option<DaysPlot> {
    let Bins {
        unit,
        bars,
        outside,
    } = Bins::of(days)?;
    let most = |of: fn(&Both) -> u64| bars.iter().map(|(_, both)| of(both)).max().unwrap_or(0);
    let before = most(|both| both.before);
    let after = most(|both| both.after);
    let tallest = before.max(after).max(1);
    let all = bars.len() as u64;
    // Every bar is visible, however small.
    let length = |number: u64| (number * LONGEST / tallest).max(2);
    let drawn = (0..).zip(&bars).map(|(place, (start, both))| DayBar {
        name: unit.name(*start),
        before: both.before,
        after: both.after,
        left: percent(place, all),
        x: percent(place * 20 + 1, all * 20),
        up: length(both.before),
        down: length(both.after),
    });
    Some(DaysPlot {
        unit: unit.word(),
        before,
        after,
        height: HEIGHT,
        below: BELOW,
        axis: AXIS,
        now: NowMark::of(unit, &bars, now),
        width: percent(1, all),
        bar_width: percent(9, all * 10),
        bars: drawn.collect(),
        ticks: ticks(unit, &bars),
        left_out: outside + unplaced,
    })
}

impl NowMark {
    fn of(unit: BarUnit, bars: &[(Date, Both)], now: Date) -> Option<Self> {
        let today = unit.start(now);
        let place = bars.iter().position(|(start, _)| *start == today)? as u64;
        let all = bars.len() as u64;
        let (anchor, gap) = if place * 2 < all {
            ("start", 4)
        } else {
            ("end", -4)
        };
        Some(Self {
            x: percent(place * 2 + 1, all * 2),
            gap,
            anchor,
            date: now.to_string(),
        })
    }
}

fn ticks(unit: BarUnit, bars: &[(Date, Both)]) -> Vec<DateTick> {
    let all = bars.len();
    let ticks = TICKS.min(all);
    let places = (0..ticks).map(|tick| (tick, tick * (all - 1) / (ticks - 1).max(1)));
    let drawn = places.filter_map(|(tick, place)| {
        let (start, _) = bars.get(place)?;
        // At the edges a label is moved inside.
        let (anchor, twice) = match tick {
            _ if all == 1 => ("middle", 1),
            0 => ("start", 2 * place),
            last if last + 1 == ticks => ("end", 2 * place + 2),
            _ => ("middle", 2 * place + 1),
        };
        Some(DateTick {
            x: percent(twice as u64, 2 * all as u64),
            anchor,
            label: unit.label(*start),
        })
    });
    drawn.collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::report::html_page::render;

    fn bins(days: &[Date]) -> Bins {
        let mut counted: BTreeMap<Date, Both> = BTreeMap::new();
        for day in days {
            counted.entry(*day).or_default().before += 1;
        }
        Bins::of(&counted).unwrap()
    }

    #[test]
    fn the_bars_are_days_weeks_months_or_years_as_the_range_needs() {
        let first = date(2026, 12, 1);
        for (last, unit, bars) in [
            (date(2026, 12, 1), BarUnit::Day, 1),
            (date(2027, 1, 31), BarUnit::Day, 62),
            (date(2027, 2, 1), BarUnit::Week, 10),
            (date(2028, 1, 31), BarUnit::Week, 62),
            (date(2028, 3, 1), BarUnit::Month, 16),
            (date(2032, 1, 31), BarUnit::Month, 62),
            (date(2032, 2, 1), BarUnit::Year, 7),
        ] {
            let bins = bins(&[first, last]);
            assert_eq!(
                (bins.unit, bins.bars.len(), bins.outside),
                (unit, bars, 0),
                "{last}"
            );
        }
    }

    #[test]
    fn no_date_is_lost_and_one_far_away_does_not_press_the_others_together() {
        let found = bins(&[
            date(2026, 12, 1),
            date(2026, 12, 2),
            date(2026, 12, 2),
            date(9999, 12, 31),
            date(1, 1, 1),
        ]);
        assert_eq!((found.unit, found.outside), (BarUnit::Day, 2));
        let counts: Vec<u64> = found.bars.iter().map(|(_, both)| both.before).collect();
        assert_eq!(counts, [1, 2]);
    }

    #[test]
    fn a_week_begins_on_monday() {
        assert_eq!(BarUnit::Week.start(date(2026, 12, 6)), date(2026, 11, 30));
        assert_eq!(BarUnit::Week.start(date(2026, 11, 30)), date(2026, 11, 30));
    }

    #[test]
    fn the_plot_says_its_numbers_and_where_the_plan_stands() {
        let counted = BTreeMap::from([
            (
                date(2026, 12, 1),
                Both {
                    before: 1_200,
                    after: 0,
                },
            ),
            (
                date(2026, 12, 4),
                Both {
                    before: 0,
                    after: 600,
                },
            ),
        ]);
        let plot = days(&counted, 0, date(2026, 12, 2)).unwrap();
        let html = render("days.html", &BTreeMap::from([("days", plot)])).unwrap();
        for part in [
            "<title>2026-12-01: 1,200 before, 0 after</title>",
            "<rect class=\"before\" x=\"1.25%\" y=\"16\" width=\"22.50%\" height=\"84\"/>",
            "<rect class=\"after\" x=\"76.25%\" y=\"101\" width=\"22.50%\" height=\"42\"/>",
            "as of 2026-12-02",
            "<tr><th scope=\"row\">2026-12-04</th><td>0</td><td>600</td></tr>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(days(&BTreeMap::new(), 0, date(2026, 12, 2)).is_none());
    }

    #[test]
    fn the_first_and_the_last_day_of_the_calendar_are_drawn() {
        assert_eq!(bins(&[Date::MIN, Date::MIN]).bars.len(), 1);
        assert_eq!(bins(&[Date::MAX]).bars.len(), 1);
    }
}

//! A plot of a run over time: requests a second against the permitted rate above the axis, changes with an outcome below it.

use std::{collections::BTreeSet, time::Duration};

use serde::Serialize;

use crate::report::{
    html_page::percent,
    run_words::average,
    timeline::{Timeline, TimelinePoint},
    units::{per_second, rough, thousands},
};

/// In less than a second, the burst alone would make a rate that the pace does not permit: the number is shown.
const SHORTEST_RATE_MS: u64 = 1_000;

/// Labels below the axis; more of them would overlap on a phone.
const TICKS: u64 = 4;

/// Labels of marks stand at least this share of the width apart, in percent.
const LABELS_APART: u64 = 18;

/// Pixels: where answers of 429 are marked, the longest bar in each direction, and the position of the axis.
const THROTTLED: u64 = 16;
const ABOVE: u64 = 26;
const LONGEST: u64 = 96;
const AXIS: u64 = ABOVE + LONGEST;
const LONGEST_BELOW: u64 = 54;
const BELOW: u64 = AXIS + LONGEST_BELOW;
const HEIGHT: u64 = BELOW + 20;

/// The geometry: percentages of the width, pixels of the height.
#[derive(Debug, Serialize)]
pub(super) struct LoadPlot {
    /// The length of a point.
    every: String,
    height: u64,
    below: u64,
    axis: u64,
    throttled_at: u64,
    most_requests: String,
    most_changes: String,
    /// The width of a point.
    width: String,
    /// What is drawn of it, so that neighbours are told apart.
    bar_width: String,
    points: Vec<LoadBar>,
    pauses: Vec<LoadSpan>,
    marks: Vec<LoadMark>,
    ticks: Vec<LoadMark>,
    is_throttled: bool,
    has_problems: bool,
}

#[derive(Debug, Serialize)]
struct LoadBar {
    left: String,
    x: String,
    time: String,
    requests: String,
    permitted: String,
    throttled: u64,
    done: u64,
    not_done: u64,
    in_flight: u64,
    /// Pixels.
    up: u64,
    permitted_up: Option<u64>,
    down: u64,
    further_down: u64,
    /// Whether something happened.
    is_busy: bool,
}

#[derive(Debug, Serialize)]
struct LoadSpan {
    x: String,
    width: String,
    words: String,
}

#[derive(Debug, Serialize)]
struct LoadMark {
    x: String,
    gap: i8,
    anchor: &'static str,
    /// None if there is no room.
    label: Option<String>,
}

impl LoadPlot {
    /// None if nothing happened.
    pub(super) fn of(timeline: &Timeline) -> Option<Self> {
        let points = &timeline.points;
        let all = points.len() as u64;
        let whole_ms = all.checked_mul(timeline.point_ms).filter(|ms| *ms > 0)?;
        let rates: Vec<(u64, u64)> = points
            .iter()
            .enumerate()
            .map(|(place, point)| {
                let ms = timeline.length_ms(place);
                let changes = point.done.saturating_add(point.not_done);
                (milli(point.requests, ms), milli(changes, ms))
            })
            .collect();
        let permitted: Vec<Option<u64>> = permitted(points);
        let requests = rates.iter().map(|(requests, _)| *requests);
        let top = requests.clone().chain(permitted.iter().flatten().copied());
        let top = top.max()?.max(1);
        let most_requests = requests.max()?;
        let most_changes = rates.iter().map(|(_, changes)| *changes).max()?;
        // The number in a second is the rate of that second.
        let is_short = timeline.ms < SHORTEST_RATE_MS;
        let most = |milli: u64| {
            if is_short {
                thousands(milli / 1_000)
            } else {
                shown(milli)
            }
        };
        // Every bar is visible, however small.
        let length = |rate: u64, most: u64, longest: u64| match rate {
            0 => 0,
            some => part(some, most, longest).max(2),
        };
        let bars = points.iter().zip(&rates).zip(&permitted).enumerate();
        let bars = bars.map(|(place, ((point, (requests, changes)), permitted))| {
            let ms = timeline.length_ms(place);
            let x = place as u64;
            let done = milli(point.done, ms).min(*changes);
            let down = length(done, most_changes, LONGEST_BELOW);
            LoadBar {
                left: percent(x, all),
                x: percent(x * 20 + 1, all * 20),
                time: span(x.saturating_mul(timeline.point_ms)),
                requests: if ms < SHORTEST_RATE_MS {
                    thousands(point.requests)
                } else {
                    average(point.requests, ms)
                },
                permitted: permitted.map_or_else(|| "unknown".to_owned(), shown),
                throttled: point.throttled,
                done: point.done,
                not_done: point.not_done,
                in_flight: point.in_flight,
                up: length(*requests, top, LONGEST),
                permitted_up: permitted.map(|rate| part(rate, top, LONGEST)),
                down,
                further_down: length(changes - done, most_changes, LONGEST_BELOW)
                    .min(LONGEST_BELOW.saturating_sub(down).max(2)),
                is_busy: *point != TimelinePoint::default(),
            }
        });
        Some(Self {
            every: span(timeline.point_ms),
            height: HEIGHT,
            below: BELOW,
            axis: AXIS,
            throttled_at: THROTTLED,
            most_requests: most(most_requests),
            most_changes: most(most_changes),
            width: percent(1, all),
            bar_width: percent(18, all * 20),
            points: bars.collect(),
            pauses: (timeline.pauses.iter())
                .map(|pause| LoadSpan {
                    x: percent(pause.start_ms, whole_ms),
                    width: percent(pause.ms, whole_ms),
                    words: span(pause.ms),
                })
                .collect(),
            marks: marks(timeline, whole_ms),
            ticks: ticks(whole_ms),
            is_throttled: timeline.throttled > 0,
            has_problems: points.iter().any(|point| point.not_done > 0),
        })
    }
}

/// The permitted rates in thousandths; where nothing happened, the last one.
fn permitted(points: &[TimelinePoint]) -> Vec<Option<u64>> {
    let mut last = None;
    let rates = points.iter().map(|point| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float's conversion saturates, and a rate is positive"
        )]
        let rate = point.rate.map(|rate| (rate * 1_000.0) as u64);
        last = rate.or(last);
        last
    });
    rates.collect()
}

/// Sessions after the first one, and stages.
fn marks(timeline: &Timeline, whole_ms: u64) -> Vec<LoadMark> {
    let first = timeline.earlier_sessions + 1;
    let sessions = (first..)
        .zip(&timeline.sessions)
        .skip(1)
        .map(|(number, session)| (session.start_ms, format!("session {number}")));
    let stages = timeline
        .stages
        .iter()
        .filter(|stage| stage.number > 1)
        .map(|stage| (stage.start_ms, format!("stage {}", stage.number)));
    let mut marks: Vec<(u64, String)> = sessions.chain(stages).collect();
    marks.sort();
    let mut free_from = 0;
    let placed = marks.into_iter().map(|(ms, label)| {
        let at = part(ms, whole_ms, 100);
        let has_room = at >= free_from;
        if has_room {
            free_from = at + LABELS_APART;
        }
        let (anchor, gap) = if at < 60 { ("start", 4) } else { ("end", -4) };
        LoadMark {
            x: percent(ms, whole_ms),
            gap,
            anchor,
            label: has_room.then_some(label),
        }
    });
    placed.collect()
}

/// As many as have labels that differ.
fn ticks(whole_ms: u64) -> Vec<LoadMark> {
    let differ = |last: u64| {
        let labels = (0..=last).map(|tick| span(part(tick, last, whole_ms)));
        labels.collect::<BTreeSet<_>>().len() as u64 == last + 1
    };
    let end = (1..TICKS).rev().find(|last| differ(*last)).unwrap_or(1);
    let place = |tick: u64| {
        let anchor = match tick {
            0 => "start",
            last if last == end => "end",
            _ => "middle",
        };
        let ms = part(tick, end, whole_ms);
        LoadMark {
            x: percent(tick, end),
            gap: 0,
            anchor,
            label: Some(span(ms)),
        }
    };
    (0..=end).map(place).collect()
}

/// A number in `ms` milliseconds, but at least in a second, in thousandths a second.
fn milli(number: u64, ms: u64) -> u64 {
    let rate = u128::from(number) * 1_000_000 / u128::from(ms.max(SHORTEST_RATE_MS));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// Thousandths a second as text.
fn shown(milli: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let rate = milli as f64 / 1_000.0;
    per_second(rate)
}

/// `part` of `whole`, of something that is `of` long.
fn part(part: u64, whole: u64, of: u64) -> u64 {
    let scaled = u128::from(part) * u128::from(of) / u128::from(whole.max(1));
    u64::try_from(scaled).unwrap_or(of)
}

fn span(ms: u64) -> String {
    rough(Duration::from_millis(ms))
}

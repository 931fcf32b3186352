//! Fail points in the real program: it dies, or a call fails, at each call that matters. All of them: `just torture`.
//!
//! A library stands between the program and the C library (`interposer.c`) and counts the calls.

mod attempts;
mod library;
mod point;
mod trial;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use point::{BROKEN_CONNECTIONS, BROKEN_DISKS, Call, KILLS, Point, What};
use trial::{Trial, try_at};

/// Trials at the same time. Most of the time of one is a wait: for the disk, or for a doubt to be old enough.
const THREADS: usize = 8;

/// How many trials ended in which way.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    applied: usize,
    in_doubt: usize,
}

/// Tries each `step`-th call of each kind, until there are no more, after those points that come `before`. A sample begins
/// with another number for each kind.
fn try_all(before: &[Point], concurrency: usize, step: usize) -> Tally {
    let kinds = [&KILLS[..], &BROKEN_DISKS, &BROKEN_CONNECTIONS].concat();
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    let work = || {
        while let Some(&(call, what)) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let place = kinds.iter().position(|kind| *kind == (call, what)).unwrap();
            for nth in (1 + place % step..).step_by(step) {
                let points = [before, &[Point { call, nth, what }]].concat();
                let trial = try_at(&points, concurrency);
                let mut tally = tally.lock().unwrap();
                match trial {
                    Trial::NotReached => break,
                    Trial::Applied => tally.applied += 1,
                    Trial::InDoubt => tally.in_doubt += 1,
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    tally.into_inner().unwrap()
}

#[test]
fn a_kill_or_an_error_at_each_sync_of_the_history_and_of_the_report_is_no_finding_and_the_next_session_records_the_end()
 {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let what = [What::KillBefore, What::KillAfter, What::EioOnce][number % 3];
            let (call, nth) = (Call::FileSync, 1 + number / 3);
            if try_at(&[Point { call, nth, what }], 4) == Trial::NotReached {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    let tried = next.into_inner();
    assert!(tried > 30 + THREADS, "{tried}");
}

/// Dies behind a request, so that the next session has something to read back. One at a time, the eighth runs a schedule,
/// and is the write whose effect comes late.
const fn half_way(nth: usize) -> Point {
    Point {
        call: Call::Send,
        nth,
        what: What::KillAfter,
    }
}

#[test]
fn a_kill_or_an_error_at_a_sample_of_all_calls_loses_nothing_and_repeats_nothing_blindly() {
    let tally = try_all(&[], 1, 7);
    assert!(tally.applied > 15, "{tally:?}");
    let tally = try_all(&[half_way(8)], 1, 7);
    assert!(tally.applied > 10, "{tally:?}");
}

#[test]
#[ignore = "takes a minute, and a release build"]
#[expect(clippy::print_stderr, reason = "the figures are what it is run for")]
fn a_kill_or_an_error_at_every_single_call_loses_nothing_and_repeats_nothing_blindly() {
    // Four at a time, what no read can tell is done with by the eleventh request.
    for (before, concurrency) in [
        (&[][..], 1),
        (&[], 4),
        (&[half_way(8)], 1),
        (&[half_way(11)], 4),
    ] {
        let tally = try_all(before, concurrency, 1);
        eprintln!(
            "fail points, {concurrency} at a time{}: {} all applied, {} with changes in doubt (only changes that cannot be read back)",
            if before.is_empty() {
                ""
            } else {
                ", in a resumed run"
            },
            tally.applied,
            tally.in_doubt
        );
        assert!(tally.applied + tally.in_doubt > 50, "{tally:?}");
    }
}

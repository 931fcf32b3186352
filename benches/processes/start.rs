//! The program itself: how quickly it starts, and how large it is.

use std::{fs, io, process::Command, time::Instant};

use crate::{
    bench::BINARY,
    report::{Bound, Bounds, as_float, median},
};

/// The number of starts: each is quick.
const STARTS: usize = 41;

pub(crate) fn start(bounds: &mut Bounds) -> io::Result<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begin = Instant::now();
        Command::new(BINARY).arg("--version").output()?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    let what = "`wf-bulk --version`";
    bounds.check(what, median(times), Bound::AtMost(10.0), " ms");
    let size = as_float(fs::metadata(BINARY)?.len()) / 1e6;
    bounds.check("the program", size, Bound::AtMost(15.0), " MB");
    Ok(())
}

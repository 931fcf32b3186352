//! Runs a process and measures it from outside.

use std::{
    fs, io,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) wall: Duration,
    /// Of all its threads.
    pub(crate) cpu: Duration,
    /// The most memory, in KiB.
    pub(crate) peak: u64,
    pub(crate) code: Option<i32>,
}

/// Runs `command` to its end.
pub(crate) fn measured(command: &mut Command) -> io::Result<Taken> {
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let process = child.id();
    // The peak is gone with the process: it is looked at until then.
    let watch = thread::spawn(move || {
        let mut most = 0;
        while let Some(peak) = peak(process) {
            most = most.max(peak);
            thread::sleep(Duration::from_millis(2));
        }
        most
    });
    wait(&child)?;
    let wall = begin.elapsed();
    // It has ended, and its times can be read until it is reaped.
    let cpu = cpu(process)?;
    let status = child.wait()?;
    Ok(Taken {
        wall,
        cpu,
        peak: watch.join().unwrap_or_default(),
        code: status.code(),
    })
}

/// Waits for the end without reaping.
fn wait(child: &Child) -> io::Result<()> {
    let pid = Pid::from_child(child);
    waitid(
        WaitId::Pid(pid),
        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
    )?;
    Ok(())
}

/// None once it has ended.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Its time in user and system mode, to 10 ms.
fn cpu(process: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in parentheses, may contain anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

//! A terminal of its own for a command, and somebody who types.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::{Child, Command},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

/// How long a command under load may take to say something.
const PATIENCE: Duration = Duration::from_secs(60);

/// The other side of a command's terminal.
pub(crate) struct Terminal {
    controller: File,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    child: Option<Child>,
}

impl Terminal {
    /// Starts a command whose three streams are a new terminal, in which `typed_ahead` waits already.
    pub(crate) fn start(command: Command, typed_ahead: &str) -> Self {
        Self::start_with(command, typed_ahead, None)
    }

    /// As [`Self::start`]; `stderr` is not the terminal if it is given.
    pub(crate) fn start_with(
        mut command: Command,
        typed_ahead: &str,
        stderr: Option<File>,
    ) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let side = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let side = File::from(side);
        let mut controller = File::from(controller);
        controller.write_all(typed_ahead.as_bytes()).unwrap();
        let stream = || side.try_clone().unwrap();
        let child = command
            .stdin(stream())
            .stdout(stream())
            .stderr(stderr.unwrap_or_else(stream))
            .spawn()
            .unwrap();
        // Else this process would hold the terminal open after the command has ended.
        drop((command, side));
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut from, into) = (controller.try_clone().unwrap(), Arc::clone(&shown));
        let reader = thread::spawn(move || {
            let mut some = [0; 4096];
            // An error is the end: no process has the terminal open any more.
            while let Ok(read) = from.read(&mut some) {
                into.lock().unwrap().extend_from_slice(&some[..read]);
            }
        });
        Self {
            controller,
            shown,
            reader,
            child: Some(child),
        }
    }

    /// All that was shown.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until something is shown.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.shown().contains(text) {
            assert!(
                start.elapsed() < PATIENCE,
                "{text:?} is not shown:\n{}",
                self.shown()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        self.controller.write_all(keys.as_bytes()).unwrap();
    }

    /// Sends a signal, like `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end of the command, and gives its exit code.
    #[track_caller]
    pub(crate) fn code(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            let child = self.child.as_mut().unwrap();
            // What it has shown last may not have been read yet.
            if let Some(status) = child.try_wait().unwrap()
                && self.reader.is_finished()
            {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it goes on:\n{}", self.shown());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

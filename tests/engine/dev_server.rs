//! Temporal's development server.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// No start of a server takes that long, on a slow machine either.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server of all tests that leave it alone.
static SHARED: Mutex<Weak<DevServer>> = Mutex::new(Weak::new());

/// A server, which ends with the last test that uses it.
pub(crate) struct DevServer {
    child: Mutex<Child>,
    port: u16,
    folder: TempDir,
    /// Whether it keeps what it knows in a file, so that another one can go on with it.
    survives: bool,
}

impl DevServer {
    /// One that other tests use, too.
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start(false));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// One that a test may kill.
    pub(crate) fn mortal() -> Arc<Self> {
        Arc::new(Self::start(true))
    }

    fn start(survives: bool) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let folder = tempfile::tempdir().unwrap();
        let child = Mutex::new(serve(folder.path(), port, survives));
        let server = Self {
            child,
            port,
            folder,
            survives,
        };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        let start = Instant::now();
        while !self
            .ask(&["operator", "cluster", "health"])
            .contains("SERVING")
        {
            assert!(start.elapsed() < PATIENCE, "the server does not start");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the server's own tool says.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let said = Command::new(program())
            .args(arguments)
            .args(["--address", &format!("127.0.0.1:{}", self.port)])
            .env_clear()
            .env("HOME", self.folder.path())
            .output()
            .unwrap();
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    /// Kills it, and starts it again on what it had stored.
    pub(crate) fn die_and_come_back(&self) {
        assert!(self.survives, "it would have forgotten everything");
        let mut child = self.child();
        end(&mut child);
        *child = serve(self.folder.path(), self.port, true);
        drop(child);
        self.wait_until_ready();
    }

    /// Sends it a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(&self.child(), name);
    }

    pub(crate) fn address(&self) -> String {
        format!("temporal://127.0.0.1:{}/default", self.port)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        end(&mut self.child());
    }
}

fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// Sends a process a signal, by its name.
pub(crate) fn send_signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = root.join("target/tools/temporal/bin/temporal");
    assert!(
        program.exists(),
        "Temporal's server is not installed: .ci/temporal installs it"
    );
    program
}

fn serve(folder: &Path, port: u16, survives: bool) -> Child {
    let mut command = Command::new(program());
    command
        .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1"])
        .args(["--log-level", "error", "--port", &port.to_string()])
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if survives {
        command.arg("--db-filename").arg(folder.join("engine.db"));
    }
    command.spawn().unwrap()
}

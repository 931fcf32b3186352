//! The server as the bench sees it: a process of its own, and what it says of the requests.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::server::{ARRIVALS, COUNT, HOLD};

/// A server, until it is dropped.
pub(crate) struct Server {
    process: Child,
    address: String,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(executions: u64, latency: Duration) -> io::Result<Self> {
        let (executions, latency) = (executions.to_string(), latency.as_micros().to_string());
        let mut process = Command::new(env::current_exe()?)
            .args(["serve", &executions, &latency])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut port)?;
        let address = format!("127.0.0.1:{}", port.trim());
        let url = format!("http://{address}");
        Ok(Self {
            process,
            address,
            url,
        })
    }

    /// The moments of the requests since the last call, in microseconds since 1970.
    pub(crate) fn arrivals(&self) -> io::Result<Vec<u64>> {
        let lines = self.ask(ARRIVALS)?;
        Ok(lines.lines().filter_map(|line| line.parse().ok()).collect())
    }

    /// The number of requests since the arrivals were asked for.
    pub(crate) fn count(&self) -> io::Result<u64> {
        Ok(self.ask(COUNT)?.parse().unwrap_or_default())
    }

    /// The number of requests that are answered at once; the answers to all later ones take long. `None`: no answer takes long.
    pub(crate) fn hold(&self, after: Option<u64>) -> io::Result<()> {
        let after = after.map(|after| after.to_string());
        self.ask(&format!("{HOLD}{}", after.unwrap_or_default()))?;
        Ok(())
    }

    fn ask(&self, path: &str) -> io::Result<String> {
        let mut connection = TcpStream::connect(&self.address)?;
        write!(connection, "GET {path} HTTP/1.1\r\n\r\n")?;
        let mut reader = BufReader::new(connection);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if let Some((_, value)) = line.split_once("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

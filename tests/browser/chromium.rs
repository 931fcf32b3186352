//! A headless Chromium, driven over its `DevTools` protocol: JSON with a NUL behind it, through two pipes.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Names of the program, in the order in which they are tried.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// No answer takes that long, on a slow machine either.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with one page.
pub(crate) struct Chromium {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    /// Messages that are no answers, and were not asked for yet.
    events: VecDeque<Value>,
    session: Option<String>,
    last: u64,
    _profile: TempDir,
}

impl Chromium {
    /// Starts it with an empty page.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let program = PROGRAMS
            .into_iter()
            .find(|program| Command::new(program).arg("--version").output().is_ok())
            .expect("Chromium is not installed: it is Debian's package `chromium`");
        // It reads from 3 and writes to 4; a shell gives it its standard streams under these numbers.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec \"$@\" 3<&0 4>&1 0</dev/null 1>&2",
                "sh",
                program,
            ])
            .args([
                "--headless",
                "--remote-debugging-pipe",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--hide-scrollbars",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, messages) = channel();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let mut message = Vec::new();
            while output
                .read_until(0, &mut message)
                .is_ok_and(|read| read > 0)
            {
                message.pop();
                let message = std::mem::take(&mut message);
                if sender
                    .send(serde_json::from_slice(&message).unwrap())
                    .is_err()
                {
                    return;
                }
            }
        });
        let mut chromium = Self {
            input: child.stdin.take().unwrap(),
            child,
            messages,
            events: VecDeque::new(),
            session: None,
            last: 0,
            _profile: profile,
        };
        let target = chromium.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = chromium.call("Target.attachToTarget", &attach);
        chromium.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            chromium.call(&format!("{domain}.enable"), &json!({}));
        }
        chromium.size(1280, 900);
        chromium
    }

    /// Calls a method of the protocol and gives its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.input
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            let message = self
                .next(until)
                .unwrap_or_else(|| panic!("no answer to {method}"));
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    fn next(&self, until: Instant) -> Option<Value> {
        self.messages
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .ok()
    }

    /// Opens a file and waits until all of its scripts have run.
    pub(crate) fn open(&mut self, page: &Path) {
        self.events.clear();
        let url = format!("file://{}", page.display());
        self.call("Page.navigate", &json!({ "url": url }));
        let until = Instant::now() + PATIENCE;
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.next(until).expect("the page is never loaded");
            self.events.push_back(event);
        }
    }

    /// What happened since the page was opened and never may: something that it loaded, a dialog, an error or a
    /// warning, of its policy too.
    pub(crate) fn incidents(&mut self) -> Vec<String> {
        // Whatever was sent before this answer has arrived with it.
        self.evaluate("0");
        let is_incident = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => event["params"]["type"] != "Document",
            "Page.javascriptDialogOpening"
            | "Runtime.exceptionThrown"
            | "Runtime.consoleAPICalled"
            | "Log.entryAdded" => true,
            _ => false,
        };
        self.events
            .iter()
            .filter(is_incident)
            .map(Value::to_string)
            .collect()
    }

    /// The value of an expression in the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", &params);
        assert!(
            result["exceptionDetails"].is_null(),
            "{expression}: {result}"
        );
        result["result"]["value"].clone()
    }

    /// As [`Self::evaluate`], for text.
    pub(crate) fn text(&mut self, expression: &str) -> String {
        let value = self.evaluate(expression);
        value
            .as_str()
            .unwrap_or_else(|| panic!("{expression} is {value}"))
            .to_owned()
    }

    /// As [`Self::evaluate`], for a number.
    pub(crate) fn number(&mut self, expression: &str) -> f64 {
        let value = self.evaluate(expression);
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        while self.evaluate(expression) != json!(true) {
            assert!(Instant::now() < until, "never true: {expression}");
            // The page works on by itself meanwhile.
            self.evaluate("new Promise((done) => setTimeout(done, 20))");
        }
    }

    /// Presses a key that is no letter: `Tab`, `Enter`, `Shift+Tab`.
    pub(crate) fn press(&mut self, key: &str) {
        let (modifiers, key) = match key.strip_prefix("Shift+") {
            Some(key) => (8, key),
            None => (0, key),
        };
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Space" => (32, " "),
            "End" => (35, ""),
            "Home" => (36, ""),
            "ArrowDown" => (40, ""),
            "Delete" => (46, ""),
            _ => panic!("no such key: {key}"),
        };
        let name = if key == "Space" { " " } else { key };
        let mut params = json!({
            "type": "keyDown", "key": name, "code": key, "modifiers": modifiers,
            "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code,
        });
        if !text.is_empty() {
            params["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", &params);
        params["type"] = json!("keyUp");
        self.call("Input.dispatchKeyEvent", &params);
    }

    /// Types text, key by key.
    pub(crate) fn write(&mut self, text: &str) {
        for letter in text.chars() {
            let letter = letter.to_string();
            let down = json!({"type": "keyDown", "key": letter, "text": letter});
            self.call("Input.dispatchKeyEvent", &down);
            self.call(
                "Input.dispatchKeyEvent",
                &json!({"type": "keyUp", "key": letter}),
            );
        }
    }

    /// Presses Tab until what has the focus is what `selector` selects.
    pub(crate) fn tab_to(&mut self, selector: &str) {
        let is_there = format!("document.activeElement.matches({})", json!(selector));
        for _ in 0..400 {
            if self.evaluate(&is_there) == json!(true) {
                return;
            }
            self.press("Tab");
        }
        panic!("no Tab leads to {selector}");
    }

    /// The size of the window, in pixels of CSS.
    pub(crate) fn size(&mut self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// What the reader prefers: `dark` or `light`.
    pub(crate) fn scheme(&mut self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", &features);
    }

    /// Whether scripts of pages that are opened from now on run.
    pub(crate) fn scripts(&mut self, run: bool) {
        self.call(
            "Emulation.setScriptExecutionDisabled",
            &json!({ "value": !run }),
        );
    }

    /// The page from its top, at most `height` pixels of it, as base64 of a PNG.
    pub(crate) fn picture(&mut self, width: u32, height: u32) -> String {
        self.size(width, 900);
        let whole = self
            .number("document.documentElement.scrollHeight")
            .min(f64::from(height));
        let clip = json!({"x": 0, "y": 0, "width": width, "height": whole, "scale": 1});
        let params = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self.call("Page.captureScreenshot", &params);
        picture["data"].as_str().unwrap().to_owned()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It is over anyway, and there is nobody to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

//! An engine behind TLS that asks for a client certificate. `openssl` makes the certificates.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    environment::Ended,
    playground::{Playground, Setting, TIMEOUT},
    runs::MIXED,
};

/// The name in the certificate of the engine, which is no name of this machine.
const NAME: &str = "engine.example.com";

/// Certificates, each of an authority of its own.
struct Certificates {
    folder: PathBuf,
}

/// TLS before the engine; it ends with the test.
struct TlsProxy {
    child: Child,
    port: String,
}

impl Certificates {
    fn new(folder: &Path) -> Self {
        let certificates = Self {
            folder: folder.to_owned(),
        };
        for name in ["engine", "client", "stranger"] {
            certificates.make(name);
        }
        certificates
    }

    fn make(&self, name: &str) {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", &format!("/CN={name}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-addext", &format!("subjectAltName=DNS:{NAME}")])
            .arg("-keyout")
            .arg(self.key(name))
            .arg("-out")
            .arg(self.certificate(name))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    fn certificate(&self, name: &str) -> String {
        self.file(&format!("{name}.crt"))
    }

    fn key(&self, name: &str) -> String {
        self.file(&format!("{name}.key"))
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }
}

impl TlsProxy {
    fn before(playground: &Playground, certificates: &Certificates) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/tls_proxy.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args([
                certificates.certificate("engine"),
                certificates.key("engine"),
            ])
            .arg(certificates.certificate("client"))
            .arg(playground.engine.port().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut port).unwrap();
        Self {
            child,
            port: port.trim().to_owned(),
        }
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
#[ignore = "needs Temporal's development server: just engine"]
fn an_engine_behind_tls_is_reached_with_the_right_certificates_alone() {
    let playground = Playground::new(&Setting::new(MIXED));
    let certificates = Certificates::new(playground.environment.path());
    let proxy = TlsProxy::before(&playground, &certificates);
    let address = format!("temporal://127.0.0.1:{}/default", proxy.port);
    let apply = |flags: &[&str]| {
        let apply = ["apply", "engine.plan", "--yes", "--timeout", TIMEOUT];
        let line = [&apply[..], &["--engine", &address], flags].concat();
        let mut command = playground
            .environment
            .command_on(&playground.sandbox, &line);
        Ended::from(command.output().unwrap())
    };
    let authority = ["--engine-tls-ca", &certificates.certificate("engine")];
    let name = ["--engine-tls-server-name", NAME];
    let identity = |name: &str| {
        let (certificate, key) = (certificates.certificate(name), certificates.key(name));
        [
            "--engine-tls-cert".to_owned(),
            certificate,
            "--engine-tls-key".to_owned(),
            key,
        ]
    };
    let (ours, strange) = (identity("client"), identity("stranger"));
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let strange: Vec<&str> = strange.iter().map(String::as_str).collect();
    let other = ["--engine-tls-ca", &certificates.certificate("stranger")];
    for (flags, said) in [
        ([&other[..], &name, &ours].concat(), "--engine-tls-ca"),
        ([&name[..], &ours].concat(), "--engine-tls-ca"),
        ([&authority[..], &ours].concat(), "--engine-tls-server-name"),
        // The proxy's alert that says so can be lost with the connection.
        ([&authority[..], &name].concat(), "client certificate"),
        (
            [&authority[..], &name, &strange].concat(),
            "client certificate",
        ),
    ] {
        let refused = apply(&flags).expect_code(1);
        refused.expect_said(said);
    }
    // What others can read is no secret.
    let shared = certificates.file("shared.key");
    fs::copy(certificates.key("client"), &shared).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o644)).unwrap();
        let mut flags = [&authority[..], &name, &ours].concat();
        *flags.last_mut().unwrap() = &shared;
        apply(&flags).expect_code(64).expect_said("chmod 600");
    }
    assert_eq!(playground.writes(), 0);

    apply(&[&authority[..], &name, &ours].concat()).expect_code(0);
    assert!(playground.expect_innocent().finished);
}

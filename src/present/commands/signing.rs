//! The signature beside a plan: `x.plan.sig` is that of `x.plan`.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use rustix::process::getuid;

use super::{output::Output, terminal::say};
use crate::{
    error::Error,
    private_file,
    signature::{self, AllowedSigners, FIRST_LINE, NAMESPACE, SigningKey},
    text::{Untrusted, shell_word, shown_path},
};

/// A key, a signature or a file of signers is smaller; more is not read.
const MOST_BYTES: u64 = 1024 * 1024;

/// Signs the plan that a command writes.
#[derive(Debug)]
pub(super) struct PlanSigner {
    key: SigningKey,
    path: PathBuf,
}

impl PlanSigner {
    /// Reads the key, and checks that the signature can be written beside the plan.
    pub(super) fn new(key: &Path, plan: &Path, output: &Output) -> Result<Self, Error> {
        match output {
            Output::File(_) => {}
            Output::Stdout | Output::Stream(_) => {
                return Err(Error::usage(
                    "a signed plan must be a file, since its signature is written beside it",
                )
                .hint("name a file: -o x.plan; or leave --sign out"));
            }
        }
        let path = beside(plan);
        may_replace(&path)?;
        let key = read_key(key)?;
        Ok(Self { key, path })
    }

    /// The text of the signature file.
    pub(super) fn sign(&self, mut plan: &File) -> Result<String, Error> {
        let signed = plan
            .rewind()
            .and_then(|()| signature::sign(&self.key, &mut plan));
        signed.map_err(|error| Error::failed("the plan can't be signed").caused_by(error))
    }

    /// Replaces the signature file.
    pub(super) fn write(&self, signature: &str) -> Result<(), Error> {
        may_replace(&self.path)?;
        private_file::replace(&self.path, |out| out.write_all(signature.as_bytes())).map_err(
            |error| {
                Error::failed(format!(
                    "the plan was written, but its signature {} can't be",
                    shown_path(&self.path)
                ))
                .caused_by(error)
                .at(self.path.display().to_string(), None)
                .hint("plan again")
            },
        )
    }
}

/// A signature and who may have made it.
#[derive(Debug)]
pub(super) struct PlanSignature {
    path: PathBuf,
    text: String,
    signers_path: PathBuf,
    signers: AllowedSigners,
}

impl PlanSignature {
    /// Reads the signature of a plan and the file of signers.
    pub(super) fn of(plan: &Path, signers_path: &Path) -> Result<Self, Error> {
        let (_, text) = read(signers_path)
            .map_err(|error| unusable("file of allowed signers", signers_path).caused_by(error))?;
        let signers = AllowedSigners::parse(&text, &TimeZone::system()).map_err(|error| {
            let line = error.line;
            unusable("file of allowed signers", signers_path)
                .at(signers_path.display().to_string(), Some(line))
                .caused_by(error)
                .hint(format!(
                    "write a line for each signer: ci@example.com namespaces=\"{NAMESPACE}\" ssh-ed25519 AAAA…"
                ))
        })?;
        let path = beside(plan);
        let text = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => read(&path).map(|(_, text)| text),
            Ok(_) => Err(io::Error::other("it is not a file")),
            Err(error) => Err(error),
        }
        .map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                Error::failed(format!(
                    "the plan is not signed: there is no {}",
                    shown_path(&path)
                ))
                .at(path.display().to_string(), None)
                .hint("`plan --sign KEY` writes it beside the plan; keep both together. A run keeps the one that `apply --allowed-signers` checked")
            } else {
                unusable("signature", &path).caused_by(error)
            }
        })?;
        Ok(Self {
            path,
            text,
            signers_path: signers_path.to_owned(),
            signers,
        })
    }

    /// Says who signed the bytes of this file.
    ///
    /// # Errors
    ///
    /// If the signature is not for these bytes, or not by an allowed signer.
    pub(super) fn check(&self, mut plan: &File) -> Result<(), Error> {
        let signer = plan.rewind().map_err(Into::into).and_then(|()| {
            signature::verify(&self.text, &mut plan, &self.signers, Timestamp::now())
        });
        let signer = signer.map_err(|error| {
            Error::failed(format!(
                "the signature {} is not accepted",
                shown_path(&self.path)
            ))
            .caused_by(error)
            .at(self.path.display().to_string(), None)
            .hint(format!(
                "plan again with --sign and a key of {}",
                shown_path(&self.signers_path)
            ))
        })?;
        say(|out| writeln!(out, "signed by {}", Untrusted(signer).terminal()));
        Ok(())
    }

    /// As [`Self::check`], for the copy of the plan at `path`; keeps the signature beside it, for `resume`.
    pub(super) fn check_copy(&self, plan: &File, path: &Path) -> Result<(), Error> {
        self.check(plan)?;
        let path = beside(path);
        private_file::replace(&path, |out| out.write_all(self.text.as_bytes())).map_err(|error| {
            Error::failed(format!("{} can't be written", shown_path(&path))).caused_by(error)
        })
    }
}

fn read_key(path: &Path) -> Result<SigningKey, Error> {
    let failed = |error: io::Error| unusable("key", path).caused_by(error);
    let (file, text) = read(path).map_err(failed)?;
    let key = SigningKey::read(&text).map_err(|error| {
        let cure = error.cure();
        unusable("key", path).caused_by(error).hint(cure)
    })?;
    let metadata = file.metadata().map_err(failed)?;
    // As ssh does: the permissions of somebody else's file, such as a mounted secret, are not ours to set.
    if metadata.uid() == getuid().as_raw() && metadata.mode() & 0o077 != 0 {
        let word = shell_word(&path.to_string_lossy());
        return Err(Error::usage(format!(
            "the key {} can be read by others (mode {:04o})",
            shown_path(path),
            metadata.mode() & 0o7777
        ))
        .at(path.display().to_string(), None)
        .hint(format!("make it private: chmod 600 {word}")));
    }
    Ok(key)
}

fn read(path: &Path) -> io::Result<(File, String)> {
    let file = File::open(path)?;
    let mut text = String::new();
    (&file).take(MOST_BYTES).read_to_string(&mut text)?;
    if text.len() as u64 == MOST_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok((file, text))
}

/// Refuses to replace what is not a signature.
fn may_replace(path: &Path) -> Result<(), Error> {
    let is_signature = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(unusable("signature", path).caused_by(error)),
        Ok(metadata) => {
            metadata.is_file() && read(path).is_ok_and(|(_, text)| text.starts_with(FIRST_LINE))
        }
    };
    if is_signature {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{} exists already and is not a signature",
        shown_path(path)
    ))
    .hint("it was not changed; name another plan, or delete this file first"))
}

fn unusable(what: &str, path: &Path) -> Error {
    Error::usage(format!("the {what} {} can't be used", shown_path(path)))
        .at(path.display().to_string(), None)
}

fn beside(plan: &Path) -> PathBuf {
    let mut name = plan.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

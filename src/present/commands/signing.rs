//! The signature beside a plan: `x.plan.sig` is that of `x.plan`.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use sha2::{Digest as _, Sha256};

use super::{output::Output, terminal::say};
use crate::{
    digest::hex,
    error::Error,
    platform, private_file,
    signature::{
        self, AllowedSigners, FIRST_LINE, NAMESPACE, SignatureError, SigningKey, SigningKeyError,
    },
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
        )?;
        say(|out| {
            writeln!(
                out,
                "signed: the signature is in {}",
                shown_path(&self.path)
            )
        });
        Ok(())
    }
}

/// Removes the signature of the plan that an unsigned one has replaced. Another file is left alone.
pub(super) fn remove_signature_of_replaced(plan: &Path) -> Result<(), Error> {
    let path = beside(plan);
    let is_file = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
    if !is_file || !is_signature(&path) {
        return Ok(());
    }
    let shown = shown_path(&path);
    fs::remove_file(&path).map_err(|error| {
        Error::failed(format!(
            "the plan was written, but {shown}, the signature of an earlier plan, can't be removed"
        ))
        .caused_by(error)
        .at(path.display().to_string(), None)
        .hint("remove it: it does not match this plan")
    })?;
    say(|out| writeln!(out, "removed {shown}, the signature of an earlier plan"));
    Ok(())
}

/// A signature and who may have made it.
#[derive(Debug)]
pub(super) struct PlanSignature {
    path: PathBuf,
    bytes: Vec<u8>,
    signers_path: PathBuf,
    signers: AllowedSigners,
    signed: Signed,
}

/// What has the signature.
#[derive(Clone, Debug)]
pub(super) enum Signed {
    /// A plan can be made again.
    Plan,
    /// The plan of a run can't: without the signature, only the command `abandon` is left.
    Run { abandon: String },
}

impl PlanSignature {
    /// Reads the signature of a plan and the file of signers.
    ///
    /// # Errors
    ///
    /// Of kind usage if the file of signers can't be used, and otherwise if the plan has no signature.
    pub(super) fn of(plan: &Path, signers_path: &Path, signed: Signed) -> Result<Self, Error> {
        let signers = read_signers(signers_path)?;
        let path = beside(plan);
        let bytes = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => read(&path).map(|(_, bytes)| bytes),
            Ok(_) => Err(io::Error::other("it is not a file")),
            Err(error) => Err(error),
        }
        .map_err(|error| {
            let shown = shown_path(&path);
            let failed = if error.kind() == io::ErrorKind::NotFound {
                Error::failed(format!("the plan is not signed: there is no {shown}"))
            } else {
                Error::failed(format!("the signature {shown} can't be read")).caused_by(error)
            };
            failed
                .at(path.display().to_string(), None)
                .hint(match &signed {
                    Signed::Plan => {
                        "`plan --sign KEY` writes it beside the plan: keep both files together"
                            .to_owned()
                    }
                    Signed::Run { abandon } => format!(
                        "`apply --allowed-signers` keeps it in the run folder; if it was removed, put it back, otherwise abandon the run: {abandon}"
                    ),
                })
        })?;
        Ok(Self {
            path,
            bytes,
            signers_path: signers_path.to_owned(),
            signers,
            signed,
        })
    }

    /// Says who signed the bytes of this file, and returns the name. `sha256` is the digest of the bytes that are shown or applied.
    ///
    /// # Errors
    ///
    /// If the signature is not for these bytes, or not by an allowed signer; if the file has other bytes by now.
    pub(super) fn check(&self, mut plan: &File, sha256: &str) -> Result<String, Error> {
        let mut bytes = Digested {
            bytes: plan,
            digest: Sha256::new(),
        };
        let text = str::from_utf8(&self.bytes).map_err(|_| SignatureError::Malformed);
        let signer = text.and_then(|text| {
            plan.rewind()?;
            signature::verify(text, &mut bytes, &self.signers, Timestamp::now())
        });
        let signer = signer.map_err(|error| self.refused(error))?;
        if hex(&bytes.digest.finalize()) != sha256 {
            return Err(Error::failed("the plan was changed while it was read")
                .at(self.path.display().to_string(), None)
                .hint("run the command again, and let nothing write the file meanwhile"));
        }
        say(|out| writeln!(out, "signed by {}", Untrusted(signer).terminal()));
        Ok(signer.to_owned())
    }

    fn refused(&self, error: SignatureError) -> Error {
        let refused = Error::failed(format!(
            "the signature {} is not accepted",
            shown_path(&self.path)
        ));
        let signers = shown_path(&self.signers_path);
        let (in_signers, first) = match &error {
            SignatureError::UnknownKey(_) => (
                Some(None),
                format!("if this key may sign plans, add a line for it to the file {signers}"),
            ),
            SignatureError::NotAllowed(line) => (
                Some(line.line),
                format!("if this key may sign plans now, correct its line in the file {signers}"),
            ),
            SignatureError::Malformed
            | SignatureError::Algorithm(_)
            | SignatureError::Namespace(_)
            | SignatureError::OtherBytes
            | SignatureError::Plan(_) => (
                None,
                "if the plan or its signature was changed or replaced, put both back as they were made".to_owned(),
            ),
        };
        let otherwise = match &self.signed {
            Signed::Plan => {
                format!("plan again with --sign and a key that the file {signers} allows")
            }
            Signed::Run { abandon } => format!("abandon the run: {abandon}"),
        };
        let hint = format!("{first}; otherwise {otherwise}");
        let refused = match (in_signers, error) {
            (_, SignatureError::NotAllowed(line)) => refused.caused_by(match line.line {
                Some(number) => format!("line {number} of {signers}: {}", line.reason),
                None => line.reason,
            }),
            (_, error) => refused.caused_by(error),
        };
        match in_signers {
            Some(line) => refused.at(self.signers_path.display().to_string(), line),
            None => refused.at(self.path.display().to_string(), None),
        }
        .hint(hint)
    }

    /// As [`Self::check`], before anything is changed, for the copy of the plan at `path`; keeps the signature beside it, for `resume`.
    pub(super) fn check_copy(
        &self,
        plan: &File,
        sha256: &str,
        path: &Path,
    ) -> Result<String, Error> {
        let signer = self.check(plan, sha256);
        let signer = signer.map_err(|error| error.hint("nothing was changed"))?;
        let path = beside(path);
        private_file::replace(&path, |out| out.write_all(&self.bytes)).map_err(|error| {
            Error::failed(format!("{} can't be written", shown_path(&path))).caused_by(error)
        })?;
        Ok(signer)
    }
}

fn read_signers(path: &Path) -> Result<AllowedSigners, Error> {
    let what = "file of allowed signers";
    let cure = || {
        format!(
            "write a line for each signer: ci@example.com namespaces=\"{NAMESPACE}\" ssh-ed25519 AAAA…"
        )
    };
    let (_, text) = read_text(path).map_err(|error| unread(what, path, error).hint(cure()))?;
    AllowedSigners::parse(&text, &TimeZone::system()).map_err(|error| {
        unusable(what, path)
            .at(path.display().to_string(), error.line)
            .caused_by(error)
            .hint(cure())
    })
}

/// Takes the digest of what is read: a second read of the file could show other bytes.
struct Digested<R> {
    bytes: R,
    digest: Sha256,
}

impl<R: io::Read> io::Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.bytes.read(buffer)?;
        self.digest.update(&buffer[..length]);
        Ok(length)
    }
}

fn read_key(path: &Path) -> Result<SigningKey, Error> {
    let failed =
        |error: io::Error| unread("key", path, error).hint(SigningKeyError::Malformed.cure());
    let (file, text) = read_text(path).map_err(failed)?;
    let key = SigningKey::read(&text).map_err(|error| {
        let cure = error.cure();
        unusable("key", path).caused_by(error).hint(cure)
    })?;
    refuse_shared("key", path, &file)?;
    Ok(key)
}

/// The text of a file that only its owner may read.
#[cfg(feature = "temporal")]
pub(super) fn read_private_text(what: &str, path: &Path) -> Result<String, Error> {
    let (file, text) = read_text(path).map_err(|error| unread(what, path, error))?;
    refuse_shared(what, path, &file)?;
    Ok(text)
}

fn refuse_shared(what: &str, path: &Path, file: &File) -> Result<(), Error> {
    let failed = |error: io::Error| unread(what, path, error);
    let metadata = file.metadata().map_err(failed)?;
    // As ssh does: the permissions of somebody else's file, such as a mounted secret, are not ours to set.
    if let Some(how) = platform::access_of_others(path, &metadata).map_err(failed)?
        && platform::is_of_this_user(path, &metadata).map_err(failed)?
    {
        let word = shell_word(&path.to_string_lossy());
        return Err(Error::usage(format!(
            "the {what} {} can be read by others ({how})",
            shown_path(path),
        ))
        .at(path.display().to_string(), None)
        .hint(format!("make it private: {}", platform::privacy_of(&word))));
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<(File, Vec<u8>)> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    (&file).take(MOST_BYTES).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == MOST_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok((file, bytes))
}

pub(super) fn read_text(path: &Path) -> io::Result<(File, String)> {
    let (file, bytes) = read(path)?;
    let text = String::from_utf8(bytes).map_err(|_| io::Error::other("it is not text in UTF-8"))?;
    Ok((file, text))
}

fn is_signature(path: &Path) -> bool {
    read(path).is_ok_and(|(_, bytes)| bytes.starts_with(FIRST_LINE.as_bytes()))
}

/// Refuses to replace what is not a signature.
fn may_replace(path: &Path) -> Result<(), Error> {
    let may = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(unusable("signature", path).caused_by(error)),
        Ok(metadata) => metadata.is_file() && is_signature(path),
    };
    if may {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{} exists already and is not a signature",
        shown_path(path)
    ))
    .hint("it was not changed; name another plan, or delete this file first"))
}

pub(super) fn unusable(what: &str, path: &Path) -> Error {
    Error::usage(format!("the {what} {} can't be used", shown_path(path)))
        .at(path.display().to_string(), None)
}

pub(super) fn unread(what: &str, path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        let shown = shown_path(path);
        Error::usage(format!("there is no file {shown}: it should be the {what}"))
            .at(path.display().to_string(), None)
    } else {
        unusable(what, path).caused_by(error)
    }
}

/// The signature file of a plan.
pub(super) fn beside(plan: &Path) -> PathBuf {
    let mut name = plan.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

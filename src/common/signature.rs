//! Signatures of plans, in the format of `ssh-keygen -Y sign` (OpenSSH's `PROTOCOL.sshsig`) with ed25519.

mod allowed_signers;
mod signing_key;
#[cfg(test)]
mod tests;
mod wire;

use std::io::{self, Read};

use aws_lc_rs::signature;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use jiff::Timestamp;
use sha2::{Digest, Sha256, Sha512};

use crate::text::cut;
use wire::{Fields, Malformed, armored, strings, unarmored};

pub use allowed_signers::{AllowedSigners, SignersError};
pub use signing_key::{SigningKey, SigningKeyError};

/// The namespace of a plan's signature. A signature that the same key made for another purpose does not count for a plan.
pub const NAMESPACE: &str = "wf-bulk-plan";

/// The first line of a signature file.
pub const FIRST_LINE: &str = "-----BEGIN SSH SIGNATURE-----";

const ARMOR: &str = "SSH SIGNATURE";
/// Characters of a name in a signature that a message shows: somebody else has made it.
const MAX_SHOWN: usize = 60;
/// Begins both the signature and the data that is signed.
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
/// The one type of keys: `ssh-keygen` makes them by default, and their signatures are deterministic.
const ED25519: &str = "ssh-ed25519";

/// The text of the signature file for these bytes.
///
/// # Errors
///
/// Those of the bytes' reader.
pub fn sign(key: &SigningKey, bytes: &mut dyn Read) -> io::Result<String> {
    // As `ssh-keygen` does without `-O hashalg`.
    let hash = "sha512";
    let digest = digest::<Sha512>(bytes)?;
    let signature = key.sign(&signed_data(NAMESPACE, hash, &digest));
    let mut file = MAGIC.to_vec();
    file.extend(VERSION.to_be_bytes());
    file.extend(strings(&[
        &key.public(),
        NAMESPACE.as_bytes(),
        b"",
        hash.as_bytes(),
        &signature,
    ]));
    Ok(armored(ARMOR, &file))
}

/// Why a signature is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    #[error("it is not in the format of `ssh-keygen -Y sign`")]
    Malformed,
    #[error("its key has type {}; only ssh-ed25519 is supported", cut(.0, MAX_SHOWN))]
    Algorithm(String),
    #[error("it was made for the namespace `{}`, not for `{NAMESPACE}`", cut(.0, MAX_SHOWN))]
    Namespace(String),
    #[error("its key {0} is not an allowed signer")]
    UnknownKey(String),
    #[error("{0}")]
    NotAllowed(SignersError),
    #[error(
        "it is not a signature of this plan: the plan or the signature was changed or replaced"
    )]
    OtherBytes,
    #[error("the plan can't be read: {0}")]
    Plan(#[from] io::Error),
}

impl From<Malformed> for SignatureError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The principals of the allowed signer who made the signature `text` for these bytes.
///
/// # Errors
///
/// Why the signature is not accepted.
pub fn verify<'a>(
    text: &str,
    bytes: &mut dyn Read,
    signers: &'a AllowedSigners,
    now: Timestamp,
) -> Result<&'a str, SignatureError> {
    let file = unarmored(ARMOR, text)?;
    let mut fields = Fields(&file);
    fields.skip(MAGIC)?;
    if fields.number()? != VERSION {
        return Err(SignatureError::Malformed);
    }
    let (key, namespace) = (fields.string()?, fields.text()?);
    // For later versions of the format.
    let _reserved = fields.string()?;
    let (hash, signature) = (fields.text()?, fields.string()?);
    fields.end()?;

    let public = ed25519(key)?;
    let signature = ed25519(signature)?;
    if namespace != NAMESPACE {
        return Err(SignatureError::Namespace(namespace.to_owned()));
    }
    let principals = signers.principals(key, now)?;
    let digest = match hash {
        "sha256" => digest::<Sha256>(bytes)?,
        "sha512" => digest::<Sha512>(bytes)?,
        _ => return Err(SignatureError::Malformed),
    };
    signature::UnparsedPublicKey::new(&signature::ED25519, public)
        .verify(&signed_data(namespace, hash, &digest), signature)
        .map_err(|_| SignatureError::OtherBytes)?;
    Ok(principals)
}

/// The bytes of a key or a signature, after its type.
fn ed25519(encoded: &[u8]) -> Result<&[u8], SignatureError> {
    let mut fields = Fields(encoded);
    let algorithm = fields.text()?;
    if algorithm != ED25519 {
        return Err(SignatureError::Algorithm(algorithm.to_owned()));
    }
    let bytes = fields.string()?;
    fields.end()?;
    Ok(bytes)
}

/// What is signed; the empty string is the reserved one.
fn signed_data(namespace: &str, hash: &str, digest: &[u8]) -> Vec<u8> {
    let parts = strings(&[namespace.as_bytes(), b"", hash.as_bytes(), digest]);
    [MAGIC, &parts].concat()
}

/// The fingerprint of a key, as `ssh-keygen -l` prints it.
fn fingerprint(key: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key)))
}

fn digest<D: Digest>(bytes: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut digest = D::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(digest.finalize().to_vec()),
            Ok(length) => digest.update(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

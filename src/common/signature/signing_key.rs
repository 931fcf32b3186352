//! A private key as `ssh-keygen -t ed25519` writes it (OpenSSH's `PROTOCOL.key`).

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use super::{
    ED25519,
    wire::{Fields, Malformed, strings, unarmored},
};

/// A private key that signs plans.
#[derive(Debug)]
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

/// Why a private key can't sign.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    #[error("it is a public key")]
    Public,
    #[error("it is protected by a passphrase")]
    Encrypted,
    #[error("it is a key of type {0}; only ssh-ed25519 is supported")]
    Algorithm(String),
    #[error("it is not a private key in OpenSSH's format")]
    Malformed,
}

impl From<Malformed> for SigningKeyError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl SigningKeyError {
    /// What to do about it.
    pub const fn cure(&self) -> &'static str {
        match self {
            Self::Public => "name the private key: the file without .pub",
            Self::Encrypted => {
                "make a key without a passphrase for this purpose: ssh-keygen -t ed25519 -N \"\" -f KEY; or leave --sign out and sign the plan yourself: ssh-keygen -Y sign -n wf-bulk-plan -f KEY PLAN"
            }
            Self::Algorithm(_) | Self::Malformed => {
                "make a key: ssh-keygen -t ed25519 -N \"\" -f KEY"
            }
        }
    }
}

impl SigningKey {
    /// Reads a private key in OpenSSH's format.
    ///
    /// # Errors
    ///
    /// If it can't sign.
    pub fn read(text: &str) -> Result<Self, SigningKeyError> {
        if ["ssh-", "ecdsa-", "sk-"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            return Err(SigningKeyError::Public);
        }
        let bytes = unarmored("OPENSSH PRIVATE KEY", text)?;
        let mut fields = Fields(&bytes);
        fields.skip(b"openssh-key-v1\0")?;
        let (cipher, _kdf, _kdf_options) = (fields.text()?, fields.string()?, fields.string()?);
        let keys = fields.number()?;
        let algorithm = Fields(fields.string()?).text()?;
        if algorithm != ED25519 {
            return Err(SigningKeyError::Algorithm(algorithm.to_owned()));
        }
        if cipher != "none" {
            return Err(SigningKeyError::Encrypted);
        }
        let mut private = Fields(fields.string()?);
        // Two equal numbers, which show that a passphrase was right.
        if keys != 1 || private.number()? != private.number()? || private.text()? != ED25519 {
            return Err(SigningKeyError::Malformed);
        }
        let public = private.string()?;
        // The seed, and the public key again.
        let seed = private.string()?.strip_suffix(public).ok_or(Malformed)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public);
        let pair = pair.map_err(|_| Malformed)?;
        Ok(Self { pair })
    }

    /// The public key, encoded.
    pub(super) fn public(&self) -> Vec<u8> {
        strings(&[ED25519.as_bytes(), self.pair.public_key().as_ref()])
    }

    /// The signature of these bytes, encoded.
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        strings(&[ED25519.as_bytes(), self.pair.sign(bytes).as_ref()])
    }
}

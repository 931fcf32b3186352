//! Encrypts what passes through the engine with a key of the user's: the lines of the plan, the records, the messages.
//!
//! The form is the one of Temporal's own examples of encryption (AES-256-GCM, the nonce before the text), so that a codec server that was
//! made after them can show it to those who have the key.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::future::{BoxFuture, FutureExt as _, ready};
use prost::Message as _;
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::{Digest as _, Sha256};
use temporalio_common::{
    data_converters::{PayloadCodec, PayloadConversionError, SerializationContextData},
    protos::temporal::api::common::v1::Payload,
};

use crate::digest::hex;

/// The names and values of the metadata of an encrypted payload.
const ENCODING: &str = "encoding";
const ENCRYPTED: &[u8] = b"binary/encrypted";
const KEY_ID: &str = "encryption-key-id";

/// The bytes of a key.
const KEY_LENGTH: usize = 32;

/// The characters of a key's id.
const ID_LENGTH: usize = 16;

/// The keys of the payloads. The first one encrypts, all of them decrypt.
pub struct PayloadKeys(Vec<PayloadKey>);

struct PayloadKey {
    id: String,
    key: RandomizedNonceKey,
}

/// Why a text is no list of keys. Never contains parts of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadKeysError {
    #[error("there is no key in it")]
    Empty,
    #[error("line {line} is no key of {KEY_LENGTH} bytes in Base64 or hex")]
    Malformed { line: usize },
}

/// Encrypts and decrypts. Without keys, it passes what is not encrypted, and nothing else.
#[derive(Clone, Default)]
pub(super) struct SealedPayloads(Arc<SealState>);

#[derive(Default)]
struct SealState {
    keys: Vec<PayloadKey>,
    /// Why a payload could not be used, until somebody is told.
    trouble: Mutex<Option<PayloadTrouble>>,
}

/// Why a payload can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum PayloadTrouble {
    #[error(
        "what the engine has is encrypted with {0}, which this process does not have; give it with --engine-key-file"
    )]
    OtherKey(OtherKey),
    #[error("what the engine has was not written with the key {id}, or was changed since")]
    Changed { id: String },
    #[error(
        "what the engine has is not encrypted, and this process has a key; it takes only what is encrypted"
    )]
    Plain,
    #[error("it can't be encrypted")]
    Unsealed,
}

/// A key of others, by its id if it has one like ours.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OtherKey(Option<String>);

impl PayloadKeys {
    /// Reads a key a line.
    ///
    /// # Errors
    ///
    /// If a line is no key, or there is none.
    pub fn read(text: &str) -> Result<Self, PayloadKeysError> {
        let lines = text.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty());
        let key = |(index, line): (usize, &str)| {
            PayloadKey::read(line).ok_or(PayloadKeysError::Malformed { line: index + 1 })
        };
        let keys: Vec<PayloadKey> = lines.map(key).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(PayloadKeysError::Empty);
        }
        Ok(Self(keys))
    }
}

impl PayloadKey {
    fn read(text: &str) -> Option<Self> {
        let bytes = from_hex(text).or_else(|| STANDARD.decode(text).ok())?;
        let bytes = SecretSlice::from(bytes);
        let bytes = bytes.expose_secret();
        if bytes.len() != KEY_LENGTH {
            return None;
        }
        // Of random bytes, their digest says nothing.
        let digest = Sha256::new()
            .chain_update(b"wf-bulk payload key")
            .chain_update(bytes)
            .finalize();
        let mut id = hex(&digest);
        id.truncate(ID_LENGTH);
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()?;
        Some(Self { id, key })
    }

    fn seal(&self, payload: &Payload) -> Option<Payload> {
        let mut bytes = payload.encode_to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::empty(), &mut bytes);
        let mut data = nonce.ok()?.as_ref().to_vec();
        data.append(&mut bytes);
        let metadata = [
            (ENCODING, ENCRYPTED.to_vec()),
            (KEY_ID, self.id.clone().into_bytes()),
        ];
        Some(Payload {
            metadata: metadata
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            data,
            ..Payload::default()
        })
    }

    fn open(&self, payload: Payload) -> Option<Payload> {
        let mut data = payload.data;
        let (nonce, text) = data.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = self.key.open_in_place(nonce, Aad::empty(), text).ok()?;
        Payload::decode(&*text).ok()
    }
}

impl SealedPayloads {
    pub(super) fn new(keys: Option<PayloadKeys>) -> Self {
        Self(Arc::new(SealState {
            keys: keys.map(|keys| keys.0).unwrap_or_default(),
            trouble: Mutex::default(),
        }))
    }

    /// Whether there is a key.
    pub(super) fn has_key(&self) -> bool {
        !self.0.keys.is_empty()
    }

    /// Why a payload could not be used since this was asked last.
    pub(super) fn take_trouble(&self) -> Option<String> {
        let mut trouble = self
            .0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        trouble.take().map(|trouble| trouble.to_string())
    }

    fn seal(&self, payload: Payload) -> Result<Payload, PayloadTrouble> {
        match self.0.keys.first() {
            None => Ok(payload),
            Some(key) => key.seal(&payload).ok_or(PayloadTrouble::Unsealed),
        }
    }

    fn open(&self, payload: Payload) -> Result<Payload, PayloadTrouble> {
        if payload.metadata.get(ENCODING).map(Vec::as_slice) != Some(ENCRYPTED) {
            // Who may write to the engine but has no key can have nothing done.
            return if self.has_key() {
                Err(PayloadTrouble::Plain)
            } else {
                Ok(payload)
            };
        }
        let id = payload.metadata.get(KEY_ID).map(Vec::as_slice);
        let of_id = |key: &&PayloadKey| Some(key.id.as_bytes()) == id;
        let Some(key) = self.0.keys.iter().find(of_id) else {
            return Err(PayloadTrouble::OtherKey(OtherKey::of(id)));
        };
        let id = key.id.clone();
        key.open(payload).ok_or(PayloadTrouble::Changed { id })
    }

    fn each(
        &self,
        payloads: Vec<Payload>,
        convert: impl Fn(Payload) -> Result<Payload, PayloadTrouble>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        let converted: Result<Vec<Payload>, _> = payloads.into_iter().map(convert).collect();
        if let Err(trouble) = &converted {
            let mut told = self
                .0
                .trouble
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *told = Some(trouble.clone());
        }
        let failed = |trouble| PayloadConversionError::EncodingError(Box::new(trouble));
        ready(converted.map_err(failed)).boxed()
    }
}

impl PayloadCodec for SealedPayloads {
    fn encode(
        &self,
        _context: &SerializationContextData,
        payloads: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        self.each(payloads, |payload| self.seal(payload))
    }

    fn decode(
        &self,
        _context: &SerializationContextData,
        payloads: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        self.each(payloads, |payload| self.open(payload))
    }
}

impl OtherKey {
    /// Anybody may have written the id.
    fn of(id: Option<&[u8]>) -> Self {
        let id = id.filter(|id| id.len() == ID_LENGTH && id.iter().all(u8::is_ascii_hexdigit));
        Self(id.map(|id| String::from_utf8_lossy(id).into_owned()))
    }
}

impl fmt::Display for OtherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(id) => write!(f, "the key {id}"),
            None => f.write_str("another key"),
        }
    }
}

impl fmt::Debug for PayloadKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|key| &key.id))
            .finish()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * KEY_LENGTH || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const SAME_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const OTHER_KEY: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    fn sealed(keys: &str) -> SealedPayloads {
        SealedPayloads::new(Some(PayloadKeys::read(keys).unwrap()))
    }

    fn payload(text: &str) -> Payload {
        Payload {
            metadata: [(ENCODING.to_owned(), b"json/plain".to_vec())].into(),
            data: text.as_bytes().to_vec(),
            ..Payload::default()
        }
    }

    fn why(codec: &SealedPayloads, payload: Payload) -> String {
        let decoded = codec.decode(&SerializationContextData::None, vec![payload]);
        let error = decoded.now_or_never().unwrap().unwrap_err();
        let trouble = codec.take_trouble().unwrap();
        assert!(error.to_string().contains(&trouble), "{error}");
        assert_eq!(codec.take_trouble(), None);
        trouble
    }

    #[test]
    fn what_is_encrypted_says_nothing_and_comes_back_with_the_same_key() {
        let (codec, same) = (sealed(KEY), sealed(SAME_KEY));
        let plain = payload("Jane Doe");
        let one = codec.seal(plain.clone()).unwrap();
        let shown = format!("{one:?}") + &String::from_utf8_lossy(&one.data);
        assert!(
            !shown.contains("Jane") && !shown.contains("json"),
            "{shown}"
        );
        assert_ne!(one.data, codec.seal(plain.clone()).unwrap().data);
        assert_eq!(same.open(one).unwrap(), plain);
    }

    #[test]
    fn the_first_key_encrypts_and_all_of_them_decrypt() {
        let old = sealed(KEY).seal(payload("old")).unwrap();
        let both = sealed(&format!("{OTHER_KEY}\n\n  {KEY}\r\n"));
        assert_eq!(both.open(old.clone()).unwrap(), payload("old"));
        let new = both.seal(payload("new")).unwrap();
        assert_eq!(sealed(OTHER_KEY).open(new).unwrap(), payload("new"));
        let id = &PayloadKeys::read(KEY).unwrap().0[0].id;
        let said = why(&sealed(OTHER_KEY), old.clone());
        assert!(
            said.contains(&format!("with the key {id}, which")),
            "{said}"
        );
        let said = why(&SealedPayloads::default(), old);
        assert!(
            said.contains(&format!("with the key {id}, which")),
            "{said}"
        );
    }

    #[test]
    fn with_a_key_nothing_is_taken_that_somebody_without_it_wrote() {
        let codec = sealed(KEY);
        assert!(why(&codec, payload("forged")).contains("not encrypted"));
        assert!(why(&codec, Payload::default()).contains("not encrypted"));
        let real = codec.seal(payload("real")).unwrap();
        for at in 0..real.data.len() {
            let mut changed = real.clone();
            changed.data[at] ^= 1;
            assert!(why(&codec, changed).contains("or was changed"));
        }
        let mut short = real.clone();
        short.data.truncate(NONCE_LEN - 1);
        assert!(why(&codec, short).contains("or was changed"));
        let mut strange = real;
        let id = b"\x1b[2J\x1b[2J\x1b[2J\x1b[2J";
        strange.metadata.insert(KEY_ID.to_owned(), id.to_vec());
        let said = why(&codec, strange);
        assert!(said.contains("with another key, which"), "{said}");
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_and_not_quoted() {
        for (text, error) in [
            ("", PayloadKeysError::Empty),
            (" \n", PayloadKeysError::Empty),
            ("s3cr3t", PayloadKeysError::Malformed { line: 1 }),
            (&KEY[1..], PayloadKeysError::Malformed { line: 1 }),
            (&SAME_KEY[2..], PayloadKeysError::Malformed { line: 1 }),
            (
                &format!("{KEY}\ns3cr3t"),
                PayloadKeysError::Malformed { line: 2 },
            ),
            (
                "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ",
                PayloadKeysError::Malformed { line: 1 },
            ),
        ] {
            let refused = PayloadKeys::read(text).unwrap_err();
            assert_eq!(refused, error);
            assert!(!refused.to_string().contains("s3cr3t"));
        }
        let shown = format!("{:?}", PayloadKeys::read(KEY).unwrap());
        assert!(!shown.contains("AAEC") && shown.len() < 30, "{shown}");
    }
}

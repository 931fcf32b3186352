//! What an engine is reached with, besides its address: certificates, an API key, and the keys of the payloads.

use std::error::Error as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use temporalio_client::{
    ClientTlsOptions, TlsOptions,
    errors::ClientConnectError,
    tonic::{self, Code},
};

use super::{PayloadKeys, error::EngineError};

/// What a process shows the engine, and what it expects of it.
#[derive(Debug, Default)]
pub struct EngineCredentials {
    pub tls: EngineTls,
    pub api_key: Option<SecretString>,
    /// Without any, the payloads are not encrypted.
    pub keys: Option<PayloadKeys>,
}

/// The settings of an encrypted connection, as PEM.
#[derive(Debug, Default)]
pub struct EngineTls {
    /// The authorities that are trusted; none: those of the system, or Mozilla's if it has none.
    pub authorities: Option<String>,
    pub identity: Option<ClientIdentity>,
    /// The name in the engine's certificate, if it is another one than that in its address.
    pub server_name: Option<String>,
}

/// A certificate that the engine knows.
#[derive(Debug)]
pub struct ClientIdentity {
    pub certificate: String,
    pub key: SecretString,
}

impl EngineTls {
    /// Whether the connection is to be encrypted also on this machine.
    pub(super) const fn is_set(&self) -> bool {
        self.authorities.is_some() || self.identity.is_some() || self.server_name.is_some()
    }

    pub(super) fn options(&self) -> TlsOptions {
        let identity = self.identity.as_ref().map(|identity| {
            ClientTlsOptions::builder()
                .client_cert(identity.certificate.clone().into_bytes())
                .client_private_key(identity.key.expose_secret().as_bytes().to_vec())
                .build()
        });
        let authorities = self.authorities.clone().or_else(bundled_authorities);
        TlsOptions::builder()
            .maybe_server_root_ca_cert(authorities.map(String::into_bytes))
            .maybe_domain(self.server_name.clone())
            .maybe_client_tls_options(identity)
            .build()
    }
}

/// For a machine without certificates, like a bare container: those of Mozilla, as for the service.
fn bundled_authorities() -> Option<String> {
    let system = rustls_native_certs::load_native_certs();
    system.certs.is_empty().then(mozilla_authorities)
}

fn mozilla_authorities() -> String {
    let pem = |certificate: &[u8]| {
        let text = STANDARD.encode(certificate);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|certificate| pem(certificate))
        .collect()
}

/// Why the engine could not be reached, with what helps.
pub(super) fn unreached(error: &ClientConnectError) -> EngineError {
    let (mut reason, code) = match error {
        // Its own text is that of a debugger.
        ClientConnectError::TonicTransportError(error) => (deepest(error), None),
        ClientConnectError::SystemInfoCallError(status) => (of_status(status), Some(status.code())),
        other => (other.to_string(), None),
    };
    if let Some(cure) = cure(&reason, code) {
        reason = format!("{reason}; {cure}");
    }
    EngineError::of("be reached", &reason)
}

fn of_status(status: &tonic::Status) -> String {
    match status.source() {
        Some(source) => deepest(source),
        None => status.message().to_owned(),
    }
}

/// The first cause: the errors around it only say which part of the client had it.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// By the words of rustls, which has no other name for it here.
fn cure(reason: &str, code: Option<Code>) -> Option<&'static str> {
    let says = |word: &str| reason.contains(word);
    if says("UnknownIssuer") {
        Some("if the engine has an authority of its own, name its certificate with --engine-tls-ca")
    } else if says("not valid for name") || says("NotValidForName") {
        Some(
            "if its certificate has another name than its address, say so with --engine-tls-server-name",
        )
    } else if says("CertificateRequired") || says("HandshakeFailure") {
        Some("it asks for a client certificate: --engine-tls-cert and --engine-tls-key")
    } else if says("alert") {
        Some("it does not accept the client certificate")
    } else if ["connection closed", "reset by peer", "broken pipe"]
        .into_iter()
        .any(says)
    {
        Some("if it asks for a client certificate, look at --engine-tls-cert and --engine-tls-key")
    } else if says("InvalidContentType") {
        Some("it speaks no TLS there; without TLS, an engine is reached on this machine alone")
    } else if matches!(code, Some(Code::Unauthenticated | Code::PermissionDenied)) {
        Some("its API key goes into the environment: WF_BULK_ENGINE_API_KEY")
    } else {
        None
    }
}

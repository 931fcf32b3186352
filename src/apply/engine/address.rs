//! Where the engine is, as `--engine` says it.

use std::{fmt, net::IpAddr, str::FromStr};

/// The scheme of an address.
const SCHEME: &str = "temporal://";

/// `temporal://host:port/namespace`. Plans pass through it, so that a connection to another machine is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineAddress {
    host: String,
    port: u16,
    namespace: String,
}

/// Why a text is no address of an engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no address of an engine: {reason}; write it as temporal://HOST:PORT/NAMESPACE"
)]
pub struct EngineAddressError {
    text: String,
    reason: &'static str,
}

impl EngineAddress {
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The page of a workflow in the engine's web interface, if its address (`ui`) is given, or known as that of Temporal Cloud.
    pub fn page(&self, ui: Option<&str>, workflow: &str, execution: &str) -> Option<String> {
        let is_cloud = [".tmprl.cloud", ".api.temporal.io"]
            .iter()
            .any(|domain| self.host.ends_with(domain));
        let ui = ui.or(is_cloud.then_some("https://cloud.temporal.io"))?;
        let word = |text: &str| -> String {
            let encoded = text.bytes().map(|byte| match byte {
                b'-' | b'.' | b'_' => char::from(byte).to_string(),
                _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            });
            encoded.collect()
        };
        Some(format!(
            "{}/namespaces/{}/workflows/{}/{}",
            ui.trim_end_matches('/'),
            word(&self.namespace),
            word(workflow),
            word(execution)
        ))
    }

    /// The URL to connect to.
    pub(super) fn url(&self, is_encrypted: bool) -> String {
        let scheme = if is_encrypted { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// Whether the engine is on this machine, so that the connection needs no encryption.
    pub(super) fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}

impl FromStr for EngineAddress {
    type Err = EngineAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason| EngineAddressError {
            text: text.to_owned(),
            reason,
        };
        let rest = text.strip_prefix(SCHEME);
        let rest = rest.ok_or_else(|| {
            wrong(if text.contains("://") {
                "it has another scheme"
            } else {
                "it has no scheme"
            })
        })?;
        let (place, namespace) = rest
            .split_once('/')
            .ok_or_else(|| wrong("it has no namespace"))?;
        let (host, port) = place
            .rsplit_once(':')
            .ok_or_else(|| wrong("it has no port"))?;
        let port = port.parse().map_err(|_| wrong("its port is no number"))?;
        let is_word = |text: &str, extra: &[char]| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || extra.contains(&char))
        };
        if !is_word(host, &['.', '-', '_', ':', '[', ']']) {
            return Err(wrong("its host has other characters than a name"));
        }
        if !is_word(namespace, &['.', '-', '_']) {
            return Err(wrong("its namespace has other characters than a name"));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            namespace: namespace.to_owned(),
        })
    }
}

impl fmt::Display for EngineAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            namespace,
        } = self;
        write!(f, "{SCHEME}{host}:{port}/{namespace}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_encrypted_unless_it_is_on_this_machine() {
        for (text, url) in [
            ("temporal://localhost:7233/default", "http://localhost:7233"),
            ("temporal://127.0.0.1:1/a", "http://127.0.0.1:1"),
            ("temporal://[::1]:7233/a", "http://[::1]:7233"),
            (
                "temporal://t.example.com:7233/team.prod-1",
                "https://t.example.com:7233",
            ),
            ("temporal://10.0.0.7:7233/a", "https://10.0.0.7:7233"),
            (
                "temporal://localhost.example.com:1/a",
                "https://localhost.example.com:1",
            ),
        ] {
            let address: EngineAddress = text.parse().unwrap();
            assert_eq!(address.url(!address.is_loopback()), url);
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn a_page_is_named_if_the_web_interface_is_known() {
        const PATH: &str = "/namespaces/bulk.1/workflows/wf-bulk%20plan%20ab/0192-a";
        let page = |address: &str, ui| {
            let address: EngineAddress = address.parse().unwrap();
            address.page(ui, "wf-bulk plan ab", "0192-a")
        };
        for (address, ui, expected) in [
            ("temporal://t.example.com:7233/bulk.1", None, None),
            (
                "temporal://t.example.com:7233/bulk.1",
                Some("https://ui.example.com/"),
                Some("https://ui.example.com"),
            ),
            (
                "temporal://bulk.1.tmprl.cloud:7233/bulk.1",
                None,
                Some("https://cloud.temporal.io"),
            ),
        ] {
            let expected = expected.map(|ui: &str| format!("{ui}{PATH}"));
            assert_eq!(page(address, ui), expected, "{address}");
        }
    }

    #[test]
    fn what_is_no_address_says_what_is_missing() {
        for (text, reason) in [
            ("localhost:7233/default", "no scheme"),
            ("http://localhost:7233/default", "another scheme"),
            ("temporal://localhost:7233", "namespace"),
            ("temporal://localhost/default", "port"),
            ("temporal://localhost:x/default", "port"),
            ("temporal://localhost:70000/default", "port"),
            ("temporal://:7233/default", "host"),
            ("temporal://user@host:7233/default", "host"),
            ("temporal://localhost:7233/", "namespace"),
            ("temporal://localhost:7233/a/b", "namespace"),
            ("temporal://localhost:7233/a?b", "namespace"),
        ] {
            let error = text.parse::<EngineAddress>().unwrap_err();
            assert!(error.reason.contains(reason), "{error}");
        }
    }
}

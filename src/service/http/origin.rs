//! The origin of the service: the only one that gets the token.

use std::{fmt, str::FromStr};

use reqwest::Url;

use crate::server_name::is_loopback;

use super::vendor;
use crate::api::Service;

/// Scheme, host and port of the service; `https`, or `http` to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    url: Url,
    loopback: bool,
}

/// Why a text can't be the server's origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    #[error("{text:?} is no server: write it like https://workflows-execution.sls.epilot.io")]
    NotUrl { text: String },
    #[error(
        "http:// would send the token unencrypted: write https://{host}, http:// is for this machine only"
    )]
    Unencrypted { host: String },
    #[error("a server is https://, not {scheme}://")]
    Scheme { scheme: String },
    #[error("a server holds no user name and password: the token says who you are")]
    UserInfo,
    #[error("a server ends after its host or port: leave out {rest:?}")]
    Rest { rest: String },
    #[error(
        "{origin} is another service of epilot, and the token must not go there: use https://{host}"
    )]
    OtherService { origin: String, host: String },
}

impl Origin {
    /// Whether it is on this machine: then no proxy is used.
    pub(super) const fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The origin itself, unless it is another service of epilot than `service`.
    ///
    /// Hosts of other owners may have any name: it may be a proxy.
    ///
    /// # Errors
    ///
    /// If it is another service of epilot.
    pub fn serving(self, service: Service) -> Result<Self, OriginError> {
        let host = self.url.host_str().unwrap_or_default();
        match vendor::host_of(service, host) {
            Some(meant) if meant != host.trim_end_matches('.') => Err(OriginError::OtherService {
                origin: self.to_string(),
                host: meant,
            }),
            Some(_) | None => Ok(self),
        }
    }

    /// The host of `service` in the stage of this origin; none if this origin is not epilot's.
    pub fn neighbour(&self, service: Service) -> Option<Self> {
        let host = vendor::host_of(service, self.url.host_str()?)?;
        format!("https://{host}").parse().ok()
    }

    /// The URL of `path` with `query` on this origin; none if the URL standard would change the path.
    ///
    /// Ids are checked before they are put into a path. This is a second check: `..`, `%2E%2E` and dropped characters would select another
    /// resource.
    pub(super) fn join(&self, path: &str, query: &[(&str, &str)]) -> Option<Url> {
        let mut url = self.url.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        // The URL of the origin ends with the first slash of the path.
        (url.path() == path && url.as_str().starts_with(self.url.as_str())).then_some(url)
    }

    /// The origin of a large response, for messages: without its path and its query, which is a secret.
    pub(super) fn of(url: &Url) -> Self {
        let loopback = url.host_str().is_some_and(is_loopback);
        let mut url = url.clone();
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Self { url, loopback }
    }

    /// The URL that a large response refers to, if it may be read from there.
    ///
    /// It must be as secure as the service: `https`, or `http` on this machine if the service is on this machine, too.
    pub(super) fn payload_url(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?;
        let allowed = match url.scheme() {
            "https" => true,
            "http" => !self.is_https() && is_loopback(host),
            _ => false,
        };
        (allowed && url.username().is_empty() && url.password().is_none()).then_some(url)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let not_url = || OriginError::NotUrl {
            text: text.to_owned(),
        };
        // `localhost:8080` is a URL with the scheme `localhost`; the error names the missing scheme instead.
        if !text.contains("://") {
            return Err(not_url());
        }
        let mut url = Url::parse(text).map_err(|_| not_url())?;
        // A dot at the end marks a complete name; it is the same host.
        if let Some(host) = url.host_str().and_then(|host| host.strip_suffix('.')) {
            let host = host.to_owned();
            url.set_host(Some(&host)).map_err(|_| not_url())?;
        }
        let host = url.host_str().ok_or_else(not_url)?;
        // It would be another server the next time it is read.
        if host.ends_with('.') {
            return Err(not_url());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::UserInfo);
        }
        let loopback = is_loopback(host);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => {
                return Err(OriginError::Unencrypted {
                    host: host.to_owned(),
                });
            }
            scheme => {
                return Err(OriginError::Scheme {
                    scheme: scheme.to_owned(),
                });
            }
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            let whole = url.as_str();
            let rest = whole
                .strip_prefix(&url.origin().ascii_serialization())
                .unwrap_or(whole);
            return Err(OriginError::Rest {
                rest: rest.to_owned(),
            });
        }
        Ok(Self { url, loopback })
    }
}

impl fmt::Display for Origin {
    /// The canonical form: lower case, no default port, no dot at the end of the host, no slash at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_is_shown_in_its_canonical_form() {
        for (text, shown) in [
            (
                "https://workflows-execution.sls.epilot.io",
                "https://workflows-execution.sls.epilot.io",
            ),
            ("https://Example.COM:443/", "https://example.com"),
            ("https://example.com:8443", "https://example.com:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("HTTP://LOCALHOST:80", "http://localhost"),
            ("http://localhost.:8080/", "http://localhost:8080"),
            ("https://Example.com.", "https://example.com"),
            ("http://127.1:8080", "http://127.0.0.1:8080"),
            ("http://[0:0:0:0:0:0:0:1]:9", "http://[::1]:9"),
        ] {
            assert_eq!(origin(text).to_string(), shown);
        }
    }

    #[test]
    fn plain_http_leaves_this_machine_for_nobody() {
        for text in [
            "http://example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "http://[::2]",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
        ] {
            let refused = text.parse::<Origin>().unwrap_err();
            assert!(
                matches!(refused, OriginError::Unencrypted { .. }),
                "{text}: {refused}"
            );
        }
    }

    #[test]
    fn each_mistake_in_a_server_is_named() {
        let rest = |rest: &str| OriginError::Rest { rest: rest.into() };
        let not_url = |text: &str| OriginError::NotUrl { text: text.into() };
        for (text, error) in [
            ("", not_url("")),
            ("example.com", not_url("example.com")),
            ("localhost:8080", not_url("localhost:8080")),
            ("https://", not_url("https://")),
            ("https://.", not_url("https://.")),
            ("https://example.com..", not_url("https://example.com..")),
            ("http://localhost..", not_url("http://localhost..")),
            (
                "ftp://example.com",
                OriginError::Scheme {
                    scheme: "ftp".into(),
                },
            ),
            ("https://user@example.com", OriginError::UserInfo),
            ("https://:pass@example.com", OriginError::UserInfo),
            ("https://example.com/v1", rest("/v1")),
            ("https://example.com/?x=1", rest("/?x=1")),
            ("https://example.com/#x", rest("/#x")),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(error), "{text}");
        }
    }

    #[test]
    fn another_service_of_the_vendor_is_refused_and_the_right_host_named() {
        let serving = |text: &str, service| origin(text).serving(service);
        for (text, meant) in [
            (
                "https://entity.sls.epilot.io",
                "workflows-execution.sls.epilot.io",
            ),
            (
                "https://USER.sls.epilot.io:443",
                "workflows-execution.sls.epilot.io",
            ),
            (
                "https://user.dev.sls.epilot.io",
                "workflows-execution.dev.sls.epilot.io",
            ),
            (
                "https://portal.epilot.io",
                "workflows-execution.sls.epilot.io",
            ),
        ] {
            let refused = serving(text, Service::WorkflowExecutions).unwrap_err();
            let OriginError::OtherService { host, .. } = &refused else {
                panic!("{text}: {refused}");
            };
            assert_eq!(host, meant, "{text}");
        }
        let executions = "https://workflows-execution.dev.sls.epilot.io";
        for (text, service) in [
            (executions, Service::WorkflowExecutions),
            (
                "https://workflows-execution.sls.epilot.io.",
                Service::WorkflowExecutions,
            ),
            ("https://proxy.example.com", Service::WorkflowExecutions),
            ("http://127.0.0.1:8080", Service::WorkflowExecutions),
            ("https://entity.sls.epilot.io", Service::Entities),
        ] {
            assert_eq!(serving(text, service), Ok(origin(text)), "{text}");
        }
        assert!(serving(executions, Service::Entities).is_err());
        assert_eq!(
            origin(executions).neighbour(Service::Entities),
            Some(origin("https://entity.dev.sls.epilot.io"))
        );
        assert_eq!(
            origin("https://proxy.example.com").neighbour(Service::Entities),
            None
        );
    }

    #[test]
    fn a_path_that_the_url_standard_would_change_is_not_joined() {
        let origin = origin("https://example.com");
        let plain = "/v2/flows/executions/a:b~c.d_e-f/tasks/t/schedule/run-now";
        assert_eq!(
            origin.join(plain, &[]).unwrap().as_str(),
            format!("https://example.com{plain}")
        );
        for path in [
            "/a/../b",
            "/a/./b",
            "/a/..",
            "/a/%2E%2e/b",
            "/a b",
            "/a\nb",
            "/a?b",
            "/a#b",
            "/a\\b",
            "/ä",
            "a",
        ] {
            assert_eq!(origin.join(path, &[]), None, "{path:?}");
        }
    }

    #[test]
    fn values_of_a_query_stay_values() {
        let url = origin("https://example.com")
            .join("/x", &[("schema", "a&b=c#d e")])
            .unwrap();
        assert_eq!(url.as_str(), "https://example.com/x?schema=a%26b%3Dc%23d+e");
    }

    #[test]
    fn a_payload_is_read_only_from_where_it_is_as_well_protected() {
        let (far, near) = (
            origin("https://example.com"),
            origin("http://127.0.0.1:8080"),
        );
        for (from, text, allowed) in [
            (&far, "https://bucket.example/x?sig=1", true),
            (&far, "http://bucket.example/x", false),
            (&far, "http://127.0.0.1:8080/x", false),
            (&far, "file:///etc/passwd", false),
            (&far, "https://user:pass@bucket.example/x", false),
            (&far, "/x", false),
            (&near, "http://127.0.0.1:9/x", true),
            (&near, "http://bucket.example/x", false),
        ] {
            assert_eq!(from.payload_url(text).is_some(), allowed, "{text}");
        }
    }
}

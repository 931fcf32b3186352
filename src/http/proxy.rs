//! Which proxy a connection goes through, for the message when there is none.

use std::fmt;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::Origin;

/// The variables that name a proxy for `https://`. Of each pair the first that is set counts, even with nothing in it; a value
/// that can be no proxy gives way to the second pair.
const PROXIES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// How a connection is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Direct,
    Through {
        /// Without the name and the password.
        proxy: String,
        variable: &'static str,
    },
    /// A variable is set, and holds nothing that can be one.
    NoAddress {
        variable: &'static str,
    },
}

impl Way {
    /// The way to `origin`, with the environment that `variable` reads. The matcher is the HTTP client's own.
    pub(super) fn to(origin: &Origin, variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&'static str; 2]| {
            let mut names = names.into_iter();
            names.find_map(|name| Some((name, variable(name)?)))
        };
        let through = |proxy: &str, exceptions: &str| {
            let uri = origin.to_string().parse::<Uri>().ok()?;
            let matcher = Matcher::builder().all(proxy).no(exceptions).build();
            matcher.intercept(&uri)
        };
        let exceptions = first(EXCEPTIONS).map_or_else(String::new, |(_, value)| value);
        if origin.is_loopback() || through("http://any", &exceptions).is_none() {
            return Self::Direct;
        }
        let mut unusable = None;
        for (variable, value) in PROXIES.into_iter().filter_map(first) {
            if let Some(intercept) = through(&value, "") {
                let proxy = without_password(intercept.uri());
                return Self::Through { proxy, variable };
            }
            if !value.is_empty() {
                unusable = unusable.or(Some(variable));
            }
        }
        unusable.map_or(Self::Direct, |variable| Self::NoAddress { variable })
    }
}

fn without_password(proxy: &Uri) -> String {
    let scheme = proxy.scheme_str().unwrap_or("http");
    let authority = proxy.authority().map_or("", |authority| authority.as_str());
    // The matcher takes away what stands before the first `@`; a password may hold another one.
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    format!("{scheme}://{host}")
}

/// What stands between "can't connect to …" and the reason.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => Ok(()),
            Self::Through { proxy, variable } => write!(
                f,
                " through the proxy {proxy} (correct or unset {variable}, or add the host to NO_PROXY)"
            ),
            Self::NoAddress { variable } => write!(
                f,
                " without a proxy ({variable} is not used: write it like http://HOST:PORT, or unset it)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_named_with_its_variable_and_without_its_password() {
        let through = |proxy: &str, variable| Way::Through {
            proxy: proxy.to_owned(),
            variable,
        };
        for (origin, variables, way) in [
            ("https://service.example", &[][..], Way::Direct),
            (
                "https://service.example",
                &[("HTTPS_PROXY", "http://me:s3cr3t@127.0.0.1:3128")],
                through("http://127.0.0.1:3128", "HTTPS_PROXY"),
            ),
            (
                "https://service.example",
                &[("all_proxy", "proxy.example:3128")],
                through("http://proxy.example:3128", "all_proxy"),
            ),
            (
                "https://service.example",
                &[("HTTPS_PROXY", "http://me:s3@cr3t@127.0.0.1:3128")],
                through("http://127.0.0.1:3128", "HTTPS_PROXY"),
            ),
            (
                "https://service.example",
                &[
                    ("all_proxy", "http://p.example:4"),
                    ("ALL_PROXY", "http://p.example:3"),
                    ("https_proxy", "http://p.example:2"),
                    ("HTTPS_PROXY", "http://p.example:1"),
                ],
                through("http://p.example:1", "HTTPS_PROXY"),
            ),
            (
                "https://service.example",
                &[
                    ("all_proxy", "http://p.example:2"),
                    ("https_proxy", "http://p.example:1"),
                ],
                through("http://p.example:1", "https_proxy"),
            ),
            // An empty variable hides the other one of its pair, and no other.
            (
                "https://service.example",
                &[("HTTPS_PROXY", ""), ("https_proxy", "http://p.example:1")],
                Way::Direct,
            ),
            (
                "https://service.example",
                &[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://p.example:1")],
                through("http://p.example:1", "ALL_PROXY"),
            ),
            (
                "https://service.example",
                &[
                    ("HTTPS_PROXY", "not a proxy"),
                    ("ALL_PROXY", "http://p.example:1"),
                ],
                through("http://p.example:1", "ALL_PROXY"),
            ),
            (
                "https://service.example",
                &[
                    ("HTTPS_PROXY", "not a proxy"),
                    ("no_proxy", "service.example"),
                ],
                Way::Direct,
            ),
            (
                "https://service.example",
                &[
                    ("HTTPS_PROXY", "http://p.example:1"),
                    ("NO_PROXY", "service.example"),
                ],
                Way::Direct,
            ),
            (
                "https://service.example",
                &[("HTTPS_PROXY", "not a proxy")],
                Way::NoAddress {
                    variable: "HTTPS_PROXY",
                },
            ),
            (
                "https://service.example",
                &[("HTTPS_PROXY", "not a proxy"), ("ALL_PROXY", "nor that")],
                Way::NoAddress {
                    variable: "HTTPS_PROXY",
                },
            ),
            (
                "https://service.example",
                &[
                    ("HTTPS_PROXY", "http://p.example:1"),
                    ("no_proxy", "other.example, .example"),
                ],
                Way::Direct,
            ),
            (
                "http://127.0.0.1:1",
                &[("ALL_PROXY", "http://p.example:1")],
                Way::Direct,
            ),
            (
                "https://localhost:1",
                &[("HTTPS_PROXY", "http://p.example:1")],
                Way::Direct,
            ),
        ] {
            let origin: Origin = origin.parse().unwrap();
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(Way::to(&origin, variable), way, "{variables:?}");
        }
    }
    #[test]
    fn the_message_says_what_to_write_or_unset() {
        let through = Way::Through {
            proxy: "http://p.example:1".to_owned(),
            variable: "ALL_PROXY",
        };
        let no_address = Way::NoAddress {
            variable: "https_proxy",
        };
        for (way, said) in [
            (Way::Direct, ""),
            (
                through,
                " through the proxy http://p.example:1 (correct or unset ALL_PROXY, or add the host to NO_PROXY)",
            ),
            (
                no_address,
                " without a proxy (https_proxy is not used: write it like http://HOST:PORT, or unset it)",
            ),
        ] {
            assert_eq!(way.to_string(), said);
        }
    }
}

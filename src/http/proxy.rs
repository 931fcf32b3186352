//! Which proxy a connection goes through, for the message when there is none.

use std::fmt;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::Origin;

/// The variables that name a proxy for `https://`, in the order in which the HTTP client reads them.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

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
        let first = |names: &[&'static str]| {
            names
                .iter()
                .find_map(|name| Some((*name, variable(name).filter(|value| !value.is_empty())?)))
        };
        let (Some((name, value)), Ok(uri)) = (first(&VARIABLES), origin.to_string().parse::<Uri>())
        else {
            return Self::Direct;
        };
        if origin.is_loopback() || !origin.is_https() {
            return Self::Direct;
        }
        let matcher = Matcher::builder().all(value);
        let exceptions = first(&EXCEPTIONS).map_or_else(String::new, |(_, value)| value);
        if let Some(intercept) = matcher.no(exceptions).build().intercept(&uri) {
            let uri = intercept.uri();
            return Self::Through {
                proxy: format!(
                    "{}://{}",
                    uri.scheme_str().unwrap_or("http"),
                    uri.authority().map_or_else(String::new, |authority| {
                        let authority = authority.as_str();
                        authority
                            .rsplit_once('@')
                            .map_or(authority, |(_, host)| host)
                            .to_owned()
                    })
                ),
                variable: name,
            };
        }
        let (_, value) = first(&VARIABLES).unwrap_or_default();
        let is_address = Matcher::builder()
            .all(value)
            .build()
            .intercept(&uri)
            .is_some();
        if is_address {
            // An exception.
            Self::Direct
        } else {
            Self::NoAddress { variable: name }
        }
    }
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
                &[("HTTPS_PROXY", ""), ("https_proxy", "http://p.example:1")],
                through("http://p.example:1", "https_proxy"),
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
                "http://127.0.0.1:1",
                &[("ALL_PROXY", "http://p.example:1")],
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
}

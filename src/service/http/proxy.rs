//! The proxy of a connection, for the message if connecting fails.

use std::fmt;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::Origin;

/// The variables that name a proxy for `https://`. In each pair the first one that is set counts, even if empty; if its value is not a
/// valid proxy, the second pair is used.
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
    /// A variable is set, but its value is not a valid proxy.
    NoAddress {
        variable: &'static str,
    },
}

impl Way {
    /// The route to `origin`, with the environment that `variable` reads. The matcher is the HTTP client's own.
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
    // The matcher removes the text before the first `@`; a password may contain another one.
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    format!("{scheme}://{host}")
}

/// The text between "can't connect to …" and the reason.
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

    /// The way to `origin` with these variables, `name=value;name=value`.
    fn way(origin: &str, variables: &str) -> Way {
        let origin: Origin = origin.parse().unwrap();
        let variable = |name: &str| {
            let mut set = variables.split(';').filter_map(|set| set.split_once('='));
            set.find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
        };
        Way::to(&origin, variable)
    }

    #[test]
    fn the_proxy_is_named_with_its_variable_and_without_its_password() {
        let [one, other] = ["http://p.example:1", "http://p.example:2"];
        let nonsense = "not a proxy";
        for (variables, proxy, variable) in [
            (
                "HTTPS_PROXY=http://me:s3cr3t@p.example:1",
                one,
                "HTTPS_PROXY",
            ),
            (
                "HTTPS_PROXY=http://me:s3@cr3t@p.example:1",
                one,
                "HTTPS_PROXY",
            ),
            ("all_proxy=p.example:2", other, "all_proxy"),
            (
                &format!(
                    "all_proxy={other};ALL_PROXY={other};https_proxy={other};HTTPS_PROXY={one}"
                ),
                one,
                "HTTPS_PROXY",
            ),
            (
                &format!("ALL_PROXY={other};https_proxy={one}"),
                one,
                "https_proxy",
            ),
            (&format!("HTTPS_PROXY=;ALL_PROXY={one}"), one, "ALL_PROXY"),
            (
                &format!("HTTPS_PROXY={nonsense};ALL_PROXY={one}"),
                one,
                "ALL_PROXY",
            ),
        ] {
            let through = Way::Through {
                proxy: proxy.to_owned(),
                variable,
            };
            assert_eq!(
                way("https://service.example", variables),
                through,
                "{variables}"
            );
        }
        for variables in [
            &format!("HTTPS_PROXY={nonsense}"),
            &format!("HTTPS_PROXY={nonsense};ALL_PROXY=nor that"),
        ] {
            let variable = "HTTPS_PROXY";
            let no_address = Way::NoAddress { variable };
            assert_eq!(
                way("https://service.example", variables),
                no_address,
                "{variables}"
            );
        }
    }

    #[test]
    fn no_proxy_is_named_where_none_is_used() {
        for (origin, variables) in [
            ("https://service.example", ""),
            // An empty variable hides the other one of its pair.
            (
                "https://service.example",
                "HTTPS_PROXY=;https_proxy=http://p.example:1",
            ),
            (
                "https://service.example",
                "HTTPS_PROXY=http://p.example:1;NO_PROXY=service.example",
            ),
            (
                "https://service.example",
                "HTTPS_PROXY=http://p.example:1;no_proxy=a.test, .example",
            ),
            (
                "https://service.example",
                "HTTPS_PROXY=not a proxy;NO_PROXY=service.example",
            ),
            ("http://127.0.0.1:1", "ALL_PROXY=http://p.example:1"),
            ("https://localhost:1", "HTTPS_PROXY=http://p.example:1"),
        ] {
            assert_eq!(way(origin, variables), Way::Direct, "{origin} {variables}");
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

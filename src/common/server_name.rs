//! One name for a server, however its address is written.

use std::{borrow::Cow, net::IpAddr};

/// Whether `host`, as a URL writes it, is this machine.
///
/// Only the name `localhost` counts; other names are not resolved.
pub fn is_loopback(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether a server is written as its origin is: in small ASCII letters, with a host of other letters as `xn--…`. Otherwise two servers could
/// look the same.
pub fn is_plainly_written(server: &str) -> bool {
    server
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
}

/// The name by which a server is compared and locked: each spelling of this machine becomes `localhost`. `server` is an origin in its
/// canonical form, or `sandbox`.
fn canonical(server: &str) -> Cow<'_, str> {
    match parts(server) {
        Some((scheme, host, port)) if is_loopback(host) => {
            Cow::Owned(format!("{scheme}://localhost{port}"))
        }
        Some(_) | None => Cow::Borrowed(server),
    }
}

/// Scheme, host and port of an origin.
fn parts(server: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = server.split_once("://")?;
    // An IPv6 address is in brackets, so its colons are not the port's.
    let end = match rest.find(']') {
        Some(bracket) => bracket + 1,
        None => rest.find(':').unwrap_or(rest.len()),
    };
    let (host, port) = rest.split_at(end);
    Some((scheme, host, port))
}

/// Whether an origin is on this machine.
pub fn is_on_this_machine(server: &str) -> bool {
    parts(server).is_some_and(|(_, host, _)| is_loopback(host))
}

/// Whether two plans or runs name the same server.
pub fn is_same_server(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

/// The server's name in the name of its lock file.
pub fn lock_name(server: &str) -> Cow<'_, str> {
    canonical(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_written_in_small_ascii_letters_or_it_could_look_like_another() {
        for (server, is_plain) in [
            ("https://workflows-execution.sls.epilot.io", true),
            ("https://xn--wrkflows-yof.example:8443", true),
            ("http://[::1]:80", true),
            ("sandbox", true),
            ("https://w\u{43e}rkflows.example", false),
            ("https://WORKFLOWS.example", false),
            ("https://workflows.example\u{200b}", false),
            ("https://workflows.example x", false),
        ] {
            assert_eq!(is_plainly_written(server), is_plain, "{server}");
        }
    }

    #[test]
    fn a_server_on_this_machine_is_one_however_it_is_written() {
        for (one, other, same) in [
            ("http://localhost:8080", "http://127.0.0.1:8080", true),
            ("http://localhost:8080", "http://[::1]:8080", true),
            ("http://127.0.0.1", "http://[::1]", true),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8081", false),
            ("http://localhost:443", "https://localhost", false),
            ("https://localhost", "https://127.0.0.1", true),
            ("https://example.com", "https://example.com", true),
            ("https://example.com", "https://example.com:8443", false),
            ("https://localhost.example.com", "https://localhost", false),
            ("sandbox", "sandbox", true),
            ("sandbox", "http://localhost", false),
        ] {
            assert_eq!(is_same_server(one, other), same, "{one} {other}");
            assert_eq!(lock_name(one) == lock_name(other), same, "{one} {other}");
        }
    }
}

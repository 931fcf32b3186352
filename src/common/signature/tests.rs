use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jiff::tz::{self, TimeZone};

use super::*;

const PLAN: &[u8] = b"{\"wf_bulk_plan\":1}\n";

/// As `ssh-keygen` writes it; `kind` and `cipher` are what the file says it is.
fn key_file(seed: u8, kind: &str, cipher: &str) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let (kind, public) = (kind.as_bytes(), pair.public_key().as_ref());
    let both = [&[seed; 32], public].concat();
    let mut private = vec![7; 8];
    private.extend(strings(&[kind, public, &both, b"a comment"]));
    private.extend((1..).take(8 - private.len() % 8));
    let mut file = b"openssh-key-v1\0".to_vec();
    file.extend(strings(&[cipher.as_bytes(), b"none", b""]));
    file.extend([0, 0, 0, 1]);
    file.extend(strings(&[&strings(&[kind, public]), &private]));
    armored("OPENSSH PRIVATE KEY", &file)
}

fn key(seed: u8) -> SigningKey {
    SigningKey::read(&key_file(seed, ED25519, "none")).unwrap()
}

fn public(seed: u8) -> String {
    use base64::engine::general_purpose::STANDARD;
    format!("{ED25519} {}", STANDARD.encode(key(seed).public()))
}

fn line(options: &str, seed: u8) -> String {
    format!("ci@example.com {options} {}\n", public(seed))
}

fn signed(seed: u8) -> String {
    sign(&key(seed), &mut &*PLAN).unwrap()
}

/// A signature file of these parts, in which the key signed what the parts say.
fn file(version: u32, kind: &str, namespace: &str, hash: &str) -> String {
    let digest = match hash {
        "sha256" => Sha256::digest(PLAN).to_vec(),
        _ => Sha512::digest(PLAN).to_vec(),
    };
    let signature = key(1).sign(&signed_data(namespace, hash, &digest));
    let mut public = strings(&[kind.as_bytes()]);
    public.extend(&key(1).public()[4 + ED25519.len()..]);
    let parts = [
        &public,
        namespace.as_bytes(),
        b"",
        hash.as_bytes(),
        &signature,
    ];
    armored(
        ARMOR,
        &[MAGIC, &version.to_be_bytes(), &strings(&parts)].concat(),
    )
}

fn signers(text: &str) -> Result<AllowedSigners, String> {
    // Times without `Z` are one hour ahead of UTC.
    let zone = TimeZone::fixed(tz::offset(1));
    AllowedSigners::parse(text, &zone).map_err(|error| error.to_string())
}

fn check(signature: &str, plan: &[u8], signers_file: &str) -> Result<String, String> {
    let now = "2026-12-01T12:00:00Z".parse().unwrap();
    verify(signature, &mut &*plan, &signers(signers_file)?, now)
        .map(str::to_owned)
        .map_err(|error| error.to_string())
}

#[test]
fn only_a_signature_by_an_allowed_key_for_these_bytes_and_for_plans_is_accepted() {
    let good = &signed(1);
    let in_sha256 = &file(1, ED25519, NAMESPACE, "sha256");
    let other_namespace = &file(1, ED25519, "file", "sha512");
    let in_md5 = &file(1, ED25519, NAMESPACE, "md5");
    let of_rsa = &file(1, "ssh-rsa", NAMESPACE, "sha512");
    let later = &file(2, ED25519, NAMESPACE, "sha512");
    // The key of an allowed signer, and another one's signature.
    let part = |text: &str| unarmored(ARMOR, text).unwrap();
    let (mut forged, by_other) = (part(good), part(&signed(2)));
    let end = forged.len() - 64;
    forged.truncate(end);
    forged.extend(&by_other[end..]);
    let forged = &armored(ARMOR, &forged);
    let longer = &armored(ARMOR, &[&part(good)[..], b"x"].concat());
    let shorter = &armored(ARMOR, &part(good)[..end]);
    let all = &line("", 1);
    let both = &(line("", 2) + all);
    for (signature, plan, file, expected) in [
        (good, PLAN, all, "ci@example.com"),
        (good, PLAN, both, "ci@example.com"),
        (in_sha256, PLAN, all, "ci@example.com"),
        (good, PLAN, &line("", 2), "is not an allowed signer"),
        (
            good,
            b"{\"wf_bulk_plan\":2}\n",
            all,
            "not a signature of this plan",
        ),
        (good, b"", all, "not a signature of this plan"),
        (other_namespace, PLAN, all, "the namespace `file`"),
        (forged, PLAN, all, "not a signature of this plan"),
        (of_rsa, PLAN, all, "has type ssh-rsa"),
        (in_md5, PLAN, all, "not in the format"),
        (later, PLAN, all, "not in the format"),
        (longer, PLAN, all, "not in the format"),
        (shorter, PLAN, all, "not in the format"),
        (&String::new(), PLAN, all, "not in the format"),
        (&"{}".to_owned(), PLAN, all, "not in the format"),
    ] {
        let said = check(signature, plan, file).unwrap_or_else(|error| error);
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(
            check(signature, plan, file).is_ok(),
            expected.contains('@'),
            "{expected}"
        );
    }
}

#[test]
fn the_signature_is_the_one_that_ssh_keygen_makes() {
    // `ssh-keygen -Y sign -n wf-bulk-plan -f KEY` of OpenSSH 9.2, with the file of `key_file(1, ED25519, "none")` as KEY.
    let theirs = "\
-----BEGIN SSH SIGNATURE-----\n\
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgiojj3XQJ8ZX9UtstPLpdcspnCb\n\
8dlBIb83SIAbQPb1wAAAAMd2YtYnVsay1wbGFuAAAAAAAAAAZzaGE1MTIAAABTAAAAC3Nz\n\
aC1lZDI1NTE5AAAAQFk0QjEM0ijrM92P+CJGW2WsTUrYlpKXCemOCFQ6EoClXWd7jfJfci\n\
SQVMWTwnN3x1QPyYz6ilXHsyL38UCPvgg=\n\
-----END SSH SIGNATURE-----\n\
";
    assert_eq!(signed(1), theirs);
    assert!(theirs.starts_with(FIRST_LINE));
}

#[test]
fn each_option_of_an_allowed_signer_is_obeyed_or_refused() {
    let pem = signed(1);
    for (options, expected) in [
        ("namespaces=\"wf-bulk-plan\"", "ci@example.com"),
        ("namespaces=\"git,wf-*\"", "ci@example.com"),
        ("namespaces=\"wf-bulk-pla?\"", "ci@example.com"),
        (
            "namespaces=\"*,!wf-bulk-plan\"",
            "this key may sign \"*,!wf-bulk-plan\" only",
        ),
        (
            "namespaces=\"git\"",
            "line 1: this key may sign \"git\" only, not wf-bulk-plan",
        ),
        ("namespaces=\"wf-bulk-pl\"", "only, not wf-bulk-plan"),
        ("namespaces=\"\"", "only, not wf-bulk-plan"),
        ("valid-after=\"20261201\"", "ci@example.com"),
        // Noon in UTC is one o'clock in the afternoon here.
        ("valid-after=\"202612011300\"", "ci@example.com"),
        ("valid-after=\"202612011301\"", "not valid before"),
        ("valid-before=\"202612011300\"", "ci@example.com"),
        ("valid-before=\"202612011259\"", "this key expired at"),
        ("valid-before=\"20261201115959Z\"", "this key expired at"),
        ("valid-after=\"202612011201Z\"", "not valid before"),
        ("Valid-Before=\"20261201125959\"", "this key expired at"),
        ("valid-before=\"20261201120000Z\"", "ci@example.com"),
        (
            "valid-after=\"20260101\",valid-before=\"20270101\",namespaces=\"wf-bulk-plan\"",
            "ci@example.com",
        ),
        ("valid-before=\"2026-12-31\"", "is not a time"),
        ("valid-before=\"20261332\"", "is not a time"),
        ("valid-before=20271231", "needs a value in quotes"),
        ("valid-after", "needs a value in quotes"),
        (
            "valid-before=\"20271231\",valid-before=\"20281231\"",
            "given twice",
        ),
        ("cert-authority", "`cert-authority` is not supported"),
        (
            "namespaces=\"wf-bulk-plan\",CERT-AUTHORITY",
            "`cert-authority` is not supported",
        ),
        ("no-touch-required", "unknown option `no-touch-required`"),
        ("namespaces=\"wf-bulk-plan\",", "unexpected text"),
        ("namespaces=\"wf-bulk-plan\"x", "unexpected text"),
        ("namespaces=\"wf-bulk-plan", "not closed"),
    ] {
        let said = check(&pem, PLAN, &line(options, 1)).unwrap_or_else(|error| error);
        assert!(said.contains(expected), "{options}: {said}");
    }
}

#[test]
fn a_line_of_allowed_signers_that_is_not_understood_is_named() {
    let public = &public(1);
    let rsa = "root@example.com ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQE=";
    for (text, expected) in [
        ("", "there is no key in it"),
        ("# a comment\n\n  \n", "there is no key in it"),
        ("\nci@example.com\n", "line 2: there is no key"),
        ("ci@example.com ssh-ed25519\n", "line 1: there is no key"),
        ("ci ssh-ed25519 AAAA\n", "line 1: the key of type"),
        // Cut off after the type, within the key, and with a byte too many.
        (
            "ci ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n",
            "line 1: the key of type",
        ),
        (
            &format!("ci {}", &public[..public.len() - 4]),
            "line 1: the key of type",
        ),
        (&format!("ci {public}AA=="), "line 1: the key of type"),
        (&rsa[..rsa.len() - 4], "line 1: the key of type"),
        (&format!("ci ssh-rsa{public}"), "line 1: the key of type"),
        (&format!("!ci {public}"), "`!` is not supported"),
        (&format!("\"ci, x {public}"), "not closed"),
        (&format!("\"ci,x\" {public} a comment"), ""),
        (public, "line 1: "),
        // Of no use to us, but the same file may serve git.
        (rsa, ""),
        (&rsa.replace("ssh-rsa", ED25519), "line 1: the key of type"),
    ] {
        let said = signers(text).err().unwrap_or_default();
        assert!(said.contains(expected), "{text}: {said}");
        assert_eq!(said.is_empty(), expected.is_empty(), "{text}: {said}");
    }
}

#[test]
fn a_key_that_can_not_sign_says_why() {
    let file = |kind, cipher| key_file(1, kind, cipher);
    let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let good = unarmored("OPENSSH PRIVATE KEY", &file(ED25519, "none")).unwrap();
    for (text, expected) in [
        (file(ED25519, "none"), None),
        (file(ED25519, "none").replace('\n', "\r\n"), None),
        (public(1), Some(SigningKeyError::Public)),
        (
            file(ED25519, "aes256-ctr"),
            Some(SigningKeyError::Encrypted),
        ),
        (
            file("ssh-rsa", "none"),
            Some(SigningKeyError::Algorithm("ssh-rsa".to_owned())),
        ),
        (String::new(), Some(SigningKeyError::Malformed)),
        (other.to_owned(), Some(SigningKeyError::Malformed)),
    ] {
        assert_eq!(SigningKey::read(&text).err(), expected, "{text}");
    }
    for length in 0..good.len() {
        // The comment and the padding are not read.
        if length < good.len() - 24 {
            let cut = armored("OPENSSH PRIVATE KEY", &good[..length]);
            assert!(SigningKey::read(&cut).is_err(), "{length}");
        }
    }
}

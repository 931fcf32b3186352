//! The homes of dependencies.

/// A dependency that decides much, and the only modules that name it.
pub(crate) const HOMES: &[(&str, &[&str])] = &[
    ("aws_lc_rs", &["engine", "signature"]),
    ("axum", &[]),
    ("clap", &["cli", "commands", "error"]),
    ("clap_mangen", &["commands"]),
    ("crossterm_winapi", &["platform"]),
    ("governor", &["pace"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("indicatif", &["report"]),
    ("miette", &["document"]),
    ("minijinja", &["report", "template"]),
    ("pulldown_cmark", &["guide"]),
    ("reqwest", &["http"]),
    ("rustix", &["commands", "platform"]),
    ("serde_yaml", &["document"]),
    ("windows_permissions", &["platform"]),
    ("temporalio_client", &["engine"]),
    ("temporalio_common", &["engine"]),
    ("temporalio_macros", &["engine"]),
    ("temporalio_sdk", &["engine"]),
    // The client and the sandbox meet on the wire only: a wrong field name can't agree with itself.
    ("wf_bulk_sandbox", &["commands"]),
];

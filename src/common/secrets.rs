//! The variables of the environment that hold secrets.

/// The API token.
pub const TOKEN: &str = "EPILOT_TOKEN";

/// The API key of an engine.
pub const ENGINE_API_KEY: &str = "WF_BULK_ENGINE_API_KEY";

/// The key with which an engine's payloads are encrypted.
pub const ENGINE_KEY: &str = "WF_BULK_ENGINE_KEY";

/// All of them: a program that this one starts gets none.
pub const SECRETS: [&str; 3] = [TOKEN, ENGINE_API_KEY, ENGINE_KEY];

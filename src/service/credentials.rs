//! Credentials: token, server and headers, with the precedence of epilot's own tools.
//!
//! [`resolve`] decides (pure), [`Files`] reads what those tools have written. Nothing here writes.

mod files;
mod resolve;
mod token_source;

pub use files::{Files, FilesError, Profile, StoredCredentials, folder};
pub use resolve::{Credentials, Given, ResolveError, resolve};
pub use token_source::{TokenSource, TokenSourceError};

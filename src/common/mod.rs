//! What all modules share: text that is safe to print, JSON, tables, files, digests.

pub mod digest;
pub mod invocation;
pub mod json;
pub mod platform;
pub mod private_file;
pub mod run_id;
pub mod secrets;
pub mod server_name;
pub mod signature;
pub mod sort;
pub mod styles;
pub mod table;
pub mod text;

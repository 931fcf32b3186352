//! The service and how it is reached: its operations and types, requests, retries, rate, credentials.

pub mod api;
pub mod client;
pub mod credentials;
pub mod http;
pub mod pace;
pub mod retry;

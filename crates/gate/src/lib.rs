//! Who is calling and with which key: SPIFFE identities, TLS, signed tokens.
//!
//! Nothing here keeps state, reads a clock or writes a log line: each function is given the bytes
//! and the time, and answers with what was established or with one [`Refusal`].

pub mod keys;
pub mod peer;
pub mod refusal;
mod sha256;
pub mod spiffe;
pub mod tls;
pub mod token;

pub use peer::{Peer, Thumbprint};
pub use refusal::{Kind, Refusal};
pub use spiffe::SpiffeId;

//! Everything that somebody may try at the gate, by name.
#![expect(clippy::unwrap_used, reason = "in a test a failed set-up is a failed test")]

mod api_keys;
mod bindings;
mod certificates;
mod claims;
mod events;
mod forge;
mod headers;
mod identities;
mod key_files;
mod pki;
mod presented;
mod properties;
mod rotations;
mod signatures;
mod spiffe_ids;
mod times;
mod tls;
mod xfcc;

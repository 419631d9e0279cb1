//! The binaries as they are deployed: killed, started again, and given bad settings. Needs `cargo build --bins`.

mod kills;
mod settings;

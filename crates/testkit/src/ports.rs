//! Ports for services that must know each other's before they start.

use std::sync::atomic::{AtomicU32, Ordering};

/// A port that is free now, and that no outgoing connection will be given: those begin at 32768.
#[must_use]
pub fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Processes begin at different places, and go on from there.
    let begin = std::process::id().wrapping_mul(97);
    loop {
        let place = begin.wrapping_add(ASKED.fetch_add(1, Ordering::SeqCst)) % 12_000;
        let port = 20_000 + u16::try_from(place).expect("a small number");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

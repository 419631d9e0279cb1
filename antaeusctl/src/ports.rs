//! `antaeusctl ports`.

use std::io::Write;
use std::net::TcpListener;

use clap::Args;

/// Print free ports of this machine, one a line.
#[derive(Debug, Args)]
pub struct PortsCommand {
    /// How many.
    #[arg(default_value_t = 1)]
    count: usize,
}

/// Runs the command: all are held until all are found, so no port comes twice.
///
/// # Errors
/// When the machine has no free port.
pub fn run(command: &PortsCommand, out: &mut dyn Write) -> Result<(), String> {
    let bind = |_| TcpListener::bind(("127.0.0.1", 0));
    let held: Result<Vec<TcpListener>, _> = (0..command.count).map(bind).collect();
    for listener in held.map_err(|e| format!("no free port: {e}"))? {
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        writeln!(out, "{port}").map_err(|e| e.to_string())?;
    }
    Ok(())
}

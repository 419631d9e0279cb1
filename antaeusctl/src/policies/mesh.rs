//! `antaeusctl policies mesh`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use policy::installation;

use super::source::text;

/// Hold an installation of the mesh against what the policies rely on.
#[derive(Debug, Args)]
pub struct Mesh {
    /// What `istioctl install -f` is given, - for standard input.
    #[arg(default_value = "istio/install.yaml")]
    installation: PathBuf,
}

/// False when it takes something away from the policies.
pub fn run(command: &Mesh, out: &mut dyn Write) -> Result<bool, String> {
    let findings = installation::check(&text(&command.installation)?).map_err(|e| e.to_string())?;
    for finding in &findings {
        writeln!(out, "{finding}").map_err(|e| e.to_string())?;
    }
    if findings.is_empty() {
        writeln!(out, "the mesh is installed as the policies rely on it").map_err(|e| e.to_string())?;
    }
    Ok(findings.is_empty())
}

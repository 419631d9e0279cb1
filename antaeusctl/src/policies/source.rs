//! Where the manifests and the call graph come from.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use policy::graph::CallGraph;
use policy::render::Render;

/// Where the call graph is.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The call graph.
    #[arg(long, default_value = "policies/call-graph.yaml")]
    call_graph: PathBuf,
}

/// What is judged, and by what.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// File with the rendered manifests, - for standard input; without it the overlay is rendered here.
    #[arg(long, conflicts_with = "overlay")]
    rendered: Option<PathBuf>,
    /// The overlay that is rendered: kustomize/overlays/NAME.
    #[arg(long, default_value = "prod")]
    overlay: String,
    #[command(flatten)]
    graph: GraphArgs,
}

impl GraphArgs {
    /// Reads the call graph.
    pub fn read(&self) -> Result<CallGraph, String> {
        CallGraph::read(&text(&self.call_graph)?).map_err(|e| e.to_string())
    }
}

impl SourceArgs {
    /// Reads both.
    pub fn read(&self) -> Result<(Render, CallGraph), String> {
        let yaml = match &self.rendered {
            Some(path) => text(path)?,
            None => rendered(&format!("kustomize/overlays/{}", self.overlay))?,
        };
        let render = Render::read(&yaml).map_err(|e| e.to_string())?;
        let graph = self.graph.read()?.of(&render);
        Ok((render, graph))
    }
}

/// The text of a file, or of standard input.
pub fn text(path: &Path) -> Result<String, String> {
    let cannot = |e: std::io::Error| {
        format!("cannot read {}: {e}; run it at the top of the repository", path.display())
    };
    if path != Path::new("-") {
        return std::fs::read_to_string(path).map_err(cannot);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(cannot)?;
    Ok(text)
}

/// What kustomize makes of a folder; kubectl brings one along.
fn rendered(folder: &str) -> Result<String, String> {
    let tries = [("kustomize", ["build", folder]), ("kubectl", ["kustomize", folder])];
    for (program, arguments) in tries {
        match Command::new(program).args(arguments).output() {
            // Not installed.
            Err(_) => {}
            Ok(output) if output.status.success() => {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            Ok(output) => {
                return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()));
            }
        }
    }
    Err("neither kustomize nor kubectl is installed; install one, or give --rendered FILE".into())
}

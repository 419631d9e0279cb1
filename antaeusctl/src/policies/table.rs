//! `antaeusctl policies table`.

use std::io::Write;

use clap::Args;
use policy::check::World;
use policy::universe::Universe;

use super::source::SourceArgs;

/// Print who reaches whom, as a table in Markdown.
#[derive(Debug, Args)]
pub struct Table {
    #[command(flatten)]
    source: SourceArgs,
}

/// Prints it.
pub fn run(command: &Table, out: &mut dyn Write) -> Result<(), String> {
    let (render, graph) = command.source.read()?;
    let universe = Universe::new(&render, &graph);
    let world = World { render: &render, graph: &graph, universe: &universe };
    writeln!(out, "{}", policy::table::markdown(&world)).map_err(|e| e.to_string())
}

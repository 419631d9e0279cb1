//! `antaeusctl policies`: who may call whom, by the rendered manifests and the call graph.

mod check;
mod explain;
mod mesh;
mod mutants;
mod source;
mod table;

use std::io::Write;

use clap::Subcommand;

/// Who may call whom, by the rendered manifests and the call graph.
#[derive(Debug, Subcommand)]
pub enum PoliciesCommand {
    /// Hold what was rendered against the call graph and the rules of the house: exit 1 when something differs.
    Check(check::Check),
    /// Print who reaches whom, as a table in Markdown.
    Table(table::Table),
    /// Say what becomes of one call, layer by layer: exit 1 when it is not what the call graph says.
    Explain(explain::Explain),
    /// Hold an installation of the mesh against what the policies rely on: exit 1 when something differs.
    Mesh(mesh::Mesh),
    /// Change the policies in every way there is, and see that each change is noticed: exit 1 when one is not.
    Mutants(mutants::Mutants),
}

/// Runs the command; false when there is something to correct.
///
/// # Errors
/// One sentence that says what to do, when it could not look.
pub fn run(command: &PoliciesCommand, out: &mut dyn Write) -> Result<bool, String> {
    match command {
        PoliciesCommand::Check(command) => check::run(command, out),
        PoliciesCommand::Table(command) => table::run(command, out).map(|()| true),
        PoliciesCommand::Explain(command) => explain::run(command, out),
        PoliciesCommand::Mesh(command) => mesh::run(command, out),
        PoliciesCommand::Mutants(command) => mutants::run(command, out),
    }
}

#[cfg(test)]
mod tests {
    use policy::layer::application;

    /// The evaluator links no cryptography, and so has the gate's words once more.
    #[test]
    fn the_evaluator_judges_by_the_gates_own_words() {
        assert_eq!(application::ISSUER, gate::token::charge::ISSUER);
        assert_eq!(application::AUDIENCE, gate::token::charge::AUDIENCE);
    }
}

//! Who may call whom: judges rendered manifests layer by layer, and holds them against the call graph. Pure: text goes
//! in, findings come out. What it does not understand it refuses to judge.

pub mod check;
pub mod cidr;
pub mod explain;
pub mod finding;
pub mod graph;
pub mod installation;
pub mod layer;
pub mod lint;
pub mod mutant;
pub mod object;
pub mod pattern;
pub mod place;
pub mod render;
pub mod request;
pub mod selector;
pub mod table;
pub mod universe;

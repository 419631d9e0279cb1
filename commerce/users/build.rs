//! Compiles new migrations in.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}

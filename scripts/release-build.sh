#!/usr/bin/env bash
# Compiles static release binaries, which is what the images hold and what is measured. Prints where they are.
# usage: scripts/release-build.sh PACKAGE...
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
target=$(uname -m)-unknown-linux-gnu
# Packed relocations are 1 MiB less of each binary; a linker that does not know them says so and goes on.
export RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs"
cargo build --locked --release --target "$target" --features db/static-tls "${@/#/-p}" >&2
echo "${CARGO_TARGET_DIR:-$PWD/target}/$target/release"

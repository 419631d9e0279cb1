#!/usr/bin/env bash
# Fills the table of callers in README.md from the rendered manifests; with --check only compares.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
bin=${CARGO_TARGET_DIR:-$PWD/target}/debug

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
scripts/test/render.sh "$new"
"$bin/antaeusctl" policies table --rendered "$new/prod.yaml" >"$new/table"
grep -q '<!-- callers:begin -->' README.md || {
  echo "README.md has no place for the table" >&2
  exit 1
}
awk -v table="$new/table" '
  /<!-- callers:end -->/ { inside = 0 }
  !inside { print }
  /<!-- callers:begin -->/ { inside = 1; while ((getline line < table) > 0) print line }
' README.md >"$new/README.md"
if [ "${1:-}" = --check ]; then
  diff -u README.md "$new/README.md" || {
    echo "README.md is old: scripts/policy-table.sh" >&2
    exit 1
  }
else
  cp "$new/README.md" README.md
fi

#!/usr/bin/env bash
# Fills the tables of variables in the services' READMEs from the binaries; with --check only compares.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
bin=${CARGO_TARGET_DIR:-$PWD/target}/debug

filled() { # FOLDER: its README with the table of today
  "$bin/$(basename "$1")" config >"$table"
  awk -v table="$table" '
    /<!-- config:end -->/ { inside = 0 }
    !inside { print }
    /<!-- config:begin -->/ { inside = 1; while ((getline line < table) > 0) print line }
  ' "$1/README.md"
}

table=$(mktemp)
trap 'rm -f "$table" "$table.new"' EXIT
for service in invoice-app payment-provider commerce/users commerce/orders commerce/notifications; do
  grep -q '<!-- config:begin -->' "$service/README.md" || {
    echo "$service/README.md has no place for the table" >&2
    exit 1
  }
  filled "$service" >"$table.new"
  if [ "${1:-}" = --check ]; then
    diff -u "$service/README.md" "$table.new" || {
      echo "$service/README.md is old: scripts/config-docs.sh" >&2
      exit 1
    }
  else
    cp "$table.new" "$service/README.md"
  fi
done

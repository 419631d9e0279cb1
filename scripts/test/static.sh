# shellcheck shell=bash disable=SC2154
# ./test.sh static: what can be read without running anything.

scripts_are_clean() {
  local files
  mapfile -t files < <(git ls-files '*.sh' .ci/run; git ls-files --others --exclude-standard '*.sh')
  shellcheck -x "${files[@]}"
}

# The Containerfile compiles from what .dockerignore lets through.
image_builds_see_everything() {
  local name
  for name in $(git ls-files '*Cargo.toml' | grep -v '/fuzz/' | cut -d/ -f1 | sort -u) scripts/release-build.sh; do
    grep -qxF "!$name" .dockerignore || { echo ".dockerignore hides $name from image builds"; return 1; }
  done
}

static() {
  check "cargo fmt" cargo fmt --check
  if command -v shellcheck >/dev/null; then
    check "shellcheck" scripts_are_clean
  else
    skip "shellcheck" "it is not installed"
  fi
  cargo build --locked --bins
  check "configuration tables are those of the code" scripts/config-docs.sh --check
  check "no private key and no Secret is in git; Secrets are not in the audit log" scripts/test/guards.sh secrets
  check "each admission policy is bound, and each of its rules has a fixture" scripts/test/guards.sh policies
  check "image builds see every package" image_builds_see_everything
  callers_table
  teams
}

callers_table() {
  local ok=0
  render_overlays || ok=$?
  if [ "$ok" = 3 ]; then
    skip "the table of callers in README.md" "neither kustomize, nor go to build it with, nor kubectl is here"
  else
    check "the table of callers in README.md is that of the manifests" scripts/policy-table.sh --check
  fi
}

# kubectl is enough; kustomize itself is built with go.
teams() {
  local tools=
  if ! command -v kubectl >/dev/null; then
    tools=$(scripts/tools.sh kustomize 2>"$work/output") || {
      skip "each team's overlay" "neither kubectl, kustomize nor go is here"
      return
    }
  fi
  check "a team's overlay is its part of the whole one" env PATH="${tools:+$tools:}$PATH" scripts/test/guards.sh teams
}

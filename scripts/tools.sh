#!/usr/bin/env bash
# Installs the tools that the checks of the manifests need and most machines lack,
# into $ANTAEUS_TOOLS (default ~/.cache/antaeus/bin); prints that directory, to be put on the PATH.
set -euo pipefail

usage() {
  cat <<'END'
usage: scripts/tools.sh kustomize
  kustomize   from the Go module proxy (needs go); kept, so the second call takes no time
  PATH="$(scripts/tools.sh kustomize):$PATH"
END
}

KUSTOMIZE=v5.8.0
directory=${ANTAEUS_TOOLS:-$HOME/.cache/antaeus/bin}

kustomize() {
  [ ! -x "$directory/kustomize" ] || return 0
  command -v go >/dev/null || {
    echo "tools.sh: kustomize is built with go, which is not installed" >&2
    return 1
  }
  mkdir -p "$directory"
  GOBIN=$directory go install "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE" >&2
}

case ${1:-} in
kustomize) kustomize ;;
-h | --help) usage && exit ;;
*) usage >&2 && exit 2 ;;
esac
echo "$directory"

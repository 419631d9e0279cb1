#!/usr/bin/env bash
# Installs the tools that our checks need and most machines lack,
# into $ANTAEUS_TOOLS (default ~/.cache/antaeus/bin); prints that directory, to be put on the PATH.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

usage() {
  cat <<'END'
usage: scripts/tools.sh TOOL...
  kustomize    renders the overlays                     from the Go module proxy (needs go)
  kubeconform  holds objects against their schemas      from the Go module proxy (needs go)
  kube-score   what a workload should say               from the Go module proxy (needs go)
  prometheus   Prometheus, to run on a cluster          from the Go module proxy (needs go); static, some minutes
  checkov      what a workload must not allow           from PyPI (needs python3 with venv)
  aiosmtpd     a mail server for tests                  from PyPI (needs python3 with venv)
  otelcol      the OpenTelemetry collector, static       from the Go module proxy (needs go)
  pictures     python that draws dashboards              from PyPI (needs python3 with venv)
  newman       runs the Postman collection              from npm (needs node with npm)
  schemas      JSON schemas of every kind that we use   from the Go module proxy (needs go and checkov's python)
All are kept, so the second call takes no time; another version here is installed anew.
  PATH="$(scripts/tools.sh kustomize):$PATH"
Exit 3: go, python3 or npm is not here.
END
}

KUSTOMIZE=v5.8.0
KUBECONFORM=v0.8.0
KUBE_SCORE=v1.20.0
# v3.16.0 in the words of its images.
PROMETHEUS=v0.316.0
directory=${ANTAEUS_TOOLS:-$HOME/.cache/antaeus/bin}

# The version stands in the name of an empty file beside the tool.
have() { [ -e "$directory/.$1" ]; }
installed() { # NAME-VERSION NAME
  rm -f "$directory/.$2"-*
  touch "$directory/.$1"
}

needs() { # COMMAND TOOL
  command -v "$1" >/dev/null || {
    echo "tools.sh: $2 is made with $1, which is not installed" >&2
    exit 3
  }
}

go_tool() { # NAME PACKAGE VERSION
  ! have "$1-$3" || return 0
  needs go "$1"
  GOBIN=$directory go install "$2@$3" >&2
  installed "$1-$3" "$1"
}

# Of the ways to find what to scrape only the one that we use, and without the pages, which nobody looks at here.
prometheus() {
  CGO_ENABLED=0 GOFLAGS="-trimpath -ldflags=-s -tags=remove_all_sd,enable_kubernetes_sd" \
    go_tool prometheus github.com/prometheus/prometheus/cmd/prometheus "$PROMETHEUS"
}

# Of the collector only the parts that we use. go.mod has every version, go.sum a digest of each; static, so that an image
# needs nothing else.
otelcol() {
  local from=$here/tools/otelcol version
  version=$(cat "$from"/* | sha256sum | cut -c1-16)
  ! have "otelcol-$version" || return 0
  needs go otelcol
  CGO_ENABLED=0 go build -C "$from" -mod=readonly -trimpath -ldflags="-s -w" -o "$directory/otelcol" . >&2
  installed "otelcol-$version" otelcol
}

# A file with every package's version: what is installed tomorrow is what was installed today.
python_tool() { # NAME
  local lock=$here/tools/$1.txt version
  version=$(sha256sum "$lock" | cut -c1-16)
  ! have "$1-$version" || return 0
  needs python3 "$1"
  python3 -c 'import ensurepip' 2>/dev/null || {
    echo "tools.sh: this python3 makes no virtual environments (Debian: apt-get install python3-venv)" >&2
    exit 3
  }
  rm -rf "$directory/$1.venv"
  python3 -m venv "$directory/$1.venv" >&2
  "$directory/$1.venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$lock" >&2
  [ ! -e "$directory/$1.venv/bin/$1" ] || ln -sf "$1.venv/bin/$1" "$directory/$1"
  installed "$1-$version" "$1"
}

# package-lock.json has every version, and a digest of each package.
node_tool() { # NAME
  local from=$here/tools/$1 version
  version=$(sha256sum "$from/package-lock.json" | cut -c1-16)
  ! have "$1-$version" || return 0
  needs npm "$1"
  rm -rf "$directory/$1.node"
  mkdir "$directory/$1.node"
  cp "$from"/package*.json "$directory/$1.node"
  npm ci --prefix "$directory/$1.node" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  ln -sf "$1.node/node_modules/.bin/$1" "$directory/$1"
  installed "$1-$version" "$1"
}

schemas() {
  local version
  version=$(cat "$here"/tools/schemas.* | sha256sum | cut -c1-16)
  ! have "schemas-$version" || return 0
  needs go schemas
  python_tool checkov
  "$here/tools/schemas.sh" "$directory/schemas" "$directory/checkov.venv/bin/python" >&2
  installed "schemas-$version" schemas
}

tool() { # TOOL
  case $1 in
  kustomize) go_tool kustomize sigs.k8s.io/kustomize/kustomize/v5 "$KUSTOMIZE" ;;
  kubeconform) go_tool kubeconform github.com/yannh/kubeconform/cmd/kubeconform "$KUBECONFORM" ;;
  kube-score) go_tool kube-score github.com/zegl/kube-score/cmd/kube-score "$KUBE_SCORE" ;;
  prometheus) prometheus ;;
  checkov | aiosmtpd | pictures) python_tool "$1" ;;
  newman) node_tool newman ;;
  otelcol) otelcol ;;
  schemas) schemas ;;
  -h | --help) usage && exit ;;
  *) usage >&2 && exit 2 ;;
  esac
}

[ $# -gt 0 ] || { usage >&2 && exit 2; }
mkdir -p "$directory"
for name; do tool "$name"; done
echo "$directory"

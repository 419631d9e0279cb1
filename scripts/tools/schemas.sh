#!/usr/bin/env bash
# Makes a folder of JSON schemas out of the API documents that Kubernetes, Istio, Argo CD, Flux and the like publish inside
# their Go modules. schemas.txt beside this names version and checksum of each; another content is refused.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

documents() { # prints the path of each document, downloaded and checked
  local module version sum path found
  while read -r module version sum path; do
    case $module in '' | '#'*) continue ;; esac
    found=$(go mod download -json "$module@$version")
    [ "$(field Sum "$found")" = "$sum" ] || {
      echo "schemas.sh: $module $version is $(field Sum "$found"), schemas.txt expects $sum" >&2
      exit 1
    }
    echo "$(field Dir "$found")/$path"
  done <"$here/schemas.txt"
}

field() { # NAME JSON
  sed -n 's/^\t"'"$1"'": "\(.*\)",\{0,1\}$/\1/p' <<<"$2"
}

main() { # DIRECTORY PYTHON
  local work files
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # now, while `work` is known
  trap "rm -rf '$work'" EXIT
  # A cache of its own: the modules are hundreds of megabytes, what is read of them a few.
  export GOMODCACHE=$work/modules GOFLAGS=-modcacherw
  cd "$work"
  files=$(documents)
  mapfile -t files <<<"$files"
  "$2" "$here/schemas.py" "$work/schemas" "${files[@]}"
  rm -rf "$1"
  mv "$work/schemas" "$1"
}

main "${1:?usage: schemas.sh DIRECTORY PYTHON}" "${2:?usage: schemas.sh DIRECTORY PYTHON}"

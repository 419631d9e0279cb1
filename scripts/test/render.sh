#!/usr/bin/env bash
# Renders every overlay into a folder, and dev and prod with everything that deploy.sh may add to them.
set -euo pipefail

usage() {
  cat <<'END'
usage: scripts/test/render.sh FOLDER
  writes dev.yaml, staging.yaml, prod.yaml, dev-with-postgres.yaml and prod-with-all.yaml (broker, mail server, Grafana)
  there.
  Exit 3: neither kustomize, nor go to build it with, nor kubectl is here.
END
}

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
if [ $# != 1 ] || [ "$1" = --help ]; then
  usage >&2
  exit 2
fi
folder=$1

# kustomize itself first; kubectl brings an older one along.
find_builder() {
  if command -v kustomize >/dev/null; then
    builder=(kustomize build)
  elif tools=$("$root/scripts/tools.sh" kustomize 2>/dev/null); then
    builder=("$tools/kustomize" build)
  elif command -v kubectl >/dev/null; then
    builder=(kubectl kustomize)
  else
    echo "render.sh: install kustomize or kubectl" >&2
    exit 3
  fi
}

# An overlay with components laid over it, as deploy.sh does it.
write_overlay_with() { # FOLDER OVERLAY COMPONENT...
  local here=$folder/$1 overlay=$2 up
  shift 2
  mkdir -p "$here"
  up=$(realpath --relative-to "$here" "$root/kustomize")
  cat >"$here/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
labels:
  - pairs:
      app.kubernetes.io/instance: $overlay
    includeTemplates: true
resources: [$up/overlays/$overlay]
components:
END
  printf "  - $up/components/%s\n" "$@" >>"$here/kustomization.yaml"
}

mkdir -p "$folder"
find_builder
for overlay in dev staging prod; do
  "${builder[@]}" "$root/kustomize/overlays/$overlay" >"$folder/$overlay.yaml"
done
write_overlay_with with-postgres dev postgres seed
"${builder[@]}" "$folder/with-postgres" >"$folder/dev-with-postgres.yaml"
write_overlay_with with-all prod rabbitmq smtp grafana
"${builder[@]}" "$folder/with-all" >"$folder/prod-with-all.yaml"

#!/usr/bin/env bash
# Renders every overlay into a folder, and dev with everything that deploy.sh may add to it.
set -euo pipefail

usage() {
  cat <<'END'
usage: scripts/test/render.sh FOLDER
  writes dev.yaml, staging.yaml, prod.yaml and dev-with-postgres.yaml there.
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

# The throw-away database and the example data, laid over dev as deploy.sh does it.
write_overlay_with_postgres() {
  local up
  mkdir -p "$folder/with-postgres"
  up=$(realpath --relative-to "$folder/with-postgres" "$root/kustomize")
  cat >"$folder/with-postgres/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
labels:
  - pairs:
      app.kubernetes.io/instance: dev
    includeTemplates: true
resources: [$up/overlays/dev]
components: [$up/components/postgres, $up/components/seed]
END
}

mkdir -p "$folder"
find_builder
for overlay in dev staging prod; do
  "${builder[@]}" "$root/kustomize/overlays/$overlay" >"$folder/$overlay.yaml"
done
write_overlay_with_postgres
"${builder[@]}" "$folder/with-postgres" >"$folder/dev-with-postgres.yaml"

# shellcheck shell=bash
# Takes a layer away in place, and puts back exactly what was there.

# What the component removes from the overlay: the live objects of that difference are written down and deleted.
take_away() { # COMPONENT
  local component=$1 kind namespace name full=$TMP/full.yaml without=$TMP/$1/rendered.yaml
  mkdir -p "$TMP/$component"
  render_with >"$full"
  render_with "$component" >"$without"
  while read -r kind namespace name; do
    [ -n "$(kubectl -n "$namespace" get "$kind" "$name" --ignore-not-found -o name)" ] || continue
    snapshot "$kind" "$namespace" "$name" >"$TMP/$component/$kind.$namespace.$name.json"
    kubectl -n "$namespace" delete "$kind" "$name"
  done < <(comm -23 <(objects_in "$full" | sort) <(objects_in "$without" | sort))
}

# The overlay as it was deployed from here, with or without a component laid over it.
render_with() { # [COMPONENT]
  local directory=$K8S_STATE/test base=../$OVERLAY
  [ -e "$K8S_STATE/$OVERLAY/kustomization.yaml" ] || base=../../../kustomize/overlays/$OVERLAY
  mkdir -p "$directory"
  printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [%s]\n' "$base" >"$directory/kustomization.yaml"
  [ -z "${1:-}" ] || printf 'components: [../../../kustomize/components/%s]\n' "$1" >>"$directory/kustomization.yaml"
  kubectl kustomize "$directory"
  rm -r "$directory"
}

snapshot() { # KIND NAMESPACE NAME
  local version labels spec
  version=$(kubectl -n "$2" get "$1" "$3" -o 'jsonpath={.apiVersion}')
  labels=$(kubectl -n "$2" get "$1" "$3" -o 'jsonpath={.metadata.labels}')
  spec=$(kubectl -n "$2" get "$1" "$3" -o 'jsonpath={.spec}')
  printf '{"apiVersion":"%s","kind":"%s","metadata":{"namespace":"%s","name":"%s","labels":%s},"spec":%s}\n' \
    "$version" "$1" "$2" "$3" "${labels:-{\}}" "${spec:-{\}}"
}

# A snapshot that could not be put back stays, for the next try.
restore() { # FILE
  server_side apply -f "$1" && rm "$1"
}

put_back() {
  local file status=0
  for file in "$TMP"/without-*/*.json; do
    [ -e "$file" ] || continue
    restore "$file" || status=1
  done
  return "$status"
}

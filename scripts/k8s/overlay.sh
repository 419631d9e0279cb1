# shellcheck shell=bash
# Writes the local overlay .antaeus/k8s/OVERLAY: what lies between the checked-in overlay and
# this cluster (images, keys, database address, gateway), and nothing else.

local_overlay() { # OVERLAY
  local usual
  LOCAL=$K8S_STATE/$1
  usual=$(umask)
  # Keys, passwords, and the rendered Secrets: all of it is for this user alone.
  umask 077
  mkdir -p "$LOCAL/secrets/invoice-app" "$LOCAL/secrets/payment-provider"
  chmod 700 "$LOCAL"
  make_keys
  find_database "$1"
  write_overlay "$1" >"$LOCAL/kustomization.yaml"
  kubectl kustomize "$LOCAL" >"$LOCAL/rendered.new.yaml"
  mv "$LOCAL/rendered.new.yaml" "$LOCAL/rendered.yaml"
  umask "$usual"
  say "      local overlay: ${LOCAL#"$ROOT/"} (see kustomization.yaml; rendered.yaml is what gets applied)"
}

# --- keys

# Made when they are neither here nor in the cluster: a second clone must not change a running system's keys.
make_keys() {
  [ ! -e "$LOCAL/keys/charge/private.pem" ] || return 0
  if keys_from_cluster; then
    say "      the charge key is taken from the cluster"
    return
  fi
  antaeusctl keys init --dir "$LOCAL/keys"
  say "      new keys in ${LOCAL#"$ROOT/"}/keys: charge (goes to invoice-app alone), operator (stays here)"
}

keys_from_cluster() {
  local keys=$LOCAL/keys.new
  [ "$(deployed_overlay)" != "" ] || return 1
  rm -rf "$keys"
  mkdir -p "$keys/charge" "$keys/operator"
  deployed_file antaeus invoice-app secret charge-key 'private\.pem' | base64 -d >"$keys/charge/private.pem" &&
    deployed_file payments payment-provider configmap charge-jwks 'jwks\.json' >"$keys/charge/jwks.json" &&
    deployed_file antaeus invoice-app configmap api-jwks 'jwks\.json' >"$keys/operator/jwks.json" || return 1
  [ -s "$keys/charge/private.pem" ] && [ -s "$keys/operator/jwks.json" ] || return 1
  find_operator_key "$keys/operator"
  mv "$keys" "$LOCAL/keys"
}

# The cluster never held the operator's private key; another overlay of this clone may.
find_operator_key() { # DIRECTORY
  local other
  for other in "$K8S_STATE"/*/keys/operator; do
    if [ -s "$other/private.pem" ] && cmp -s <(tr -d ' \n' <"$other/jwks.json") <(tr -d ' \n' <"$1/jwks.json"); then
      cp "$other/private.pem" "$1/private.pem"
      return
    fi
  done
  say "      the operator's private key is not on this machine: new API keys are issued where it is"
}

# A file that a Deployment mounts, as the API server holds it (secrets come in base64).
deployed_file() { # NAMESPACE DEPLOYMENT secret|configmap VOLUME KEY
  local object field=configMap.name
  [ "$3" = configmap ] || field=secret.secretName
  object=$(kubectl -n "$1" get deployment "$2" --ignore-not-found \
    -o "jsonpath={.spec.template.spec.volumes[?(@.name==\"$4\")].$field}")
  [ -n "$object" ] || return 1
  kubectl -n "$1" get "$3" "$object" -o "jsonpath={.data.$5}"
}

# --- the file

write_overlay() { # OVERLAY
  local overlay=$1 name
  cat <<END
# Written by deploy.sh for this cluster; not in git, for it leads to secrets.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../../kustomize/overlays/$overlay
END
  components "$overlay"
  cat <<END
labels:
  - pairs:
      app.kubernetes.io/instance: $overlay
    includeTemplates: true
generatorOptions:
  immutable: true
  labels:
    app.kubernetes.io/version: $(version)
    app.kubernetes.io/component: configuration
    app.kubernetes.io/part-of: antaeus
    app.kubernetes.io/managed-by: kustomize
END
  secrets
  cat <<END
configMapGenerator:
  - name: invoice-app-api-jwks
    namespace: antaeus
    behavior: replace
    files: [jwks.json=keys/operator/jwks.json]
  - name: payment-provider-charge-jwks
    namespace: payments
    behavior: replace
    files: [jwks.json=keys/charge/jwks.json]
images:
END
  for name in "${IMAGES[@]}"; do
    image "antaeus/$name" "$name"
    image "registry.example/antaeus/$name" "$name"
  done
  echo "patches:"
  patch_charge_key
  patch_pull_policy
  [ "$DATABASE" != external ] || patch_database
  patch_gateway "$overlay"
  patch_admission
  [ -z "${SEED:-}" ] || patch_seed
}

version() { sed -n 's/^version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml" | sed -n 1p; }

components() { # OVERLAY
  local list=()
  [ "$DATABASE" = external ] || list+=(postgres)
  [ "$DATABASE" != external ] || [ "$1" != dev ] || list+=(external-database)
  [ -z "${SEED:-}" ] || list+=(seed)
  [ ${#list[@]} -gt 0 ] || return 0
  echo "components:"
  printf '  - ../../../kustomize/components/%s\n' "${list[@]}"
}

secrets() {
  local service namespace
  echo "secretGenerator:"
  for service in invoice-app:antaeus payment-provider:payments; do
    namespace=${service#*:} service=${service%:*}
    cat <<END
  - name: $service-database
    namespace: $namespace
    options: {labels: {app.kubernetes.io/name: $service}}
    files:
      - url=secrets/$service/url
END
    [ ! -e "$LOCAL/secrets/$service/ca.crt" ] || echo "      - ca.crt=secrets/$service/ca.crt"
  done
  cat <<END
  - name: invoice-app-charge-key
    namespace: antaeus
    options: {labels: {app.kubernetes.io/name: invoice-app}}
    files: [private.pem=keys/charge/private.pem]
END
  [ "$DATABASE" != postgres ] || cat <<END
  - name: postgres
    namespace: antaeus-data
    options: {labels: {app.kubernetes.io/name: postgres}}
    files:
      - password=secrets/postgres/password
      - tls.crt=secrets/postgres/tls.crt
      - tls.key=secrets/postgres/tls.key
      - database.sql=secrets/postgres/database.sql
END
}

image() { # NAME-IN-THE-MANIFESTS IMAGE
  local reference
  reference=$(image_reference "$2")
  echo "  - name: $1"
  if [[ $reference == *@* ]]; then
    echo "    newName: ${reference%@*}"
    echo "    digest: ${reference#*@}"
  else
    echo "    newName: ${reference%:*}"
    echo "    newTag: ${reference##*:}"
  fi
}

patch_charge_key() {
  cat <<END
  - target: {kind: RequestAuthentication, namespace: payments, name: charge-key}
    patch: |-
      - op: replace
        path: /spec/jwtRules/0/jwks
        value: |
END
  sed 's/^/          /' "$LOCAL/keys/charge/jwks.json"
  echo
}

# Images that were loaded onto the nodes are in no registry: whoever asked one would get none.
patch_pull_policy() {
  [ -z "${IMAGE_REGISTRY:-}" ] || return 0
  cat <<END
  - target: {kind: Deployment|Job}
    patch: |-
      - op: replace
        path: /spec/template/spec/containers/0/imagePullPolicy
        value: IfNotPresent
END
}

patch_database() {
  local host=${DATABASE_ENDPOINT%:*} port=${DATABASE_ENDPOINT##*:}
  cat <<END
  - target: {kind: NetworkPolicy, name: .*-to-database}
    patch: |-
      - op: replace
        path: /spec/egress/0/to/0/ipBlock/cidr
        value: ${DATABASE_CIDR:-$(address_of "$host")/32}
      - op: replace
        path: /spec/egress/0/ports/0/port
        value: $port
  - target: {kind: ServiceEntry, name: database}
    patch: |-
      - op: replace
        path: /spec/ports/0/number
        value: $port
END
  if [[ $host =~ ^[0-9.]+$ ]]; then
    cat <<END
      - op: replace
        path: /spec/addresses/0
        value: $host
END
  else
    cat <<END
      - op: replace
        path: /spec/hosts/0
        value: $host
      - op: remove
        path: /spec/addresses
      - op: replace
        path: /spec/resolution
        value: DNS
END
  fi
}

address_of() { # HOST
  local address
  if [[ $1 =~ ^[0-9.]+$ ]]; then
    echo "$1"
    return
  fi
  address=$(getent ahostsv4 "$1" | awk 'NR == 1 { print $1 }') || true
  [ -n "$address" ] || die "cannot resolve $1 here; set DATABASE_CIDR to the addresses that the pods may reach"
  echo "$address"
}

# Installations differ in where the gateway runs and as whom.
patch_gateway() { # OVERLAY
  cat <<END
  - target: {kind: AuthorizationPolicy, name: gateway-to-invoice-app}
    patch: |-
      - op: replace
        path: /spec/rules/0/from/0/source/principals
        value: [cluster.local/ns/$GATEWAY_NAMESPACE/sa/$GATEWAY_ACCOUNT]
  - target: {kind: NetworkPolicy, name: gateway-to-invoice-app}
    patch: |-
      - op: replace
        path: /spec/ingress/0/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name
        value: $GATEWAY_NAMESPACE
END
  [ "$1" != dev ] || return 0
  cat <<END
  - target: {kind: Gateway, name: public}
    patch: |-
      - op: replace
        path: /spec/servers/0/hosts
        value: [$GATEWAY_HOST]
END
}

patch_seed() {
  cat <<END
  - target: {kind: Job, name: invoice-app-seed}
    patch: |-
      - op: replace
        path: /spec/template/spec/containers/0/args/1
        value: "$SEED"
END
}

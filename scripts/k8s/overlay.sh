# shellcheck shell=bash
# Writes the local overlay .antaeus/k8s/OVERLAY: what lies between the checked-in overlay and
# this cluster (images, keys, database address, gateway), and nothing else.

local_overlay() { # OVERLAY
  local usual service
  LOCAL=$K8S_STATE/$1
  usual=$(umask)
  # Keys, passwords, and the rendered Secrets: all of it is for this user alone.
  umask 077
  for service in "${SERVICES[@]}"; do mkdir -p "$LOCAL/secrets/${service%:*}"; done
  chmod 700 "$LOCAL"
  make_keys
  find_database "$1"
  find_mail "$1"
  write_overlay "$1" >"$LOCAL/kustomization.yaml"
  kubectl kustomize "$LOCAL" >"$LOCAL/rendered.new.yaml"
  mv "$LOCAL/rendered.new.yaml" "$LOCAL/rendered.yaml"
  umask "$usual"
  say "      local overlay: ${LOCAL#"$ROOT/"} (see kustomization.yaml; rendered.yaml is what gets applied)"
}

# --- keys

# Made when they are neither here nor in the cluster: a second clone must not change a running system's keys.
make_keys() {
  local name made=$LOCAL/keys.made missing=()
  if [ ! -e "$LOCAL/keys/charge/private.pem" ] && keys_from_cluster; then
    say "      the running keys are taken from the cluster"
  fi
  for name in charge operator "${EVENT_SENDERS[@]/#/event/}"; do
    [ -e "$LOCAL/keys/${name%:*}/jwks.json" ] || missing+=("${name%:*}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  rm -rf "$made"
  antaeusctl keys init --dir "$made"
  mkdir -p "$LOCAL/keys/event"
  for name in "${missing[@]}"; do mv "$made/$name" "$LOCAL/keys/$name"; done
  rm -rf "$made"
  say "      new keys in ${LOCAL#"$ROOT/"}/keys: ${missing[*]} (the operator's stays here, each other goes to one service)"
}

keys_from_cluster() {
  local keys=$LOCAL/keys.new sender
  [ "$(deployed_overlay)" != "" ] || return 1
  rm -rf "$keys"
  mkdir -p "$keys/charge" "$keys/operator" "$keys/event"
  deployed_file antaeus invoice-app secret charge-key 'private\.pem' | base64 -d >"$keys/charge/private.pem" &&
    deployed_file payments payment-provider configmap charge-jwks 'jwks\.json' >"$keys/charge/jwks.json" &&
    deployed_file antaeus invoice-app configmap api-jwks 'jwks\.json' >"$keys/operator/jwks.json" || return 1
  [ -s "$keys/charge/private.pem" ] && [ -s "$keys/operator/jwks.json" ] || return 1
  # A version without events has none of these.
  for sender in "${EVENT_SENDERS[@]}"; do event_key_from_cluster "$keys/event/${sender%:*}" "$sender" || true; done
  find_operator_key "$keys/operator"
  mv "$keys" "$LOCAL/keys"
}

# The private half is its sender's; the public half is in every receiver, and notifications hears everybody.
event_key_from_cluster() { # DIRECTORY SENDER:NAMESPACE
  local name=${2%:*}
  mkdir -p "$1"
  deployed_file "${2#*:}" "$name" secret event-key 'private\.pem' | base64 -d >"$1/private.pem" &&
    deployed_file commerce notifications configmap event-jwks "$name\\.json" >"$1/jwks.json" &&
    [ -s "$1/private.pem" ] && [ -s "$1/jwks.json" ] && return
  rm -r "$1"
  return 1
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
  public_keys
  echo "images:"
  for name in "${IMAGES[@]}"; do
    image "antaeus/$name" "$name"
    image "registry.example/antaeus/$name" "$name"
  done
  monitoring_names
  echo "patches:"
  patch_charge_key
  patch_pull_policy
  [ "$DATABASE" != external ] || patch_database
  [ -z "$MAIL_SERVER" ] || patch_mail
  patch_gateway "$overlay"
  patch_admission
  patch_monitoring
  [ -z "${SEED:-}" ] || patch_seed
}

version() { sed -n 's/^version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml" | sed -n 1p; }

components() { # OVERLAY
  local list=()
  [ "$DATABASE" = external ] || list+=(postgres)
  [ "$DATABASE" != external ] || [ "$1" != dev ] || list+=(external-database)
  [ -z "${SEED:-}" ] || list+=(seed)
  [ -z "$MAIL_SERVER" ] || list+=(smtp)
  ! is_there grafana || list+=(grafana)
  [ ${#list[@]} -gt 0 ] || return 0
  echo "components:"
  printf '  - ../../../kustomize/components/%s\n' "${list[@]}"
}

secrets() {
  local service namespace
  echo "secretGenerator:"
  for service in "${SERVICES[@]}"; do
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
  for service in "${EVENT_SENDERS[@]}"; do
    namespace=${service#*:} service=${service%:*}
    cat <<END
  - name: $service-event-key
    namespace: $namespace
    options: {labels: {app.kubernetes.io/name: $service}}
    files: [private.pem=keys/event/$service/private.pem]
END
  done
  [ -z "$MAIL_SERVER" ] || cat <<END
  - name: notifications-mail
    namespace: commerce
    options: {labels: {app.kubernetes.io/name: notifications}}
    files: [user=secrets/mail/user, password=secrets/mail/password, ca.crt=secrets/mail/ca.crt]
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

public_keys() {
  local service
  echo "configMapGenerator:"
  for service in "${SERVICES[@]}"; do
    # The provider has no public API.
    [ "$service" = payment-provider:payments ] || public_key "${service%:*}-api-jwks" "${service#*:}" jwks.json=keys/operator/jwks.json
  done
  public_key payment-provider-charge-jwks payments jwks.json=keys/charge/jwks.json
  public_key invoice-app-event-jwks antaeus {users,orders}
  public_key orders-event-jwks commerce invoice-app
  public_key notifications-event-jwks commerce {users,orders,invoice-app}
}

public_key() { # CONFIG-MAP NAMESPACE FILE|SENDER...
  printf '  - name: %s\n    namespace: %s\n    behavior: replace\n    files:\n' "$1" "$2"
  shift 2
  local file
  for file; do
    [[ $file == *=* ]] || file=$file.json=keys/event/$file/jwks.json
    echo "      - $file"
  done
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
  patch_outside database '.*-to-database' "$DATABASE_ENDPOINT" "${DATABASE_CIDR:-}"
}

# The placeholders of what lies outside the cluster: the one address that the network opens, the one name that the
# sidecars know.
patch_outside() { # SERVICE-ENTRY NETWORK-POLICIES HOST:PORT CIDR
  local host=${3%:*} port=${3##*:}
  cat <<END
  - target: {kind: NetworkPolicy, name: $2}
    patch: |-
      - op: replace
        path: /spec/egress/0/to/0/ipBlock/cidr
        value: ${4:-$(address_of "$host")/32}
      - op: replace
        path: /spec/egress/0/ports/0/port
        value: $port
  - target: {kind: ServiceEntry, name: $1}
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
  [ -n "$address" ] || die "cannot resolve $1 here; set DATABASE_CIDR (or SMTP_CIDR, of the mail server) to the addresses that the pods may reach"
  echo "$address"
}

# Installations differ in where the gateway runs and as whom.
patch_gateway() { # OVERLAY
  cat <<END
  - target: {kind: AuthorizationPolicy, name: gateway-to-.*}
    patch: |-
      - op: replace
        path: /spec/rules/0/from/0/source/principals
        value: [cluster.local/ns/$GATEWAY_NAMESPACE/sa/$GATEWAY_ACCOUNT]
  - target: {kind: NetworkPolicy, name: gateway-to-.*}
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

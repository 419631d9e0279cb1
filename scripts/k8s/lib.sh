# shellcheck shell=bash disable=SC2034
# What the scripts of this directory and scripts/test/k8s.sh have in common: words, steps, paths.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Git-ignored: the local overlays with their keys, the images, the logs.
K8S_STATE=$ROOT/.antaeus/k8s
# Each with its namespace; a service's image, Deployment, account and database bear its name.
SERVICES=(invoice-app:antaeus payment-provider:payments users:commerce orders:commerce notifications:commerce)
# Who signs events, with a key of its own.
EVENT_SENDERS=(invoice-app:antaeus users:commerce orders:commerce)

say() { printf '%s\n' "$*" >&3; }
die() {
  say "      $*"
  exit 1
}

# The terminal stays reachable as descriptor 3 while a step's own output goes to its log.
steps_begin() { # NUMBER-OF-STEPS LOG-DIRECTORY COMMAND-TO-RUN-AGAIN
  exec 3>&1
  STEPS=$1 LOGS=$2 AGAIN=$3 STEP=0 STEP_NAME='' STEP_LOG=''
  rm -rf "$LOGS"
  mkdir -p "$LOGS"
  trap steps_end EXIT
}

step() { # NAME FUNCTION [ARGUMENT...]
  local began=$SECONDS
  STEP=$((STEP + 1)) STEP_NAME=$1 STEP_LOG=$LOGS/$STEP-$2.log
  shift
  say "[$STEP/$STEPS] $STEP_NAME"
  "$@" >"$STEP_LOG" 2>&1
  say "      done in $((SECONDS - began)) s"
  STEP_NAME=''
}

steps_end() {
  local status=$?
  trap - EXIT
  [ "$status" != 0 ] || return 0
  if [ -n "${STEP_NAME:-}" ]; then
    say "FAILED at step $STEP/$STEPS, $STEP_NAME, after $SECONDS s"
    tail -n 15 "$STEP_LOG" | sed 's/^/      | /' >&3
    say "      log:   $STEP_LOG"
    say "      again: $AGAIN"
  fi
  exit "$status"
}

eventually() { # SECONDS COMMAND...: until it succeeds
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.5
  done
}

# One field manager for all that is written or compared: a second one would own fields that this one no longer names.
server_side() { # apply|diff ARGUMENT...
  kubectl "$1" --server-side --force-conflicts --field-manager antaeus-deploy "${@:2}"
}

# --- questions to the cluster that several scripts ask

# The overlay that is deployed; nothing when none is.
deployed_overlay() { overlay_in antaeus; }

overlay_in() { # NAMESPACE
  kubectl get namespace "$1" --ignore-not-found \
    -o 'jsonpath={.metadata.labels.app\.kubernetes\.io/instance}'
}

# `kind namespace name` of each object in a rendered file; the namespace of cluster-wide objects is `-`.
objects_in() { # FILE
  awk '
    function finish() { if (kind != "") print kind, (namespace == "" ? "-" : namespace), name
                        kind = name = namespace = "" }
    /^---/ { finish() }
    /^[a-z]/ { inside = ($1 == "metadata:") }
    /^kind: / { kind = $2 }
    inside && /^  name: / { name = $2 }
    inside && /^  namespace: / { namespace = $2 }
    END { finish() }' "$1"
}

# `name condition...` of each node, the conditions that hold; the last word is `cordoned` where it takes no pods.
node_states() {
  kubectl get nodes -o \
    'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.status=="True")].type} {.spec.unschedulable}{"\n"}{end}' |
    sed 's/ true$/ cordoned/; s/ *$//'
}

find_gateway() { # sets GATEWAY_NAMESPACE and GATEWAY_ACCOUNT
  local found
  found=$(kubectl get pods --all-namespaces -l 'istio=ingressgateway,antaeus.dev/test!=caller' \
    -o 'jsonpath={range .items[*]}{.metadata.namespace} {.spec.serviceAccountName}{"\n"}{end}' | sed -n 1p)
  [ -n "$found" ] || return 1
  read -r GATEWAY_NAMESPACE GATEWAY_ACCOUNT <<<"$found"
}

gateway_service() { # JSONPATH
  kubectl -n "$GATEWAY_NAMESPACE" get service -l istio=ingressgateway -o "jsonpath={.items[0]$1}"
}

# Where the gateway can be reached from outside: host:port for the scheme's port.
gateway_address() { # http|https
  local port=80 address node_port
  [ "$1" = http ] || port=443
  address=$(gateway_service '.status.loadBalancer.ingress[0].ip}{.items[0].status.loadBalancer.ingress[0].hostname')
  if [ -n "$address" ]; then
    echo "$address:$port"
    return
  fi
  node_port=$(gateway_service ".spec.ports[?(@.port==$port)].nodePort")
  [ -n "$node_port" ] || return 1
  address=$(kubectl get nodes -o 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')
  echo "$address:$node_port"
}

#!/usr/bin/env bash
# Shows on a live cluster that invoices get paid and that nobody but invoice-app reaches the
# payment provider, with each refusal attributed to the layer that gave it.
set -euo pipefail
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
exec 3>&1
# shellcheck source=scripts/k8s/lib.sh
. "$HERE/../k8s/lib.sh"
# shellcheck source=scripts/k8s/images.sh
. "$HERE/../k8s/images.sh"
# shellcheck source=scripts/test/k8s/assert.sh
. "$HERE/k8s/assert.sh"
# shellcheck source=scripts/test/k8s/callers.sh
. "$HERE/k8s/callers.sh"
# shellcheck source=scripts/test/k8s/tokens.sh
. "$HERE/k8s/tokens.sh"
# shellcheck source=scripts/test/k8s/live.sh
. "$HERE/k8s/live.sh"
# shellcheck source=scripts/test/k8s/layers.sh
. "$HERE/k8s/layers.sh"
# shellcheck source=scripts/test/k8s/billing.sh
. "$HERE/k8s/billing.sh"
# shellcheck source=scripts/test/k8s/events.sh
. "$HERE/k8s/events.sh"
# shellcheck source=scripts/test/k8s/worker.sh
. "$HERE/k8s/worker.sh"
# shellcheck source=scripts/test/k8s/monitoring.sh
. "$HERE/k8s/monitoring.sh"
# shellcheck source=scripts/test/k8s/alarms.sh
. "$HERE/k8s/alarms.sh"
# shellcheck source=scripts/test/k8s/rbac.sh
. "$HERE/k8s/rbac.sh"
# shellcheck source=scripts/test/k8s/admission.sh
. "$HERE/k8s/admission.sh"
# shellcheck source=scripts/test/k8s/team.sh
. "$HERE/k8s/team.sh"
# shellcheck source=scripts/test/k8s/rollouts.sh
. "$HERE/k8s/rollouts.sh"
# shellcheck source=scripts/test/k8s/mutants.sh
. "$HERE/k8s/mutants.sh"

usage() {
  cat <<'END'
usage: ./test.sh k8s              all but the mutants
       ./test.sh k8s rollouts     only versions, pods and keys that change under load
       ./test.sh k8s monitoring   only what watches the services
       ./test.sh policies live    mutants of policies, one by one on the cluster
  on the current cluster, or on the one that CLUSTER_UP starts: a command that prints
  `export KUBECONFIG=...` as its last line. Deploys the overlay dev when nothing is deployed.
  Takes policies away for a while and puts them back: not for a cluster that others use.
  GATEWAY_URL names the gateway where it cannot be found out (http://host:port or https://...)
END
}

PROVIDER=http://payment-provider.payments.svc.cluster.local:8082
HEALTH=/pp/rest/health

find_cluster() {
  if ! kubectl get --raw /readyz >/dev/null 2>&1 && [ -n "${CLUSTER_UP:-}" ]; then
    echo "starting a cluster: $CLUSTER_UP"
    eval "$(bash -c "$CLUSTER_UP" | tail -n 1)"
  fi
  if ! kubectl get --raw /readyz >/dev/null 2>&1; then
    skip "everything: no cluster answers, and CLUSTER_UP names no command that starts one"
    finish
    exit
  fi
  OVERLAY=$(deployed_overlay)
  if [ -z "$OVERLAY" ]; then
    echo "nothing is deployed: ./deploy.sh k8s dev"
    "$HERE/../k8s/deploy.sh" dev
    OVERLAY=dev
  fi
}

# --- what is built

# Without a cluster only half of the analyzers run: those that compare Istio's objects with each other.
istioctl_finds_nothing() { # OVERLAY
  kubectl kustomize "$ROOT/kustomize/overlays/$1" >"$TMP/$1.yaml" &&
    istioctl analyze --all-namespaces --use-kube=false --failure-threshold Info "$TMP/$1.yaml"
}

# Pods must not run as root, so the image must say a number other than 0 itself.
image_is_sound() { # NAME
  local archive config most=21
  archive=$(image_line "$1" | cut -d' ' -f3)
  config=$(tar -xOf "$archive" "$(tar -xOf "$archive" manifest.json | grep -oE '"Config": ?"[^"]*"' | cut -d'"' -f4)")
  grep -qE '"User": ?"65532:65532"' <<<"$config" || { echo "the image's user is not 65532:65532" && return 1; }
  grep -qE '"Entrypoint": ?\["/app"\]' <<<"$config" || { echo "the entry point is not /app" && return 1; }
  # The aim is 20 MiB for all; three have outgrown it (docs/BENCHMARKS.md) and must not grow on.
  [ "$1" != invoice-app ] || most=24
  [ "$(stat -c %s "$archive")" -le $((most * 1024 * 1024)) ] || { echo "larger than $most MiB: $(stat -c %s "$archive") bytes" && return 1; }
}

test_builds() {
  local name
  part "what is built"
  if command -v istioctl >/dev/null; then
    for name in dev staging prod; do
      check "istioctl analyze finds nothing in $name" istioctl_finds_nothing "$name"
    done
  else
    skip "istioctl analyze: istioctl is not on the PATH"
  fi
  [ -e "$IMAGE_STATE/built" ] || return 0
  for name in "${IMAGES[@]}"; do
    [ "$(image_line "$name" | cut -d' ' -f3)" != - ] || continue
    check "the image of $name: user 65532:65532, /app, not too large" image_is_sound "$name"
  done
}

# --- what runs

# With a cluster the other half too: hosts that nobody has, policies that select nothing, ports without a protocol.
istioctl_finds_no_error() {
  local namespace
  for namespace in antaeus payments commerce monitoring; do istioctl analyze -n "$namespace" || return 1; done
}

all_ready() { # NAMESPACE NAME LEAST-NUMBER
  local ready
  kubectl -n "$1" rollout status "deployment/$2" --timeout=120s
  # The service's container; a native sidecar counts among the init containers.
  ready=$(kubectl -n "$1" get pods -l "app.kubernetes.io/name=$2,antaeus.dev/test!=caller" \
    -o 'jsonpath={range .items[*]}{.status.phase} {.status.containerStatuses[*].ready} {.status.initContainerStatuses[?(@.name=="istio-proxy")].ready}{"\n"}{end}')
  echo "$ready"
  [ "$(grep -c '^Running true true$' <<<"$ready")" -ge "$3" ] && ! grep -vq '^Running true true$' <<<"$ready"
}

both_layers_hold_one_key() {
  local map
  map=$(kubectl -n payments get deployment payment-provider \
    -o 'jsonpath={.spec.template.spec.volumes[?(@.name=="charge-jwks")].configMap.name}')
  diff <(kubectl -n payments get requestauthentication charge-key -o 'jsonpath={.spec.jwtRules[0].jwks}' | tr -d ' \n') \
    <(kubectl -n payments get configmap "$map" -o 'jsonpath={.data.jwks\.json}' | tr -d ' \n')
}

only_cluster_addresses() {
  local types
  types=$(kubectl -n payments get services -o 'jsonpath={.items[*].spec.type}')
  echo "$types"
  [ "$types" = ClusterIP ]
}

test_running() {
  local name
  part "what runs"
  check "three pods of payment-provider are ready, each with its sidecar" all_ready payments payment-provider 3
  check "three pods of invoice-app are ready, each with its sidecar" all_ready antaeus invoice-app 3
  check "two pods of invoice-app-worker are ready, each with its sidecar" all_ready antaeus invoice-app-worker 2
  for name in users orders notifications; do
    check "two pods of $name are ready, each with its sidecar" all_ready commerce "$name" 2
  done
  check "the mesh and the application check tokens with the same public key" both_layers_hold_one_key
  if command -v istioctl >/dev/null; then check "istioctl analyze finds no error in what runs" istioctl_finds_no_error; fi
  check "the namespace payments has no address outside the cluster" only_cluster_addresses
}

# --- through the gateway

gateway_options() {
  local scheme=https address
  CURL=(curl --silent --show-error --noproxy '*' --max-time 10)
  [ "$OVERLAY" != dev ] || scheme=http
  find_gateway
  if [ -n "${GATEWAY_URL:-}" ]; then
    GATEWAY=$GATEWAY_URL
    return
  fi
  address=$(gateway_address "$scheme")
  GATEWAY=$scheme://$address
  [ "$scheme" = https ] || return 0
  GATEWAY_HOST=$(kubectl -n antaeus get gateway.networking.istio.io public -o 'jsonpath={.spec.servers[0].hosts[0]}')
  GATEWAY=https://$GATEWAY_HOST
  CURL+=(--connect-to "$GATEWAY_HOST:443:$address")
  kubectl -n "$GATEWAY_NAMESPACE" get secret antaeus-gateway -o 'jsonpath={.data.tls\.crt}' | base64 -d >"$TMP/gateway.crt"
  # The certificate itself, or the CA that this deployment made.
  [ ! -s "$K8S_STATE/$OVERLAY/gateway/ca.crt" ] || cp "$K8S_STATE/$OVERLAY/gateway/ca.crt" "$TMP/gateway.crt"
  CURL+=(--cacert "$TMP/gateway.crt")
}

operator_key() {
  [ "$OVERLAY" != dev ] || return 0
  [ -s "$K8S_STATE/$OVERLAY/keys/operator/private.pem" ] || return 1
  KEY=(-H "Authorization: Bearer $(issue_key invoices:read,invoices:write,billing:run)")
}

issue_key() { # SCOPES
  antaeusctl keys issue --key "$K8S_STATE/$OVERLAY/keys/operator/private.pem" \
    --sub team:test --scope "$1" --days 1 >"$TMP/api-key"
  tail -n 1 "$TMP/api-key"
}

status_of() { # PATH [CURL-ARGUMENT...]
  local path=$1
  shift
  "${CURL[@]}" -o "$TMP/body" -w '%{http_code}' "$@" "$GATEWAY$path" || true
}

# Envoy answers what has no route with an empty 404; the application's 404 has a body.
has_no_route() { # PATH [CURL-ARGUMENT...]
  local status
  status=$(status_of "$@")
  echo "$status $(cat "$TMP/body")"
  [ "$status" = 404 ] && [ ! -s "$TMP/body" ]
}

invoices() { "${CURL[@]}" "${KEY[@]}" "$GATEWAY/invoices"; }
has_invoices() { [[ $(invoices) == *'"InvoiceId"'* ]]; }
count_of() { grep -oE "\"IsPaid\": ?$1" <<<"$2" | wc -l; }

all_paid() {
  local list
  list=$(invoices) || return 1
  [ "$(count_of true "$list")" -gt 0 ] && [ "$(count_of false "$list")" = 0 ]
}

test_payment() {
  local before
  part "invoices are paid, seen from outside"
  gateway_options
  KEY=()
  operator_key || {
    skip "payment through the gateway: $OVERLAY asks for an API key, and the operator's private key is not on this machine"
    return
  }
  check "the gateway answers GET /rest/health" eventually 30 answers_health
  if ! has_invoices; then "$HERE/../k8s/deploy.sh" seed demo >"$TMP/seed.log" 2>&1 || cat "$TMP/seed.log"; fi
  before=$(invoices) || true
  echo "        before: $(count_of true "$before") paid, $(count_of false "$before") not"
  check "POST /invoices/pay is answered 200" pay
  if eventually 60 all_paid; then
    ok "all $(count_of true "$(invoices)") invoices are paid, by GET /invoices"
  else
    fail "all invoices are paid, by GET /invoices" "$(invoices 2>&1 | head -c 600)"
  fi
  check "GET /v1/captures: the provider captured what is paid, as it tells through the mesh" captures_are_what_is_paid
  [ ${#KEY[@]} = 0 ] || test_public_api_key
  test_billing_run
}

list() { "${CURL[@]}" "${KEY[@]}" "$GATEWAY$1"; }
captures_are_what_is_paid() {
  local captured paid
  captured=$(list '/v1/captures?limit=1000' | grep -o '"invoice":"[^"]*"' | cut -d'"' -f4 | sort)
  # What was imported as paid was never tried.
  paid=$(list '/v1/invoices?state=PAID&limit=1000' | grep -o '{"id"[^}]*}[^}]*}' | grep -v '"attempts":0' |
    grep -o '"uid":"[^"]*"' | cut -d'"' -f4 | sort)
  [ -n "$captured" ] && diff <(echo "$captured") <(echo "$paid")
}

answers_health() { [ "$(status_of /rest/health "${KEY[@]}")" = 200 ]; }
pay() { [ "$(status_of /invoices/pay -X POST "${KEY[@]}")" = 200 ]; }

test_public_api_key() {
  local status
  status=$(status_of /invoices)
  if [ "$status" = 401 ] && grep -q urn:antaeus:problem:unauthorized "$TMP/body"; then
    ok "[application: 401] the public API without a key"
  else
    fail "[application: 401] the public API without a key" "$status $(head -c 200 "$TMP/body")"
  fi
}

# --- who is refused, and by which layer

test_outside() {
  part "from outside"
  check "the gateway has no route to the provider" has_no_route /pp/rest/v1/charges "${KEY[@]}"
  check "nor by the provider's name" has_no_route /pp/rest/v1/charges -H 'Host: payment-provider.payments.svc.cluster.local' "${KEY[@]}"
  check "nor to internal paths" has_no_route /internal/events -X POST "${KEY[@]}"
  check "nor to the admin port's" has_no_route /metrics "${KEY[@]}"
}

FORGED='X-Forwarded-Client-Cert: By=spiffe://cluster.local/ns/payments/sa/payment-provider;URI=spiffe://cluster.local/ns/antaeus/sa/invoice-app'

provider_pod() {
  kubectl -n payments get pods -l app.kubernetes.io/name=payment-provider \
    --field-selector status.phase=Running -o 'jsonpath={.items[0].status.podIP}'
}

# A cloud gives its credentials to whoever reaches this address from a node. By a pod without a sidecar, which would
# refuse first what no Service is: so it is the network that is asked.
METADATA=http://169.254.169.254/latest/meta-data/

nobody_asks_for_the_nodes_identity() {
  expect 'network: time-out' "invoice-app's label and account, to the cloud's metadata" "$BARE" "$METADATA"
  # A pod that no policy holds back is the control: where it has no answer either, the time-out was no refusal.
  [[ $(call "$PLAIN" "$METADATA") != status=timeout* ]] ||
    not_live "a metadata service to be kept from: none answers here; that no policy opens its address is judged offline"
}

right_caller_passes() { expect passed "$1" "$CALLER" "$HEALTH" -H "$(right_token)"; }

test_full_stack() {
  local pod
  pod=http://$(provider_pod):8082$HEALTH
  part "all three layers"
  right_caller_passes "invoice-app's identity with its key"
  # The right token in their hands: so only the layer that is named can be what refuses.
  expect 'network: time-out' "another namespace, with a sidecar" "$STRANGER" "$HEALTH" -H "$(right_token)"
  expect 'network: time-out' "another namespace, plaintext" "$PLAIN" "$HEALTH" -H "$(right_token)"
  expect 'network: time-out' "the same, with a forged identity header" "$PLAIN" "$HEALTH" -H "$(right_token)" -H "$FORGED"
  expect 'network: time-out' "the same, to the pod's own address" "$PLAIN" "$pod" -H "$(right_token)" -H "$FORGED"
  expect 'network: time-out' "another account in invoice-app's namespace" "$NEIGHBOUR" "$HEALTH" -H "$(right_token)"
  # These bear invoice-app's label, so the network takes them for it.
  expect 'mesh: 403' "another account under invoice-app's label" "$IMPOSTOR" "$HEALTH" -H "$(right_token)"
  expect 'mesh: reset' "invoice-app's account without a sidecar, plaintext" "$BARE" "$HEALTH" -H "$(right_token)" -H "$FORGED"
  expect 'mesh: reset' "the same, to the pod's own address" "$BARE" "$pod" -H "$(right_token)" -H "$FORGED"
  bad_tokens_are_refused 'mesh: 403' 'mesh: 401' 'mesh: 401 expired' 'mesh: 403 audience'
  expect 'mesh: 403' "invoice-app's account and key, a path that is not listed" "$CALLER" /payments/pay -H "$(right_token)"
  worker_calls_as_invoice_app_does
  nobody_calls_the_worker
  nobody_asks_for_the_nodes_identity
}

test_without_network() {
  local pod
  pod=http://$(provider_pod):8082$HEALTH
  part "the mesh alone: without NetworkPolicies"
  take_away without-network >>"$TMP/log" 2>&1
  expect 'mesh: reset' "another namespace, plaintext, to the worker's admin port" "$PLAIN" "http://$(worker status.podIP):9081/metrics"
  right_caller_passes "invoice-app's identity with its key"
  expect 'mesh: 403' "another namespace, with a sidecar" "$STRANGER" "$HEALTH" -H "$(right_token)"
  expect 'mesh: reset' "another namespace, plaintext" "$PLAIN" "$HEALTH" -H "$(right_token)"
  expect 'mesh: reset' "the same, with a forged identity header" "$PLAIN" "$HEALTH" -H "$(right_token)" -H "$FORGED"
  expect 'mesh: reset' "the same, to the pod's own address" "$PLAIN" "$pod" -H "$(right_token)" -H "$FORGED"
  expect 'mesh: 403' "another account in invoice-app's namespace" "$NEIGHBOUR" "$HEALTH" -H "$(right_token)"
  bad_tokens_are_refused 'mesh: 403' 'mesh: 401' 'mesh: 401 expired' 'mesh: 403 audience'
  events_without_network
  monitoring_without_network
}

test_application_alone() {
  local pod
  pod=http://$(provider_pod):8082$HEALTH
  part "the application alone: without the mesh's policies as well"
  take_away without-mesh >>"$TMP/log" 2>&1
  right_caller_passes "invoice-app's identity with its key"
  expect 'application: 403' "another namespace, with a sidecar and the right token" "$STRANGER" "$HEALTH" -H "$(right_token)"
  expect 'application: 403' "another account in invoice-app's namespace, the right token" "$NEIGHBOUR" "$HEALTH" -H "$(right_token)"
  expect 'application: 401' "plaintext with the right token: nobody vouches for the caller" "$PLAIN" "$HEALTH" -H "$(right_token)"
  expect 'application: 401' "the same, with a forged identity header" "$PLAIN" "$HEALTH" -H "$(right_token)" -H "$FORGED"
  expect 'application: 401' "the same, to the pod's own address" "$PLAIN" "$pod" -H "$(right_token)" -H "$FORGED"
  bad_tokens_are_refused 'application: 401' 'application: 401' 'application: 401' 'application: 401'
  events_application_alone
}

test_put_back() {
  part "all three layers again"
  stop_load >>"$TMP/log" 2>&1 || true
  put_back >>"$TMP/log" 2>&1
  expect 'network: time-out' "another namespace, with a sidecar" "$STRANGER" "$HEALTH" -H "$(right_token)"
  expect 'mesh: 403' "another account under invoice-app's label" "$IMPOSTOR" "$HEALTH" -H "$(right_token)"
  expect 'mesh: 403' "invoice-app's account without a token" "$CALLER" "$HEALTH"
  right_caller_passes "invoice-app's identity with its key"
}

no_proxy_rejected_its_configuration() {
  local rejected
  rejected=$(kubectl -n istio-system logs -l app=istiod --since-time "$BEGAN" --tail -1 | grep 'ACK ERROR' || true)
  echo "$rejected"
  [ -z "$rejected" ]
}

clean_up() {
  local status=$?
  trap - EXIT
  end_the_faults >>"$TMP/log" 2>&1 || echo "could not end the faults; run ./deploy.sh k8s $OVERLAY" >&2
  put_mutant_back >>"$TMP/log" 2>&1 || echo "could not put a policy back; run ./deploy.sh k8s $OVERLAY" >&2
  put_back >>"$TMP/log" 2>&1 || echo "could not put the policies back; run ./deploy.sh k8s $OVERLAY" >&2
  stop_forward
  stop_callers >>"$TMP/log" 2>&1 || true
  stop_trespasser >>"$TMP/log" 2>&1 || true
  stop_data_namespace >>"$TMP/log" 2>&1 || true
  forget_other_build >>"$TMP/log" 2>&1 || true
  stop_rbac >>"$TMP/log" 2>&1 || true
  rm -rf "$TMP"
  exit "$status"
}

begin() {
  BEGAN=$(date -u +%FT%TZ)
  TMP=$(mktemp -d)
  find_cluster
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  start_callers >>"$TMP/log" 2>&1 || {
    tail -n 20 "$TMP/log"
    fail "the callers start"
    finish
    exit 1
  }
  take_keys
  take_event_keys
}

mutants() {
  begin
  gateway_options
  test_mutants
  check "no proxy rejected its configuration" no_proxy_rejected_its_configuration
  finish
}

monitoring() {
  begin
  gateway_options
  KEY=()
  operator_key || true
  test_monitoring
  check "no proxy rejected its configuration" no_proxy_rejected_its_configuration
  test_alarms
  finish
}

rollouts() {
  begin
  gateway_options
  KEY=()
  operator_key || true
  test_rollouts
  finish
}

main() {
  begin
  test_builds
  test_layers_are_live
  test_running
  test_worker
  test_rbac
  test_admission
  test_team
  test_platform
  test_payment
  test_scenario
  test_outside
  test_full_stack
  events_full_stack
  test_monitoring
  test_without_network
  test_application_alone
  test_put_back
  test_rollouts
  check "no proxy rejected its configuration" no_proxy_rejected_its_configuration
  test_alarms
  finish
}

case ${1:-} in
-h | --help) usage ;;
mutants) mutants ;;
monitoring | rollouts) "$1" ;;
'') main ;;
*) usage >&2 && exit 2 ;;
esac

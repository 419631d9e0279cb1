# shellcheck shell=bash
# The worker: what its pods are, whom they reach, and that nobody reaches them.

worker() { # FIELD of its first running pod
  kubectl -n antaeus get pods -l 'app.kubernetes.io/name=invoice-app-worker,antaeus.dev/test!=caller' \
    --field-selector status.phase=Running -o "jsonpath={.items[0].$1}"
}

# --- what it is

runs_as_invoice_app() {
  local account args
  account=$(kubectl -n antaeus get deployment invoice-app-worker -o 'jsonpath={.spec.template.spec.serviceAccountName}')
  args=$(kubectl -n antaeus get deployment invoice-app-worker -o 'jsonpath={.spec.template.spec.containers[0].args[*]}')
  echo "account $account, args $args"
  [ "$account $args" = "invoice-app worker" ]
}

same_image_as_invoice_app() {
  local of='jsonpath={.spec.template.spec.containers[0].image}'
  diff <(kubectl -n antaeus get deployment invoice-app -o "$of") <(kubectl -n antaeus get deployment invoice-app-worker -o "$of")
}

# The addresses behind all Services of the namespace: invoice-app's pods are among them, or the question was no good.
no_service_leads_to_it() {
  local behind pod
  behind=" $(kubectl -n antaeus get endpointslices -o 'jsonpath={.items[*].endpoints[*].addresses[*]}') "
  echo "behind the Services:$behind"
  [[ $behind == *" $(app_pod) "* ]] || return 1
  for pod in $(kubectl -n antaeus get pods -l app.kubernetes.io/name=invoice-app-worker -o 'jsonpath={.items[*].status.podIP}'); do
    [[ $behind != *" $pod "* ]] || { echo "$pod is a worker" && return 1; }
  done
}

# By the pod's own loopback, past its sidecar and all policies: only a missing listener can refuse.
from_inside() { # PORT PATH: the HTTP status, `nobody listens`, or nothing when it could not be found out
  local forward port status said=$TMP/forward
  : >"$said"
  kubectl -n antaeus port-forward "pod/$(worker metadata.name)" ":$1" >"$said" 2>&1 &
  forward=$!
  if eventually 10 grep -q '^Forwarding from 127' "$said"; then
    port=$(sed -n 's/^Forwarding from 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$said")
    status=$(curl --silent --noproxy '*' --max-time 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port$2") || true
    if [ "$status" != 000 ]; then
      echo "$status"
    elif eventually 5 grep -qi 'connection refused' "$said"; then
      echo "nobody listens"
    fi
  fi
  kill "$forward" 2>/dev/null || true
}

says_from_inside() { # EXPECTED PORT PATH
  local answer
  answer=$(from_inside "$2" "$3")
  [ "$answer" = "$1" ] || { echo "expected: $1, got: ${answer:-nothing}" && cat "$TMP/forward" && return 1; }
}

test_worker() {
  part "the worker"
  check "its pods run invoice-app's image" same_image_as_invoice_app
  check "in the role worker, under invoice-app's account" runs_as_invoice_app
  check "its admin port answers /readyz" says_from_inside 200 9081 /readyz
  check "and /metrics" says_from_inside 200 9081 /metrics
  check "nobody listens on the business port" says_from_inside "nobody listens" 8081 /rest/health
  check "no Service leads to it" no_service_leads_to_it
}

# --- whom it reaches, and who reaches it

app_pod() {
  kubectl -n antaeus get pods -l 'app.kubernetes.io/name=invoice-app,antaeus.dev/test!=caller' \
    --field-selector status.phase=Running -o 'jsonpath={.items[0].status.podIP}'
}

worker_calls_as_invoice_app_does() {
  expect passed "the worker's label and invoice-app's identity with its key" "$WORKER" "$HEALTH" -H "$(right_token)"
  expect 'mesh: 403' "the same without a token" "$WORKER" "$HEALTH"
  expect 'mesh: 401' "the same with a token by another key" "$WORKER" "$HEALTH" -H "$(wrong_token)"
  expect 'mesh: 403' "the same with the key, a path that is not listed" "$WORKER" /payments/pay -H "$(right_token)"
  expect 'mesh: 403' "another account under the worker's label" "$WORKER_IMPOSTOR" "$HEALTH" -H "$(right_token)"
}

nobody_calls_the_worker() {
  local admin business
  admin=http://$(worker status.podIP):9081/metrics
  business=http://$(worker status.podIP):8081/rest/health
  expect 'network: time-out' "another namespace, with a sidecar, to the worker's admin port" "$STRANGER" "$admin"
  expect 'network: time-out' "another namespace, plaintext, to the worker's admin port" "$PLAIN" "$admin"
  # The gateway's label opens invoice-app's business port (where the mesh refuses what is no gateway), and no other.
  expect 'mesh: reset' "a pod under the gateway's label, plaintext, to invoice-app's business port" \
    "$GATEWAY_TWIN" "http://$(app_pod):8081/rest/health"
  expect 'network: time-out' "the same to invoice-app's admin port" "$GATEWAY_TWIN" "http://$(app_pod):9081/metrics"
  expect 'network: time-out' "the same to the worker's admin port" "$GATEWAY_TWIN" "$admin"
  expect 'network: time-out' "the same to the port where the worker would have its business port" "$GATEWAY_TWIN" "$business"
}

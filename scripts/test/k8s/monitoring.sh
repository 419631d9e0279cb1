# shellcheck shell=bash
# What watches the services: it sees all of them through the policies, and nobody but it sees anything.

COLLECTOR=http://otel-collector.monitoring.svc.cluster.local:4318
SPAN='{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"test","kind":1,"startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}'
# Who is scraped.
WATCHED=(antaeus/invoice-app antaeus/invoice-app-worker payments/payment-provider commerce/users commerce/orders
  commerce/notifications monitoring/otel-collector monitoring/prometheus)

# --- asking Prometheus: by a forwarded port, which passes the policies by, as an operator does it

monitoring_pod() { # NAME FIELD
  kubectl -n monitoring get pods -l "app.kubernetes.io/name=$1" --field-selector status.phase=Running -o "jsonpath={.items[0].$2}"
}

start_forward() {
  : >"$TMP/prometheus.forward"
  kubectl -n monitoring port-forward "pod/$(monitoring_pod prometheus metadata.name)" :9090 >"$TMP/prometheus.forward" 2>&1 &
  FORWARD=$!
  eventually 15 grep -q '^Forwarding from 127' "$TMP/prometheus.forward" || return 1
  PROMETHEUS=http://127.0.0.1:$(sed -n 's/^Forwarding from 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$TMP/prometheus.forward")
}

stop_forward() {
  [ -z "${FORWARD:-}" ] || kill "$FORWARD" 2>/dev/null || true
  FORWARD=
}

# The number that a query of one series has, without its decimals; 0 where there is no series.
value() { # PROMQL
  local number
  number=$(curl --silent --noproxy '*' --max-time 10 --get --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query" |
    sed -nE 's/.*"value":\[[0-9.]+,"(-?[0-9]+)[0-9.e+]*"\].*/\1/p')
  echo "${number:-0}"
}

is_more() { [ "$(value "$1")" -gt "$2" ]; } # PROMQL NUMBER

# --- what it sees

pods_of() { # NAMESPACE/NAME: how many there are, but for a test's own
  kubectl -n "${1%/*}" get pods -l "app.kubernetes.io/name=${1#*/},antaeus.dev/test!=caller" --field-selector status.phase=Running \
    -o name | wc -l
}

# As many as there are, and each of them up.
sees() { # NAMESPACE/NAME
  local of="up{job=\"antaeus\",namespace=\"${1%/*}\",service=\"${1#*/}\"}" there
  there=$(pods_of "$1")
  echo "$1: $there pods, $(value "count($of)") found, $(value "sum($of)") up"
  [ "$there" -gt 0 ] && [ "$(value "count($of)")" = "$there" ] && [ "$(value "sum($of)")" = "$there" ]
}

sees_nothing_else() {
  local watched all=0
  for watched in "${WATCHED[@]}"; do all=$((all + $(pods_of "$watched"))); done
  echo "$all pods, $(value 'count(up)') targets"
  [ "$(value 'count(up)')" = "$all" ]
}

# The service's own, which the sidecar hands on, and not the sidecar's alone.
has_metrics_of() { # NAMESPACE/NAME
  is_more "count({namespace=\"${1%/*}\",service=\"${1#*/}\",instance!=\"\",__name__!~\"(envoy|istio|scrape)_.*|up\"})" 0
}

counts_a_refusal() {
  local denied='sum(envoy_http_rbac{job="antaeus",service="payment-provider",authz_enforce_result="denied"})' before
  before=$(value "$denied")
  call "$IMPOSTOR" "$HEALTH" -H "$(right_token)"
  echo "denied before: $before"
  eventually 60 is_more "$denied" "$before"
}

ACCEPTED='sum(otelcol_receiver_accepted_spans)'

# One trace in ten is kept, so it takes some payments.
a_payment_leaves_spans() {
  local before n
  before=$(value "$ACCEPTED")
  for n in $(seq 60); do status_of "/v1/invoices?limit=$n" "${KEY[@]}" >/dev/null; done
  status_of /invoices/pay -X POST "${KEY[@]}" >/dev/null
  echo "accepted before: $before"
  eventually 60 is_more "$ACCEPTED" "$before"
}

a_span_of_ours_is_counted() {
  local before
  before=$(value "$ACCEPTED")
  eventually 30 collector_takes_it
  eventually 60 is_more "$ACCEPTED" "$before"
}

collector_takes_it() {
  local answer
  answer=$(call "$CALLER" "$COLLECTOR/v1/traces" -X POST -H 'Content-Type: application/json' -d "$SPAN")
  echo "$answer"
  [ "$answer" = 'status=200 body={"partialSuccess":{}}' ]
}

# Those of panels and rules that have no data without a mesh, and so are not asked on a laptop.
mesh_queries_are_answered() {
  (cd "$ROOT" && cargo run --quiet --locked -p dashboards -- queries --json) >"$TMP/queries.json" &&
    python3 "$HERE/k8s/mesh_queries.py" "$PROMETHEUS" <"$TMP/queries.json"
}

# --- who else sees anything

answer_is() { # EXPECTED KUBECTL-ARGUMENT...: of `kubectl auth can-i`, as Prometheus' account
  local answer
  answer=$(kubectl auth can-i "${@:2}" --as system:serviceaccount:monitoring:prometheus 2>/dev/null) || true
  echo "$answer"
  [ "$answer" = "$1" ]
}

may_list_pods_and_nothing_else() {
  local namespace
  for namespace in antaeus payments commerce monitoring; do
    answer_is yes list pods -n "$namespace" && answer_is no list secrets -n "$namespace" && answer_is no create pods -n "$namespace" &&
      answer_is no get pods --subresource=log -n "$namespace" && answer_is no list configmaps -n "$namespace" || return 1
  done
  answer_is no list pods -n kube-system && answer_is no list pods --all-namespaces && answer_is no list nodes
}

strangers_see_nothing() {
  local provider invoices prometheus
  provider=http://$(provider_pod):15020/stats/prometheus
  invoices=http://$(app_pod):15020/stats/prometheus
  prometheus="http://$(monitoring_pod prometheus status.podIP):9090/api/v1/query?query=up"
  expect 'network: time-out' "another namespace, to the provider's metrics" "$PLAIN" "$provider"
  expect 'network: time-out' "the same to Envoy's own port" "$PLAIN" "${provider/15020/15090}"
  expect 'network: time-out' "another namespace, with a sidecar, to the provider's metrics" "$STRANGER" "$provider"
  expect 'network: time-out' "invoice-app's label and account, to the provider's metrics" "$BARE" "$provider"
  expect 'network: time-out' "the gateway's label, to invoice-app's metrics" "$GATEWAY_TWIN" "$invoices"
  expect 'network: time-out' "another namespace, to Prometheus" "$PLAIN" "$prometheus"
  expect 'network: time-out' "invoice-app's label and account, to Prometheus" "$BARE" "$prometheus"
  expect 'network: time-out' "the gateway's label, to Prometheus" "$GATEWAY_TWIN" "$prometheus"
  expect 'network: time-out' "another namespace, to the collector" "$STRANGER" "$COLLECTOR/v1/traces" -X POST -d "$SPAN"
  expect 'network: time-out' "the gateway's label, to the collector" "$GATEWAY_TWIN" \
    "http://$(monitoring_pod otel-collector status.podIP):4318/v1/traces" -X POST -d "$SPAN"
  expect 'mesh: 403' "another account under invoice-app's label, to the collector" "$IMPOSTOR" "$COLLECTOR/v1/traces" -X POST -d "$SPAN"
  expect 'mesh: reset' "invoice-app's account without a sidecar, to the collector" "$BARE" "$COLLECTOR/v1/traces" -X POST -d "$SPAN"
  expect 'mesh: 403' "invoice-app, to a path of the collector that is not listed" "$CALLER" "$COLLECTOR/v1/metrics" -X POST -d '{}'
}

# Called where the NetworkPolicies are gone.
monitoring_without_network() {
  monitoring_runs || return 0
  expect 'mesh: 403' "another namespace, with a sidecar, to the collector" "$STRANGER" "$COLLECTOR/v1/traces" -X POST -d "$SPAN"
  expect 'mesh: 403' "another namespace, with a sidecar, to Prometheus" "$STRANGER" \
    "http://prometheus.monitoring.svc.cluster.local:9090/api/v1/query?query=up"
  expect 'mesh: reset' "another namespace, plaintext, to Prometheus" "$PLAIN" "http://$(monitoring_pod prometheus status.podIP):9090/"
  # docs/adr/0210: before a sidecar's own port no layer stands but the one that is gone.
  check "the provider's metrics are open to all: only the network closes them" eventually 25 metrics_are_open
}

metrics_are_open() {
  local answer
  answer=$(call "$PLAIN" "http://$(provider_pod):15020/stats/prometheus")
  echo "${answer:0:200}"
  [[ $answer == 'status=200 body='* ]]
}

# --- a rule that is gone shows

# A connection that stands is not asked about again, so the pods are replaced: new ones are found, and not reached. That is
# also what a provider without sidecars looks like.
a_missing_rule_is_noticed() {
  snapshot NetworkPolicy payments payment-provider-from-prometheus >"$TMP/original.json"
  kubectl -n payments delete networkpolicy payment-provider-from-prometheus
  kubectl -n payments delete pods -l 'app.kubernetes.io/name=payment-provider,antaeus.dev/test!=caller'
  kubectl -n payments rollout status deployment/payment-provider --timeout=120s
  eventually 60 is_more 'count(up{service="payment-provider"} == 0)' 0 && ! sees payments/payment-provider
}

monitoring_runs() {
  [ "$(kubectl -n monitoring get deployment prometheus --ignore-not-found -o 'jsonpath={.status.readyReplicas}')" != "" ]
}

test_monitoring() {
  local watched
  part "what watches the services"
  if ! monitoring_runs; then
    skip "monitoring: nothing of it runs here, for deploy.sh found no image of it"
    return
  fi
  check "two Prometheus are ready, each with its sidecar" all_ready monitoring prometheus 2
  check "two collectors are ready, each with its sidecar" all_ready monitoring otel-collector 2
  if ! start_forward; then
    fail "Prometheus can be asked" "$(cat "$TMP/prometheus.forward")"
    return
  fi
  for watched in "${WATCHED[@]}"; do
    check "Prometheus sees each pod of $watched" eventually 60 sees "$watched"
    check "and has its metrics" eventually 30 has_metrics_of "$watched"
  done
  check "and sees nothing else" eventually 30 sees_nothing_else
  check "its account may list pods of four namespaces, and nothing else" may_list_pods_and_nothing_else
  check "a call that the mesh refuses is counted" counts_a_refusal
  check "RefusedByMesh is raised" eventually 60 alert_is_raised RefusedByMesh
  right_caller_passes "a call that the mesh lets through, to be counted as well"
  if command -v cargo >/dev/null && command -v python3 >/dev/null; then
    check "every query of the mesh's metrics in dashboards and rules is answered" mesh_queries_are_answered
  else
    skip "the queries of the mesh's metrics: cargo or python3 is not here"
  fi
  check "a span of invoice-app's identity reaches the collector, and is counted" a_span_of_ours_is_counted
  check "payments leave spans with the collector" a_payment_leaves_spans
  strangers_see_nothing
  check "without payments/payment-provider-from-prometheus its pods are missed" a_missing_rule_is_noticed
  check "MeshLayerMissing is raised" eventually 60 alert_is_raised MeshLayerMissing
  put_mutant_back >>"$TMP/log" 2>&1 || fail "the policy is put back" "$(tail -n 3 "$TMP/log")"
  check "and with it all are seen again" eventually 90 sees payments/payment-provider
  stop_forward
  not_live "Grafana: its image is in no package; rendered and judged as prod-with-all"
}

# shellcheck shell=bash
# What the mesh's alerts are for, brought about: each is seen to be pending by the Prometheus that runs, or fires already.

# Admission refuses what makes two of the faults, whoever asks; meanwhile it only notes it.
LOOKING_AWAY=(antaeus-mesh-extensions antaeus-sidecar)

admission_looks_away() { admission_acts '["Audit"]'; }
admission_looks_again() { admission_acts '["Deny", "Audit"]'; }

admission_acts() { # ACTIONS
  local name
  for name in "${LOOKING_AWAY[@]}"; do
    kubectl patch validatingadmissionpolicybinding "$name" --field-manager antaeus-deploy --type merge \
      -p "{\"spec\":{\"validationActions\":$1}}"
  done
}

alert_is_raised() { # NAME
  curl --silent --noproxy '*' --max-time 10 "$PROMETHEUS/api/v1/rules?type=alert" |
    grep -oE "\"state\":\"(pending|firing)\",\"name\":\"$1\"" | sed -n 1p | grep .
}

# --- the faults

# By the pod's own loopback, where no sidecar stands; more than a fifth of what came through them in ten minutes. Of a
# counter that is new nobody knows what it was before: it is looked at twice.
requests_go_past_the_mesh() {
  local allowed='sum(increase(envoy_http_rbac{authz_enforce_result="allowed",service="payment-provider"}[10m]))' forward
  : >"$TMP/past.forward"
  kubectl -n payments port-forward deployment/payment-provider :8082 >"$TMP/past.forward" 2>&1 &
  forward=$!
  eventually 15 grep -q '^Forwarding from 127' "$TMP/past.forward"
  call_past_the_mesh 1
  sleep 20
  call_past_the_mesh $(($(value "$allowed") / 2 + 300))
  kill "$forward"
}

call_past_the_mesh() { # TIMES
  curl --silent --noproxy '*' --max-time 60 --output /dev/null \
    "http://127.0.0.1:$(sed -n 's/^Forwarding from 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$TMP/past.forward")$HEALTH?[1-$1]"
}

# A filter that cannot be loaded: the sidecar says no, and keeps what it has.
BROKEN_FILTER='apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: antaeus-test, namespace: commerce}
spec:
  workloadSelector: {labels: {app.kubernetes.io/name: notifications}}
  configPatches:
    - applyTo: HTTP_FILTER
      match: {context: SIDECAR_INBOUND, listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}}
      patch:
        operation: INSERT_BEFORE
        value:
          name: antaeus-test
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
            default_source_code: {inline_string: "this is no Lua"}'

a_proxy_cannot_load_its_configuration() { eventually 10 kubectl apply -f - <<<"$BROKEN_FILTER"; }

# The mesh gives it one for three hours, and its alert is about four. Not the service of the broken filter: a sidecar that
# starts with one has no other configuration to keep.
a_certificate_is_short() { annotate_users '{"proxy.istio.io/config":"proxyMetadata: {SECRET_TTL: 3h}"}'; }

annotate_users() { # ANNOTATIONS
  eventually 10 kubectl -n commerce patch deployment users --field-manager antaeus-test --type merge \
    -p "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":$1}}}}" &&
    kubectl -n commerce rollout status deployment/users --timeout=120s
}

# Also when the test is stopped in between.
end_the_faults() {
  [ -e "$TMP/faults" ] || return 0
  kubectl -n commerce delete envoyfilter antaeus-test --ignore-not-found
  annotate_users '{"proxy.istio.io/config":null}'
  admission_looks_again
  rm "$TMP/faults"
}

# The mesh's other two alerts are seen in test_monitoring. Last, for here a proxy is made to reject its configuration.
test_alarms() {
  monitoring_runs || return 0
  part "what the mesh's alerts are for"
  if ! start_forward; then
    fail "Prometheus can be asked" "$(cat "$TMP/prometheus.forward")"
    return
  fi
  touch "$TMP/faults"
  check "admission looks away" admission_looks_away
  check "calls go past a sidecar of the provider's" requests_go_past_the_mesh
  check "a sidecar is told to load what it cannot" a_proxy_cannot_load_its_configuration
  check "a certificate of the mesh's is short" a_certificate_is_short
  check "RequestsPastTheMesh is raised" eventually 60 alert_is_raised RequestsPastTheMesh
  check "ConfigurationRejected is raised" eventually 60 alert_is_raised ConfigurationRejected
  check "MeshCertificateEndsSoon is raised" eventually 60 alert_is_raised MeshCertificateEndsSoon
  check "the faults end" end_the_faults
  stop_forward
}

# shellcheck shell=bash disable=SC2034
# Who calls the provider in these tests, and with which token.

STRANGER=antaeus-test-mesh/stranger    # another namespace, in the mesh
PLAIN=antaeus-test-plain/plain         # another namespace, outside the mesh
NEIGHBOUR=antaeus/test-neighbour       # invoice-app's namespace, another account and name
IMPOSTOR=antaeus/test-impostor         # invoice-app's label (so the network lets it pass), another account
BARE=antaeus/test-bare                 # invoice-app's label and account, and no sidecar
CALLER=antaeus/test-caller             # invoice-app's label, account and sidecar: all but the key
WORKER=antaeus/test-worker             # the same under the worker's label
WORKER_IMPOSTOR=antaeus/test-worker-impostor # the worker's label, another account
BARE_WORKER=antaeus/test-bare-worker   # the worker's label and account, and no sidecar
GATEWAY_TWIN=                          # the gateway's namespace and label; known when the gateway is found

start_callers() {
  local image namespace
  image=$(deployed_image)
  find_gateway || return 1
  GATEWAY_TWIN=$GATEWAY_NAMESPACE/test-gateway
  # An earlier run's may still be going away, and would take the new pods along.
  eventually 120 no_namespace_is_going
  kubectl apply -f "$HERE/k8s/namespaces.yaml"
  for namespace in antaeus antaeus-test-mesh antaeus-test-plain; do
    kubectl -n "$namespace" create serviceaccount test-stranger --dry-run=client -o yaml | kubectl apply -f -
  done
  {
    caller "$STRANGER" test-stranger stranger true
    caller "$PLAIN" test-stranger plain false
    caller "$NEIGHBOUR" test-stranger neighbour true
    caller "$IMPOSTOR" test-stranger invoice-app true
    caller "$BARE" invoice-app invoice-app false
    caller "$CALLER" invoice-app invoice-app true
    caller "$WORKER" invoice-app invoice-app-worker true
    caller "$WORKER_IMPOSTOR" test-stranger invoice-app-worker true
    caller "$BARE_WORKER" invoice-app invoice-app-worker false
    caller "$GATEWAY_TWIN" default test-gateway false
  } | sed "s|IMAGE|$image|" | kubectl apply -f -
  # Not one of its Service's pods: it is never ready, like all callers.
  kubectl -n "$GATEWAY_NAMESPACE" label pod "${GATEWAY_TWIN#*/}" istio=ingressgateway --overwrite
  for namespace in antaeus antaeus-test-mesh antaeus-test-plain "$GATEWAY_NAMESPACE"; do
    kubectl -n "$namespace" wait --for=condition=ContainersReady pod -l antaeus.dev/test=caller --timeout=90s
  done
}

no_namespace_is_going() {
  ! kubectl get namespaces antaeus-test-mesh antaeus-test-plain --ignore-not-found | grep Terminating
}

caller() { # NAMESPACE/POD ACCOUNT NAME INJECT
  echo ---
  sed -e "s|NAMESPACE|${1%/*}|" -e "s|POD|${1#*/}|" -e "s|ACCOUNT|$2|" -e "s|NAME|$3|" -e "s|INJECT|$4|" "$HERE/k8s/caller.yaml"
}

# The tool's image travels with the services': the one that was built for this deployment.
deployed_image() { image_reference antaeusctl; }

stop_callers() {
  [ -z "$GATEWAY_TWIN" ] || kubectl -n "${GATEWAY_TWIN%/*}" delete pod "${GATEWAY_TWIN#*/}" --ignore-not-found --wait=false
  kubectl -n antaeus delete pod -l antaeus.dev/test=caller --ignore-not-found --wait=false
  kubectl -n antaeus delete serviceaccount test-stranger --ignore-not-found
  kubectl delete namespace antaeus-test-mesh antaeus-test-plain --ignore-not-found --wait=false
}

# --- tokens, signed here with openssl: an independent second hand at the same format

base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }

charge_token() { # KEY-FILE METHOD PATH [KEY-FILE-WHOSE-NAME-IT-BEARS]
  local now header claims
  now=$(date +%s)
  header=$(printf '{"alg":"EdDSA","typ":"charge+jwt","kid":"%s"}' "$(key_id "${4:-$1}")" | base64url)
  claims=$(printf '{"iss":"invoice-app.antaeus","sub":"spiffe://cluster.local/ns/antaeus/sa/invoice-app","aud":"payment-provider","iat":%s,"nbf":%s,"exp":%s,"jti":"%s","htm":"%s","htu":"%s","bdh":"%s"}' \
    "$now" "$now" $((now + 110)) "$(openssl rand -hex 16)" "$2" "$3" \
    "$(printf '' | openssl dgst -sha256 -binary | base64url)" | base64url)
  printf '%s.%s' "$header" "$claims" >"$TMP/signed"
  printf '%s.%s.%s' "$header" "$claims" "$(openssl pkeyutl -sign -rawin -inkey "$1" -in "$TMP/signed" | base64url)"
}

# RFC 7638: a key is named by the hash of its public half.
key_id() { # KEY-FILE
  local x
  x=$(openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | base64url)
  printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | openssl dgst -sha256 -binary | base64url
}

take_keys() {
  local secret
  secret=$(kubectl -n antaeus get deployment invoice-app \
    -o 'jsonpath={.spec.template.spec.volumes[?(@.name=="charge-key")].secret.secretName}')
  (umask 077 && kubectl -n antaeus get secret "$secret" -o 'jsonpath={.data.private\.pem}' | base64 -d >"$TMP/right.pem")
  openssl genpkey -algorithm ed25519 -out "$TMP/wrong.pem" 2>/dev/null
  [ -s "$TMP/right.pem" ]
}

right_token() { printf 'Authorization: Bearer %s' "$(charge_token "$TMP/right.pem" GET /pp/rest/health)"; }
wrong_token() { printf 'Authorization: Bearer %s' "$(charge_token "$TMP/wrong.pem" GET /pp/rest/health)"; }
forged_token() { printf 'Authorization: Bearer %s' "$(charge_token "$TMP/wrong.pem" GET /pp/rest/health "$TMP/right.pem")"; }

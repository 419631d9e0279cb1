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
  for namespace in antaeus commerce antaeus-test-mesh antaeus-test-plain; do
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
    event_callers
  } | sed "s|IMAGE|$image|" | kubectl apply -f -
  # Not one of its Service's pods: it is never ready, like all callers.
  kubectl -n "$GATEWAY_NAMESPACE" label pod "${GATEWAY_TWIN#*/}" istio=ingressgateway --overwrite
  for namespace in antaeus commerce antaeus-test-mesh antaeus-test-plain "$GATEWAY_NAMESPACE"; do
    kubectl -n "$namespace" wait --for=condition=ContainersReady pod -l antaeus.dev/test=caller --timeout=90s
  done
}

no_namespace_is_going() {
  ! kubectl get namespaces antaeus-test-mesh antaeus-test-plain antaeus-data --ignore-not-found | grep Terminating
}

caller() { # NAMESPACE/POD ACCOUNT NAME INJECT
  echo ---
  sed -e "s|NAMESPACE|${1%/*}|" -e "s|POD|${1#*/}|" -e "s|ACCOUNT|$2|" -e "s|NAME|$3|" -e "s|INJECT|$4|" "$HERE/k8s/caller.yaml"
}

# The tool's image travels with the services': the one that was built for this deployment.
deployed_image() { image_reference antaeusctl; }

stop_callers() {
  [ -z "$GATEWAY_TWIN" ] || kubectl -n "${GATEWAY_TWIN%/*}" delete pod "${GATEWAY_TWIN#*/}" --ignore-not-found --wait=false
  local namespace
  for namespace in antaeus commerce; do
    kubectl -n "$namespace" delete pod -l antaeus.dev/test=caller --ignore-not-found --wait=false
    kubectl -n "$namespace" delete serviceaccount test-stranger --ignore-not-found
  done
  kubectl delete namespace antaeus-test-mesh antaeus-test-plain --ignore-not-found --wait=false
}

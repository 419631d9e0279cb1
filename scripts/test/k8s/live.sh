# shellcheck shell=bash
# The live policies against the rendered ones, both ways: each is there as it was written, and there is no other.

# An object that is gone, or was changed by hand, shows as a difference that names it.
layer_is_live() { # COMPONENT
  server_side diff -l "app.kubernetes.io/component=$1" -f "$K8S_STATE/$OVERLAY/rendered.yaml"
}

# --- and no other: policies add up, so that one more may open what all the others close

OURS='antaeus payments commerce monitoring antaeus-data'
NETWORK_KINDS=(networkpolicies.networking.k8s.io)
# What a proxy lets in, and what a proxy is.
MESH_KINDS=({authorizationpolicies,peerauthentications,requestauthentications}.security.istio.io
  {destinationrules,envoyfilters,sidecars}.networking.istio.io wasmplugins.extensions.istio.io)
# What leads to our pods, and whether it is written down.
ROUTE_KINDS=({gateways,serviceentries,virtualservices}.networking.istio.io telemetries.telemetry.istio.io)

# What the mesh's root namespace says holds for ours too. Left to the cluster there:
#   NetworkPolicies, Gateways, routes: they are about its own pods
#   Telemetry: it lets nobody in
#   PeerAuthentication default, by name: whether others must encrypt; ours say STRICT themselves, which counts first
ROOT_NAMESPACE=istio-system
THE_CLUSTERS_OWN="PeerAuthentication $ROOT_NAMESPACE default"

nothing_is_added() { # NAMESPACES RESOURCE...
  local added
  added=$(comm -23 <(live_objects "$@" | sort) \
    <({ objects_in "$K8S_STATE/$OVERLAY/rendered.yaml" && echo "$THE_CLUSTERS_OWN"; } | sort))
  [ -n "$added" ] || return 0
  echo "live and not rendered (kind, namespace, name); delete it, or write it down in policies/ or istio/:"
  echo "$added"
  return 1
}

# As objects_in says it of a file.
live_objects() { # NAMESPACES RESOURCE...
  local namespace resources
  resources=$(IFS=, && echo "${*:2}")
  for namespace in $1; do
    kubectl -n "$namespace" get "$resources" \
      -o 'jsonpath={range .items[*]}{.kind} {.metadata.namespace} {.metadata.name}{"\n"}{end}' ||
      echo "what there is in $namespace could not be read"
  done
}

test_layers_are_live() {
  part "every policy is live, as it was rendered"
  if [ ! -e "$K8S_STATE/$OVERLAY/rendered.yaml" ]; then
    skip "the live policies against the rendered ones: this clone did not make what is deployed"
    return
  fi
  check "network: namespaces, quotas and NetworkPolicies" layer_is_live isolation
  check "network: no NetworkPolicy beside the rendered ones" nothing_is_added "$OURS" "${NETWORK_KINDS[@]}"
  check "mesh: STRICT, AuthorizationPolicies, the charge key, routes" layer_is_live mesh
  check "mesh: no policy and no route beside the rendered ones" nothing_is_added "$OURS" "${MESH_KINDS[@]}" "${ROUTE_KINDS[@]}"
  check "mesh: none in $ROOT_NAMESPACE that holds for our namespaces too" nothing_is_added "$ROOT_NAMESPACE" "${MESH_KINDS[@]}"
  check "access: Roles and their bindings" layer_is_live access
  check "admission: ValidatingAdmissionPolicies and their bindings" layer_is_live admission
  not_live "a managed mesh CA and its rotation: istiod signs here (README.md, what is still needed for production)"
  not_live "Secrets from outside: docs/gitops/platform/secrets is held against its schemas only"
  not_live "spread over zones: this cluster has $(kubectl get nodes -o name | wc -l) node; rendered for every Deployment"
  not_live "the audit policy: policies/audit-policy.yaml takes a flag of the API server"
  not_live "an egress gateway: nothing but the database and, for Prometheus, the API server lie outside, and the network layer lets nothing else out"
}

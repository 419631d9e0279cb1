# shellcheck shell=bash
# istiod puts the sidecar into each new pod. While it is away no pod is made, and all that shows of it is a Job that
# does not end or a rollout that does not go on.

# One pod of it is enough; `rollout status` waits for all, and succeeds where there is no istiod.
istiod_is_available() {
  local available
  available=$(kubectl get deployments --all-namespaces -l app=istiod -o 'jsonpath={.items[*].status.availableReplicas}')
  [[ $available == *[1-9]* ]]
}

wait_for_istiod() {
  if [ -n "$TEAM" ]; then
    say "      not looked at: whether istiod is available, without which no pod is made, is for the platform to see"
    return
  fi
  eventually 120 istiod_is_available || die_without_istiod
}

die_without_istiod() {
  say "      istiod's pods:"
  istiod_pods | tail -n 10 | sed 's/^/      | /' >&3 || true
  say "      the nodes, with the conditions that hold:"
  node_states | sed 's/^/      | /' >&3 || true
  die "istiod is not available, and without it no pod is made; more:  kubectl -n istio-system describe pods -l app=istiod"
}

# A pod that was evicted says so as its reason, one that does not start in its container, one without a place in its
# condition.
istiod_pods() {
  local said='{.status.phase} {.status.reason} {.status.containerStatuses[*].state.waiting.reason} {.status.message}'
  said+=' {.status.conditions[?(@.type=="PodScheduled")].message}'
  kubectl get pods --all-namespaces -l app=istiod --sort-by .metadata.creationTimestamp \
    -o "jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} $said{\"\\n\"}{end}" | tr -s ' '
}

# shellcheck shell=bash
# Applies the rendered overlay in order and undoes a rollout that fails.

# A team's deployment has only its own (team.sh).
DEPLOYMENTS=(payments/payment-provider antaeus/invoice-app antaeus/invoice-app-worker commerce/users commerce/orders commerce/notifications)
MIGRATIONS=(antaeus/invoice-app-migrate payments/payment-provider-migrate commerce/users-migrate commerce/orders-migrate commerce/notifications-migrate)
NAMESPACES=(antaeus payments commerce monitoring)
OLD_CONFIGURATION=secrets,configmaps

# Objects carry the label app.kubernetes.io/component: isolation, access, admission, mesh, configuration, database,
# migration, service, monitoring, seed.
apply_component() { # COMPONENT
  server_side apply -l "app.kubernetes.io/component=$1" -f "$LOCAL/rendered.yaml"
}

# Refusing everything comes before the first pod: there is no moment without the policies.
apply_policies() {
  apply_component isolation
  apply_guards
  apply_component mesh
  remove_strangers NetworkPolicy AuthorizationPolicy PeerAuthentication RequestAuthentication ServiceEntry VirtualService Gateway
  [ "$OVERLAY" = dev ] || gateway_certificate
}

# What an earlier version or another overlay left behind could allow what this one does not.
remove_strangers() { # KIND...
  local kind namespace name
  for kind; do
    while read -r namespace name; do
      # Cluster-wide objects have no namespace: their line has one word.
      [ -n "$name" ] || { name=$namespace namespace=-; }
      [ -n "$name" ] || continue
      grep -qx "$kind $namespace $name" <<<"$(objects_in "$LOCAL/rendered.yaml")" ||
        kubectl -n "$namespace" delete "$kind" "$name"
    done < <(kubectl get "$kind" --all-namespaces -l app.kubernetes.io/part-of=antaeus \
      -o 'jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name}{"\n"}{end}')
  done
}

gateway_certificate() {
  if [ -n "$(kubectl -n "$GATEWAY_NAMESPACE" get secret antaeus-gateway --ignore-not-found -o name)" ]; then
    return
  fi
  "$ROOT/scripts/k8s/certificate.sh" "$LOCAL/gateway" "$GATEWAY_HOST"
  kubectl -n "$GATEWAY_NAMESPACE" create secret tls antaeus-gateway \
    --cert "$LOCAL/gateway/tls.crt" --key "$LOCAL/gateway/tls.key"
  kubectl -n "$GATEWAY_NAMESPACE" label secret antaeus-gateway app.kubernetes.io/part-of=antaeus
  say "      no certificate $GATEWAY_NAMESPACE/antaeus-gateway was there: made one for $GATEWAY_HOST (CA: ${LOCAL#"$ROOT/"}/gateway/ca.crt)"
}

migrate() {
  apply_component configuration
  if [ "$DATABASE" = postgres ]; then
    apply_component database
    kubectl -n antaeus-data rollout status statefulset/postgres --timeout=180s
  fi
  run_jobs migration "${MIGRATIONS[@]}"
}

run_jobs() { # COMPONENT NAMESPACE/JOB...
  local component=$1 job
  shift
  # A finished Job cannot be changed; both may run again without harm.
  for job; do kubectl -n "${job%/*}" delete job "${job#*/}" --ignore-not-found; done
  apply_component "$component"
  for job; do wait_for_job "${job%/*}" "${job#*/}"; done
}

wait_for_job() { # NAMESPACE JOB
  local state
  eventually 300 job_is_over "$1" "$2" || true
  state=$(job_state "$1" "$2") || true
  [ "$state" = Complete ] && return
  kubectl -n "$1" get pods -l "batch.kubernetes.io/job-name=$2" -o wide || true
  kubectl -n "$1" get events --field-selector "involvedObject.name=$2" | cut -c1-300 || true
  kubectl -n "$1" logs --all-containers --prefix --tail 20 "job/$2" || true
  die "the Job $1/$2 did not succeed (${state:-no end in sight}); its log is in the step's log"
}

job_state() { # NAMESPACE JOB
  kubectl -n "$1" get job "$2" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}' |
    grep -oE 'Complete|Failed' | sed -n 1p
}

job_is_over() { [ -n "$(job_state "$1" "$2")" ]; }

roll_out() {
  local deployment revision before=()
  for deployment in "${DEPLOYMENTS[@]}"; do
    before+=("$deployment $(revision "$deployment")")
  done
  apply_component service
  [ -n "$TEAM" ] || remove_strangers HorizontalPodAutoscaler
  for deployment in "${DEPLOYMENTS[@]}"; do
    rolled_out "$deployment" || undo "$deployment" "${before[@]}"
  done
  check_proxies
  forget_old_configuration
}

revision() { # NAMESPACE/DEPLOYMENT
  kubectl -n "${1%/*}" get deployment "${1#*/}" --ignore-not-found \
    -o 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}'
}

rolled_out() { # NAMESPACE/DEPLOYMENT
  local until=$((SECONDS + 240))
  begin_with_the_minimum "$1" || return 1
  until kubectl -n "${1%/*}" rollout status "deployment/${1#*/}" --timeout=10s; do
    if [ "$SECONDS" -ge "$until" ] || falls_over "$1"; then return 1; fi
  done
}

# A pod of the new version has fallen over three times: no need to wait for the deadline.
falls_over() { # NAMESPACE/DEPLOYMENT
  local namespace=${1%/*} name=${1#*/} newest restarts
  newest=$(kubectl -n "$namespace" get replicasets -l "app.kubernetes.io/name=$name" -o \
    'jsonpath={range .items[*]}{.metadata.annotations.deployment\.kubernetes\.io/revision} {.metadata.labels.pod-template-hash}{"\n"}{end}' |
    sort -n | awk 'END { print $2 }')
  restarts=$(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$name,pod-template-hash=$newest" \
    -o "jsonpath={.items[*].status.containerStatuses[?(@.name==\"$name\")].restartCount}")
  echo "restarts of the new pods: $restarts"
  [[ " $restarts " =~ \ [3-9]\  ]]
}

# Where an autoscaler owns the number of pods the manifest says none, and the API server makes that one. The number
# is given here by another field manager than the manifest's, so that no later deployment takes it back.
begin_with_the_minimum() { # NAMESPACE/DEPLOYMENT
  local least
  least=$(kubectl -n "${1%/*}" get horizontalpodautoscaler "${1#*/}" --ignore-not-found -o 'jsonpath={.spec.minReplicas}')
  [ "$(kubectl -n "${1%/*}" get deployment "${1#*/}" -o 'jsonpath={.spec.replicas}')" -ge "${least:-1}" ] ||
    kubectl -n "${1%/*}" patch deployment "${1#*/}" --field-manager antaeus-first-pods --patch "{\"spec\": {\"replicas\": $least}}"
}

# All go back, for they were tested together; their old configuration is still there.
undo() { # FAILED-DEPLOYMENT "DEPLOYMENT REVISION"...
  local failed=$1 entry deployment revision
  shift
  say "      the rollout of $failed failed:"
  diagnose "$failed"
  for entry; do
    read -r deployment revision <<<"$entry"
    if [ -z "$revision" ] && [ -z "$TEAM" ] && [[ "$*" =~ \ [0-9] ]]; then
      kubectl -n "${deployment%/*}" delete deployment "${deployment#*/}"
      say "      $deployment is new with this version; it is taken away"
    elif [ -z "$revision" ]; then
      say "      $deployment has no earlier version to go back to; it is left as it is"
    elif [ "$(revision "$deployment")" != "$revision" ]; then
      kubectl -n "${deployment%/*}" rollout undo "deployment/${deployment#*/}" --to-revision "$revision"
      kubectl -n "${deployment%/*}" rollout status "deployment/${deployment#*/}" --timeout=180s
      say "      $deployment is back at revision $revision"
    fi
  done
  exit 1
}

# Of the pods that are not ready: why, and their last words.
diagnose() { # NAMESPACE/DEPLOYMENT
  local namespace=${1%/*} name=${1#*/} pod
  kubectl -n "$namespace" get events --sort-by .lastTimestamp | tail -n 15
  for pod in $(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$name" \
    -o 'jsonpath={range .items[?(@.status.containerStatuses[0].ready==false)]}{.metadata.name}{"\n"}{end}'); do
    say "      $pod: $(kubectl -n "$namespace" get pod "$pod" \
      -o 'jsonpath={..state.waiting.reason} {..lastState.terminated.reason} {..lastState.terminated.exitCode}')"
    { kubectl -n "$namespace" logs "$pod" -c "$name" --tail 3 ||
      kubectl -n "$namespace" logs "$pod" -c "$name" --tail 3 --previous; } 2>&1 | cut -c1-300 | sed 's/^/      | /' >&3 || true
  done
}

# A proxy that rejects a configuration keeps the old one and says so only to istiod.
check_proxies() {
  local rejected
  if [ -n "$TEAM" ]; then
    say "      not looked at: istiod's log, where a proxy's refusal would stand, is for the platform to read"
    return
  fi
  rejected=$(kubectl -n istio-system logs -l app=istiod --since-time "$BEGAN" --tail -1 | grep 'ACK ERROR' || true)
  [ -z "$rejected" ] || die "a proxy rejected its configuration: $rejected"
}

# Generated Secrets and ConfigMaps that neither this deployment nor a Deployment's history needs any more.
forget_old_configuration() {
  local namespace needed object
  for namespace in "${NAMESPACES[@]}"; do
    needed=$({
      kubectl -n "$namespace" get replicasets,jobs -o yaml | awk '/^ *(secretName|name): / { print $2 }'
      objects_in "$LOCAL/rendered.yaml" | cut -d' ' -f3
    } | sort -u)
    for object in $(kubectl -n "$namespace" get "$OLD_CONFIGURATION" -o name \
      -l app.kubernetes.io/part-of=antaeus,app.kubernetes.io/component=configuration); do
      grep -qx "${object#*/}" <<<"$needed" || kubectl -n "$namespace" delete "$object"
    done
  done
}

seed() {
  wait_for_istiod
  run_jobs seed antaeus/invoice-app-seed
  kubectl -n antaeus logs job/invoice-app-seed -c seed | sed 's/^/      /' | tail -n 3 >&3
}

delete_everything() {
  local kind namespace
  # First the bindings: what refuses must not stand in the way.
  for kind in validatingadmissionpolicybinding validatingadmissionpolicy clusterrolebinding clusterrole; do
    kubectl delete "$kind" -l app.kubernetes.io/part-of=antaeus --ignore-not-found
  done
  kubectl -n istio-system delete rolebinding,role -l app.kubernetes.io/part-of=antaeus --ignore-not-found
  for kind in deployment job; do
    for namespace in "${NAMESPACES[@]}"; do
      kubectl -n "$namespace" delete "$kind" --all --ignore-not-found --wait=false
    done
  done
  kubectl delete namespace "${NAMESPACES[@]}" antaeus-data antaeus-probe --ignore-not-found --timeout=180s
  kubectl delete priorityclass -l app.kubernetes.io/part-of=antaeus --ignore-not-found
  kubectl -n istio-system delete peerauthentication -l app.kubernetes.io/part-of=antaeus --ignore-not-found
  kubectl delete secret --all-namespaces -l app.kubernetes.io/part-of=antaeus --ignore-not-found 2>/dev/null ||
    kubectl -n "${GATEWAY_NAMESPACE:-istio-system}" delete secret -l app.kubernetes.io/part-of=antaeus --ignore-not-found
}

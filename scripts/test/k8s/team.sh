# shellcheck shell=bash
# The team billing ships invoice-app with its own certificate and no other rights, and takes it back.

# A team cannot ask which nodes there are, so how images get to them is said to it.
as_billing() { # COMMAND...
  local how context
  context=$(kubectl config current-context)
  how=$(choose_loader "$context")
  case $how in
  containerd\ *) local -x CONTAINERD_ADDRESS=${how#containerd } ;;
  minikube) local -x IMAGE_LOADER="for archive; do minikube -p $context image load \"\$archive\"; done; :" ;;
  esac
  KUBECONFIG=$TMP/billing.kubeconfig "$@"
}

# Another build of the same program: bytes behind an executable change its hash and nothing that it does.
another_build() {
  mkdir -p "$TMP/build"
  cp "$IMAGE_STATE/context/invoice-app" "$TMP/build/invoice-app"
  date +%s%N >>"$TMP/build/invoice-app"
  remember_this_build
}

remember_this_build() {
  cp "$IMAGE_STATE/context/invoice-app" "$TMP/binary"
  cp "$IMAGE_STATE/built" "$TMP/built"
}

# What was built last is what was deployed last again.
forget_other_build() {
  [ -e "$TMP/built" ] || return 0
  cmp -s "$TMP/built" "$IMAGE_STATE/built" || rm -f "$(image_line invoice-app | cut -d' ' -f3)"
  mv "$TMP/built" "$IMAGE_STATE/built"
  cp "$TMP/binary" "$IMAGE_STATE/context/invoice-app"
}

state_of() { # NAMESPACE DEPLOYMENT FIELD
  kubectl -n "$1" get deployment "$2" -o "jsonpath={$3}"
}

billing_ships() {
  PREBUILT_DIR=$TMP/build as_billing "$ROOT/deploy.sh" k8s --team billing
}

runs_what_was_shipped() {
  local image
  image=$(image_reference invoice-app)
  echo "built: $image; runs: $(state_of antaeus invoice-app '.spec.template.spec.containers[0].image')"
  [ "$image" != "$(awk '$1 == "invoice-app" { print $2 }' "$TMP/built")" ] &&
    [ "$(state_of antaeus invoice-app '.spec.template.spec.containers[0].image')" = "$image" ] &&
    [ "$(state_of antaeus invoice-app-worker '.spec.template.spec.containers[0].image')" = "$image" ]
}

the_rest_is_as_it_was() {
  diff <(echo "$1") <(not_billings)
}

# The other team's service, and what of this one is not the team's: its Secrets, its key sets, every policy.
not_billings() {
  state_of payments payment-provider '.metadata.generation}{"\n"}{.spec.template.spec.containers[0].image'
  state_of antaeus invoice-app '.spec.template.spec.volumes'
  kubectl get networkpolicies,authorizationpolicies,peerauthentications,requestauthentications,serviceaccounts,roles,rolebindings,secrets,resourcequotas \
    -n antaeus -o 'jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation} {.metadata.uid}{"\n"}{end}'
}

billing_takes_it_back() {
  local name
  for name in invoice-app invoice-app-worker; do
    as_billing kubectl -n antaeus rollout undo "deployment/$name"
  done
  for name in invoice-app invoice-app-worker; do
    as_billing kubectl -n antaeus rollout status "deployment/$name" --timeout=180s
  done
  forget_other_build
  [ "$(state_of antaeus invoice-app '.spec.template.spec.containers[0].image')" = "$(image_reference invoice-app)" ]
}

billing_ships_no_provider() {
  local said
  if said=$(as_billing "$ROOT/deploy.sh" k8s --team payments 2>&1); then return 1; fi
  echo "$said"
  grep -q 'may not roll out Deployments in payments' <<<"$said"
}

# The same build again: nothing is rolled, but everything is asked of the API server.
platform_deploys() {
  local name
  mkdir -p "$TMP/whole"
  for name in "${IMAGES[@]}"; do cp "$IMAGE_STATE/context/$name" "$TMP/whole/$name"; done
  KUBECONFIG=$TMP/platform.kubeconfig PREBUILT_DIR=$TMP/whole "$ROOT/deploy.sh" k8s "$OVERLAY" --data none
}

test_platform() {
  part "the platform deploys without being an administrator"
  if [ "$OVERLAY" = dev ]; then
    echo "        not asked on dev: its database in the cluster is an administrator's"
    return
  elif [ ! -x "$IMAGE_STATE/context/invoice-app" ] || [ ! -e "$K8S_STATE/$OVERLAY/kustomization.yaml" ]; then
    skip "the platform's deployment: this clone did not make what is deployed"
    return
  fi
  check "the cluster signs a certificate for a member of antaeus:platform" certificate_of platform
  check "to the API server its bearer is in that group" is_in_group platform
  check "./deploy.sh k8s $OVERLAY, by a certificate of antaeus:platform" platform_deploys
}

test_team() {
  local before
  part "a team ships its service, with its rights only"
  if [ ! -x "$IMAGE_STATE/context/invoice-app" ]; then
    skip "a team's rollout: invoice-app was not built on this machine"
    return
  fi
  check "the team billing cannot ship payment-provider" billing_ships_no_provider
  another_build
  before=$(not_billings)
  check "./deploy.sh k8s --team billing, by a certificate of antaeus:billing" billing_ships
  check "both Deployments run the new image" runs_what_was_shipped
  check "the other team's service, and the policies, Secrets and keys of this one, are as they were" the_rest_is_as_it_was "$before"
  check "kubectl rollout undo, by the same certificate" billing_takes_it_back
}

# shellcheck shell=bash
# Who may do what, and what the API server refuses: put up by an administrator, and only looked at by everybody else.

GUARDS=(ClusterRole ClusterRoleBinding Role RoleBinding ValidatingAdmissionPolicyBinding ValidatingAdmissionPolicy)

# Whoever may give away rights that they do not have is an administrator; the group antaeus:platform may not.
may_guard() { kubectl auth can-i escalate clusterroles.rbac.authorization.k8s.io -q; }

apply_guards() {
  if may_guard; then
    apply_component access
    apply_component admission
    remove_strangers "${GUARDS[@]}"
  else
    guards_are_there
  fi
}

guards_are_there() {
  local kind namespace name missing=()
  while read -r kind namespace name; do
    [[ " ${GUARDS[*]} " == *" $kind "* ]] || continue
    kubectl -n "$namespace" get "$kind" "$name" -o name >/dev/null || missing+=("$kind $name")
  done < <(objects_in "$LOCAL/rendered.yaml")
  [ ${#missing[@]} = 0 ] ||
    die "guards are missing (${missing[*]}), and this user may not put them up: an administrator runs ./deploy.sh k8s guards $OVERLAY"
  say "      the guards are there; this user may not change them, and whether they are of this version was not looked at"
}

# Without keys and a database: all that an administrator has to do before the platform can deploy by itself.
deploy_guards() { # OVERLAY
  OVERLAY=$1
  steps_begin 5 "$K8S_STATE/log" "./deploy.sh k8s guards $OVERLAY"
  step "is this cluster fit" preflight
  step "build the images" build_images
  step "load the images" load_images
  step "does it enforce NetworkPolicies" check_enforcement
  step "namespaces, Roles, admission policies" put_up_guards
}

put_up_guards() {
  may_guard || die "this user is no administrator: it may not make Roles that give more than it has"
  LOCAL=$K8S_STATE/guards
  mkdir -p "$LOCAL"
  write_guards_overlay >"$LOCAL/kustomization.yaml"
  kubectl kustomize "$LOCAL" >"$LOCAL/rendered.yaml"
  apply_component isolation
  # The mesh's own rules are for staging and prod; dev has none that are not a team's.
  [ "$OVERLAY" = dev ] || apply_component mesh
  apply_guards
  [ "$OVERLAY" = dev ] || gateway_certificate
}

write_guards_overlay() {
  cat <<END
# Written by deploy.sh k8s guards for this cluster.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../../policies
  - ../../../kustomize/components/monitoring/namespace
  - ../../../kustomize/components/monitoring/access
END
  [ "$OVERLAY" = dev ] || printf '  - ../../../%s\n' policies/production istio/mesh
  cat <<END
labels:
  - pairs:
      app.kubernetes.io/instance: $OVERLAY
patches:
END
  patch_gateway dev
  patch_admission
  patch_api_server
}

# --- in the local overlay

# Which images may run is the cluster's own: those of this deployment, and the mesh's sidecar as the gateway runs it.
patch_admission() {
  local registry=${IMAGE_REGISTRY:-localhost} proxy
  proxy=$(kubectl -n "$GATEWAY_NAMESPACE" get pods -l istio=ingressgateway \
    -o 'jsonpath={.items[0].spec.containers[?(@.name=="istio-proxy")].image}')
  proxy=${proxy%@*}
  [[ ${proxy##*/} != *:* ]] || proxy=${proxy%:*}
  cat <<END
  - target: {kind: ValidatingAdmissionPolicy, name: antaeus-images}
    patch: |-
      - op: replace
        path: /spec/variables/0/expression
        value: "['registry.example/antaeus/', '$registry/antaeus/']"
      - op: replace
        path: /spec/variables/1/expression
        value: "['$proxy']"
END
}

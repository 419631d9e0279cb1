# shellcheck shell=bash disable=SC2034
# Ships one team's services with that team's rights and no others: what the platform laid down (Secrets, public keys,
# accounts, policies, the database) stays as it is, and is named as the running Deployment names it.

# What a team owns: its namespace, its images, its Deployments.
team_is() { # TEAM
  TEAM=$1
  case $1 in
  billing) NAMESPACES=(antaeus) IMAGES=(invoice-app) DEPLOYMENTS=(antaeus/invoice-app antaeus/invoice-app-worker) ;;
  payments) NAMESPACES=(payments) IMAGES=(payment-provider) DEPLOYMENTS=(payments/payment-provider) ;;
  commerce) NAMESPACES=(commerce) IMAGES=(users orders notifications) DEPLOYMENTS=("${IMAGES[@]/#/commerce/}") ;;
  *) die "there is no team $1: billing, payments or commerce" ;;
  esac
  # A service's first Deployment bears its image's name.
  MIGRATIONS=("${IMAGES[@]/%/-migrate}")
  MIGRATIONS=("${MIGRATIONS[@]/#/${NAMESPACES[0]}/}")
  OLD_CONFIGURATION=configmaps
  # Whatever it is, it is the platform's.
  DATABASE=untouched
}

deploy_team() { # TEAM [OVERLAY]
  team_is "$1"
  steps_begin 5 "$K8S_STATE/log" "./deploy.sh k8s --team $1"
  step "may this user ship ${IMAGES[*]}, and where to" check_team "${2:-}"
  step "build the images" build_images
  step "load the images" load_images
  step "the team's overlay" team_overlay
  step "migrate, then roll out ${DEPLOYMENTS[*]}" migrate_and_roll_out
  say "${IMAGES[*]}: shipped, $SECONDS s."
}

check_team() { # [OVERLAY]
  local namespace=${NAMESPACES[0]} wanted=$1
  check_kubectl
  kubectl auth can-i patch deployments -n "$namespace" -q ||
    refused "this user may not roll out Deployments in $namespace" \
      "who may is a matter of groups: antaeus:$TEAM (policies/access/$namespace)"
  OVERLAY=$(overlay_in "$namespace")
  [ -n "$OVERLAY" ] || refused "nothing is deployed in $namespace" "the platform deploys first: ./deploy.sh k8s prod"
  [ -z "$wanted" ] || [ "$wanted" = "$OVERLAY" ] ||
    refused "$wanted is asked for, and $OVERLAY is deployed here" "use the context of the cluster that you mean"
  passed "$(kubectl auth whoami -o 'jsonpath={.status.userInfo.username}') may ship to $namespace ($OVERLAY)"
}

team_overlay() {
  LOCAL=$K8S_STATE/team-$TEAM
  mkdir -p "$LOCAL"
  write_team_overlay >"$LOCAL/kustomization.yaml"
  kubectl kustomize "$LOCAL" >"$LOCAL/rendered.yaml"
  say "      the team's overlay: ${LOCAL#"$ROOT/"} (rendered.yaml is what gets applied)"
}

write_team_overlay() {
  local deployment name mail=
  cat <<END
# Written by deploy.sh --team $TEAM for this cluster: these images, and the objects that the running pods use.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../../kustomize/teams/$TEAM/$OVERLAY
END
  # Which mail server is not the team's to say either.
  [ "$TEAM" != commerce ] || mail=$(mail_in_use)
  [ -z "$mail" ] || echo "components: [../../../kustomize/components/smtp]"
  echo "images:"
  for name in "${IMAGES[@]}"; do
    image "antaeus/$name" "$name"
    image "registry.example/antaeus/$name" "$name"
  done
  echo "patches:"
  patch_pull_policy
  [ -z "$mail" ] || patch_mail_server "$mail"
  for deployment in "${DEPLOYMENTS[@]}"; do
    patch_volumes apps/v1 Deployment "${deployment#*/}" "$(volumes_in_use "$deployment")"
  done
  for name in "${IMAGES[@]}"; do
    patch_volumes batch/v1 Job "$name-migrate" "$(volumes_in_use "${NAMESPACES[0]}/$name" | grep '^database ')"
  done
}

# `volume secret|configMap object` of what a Deployment runs with.
volumes_in_use() { # NAMESPACE/DEPLOYMENT
  kubectl -n "${1%/*}" get deployment "${1#*/}" --ignore-not-found -o \
    'jsonpath={range .spec.template.spec.volumes[*]}{.name} secret {.secret.secretName}{"\n"}{.name} configMap {.configMap.name}{"\n"}{end}' |
    awk 'NF == 3'
}

patch_volumes() { # API-VERSION KIND NAME VOLUMES
  local volume kind object key
  [ -n "$4" ] || return 0
  cat <<END
  - target: {kind: $2, name: $3}
    patch: |-
      apiVersion: $1
      kind: $2
      metadata: {name: $3}
      spec:
        template:
          spec:
            volumes:
END
  while read -r volume kind object; do
    key=name
    [ "$kind" = configMap ] || key=secretName
    echo "              - {name: $volume, $kind: {$key: $object}}"
  done <<<"$4"
}

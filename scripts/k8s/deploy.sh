#!/usr/bin/env bash
# Brings Antaeus onto the current kubectl context, or takes it away. Safe to run again.
set -euo pipefail
directory=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=scripts/k8s/lib.sh
. "$directory/lib.sh"
# shellcheck source=scripts/k8s/preflight.sh
. "$directory/preflight.sh"
# shellcheck source=scripts/k8s/images.sh
. "$directory/images.sh"
# shellcheck source=scripts/k8s/database.sh
. "$directory/database.sh"
# shellcheck source=scripts/k8s/mail.sh
. "$directory/mail.sh"
# shellcheck source=scripts/k8s/overlay.sh
. "$directory/overlay.sh"
# shellcheck source=scripts/k8s/istiod.sh
. "$directory/istiod.sh"
# shellcheck source=scripts/k8s/apply.sh
. "$directory/apply.sh"
# shellcheck source=scripts/k8s/guards.sh
. "$directory/guards.sh"
# shellcheck source=scripts/k8s/monitoring.sh
. "$directory/monitoring.sh"
# shellcheck source=scripts/k8s/team.sh
. "$directory/team.sh"
# shellcheck source=scripts/k8s/rotate.sh
. "$directory/rotate.sh"

usage() {
  cat <<'END'
usage: ./deploy.sh k8s [dev|staging|prod] [--data NAME]   default: dev
       ./deploy.sh k8s --team billing|payments|commerce [--overlay NAME]
                                     ship that team's services, with that team's rights only
       ./deploy.sh k8s guards [dev|staging|prod]
                                     only what needs an administrator: namespaces, Roles, admission policies;
                                     the group antaeus:platform can then do the rest
       ./deploy.sh k8s check         only look whether the cluster is fit
       ./deploy.sh k8s status        pods, and where invoice-app is reached
       ./deploy.sh k8s seed NAME     example data for what is deployed (demo, pleo, pleo-go, antaeus, large:N)
       ./deploy.sh k8s rotate charge|operator|event/SERVICE publish|switch|retire
                                     replace a key, a rollout per step; wait two minutes before retiring any but
                                     the operator's. SERVICE: invoice-app, users or orders
       ./deploy.sh k8s delete        take Antaeus off the cluster; keys and settings stay in .antaeus/k8s

dev      no API key, plain HTTP at the gateway, data set "demo" (--data none leaves it out)
staging  API keys, HTTPS
prod     the same, and an autoscaler

images    IMAGE_REGISTRY=HOST/PATH push there; otherwise they are loaded into kind, minikube, k3d or
          containerd (CONTAINERD_ADDRESS), or by IMAGE_LOADER, a command that takes archive files.
          IMAGE_BUILDER=docker|podman|buildah; PREBUILT_DIR holds static binaries to pack
database  a URL for each service (INVOICE_APP_DATABASE_URL, PAYMENT_PROVIDER_DATABASE_URL, USERS_DATABASE_URL,
          ORDERS_DATABASE_URL, NOTIFICATIONS_DATABASE_URL), or DATABASE_HOST=HOST[:PORT];
          DATABASE_CA_FILE (then sslmode=verify-full), DATABASE_CIDR (what the pods may reach);
          DATABASE_UP, a command that starts one and prints these variables as `export` lines.
          Without any: what the last deployment had; dev then runs one in the cluster
mail      SMTP_URL=smtps://HOST:PORT with SMTP_CA_FILE, SMTP_USER_FILE, SMTP_PASSWORD_FILE, and SMTP_CIDR as above.
          Without: into files of the pods
watching  Prometheus and the collector run where `scripts/tools.sh prometheus otelcol` has made them, or upstream's images
          can be pulled; Grafana where its image can
gateway   GATEWAY_HOST, the public name in staging and prod (default antaeus.example)
END
}

deploy() {
  OVERLAY=$1
  steps_begin 10 "$K8S_STATE/log" "./deploy.sh k8s $OVERLAY"
  [ -n "${SEED:-}" ] || STEPS=9
  step "is this cluster fit" preflight
  step "build the images" build_images
  step "find images of what watches them" monitoring_images
  step "load the images" load_images
  step "does it enforce NetworkPolicies" check_enforcement
  step "keys, secrets, database: the local overlay" local_overlay "$OVERLAY"
  step "namespaces and policies, before any pod" apply_policies
  step "migrate, then roll out the services" migrate_and_roll_out
  step "monitoring" roll_out_monitoring
  [ -z "${SEED:-}" ] || step "example data: $SEED" seed
  how_to_reach
  say "Antaeus ($OVERLAY) is deployed, $SECONDS s."
}

migrate_and_roll_out() {
  wait_for_istiod
  migrate
  roll_out
}

check() {
  steps_begin 4 "$K8S_STATE/log" "./deploy.sh k8s check"
  step "is this cluster fit" preflight
  step "build the images" build_images
  step "load the images" load_images
  step "does it enforce NetworkPolicies" check_enforcement
}

seed_deployed() { # NAME
  SEED=$1 OVERLAY=$(deployed_overlay)
  [ -n "$OVERLAY" ] || die "nothing is deployed here; run ./deploy.sh k8s first"
  steps_begin 2 "$K8S_STATE/log" "./deploy.sh k8s seed $SEED"
  find_gateway
  step "the local overlay" local_overlay "$OVERLAY"
  step "example data: $SEED" seed
}

status() {
  OVERLAY=$(deployed_overlay)
  [ -n "$OVERLAY" ] || die "nothing is deployed on $(kubectl config current-context)"
  find_gateway || die "there is no ingress gateway"
  kubectl get pods --all-namespaces -l app.kubernetes.io/part-of=antaeus
  how_to_reach
}

how_to_reach() {
  local address key
  say
  if [ "$OVERLAY" = dev ]; then
    address=$(gateway_address http) || address=127.0.0.1:8080
    say "invoice-app from outside:"
    say "  curl http://$address/invoices"
    say "  curl -X POST http://$address/invoices/pay"
  else
    address=$(gateway_address https) || address=127.0.0.1:8443
    key=${K8S_STATE#"$ROOT/"}/$OVERLAY/keys/operator/private.pem
    say "invoice-app from outside (the certificate is for $GATEWAY_HOST):"
    say "  key=\$($(operator_tool) keys issue --key $key --sub team:you --scope invoices:read,billing:run --days 1)"
    say "  curl --connect-to $GATEWAY_HOST:443:$address -H \"Authorization: Bearer \$key\" https://$GATEWAY_HOST/invoices"
    say "  (add --cacert ${K8S_STATE#"$ROOT/"}/$OVERLAY/gateway/ca.crt where this deployment made the certificate)"
  fi
  say "from a machine that cannot reach the nodes:"
  say "  kubectl -n $GATEWAY_NAMESPACE port-forward service/$(gateway_service .metadata.name) 8080:80 8443:443"
  say
}

delete() {
  steps_begin 1 "$K8S_STATE/log" "./deploy.sh k8s delete"
  find_gateway || true
  step "delete the namespaces and what was made outside them" delete_everything
}

exec 3>&1
OVERLAY='' TEAM=''
BEGAN=$(date -u +%FT%TZ)
GATEWAY_HOST=${GATEWAY_HOST:-antaeus.example}
COMMAND=${1:-dev}
[ $# = 0 ] || shift
mkdir -p "$K8S_STATE"

case $COMMAND in
dev | staging | prod)
  SEED=
  [ "$COMMAND" != dev ] || SEED=demo
  if [ "${1:-}" = --data ]; then SEED=${2:?--data needs a name} && shift 2; fi
  [ $# = 0 ] || { usage >&2 && exit 2; }
  [ "$SEED" != none ] || SEED=
  deploy "$COMMAND"
  ;;
seed) seed_deployed "${1:?seed needs the name of a data set}" ;;
rotate)
  [ $# = 2 ] || { usage >&2 && exit 2; }
  rotate "$@"
  ;;
guards) deploy_guards "${1:-dev}" ;;
--team)
  team=${1:?--team needs a name, see --help} && shift
  [ $# = 0 ] || { [ "$1" = --overlay ] && [ $# = 2 ]; } || { usage >&2 && exit 2; }
  deploy_team "$team" "${2:-}"
  ;;
check | status | delete) "$COMMAND" ;;
-h | --help | help) usage ;;
*) usage >&2 && exit 2 ;;
esac

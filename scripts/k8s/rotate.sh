# shellcheck shell=bash disable=SC2034
# One step of a key's rotation: in Kubernetes each is a rollout, for keys are Secrets and ConfigMaps with a hash in
# their name.

rotate() { # ISSUER STEP
  case $1 in
  charge | operator | event/invoice-app | event/users | event/orders) ;;
  *) usage >&2 && exit 2 ;;
  esac
  case $2 in
  publish | switch | retire) ;;
  *) usage >&2 && exit 2 ;;
  esac
  OVERLAY=$(deployed_overlay)
  [ -n "$OVERLAY" ] || die "nothing is deployed here; run ./deploy.sh k8s first"
  [ -s "$K8S_STATE/$OVERLAY/keys/$1/private.pem" ] ||
    die "the private key of $1 is not on this machine (${K8S_STATE#"$ROOT/"}/$OVERLAY/keys): rotate it where it is"
  steps_begin 4 "$K8S_STATE/log" "./deploy.sh k8s rotate $1 $2"
  find_gateway || die "there is no ingress gateway"
  step "the key: $2" rotate_key "$1" "$2"
  step "the local overlay" local_overlay "$OVERLAY"
  step "the mesh's copy of the public key" apply_policies
  step "the services" roll_out_configuration
  tail -n 1 "$LOGS/1-rotate_key.log" | sed 's/^/      /'
}

rotate_key() { # ISSUER STEP
  antaeusctl keys rotate --dir "$K8S_STATE/$OVERLAY/keys" --issuer "$1" --step "$2"
}

roll_out_configuration() {
  wait_for_istiod
  apply_component configuration
  roll_out
}

# shellcheck shell=bash
# Mutants of policies, which `antaeusctl policies mutants` must notice in the manifests, put on the live cluster one by
# one: either the API server refuses the change, or the named call is answered otherwise, as the manifests said it would.

# Half of them for each layer.
REPLAYS=40

test_mutants() {
  part "mutants of policies, replayed: the network's, with all three layers in place"
  REPLAYED=0
  if ! (cd "$ROOT" && antaeusctl policies mutants --rendered "$K8S_STATE/$OVERLAY/rendered.yaml" --live 240) >"$TMP/mutants"; then
    fail "antaeusctl policies mutants --live" "$(tail -n 5 "$TMP/mutants")"
    return
  fi
  replay_all network
  part "the mesh's, without NetworkPolicies"
  take_away without-network >>"$TMP/log" 2>&1
  replay_all mesh
  put_back >>"$TMP/log" 2>&1
  check "at least 20 were replayed ($REPLAYED)" [ "$REPLAYED" -ge 20 ]
}

replay_all() { # LAYER: at most half of them, so that both layers have their turn
  local line count=0
  while read -r line <&4; do
    [[ $line =~ ^\{\"operator\":\"([^\"]*)\",\"object\":\"([^\"]*)\",\"field\":\"([^\"]*)\",\"manifest\":(.*),\"probe\":(\{[^}]*\})\}$ ]] || {
      fail "a mutant can be read" "$line"
      return
    }
    WHAT="${BASH_REMATCH[1]} of ${BASH_REMATCH[2]} ${BASH_REMATCH[3]}" OBJECT=${BASH_REMATCH[2]}
    MANIFEST=${BASH_REMATCH[4]} PROBE=${BASH_REMATCH[5]}
    # A moved object would need its old place emptied as well.
    [[ $WHAT != move-object* ]] || continue
    if [ "$(of_probe layer)" = "$1" ] && find_caller && [ "$count" -lt $((REPLAYS / 2)) ]; then
      replay
      count=$((count + 1))
    fi
  done 4<"$TMP/mutants"
  REPLAYED=$((REPLAYED + count))
}

of_probe() { sed -nE "s/.*\"$1\":\"?([^\",}]*)\"?[,}].*/\1/p" <<<"$PROBE"; } # FIELD

# Sets CALL, the call by a pod of ours that stands for the probe's caller; fails where none does.
find_caller() {
  local caller url port token=()
  caller=$(of_probe caller) port=$(of_probe port)
  [ "$(of_probe token)" != right ] || token=(-H "$(right_token)")
  case $(of_probe callee):$port in
  payments/payment-provider:8082) url=http://payment-provider.payments.svc.cluster.local:8082 ;;
  antaeus/invoice-app:8081) url=http://invoice-app.antaeus.svc.cluster.local:8081 ;;
  antaeus/invoice-app:7081) url=$INVOICES_EVENTS ;;
  commerce/orders:7084) url=$ORDERS_EVENTS ;;
  commerce/*:808?) url=$(of_probe callee) url=http://${url#*/}.commerce.svc.cluster.local:$port ;;
  antaeus/invoice-app:9081) url=http://$(app_pod):9081 ;;
  antaeus/invoice-app-worker:9081) url=http://$(worker status.podIP):9081 ;;
  payments/payment-provider:9082) url=http://$(provider_pod):9082 ;;
  *) return 1 ;;
  esac
  if [ "$(of_probe layer)" = network ]; then token=(-H "$(right_token)"); fi
  url=$url$(of_probe path)
  [ -n "$(of_probe path)" ] || url=$url$HEALTH
  case $(of_probe layer)-$caller in
  network-elsewhere/*) CALL=(call "$PLAIN" "$url" "${token[@]}") ;;
  network-gateway) CALL=(call "$GATEWAY_TWIN" "$url") ;;
  # Without a sidecar: one keeps its connections, and the network asks only about new ones.
  network-antaeus/invoice-app) CALL=(call "$BARE" "$url" "${token[@]}") ;;
  network-antaeus/invoice-app-worker) CALL=(call "$BARE_WORKER" "$url" "${token[@]}") ;;
  network-commerce/orders) CALL=(call "$BARE_ORDERS" "$url" "${token[@]}") ;;
  mesh-commerce/orders) CALL=(call "$ORDERS" "$url" -X "$(of_probe method)" "${token[@]}") ;;
  mesh-commerce/users) CALL=(call "$USERS" "$url" -X "$(of_probe method)" "${token[@]}") ;;
  mesh-antaeus/invoice-app) CALL=(call "$CALLER" "$url" -X "$(of_probe method)" "${token[@]}") ;;
  # Another account of the same namespace; by an address a sidecar does not know it would call in plaintext.
  mesh-antaeus/default) [[ $url == *.svc.cluster.local* ]] || return 1
    CALL=(call "$NEIGHBOUR" "$url" -X "$(of_probe method)" "${token[@]}")
    ;;
  # It has routes to the public ports alone.
  mesh-istio-system/istio-ingressgateway-service-account) [[ $port == 808? ]] || return 1
    CALL=(through_gateway "$(of_probe path)")
    ;;
  *) return 1 ;;
  esac
}

through_gateway() { # PATH
  printf 'status=%s body=%s\n' "$(status_of "$1")" "$(head -c 300 "$TMP/body" | tr -d '\n')"
}

# What the probe's layer did: `refused`, `allowed`, or neither.
says() {
  LAST=$("${CALL[@]}")
  case $(of_probe layer)-$(layer_of "$LAST") in
  'network-network: time-out' | mesh-mesh:*) echo refused ;;
  network-mesh:* | network-application:* | network-passed | mesh-application:* | mesh-passed) echo allowed ;;
  *) echo "neither ($LAST)" ;;
  esac
}

answers() { [ "$(says)" = "$1" ]; } # WORD

replay() {
  local kind namespace name answer original=$TMP/original.json
  kind=${OBJECT%% *} name=${OBJECT##*/} namespace=${OBJECT#* } namespace=${namespace%/*}
  if ! eventually 25 answers "$(of_probe before)"; then
    fail "$WHAT" "before it: expected $(of_probe before), got $(says); the probe: $PROBE"
    return
  fi
  snapshot "$kind" "$namespace" "$name" >"$original"
  if ! answer=$(mutate "$kind" "$namespace" "$name" 2>&1); then
    if grep -qE "ValidatingAdmissionPolicy '[a-z-]+'|is invalid:|denied the request" <<<"$answer"; then
      ok "[the API server refuses it] $WHAT"
    else
      fail "$WHAT" "$answer"
    fi
  elif eventually 25 answers "$(of_probe after)"; then
    ok "[$(of_probe layer): $(of_probe before), then $(of_probe after)] $WHAT, seen by $(of_probe caller)"
  else
    fail "$WHAT" "with it: expected $(of_probe after), got $(says); the probe: $PROBE"
  fi
  put_mutant_back >>"$TMP/log" 2>&1 || fail "$OBJECT is put back" "$(tail -n 3 "$TMP/log")"
}

# Also when the test is stopped in between.
put_mutant_back() {
  [ ! -e "$TMP/original.json" ] || restore "$TMP/original.json"
}

mutate() { # KIND NAMESPACE NAME
  if [ "$MANIFEST" = null ]; then
    kubectl -n "$2" delete "$1" "$3"
  else
    printf '%s' "$MANIFEST" | server_side apply -f -
  fi
}

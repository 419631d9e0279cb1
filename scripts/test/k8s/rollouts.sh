# shellcheck shell=bash
# Versions, pods and keys change while invoices come in through the gateway and are charged: no payment may fail.

# --- the load: a client that creates invoices and has them collected, one after the other

start_load() {
  local first
  first=$(list '/v1/invoices?limit=1')
  LOAD_CUSTOMER=$(grep -oE '"customer_id": ?[0-9]+' <<<"$first" | grep -oE '[0-9]+')
  LOAD_CURRENCY=$(grep -oE '"currency": ?"[A-Z]{3}"' <<<"$first" | cut -d'"' -f4)
  [ -n "$LOAD_CUSTOMER" ] && [ -n "$LOAD_CURRENCY" ] || return 1
  mkdir -p "$TMP/load"
  : >"$TMP/load/invoices"
  : >"$TMP/load/calls"
  load >>"$TMP/load/log" 2>&1 3>&- &
  echo $! >"$TMP/load/pid"
  eventually 20 test -s "$TMP/load/invoices"
}

load() {
  local number=0 id
  trap - EXIT
  while [ ! -e "$TMP/load/stop" ]; do
    number=$((number + 1))
    # A client that never rests would take the processor from the pods that are to start.
    sleep 0.2
    called 201 "load-$BEGAN-$number" /v1/invoices \
      "{\"customer_id\":$LOAD_CUSTOMER,\"amount\":{\"value\":10,\"currency\":\"$LOAD_CURRENCY\"}}" || continue
    id=$(grep -oE '"id": ?[0-9]+' "$TMP/load/answer" | grep -oE '[0-9]+' | sed -n 1p)
    # 409: the run that begins every hour was there first.
    called '@(20[0-9]|409)' "collect-$BEGAN-$number" "/v1/invoices/$id/collect" '' && echo "$id" >>"$TMP/load/invoices"
  done
}

# Like any client of the API: what had no answer is asked again under the same Idempotency-Key, here five times.
called() { # STATUS KEY PATH JSON
  local try status body=()
  [ -z "$4" ] || body=(-H 'Content-Type: application/json' -d "$4")
  for try in 1 2 3 4 5; do
    status=$("${CURL[@]}" -o "$TMP/load/answer" -w '%{http_code}' -X POST -H "Idempotency-Key: $2" \
      "${KEY[@]}" "${body[@]}" "$GATEWAY$3" 2>"$TMP/load/error") || true
    echo "$try $status $3" >>"$TMP/load/calls"
    # shellcheck disable=SC2053 # A pattern, on purpose.
    [[ $status != $1 ]] || return 0
    sleep 0.5
  done
  echo "failed $status $3 $(head -c 200 "$TMP/load/answer" "$TMP/load/error")" >>"$TMP/load/calls"
  return 1
}

stop_load() {
  [ -e "$TMP/load/pid" ] || return 0
  touch "$TMP/load/stop"
  eventually 60 load_is_over
}

load_is_over() { ! kill -0 "$(cat "$TMP/load/pid")" 2>/dev/null; }

# --- what happens meanwhile; each gives what the load saw of it

under_load() { # WHAT COMMAND...
  local what=$1 before
  shift
  before=$(wc -l <"$TMP/load/calls")
  check "$what" "$@"
  check "$what: no call failed ($(again "$before") of $(($(wc -l <"$TMP/load/calls") - before)) were made again)" no_call_failed "$before"
}

again() { tail -n "+$(($1 + 1))" "$TMP/load/calls" | grep -c '^[2-5] ' || true; } # LINES-BEFORE

no_call_failed() { # LINES-BEFORE
  local calls
  calls=$(tail -n "+$(($1 + 1))" "$TMP/load/calls")
  grep '^failed' <<<"$calls" && return 1
  [ "$(grep -c '^1 ' <<<"$calls")" -ge 5 ] || { echo "there was no load" && return 1; }
}

restart_all() {
  local deployment
  for deployment in payments/payment-provider antaeus/invoice-app antaeus/invoice-app-worker; do
    kubectl -n "${deployment%/*}" rollout restart "deployment/${deployment#*/}"
  done
  for deployment in payments/payment-provider antaeus/invoice-app antaeus/invoice-app-worker; do
    kubectl -n "${deployment%/*}" rollout status "deployment/${deployment#*/}" --timeout=180s
  done
}

kill_one_of_each() {
  local service
  for service in payments/payment-provider antaeus/invoice-app antaeus/invoice-app-worker; do
    kubectl -n "${service%/*}" delete --force --grace-period=0 "$(kubectl -n "${service%/*}" get pods -o name \
      -l "app.kubernetes.io/name=${service#*/},antaeus.dev/test!=caller" --field-selector status.phase=Running | sed -n 1p)"
  done
  sleep 2
  for service in payments/payment-provider antaeus/invoice-app antaeus/invoice-app-worker; do
    kubectl -n "${service%/*}" rollout status "deployment/${service#*/}" --timeout=120s
  done
}

# A key is published to the mesh and the provider, then signed with, then the old one is forgotten everywhere.
rotate_charge_key() {
  local before after step
  before=$(key_in_use)
  for step in publish switch retire; do
    "$ROOT/deploy.sh" k8s rotate charge "$step" || return 1
  done
  after=$(key_in_use)
  echo "before: $before, after: $after"
  [ -n "$after" ] && [ "$before" != "$after" ] && both_layers_hold_one_key
}

key_in_use() {
  kubectl -n antaeus get deployment invoice-app \
    -o 'jsonpath={.spec.template.spec.volumes[?(@.name=="charge-key")].secret.secretName}'
}

# A program that migrates and does not serve: what no test of the image alone would find.
broken_version() {
  mkdir -p "$TMP/broken"
  printf '#include <string.h>\nint main(int n, char **a) { return !(n > 1 && !strcmp(a[1], "migrate")); }\n' >"$TMP/broken.c"
  cc -static -o "$TMP/broken/invoice-app" "$TMP/broken.c" && remember_this_build
}

broken_version_is_taken_back() {
  local before
  # One that was signed earlier may end in the middle of this: they live for ten minutes.
  certificate_of billing || return 1
  before=$(state_of antaeus invoice-app '.spec.template.spec.containers[0].image')
  if PREBUILT_DIR=$TMP/broken as_billing "$ROOT/deploy.sh" k8s --team billing; then
    echo "it was rolled out" && return 1
  fi
  forget_other_build
  echo "image before: $before, now: $(state_of antaeus invoice-app '.spec.template.spec.containers[0].image')"
  [ "$(state_of antaeus invoice-app '.spec.template.spec.containers[0].image')" = "$before" ] &&
    [ "$(state_of antaeus invoice-app-worker '.spec.template.spec.containers[0].image')" = "$before" ]
}

# --- what became of it

# A verdict each: taken, or declined by the acquirer. Nothing is open, nothing set aside.
every_invoice_has_its_verdict() {
  local id invoice without=0
  while read -r id; do
    invoice=$(list "/v1/invoices/$id")
    grep -qE '"state": ?"PAID"' <<<"$invoice" && continue
    grep -qE '"state": ?"PENDING"' <<<"$invoice" && grep -qE '"status": ?"ERROR_NO_BALANCE"' <<<"$invoice" && continue
    echo "$invoice"
    without=$((without + 1))
  done <"$TMP/load/invoices"
  echo "$without of $(wc -l <"$TMP/load/invoices") invoices have no verdict"
  [ "$without" = 0 ]
}

test_rollouts() {
  part "versions, pods and keys change under load"
  check "invoices come in and are charged, one after the other" start_load
  under_load "a rolling update of all three Deployments" restart_all
  under_load "a pod of each is killed" kill_one_of_each
  if [ -s "$K8S_STATE/$OVERLAY/keys/charge/private.pem" ]; then
    under_load "the charge key is replaced, in three rollouts" rotate_charge_key
  else
    skip "the charge key's rotation: its keys are not on this machine"
  fi
  if command -v cc >/dev/null && [ -x "$IMAGE_STATE/context/invoice-app" ] && broken_version; then
    under_load "a version that does not serve is taken back by itself" broken_version_is_taken_back
  else
    skip "a version that does not serve: it takes a C compiler and an invoice-app that was built on this machine"
  fi
  stop_load
  check "each of the $(wc -l <"$TMP/load/invoices") invoices has its verdict" eventually 40 every_invoice_has_its_verdict
}

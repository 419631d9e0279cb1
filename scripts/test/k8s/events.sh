# shellcheck shell=bash
# Events between the services: who may send them to whom, by which layer the others are refused, and what comes of them.

ORDERS=commerce/test-orders                  # orders' label, account and sidecar: all but the key
BARE_ORDERS=commerce/test-bare-orders        # orders' label and account, and no sidecar
ORDERS_IMPOSTOR=commerce/test-orders-impostor # orders' label, another account
USERS=commerce/test-users                    # users' label, account and sidecar
COMMERCE_NEIGHBOUR=commerce/test-neighbour   # the namespace alone

INVOICES_EVENTS=http://invoice-app.antaeus.svc.cluster.local:7081
ORDERS_EVENTS=http://orders.commerce.svc.cluster.local:7084
EVENTS=/internal/events
BATCH='Content-Type: application/cloudevents-batch+json'

event_callers() {
  caller "$ORDERS" orders orders true
  caller "$BARE_ORDERS" orders orders false
  caller "$ORDERS_IMPOSTOR" test-stranger orders true
  caller "$USERS" users users true
  caller "$COMMERCE_NEIGHBOUR" test-stranger neighbour true
}

# --- tokens

# By SENDER of namespace commerce for RECEIVER over BODY, with the key of a file, under the name of that or another's.
event_token() { # SENDER RECEIVER BODY KEY-FILE [KEY-FILE-WHOSE-NAME-IT-BEARS]
  local id=spiffe://cluster.local/ns/commerce/sa/$1
  printf 'Authorization: Bearer %s' "$(request_token event+jwt "event:$id" "$id" "$2" POST "$EVENTS" "${@:3}")"
}

take_event_keys() {
  local name secret
  for name in users orders; do
    secret=$(kubectl -n commerce get deployment "$name" \
      -o 'jsonpath={.spec.template.spec.volumes[?(@.name=="event-key")].secret.secretName}')
    (umask 077 && kubectl -n commerce get secret "$secret" -o 'jsonpath={.data.private\.pem}' | base64 -d >"$TMP/$name.pem")
    [ -s "$TMP/$name.pem" ] || return 1
  done
}

# Orders' own, for invoice-app, over an empty batch: what it takes to pass, and changes nothing.
orders_token() { event_token orders invoice-app '[]' "$TMP/orders.pem"; }

# --- cells: the right token is in everybody's hands, so only the layer that is named can be what refuses

sends() { # LAYER WHAT CALLER URL TOKEN [PROBE-ARGUMENT...]
  local layer=$1 what=$2 caller=$3 url=$4 token=$5
  shift 5
  expect "$layer" "$what" "$caller" "$url" -X POST -H "$BATCH" -d '[]' ${token:+-H "$token"} "$@"
}

events_full_stack() {
  local to=$INVOICES_EVENTS$EVENTS
  part "events, all three layers"
  sends passed "orders' identity with its key, to invoice-app" "$ORDERS" "$to" "$(orders_token)"
  sends passed "users' identity with its key, to invoice-app" "$USERS" "$to" "$(event_token users invoice-app '[]' "$TMP/users.pem")"
  sends 'network: time-out' "another namespace, with a sidecar" "$STRANGER" "$to" "$(orders_token)"
  sends 'network: time-out' "another namespace, plaintext" "$PLAIN" "$to" "$(orders_token)"
  sends 'network: time-out' "another account in orders' namespace" "$COMMERCE_NEIGHBOUR" "$to" "$(orders_token)"
  sends 'network: time-out' "users to orders, who takes none of its events" "$USERS" "$ORDERS_EVENTS$EVENTS" \
    "$(event_token users orders '[]' "$TMP/users.pem")"
  sends 'network: time-out' "the worker, which settles and does not tell, to orders" "$WORKER" "$ORDERS_EVENTS$EVENTS" ""
  expect 'network: time-out' "orders to invoice-app's public port" "$ORDERS" "http://invoice-app.antaeus.svc.cluster.local:8081/rest/health"
  sends 'mesh: 403' "another account under orders' label" "$ORDERS_IMPOSTOR" "$to" "$(orders_token)"
  sends 'mesh: reset' "orders' account without a sidecar, plaintext" "$BARE_ORDERS" "$to" "$(orders_token)"
  sends 'mesh: 403' "orders' identity and key, another path" "$ORDERS" "$INVOICES_EVENTS/v1/invoices" "$(orders_token)"
  expect 'mesh: 403' "orders' identity and key, another method" "$ORDERS" "$to" -H "$(orders_token)"
  # The mesh knows nothing of these tokens (docs/adr/0209): the service refuses by itself.
  bad_event_tokens "$to"
  nobody_of_commerce_charges 'network: time-out'
}

bad_event_tokens() { # URL
  sends 'application: 401' "orders' identity without a token" "$ORDERS" "$1" ""
  sends 'application: 401' "a token by another key" "$ORDERS" "$1" "$(event_token orders invoice-app '[]' "$TMP/wrong.pem")"
  sends 'application: 401' "a token by another key under the right key's name" "$ORDERS" "$1" \
    "$(event_token orders invoice-app '[]' "$TMP/wrong.pem" "$TMP/orders.pem")"
  sends 'application: 401' "users' token in orders' hands" "$ORDERS" "$1" "$(event_token users invoice-app '[]' "$TMP/users.pem")"
  sends 'application: 401' "a token for another receiver" "$ORDERS" "$1" "$(event_token orders notifications '[]' "$TMP/orders.pem")"
  sends 'application: 401' "a token that has expired" "$ORDERS" "$1" "$(TOKEN_AGE=300 orders_token)"
  sends 'application: 401' "a token over another body" "$ORDERS" "$1" "$(event_token orders invoice-app '[ ]' "$TMP/orders.pem")"
  check "an event that is not orders' to tell is refused by itself" foreign_event_is_refused "$1"
}

# All is as it must be but the type: the answer is about this one event, so 200.
foreign_event_is_refused() { # URL
  local event answer id=01938a1e-0000-7000-8000-00000000000f
  event=$(printf '[{"specversion":"1.0","id":"%s","source":"/users","type":"user.registered.v1","subject":"%s","time":"2026-01-01T00:00:00Z","subjectversion":1,"data":{"user":"%s","name":"x","email":"x@example.org","currency":"EUR","locale":"en","time_zone":"UTC"}}]' \
    "$id" "$id" "$id")
  answer=$(call "$ORDERS" "$1" -X POST -H "$BATCH" -d "$event" -H "$(event_token orders invoice-app "$event" "$TMP/orders.pem")")
  echo "$answer"
  [[ $answer == 'status=200 '*'"outcome":"refused"'* ]] && [[ $answer == *'is not for orders to send'* ]]
}

# The charge key in the hands of the three: it opens the provider to nobody but invoice-app. By a pod without a sidecar,
# for theirs does not know the provider, and would refuse before anybody is asked.
nobody_of_commerce_charges() { # LAYER
  expect "$1" "orders' account, with the charge key, to the provider" "$BARE_ORDERS" "$HEALTH" -H "$(right_token)" -H "$FORGED"
}

events_without_network() {
  local to=$INVOICES_EVENTS$EVENTS
  sends passed "orders' identity with its key, to invoice-app" "$ORDERS" "$to" "$(orders_token)"
  sends 'mesh: 403' "events: another namespace, with a sidecar" "$STRANGER" "$to" "$(orders_token)"
  sends 'mesh: reset' "events: another namespace, plaintext" "$PLAIN" "$to" "$(orders_token)"
  sends 'mesh: 403' "users to orders, who takes none of its events" "$USERS" "$ORDERS_EVENTS$EVENTS" ""
  nobody_of_commerce_charges 'mesh: reset'
}

events_application_alone() {
  local to=$INVOICES_EVENTS$EVENTS
  sends passed "orders' identity with its key, to invoice-app" "$ORDERS" "$to" "$(orders_token)"
  sends 'application: 403' "events: another namespace, with a sidecar and the right token" "$STRANGER" "$to" "$(orders_token)"
  sends 'application: 401' "events: plaintext with the right token" "$PLAIN" "$to" "$(orders_token)"
  sends 'application: 403' "users to orders, who takes none of its events" "$USERS" "$ORDERS_EVENTS$EVENTS" \
    "$(event_token users orders '[]' "$TMP/users.pem")"
  check "the public port takes no events" the_public_port_takes_none
  nobody_of_commerce_charges 'application: 401'
}

the_public_port_takes_none() {
  local answer
  answer=$(call "$ORDERS" "http://invoice-app.antaeus.svc.cluster.local:8081$EVENTS" -X POST -H "$BATCH" -d '[]' -H "$(orders_token)")
  echo "$answer"
  [[ $answer == 'status=404 '* ]]
}

# --- what comes of them

test_scenario() {
  local keys=()
  part "a user registers, deposits, orders within and beyond the balance, and is told: through the gateway"
  if [ ${#KEY[@]} != 0 ]; then
    keys=(--header "Authorization: Bearer $(issue_key users:read,users:write,orders:read,orders:write,notifications:read,customers:read,customers:write)")
  fi
  printf '%s\n' "${CURL[@]}" >"$TMP/curl-options"
  # Each step is a line of its own, as in ./test.sh e2e.
  if CURL_OPTIONS=$TMP/curl-options ANTAEUSCTL=$HERE/k8s/ask.sh "$HERE/scenario.sh" --all "$GATEWAY" "${keys[@]}" --seconds 60 \
    >"$TMP/scenario" 2>&1; then
    while read -r line; do ok "${line#ok      }"; done < <(grep '^ok ' "$TMP/scenario")
  else
    fail "the scenario" "$(tail -n 5 "$TMP/scenario")"
  fi
  check "the gateway has no route to the doors for events" has_no_route "$EVENTS" -X POST
}

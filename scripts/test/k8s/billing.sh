# shellcheck shell=bash
# A billing run by the public API, from its start to its certificate.

post() { # PATH JSON [CURL-ARGUMENT...]: prints the status; the answer is in $TMP/body
  local path=$1 json=$2
  shift 2
  status_of "$path" -X POST -H 'Content-Type: application/json' -d "$json" "$@"
}

# Of the customer of the first invoice, in that customer's currency.
new_invoices() { # NUMBER
  local first customer currency
  first=$(list '/v1/invoices?limit=1')
  customer=$(grep -oE '"customer_id": ?[0-9]+' <<<"$first" | grep -oE '[0-9]+')
  currency=$(grep -oE '"currency": ?"[A-Z]{3}"' <<<"$first" | cut -d'"' -f4)
  for _ in $(seq "$1"); do
    [ "$(post /v1/invoices "{\"customer_id\":$customer,\"amount\":{\"value\":10,\"currency\":\"$currency\"}}" "${KEY[@]}")" = 201 ] ||
      { echo "$first" && cat "$TMP/body" && return 1; }
  done
}

run_is_refused_without_its_scope() {
  local status key
  key=$(issue_key invoices:read,invoices:write)
  status=$(post /v1/billing-runs '{"scope":"unpaid"}' -H "Authorization: Bearer $key")
  echo "$status $(cat "$TMP/body")"
  [ "$status" = 403 ] && grep -q urn:antaeus:problem:forbidden "$TMP/body"
}

start_run() { # WHO starts it
  local status
  status=$(post /v1/billing-runs '{"scope":"unpaid"}' "${KEY[@]}")
  echo "$status $(cat "$TMP/body")"
  grep -oE '"id": ?[0-9]+' "$TMP/body" | grep -oE '[0-9]+' | sed -n 1p >"$TMP/run"
  [ "$status" = 201 ] && grep -qE "\"started_by\": ?\"$1\"" "$TMP/body"
}

run_path() { echo "/v1/billing-runs/$(cat "$TMP/run")"; }

# Every invoice of it came to a verdict: none is left over, unknown or in flight.
run_is_finished() { # LEAST-NUMBER-OF-INVOICES
  local run invoices expected
  run=$(list "$(run_path)")
  echo "$run"
  invoices=$(grep -oE '"invoices": ?\{[^}]*\}' <<<"$run" | sed -n 1p)
  expected=$(grep -oE '"expected": ?[0-9]+' <<<"$invoices" | grep -oE '[0-9]+') || return 1
  [ "$expected" -ge "$1" ] && grep -qE '"remaining": ?0\}' <<<"$invoices" && grep -qE '"state": ?"finished"' <<<"$run"
}

run_is_reconciled() {
  local certificate
  certificate=$(list "$(run_path)/certificate")
  echo "$certificate"
  grep -qE '"reconciled": ?true' <<<"$certificate"
}

test_billing_run() {
  local who=local
  part "a billing run through the gateway, charged by invoice-app and its workers"
  if [ ${#KEY[@]} != 0 ]; then
    who=team:test
    check "a key without the scope billing:run starts none" run_is_refused_without_its_scope
  fi
  check "twenty new invoices" new_invoices 20
  check "POST /v1/billing-runs over all that is unpaid" start_run "$who"
  if eventually 90 run_is_finished 20 >"$TMP/progress"; then
    ok "it finishes: each invoice has its verdict"
  else
    fail "it finishes: each invoice has its verdict" "$(tail -n 1 "$TMP/progress" | head -c 600)"
  fi
  check "its certificate: our history and the provider's agree" eventually 60 run_is_reconciled
}

#!/usr/bin/env bash
# A customer's eight steps, as a client sees them: registered, deposited, ordered, charged, told; then an order beyond the
# balance: not charged, told.
set -euo pipefail

usage() {
  cat <<'END'
usage: scripts/test/scenario.sh [OPTIONS]

--users URL           base URL of users            (default http://localhost:8083)
--orders URL          of orders                    (default http://localhost:8084)
--notifications URL   of notifications             (default http://localhost:8085)
--invoices URL        of invoice-app               (default http://localhost:8081)
--all URL             one base URL for all four, behind a gateway
--header 'NAME: VALUE'  with every call: the gateway's host, or an API key of a team; may be given again
--seconds N           longest wait for what comes by events (default 30)

Each run makes a user of its own. Prints one line a step, and ends with 1 at the first that fails.
ANTAEUSCTL            the antaeusctl that asks (default $CARGO_TARGET_DIR/debug/antaeusctl)
END
}

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
antaeusctl=${ANTAEUSCTL:-${CARGO_TARGET_DIR:-$root/target}/debug/antaeusctl}
users=http://localhost:8083 orders=http://localhost:8084 notifications=http://localhost:8085
invoices=http://localhost:8081
headers=()
seconds=30
step=0

die() {
  echo "FAILED  after step $step: $*" >&2
  exit 1
}

ok() { # WHAT
  step=$((step + 1))
  echo "ok      $step. $1"
}

# --- asking

call() { # METHOD URL [BODY]: the line `status=... body=...`
  local body=()
  [ $# -lt 3 ] || body=(-H 'Content-Type: application/json' -d "$3")
  "$antaeusctl" probe call "$2" -X "$1" "${headers[@]}" "${body[@]}" --timeout-ms 10000 --whole
}

get() { call GET "$1"; }

created() { # URL BODY: the answer of a POST that must create
  local answer
  answer=$(call POST "$1" "$2")
  [[ $answer == status=20[01]* ]] || die "POST $1: $answer"
  echo "$answer"
}

text() { # NAME: the first text of this name in the answer on standard input
  grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d'"' -f4
}

number() { # NAME: the first number of this name
  grep -o "\"$1\":[0-9.]*" | head -n 1 | cut -d: -f2
}

until_says() { # URL WORDS: asks until the answer has them, and gives it
  local answer deadline=$((SECONDS + seconds))
  while answer=$(get "$1"); [[ $answer != *"$2"* ]]; do
    [ "$SECONDS" -lt "$deadline" ] || die "GET $1 does not say $2 within $seconds s: $answer"
    sleep 0.1
  done
  echo "$answer"
}

balance() { get "$invoices/v1/customers/$customer/account" | number value; }

# --- the steps

registered() {
  local answer
  answer=$(created "$users/v1/users" \
    '{"name": "Ada Lovelace", "email": "ada@example.org", "currency": "EUR", "time_zone": "Europe/Copenhagen"}')
  user=$(text id <<<"$answer")
  answer=$(until_says "$invoices/v1/customers?user=$user" "\"user\":\"$user\"")
  customer=$(number id <<<"$answer")
  until_says "$invoices/v1/customers/$customer/account" '"value":0' >/dev/null
  ok "registered: user $user, customer $customer with an empty account"
}

deposited() {
  created "$invoices/v1/customers/$customer/deposits" '{"amount": {"value": 100.00, "currency": "EUR"}}' >/dev/null
  [ "$(balance)" = 100.00 ] || die "the balance is $(balance), not 100.00"
  ok "deposited: the balance is 100.00 EUR"
}

ordered() { # AMOUNT DESCRIPTION
  local answer
  answer=$(created "$orders/v1/orders" \
    "{\"user\": \"$user\", \"amount\": {\"value\": $1, \"currency\": \"EUR\"}, \"description\": \"$2\"}")
  order=$(text id <<<"$answer")
}

told() { # TEMPLATE
  local answer
  answer=$(until_says "$notifications/v1/notifications?order=$order" '"state":"SENT"')
  [[ $answer == *"\"template\":\"$1\""* ]] || die "another notification than $1: $answer"
  [ "$(grep -o '"template"' <<<"$answer" | wc -l)" = 1 ] || die "more than one notification: $answer"
}

within_the_balance() {
  ordered 30.00 "a book"
  ok "ordered within the balance: $order"
  until_says "$orders/v1/orders/$order" '"state":"CONFIRMED"' >/dev/null
  [ "$(balance)" = 70.00 ] || die "the balance is $(balance), not 70.00"
  ok "charged: the order is CONFIRMED, the balance went down by its price to 70.00 EUR"
  told order.confirmed
  ok "told: one e-mail, order.confirmed"
}

beyond_the_balance() {
  ordered 70.01 "a piano"
  ok "ordered beyond the balance: $order"
  until_says "$orders/v1/orders/$order" '"state":"REJECTED"' >/dev/null
  [ "$(balance)" = 70.00 ] || die "the balance is $(balance), not 70.00"
  ok "not charged: the order is REJECTED, the balance is still 70.00 EUR"
  told order.rejected
  ok "told: one e-mail, order.rejected"
}

while [ $# -gt 0 ]; do
  case $1 in
  -h | --help) usage && exit ;;
  --users | --orders | --notifications | --invoices) declare "${1#--}=${2:?$1 needs a URL}" ;;
  --all) users=${2:?} orders=$2 notifications=$2 invoices=$2 ;;
  --header) headers+=(-H "${2:?--header needs NAME: VALUE}") ;;
  --seconds) seconds=${2:?--seconds needs a number} ;;
  *) usage >&2 && exit 2 ;;
  esac
  shift 2
done
[ -x "$antaeusctl" ] || die "$antaeusctl is not there: cargo build --bins, or set ANTAEUSCTL"
registered
deposited
within_the_balance
beyond_the_balance

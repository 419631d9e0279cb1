# shellcheck shell=bash disable=SC2154
# ./test.sh e2e and newman: as a new user, in a folder and on ports of its own, beside whatever runs already.

e2e_deploy() {
  ANTAEUS_HOME=$work/home INVOICE_APP_PORT=${ports[0]} INVOICE_APP_ADMIN_PORT=${ports[1]} \
    PAYMENT_PROVIDER_PORT=${ports[2]} PAYMENT_PROVIDER_ADMIN_PORT=${ports[3]} \
    USERS_PORT=${ports[4]} USERS_ADMIN_PORT=${ports[5]} ORDERS_PORT=${ports[6]} ORDERS_ADMIN_PORT=${ports[7]} \
    NOTIFICATIONS_PORT=${ports[8]} NOTIFICATIONS_ADMIN_PORT=${ports[9]} INVOICE_APP_EVENTS_PORT=${ports[10]} \
    ORDERS_EVENTS_PORT=${ports[11]} NOTIFICATIONS_EVENTS_PORT=${ports[12]} ./deploy.sh "$@"
}

ask() { "$bin/antaeusctl" probe call "$@" --timeout-ms 10000 --whole; }

ids_are() { # EXPECTED IDS...
  local ids
  ids=$(ask "$url/invoices" | grep -o '"InvoiceId":"[^"]*"' | cut -d'"' -f4 | tr '\n' ' ')
  [ "$ids" = "$* " ] || { echo "invoices are: $ids"; return 1; }
}

some_unpaid() { [[ $(ask "$url/invoices") == *'"IsPaid":false'* ]]; }

all_paid() {
  local list
  list=$(ask "$url/invoices")
  [[ $list == *'"IsPaid":true'* && $list != *'"IsPaid":false'* ]] || { echo "$list"; return 1; }
}

paid_after_polling() { # 10 times, 2 s apart
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    if all_paid >/dev/null; then return; fi
    sleep 2
  done
  all_paid
}

answers() { # EXPECTED-START ARGUMENTS-OF-PROBE-CALL...
  local expected=$1 answer
  shift
  answer=$(ask "$@")
  [[ $answer == "$expected"* ]] || { echo "$answer"; return 1; }
}

no_handshake_without_certificate() {
  local answer
  answer=$(ask "http://localhost:${ports[2]}/pp/rest/v1/charges")
  [[ $answer != status=[0-9]* ]] || { echo "plain HTTP was answered: $answer"; return 1; }
}

books_agree() {
  local socket=$work/home/postgres/socket rest
  if [ ! -d "$work/home/postgres" ]; then
    "$bin/antaeusctl" verify --settled --invoices-url "sqlite://$work/home/data/invoice-app.sqlite" \
      --provider-url "sqlite://$work/home/data/payment-provider.sqlite"
    return
  fi
  rest=@${socket//\//%2F}:$(cat "$work/home/postgres.port")
  "$bin/antaeusctl" verify --settled --invoices-url "postgres://invoice_app$rest/invoice_app" \
    --provider-url "postgres://payment_provider$rest/payment_provider"
}

eight_steps() {
  ANTAEUSCTL=$bin/antaeusctl scripts/test/scenario.sh --invoices "$url" --users "http://localhost:${ports[4]}" \
    --orders "http://localhost:${ports[6]}" --notifications "http://localhost:${ports[8]}"
}

two_e_mails() {
  [ "$(find "$work/home/mail/new" -type f | wc -l)" = 2 ] || { ls "$work/home/mail/new"; return 1; }
}

only_two_run() {
  local line
  line=$(e2e_deploy status)
  echo "$line"
  [ "$(grep -c ' runs, process ' <<<"$line")" = 2 ]
}

twice_is_harmless() {
  e2e_deploy && all_paid
}

own_ports() {
  cargo build --locked --bins
  mapfile -t ports < <("$bin/antaeusctl" ports 13)
  url=http://localhost:${ports[0]}
}

collection() { # OPTIONS-OF-NEWMAN.SH...
  if scripts/tools.sh newman >"$work/output" 2>&1; then
    check "the Postman collection: all eight steps hold" scripts/test/newman.sh "$@"
  else
    skip "the Postman collection" "Newman is not here: $(tail -n 1 "$work/output")"
  fi
}

own_collection() {
  collection --users "http://localhost:${ports[4]}" --orders "http://localhost:${ports[6]}" \
    --notifications "http://localhost:${ports[8]}" --invoices "$url"
}

newman() { # [--with LIST] or [BASE...]
  case ${1:-} in
  '' | --with)
    own_ports
    check "deploy.sh --no-pay $* brings all five services up" e2e_deploy --no-pay "$@"
    own_collection
    check "antaeusctl verify: both databases agree" books_agree
    check "deploy.sh stop" e2e_deploy stop
    return
    ;;
  esac
  case $# in
  1) collection --all "$1" ;;
  4) collection --users "$1" --orders "$2" --notifications "$3" --invoices "$4" ;;
  *) usage >&2 && exit 2 ;;
  esac
}

e2e() {
  own_ports
  check "deploy.sh --no-pay brings all five services up" e2e_deploy --no-pay
  check "GET /invoices lists I1 to I13" ids_are I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I12 I13
  check "before: at least one invoice is unpaid" some_unpaid
  check "POST /invoices/pay answers {} at once" answers 'status=200 body={}' -X POST "$url/invoices/pay"
  check "all invoices are paid, by GET /invoices" paid_after_polling
  check "GET /rest/health" answers 'status=200 body="ok"' "$url/rest/health"
  check "GET /pp/rest/health" answers 'status=200 body=ok' "$url/pp/rest/health"
  check "POST /rest/v1/invoices/pay answers true" answers 'status=200 body=true' -X POST "$url/rest/v1/invoices/pay"
  check "the provider answers no plain HTTP" no_handshake_without_certificate
  check "antaeusctl verify: both databases agree" books_agree
  check "deploy.sh once more is harmless" twice_is_harmless
  check "a customer's eight steps: an order charges a balance, one beyond it does not" eight_steps
  check "two e-mails are in the folder" two_e_mails
  own_collection
  check "antaeusctl verify: both databases agree still" books_agree
  check "deploy.sh status" e2e_deploy status
  check "deploy.sh --only invoice-app,payment-provider" e2e_deploy --only invoice-app,payment-provider
  check "two services run" only_two_run
  check "deploy.sh stop" e2e_deploy stop
}

# The same with a PostgreSQL and a RabbitMQ, and billing handed out to workers.
e2e_servers() {
  local server
  own_ports
  for server in postgres rabbitmq; do
    scripts/test/$server.sh installed 2>"$work/output" || {
      skip "the services on PostgreSQL and RabbitMQ" "$(cat "$work/output")"
      return
    }
  done
  e2e_deploy reset >"$work/output"
  check "deploy.sh --with postgres,rabbitmq --workers 2" e2e_deploy --with postgres,rabbitmq --workers 2
  check "all invoices are paid, by GET /invoices" paid_after_polling
  check "the eight steps, their events over the broker" eight_steps
  check "no service hears events any other way" no_port_for_events
  own_collection
  check "antaeusctl verify: both databases agree" books_agree
  check "deploy.sh stop" e2e_deploy stop
  check "deploy.sh reset" e2e_deploy reset
}

no_port_for_events() {
  local at answer
  for at in 10 11 12; do
    answer=$(ask "http://localhost:${ports[$at]}/")
    [[ $answer == status=refused* ]] || { echo "port ${ports[$at]} is open: $answer"; return 1; }
  done
}

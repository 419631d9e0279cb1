# shellcheck shell=bash disable=SC2154
# Schemas, example data, payment, and what there is to see afterwards.

databases() {
  local service seeded set
  for service in "${services[@]}"; do
    variables "$service"
    env "${set[@]}" "$bin/$service" migrate >>"$home/log/$service.log" ||
      die "the schema could not be brought up to date, see $home/log/$service.log; ./deploy.sh reset begins anew"
  done
  seeded=$("$bin/antaeusctl" seed "$data_set" --database-url "$(database_url invoice-app)")
  say "      $seeded"
}

ask() { "$bin/antaeusctl" probe call "$@" --timeout-ms 10000; }

pay_all() {
  local answer
  answer=$(ask -X POST "$url/invoices/pay")
  [[ $answer == status=200* ]] || die "POST $url/invoices/pay: $answer"
  for _ in $(seq 1200); do
    if [ "$(unpaid)" = 0 ]; then return; fi
    sleep 0.1
  done
  die "$(unpaid) invoices are still unpaid after two minutes; see ./deploy.sh logs"
}

count() { # STATE: invoices in it, page by page
  "$bin/antaeusctl" invoices count --url "$url" --state "$1"
}

unpaid() { echo $(($(count PENDING) + $(count CHARGING))); }

show() {
  say ""
  "$bin/antaeusctl" invoices list --url "$url"
  cat <<END

Antaeus runs, $SECONDS s.   invoice-app $url   payment-provider https://localhost:${port[payment-provider]} (only for invoice-app)

Try:
  curl $url/invoices
  curl $url/rest/v1/invoices/1
  curl -X POST $url/v1/invoices -H 'Content-Type: application/json' -d '{"customer_id": 1, "amount": {"value": 9.99, "currency": "EUR"}}'
  curl -X POST $url/rest/v1/invoices/pay        # one round; about half of what is unpaid gets paid
  curl -k https://localhost:${port[payment-provider]}/pp/rest/v1/charges      # refused: no certificate
  curl http://localhost:${admin_port[invoice-app]}/metrics
END
  if wanted orders && wanted users; then show_orders; fi
  say "Then: ./test.sh proves it all, ./deploy.sh status | logs | stop | reset"
}

show_orders() {
  cat <<END
An order charges a balance (README.md has all eight steps; scripts/test/scenario.sh runs them):
  curl -X POST http://localhost:${port[users]}/v1/users -H 'Content-Type: application/json' -d '{"name": "Ada", "email": "ada@example.org", "currency": "EUR"}'
  curl http://localhost:${port[orders]}/v1/orders
  curl http://localhost:${port[notifications]}/v1/notifications
  ls $home/mail/new
END
}

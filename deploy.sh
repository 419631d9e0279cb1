#!/usr/bin/env bash
# Brings up Antaeus: here, on this machine, with nothing but a Rust toolchain; or on Kubernetes.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

usage() {
  cat <<'END'
usage: ./deploy.sh [OPTIONS]                  build, start the services, pay the invoices, show them
       ./deploy.sh stop | status | reset      stop; what runs; stop and remove all local data
       ./deploy.sh logs [SERVICE] [-f]        the last lines of the services
       ./deploy.sh k8s --help                 the same on the current kubectl context

--data NAME       data set for an empty database: demo (default), pleo, pleo-go, antaeus, large:N
--no-pay          leave the invoices unpaid
--only LIST       only these services: invoice-app,payment-provider is the small picture, without users and orders
--with postgres   a PostgreSQL of its own instead of SQLite, from the server programs that are installed here
--workers N       so many `invoice-app worker` processes beside `serve`; they need PostgreSQL

Everything local is under .antaeus/: certificates, keys, databases, logs, e-mails.
ANTAEUS_HOME             another folder instead of .antaeus
INVOICE_APP_PORT         8081 (INVOICE_APP_ADMIN_PORT 9081, INVOICE_APP_EVENTS_PORT 7081)
PAYMENT_PROVIDER_PORT    8082 (PAYMENT_PROVIDER_ADMIN_PORT 9082)
USERS_PORT               8083 (USERS_ADMIN_PORT 9083)
ORDERS_PORT              8084 (ORDERS_ADMIN_PORT 9084, ORDERS_EVENTS_PORT 7084)
NOTIFICATIONS_PORT       8085 (NOTIFICATIONS_ADMIN_PORT 9085, NOTIFICATIONS_EVENTS_PORT 7085)
CARGO_TARGET_DIR         where cargo builds, as cargo knows it
END
}

home=${ANTAEUS_HOME:-$PWD/.antaeus}
declare -A port=(
  [invoice-app]=${INVOICE_APP_PORT:-8081}
  [payment-provider]=${PAYMENT_PROVIDER_PORT:-8082}
  [users]=${USERS_PORT:-8083}
  [orders]=${ORDERS_PORT:-8084}
  [notifications]=${NOTIFICATIONS_PORT:-8085}
)
declare -A admin_port=(
  [invoice-app]=${INVOICE_APP_ADMIN_PORT:-9081}
  [payment-provider]=${PAYMENT_PROVIDER_ADMIN_PORT:-9082}
  [users]=${USERS_ADMIN_PORT:-9083}
  [orders]=${ORDERS_ADMIN_PORT:-9084}
  [notifications]=${NOTIFICATIONS_ADMIN_PORT:-9085}
)
declare -A events_port=(
  [invoice-app]=${INVOICE_APP_EVENTS_PORT:-7081}
  [orders]=${ORDERS_EVENTS_PORT:-7084}
  [notifications]=${NOTIFICATIONS_EVENTS_PORT:-7085}
)
bin=${CARGO_TARGET_DIR:-$PWD/target}/debug
url=http://localhost:${port[invoice-app]}
# In the order in which they are started.
all_services=(payment-provider invoice-app notifications orders users)
services=("${all_services[@]}")
postgres=no
workers=0
data_set=demo
pay=yes

say() { printf '%s\n' "$*"; }
die() {
  printf '%s\n' "$*" >&2
  exit 1
}
step() { say "[$1/6] $2 ($SECONDS s)"; }

deploy() {
  step 1 "toolchain"
  check_toolchain
  step 2 "build: the first one takes about four minutes on two cores, later ones seconds"
  cargo build --locked --bins
  step 3 "certificates and keys"
  mkdir -p "$home/log" "$home/run" "$home/data"
  "$bin/antaeusctl" pki init --dir "$home/pki" >"$home/log/setup.log"
  "$bin/antaeusctl" keys init --dir "$home/keys" >>"$home/log/setup.log"
  step 4 "databases"
  stop_all
  if [ "$postgres" = yes ]; then start_postgres; fi
  databases
  printf '%s\n' "${services[@]}" >"$home/services"
  step 5 "start"
  start_all
  step 6 "pay"
  if [ "$pay" = yes ]; then pay_all; else say "      left out (--no-pay)"; fi
  show
}

check_toolchain() {
  command -v cargo >/dev/null || die "cargo is missing: install Rust from https://rustup.rs, then run ./deploy.sh again"
  command -v cc >/dev/null || die "a C compiler is missing (SQLite and libpq are compiled from source): install gcc or clang, for example: apt-get install build-essential"
}

# --- databases

database_url() { # SERVICE
  local name=${1//-/_} socket=$home/postgres/socket
  # By the socket: the local build speaks no TLS to a database.
  case $postgres in
  yes) echo "postgres://$name@${socket//\//%2F}:$(cat "$home/postgres.port")/$name" ;;
  no) echo "sqlite://$home/data/$1.sqlite" ;;
  esac
}

start_postgres() {
  [ -s "$home/postgres.port" ] || "$bin/antaeusctl" ports 1 >"$home/postgres.port"
  LISTEN_HOST=127.0.0.1 LISTEN_PORT=$(cat "$home/postgres.port") scripts/test/postgres.sh up "$home/postgres" \
    >/dev/null || die "PostgreSQL did not start: install its server (apt-get install postgresql), or leave out --with postgres"
  say "      PostgreSQL is ready, port $(cat "$home/postgres.port")"
}

stop_postgres() {
  [ ! -d "$home/postgres" ] || scripts/test/postgres.sh stop "$home/postgres"
}

# --- one service: its variables, its start, its stop

variables() { # SERVICE: into `set`, one word each
  set=("DATABASE_URL=$(database_url "$1")" "LISTEN=127.0.0.1:${port[$1]}" TLS_MODE=rustls "TLS_DIR=$home/pki/$1")
  case $1 in
  payment-provider) set+=("CHARGE_JWKS_FILE=$home/keys/charge/jwks.json") ;;
  invoice-app)
    set+=(AUTH=off "CHARGE_KEY_FILE=$home/keys/charge/private.pem")
    set+=("PAYMENT_PROVIDER_ENDPOINT=https://localhost:${port[payment-provider]}")
    sends invoice-app orders notifications
    hears invoice-app users orders
    ;;
  users)
    set+=(AUTH=off)
    sends users invoice-app notifications
    ;;
  orders)
    set+=(AUTH=off)
    sends orders invoice-app notifications
    hears orders invoice-app
    ;;
  notifications)
    set+=(AUTH=off "MAIL=file:$home/mail")
    hears notifications users orders invoice-app
    ;;
  esac
}

wanted() { # SERVICE
  [[ " ${services[*]} " == *" $1 "* ]]
}

# Without a receiver nothing is told: it would only pile up.
sends() { # SERVICE RECEIVER...: adds to `set`
  local sender=$1 receiver to=()
  shift
  for receiver; do
    if wanted "$receiver"; then to+=("$receiver=https://localhost:${events_port[$receiver]}"); fi
  done
  [ "${#to[@]}" != 0 ] || return 0
  set+=("EVENTS_TO=$(joined "${to[@]}")" "EVENT_KEY_FILE=$home/keys/event/$sender/private.pem")
}

hears() { # SERVICE SENDER...: adds to `set`
  local receiver=$1 sender
  shift
  for sender; do
    if wanted "$sender"; then
      set+=("EVENTS_LISTEN=127.0.0.1:${events_port[$receiver]}" "EVENT_JWKS_DIR=$home/keys/event")
      return
    fi
  done
}

joined() { # WORD...: with commas between them
  local IFS=,
  echo "$*"
}

pid_of() { # SERVICE: the process that we started, if it still runs
  local pid
  pid=$(cat "$home/run/$1.pid" 2>/dev/null) || return 1
  # A number may have passed on to another process since.
  [[ $(ps -p "$pid" -o args= 2>/dev/null) =~ /(invoice-app|payment-provider|users|orders|notifications)\ (serve|worker)$ ]] && echo "$pid"
}

start() { # NAME SERVICE ROLE ADMIN-PORT
  local pid set
  variables "$2"
  env "${set[@]}" "ADMIN_LISTEN=127.0.0.1:$4" nohup "$bin/$2" "$3" >>"$home/log/$1.log" 2>"$home/log/$1.err" </dev/null &
  pid=$!
  echo "$pid" >"$home/run/$1.pid"
  for _ in $(seq 200); do
    if [[ $("$bin/antaeusctl" probe call "http://127.0.0.1:$4/readyz" --timeout-ms 500) == status=200* ]]; then
      say "      $1 is ready, process $pid"
      return
    fi
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.05
  done
  die "$1 did not start: $(cat "$home/log/$1.err")
      log:   $home/log/$1.log
      again: ./deploy.sh"
}

start_all() {
  local service number=0 worker_port
  for service in "${services[@]}"; do start "$service" "$service" serve "${admin_port[$service]}"; done
  while [ "$number" -lt "$workers" ]; do
    number=$((number + 1))
    worker_port=$("$bin/antaeusctl" ports 1)
    start "worker-$number" invoice-app worker "$worker_port"
  done
}

running_workers() {
  local file
  for file in "$home"/run/worker-*.pid; do
    [ ! -e "$file" ] || basename "$file" .pid
  done
}

stop_all() {
  local name pid
  # The provider last: what is in flight is settled first.
  for name in $(running_workers) users orders notifications invoice-app payment-provider; do
    if pid=$(pid_of "$name"); then
      kill "$pid"
      for _ in $(seq 600); do
        if ! pid_of "$name" >/dev/null; then break; fi
        sleep 0.05
      done
      say "      $name stopped"
    fi
    rm -f "$home/run/$name.pid"
  done
}

# --- data

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

# --- the other commands

# What the last `./deploy.sh` started.
deployed() {
  if [ -s "$home/services" ]; then mapfile -t services <"$home/services"; fi
}

status() {
  local service pid running=0 name
  deployed
  for name in $(running_workers); do
    if pid=$(pid_of "$name"); then say "$name runs, process $pid"; else say "$name does not run"; fi
  done
  for service in "${services[@]}"; do
    if pid=$(pid_of "$service"); then
      say "$service runs, process $pid"
      running=$((running + 1))
    else
      say "$service does not run"
    fi
  done
  if [ "$running" = "${#services[@]}" ]; then
    say "$(count PAID) invoices paid, $(unpaid) to be paid, $(count PARKED) parked; $url"
  else
    return 1
  fi
}

logs() { # [SERVICE] [-f]
  local service files=() follow=()
  deployed
  for service in "${services[@]}"; do files+=("$home/log/$service.log"); done
  while [ $# -gt 0 ]; do
    case $1 in
    -f) follow=(-f) ;;
    invoice-app | payment-provider | users | orders | notifications) files=("$home/log/$1.log") ;;
    *) die "there is no service $1: one of ${all_services[*]}" ;;
    esac
    shift
  done
  tail -n 40 "${follow[@]}" "${files[@]}"
}

# The services of a list with commas, in the order in which they are started.
only() { # LIST
  local service list=,$1,
  services=()
  for service in "${all_services[@]}"; do
    [[ $list != *,"$service",* ]] || services+=("$service")
    list=${list/,$service,/,}
  done
  [ "$list" = , ] || die "--only knows ${all_services[*]}; not ${list//,/ }"
  for service in payment-provider invoice-app; do
    wanted "$service" || die "$service is needed: the invoices are shown and paid"
  done
}

reset() {
  stop_all
  [ ! -d "$home/postgres" ] || scripts/test/postgres.sh down "$home/postgres"
  rm -rf "${home:?}"/{pki,keys,data,log,run,mail,services,postgres.port}
  say "      local data, certificates and keys are removed"
}

case ${1:-} in
k8s)
  shift
  exec scripts/k8s/deploy.sh "$@"
  ;;
stop)
  stop_all
  stop_postgres
  exit
  ;;
status | reset)
  "$1"
  exit
  ;;
logs)
  shift
  logs "$@"
  exit
  ;;
-h | --help | help)
  usage
  exit
  ;;
esac
while [ $# -gt 0 ]; do
  case $1 in
  --no-pay) pay=no ;;
  --only) only "${2:?--only needs a list, see --help}"; shift ;;
  --with) [ "${2:-}" = postgres ] || die "--with knows postgres only"; postgres=yes; shift ;;
  --workers) workers=${2:?--workers needs a number, see --help}; shift ;;
  --data) data_set=${2:?--data needs a name, see --help}; shift ;;
  *) usage >&2 && exit 2 ;;
  esac
  shift
done
if [ "$workers" != 0 ] && [ "$postgres" = no ]; then die "workers need PostgreSQL: add --with postgres"; fi
deploy

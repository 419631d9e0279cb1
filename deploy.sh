#!/usr/bin/env bash
# Brings up Antaeus: here, on this machine, with nothing but a Rust toolchain; or on Kubernetes.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

usage() {
  cat <<'END'
usage: ./deploy.sh [OPTIONS]                  build, start both services, pay the invoices, show them
       ./deploy.sh stop | status | reset      stop; what runs; stop and remove all local data
       ./deploy.sh logs [SERVICE] [-f]        the last lines of invoice-app and payment-provider
       ./deploy.sh k8s --help                 the same on the current kubectl context

--data NAME       data set for an empty database: demo (default), pleo, pleo-go, antaeus, large:N
--no-pay          leave the invoices unpaid
--with postgres   a PostgreSQL of its own instead of SQLite, from the server programs that are installed here
--workers N       so many `invoice-app worker` processes beside `serve`; they need PostgreSQL

Everything local is under .antaeus/: certificates, keys, databases, logs.
ANTAEUS_HOME             another folder instead of .antaeus
INVOICE_APP_PORT         8081 (INVOICE_APP_ADMIN_PORT 9081)
PAYMENT_PROVIDER_PORT    8082 (PAYMENT_PROVIDER_ADMIN_PORT 9082)
CARGO_TARGET_DIR         where cargo builds, as cargo knows it
END
}

home=${ANTAEUS_HOME:-$PWD/.antaeus}
port=${INVOICE_APP_PORT:-8081}
admin_port=${INVOICE_APP_ADMIN_PORT:-9081}
provider_port=${PAYMENT_PROVIDER_PORT:-8082}
provider_admin_port=${PAYMENT_PROVIDER_ADMIN_PORT:-9082}
bin=${CARGO_TARGET_DIR:-$PWD/target}/debug
url=http://localhost:$port
services=(payment-provider invoice-app)
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
  set=("DATABASE_URL=$(database_url "$1")" TLS_MODE=rustls "TLS_DIR=$home/pki/$1")
  case $1 in
  payment-provider)
    set+=("LISTEN=127.0.0.1:$provider_port" )
    set+=("CHARGE_JWKS_FILE=$home/keys/charge/jwks.json")
    ;;
  invoice-app)
    set+=("LISTEN=127.0.0.1:$port" AUTH=off)
    set+=("CHARGE_KEY_FILE=$home/keys/charge/private.pem")
    set+=("PAYMENT_PROVIDER_ENDPOINT=https://localhost:$provider_port")
    ;;
  esac
}

pid_of() { # SERVICE: the process that we started, if it still runs
  local pid
  pid=$(cat "$home/run/$1.pid" 2>/dev/null) || return 1
  # A number may have passed on to another process since.
  [[ $(ps -p "$pid" -o args= 2>/dev/null) =~ /(invoice-app|payment-provider)\ (serve|worker)$ ]] && echo "$pid"
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
  local number=0 worker_port
  start payment-provider payment-provider serve "$provider_admin_port"
  start invoice-app invoice-app serve "$admin_port"
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
  for name in $(running_workers) invoice-app payment-provider; do
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

Antaeus runs, $SECONDS s.   invoice-app $url   payment-provider https://localhost:$provider_port (only for invoice-app)

Try:
  curl $url/invoices
  curl $url/rest/v1/invoices/1
  curl -X POST $url/v1/invoices -H 'Content-Type: application/json' -d '{"customer_id": 1, "amount": {"value": 9.99, "currency": "EUR"}}'
  curl -X POST $url/rest/v1/invoices/pay        # one round; about half of what is unpaid gets paid
  curl -k https://localhost:$provider_port/pp/rest/v1/charges      # refused: no certificate
  curl http://localhost:$admin_port/metrics
Then: ./test.sh proves it all, ./deploy.sh status | logs | stop | reset
END
}

# --- the other commands

status() {
  local service pid running=0 name
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
  if [ "$running" = 2 ]; then
    say "$(count PAID) invoices paid, $(unpaid) to be paid, $(count PARKED) parked; $url"
  else
    return 1
  fi
}

logs() { # [SERVICE] [-f]
  local files=("$home/log/payment-provider.log" "$home/log/invoice-app.log") follow=()
  while [ $# -gt 0 ]; do
    case $1 in
    -f) follow=(-f) ;;
    invoice-app | payment-provider) files=("$home/log/$1.log") ;;
    *) die "there is no service $1: invoice-app or payment-provider" ;;
    esac
    shift
  done
  tail -n 40 "${follow[@]}" "${files[@]}"
}

reset() {
  stop_all
  [ ! -d "$home/postgres" ] || scripts/test/postgres.sh down "$home/postgres"
  rm -rf "${home:?}"/{pki,keys,data,log,run,postgres.port}
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
  --with) [ "${2:-}" = postgres ] || die "--with knows postgres only"; postgres=yes; shift ;;
  --workers) workers=${2:?--workers needs a number, see --help}; shift ;;
  --data) data_set=${2:?--data needs a name, see --help}; shift ;;
  *) usage >&2 && exit 2 ;;
  esac
  shift
done
if [ "$workers" != 0 ] && [ "$postgres" = no ]; then die "workers need PostgreSQL: add --with postgres"; fi
deploy

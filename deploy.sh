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
--with LIST       postgres instead of SQLite, rabbitmq to carry the events (and to hand work to --workers), or both with a
                  comma: each from the server programs that are installed here, or as the variables below name them
--workers N       so many `invoice-app worker` processes beside `serve`; they need PostgreSQL

Everything local is under .antaeus/: certificates, keys, databases, logs, e-mails.
ANTAEUS_HOME             another folder instead of .antaeus
INVOICE_APP_PORT         8081 (INVOICE_APP_ADMIN_PORT 9081, INVOICE_APP_EVENTS_PORT 7081)
PAYMENT_PROVIDER_PORT    8082 (PAYMENT_PROVIDER_ADMIN_PORT 9082)
USERS_PORT               8083 (USERS_ADMIN_PORT 9083)
ORDERS_PORT              8084 (ORDERS_ADMIN_PORT 9084, ORDERS_EVENTS_PORT 7084)
NOTIFICATIONS_PORT       8085 (NOTIFICATIONS_ADMIN_PORT 9085, NOTIFICATIONS_EVENTS_PORT 7085)
SERVICE_DATABASE_URL     for --with postgres: INVOICE_APP_DATABASE_URL and so on, a database per service
BROKER_URL               for --with rabbitmq: amqps://host:port; BROKER_CA_FILE, and BROKER_PASSWORD_DIR with the password
                         of each service in a file of its name
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
rabbitmq=no
workers=0
data_set=demo
pay=yes

say() { printf '%s\n' "$*"; }
die() {
  printf '%s\n' "$*" >&2
  exit 1
}
step() { say "[$1/6] $2 ($SECONDS s)"; }

# shellcheck source=scripts/local/servers.sh
. scripts/local/servers.sh
# shellcheck source=scripts/local/services.sh
. scripts/local/services.sh
# shellcheck source=scripts/local/data.sh
. scripts/local/data.sh

deploy() {
  step 1 "toolchain"
  check_toolchain
  step 2 "build: the first one takes about five minutes on two cores, later ones seconds"
  cargo build --locked --bins
  step 3 "certificates and keys"
  mkdir -p "$home/log" "$home/run" "$home/data"
  "$bin/antaeusctl" pki init --dir "$home/pki" >"$home/log/setup.log"
  "$bin/antaeusctl" keys init --dir "$home/keys" >>"$home/log/setup.log"
  step 4 "databases"
  stop_all
  if [ "$postgres" = yes ]; then start_postgres; fi
  if [ "$rabbitmq" = yes ]; then start_rabbitmq; fi
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

with() { # LIST
  local server
  for server in ${1//,/ }; do
    case $server in
    postgres) postgres=yes ;;
    rabbitmq) rabbitmq=yes ;;
    *) die "--with knows postgres and rabbitmq, not $server" ;;
    esac
  done
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
  servers down
  rm -rf "${home:?}"/{pki,keys,data,log,run,mail,services,postgres.port,rabbitmq.port}
  say "      local data, certificates and keys are removed"
}

case ${1:-} in
k8s)
  shift
  exec scripts/k8s/deploy.sh "$@"
  ;;
stop)
  stop_all
  servers stop
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
  --with) with "${2:?--with needs a list, see --help}"; shift ;;
  --workers) workers=${2:?--workers needs a number, see --help}; shift ;;
  --data) data_set=${2:?--data needs a name, see --help}; shift ;;
  *) usage >&2 && exit 2 ;;
  esac
  shift
done
if [ "$workers" != 0 ] && [ "$postgres" = no ]; then die "workers need PostgreSQL: add --with postgres"; fi
deploy

#!/usr/bin/env bash
# Proves Antaeus. Without arguments: everything that runs on this machine without a cluster.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

usage() {
  cat <<'END'
usage: ./test.sh [--fast]                 the whole gate: e2e, cargo, attacks, chaos, drills, policies, static,
                                          manifests
       ./test.sh e2e                      deploy.sh in a folder and on ports of its own; every invoice gets paid
       ./test.sh newman [BASE...]         the Postman collection by Newman: against services of its own, or a gateway's URL,
                                          or those of users, orders, notifications and invoice-app; ANTAEUS_API_KEY
       ./test.sh cargo                    unit and integration tests, on SQLite and PostgreSQL
       ./test.sh chaos [--nightly] [--shard i/n]
                                          services and workers killed, stopped and ended between any two steps,
                                          PostgreSQL stopped dead; bad settings. --nightly: 34 times as often;
                                          --shard: the ith of n equal parts. See docs/RELIABILITY.md
       ./test.sh attacks                  the attack table, row by row, against the running services
       ./test.sh drills                   keys, certificates and the CA replaced while payments go on
       ./test.sh fuzz [--seconds N]       the parsers with made-up bytes, 60 seconds each; needs nightly Rust and cargo-fuzz
       ./test.sh policies                 who may call whom, by the rendered manifests: layer by layer against the call
                                          graph; and every mutant of every policy must be noticed
       ./test.sh policies live            some of those mutants on the current cluster, one by one
       ./test.sh static                   scripts, formatting, documents that are made from the code
       ./test.sh manifests                what kustomize renders, by kubeconform, kube-score and checkov
       ./test.sh k8s                      on the current cluster, or the one that $CLUSTER_UP starts
       ./test.sh bench startup|charge|flood [--rounds N] [--seconds N] [--json]
       ./test.sh bench billing|events [--invoices N] [--rounds N] [--seconds N] [--json]
       ./test.sh bench flat [--quick] [--rounds N] [--json]     10 million rows; --quick: one million
--fast leaves out chaos and drills.

PostgreSQL: TEST_DATABASE_URL, a server on which databases may be created; without it a throw-away server is
started from the installed programs; without those the tests run on SQLite alone and say so.
RabbitMQ: TEST_BROKER_URL and TEST_BROKER_DIR, as scripts/test/rabbitmq.sh up prints them; without them one is started
likewise, and without its programs nothing is tested over a broker.
With CI=true whatever is skipped is a failure.
END
}

passed=0 failed=0 skipped=0
bin=${CARGO_TARGET_DIR:-$PWD/target}/debug
work=$(mktemp -d "${TMPDIR:-/tmp}/antaeus-test.XXXXXX")
# The PostgreSQL server runs as a user of its own and must get through.
chmod 711 "$work"
postgres=
rabbitmq=

clean_up() {
  if [ -d "$work/home" ]; then e2e_deploy stop >/dev/null || true; fi
  if [ -n "$postgres" ]; then scripts/test/postgres.sh down "$postgres" || true; fi
  if [ -n "$rabbitmq" ]; then scripts/test/rabbitmq.sh down "$rabbitmq" || true; fi
  rm -rf "$work"
}
trap clean_up EXIT

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    tail -n 40 "$work/output" | sed 's/^/        /'
  fi
}

skip() { # NAME WHY
  skipped=$((skipped + 1))
  echo "SKIPPED $1: $2"
}

finish() {
  local line="$passed passed, $failed failed"
  [ "$skipped" = 0 ] || line="$line, $skipped skipped"
  echo "$line"
  [ "$failed" = 0 ] && { [ "$skipped" = 0 ] || [ "${CI:-}" != true ]; }
}

# --- e2e: as a new user, beside whatever runs already

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
  "$bin/antaeusctl" verify --settled --invoices-url "sqlite://$work/home/data/invoice-app.sqlite" \
    --provider-url "sqlite://$work/home/data/payment-provider.sqlite"
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

newman() { # [BASE...]
  case $# in
  0)
    own_ports
    check "deploy.sh --no-pay brings all five services up" e2e_deploy --no-pay
    own_collection
    check "antaeusctl verify: both databases agree" books_agree
    check "deploy.sh stop" e2e_deploy stop
    ;;
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

# --- cargo: on both databases

with_postgres() {
  if [ -n "${TEST_DATABASE_URL:-}" ]; then return; fi
  local port
  port=$("$bin/antaeusctl" ports 1)
  if LISTEN_HOST=127.0.0.1 LISTEN_PORT=$port scripts/test/postgres.sh up "$work/postgres" >"$work/exports"; then
    postgres=$work/postgres
    # shellcheck source=/dev/null
    . "$work/exports"
    export TEST_DATABASE_URL PGBENCH
  else
    skip "PostgreSQL" "no server programs here and no TEST_DATABASE_URL; everything ran on SQLite alone"
  fi
}

with_mail_server() {
  local tools
  if tools=$(scripts/tools.sh aiosmtpd 2>"$work/output"); then
    export SMTP_PYTHON=$tools/aiosmtpd.venv/bin/python
  else
    skip "e-mails to a mail server" "$(tail -n 1 "$work/output")"
  fi
}

with_rabbitmq() {
  if [ -n "${TEST_BROKER_URL:-}" ]; then return; fi
  local port
  port=$("$bin/antaeusctl" ports 1)
  if LISTEN_PORT=$port scripts/test/rabbitmq.sh up "$work/rabbitmq" >"$work/broker"; then
    rabbitmq=$work/rabbitmq
    # shellcheck source=/dev/null
    . "$work/broker"
    export TEST_BROKER_URL TEST_BROKER_DIR
  else
    skip "RabbitMQ" "no server programs here and no TEST_BROKER_URL; events travelled by calls alone"
  fi
}

cargo_test() { # ARGUMENTS...: counts cargo's own tests
  local ok=0
  cargo test --locked "$@" 2>&1 | tee "$work/cargo" || ok=$?
  passed=$((passed + $(sum passed)))
  failed=$((failed + $(sum failed)))
  if [ "$ok" != 0 ] && [ "$(sum failed)" = 0 ]; then failed=$((failed + 1)); fi
}

sum() { # passed|failed
  sed -n "s/^test result: .* \([0-9]*\) $1;.*/\1/p" "$work/cargo" | awk '{ n += $1 } END { print n + 0 }'
}

cargo_tests() {
  cargo build --locked --bins
  with_postgres
  with_rabbitmq
  cargo_test --workspace --exclude proof
  with_mail_server
  cargo_test -p proof --lib --test it --test commerce
}

chaos() { # [--nightly] [--shard i/n]
  local times=1 shard=1/1
  while [ $# -gt 0 ]; do
    case $1 in
    --nightly) times=34 ;;
    --shard) shard=${2:?give i/n} && shift ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  cargo build --locked --bins
  with_postgres
  with_rabbitmq
  CHAOS_TIMES=$times CHAOS_SHARD=$shard cargo_test -p proof --test processes -- --nocapture
}

attacks() {
  cargo build --locked --bins
  with_postgres
  cargo_test -p proof --test attacks -- --nocapture
}

drills() {
  cargo build --locked --bins
  with_postgres
  cargo_test -p proof --test drills -- --nocapture
}

# --- policies: offline, over what kustomize makes of the overlays

# Written once, also when several parts ask for it. 3: there is nothing to render with.
render_overlays() {
  if [ ! -e "$work/overlays/prod.yaml" ]; then scripts/test/render.sh "$work/overlays" 2>"$work/output"; fi
}

every_mutant_is_noticed() {
  "$bin/antaeusctl" policies mutants --rendered "$work"/overlays/*.yaml
}

policies() {
  local rendered ok=0
  cargo build --locked --bins
  render_overlays || ok=$?
  if [ "$ok" = 3 ]; then
    skip "policies" "neither kustomize, nor go to build it with, nor kubectl is here"
    return
  fi
  [ "$ok" = 0 ] || cat "$work/output"
  check "the overlays can be rendered" [ "$ok" = 0 ]
  check "istio/install.yaml: the mesh is as the policies rely on it" "$bin/antaeusctl" policies mesh
  for rendered in "$work"/overlays/*.yaml; do
    check "$(basename "$rendered" .yaml): every layer answers as the call graph says" \
      "$bin/antaeusctl" policies check --rendered "$rendered"
    sed -n 's/^note: /        note: /p' "$work/output"
  done
  check "every mutant of every policy is noticed" every_mutant_is_noticed
  sed 's/^/        /' "$work/output"
}

# --- static

scripts_are_clean() {
  local files
  mapfile -t files < <(git ls-files '*.sh' .ci/run; git ls-files --others --exclude-standard '*.sh')
  shellcheck -x "${files[@]}"
}

static() {
  check "cargo fmt" cargo fmt --check
  if command -v shellcheck >/dev/null; then
    check "shellcheck" scripts_are_clean
  else
    skip "shellcheck" "it is not installed"
  fi
  cargo build --locked --bins
  check "configuration tables are those of the code" scripts/config-docs.sh --check
  check "no private key and no Secret is in git; Secrets are not in the audit log" scripts/test/guards.sh secrets
  check "each admission policy is bound, and each of its rules has a fixture" scripts/test/guards.sh policies
  callers_table
  teams
}

callers_table() {
  local ok=0
  render_overlays || ok=$?
  if [ "$ok" = 3 ]; then
    skip "the table of callers in README.md" "neither kustomize, nor go to build it with, nor kubectl is here"
  else
    check "the table of callers in README.md is that of the manifests" scripts/policy-table.sh --check
  fi
}

# kubectl is enough; kustomize itself is built with go.
teams() {
  local tools=
  if ! command -v kubectl >/dev/null; then
    tools=$(scripts/tools.sh kustomize 2>"$work/output") || {
      skip "each team's overlay" "neither kubectl, kustomize nor go is here"
      return
    }
  fi
  check "a team's overlay is its part of the whole one" env PATH="${tools:+$tools:}$PATH" scripts/test/guards.sh teams
}

# shellcheck source=scripts/test/manifests.sh
. scripts/test/manifests.sh

fuzz() { # [--seconds N]
  local seconds=60 target
  if [ "${1:-}" = --seconds ]; then seconds=$2; fi
  if ! cargo +nightly fuzz --version >"$work/output" 2>&1; then
    skip "fuzzing" "nightly Rust or cargo-fuzz is missing: rustup toolchain install nightly; cargo install cargo-fuzz"
    return
  fi
  for target in proof/fuzz/fuzz_targets/*.rs; do
    check "fuzz $(basename "$target" .rs), $seconds s" fuzz_one "$(basename "$target" .rs)" "$seconds"
    grep -h 'Done [0-9]* runs' "$work/output" || true
  done
}

fuzz_one() { # TARGET SECONDS: starts from the committed corpus; what it finds on the way stays out of it
  mkdir -p "$work/fuzz/$1"
  (cd proof && cargo +nightly fuzz run "$1" "$work/fuzz/$1" "fuzz/corpus/$1" -- \
    -max_total_time="$2" -max_len=20000 -timeout=10)
}

bench() { # startup|charge|billing|events|flat|flood [ARGUMENTS...]
  # The static release build: what the images hold is what is measured.
  RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --release --target x86_64-unknown-linux-gnu \
    --features db/static-tls -p invoice-app -p payment-provider -p orders -p notifications -p antaeusctl -p proof >&2
  bin=${CARGO_TARGET_DIR:-$PWD/target}/x86_64-unknown-linux-gnu/release
  case ${1:-} in
  charge | billing | events | flat) with_postgres ;;
  esac
  "$bin/bench" "$@"
}

case ${1:-all} in
all)
  # One by one and not by &&, which would switch off `set -e` inside of each.
  e2e
  cargo_tests
  # By itself `./test.sh attacks` flips ten times as many bits.
  ATTACK_FLIPS=1000 attacks
  chaos
  drills
  policies
  static
  manifests
  ;;
--fast)
  e2e
  cargo_tests
  ATTACK_FLIPS=1000 attacks
  policies
  static
  manifests
  echo "left out (--fast): chaos, drills"
  ;;
attacks | e2e | drills | static | manifests) "$1" ;;
policies)
  if [ "${2:-}" = live ]; then
    rm -rf "$work"
    exec scripts/test/k8s.sh mutants
  fi
  policies
  ;;
chaos)
  shift
  chaos "$@"
  ;;
newman)
  shift
  newman "$@"
  ;;
cargo) cargo_tests ;;
k8s)
  shift
  rm -rf "$work"
  exec scripts/test/k8s.sh "$@"
  ;;
fuzz)
  shift
  fuzz "$@"
  ;;
bench)
  shift
  bench "$@"
  exit
  ;;
-h | --help | help)
  usage
  exit
  ;;
*) usage >&2 && exit 2 ;;
esac
finish

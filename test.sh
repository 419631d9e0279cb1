#!/usr/bin/env bash
# Proves Antaeus. Without arguments: everything that runs on this machine without a cluster.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

usage() {
  cat <<'END'
usage: ./test.sh [--fast]                 the whole gate: e2e, cargo, attacks, observability, chaos, drills, dashboards,
                                          policies, static, manifests
       ./test.sh e2e                      deploy.sh in a folder and on ports of its own; every invoice gets paid
                                          then once more with PostgreSQL and RabbitMQ
       ./test.sh newman [--with LIST | BASE...]
                                          the Postman collection by Newman: against services of its own, or a gateway's URL,
                                          or those of users, orders, notifications and invoice-app; ANTAEUS_API_KEY
       ./test.sh cargo                    unit and integration tests, on SQLite and PostgreSQL
       ./test.sh chaos [--nightly] [--shard i/n]
                                          services and workers killed, stopped and ended between any two steps,
                                          PostgreSQL stopped dead; bad settings. --nightly: 34 times as often;
                                          --shard: the ith of n equal parts. See docs/RELIABILITY.md
       ./test.sh attacks                  the attack table, row by row, against the running services
       ./test.sh drills                   keys, certificates and the CA replaced while payments go on
       ./test.sh observability [--pictures]
                                          every query of every panel and rule, each metric, the trace of an order, and
                                          secrets that must come out nowhere: by a real Prometheus and the real collector.
                                          --pictures draws docs/pictures instead, out of some minutes of work
       ./test.sh fuzz [--seconds N]       the parsers with made-up bytes, 60 seconds each; needs nightly Rust and cargo-fuzz
       ./test.sh dashboards               rules and alerts by promtool; that every dashboard and rule is shipped
       ./test.sh policies                 who may call whom, by the rendered manifests: layer by layer against the call
                                          graph; and every mutant of every policy must be noticed
       ./test.sh policies live            some of those mutants on the current cluster, one by one
       ./test.sh static                   scripts, formatting, documents that are made from the code
       ./test.sh manifests                what kustomize renders, by kubeconform, kube-score and checkov
       ./test.sh k8s                      on the current cluster, or the one that $CLUSTER_UP starts
       ./test.sh bench startup|charge|flood [--rounds N] [--seconds N] [--json]
       ./test.sh bench telemetry [--rounds N] [--seconds N] [--json]
       ./test.sh bench billing|events [--invoices N] [--rounds N] [--seconds N] [--json]
       ./test.sh bench flat [--quick] [--rounds N] [--json]     10 million rows; --quick: one million
--fast leaves out chaos and drills.

PostgreSQL: TEST_DATABASE_URL, a server on which databases may be created; without it a throw-away server is
started from the installed programs; without those the tests run on SQLite alone and say so.
RabbitMQ: TEST_BROKER_URL and TEST_BROKER_DIR, as scripts/test/rabbitmq.sh up prints them; without them one is started
likewise, and without its programs nothing is tested over a broker.
Prometheus: TEST_PROMETHEUS_URL and TEST_PROMETHEUS_DIR, as scripts/test/prometheus.sh up prints them, or one of its own.
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
prometheus=

clean_up() {
  if [ -d "$work/home" ]; then e2e_deploy stop >/dev/null || true; fi
  if [ -n "$postgres" ]; then scripts/test/postgres.sh down "$postgres" || true; fi
  if [ -n "$rabbitmq" ]; then scripts/test/rabbitmq.sh down "$rabbitmq" || true; fi
  if [ -n "$prometheus" ]; then scripts/test/prometheus.sh down "$prometheus" || true; fi
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

# shellcheck source=scripts/test/e2e.sh
. scripts/test/e2e.sh
# shellcheck source=scripts/test/cargo.sh
. scripts/test/cargo.sh
# shellcheck source=scripts/test/observability.sh
. scripts/test/observability.sh
# shellcheck source=scripts/test/dashboards.sh
. scripts/test/dashboards.sh
# shellcheck source=scripts/test/policies.sh
. scripts/test/policies.sh
# shellcheck source=scripts/test/static.sh
. scripts/test/static.sh
# shellcheck source=scripts/test/manifests.sh
. scripts/test/manifests.sh
# shellcheck source=scripts/test/bench.sh
. scripts/test/bench.sh

case ${1:-all} in
all)
  # One by one and not by &&, which would switch off `set -e` inside of each.
  e2e
  e2e_servers
  cargo_tests
  # By itself `./test.sh attacks` flips ten times as many bits.
  ATTACK_FLIPS=1000 attacks
  observability
  chaos
  drills
  dashboards
  policies
  static
  manifests
  ;;
--fast)
  e2e
  e2e_servers
  cargo_tests
  ATTACK_FLIPS=1000 attacks
  observability
  dashboards
  policies
  static
  manifests
  echo "left out (--fast): chaos, drills"
  ;;
attacks | dashboards | drills | static | manifests) "$1" ;;
e2e)
  e2e
  e2e_servers
  ;;
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
observability)
  shift
  observability "$@"
  ;;
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

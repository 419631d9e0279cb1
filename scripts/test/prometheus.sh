#!/usr/bin/env bash
# A Prometheus of its own for tests, from the program that is installed here. It asks every second, and has the rules of
# dashboards/rules, evaluated every second too. Whom it asks stands in DIRECTORY/targets: whoever starts services puts a
# file there, as file_sd_configs reads them.
set -euo pipefail
umask 022

usage() {
  cat <<'END'
usage: scripts/test/prometheus.sh up [DIRECTORY]    start it, or say how to reach it when it runs;
                                                    prints `export` lines:  eval "$(... up)"
       scripts/test/prometheus.sh down [DIRECTORY]  stop it and remove what it recorded
       scripts/test/prometheus.sh installed         whether its program is here
DIRECTORY    default .antaeus/prometheus
LISTEN_PORT  default 9090, on 127.0.0.1
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

die() {
  echo "prometheus.sh: $*" >&2
  exit 1
}

programs() {
  command -v prometheus >/dev/null ||
    die "no Prometheus here (prometheus); install it, for example: apt-get install prometheus"
}

configure() {
  cat <<END
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files: ["$directory/rules/*.yaml"]
scrape_configs:
  - job_name: antaeus
    file_sd_configs:
      - files: ["$directory/targets/*.json"]
        refresh_interval: 1s
END
}

# Groups have intervals for a server that runs for months.
rules() {
  local file
  for file in "$root"/dashboards/rules/*.yaml; do
    [ ! -e "$file" ] || sed -E 's/^( *-? *interval:).*/\1 1s/' "$file" >"$directory/rules/$(basename "$file")"
  done
}

running() { [ -s "$directory/pid" ] && kill -0 "$(cat "$directory/pid")" 2>/dev/null; }

start() {
  mkdir -p "$directory/rules" "$directory/targets"
  rules
  configure >"$directory/prometheus.yaml"
  echo "$port" >"$directory/port"
  nohup prometheus --config.file="$directory/prometheus.yaml" --storage.tsdb.path="$directory/data" \
    --web.listen-address="127.0.0.1:$port" >"$directory/log" 2>&1 </dev/null &
  echo $! >"$directory/pid"
  for _ in $(seq 100); do
    if curl -fs "http://127.0.0.1:$port/-/ready" >/dev/null; then return; fi
    running || break
    sleep 0.1
  done
  die "it does not start: $(tail -n 3 "$directory/log")"
}

up() {
  running || start
  echo "export TEST_PROMETHEUS_URL='http://127.0.0.1:$(cat "$directory/port")'"
  echo "export TEST_PROMETHEUS_DIR='$directory'"
}

down() {
  [ -e "$directory/prometheus.yaml" ] || return 0
  if running; then
    kill "$(cat "$directory/pid")"
    while running; do sleep 0.1; done
  fi
  rm -rf "$directory"
}

port=${LISTEN_PORT:-9090}
directory=${2:-$root/.antaeus/prometheus}
case ${1:-} in
up | down)
  mkdir -p "$(dirname "$directory")"
  directory=$(cd "$(dirname "$directory")" && pwd)/$(basename "$directory")
  programs
  "$1"
  ;;
installed) programs ;;
-h | --help) usage ;;
*) usage >&2 && exit 2 ;;
esac

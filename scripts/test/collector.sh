#!/usr/bin/env bash
# The OpenTelemetry collector for tests: as it is deployed (monitoring/collector/config.yaml), but that everything it
# passes on goes into DIRECTORY/passed-on.json, and into DIRECTORY/received.json as it came in.
set -euo pipefail
umask 022

usage() {
  cat <<'END'
usage: scripts/test/collector.sh up [DIRECTORY]    start it, or say how to reach it when it runs;
                                                   prints `export` lines:  eval "$(... up)"
       scripts/test/collector.sh stop [DIRECTORY]  stop it and keep its files
       scripts/test/collector.sh down [DIRECTORY]  stop it and remove them
       scripts/test/collector.sh installed         whether its program is here
DIRECTORY    default .antaeus/collector
LISTEN_PORT  default 4318, on 127.0.0.1; OTLP over HTTP
HEALTH_PORT  default 13133
TLS_DIR      its cert.pem and key.pem, where it is to be reached by https
OTELCOL      its program; default: otelcol of the PATH, or as scripts/tools.sh installs it
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

die() {
  echo "collector.sh: $*" >&2
  exit 1
}

programs() {
  otelcol=${OTELCOL:-$(command -v otelcol || echo "${ANTAEUS_TOOLS:-$HOME/.cache/antaeus/bin}/otelcol")}
  [ -x "$otelcol" ] || die "no collector here (otelcol); scripts/tools.sh otelcol makes it"
}

running() { [ -s "$directory/pid" ] && kill -0 "$(cat "$directory/pid")" 2>/dev/null; }

start() {
  mkdir -p "$directory"
  [ -e "$directory/ports" ] || echo "${LISTEN_PORT:-4318} ${HEALTH_PORT:-13133}" >"$directory/ports"
  read -r port health <"$directory/ports"
  tls=()
  if [ -n "${TLS_DIR:-}" ]; then
    tls=(--config="yaml:receivers::otlp::protocols::http::tls: {cert_file: $TLS_DIR/cert.pem, key_file: $TLS_DIR/key.pem}")
  fi
  OTLP_LISTEN=127.0.0.1:$port HEALTH_LISTEN=127.0.0.1:$health COLLECTOR_FILES=$directory \
    nohup "$otelcol" --config="$root/monitoring/collector/config.yaml" \
    --config="$root/scripts/test/collector.yaml" "${tls[@]}" >>"$directory/log" 2>&1 </dev/null &
  echo $! >"$directory/pid"
  for _ in $(seq 100); do
    if curl -fs "http://127.0.0.1:$health/" >/dev/null; then return; fi
    running || break
    sleep 0.1
  done
  die "it does not start: $(tail -n 3 "$directory/log")"
}

up() {
  running || start
  read -r port health <"$directory/ports"
  echo "export TEST_OTLP_ENDPOINT='http://127.0.0.1:$port'"
  echo "export TEST_COLLECTOR_DIR='$directory'"
}

stop() {
  running || return 0
  kill "$(cat "$directory/pid")"
  while running; do sleep 0.1; done
}

down() {
  [ -e "$directory/ports" ] || return 0
  stop
  rm -rf "$directory"
}

directory=${2:-$root/.antaeus/collector}
case ${1:-} in
up | stop | down)
  mkdir -p "$(dirname "$directory")"
  directory=$(cd "$(dirname "$directory")" && pwd)/$(basename "$directory")
  programs
  "$1"
  ;;
installed) programs ;;
-h | --help) usage ;;
*) usage >&2 && exit 2 ;;
esac

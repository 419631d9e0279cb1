# shellcheck shell=bash disable=SC2034,SC2154
# ./test.sh observability: what dashboards, rules, traces and logs are made of, by a real Prometheus and the real collector.

with_prometheus() {
  if [ -n "${TEST_PROMETHEUS_URL:-}" ]; then return; fi
  local port
  port=$("$bin/antaeusctl" ports 1)
  if LISTEN_PORT=$port scripts/test/prometheus.sh up "$work/prometheus" >"$work/exports"; then
    prometheus=$work/prometheus
    # shellcheck source=/dev/null
    . "$work/exports"
    export TEST_PROMETHEUS_URL TEST_PROMETHEUS_DIR
  else
    skip "dashboards and rules by a real Prometheus" "it is not installed (Debian: apt-get install prometheus)"
  fi
}

with_collector() {
  local tools
  if tools=$(scripts/tools.sh otelcol 2>"$work/output"); then
    export OTELCOL=$tools/otelcol
  else
    skip "traces and logs by the real collector" "$(tail -n 1 "$work/output")"
  fi
}

observability() { # [--pictures]
  cargo build --locked --bins
  with_collector
  with_prometheus
  with_postgres
  if [ "${1:-}" = --pictures ]; then
    draw
  else
    with_rabbitmq
    # One after the other: what is too late on a busy machine would be an alert.
    cargo_test -p proof --test observability -- --nocapture --test-threads=1
  fi
  check "each dashboard has a picture" pictures_are_there
}

pictures_are_there() {
  local dashboard picture size
  for dashboard in dashboards/grafana/*.json; do
    picture=docs/pictures/$(basename "$dashboard" .json).png
    [ -e "$picture" ] || { echo "$picture is missing: ./test.sh observability --pictures" && return 1; }
    size=$(stat --format=%s "$picture")
    [ "$size" -lt 150000 ] || { echo "$picture has $size bytes, and is to have less than 150000" && return 1; }
  done
  for picture in docs/pictures/*.png; do
    [ -e "dashboards/grafana/$(basename "$picture" .png).json" ] || { echo "$picture is of no dashboard" && return 1; }
  done
}

# Out of some minutes of the services at work.
draw() {
  local tools
  tools=$(scripts/tools.sh pictures)
  cargo_test -p proof --test observability -- --nocapture --ignored a_day_to_be_drawn
  check "pictures of all dashboards" "$tools/pictures.venv/bin/python" scripts/test/pictures.py \
    "$TEST_PROMETHEUS_URL" dashboards/grafana docs/pictures
}

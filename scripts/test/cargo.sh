# shellcheck shell=bash disable=SC2034,SC2154
# ./test.sh cargo, chaos, attacks and drills: cargo's tests, on SQLite and the servers that can be had.

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

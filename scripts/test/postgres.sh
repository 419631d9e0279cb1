#!/usr/bin/env bash
# A PostgreSQL of its own for tests and rehearsals, from the programs that are installed here:
# TLS by its own CA, passwords by SCRAM, one role and one database for each service.
set -euo pipefail
# The server's own user must be able to enter the directory; what is secret in it has modes of its own.
umask 022

usage() {
  cat <<'END'
usage: scripts/test/postgres.sh up [DIRECTORY]     start it, or say how to reach it when it runs;
                                                   prints `export` lines:  eval "$(... up)"
       scripts/test/postgres.sh stop [DIRECTORY]   stop it and keep its data
       scripts/test/postgres.sh crash [DIRECTORY]  stop it dead, as a power cut would, and start it again
       scripts/test/postgres.sh down [DIRECTORY]   stop it and remove its data
       scripts/test/postgres.sh installed          whether its programs are here
DIRECTORY    default .antaeus/postgres
LISTEN_HOST  the address to listen on; default: the node of the current kubectl context when that
             is this machine, else 127.0.0.1
LISTEN_PORT  default 5432
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
port=${LISTEN_PORT:-5432}

die() {
  echo "postgres.sh: $*" >&2
  exit 1
}

programs() {
  local found
  found=$(command -v pg_ctl || find /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
    -name pg_ctl 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] || die "no PostgreSQL server programs here (pg_ctl); install them, for example: apt-get install postgresql"
  bin=$(dirname "$(readlink -f "$found")")
}

# The server refuses to run as root.
as_server() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

default_host() {
  local node
  node=$(kubectl get nodes -o 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}' 2>/dev/null || true)
  if [ -n "$node" ] && [[ $node != *' '* ]] && grep -qF " $node/" <<<"$(ip -o address 2>/dev/null)"; then
    echo "$node"
  else
    echo 127.0.0.1
  fi
}

create() {
  mkdir -p "$directory"
  echo "$host" >"$directory/host"
  "$root/scripts/k8s/certificate.sh" "$directory/tls" "$host" localhost
  openssl rand -hex 16 >"$directory/password"
  chmod 600 "$directory/password"
  mkdir "$directory/data" "$directory/socket"
  cp "$directory/tls/tls.crt" "$directory/tls/tls.key" "$directory/socket/"
  [ "$(id -u)" != 0 ] || chown -R postgres "$directory/data" "$directory/socket"
  as_server "$bin/initdb" -D "$directory/data" -U postgres --auth-local=trust --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 >"$directory/initdb.log" 2>&1 || die "initdb failed; see $directory/initdb.log"
  configure | as_server tee -a "$directory/data/postgresql.conf" >/dev/null
  # Over the network nobody speaks in the clear.
  printf 'local all all trust\nhostssl all all all scram-sha-256\n' | as_server tee "$directory/data/pg_hba.conf" >/dev/null
}

configure() {
  cat <<END
listen_addresses = '$host'
port = $port
unix_socket_directories = '$directory/socket'
max_connections = 200
# A server of the usual size keeps its busy pages in memory; what nobody uses of it is never taken.
shared_buffers = 1GB
ssl = on
ssl_cert_file = '$directory/socket/tls.crt'
ssl_key_file = '$directory/socket/tls.key'
password_encryption = scram-sha-256
END
}

# One of each service's.
roles=(invoice_app payment_provider users orders notifications)

# A server that an earlier version made gets what it lacks.
roles() {
  local role password
  password=$(cat "$directory/password")
  for role in "${roles[@]}"; do
    cat <<END
SELECT 'CREATE ROLE $role LOGIN PASSWORD ''$password''' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \\gexec
SELECT 'CREATE DATABASE $role OWNER $role' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$role') \\gexec
REVOKE ALL ON DATABASE $role FROM PUBLIC;
END
  done | as_server "$bin/psql" -qX -v ON_ERROR_STOP=1 -h "$directory/socket" -p "$port" -U postgres >/dev/null
}

running() { as_server "$bin/pg_ctl" -D "$directory/data" status >/dev/null 2>&1; }

start() {
  as_server "$bin/pg_ctl" -D "$directory/data" -w -t 30 -l "$directory/socket/server.log" start >/dev/null ||
    die "the server does not start; see $directory/socket/server.log"
}

up() {
  local password role
  if [ ! -e "$directory/ready" ]; then
    down
    host=${LISTEN_HOST:-$(default_host)}
    create
  fi
  host=$(cat "$directory/host")
  running || start
  roles
  touch "$directory/ready"
  password=$(cat "$directory/password")
  for role in "${roles[@]}"; do
    echo "export ${role^^}_DATABASE_URL='postgres://$role:$password@$host:$port/$role'"
  done
  # For tests that create databases of their own: by the socket, as the server's own administrator.
  echo "export TEST_DATABASE_URL='postgres://postgres@${directory//\//%2F}%2Fsocket:$port/postgres'"
  echo "export DATABASE_CA_FILE='$directory/tls/ca.crt'"
  echo "export PGBENCH='$bin/pgbench'"
}

stop() {
  ! running || as_server "$bin/pg_ctl" -D "$directory/data" -m fast stop >/dev/null
}

# Nothing is written back and nobody is told: what was committed comes back from the log.
crash() {
  as_server "$bin/pg_ctl" -D "$directory/data" -m immediate stop >/dev/null
  start
}

down() {
  [ -d "$directory/data" ] || return 0
  ! running || as_server "$bin/pg_ctl" -D "$directory/data" -m immediate stop >/dev/null
  rm -rf "$directory"
}

command=${1:-}
directory=${2:-$root/.antaeus/postgres}
case $command in
up | stop | crash | down)
  mkdir -p "$(dirname "$directory")"
  directory=$(cd "$(dirname "$directory")" && pwd)/$(basename "$directory")
  programs
  "$command"
  ;;
installed) programs ;;
-h | --help) usage ;;
*) usage >&2 && exit 2 ;;
esac

#!/usr/bin/env bash
# A RabbitMQ of its own for tests and rehearsals, from the programs that are installed here: TLS by its own CA, one user
# for each service, with the rights that crates/events/topology.json gives.
set -euo pipefail
# The server's own user must be able to enter the directory; what is secret in it has modes of its own.
umask 022

usage() {
  cat <<'TEXT'
usage: scripts/test/rabbitmq.sh up [DIRECTORY]     start it, or say how to reach it when it runs;
                                                   prints `export` lines:  eval "$(... up)"
       scripts/test/rabbitmq.sh stop [DIRECTORY]   stop it and keep its queues
       scripts/test/rabbitmq.sh crash [DIRECTORY]  kill it, as a power cut would, and start it again
       scripts/test/rabbitmq.sh down [DIRECTORY]   stop it and remove its queues
       scripts/test/rabbitmq.sh vhost NAME [DIRECTORY]
                                                   the same exchanges, queues and rights once more, apart from the
                                                   others: behind the URL as /NAME
       scripts/test/rabbitmq.sh installed          whether its programs are here
       scripts/test/rabbitmq.sh ctl DIRECTORY ARGUMENTS...
                                                   rabbitmqctl
DIRECTORY    default .antaeus/rabbitmq
LISTEN_HOST  the address to listen on; default 127.0.0.1
LISTEN_PORT  default 5671, with TLS; nothing is spoken in the clear
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
services=(users orders invoice-app notifications)

die() {
  echo "rabbitmq.sh: $*" >&2
  exit 1
}

programs() {
  # Debian's own are behind wrappers in /usr/sbin that change the user once more.
  PATH=/usr/lib/rabbitmq/bin:$PATH:/usr/sbin
  command -v rabbitmq-server >/dev/null ||
    die "no RabbitMQ here (rabbitmq-server); install it, for example: apt-get install rabbitmq-server"
}

# Debian's scripts run as nobody else; their cookie stands in that user's home, whatever they are told.
as_server() {
  local variables=(
    RABBITMQ_NODENAME="$node" RABBITMQ_CONFIG_FILE="$directory/rabbitmq.conf" RABBITMQ_MNESIA_BASE="$directory/data"
    RABBITMQ_LOG_BASE="$directory/log"
    RABBITMQ_ENABLED_PLUGINS_FILE="$directory/plugins" RABBITMQ_CONF_ENV_FILE=/dev/null
    RABBITMQ_DIST_PORT="$((port > 12000 ? port - 12000 : port + 20000))" ERL_EPMD_ADDRESS=127.0.0.1
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} -antaeus $node"
  )
  if [ "$(id -u)" = 0 ]; then
    runuser -u rabbitmq -- env -C / HOME=/var/lib/rabbitmq "${variables[@]}" "$@"
  else
    env -C / "${variables[@]}" "$@"
  fi
}

ctl() { as_server rabbitmqctl -q -n "$node" "$@"; }

running() { ctl ping >/dev/null 2>&1; }

create() {
  mkdir -p "$directory"
  "$root/scripts/k8s/certificate.sh" "$directory/tls" "$host" localhost
  mkdir -p "$directory/data" "$directory/log" "$directory/server" "$directory/passwords"
  cp "$directory/tls/ca.crt" "$directory/tls/tls.crt" "$directory/tls/tls.key" "$directory/server/"
  echo "[]." >"$directory/plugins"
  configure >"$directory/rabbitmq.conf"
  [ "$(id -u)" != 0 ] || chown -R rabbitmq "$directory/data" "$directory/log" "$directory/server"
  printf '%s\n%s\n' "$host" "$port" >"$directory/address"
}

configure() {
  cat <<TEXT
listeners.tcp = none
listeners.ssl.1 = $host:$port
ssl_options.cacertfile = $directory/server/ca.crt
ssl_options.certfile = $directory/server/tls.crt
ssl_options.keyfile = $directory/server/tls.key
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
# A test does not need to wait for a disk that is nearly full.
disk_free_limit.absolute = 100MB
log.file.level = info
TEXT
}

start() {
  as_server rabbitmq-server -detached >/dev/null 2>&1 || die "the server does not start; see $directory/log"
  # At first nobody knows of it yet, and then it is not ready.
  for _ in $(seq 100); do
    if ctl await_startup --timeout 60 >/dev/null 2>&1; then
      ctl eval 'list_to_integer(os:getpid()).' >"$directory/pid"
      return
    fi
    sleep 0.2
  done
  die "the server does not start; see $directory/log"
}

# Users first: a right of somebody who is not there is refused.
topology() {
  local service password
  ctl delete_user guest >/dev/null 2>&1 || true
  for service in "${services[@]}"; do
    password=$(openssl rand -hex 16)
    (umask 077 && echo "$password" >"$directory/passwords/$service")
    ctl add_user "$service" "$password" >/dev/null
  done
  import /
}

import() { # VHOST
  local file
  file=$(mktemp "$directory/server/topology.XXXXXX")
  sed "s|\"vhost\": \"/\"|\"vhost\": \"$1\"|; s|\"name\": \"/\"|\"name\": \"$1\"|" \
    "$root/crates/events/topology.json" >"$file"
  chmod 644 "$file"
  ctl import_definitions "$file" >/dev/null
  rm "$file"
}

up() {
  if [ ! -e "$directory/ready" ]; then
    down
    create
  fi
  running || start
  if [ ! -e "$directory/ready" ]; then
    topology
    touch "$directory/ready"
  fi
  echo "export TEST_BROKER_URL='amqps://localhost:$port'"
  echo "export TEST_BROKER_DIR='$directory'"
}

stop() {
  running || return 0
  ctl stop >/dev/null
  gone
}

# Nobody is told and nothing is written back.
kill_server() {
  ! there || kill -KILL "$(cat "$directory/pid")"
  gone
}

# Whether the process is still there, and still ours.
there() {
  [ -s "$directory/pid" ] && ps -ww -o args= -p "$(cat "$directory/pid")" | grep -qF -- "-antaeus $node"
}

# The name is free again once its process is gone.
gone() {
  while there; do sleep 0.1; done
}

crash() {
  kill_server
  start
}

down() {
  [ -d "$directory" ] || return 0
  kill_server
  # One that never got ready.
  ! running || ctl stop >/dev/null
  rm -rf "$directory"
}

address() {
  host=${LISTEN_HOST:-127.0.0.1}
  port=${LISTEN_PORT:-5671}
  [ ! -e "$directory/address" ] || { read -r host && read -r port; } <"$directory/address"
  node=antaeus-$port@localhost
}

prepare() { # DIRECTORY
  mkdir -p "$(dirname "$1")"
  directory=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
  address
  programs
}

command=${1:-}
default=$root/.antaeus/rabbitmq
case $command in
up | stop | crash | down)
  prepare "${2:-$default}"
  "$command"
  ;;
vhost)
  prepare "${3:-$default}"
  import "${2:?give a name}"
  ;;
ctl)
  prepare "${2:?give a directory}"
  ctl "${@:3}"
  ;;
installed) programs ;;
-h | --help) usage ;;
*) usage >&2 && exit 2 ;;
esac

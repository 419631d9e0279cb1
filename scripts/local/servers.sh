# shellcheck shell=bash disable=SC2154
# PostgreSQL and RabbitMQ for the services: given by URL, or one of our own from the programs that are installed here.

# --- PostgreSQL

database_url() { # SERVICE
  local name=${1//-/_} socket=$home/postgres/socket given
  case $postgres in
  no) echo "sqlite://$home/data/$1.sqlite" ;;
  # By the socket: the local build speaks no TLS to a database.
  own) echo "postgres://$name@${socket//\//%2F}:$(cat "$home/postgres.port")/$name" ;;
  given)
    given=${name^^}_DATABASE_URL
    echo "${!given}"
    ;;
  esac
}

start_postgres() {
  local service given missing=()
  postgres=own
  for service in "${services[@]}"; do
    given=${service//-/_}
    given=${given^^}_DATABASE_URL
    if [ -n "${!given:-}" ]; then postgres=given; else missing+=("$given"); fi
  done
  if [ "$postgres" = given ]; then
    [ "${#missing[@]}" = 0 ] || die "each service needs a database of its own: set ${missing[*]} too, or none of them"
    say "      the databases that *_DATABASE_URL name"
    return
  fi
  start_own postgres scripts/test/postgres.sh "PostgreSQL" "apt-get install postgresql"
}

# --- RabbitMQ: each service is a user of its name there

start_rabbitmq() {
  if [ -n "${BROKER_URL:-}" ]; then
    [ -n "${BROKER_PASSWORD_DIR:-}" ] ||
      die "BROKER_URL is set: set BROKER_PASSWORD_DIR too, a folder with a file per service that holds its password"
    broker=("$BROKER_URL" "${BROKER_CA_FILE:-}" "$BROKER_PASSWORD_DIR")
    say "      the broker $BROKER_URL, with the queues of crates/events/topology.json"
    return
  fi
  start_own rabbitmq scripts/test/rabbitmq.sh "RabbitMQ" "apt-get install rabbitmq-server"
  broker=("amqps://localhost:$(cat "$home/rabbitmq.port")" "$home/rabbitmq/tls/ca.crt" "$home/rabbitmq/passwords")
}

broker_variables() { # SERVICE: adds to `set`
  set+=("BROKER_PASSWORD_FILE=${broker[2]}/$1")
  [ -z "${broker[1]}" ] || set+=("BROKER_CA_FILE=${broker[1]}")
}

# --- both

start_own() { # FOLDER SCRIPT NAME HINT
  [ -s "$home/$1.port" ] || "$bin/antaeusctl" ports 1 >"$home/$1.port"
  LISTEN_HOST=127.0.0.1 LISTEN_PORT=$(cat "$home/$1.port") "$2" up "$home/$1" >/dev/null ||
    die "$3 did not start: install its server ($4), or leave out --with $1"
  say "      $3 is ready, port $(cat "$home/$1.port")"
}

servers() { # stop|down: our own
  local server
  for server in postgres rabbitmq; do
    [ ! -d "$home/$server" ] || "scripts/test/$server.sh" "$1" "$home/$server"
  done
}

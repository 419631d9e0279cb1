# shellcheck shell=bash disable=SC2154
# One service: its variables, its start, its stop.

variables() { # SERVICE: into `set`, one word each
  set=("DATABASE_URL=$(database_url "$1")" "LISTEN=127.0.0.1:${port[$1]}" TLS_MODE=rustls "TLS_DIR=$home/pki/$1")
  case $1 in
  payment-provider) set+=("CHARGE_JWKS_FILE=$home/keys/charge/jwks.json") ;;
  invoice-app)
    set+=(AUTH=off "CHARGE_KEY_FILE=$home/keys/charge/private.pem")
    set+=("PAYMENT_PROVIDER_ENDPOINT=https://localhost:${port[payment-provider]}")
    sends invoice-app orders notifications
    hears invoice-app users orders
    if [ "$workers" != 0 ]; then handed_out; fi
    ;;
  users)
    set+=(AUTH=off)
    sends users invoice-app notifications
    ;;
  orders)
    set+=(AUTH=off)
    sends orders invoice-app notifications
    hears orders invoice-app
    ;;
  notifications)
    set+=(AUTH=off "MAIL=file:$home/mail")
    hears notifications users orders invoice-app
    ;;
  esac
}

wanted() { # SERVICE
  [[ " ${services[*]} " == *" $1 "* ]]
}

# Without a receiver nothing is told: it would only pile up.
sends() { # SERVICE RECEIVER...: adds to `set`
  local sender=$1 receiver to=()
  shift
  for receiver; do
    if wanted "$receiver"; then to+=("$receiver=https://localhost:${events_port[$receiver]}"); fi
  done
  [ "${#to[@]}" != 0 ] || return 0
  if [ "$rabbitmq" = yes ]; then
    over_broker "$sender"
    return
  fi
  set+=("EVENTS_TO=$(joined "${to[@]}")" "EVENT_KEY_FILE=$home/keys/event/$sender/private.pem")
}

hears() { # SERVICE SENDER...: adds to `set`
  local receiver=$1 sender
  shift
  for sender; do
    if wanted "$sender"; then
      if [ "$rabbitmq" = yes ]; then
        over_broker "$receiver"
        return
      fi
      set+=("EVENTS_LISTEN=127.0.0.1:${events_port[$receiver]}" "EVENT_JWKS_DIR=$home/keys/event")
      return
    fi
  done
}

# One connection for both directions; a variable that is set twice has one value.
over_broker() { # SERVICE: adds to `set`
  set+=("BROKER_URL=${broker[0]}")
  broker_variables "$1"
}

# Billing, to the workers.
handed_out() {
  [ "$rabbitmq" = yes ] || return 0
  set+=("QUEUE_URL=${broker[0]}")
  broker_variables invoice-app
}

joined() { # WORD...: with commas between them
  local IFS=,
  echo "$*"
}

pid_of() { # SERVICE: the process that we started, if it still runs
  local pid
  pid=$(cat "$home/run/$1.pid" 2>/dev/null) || return 1
  # A number may have passed on to another process since.
  [[ $(ps -p "$pid" -o args= 2>/dev/null) =~ /(invoice-app|payment-provider|users|orders|notifications)\ (serve|worker)$ ]] && echo "$pid"
}

start() { # NAME SERVICE ROLE ADMIN-PORT
  local pid set
  variables "$2"
  env "${set[@]}" "ADMIN_LISTEN=127.0.0.1:$4" nohup "$bin/$2" "$3" >>"$home/log/$1.log" 2>"$home/log/$1.err" </dev/null &
  pid=$!
  echo "$pid" >"$home/run/$1.pid"
  for _ in $(seq 200); do
    if [[ $("$bin/antaeusctl" probe call "http://127.0.0.1:$4/readyz" --timeout-ms 500) == status=200* ]]; then
      say "      $1 is ready, process $pid"
      return
    fi
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.05
  done
  die "$1 did not start: $(cat "$home/log/$1.err")
      log:   $home/log/$1.log
      again: ./deploy.sh"
}

start_all() {
  local service number=0 worker_port
  for service in "${services[@]}"; do start "$service" "$service" serve "${admin_port[$service]}"; done
  while [ "$number" -lt "$workers" ]; do
    number=$((number + 1))
    worker_port=$("$bin/antaeusctl" ports 1)
    start "worker-$number" invoice-app worker "$worker_port"
  done
}

running_workers() {
  local file
  for file in "$home"/run/worker-*.pid; do
    [ ! -e "$file" ] || basename "$file" .pid
  done
}

stop_all() {
  local name pid
  # The provider last: what is in flight is settled first.
  for name in $(running_workers) users orders notifications invoice-app payment-provider; do
    if pid=$(pid_of "$name"); then
      kill "$pid"
      for _ in $(seq 600); do
        if ! pid_of "$name" >/dev/null; then break; fi
        sleep 0.05
      done
      say "      $name stopped"
    fi
    rm -f "$home/run/$name.pid"
  done
}

# shellcheck shell=bash
# Finds the PostgreSQL that this deployment uses, and writes down how each service reaches it.

# In this order: a URL for each service, a host, what the last deployment had, a command that starts one (on a
# one-node cluster on this machine there is one: ours for tests), and for dev one inside the cluster.
find_database() { # OVERLAY
  local url=$LOCAL/secrets/invoice-app/url
  DATABASE=external
  if [ -z "${INVOICE_APP_DATABASE_URL:-}${DATABASE_HOST:-}" ]; then start_database "$url"; fi
  if [ -n "${INVOICE_APP_DATABASE_URL:-}" ]; then
    database_by_urls
  elif [ -n "${DATABASE_HOST:-}" ]; then
    database_on_host "$DATABASE_HOST"
  elif every_url_is_known; then
    [ ! -e "$LOCAL/secrets/postgres" ] || DATABASE=postgres
  elif [ "$1" = dev ] && { [ ! -s "$url" ] || [ -e "$LOCAL/secrets/postgres" ]; }; then
    database_in_cluster
  else
    die "$1 needs a PostgreSQL: set $(url_variables), or DATABASE_HOST
      (DATABASE_CA_FILE names the CA of its certificate), or DATABASE_UP, a command that starts one and prints them"
  fi
  DATABASE_ENDPOINT=$(database_endpoint "$(cat "$url")")
  on_one_server || die "all databases must be on one host and port (or patch the component external-database yourself)"
  say "      database: PostgreSQL at $DATABASE_ENDPOINT ($DATABASE)"
}

url_variable() { tr a-z- A-Z_ <<<"${1}_database_url"; } # SERVICE

url_variables() {
  local service
  for service in "${SERVICES[@]}"; do url_variable "${service%:*}"; done | paste -sd ' '
}

every_url_is_known() {
  local service
  for service in "${SERVICES[@]}"; do [ -s "$LOCAL/secrets/${service%:*}/url" ] || return 1; done
}

on_one_server() {
  local service
  for service in "${SERVICES[@]}"; do
    [ "$(database_endpoint "$(cat "$LOCAL/secrets/${service%:*}/url")")" = "$DATABASE_ENDPOINT" ] || return 1
  done
}

database_by_urls() {
  local service variable
  for service in "${SERVICES[@]}"; do
    variable=$(url_variable "${service%:*}")
    [ -n "${!variable:-}" ] || die "$variable is missing beside INVOICE_APP_DATABASE_URL"
    write_secret "${service%:*}" "${!variable}"
  done
}

start_database() { # URL-FILE
  local lines by=$LOCAL/secrets/database-up
  # What started the last deployment's database starts it again after a reboot.
  if [ -s "$by" ]; then DATABASE_UP=$(cat "$by"); elif [ -s "$1" ]; then return; fi
  if [ -z "${DATABASE_UP:-}" ] && node_is_this_machine && [ -n "$(find /usr/lib/postgresql/*/bin -name pg_ctl 2>/dev/null)" ]; then
    DATABASE_UP="$ROOT/scripts/test/postgres.sh up"
    say "      no database is named, and this cluster's node is this machine: a REHEARSAL, on a PostgreSQL"
    say "      that is started here for it (scripts/test/postgres.sh down removes it)"
  fi
  [ -n "${DATABASE_UP:-}" ] || return 0
  # A server that goes on running must not keep the terminal's descriptor open.
  lines=$(bash -c "$DATABASE_UP" 3>&-)
  echo "$DATABASE_UP" >"$by"
  eval "$(grep '^export ' <<<"$lines")"
}

write_secret() { # SERVICE URL
  local directory=$LOCAL/secrets/$1 url=$2
  if [ -n "${DATABASE_CA_FILE:-}" ]; then
    cp "$DATABASE_CA_FILE" "$directory/ca.crt"
    [[ $url == *sslrootcert=* ]] || url+=$(verify_full "$url")
  fi
  printf '%s' "$url" >"$directory/url"
}

verify_full() { # URL: what to add to it
  [[ $1 == *\?* ]] && printf '&' || printf '?'
  printf 'sslmode=verify-full&sslrootcert=/etc/antaeus/database/ca.crt'
}

# Roles and databases by fixed names, passwords of our making; the SQL is left for whoever runs that server.
database_on_host() { # HOST[:PORT]
  local host=$1 service role
  [[ $host == *:* ]] || host+=:5432
  for service in "${SERVICES[@]}"; do
    service=${service%:*} role=${service%:*}
    role=${role//-/_}
    write_secret "$service" "postgres://$role:$(password "$service")@$host/$role"
    database_sql "$role" "$(password "$service")"
  done >"$LOCAL/secrets/database.sql"
  say "      its roles and databases: run ${LOCAL#"$ROOT/"}/secrets/database.sql there once"
}

password() { # SERVICE: made once
  local file=$LOCAL/secrets/$1/password
  [ -s "$file" ] || openssl rand -hex 24 >"$file"
  cat "$file"
}

database_sql() { # ROLE PASSWORD
  cat <<END
CREATE ROLE $1 LOGIN PASSWORD '$2';
CREATE DATABASE $1 OWNER $1;
REVOKE ALL ON DATABASE $1 FROM PUBLIC;
END
}

# The component postgres: one throw-away server in the namespace antaeus-data.
database_in_cluster() {
  local host=postgres.antaeus-data.svc.cluster.local directory=$LOCAL/secrets/postgres
  DATABASE=postgres
  mkdir -p "$directory" "$LOCAL/secrets/postgres-superuser"
  "$ROOT/scripts/k8s/certificate.sh" "$directory" "$host"
  DATABASE_CA_FILE=$directory/ca.crt database_on_host "$host"
  cp "$LOCAL/secrets/database.sql" "$directory/database.sql"
  password postgres-superuser >"$directory/password"
}

database_endpoint() { # URL: host:port
  local authority=${1#*://}
  authority=${authority%%[/?]*}
  authority=${authority##*@}
  [[ $authority == *:* ]] || authority+=:5432
  echo "$authority"
}

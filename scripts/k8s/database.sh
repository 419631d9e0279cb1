# shellcheck shell=bash
# Finds the PostgreSQL that this deployment uses, and writes down how each service reaches it.

# In this order: two URLs, a host, what the last deployment had, a command that starts one (on a
# one-node cluster on this machine there is one: ours for tests), and for dev one inside the cluster.
find_database() { # OVERLAY
  local url=$LOCAL/secrets/invoice-app/url
  DATABASE=external
  if [ -z "${INVOICE_APP_DATABASE_URL:-}${DATABASE_HOST:-}" ]; then start_database "$url"; fi
  if [ -n "${INVOICE_APP_DATABASE_URL:-}" ]; then
    [ -n "${PAYMENT_PROVIDER_DATABASE_URL:-}" ] || die "PAYMENT_PROVIDER_DATABASE_URL is missing beside INVOICE_APP_DATABASE_URL"
    write_secrets "$INVOICE_APP_DATABASE_URL" "$PAYMENT_PROVIDER_DATABASE_URL"
  elif [ -n "${DATABASE_HOST:-}" ]; then
    database_on_host "$DATABASE_HOST"
  elif [ -s "$url" ]; then
    [ ! -e "$LOCAL/secrets/postgres" ] || DATABASE=postgres
  elif [ "$1" = dev ]; then
    database_in_cluster
  else
    die "$1 needs a PostgreSQL: set INVOICE_APP_DATABASE_URL and PAYMENT_PROVIDER_DATABASE_URL, or DATABASE_HOST
      (DATABASE_CA_FILE names the CA of its certificate), or DATABASE_UP, a command that starts one and prints them"
  fi
  DATABASE_ENDPOINT=$(database_endpoint "$(cat "$url")")
  [ "$DATABASE_ENDPOINT" = "$(database_endpoint "$(cat "$LOCAL/secrets/payment-provider/url")")" ] ||
    die "both databases must be on one host and port (or patch the component external-database yourself)"
  say "      database: PostgreSQL at $DATABASE_ENDPOINT ($DATABASE)"
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

write_secrets() { # INVOICE-APP-URL PAYMENT-PROVIDER-URL
  local service url
  for service in invoice-app payment-provider; do
    url=$1
    shift
    if [ -n "${DATABASE_CA_FILE:-}" ]; then
      cp "$DATABASE_CA_FILE" "$LOCAL/secrets/$service/ca.crt"
      [[ $url == *sslrootcert=* ]] || url+=$(verify_full "$url")
    fi
    printf '%s' "$url" >"$LOCAL/secrets/$service/url"
  done
}

verify_full() { # URL: what to add to it
  [[ $1 == *\?* ]] && printf '&' || printf '?'
  printf 'sslmode=verify-full&sslrootcert=/etc/antaeus/database/ca.crt'
}

# Roles and databases by fixed names, passwords of our making; the SQL is left for whoever runs that server.
database_on_host() { # HOST[:PORT]
  local host=$1 app provider
  [[ $host == *:* ]] || host+=:5432
  app=$(password invoice-app)
  provider=$(password payment-provider)
  write_secrets "postgres://invoice_app:$app@$host/invoice_app" "postgres://payment_provider:$provider@$host/payment_provider"
  database_sql "$app" "$provider" >"$LOCAL/secrets/database.sql"
  say "      its roles and databases: run ${LOCAL#"$ROOT/"}/secrets/database.sql there once"
}

password() { # SERVICE: made once
  local file=$LOCAL/secrets/$1/password
  [ -s "$file" ] || openssl rand -hex 24 >"$file"
  cat "$file"
}

database_sql() { # INVOICE-APP-PASSWORD PAYMENT-PROVIDER-PASSWORD
  cat <<END
CREATE ROLE invoice_app LOGIN PASSWORD '$1';
CREATE DATABASE invoice_app OWNER invoice_app;
REVOKE ALL ON DATABASE invoice_app FROM PUBLIC;
CREATE ROLE payment_provider LOGIN PASSWORD '$2';
CREATE DATABASE payment_provider OWNER payment_provider;
REVOKE ALL ON DATABASE payment_provider FROM PUBLIC;
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

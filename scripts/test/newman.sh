#!/usr/bin/env bash
# Runs the Postman collection, docs/postman, with Newman.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/test/newman.sh [OPTIONS]

--users URL           base URL of users            (default: that of the environment `local`)
--orders URL          of orders
--notifications URL   of notifications
--invoices URL        of invoice-app
--all URL             one base URL for all four, behind a gateway

ANTAEUS_API_KEY       an API key of a team, shown with every request; none is shown when it is not set
Exit 3: Newman is not here and cannot be installed.
TEXT
}

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
bases=()

# On standard output and not as an argument: everybody on the machine sees those.
globals() {
  printf '{"values": [{"key": "api_key", "value": "%s"}]}' "${ANTAEUS_API_KEY:-}"
}

while [ $# -gt 0 ]; do
  case $1 in
  -h | --help) usage && exit ;;
  --users | --orders | --notifications | --invoices) bases+=(--env-var "${1#--}=${2:?$1 needs a URL}") ;;
  --all) for name in users orders notifications invoices; do bases+=(--env-var "$name=${2:?--all needs a URL}"); done ;;
  *) usage >&2 && exit 2 ;;
  esac
  shift 2
done
tools=$("$root/scripts/tools.sh" newman) || exit 3
cd "$root/docs/postman"
"$tools/newman" run antaeus.postman_collection.json -e local.postman_environment.json -g <(globals) \
  "${bases[@]}" --bail --timeout-request 10000 --color off --disable-unicode

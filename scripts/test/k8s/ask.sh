#!/usr/bin/env bash
# Asks as `antaeusctl probe call URL ... --whole` does, and answers as it does, but through the gateway with curl: by the
# gateway's address and certificate, which stand in the file CURL_OPTIONS, one argument a line.
set -euo pipefail

[ "${1:-} ${2:-}" = "probe call" ] || {
  echo "usage: CURL_OPTIONS=FILE scripts/test/k8s/ask.sh probe call URL [-X METHOD] [-H HEADER] [-d BODY]" >&2
  exit 2
}
shift 2
mapfile -t options <"${CURL_OPTIONS:?the file with curl\'s options}"
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
  --whole) ;;
  --timeout-ms) shift ;;
  *) arguments+=("$1") ;;
  esac
  shift
done
answer=$("${options[@]}" -w '\n%{http_code}' "${arguments[@]}") || {
  echo "status=error body=curl could not ask"
  exit
}
printf 'status=%s body=%s\n' "${answer##*$'\n'}" "${answer%$'\n'*}"

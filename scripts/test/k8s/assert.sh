# shellcheck shell=bash disable=SC2034
# Counting, and the one table that says which layer gave an answer.

PASSED=0 FAILED=0 SKIPPED=0

ok() {
  PASSED=$((PASSED + 1))
  printf 'ok      %s\n' "$*"
}

fail() { # WHAT DETAIL...
  FAILED=$((FAILED + 1))
  printf 'FAILED  %s\n' "$1"
  shift
  [ $# = 0 ] || printf '        %s\n' "$@"
}

skip() {
  SKIPPED=$((SKIPPED + 1))
  printf 'skipped %s\n' "$*"
}

# What no cluster of one node can show: neither passed nor failed.
not_live() { printf 'not live: %s\n' "$*"; }

part() { printf '\n%s (%s s)\n' "$*" "$SECONDS"; }

check() { # WHAT COMMAND...
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then ok "$what"; else fail "$what" "$(tail -n 5 <<<"$output")"; fi
}

# A refusal has many faces, and only the exact one shows which layer refused. Anything that is
# not in this table counts for no layer.
layer_of() { # ANSWER
  case $1 in
  'status=timeout '*) echo 'network: time-out' ;;
  'status=reset '*) echo 'mesh: reset' ;;
  'status=403 body=RBAC: access denied') echo 'mesh: 403' ;;
  'status=403 body=Audiences in Jwt are not allowed') echo 'mesh: 403 audience' ;;
  'status=401 body=Jwt is expired') echo 'mesh: 401 expired' ;;
  'status=401 body=Jwt '* | "status=401 body=Jwks doesn't have key to match "*) echo 'mesh: 401' ;;
  'status=401 body='*'"type":"urn:antaeus:problem:unauthorized"'*) echo 'application: 401' ;;
  'status=403 body='*'"type":"urn:antaeus:problem:forbidden"'*) echo 'application: 403' ;;
  'status=200 body=ok' | 'status=200 body="ok"' | 'status=200 body={"results":[]}') echo 'passed' ;;
  *) echo 'no known layer' ;;
  esac
}

# A changed policy reaches a proxy after a moment, and the first call over an open connection is
# still judged by the old one: ask until the answer is the expected one, with a limit.
expect() { # LAYER WHAT NAMESPACE/POD PATH-OR-URL [PROBE-ARGUMENT...]
  local layer=$1 what=$2 until=$((SECONDS + 25)) answer
  shift 2
  while :; do
    answer=$(call "$@")
    [ "$(layer_of "$answer")" != "$layer" ] || break
    if [ "$SECONDS" -ge "$until" ]; then
      fail "[$layer] $what" "expected the answer of: $layer" "came from: $(layer_of "$answer") ($answer)"
      return
    fi
    sleep 1
  done
  ok "[$layer] $what"
}

call() { # NAMESPACE/POD PATH-OR-URL [PROBE-ARGUMENT...]
  local pod=$1 url=$2
  shift 2
  [[ $url == http://* ]] || url=$PROVIDER$url
  kubectl -n "${pod%/*}" exec "${pod#*/}" -c probe -- /app probe call "$url" --timeout-ms 3000 "$@" 2>&1 |
    grep '^status=' | sed -n 1p | tr -d '\r' || echo "status=error body=the pod could not be told to call"
}

finish() {
  printf '\n%s s\n%s passed, %s failed' "$SECONDS" "$PASSED" "$FAILED"
  [ "$SKIPPED" = 0 ] || printf ', %s skipped' "$SKIPPED"
  printf '\n'
  [ "$FAILED" = 0 ] || return 1
  [ "$SKIPPED" = 0 ] || [ "${CI:-}" != true ]
}

#!/usr/bin/env bash
# A small CA and a server certificate by it, for what has no certificate yet in a rehearsal:
# the gateway, a throw-away PostgreSQL. The services' own identities come from the mesh.
set -euo pipefail

usage() {
  cat <<'END'
usage: scripts/k8s/certificate.sh DIRECTORY NAME...
  writes DIRECTORY/{ca.crt,ca.key,tls.crt,tls.key} for these DNS names or IP addresses, valid
  for 90 days; keeps what is there
END
}

[ "${1:-}" != --help ] || { usage && exit; }
[ $# -ge 2 ] || { usage >&2 && exit 2; }
directory=$1
shift
[ ! -s "$directory/tls.crt" ] || exit 0
umask 077
mkdir -p "$directory"

alternative_names() {
  local name list=()
  for name; do
    if [[ $name =~ ^[0-9.]+$ ]]; then list+=("IP:$name"); else list+=("DNS:$name"); fi
  done
  (IFS=, && echo "${list[*]}")
}

# Without openssl's own configuration file, which would add extensions.
request() { # OUTPUT-NAME SUBJECT EXTENSION-OR-OPTION...
  local out=$directory/$1 subject=$2
  shift 2
  openssl req -x509 -config <(printf '[req]\ndistinguished_name=dn\n[dn]\n') -nodes -days 90 \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$subject" -keyout "$out.key" -out "$out.crt" "$@" 2>/dev/null
}

request ca "Antaeus rehearsal CA" \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
request tls "${1:0:60}" -CA "$directory/ca.crt" -CAkey "$directory/ca.key" \
  -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature \
  -addext extendedKeyUsage=serverAuth -addext "subjectAltName=$(alternative_names "$@")"

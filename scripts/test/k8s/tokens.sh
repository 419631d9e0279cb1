# shellcheck shell=bash
# Tokens, signed here with openssl: an independent second hand at the same format. And what becomes of bad ones.

base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }

# For one request; made TOKEN_AGE seconds ago, where a caller sets it.
request_token() { # TYPE ISSUER SUBJECT AUDIENCE METHOD PATH BODY KEY-FILE [KEY-FILE-WHOSE-NAME-IT-BEARS]
  local now header claims
  now=$(($(date +%s) - ${TOKEN_AGE:-0}))
  header=$(printf '{"alg":"EdDSA","typ":"%s","kid":"%s"}' "$1" "$(key_id "${9:-$8}")" | base64url)
  claims=$(printf '{"iss":"%s","sub":"%s","aud":"%s","iat":%s,"nbf":%s,"exp":%s,"jti":"%s","htm":"%s","htu":"%s","bdh":"%s"}' \
    "$2" "$3" "$4" "$now" "$now" $((now + 110)) "$(openssl rand -hex 16)" "$5" "$6" \
    "$(printf '%s' "$7" | openssl dgst -sha256 -binary | base64url)" | base64url)
  printf '%s.%s' "$header" "$claims" >"$TMP/signed"
  printf '%s.%s.%s' "$header" "$claims" "$(openssl pkeyutl -sign -rawin -inkey "$8" -in "$TMP/signed" | base64url)"
}

# For TOKEN_AUDIENCE, where a caller sets it.
charge_token() { # KEY-FILE METHOD PATH [KEY-FILE-WHOSE-NAME-IT-BEARS]
  request_token charge+jwt invoice-app.antaeus spiffe://cluster.local/ns/antaeus/sa/invoice-app \
    "${TOKEN_AUDIENCE:-payment-provider}" "$2" "$3" '' "$1" "${4:-$1}"
}

# RFC 7638: a key is named by the hash of its public half.
key_id() { # KEY-FILE
  local x
  x=$(openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | base64url)
  printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | openssl dgst -sha256 -binary | base64url
}

take_keys() {
  local secret
  secret=$(kubectl -n antaeus get deployment invoice-app \
    -o 'jsonpath={.spec.template.spec.volumes[?(@.name=="charge-key")].secret.secretName}')
  (umask 077 && kubectl -n antaeus get secret "$secret" -o 'jsonpath={.data.private\.pem}' | base64 -d >"$TMP/right.pem")
  openssl genpkey -algorithm ed25519 -out "$TMP/wrong.pem" 2>/dev/null
  [ -s "$TMP/right.pem" ]
}

health_token() { printf 'Authorization: Bearer %s' "$(charge_token "$TMP/$1.pem" GET /pp/rest/health "${@:2}")"; } # KEY...

right_token() { health_token right; }
wrong_token() { health_token wrong; }
forged_token() { health_token wrong "$TMP/right.pem"; }
# Past its end by more than the minute that Envoy allows for clocks that differ.
expired_token() { TOKEN_AGE=300 health_token right; }
foreign_token() { TOKEN_AUDIENCE=another-provider health_token right; }

# --- invoice-app's own account, sidecar and label: only the token is not good

bad_tokens_are_refused() { # WITHOUT SIGNATURE EXPIRED FOREIGN: the face of each refusal, as layer_of names it
  expect "$1" "invoice-app's account without a token" "$CALLER" "$HEALTH"
  expect "$2" "invoice-app's account with a token by another key" "$CALLER" "$HEALTH" -H "$(wrong_token)"
  expect "$2" "invoice-app's account with a token by another key under the right key's name" "$CALLER" "$HEALTH" -H "$(forged_token)"
  expect "$3" "invoice-app's account with a token of its key that has expired" "$CALLER" "$HEALTH" -H "$(expired_token)"
  expect "$4" "invoice-app's account with a token of its key for another service" "$CALLER" "$HEALTH" -H "$(foreign_token)"
}

# shellcheck shell=bash disable=SC2034
# How notifications sends its messages: by a mail server that is named, else into files of its pods.

# MAIL_SERVER becomes the server's URL, or nothing. What the last deployment had stays.
find_mail() { # OVERLAY
  local directory=$LOCAL/secrets/mail
  # Not MAIL, which is what the service's own variable is called: to most shells that is the user's mailbox.
  [ -z "${SMTP_URL:-}" ] || write_mail_account "$directory"
  MAIL_SERVER=
  if [ -s "$directory/url" ]; then
    MAIL_SERVER=$(cat "$directory/url")
    say "      messages go out by ${MAIL_SERVER#*//}"
  elif [ "$1" != dev ]; then
    say "      NO MAIL SERVER is named (SMTP_URL): messages stay in files of their pods, and go with them"
  fi
}

write_mail_account() { # DIRECTORY
  local name file
  [[ $SMTP_URL =~ ^smtps?://[A-Za-z0-9.-]+:[0-9]+$ ]] || die "SMTP_URL=$SMTP_URL is no smtps://host:port or smtp://host:port"
  mkdir -p "$1"
  for name in ca.crt:SMTP_CA_FILE user:SMTP_USER_FILE password:SMTP_PASSWORD_FILE; do
    file=${name#*:}
    [ -s "${!file:-}" ] || die "beside SMTP_URL, $file must name a file that holds something"
    cp "${!file}" "$1/${name%:*}"
  done
  printf '%s' "$SMTP_URL" >"$1/url"
}

patch_mail() {
  patch_outside smtp notifications-to-smtp "${MAIL_SERVER#*//}" "${SMTP_CIDR:-}"
  patch_mail_server "$MAIL_SERVER"
}

# A patch, for a generator of the overlay's comes before the component.
patch_mail_server() { # URL
  cat <<END
  - target: {kind: ConfigMap, namespace: commerce, name: notifications}
    patch: |-
      - op: replace
        path: /data/MAIL
        value: $1
END
}

# The running one, for a team that ships the service and not its account at the mail server.
mail_in_use() {
  local map
  map=$(kubectl -n commerce get deployment notifications --ignore-not-found -o 'jsonpath={..envFrom[0].configMapRef.name}')
  [ -n "$map" ] || return 0
  kubectl -n commerce get configmap "$map" -o 'jsonpath={.data.MAIL}' | grep '^smtp' || true
}

# shellcheck shell=bash
# What the API server refuses: each fixture of policies/admission is sent to it as a dry run, as an administrator where
# it does not say otherwise. A refusal counts when it names the policy, and the words of the rule.

FIXTURES=$ROOT/policies/admission/fixtures

directive() { sed -n "s/^# $2: //p" "$1" | sed -n 1p; } # FILE NAME

# A fixture is an object, or a change of another one: of the folder's good.yaml, or of what `of:` names.
object_of() { # FILE
  local base type=strategic whole
  if grep -q '^kind:' "$1"; then
    cat "$1"
    return
  fi
  base=$(directive "$1" of)
  base=$(dirname "$1")/${base:-good}.yaml
  [ -e "$base" ] || base=$FIXTURES/$(basename "$base")
  whole=$(mktemp "$TMP/whole.XXXXXX")
  object_of "$base" >"$whole"
  ! grep -qE '^apiVersion: .*istio\.io/' "$whole" || type=merge
  kubectl patch --local -f "$whole" --type "$type" --patch-file "$1" -o yaml
}

# Or it is a change of what is live (`live:`, and `pod:` of a Deployment's first pod), or its end (`delete:`).
submit() { # FILE
  local file=$1 as who=()
  as=$(directive "$file" as)
  [ -z "$as" ] || who=(--as somebody --as-group "$as" --as-group system:authenticated)
  case $(sed -nE 's/^# (live|pod|delete|ephemeral): .*/\1/p' "$file") in
  live) kubectl "${who[@]}" -n antaeus patch "$(directive "$file" live)" --type merge --patch-file "$file" --dry-run=server ;;
  pod) kubectl "${who[@]}" -n antaeus patch pod "$(pod_of "$(directive "$file" pod)")" --patch-file "$file" --dry-run=server ;;
  delete) kubectl "${who[@]}" -n antaeus delete "$(directive "$file" delete)" --dry-run=server ;;
  ephemeral) debug "$(pod_of "$(directive "$file" ephemeral)")" "$file" ;;
  *) object_of "$file" | kubectl "${who[@]}" create --dry-run=server -f - ;;
  esac
}

pod_of() { # DEPLOYMENT
  kubectl -n antaeus get pods -l "app.kubernetes.io/name=$1,antaeus.dev/test!=caller" -o 'jsonpath={.items[0].metadata.name}'
}

# As `kubectl debug` does it, which has no dry run.
debug() { # POD FILE
  local whole
  whole=$(mktemp "$TMP/whole.XXXXXX")
  kubectl -n antaeus get pod "$1" -o json >"$whole"
  kubectl patch --local -f "$whole" --type strategic --patch-file "$2" -o json |
    kubectl replace --raw "/api/v1/namespaces/antaeus/pods/$1/ephemeralcontainers?dryRun=All" -f -
}

# What is there already has been let through all the same: it is looked for after admission.
passes() { # FILE
  local answer
  answer=$(submit "$1" 2>&1) || grep -q 'AlreadyExists' <<<"$answer" || { echo "$answer" && return 1; }
}

is_refused() { # FILE
  local policy answer text
  policy=$(basename "$(dirname "$1")")
  text=$(directive "$1" refused)
  if answer=$(submit "$1" 2>&1); then echo "was let through: $answer" && return 1; fi
  echo "$answer"
  case $policy in
  antaeus-*) grep -qF "ValidatingAdmissionPolicy '$policy' with binding" <<<"$answer" || return 1 ;;
  pod-security) grep -qF 'violates PodSecurity "restricted:v1.33"' <<<"$answer" || return 1 ;;
  esac
  grep -qF -- "$text" <<<"$answer"
}

# Each in a process of its own, a few at a time: most of the time goes into starting kubectl.
ask_all() { # COMMAND FILE...
  local command=$1 file
  shift
  for file; do
    while [ "$(jobs -rp | wc -l)" -ge 4 ]; do wait -n || true; done
    "$command" "$file" >"$TMP/fixtures/$(basename "$(dirname "$file")").$(basename "$file")" 2>&1 || echo "$file" >>"$TMP/fixtures.failed" &
  done
  wait
}

# The root namespace and the open API are a matter of staging and prod.
fixtures_of() { # FOLDER good|bad
  local file
  for file in "$1"/"$2"*.yaml; do
    [ -e "$file" ] || continue
    [ "$OVERLAY" != dev ] || ! grep -q '^# not in dev$' "$file" || continue
    echo "$file"
  done
}

test_fixtures_of() { # FOLDER
  local folder=$1 good bad file
  mapfile -t good < <(fixtures_of "$folder" good)
  mapfile -t bad < <(fixtures_of "$folder" bad)
  : >"$TMP/fixtures.failed"
  ask_all passes "${good[@]}"
  ask_all is_refused "${bad[@]}"
  if [ ! -s "$TMP/fixtures.failed" ]; then
    ok "$(basename "$folder"): ${#good[@]} pass, ${#bad[@]} are refused by it and in its words"
    return
  fi
  while read -r file; do
    fail "$(basename "$folder")/$(basename "$file")" "$(tail -n 3 "$TMP/fixtures/$(basename "$folder").$(basename "$file")")"
  done <"$TMP/fixtures.failed"
}

# --- what is really deployed

# A whole overlay with the images that are here: nothing of it is refused.
overlay_passes() { # OVERLAY
  local directory=$K8S_STATE/test-$1 name
  mkdir -p "$directory"
  {
    printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../../kustomize/overlays/%s]\nimages:\n' "$1"
    for name in "${IMAGES[@]}"; do printf '  - {name: antaeus/%s, newName: registry.example/antaeus/%s, digest: "sha256:%064d"}\n' "$name" "$name" 0; done
    printf '  - {name: prom/prometheus, newName: registry.example/antaeus/prometheus, digest: "sha256:%064d"}\n' 0
    printf '  - {name: otel/opentelemetry-collector-contrib, newName: registry.example/antaeus/otel-collector, digest: "sha256:%064d"}\n' 0
  } >"$directory/kustomization.yaml"
  kubectl kustomize "$directory" >"$TMP/overlay-$1.yaml"
  rm -r "$directory"
  kubectl create --dry-run=server -f "$TMP/overlay-$1.yaml" 2>&1 | grep -vE '\(server dry run\)$|AlreadyExists' >"$TMP/overlay-$1.refused" || true
  cat "$TMP/overlay-$1.refused"
  [ ! -s "$TMP/overlay-$1.refused" ]
}

only_the_open_api_is_refused() {
  ! overlay_passes dev || return 1
  # Of invoice-app, users, orders and notifications.
  [ "$(grep -c "ValidatingAdmissionPolicy 'antaeus-public-api'" "$TMP/overlay-dev.refused")" = 4 ] &&
    [ "$(wc -l <"$TMP/overlay-dev.refused")" = 4 ]
}

# Types are checked when a policy is made: a misspelt field is found here, and not on the day when it matters.
policies_are_sound() {
  local warnings
  warnings=$(kubectl get validatingadmissionpolicies -l app.kubernetes.io/part-of=antaeus \
    -o 'jsonpath={range .items[*]}{.metadata.name}: {.status.typeChecking.expressionWarnings}{"\n"}{end}' | grep -v ': $' || true)
  echo "$warnings"
  [ -z "$warnings" ]
}

# --- somebody whose Role was widened by mistake: RBAC lets them, so it is admission that refuses

start_trespasser() {
  kubectl apply -f "$HERE/k8s/trespasser.yaml"
}

stop_trespasser() { kubectl delete -f "$HERE/k8s/trespasser.yaml" --ignore-not-found; }

# --- the namespace of a database in the cluster, for the time of a test where the database is elsewhere

start_data_namespace() {
  [ -z "$(kubectl get namespace antaeus-data --ignore-not-found -o name)" ] || return 0
  kubectl kustomize "$ROOT/kustomize/components/postgres/server" | kubectl label --local -f - antaeus.dev/test=quota -o json |
    kubectl apply -l app.kubernetes.io/component=isolation -f -
  # Before it is counted for the first time, a quota refuses everything.
  eventually 20 data_namespace_counts
}

data_namespace_counts() {
  [ -n "$(kubectl -n antaeus-data get resourcequota quota -o 'jsonpath={.status.hard.pods}')" ] &&
    kubectl -n antaeus-data get serviceaccount default
}

stop_data_namespace() { kubectl delete namespace -l antaeus.dev/test=quota --ignore-not-found --wait=false; }

test_admission() {
  local folder
  part "what the API server refuses, whoever asks"
  mkdir -p "$TMP/fixtures"
  check "the namespace of a database in the cluster is there, and bounded" start_data_namespace
  start_trespasser >>"$TMP/log" 2>&1
  check "the policies' expressions are sound" policies_are_sound
  for folder in "$FIXTURES"/*/; do
    folder=${folder%/}
    if [ "$OVERLAY" = dev ] && [ "$(basename "$folder")" = antaeus-public-api ]; then continue; fi
    test_fixtures_of "$folder"
  done
  stop_trespasser >>"$TMP/log" 2>&1
  stop_data_namespace >>"$TMP/log" 2>&1
  check "the overlay staging passes" overlay_passes staging
  check "the overlay prod passes" overlay_passes prod
  if [ "$OVERLAY" = dev ]; then
    check "the overlay dev passes" overlay_passes dev
    echo "        not asked on dev: antaeus-public-api, and what holds in the mesh's root namespace"
  else
    check "of the overlay dev the open API is refused, and nothing else" only_the_open_api_is_refused
  fi
}
